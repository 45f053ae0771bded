//! `diskret audit`: checks the log without the server, against what was kept elsewhere.

use std::process::ExitCode;

use anyhow::Context as _;
use app::App;
use app::audit::{Checkpoint, Fault};
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::{admin, configured, open, receipt, say};
use crate::config::Config;

pub(super) fn command() -> Command {
    let organisation = || {
        Arg::new("organisation")
            .long("organisation")
            .value_name("TEXT")
            .help("The organisation's id; may be left out where there is only one")
    };
    Command::new("audit")
        .about("Checks and signs audit logs")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            configured(Command::new("verify").about("Checks a log and names the first entry that is not as it was"))
                .arg(organisation())
                .arg(
                    Arg::new("checkpoint")
                        .long("checkpoint")
                        .value_name("FILE")
                        .action(ArgAction::Append)
                        .help("A checkpoint that was kept elsewhere; may be given again"),
                )
                .arg(
                    Arg::new("key")
                        .long("key")
                        .value_name("HEX")
                        .help("The key that must have signed; without it, the one in `secrets`"),
                ),
        )
        .subcommand(
            configured(
                Command::new("checkpoint").about("Signs how far a log has come and prints it, to be kept elsewhere"),
            )
            .arg(organisation()),
        )
}

pub(super) fn run(config: &Config, name: &str, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let app = open::existing(config).await?;
        let result = match name {
            "checkpoint" => checkpoint(&app, matches).await,
            _ => verify(&app, matches).await,
        };
        app.close().await;
        result
    })
}

async fn checkpoint(app: &App, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let organisation = admin::organisation(app, matches).await?;
    let made = app.make_checkpoint(organisation).await?.context("the log is empty")?;
    say(&serde_json::to_string_pretty(&made)?);
    Ok(ExitCode::SUCCESS)
}

async fn verify(app: &App, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let organisation = admin::organisation(app, matches).await?;
    let mut checkpoints: Vec<Checkpoint> = Vec::new();
    for file in matches.get_many::<String>("checkpoint").into_iter().flatten() {
        let text = std::fs::read_to_string(file).with_context(|| file.clone())?;
        checkpoints.push(serde_json::from_str(&text).with_context(|| format!("{file}: this is no checkpoint"))?);
    }
    let key = match matches.get_one::<String>("key") {
        None => app.audit_key(),
        Some(text) => receipt::key(text)?,
    };
    let verified = app.check_audit(organisation, &checkpoints, key).await?;
    say(&format!("{} entries, {} checkpoints", verified.entries, verified.checkpoints));
    let Some(broken) = verified.broken else {
        say("intact: nothing was altered, taken out, moved, cut off or put back");
        return Ok(ExitCode::SUCCESS);
    };
    say(&format!("broken at entry {}: {}", broken.number, explain(broken.fault)));
    Ok(ExitCode::FAILURE)
}

fn explain(fault: Fault) -> String {
    match fault {
        Fault::Altered => "altered: it does not say what it said when it was written".to_owned(),
        Fault::Missing => "missing: it was taken out".to_owned(),
        Fault::Moved(from) => format!("moved: what stands here is entry {from}"),
        Fault::Emptied => "emptied: what it said was taken away before a year was over".to_owned(),
        Fault::Truncated => "truncated: it and all behind it were cut off".to_owned(),
        Fault::RolledBack => {
            "rolled back: from here on this is not the log that was signed; an older one was put back, or it was \
             written anew"
                .to_owned()
        }
        Fault::End => "end: the log does not end where it says it does".to_owned(),
        Fault::Checkpoint => {
            "checkpoint: the one at this entry is not signed with this key, or is another log's".to_owned()
        }
    }
}
