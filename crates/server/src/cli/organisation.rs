//! `diskret organisation`: which there are; closes one, keeps it, and shows the receipt of one that ended. For whoever runs the
//! machine, where a customer wrote and cannot sign in any more.

use anyhow::Context as _;
use app::App;
use clap::{Arg, ArgAction, ArgMatches, Command};
use domain::PublicId;

use super::{configured, open, say, value};
use crate::config::Config;

pub(super) fn command() -> Command {
    let id = |help: &'static str| Arg::new("id").value_name("ID").required(true).help(help);
    Command::new("organisation")
        .about("Organisations, and their end")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(configured(Command::new("list").about("Lists them, with the day on which one ends")))
        .subcommand(
            configured(Command::new("close").about("Has one end in thirty days: no conversation begins from now on"))
                .arg(id("The organisation's id"))
                .arg(
                    Arg::new("without-copy")
                        .long("without-copy")
                        .action(ArgAction::SetTrue)
                        .help("Nobody wants a copy; otherwise one must have been taken within a day"),
                ),
        )
        .subcommand(
            configured(Command::new("keep").about("Takes that back, until its day")).arg(id("The organisation's id")),
        )
        .subcommand(
            configured(Command::new("receipt").about("Prints the final receipt of one that ended"))
                .arg(id("The number of its acknowledgement")),
        )
}

pub(super) fn run(config: &Config, name: &str, matches: &ArgMatches) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let app = open::existing(config).await?;
        let result = match name {
            "close" => close(&app, id(matches)?, matches.get_flag("without-copy")).await,
            "keep" => keep(&app, id(matches)?).await,
            "receipt" => receipt(&app, id(matches)?).await,
            _ => list(&app).await,
        };
        app.close().await;
        result
    })
}

fn id(matches: &ArgMatches) -> anyhow::Result<PublicId> {
    value(matches, "id").parse().ok().context("`ID`: as `diskret organisation list` shows it")
}

async fn list(app: &App) -> anyhow::Result<()> {
    for organisation in app.organisations().await? {
        let ends = app.closing_at(organisation.id).await?;
        let ends = ends.map_or(String::new(), |at| format!("  ends {}", at.utc()));
        say(&format!("{}  {}{ends}", organisation.name, organisation.title));
    }
    Ok(())
}

async fn close(app: &std::sync::Arc<App>, organisation: PublicId, without_copy: bool) -> anyhow::Result<()> {
    let closing = app.close_organisation_here(organisation, without_copy).await?;
    say(&format!(
        "It ends {}: `diskret organisation keep {organisation}` takes that back until then.",
        closing.destroy_at.utc()
    ));
    say(&format!("The number of its receipt is {}.", closing.name));
    Ok(())
}

async fn keep(app: &App, organisation: PublicId) -> anyhow::Result<()> {
    app.keep_organisation_here(organisation).await?;
    say("It stays. New conversations begin again, at every node within a minute.");
    Ok(())
}

async fn receipt(app: &App, number: PublicId) -> anyhow::Result<()> {
    say(app.closing_receipt_numbered(number).await?.trim_end());
    Ok(())
}
