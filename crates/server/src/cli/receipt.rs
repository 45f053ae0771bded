//! `diskret receipt`: checks the receipt of a deletion. It needs the file and, to be sure whose it is, the public key: no
//! installation, no network.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Arg, ArgMatches, Command};
use data_encoding::HEXLOWER;
use privacy::receipt::{At, Limit, Outcome, PlaceSays, Receipt};

use super::{say, value};

pub(super) fn command() -> Command {
    Command::new("receipt")
        .about("Checks receipts of deletions")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("verify")
                .about("Says whether a receipt is as it was signed, and what it means; without any installation")
                .arg(Arg::new("file").value_name("FILE").required(true).help("The receipt"))
                .arg(Arg::new("key").long("key").value_name("HEX").help(
                    "The public key that must have signed; without it, the receipt's own, which you compare yourself",
                )),
        )
}

pub(super) fn run(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let file = value(matches, "file");
    let text = std::fs::read_to_string(file).with_context(|| file.to_owned())?;
    let key = matches.get_one::<String>("key").map(|text| key(text)).transpose()?;
    match Receipt::verify(&text, key.as_ref()) {
        Ok(receipt) => {
            for line in explain(&receipt, key.is_some()) {
                say(&line);
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(invalid) => {
            say(&format!("not valid: {invalid}"));
            Ok(ExitCode::FAILURE)
        }
    }
}

/// A public key from its 64 hex digits.
pub(super) fn key(text: &str) -> anyhow::Result<[u8; 32]> {
    HEXLOWER
        .decode(text.trim().to_ascii_lowercase().as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .context("`key`: must be 64 hex digits")
}

fn explain(receipt: &Receipt, named: bool) -> Vec<String> {
    let said = &receipt.statement;
    let key = HEXLOWER.encode(&receipt.key.0);
    let mut lines = vec![
        "valid: this is what was signed, every byte of it".to_owned(),
        if named { format!("signed by {key}") } else { format!("signed by {key}: compare it with the published key") },
        format!("deletion {}, of organisation {}", said.number, said.organisation),
        format!("what: {}, caused by: {}, asked for at {}", said.what.code(), said.cause.code(), said.requested_at.0),
        format!("{} conversations, {} messages, {} keys", said.conversations, said.messages, said.keys),
    ];
    match &said.outcome {
        None if said.held_up => lines.push(
            "acknowledged: it is hidden, and destroyed once a second person has let it go on; the final receipt has the same number"
                .to_owned(),
        ),
        None => lines.push(format!(
            "acknowledged: it is hidden, and will be destroyed from {} on; the final receipt has the same number",
            said.destroyed_from.0
        )),
        Some(outcome) => lines.extend(tell(outcome)),
    }
    if let Some(held) = &said.held {
        let (conversations, until) = (held.conversations, held.until.0);
        lines.push(format!("of these, {conversations} must be kept, and are hidden until {until}"));
    }
    if let Some(opening) = &receipt.opening {
        lines.push(format!("keys: {}", opening.keys.iter().map(i64::to_string).collect::<Vec<_>>().join(" ")));
    }
    lines.extend(said.limits.iter().map(|limit| format!("what this cannot prove: {}", cannot(*limit))));
    lines
}

fn tell(outcome: &Outcome) -> Vec<String> {
    let mut lines = vec![
        format!("keys destroyed at {}: from then on the system could not read it", outcome.keys_destroyed_at.0),
        format!("rows deleted at {}", outcome.rows_deleted_at.0),
        format!("journal entry {}: a restored backup deletes it again", outcome.journal_number),
        format!(
            "epoch key {} destroyed at {}: from then on no backup, log or free page opens",
            outcome.epoch, outcome.epoch_destroyed_at.0
        ),
    ];
    if let Some(frozen) = &outcome.frozen {
        lines.push(format!("no epoch key was destroyed from {} to {}: it was frozen", frozen.from.0, frozen.until.0));
    }
    lines.extend(outcome.nodes.iter().map(|node| {
        let became = became(node.epoch_destroyed_at, node.lost_at);
        format!("node {} {became}, on {}", node.node, node.medium)
    }));
    lines.extend(outcome.places.iter().map(|place| {
        let PlaceSays { place, medium, country, site, company, journal_at, epoch_destroyed_at, lost_at } = place;
        let knew = journal_at.map_or_else(|| "was not told".to_owned(), |at| format!("knew at {}", at.0));
        let became = became(*epoch_destroyed_at, *lost_at);
        format!("place {place} ({medium}; {company}, {site}, {country}) {knew} and {became}")
    }));
    lines.extend(outcome.told.iter().map(|recipient| format!("told: {recipient}")));
    lines
}

fn became(destroyed_at: Option<At>, lost_at: Option<At>) -> String {
    match (destroyed_at, lost_at) {
        (_, Some(at)) => format!("was declared lost at {}: nobody saw its epoch key destroyed", at.0),
        (Some(at), None) => format!("destroyed its epoch key at {}", at.0),
        (None, None) => "had no epoch key".to_owned(),
    }
}

const fn cannot(limit: Limit) -> &'static str {
    match limit {
        Limit::NoProofOfNoCopy => "that nobody made a copy before",
        Limit::MediumMayKeep => "that a disk forgot what was overwritten on it",
        Limit::NoPlaces => "anything about backups: the installation had no place for them",
        Limit::CopyNotDestroyed => {
            "that every copy of the epoch key is gone: one was lost before anybody saw it destroyed"
        }
    }
}
