//! `diskret backup`: makes one now, lists them, reads them.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use app::App;
use app::backup::{Lying, Which};
use clap::{Arg, ArgAction, ArgMatches, Command};
use domain::PublicId;

use super::{configured, open, say, value};
use crate::config::Config;

pub(super) fn command() -> Command {
    let place = || Arg::new("place").long("place").value_name("NAME").help("Only this place: place_a or place_b");
    Command::new("backup")
        .about("Makes backups, lists them and checks them")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(configured(
            Command::new("now").about("Backs up data and keys to every place, and reads them back there"),
        ))
        .subcommand(configured(Command::new("list").about("Lists what lies at the places")).arg(place()))
        .subcommand(
            configured(
                Command::new("verify").about("Reads the newest backups, or one, and names each file that was changed"),
            )
            .arg(place())
            .arg(Arg::new("name").value_name("NAME").help("The name of one backup, as `list` shows it")),
        )
        .subcommand(
            configured(Command::new("take-in").about(
                "Says which deletions a place has that this database does not know, such as after a restore; does them again",
            ))
            .arg(place().required(true).help("Which place"))
            .arg(Arg::new("yes").long("yes").action(ArgAction::SetTrue).help("Does them again: nothing brings back what they name")),
        )
}

pub(super) fn run(config: &Config, name: &str, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async {
        let app = open::existing(config).await?;
        anyhow::ensure!(!app.places().is_empty(), "no place for backups is named: set `place_a` and `place_b`");
        let is_good = match name {
            "now" => now(&app).await?,
            "list" => list(&app, matches).await?,
            "take-in" => take_in(&app, matches).await?,
            _ => verify(&app, matches).await?,
        };
        app.close().await;
        Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

const KINDS: [(Which, &str); 2] = [(Which::Data, "data"), (Which::Keys, "keys")];

async fn now(app: &App) -> anyhow::Result<bool> {
    let mut is_good = true;
    for (which, kind) in KINDS {
        let begun = Instant::now();
        let made = app.back_up(which, None).await?;
        let seconds = begun.elapsed().as_secs_f64();
        say(&format!("{kind}  {}  {} rows, {} bytes, {seconds:.1} s", made.set.name, made.rows, made.bytes));
        made.verified.iter().for_each(|place| say(&format!("      {place}: written and read back")));
        made.pending.iter().for_each(|failed| say(&format!("      {failed}")));
        is_good &= made.pending.is_empty();
    }
    Ok(is_good)
}

/// What a place has of deletions that the database does not know, since it was restored while that place was away.
async fn take_in(app: &App, matches: &ArgMatches) -> anyhow::Result<bool> {
    let name = value(matches, "place");
    let placed = app.places().iter().find(|placed| placed.name == name).context("there is no such place")?;
    let unknown = app.unknown_deletions(placed).await.map_err(|failed| anyhow::anyhow!("{failed}"))?;
    for (number, entry) in &unknown {
        say(&format!(
            "{number}  {}  {}: {} conversations, {} messages",
            entry.at,
            entry.what.code(),
            entry.conversations.len(),
            entry.entries.len()
        ));
    }
    if unknown.is_empty() || !matches.get_flag("yes") {
        say(&format!("{} deletions are there that are not known here.", unknown.len()));
        return Ok(unknown.is_empty());
    }
    let went = app.take_in_deletions(placed).await.map_err(|failed| anyhow::anyhow!("{failed}"))?;
    say(&format!("Done again: {} conversations went.", went.conversations + went.rest_lost));
    Ok(true)
}

/// What lies at the places that were asked for; whether all of them answered.
async fn lying(app: &App, matches: &ArgMatches, which: Which) -> (Vec<Lying>, bool) {
    let wanted = matches.get_one::<String>("place");
    let (mut found, mut all) = (Vec::new(), true);
    for placed in app.places().iter().filter(|placed| wanted.is_none_or(|name| *name == placed.name)) {
        match app.backups_at(placed, which).await {
            Ok(lying) => found.extend(lying),
            Err(failed) => {
                say(&failed.to_string());
                all = false;
            }
        }
    }
    (found, all)
}

async fn list(app: &App, matches: &ArgMatches) -> anyhow::Result<bool> {
    let mut is_good = true;
    for (which, kind) in KINDS {
        let (found, all) = lying(app, matches, which).await;
        for Lying { place, set, is_complete } in found {
            let unfinished = if is_complete { "" } else { "  unfinished: no backup" };
            say(&format!("{kind}  {}  {}  {place}{unfinished}", set.at, set.name));
        }
        is_good &= all;
    }
    Ok(is_good)
}

async fn verify(app: &App, matches: &ArgMatches) -> anyhow::Result<bool> {
    let name: Option<PublicId> = matches.get_one::<String>("name").map(|name| name.parse()).transpose()?;
    let (mut is_good, mut checked) = (true, 0);
    for (which, kind) in KINDS {
        let (found, all) = lying(app, matches, which).await;
        is_good &= all;
        for placed in app.places() {
            let mut here = found.iter().filter(|lying| lying.place == placed.name && lying.is_complete);
            let chosen: Vec<_> = match name {
                Some(name) => here.filter(|lying| lying.set.name == name).collect(),
                // They are sorted by time.
                None => here.next_back().into_iter().collect(),
            };
            for lying in chosen {
                checked += 1;
                match app.verify_backup(placed, &lying.set).await {
                    Ok(manifest) => say(&format!(
                        "{kind}  {}  {}: as it was written ({} rows in {} files)",
                        lying.set.name,
                        placed.name,
                        manifest.rows(),
                        manifest.parts.len()
                    )),
                    Err(failed) => {
                        say(&format!("{kind}  {}  {failed}", lying.set.name));
                        is_good = false;
                    }
                }
            }
        }
    }
    anyhow::ensure!(checked > 0, "there is no such backup");
    Ok(is_good)
}
