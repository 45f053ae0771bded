//! `diskret restore`: puts an installation back onto an empty machine.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use app::backup::restore::{Order, Progress, restore};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use data_encoding::HEXLOWER;
use domain::clock::SystemClock;
use privacy::recovery;
use zeroize::Zeroizing;

use super::{configured, receipt, say, value};
use crate::config::Config;

pub(super) fn command() -> Command {
    let about = "Puts an installation back onto an empty machine, from the places that `place_a` and `place_b` name";
    configured(Command::new("restore").about(about))
        .arg(
            Arg::new("recovery-key")
                .long("recovery-key")
                .value_name("FILE")
                .default_value("-")
                .help("File with the recovery key; - is standard input"),
        )
        .arg(
            Arg::new("backup")
                .long("backup")
                .value_name("NAME")
                .action(ArgAction::Append)
                .help("A backup of the data, or of the keys, by its name; the newest without it"),
        )
        .arg(
            Arg::new("journal")
                .long("journal")
                .value_name("NUMBER")
                .value_parser(value_parser!(i64).range(0..))
                .help("The last entry of the journal of deletions, where those behind it are lost for good"),
        )
        .arg(
            Arg::new("from")
                .long("from")
                .value_name("NAME")
                .help("Only this place: where the other one is lost for good"),
        )
        .arg(
            Arg::new("evidence-key")
                .long("evidence-key")
                .value_name("HEX")
                .help("The key that must have signed the backup, known from elsewhere, in hex"),
        )
}

pub(super) fn run(config: &Config, matches: &ArgMatches) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async {
        let clock = Arc::new(SystemClock);
        let wanted = matches.get_one::<String>("from");
        let chosen = config.places.iter().filter(|place| wanted.is_none_or(|name| name == place.name));
        let from: Vec<_> = chosen.map(|place| place.open(Arc::clone(&clock) as Arc<_>)).collect::<Result<_, _>>()?;
        anyhow::ensure!(!from.is_empty(), "no place is named: set `place_a` or `place_b`");
        let key = recovery::private(&text(value(matches, "recovery-key"))?)?;
        let named = matches.get_many::<String>("backup").into_iter().flatten();
        let named: Vec<domain::PublicId> = named.map(|name| name.parse()).collect::<Result<_, _>>()?;
        let order = Order {
            from: &from,
            recovery: &key,
            named: &named,
            journal: matches.get_one::<i64>("journal").copied(),
            evidence: matches.get_one::<String>("evidence-key").map(|text| receipt::key(text)).transpose()?,
            folder: &config.data,
            locations: config.locations(),
            settings: store::Settings::default(),
        };
        let begun = Instant::now();
        let mut since = begun;
        let Some(done) = restore(&order, &*clock, |progress| tell(&progress, &mut since)).await? else {
            say("it was through before; only the marks of it were still there");
            return Ok(());
        };
        say(&format!(
            "restored in {:.0} s: {} rows of {}, keys of {}",
            begun.elapsed().as_secs_f64(),
            done.rows,
            done.data.at,
            done.keys.at
        ));
        say(&format!("what happened after {} is lost; so are sign-ins and programs' tokens", done.data.at));
        say(&format!(
            "{} deletions since then were done again: {} conversations went, and the rest of {} of which only a part was to go",
            done.journal, done.replayed.conversations, done.replayed.rest_lost
        ));
        if done.strangers > 0 {
            say(&format!("{} organisations were founded after {} and are lost", done.strangers, done.data.at));
        }
        say(&format!(
            "rights, passwords and passkeys are as of {}: check who may do what, and take back what was taken back since",
            done.data.at
        ));
        say("nothing is deleted for its age for 24 hours: set again what was to be kept since");
        say(&format!("signed by {}: compare it with the key that you know", HEXLOWER.encode(&done.signed_by)));
        Ok(())
    })
}

/// The recovery key, as it was written down.
fn text(file: &str) -> anyhow::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(256));
    if file == "-" {
        std::io::stdin().read_to_string(&mut text)?;
    } else {
        std::fs::File::open(file)
            .and_then(|mut file| file.read_to_string(&mut text))
            .with_context(|| file.to_owned())?;
    }
    Ok(text)
}

fn tell(progress: &Progress, since: &mut Instant) {
    match progress {
        Progress::Chosen(set, bytes, rows) => {
            let kind = if set.epoch.is_some() { "keys" } else { "data" };
            say(&format!("{kind} of {} ({}): {rows} rows, {bytes} bytes", set.at, set.name));
            *since = Instant::now();
        }
        Progress::Bytes(through, all) => {
            let (spent, share) = (since.elapsed().as_secs_f64(), *through as f64 / (*all).max(1) as f64);
            let left = if share > 0.0 { spent / share - spent } else { 0.0 };
            say(&format!("{:>4.0} %, about {left:.0} s to go", share * 100.0));
            if through == all {
                *since = Instant::now();
            }
        }
        Progress::Refused(failed) => say(&format!("refused  {failed}")),
        Progress::Journal(done) => say(&format!("{done} deletions done again")),
    }
}
