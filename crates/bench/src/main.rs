//! `cargo xtask bench`: measures the shipped program from outside, as whoever runs it would, on both databases.
//!
//! ```text
//! cargo xtask bench                     everything but the soak, as a table; some fourteen minutes
//! cargo xtask bench --write             the same into docs/benchmarks.md
//! cargo xtask bench --only failover     one part:
//!     throughput   messages a second in closed loop, and what one costs
//!     delivery     from written to received, at 1,000 and at 10,000 messages a second
//!     nodes        throughput and cost of two nodes against one, over PostgreSQL
//!     failover     one of two nodes is killed: how long until its clients talk on
//!     storm        10,000 visitors come back to a server that was killed
//!     filled       a million messages stored against none
//!     turn         the epoch turns with a million keys (--keys 1000000) beside 1,000 messages a second
//!     erase        a conversation is deleted, from the wish to the destroyed key, beside 1,000 messages a second
//!     sweep        a rule deletes 20,000 conversations (--conversations 1000000) beside 1,000 messages a second
//!     backup       as many to a folder, and back on an empty machine
//!     memory, start, sizes
//! cargo xtask bench --only soak         a busy day, not part of everything: --minutes 10;
//!                                       with --write into docs/benchmarks-soak.md
//!   --engine sqlite|postgres            on one database only
//!   --runs 3 --seconds 10               how often and how long
//!   --program FILE                      this build instead of a fresh one
//! ```
//!
//! A part that finds something lost, doubled or out of order ends with that, and gives no figure.
#![expect(clippy::print_stdout, reason = "a benchmark tells the person who called it")]

mod backed_up;
mod backoff;
mod chat;
mod closed;
mod failover;
mod filled;
mod flood;
mod gone;
mod house;
mod machine;
mod net;
mod nodes;
mod paced;
mod parts;
mod play;
mod processor;
mod proof;
mod report;
mod rest;
mod returning;
mod soak;
mod storm;
mod turn;
mod watching;

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use testkit::Postgres;

use house::Engine;
use parts::{PARTS, SOAK};
use report::Report;

/// Open files that 15,000 connections need at each end.
const FILES: u64 = 16_000;

/// What was asked for.
pub(crate) struct Wanted {
    only: Option<String>,
    engine: Option<String>,
    pub(crate) runs: usize,
    pub(crate) length: Duration,
    pub(crate) soaks_for: Duration,
    pub(crate) keys: i64,
    pub(crate) conversations: usize,
    program: Option<PathBuf>,
    write: bool,
}

fn main() -> ExitCode {
    match wanted().and_then(|wanted| run(&wanted)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn wanted() -> Result<Wanted> {
    let mut wanted = Wanted {
        only: None,
        engine: None,
        runs: 3,
        length: Duration::from_secs(10),
        soaks_for: Duration::from_secs(600),
        keys: 1_000_000,
        conversations: 20_000,
        program: None,
        write: false,
    };
    let mut words = env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            "--only" => wanted.only = Some(value()?),
            "--engine" => wanted.engine = Some(value()?),
            "--runs" => wanted.runs = value()?.parse().context("--runs")?,
            "--seconds" => wanted.length = Duration::from_secs(value()?.parse().context("--seconds")?),
            "--minutes" => wanted.soaks_for = Duration::from_secs(60).mul_f64(value()?.parse().context("--minutes")?),
            "--keys" => wanted.keys = value()?.parse().context("--keys")?,
            "--conversations" => wanted.conversations = value()?.parse().context("--conversations")?,
            "--program" => wanted.program = Some(value()?.into()),
            "--write" => wanted.write = true,
            other => bail!("There is no option `{other}`: see crates/bench/src/main.rs."),
        }
    }
    if let Some(only) = &wanted.only {
        let names: Vec<&str> = PARTS.iter().chain([&SOAK]).map(|(name, _)| *name).collect();
        ensure!(names.contains(&&**only), "There is no part `{only}`, but {}.", names.join(", "));
    }
    let is_whole = wanted.engine.is_none() && wanted.only.as_deref().is_none_or(|only| only == SOAK.0);
    ensure!(!wanted.write || is_whole, "--write takes everything, or the soak, on both databases");
    Ok(wanted)
}

fn run(wanted: &Wanted) -> Result<()> {
    allow_files()?;
    let program = match &wanted.program {
        Some(program) => program.clone(),
        None => build()?,
    };
    let postgres = (wanted.engine.as_deref() != Some("sqlite")).then(Postgres::durable);
    let mut engines = Vec::new();
    if wanted.engine.as_deref() != Some("postgres") {
        engines.push(Engine::Sqlite);
    }
    engines.extend(postgres.as_ref().map(Engine::Postgres));
    // What is shipped has its front ends in it: better to learn that it has not now than after a quarter of an hour.
    rest::widget(&program).context("the program is not the one that is shipped")?;
    let mut report = Report::default();
    let only = wanted.only.as_deref();
    // The soak is asked for by name: it is no part of everything.
    let parts = PARTS.iter().filter(|(name, _)| only.is_none_or(|only| only == *name));
    for (name, part) in parts.chain((only == Some(SOAK.0)).then_some(&SOAK)) {
        // What the others measured is not thrown away with it.
        if let Err(error) = part(wanted, &program, &engines, &mut report) {
            println!("{name}: {error:#}");
            report.fail(*name, format!("{error:#}"));
        }
    }
    let machine = format!("{}. Load before the end of the measurements: {}.", machine::describe()?, machine::load());
    println!("\n{machine}\n\n{}", report.table());
    if wanted.write {
        let (file, head, limits) = match only {
            None => ("docs/benchmarks.md", include_str!("head.md"), include_str!("limits.md")),
            Some(_) => ("docs/benchmarks-soak.md", include_str!("soak.md"), ""),
        };
        let facts = [("{date}", machine::today()), ("{machine}", machine), ("{table}", report.table())];
        let text = facts.iter().fold(head.to_owned(), |text, (name, fact)| text.replace(name, fact));
        fs::write(root().join(file), text + limits)?;
    }
    ensure!(report.is_whole(), "some figures could not be measured");
    Ok(())
}

/// Here and in everything started from here.
fn allow_files() -> Result<()> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < FILES) {
        setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
        ensure!(maximum.is_none_or(|maximum| maximum >= FILES), "15,000 connections need {FILES} open files");
    }
    Ok(())
}

/// The checkout. Cargo says where it is when it runs us; the folder we were called in is the answer otherwise.
fn root() -> PathBuf {
    env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("."), |folder| PathBuf::from(folder).join("../.."))
}

/// Builds what is shipped.
fn build() -> Result<PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .current_dir(root())
        .args(["build", "--release", "--package", "diskret-server", "--bin", "diskret"])
        .status()?;
    ensure!(status.success(), "the program is not built");
    Ok(root().join("target/release/diskret"))
}
