//! `diskret epoch`: how the epochs of keys stand; has them turn, and freezes them. Through the database: whichever node runs
//! does it.

use std::time::Duration;

use anyhow::Context as _;
use app::App;
use clap::{Arg, ArgMatches, Command, value_parser};
use domain::Clock as _;
use domain::clock::SystemClock;

use super::{configured, open, say, value};
use crate::config::Config;

pub(super) fn command() -> Command {
    let reason =
        || Arg::new("reason").long("reason").value_name("TEXT").required(true).help("Why; it stands in the audit log");
    Command::new("epoch")
        .about("The epoch key, whose end makes deletions final")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(configured(Command::new("status").about("Says which epoch it is, and who still has an older key")))
        .subcommand(configured(Command::new("turn").about("Has a running node replace the epoch key at once")))
        .subcommand(
            configured(Command::new("freeze").about("Destroys no epoch key for some days, such as after an intrusion"))
                .arg(
                    Arg::new("days")
                        .long("days")
                        .value_name("NUMBER")
                        .required(true)
                        .value_parser(value_parser!(u8).range(1..=7))
                        .help("One to seven"),
                )
                .arg(reason()),
        )
        .subcommand(
            configured(
                Command::new("forget").about("Gives up the epoch keys of a node or place that will not come back"),
            )
            .arg(Arg::new("holder").value_name("HOLDER").required(true).help("As `diskret epoch status` names it"))
            .arg(reason()),
        )
        .subcommand(configured(Command::new("thaw").about("Ends that before its time")).arg(reason()))
}

pub(super) fn run(config: &Config, name: &str, matches: &ArgMatches) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let app = open::existing(config).await?;
        let result = match name {
            "turn" => turn(&app).await,
            "freeze" => freeze(&app, matches).await,
            "thaw" => thaw(&app, matches).await,
            "forget" => forget(&app, matches).await,
            _ => status(&app).await,
        };
        app.close().await;
        result
    })
}

async fn turn(app: &App) -> anyhow::Result<()> {
    app.ask_for_turn().await?;
    say("A running node replaces the epoch key now: `diskret epoch status` says how far it is.");
    Ok(())
}

async fn freeze(app: &App, matches: &ArgMatches) -> anyhow::Result<()> {
    let days = matches.get_one::<u8>("days").copied().context("--days is missing")?;
    let span = Duration::from_secs(u64::from(days) * 24 * 3600);
    app.freeze_epochs_here(Some(span), value(matches, "reason")).await?;
    say(&format!("No epoch key is destroyed for {days} days. Receipts of deletions wait for it."));
    Ok(())
}

async fn thaw(app: &App, matches: &ArgMatches) -> anyhow::Result<()> {
    app.freeze_epochs_here(None, value(matches, "reason")).await?;
    say("Epoch keys are destroyed again when they are replaced.");
    Ok(())
}

async fn forget(app: &App, matches: &ArgMatches) -> anyhow::Result<()> {
    let holder = value(matches, "holder");
    let copies = app.forget_holder(holder, value(matches, "reason")).await.with_context(|| holder.to_owned())?;
    say(&format!(
        "{copies} copies of epoch keys at {holder} are given up. Receipts of deletions name it, and wait no longer."
    ));
    Ok(())
}

async fn status(app: &App) -> anyhow::Result<()> {
    let found = app.status_of_epochs().await?;
    say(&format!("epoch     {}", found.current));
    say(&format!("destroyed up to {}", found.settled));
    say(&format!("turn      {:?}, {} keys encrypted anew", found.turn.step, found.turn.rewrapped));
    if found.turn.is_frozen(SystemClock.now())
        && let Some((_, until)) = found.turn.frozen
    {
        let hours = (until.0 - SystemClock.now().0) / 3_600_000_000;
        say(&format!("frozen    for {hours} hours more"));
    }
    if found.is_late {
        say("late      what was deleted should be final by now: the log says why no turn ends, or who is pending");
    }
    for copy in found.left {
        let named = app.holder_named(&copy.holder);
        let holder = match &copy.within {
            Some([country, site, company]) => format!("{named} ({company}, {site}, {country})"),
            None => named,
        };
        say(&format!("pending   {} still holds the key of epoch {} ({})", holder, copy.epoch, copy.medium));
    }
    Ok(())
}
