//! `diskret node`: takes this machine out of an installation that others go on with.

use clap::{ArgMatches, Command};

use super::{configured, open, say};
use crate::config::Config;

pub(super) fn command() -> Command {
    Command::new("node")
        .about("This machine, among those of the installation")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(configured(
            Command::new("retire")
                .about("Destroys this node's keys and all other secrets in its folder, and takes it out"),
        ))
}

pub(super) fn run(config: &Config, _: &ArgMatches) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let app = open::existing(config).await?;
        let _only = open::only_one(config)?;
        let retired = app.retire_node().await;
        app.close().await;
        say(&format!("{} has no keys any more. What is left in {} opens nothing.", retired?, config.data.display()));
        Ok(())
    })
}
