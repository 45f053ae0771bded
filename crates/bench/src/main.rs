//! `cargo xtask bench`: measures the shipped program from outside, as whoever runs it would, on both databases.
//!
//! ```text
//! cargo xtask bench                     everything, as a table
//! cargo xtask bench --write             the same into docs/benchmarks.md
//! cargo xtask bench --only throughput   one part: throughput, delivery, memory, start, sizes
//! cargo xtask bench --only soak         a busy day, not part of everything: --minutes 10
//!   --engine sqlite|postgres            on one database only
//!   --runs 3 --seconds 10               how often and how long
//!   --program FILE                      this build instead of a fresh one
//! ```
#![expect(clippy::print_stdout, reason = "a benchmark tells the person who called it")]

mod chat;
mod house;
mod machine;
mod net;
mod report;
mod rest;
mod soak;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use testkit::Postgres;

use chat::{Delivery, Throughput};
use house::Engine;
use report::{Goal, Report};

/// Open files that 15,000 connections need at each end.
const FILES: u64 = 16_000;
const STARTS: usize = 11;
/// MiB a minute that memory may seem to grow.
const FLAT: f64 = 0.25;
/// What is kept for a while is kept for a minute or two: before that, growth says nothing.
const JUDGED_FROM: Duration = Duration::from_secs(300);

struct Wanted {
    only: Option<String>,
    engine: Option<String>,
    runs: usize,
    length: Duration,
    soaks_for: Duration,
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
            "--program" => wanted.program = Some(value()?.into()),
            "--write" => wanted.write = true,
            other => bail!("There is no option `{other}`: see crates/bench/src/main.rs."),
        }
    }
    ensure!(!wanted.write || wanted.only.is_none() && wanted.engine.is_none(), "--write takes everything or nothing");
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
    let parts: &[(&str, Part)] =
        &[("throughput", throughput), ("delivery", delivery), ("memory", memory), ("start", start), ("sizes", sizes)];
    let mut report = Report::default();
    if wanted.only.as_deref() == Some("soak") {
        soaked(wanted, &program, &engines, &mut report).context("soaking")?;
    }
    for (name, part) in parts {
        if wanted.only.as_deref().is_none_or(|only| only == *name) {
            part(wanted, &program, &engines, &mut report).with_context(|| format!("measuring {name}"))?;
        }
    }
    let machine = format!("{}. Load before the end of the measurements: {}.", machine::describe()?, machine::load());
    println!("\n{machine}\n\n{}", report.table());
    if wanted.write {
        let text = format!(include_str!("head.md"), date = machine::today(), machine = machine, table = report.table());
        fs::write(root().join("docs/benchmarks.md"), text + include_str!("limits.md"))?;
    }
    Ok(())
}

type Part = fn(&Wanted, &Path, &[Engine<'_>], &mut Report) -> Result<()>;

fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    // One thread, so that the generator leaves the other core to the server.
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

fn throughput(wanted: &Wanted, program: &Path, engines: &[Engine<'_>], report: &mut Report) -> Result<()> {
    for engine in engines {
        let (cost_goal, rate_goal) = match engine {
            Engine::Sqlite => (Goal::AtMost(30.0), Goal::AtLeast(15_000.0)),
            Engine::Postgres(_) => (Goal::AtMost(45.0), Goal::None),
        };
        for operators in [chat::VISITORS, 20] {
            let what = format!("{}, 200 visitors, {operators} operators", engine.name());
            println!("{what} …");
            let runs = block_on(chat::throughput(program, engine, operators, wanted.runs, wanted.length))?;
            let each = |value: fn(&Throughput) -> f64| runs.iter().map(value).collect::<Vec<_>>();
            report.add(format!("{what}: durable messages a second"), "", rate_goal, each(|run| run.rate));
            report.add(format!("{what}: server's processor time a message"), "µs", cost_goal, each(|run| run.cost));
            report.add("– generator's processor time a message", "µs", Goal::None, each(|run| run.generator));
            report.add("– share of the cores that others used", "%", Goal::None, each(|run| run.others * 100.0));
            report.add("– append and sync 4 KiB, a second", "", Goal::None, each(|run| run.syncs));
        }
    }
    Ok(())
}

fn delivery(wanted: &Wanted, program: &Path, engines: &[Engine<'_>], report: &mut Report) -> Result<()> {
    for engine in engines {
        let what = format!("{}, 1,000 messages a second, written to received", engine.name());
        println!("{what} …");
        let runs = block_on(chat::delivery(program, engine, 1000, wanted.runs, wanted.length))?;
        let each = |value: fn(&Delivery) -> Duration| {
            runs.iter().map(|run| value(run).as_secs_f64() * 1e3).collect::<Vec<_>>()
        };
        report.add(format!("{what}: p50"), "ms", Goal::None, each(|run| run.median));
        report.add(format!("{what}: p99"), "ms", Goal::None, each(|run| run.slow));
        report.add("– append and sync 4 KiB: p50", "ms", Goal::None, each(|run| run.sync_median));
        report.add("– append and sync 4 KiB: p99", "ms", Goal::None, each(|run| run.sync_slow));
    }
    Ok(())
}

/// Nothing may be lost and memory must not grow, or it fails.
fn soaked(wanted: &Wanted, program: &Path, engines: &[Engine<'_>], report: &mut Report) -> Result<()> {
    for engine in engines {
        let seconds = wanted.soaks_for.as_secs();
        let what = format!("{}, 500 visitors and 50 operators for {seconds} s", engine.name());
        println!("{what} …");
        let soak = block_on(soak::soak(program, engine, wanted.soaks_for))?;
        let ms = |time: Duration| vec![time.as_secs_f64() * 1e3];
        report.add(format!("{what}: messages, none lost"), "", Goal::None, vec![soak.messages as f64]);
        for (name, [median, slow, worst]) in [("acknowledged", soak.acknowledgement), ("received", soak.delivery)] {
            report.add(format!("– written to {name}: p50"), "ms", Goal::None, ms(median));
            report.add(format!("– written to {name}: p99"), "ms", Goal::None, ms(slow));
            report.add(format!("– written to {name}: longest"), "ms", Goal::None, ms(worst));
        }
        let (first, last) = (soak.memory.first().copied(), soak.memory.last().copied());
        let most = soak.memory.iter().copied().reduce(f64::max);
        for (name, value) in [("first", first), ("last", last), ("most", most)] {
            report.add(format!("– memory: {name}"), "MiB", Goal::None, value.into_iter().collect());
        }
        let is_short = wanted.soaks_for < JUDGED_FROM;
        let goal = if is_short { Goal::None } else { Goal::AtMost(FLAT) };
        report.add("– memory: growth in the second half, a minute", "MiB", goal, vec![soak.slope]);
        ensure!(is_short || soak.slope <= FLAT, "memory grows by {:.2} MiB a minute: {:.1?}", soak.slope, soak.memory);
    }
    Ok(())
}

fn memory(_: &Wanted, program: &Path, engines: &[Engine<'_>], report: &mut Report) -> Result<()> {
    for engine in engines {
        println!("{}, memory …", engine.name());
        let at_rest = rest::at_rest(program, engine)? as f64 / 1024.0 / 1024.0;
        report.add(format!("{}: memory at rest", engine.name()), "MiB", Goal::AtMost(12.0), vec![at_rest]);
        if matches!(engine, Engine::Sqlite) {
            let idle = rest::idle(program, engine)? / 1024.0;
            let what = "memory per idle connection, of 15,000";
            report.add(what, "KiB", Goal::AtMost(8.0), vec![idle]);
        }
    }
    Ok(())
}

fn start(_: &Wanted, program: &Path, engines: &[Engine<'_>], report: &mut Report) -> Result<()> {
    for engine in engines {
        println!("{}, start …", engine.name());
        let (health, ready) = rest::starts(program, engine, STARTS)?;
        let ms = |times: Vec<Duration>| times.into_iter().map(|time| time.as_secs_f64() * 1e3).collect();
        report.add(format!("{}: start to /health", engine.name()), "ms", Goal::AtMost(50.0), ms(health));
        report.add(format!("{}: start to /ready", engine.name()), "ms", Goal::AtMost(50.0), ms(ready));
    }
    Ok(())
}

fn sizes(_: &Wanted, program: &Path, _: &[Engine<'_>], report: &mut Report) -> Result<()> {
    let size = fs::metadata(program)?.len() as f64;
    report.add("size of the program", "MB", Goal::AtMost(15.0), vec![size / 1e6]);
    let (loader, all) = rest::widget(program)?;
    report.add("widget's loader, as it travels", "bytes", Goal::AtMost(1536.0), vec![loader as f64]);
    report.add("all that opening the chat loads", "bytes", Goal::AtMost(12_288.0), vec![all as f64]);
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
