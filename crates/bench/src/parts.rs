//! The parts of the benchmarks: which figures each gives, and what is wanted of them.

mod deletions;

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::Wanted;
use crate::chat::{self, Span};
use crate::closed::{self, Throughput};
use crate::failover::{self, Failover};
use crate::filled::{self, Pages, Run};
use crate::flood::{self, Turn};
use crate::house::Engine;
use crate::nodes;
use crate::paced::{self, Delivery};
use crate::report::{Goal, Report};
use crate::rest;
use crate::soak;
use crate::storm::{self, Storm};
use crate::turn;

/// Measures some figures.
pub(crate) type Part = fn(&Wanted, &Path, &[Engine<'_>], &mut Report) -> Result<()>;

/// Everything, by name.
pub(crate) const PARTS: &[(&str, Part)] = &[
    ("throughput", throughput),
    ("delivery", delivery),
    ("nodes", nodes),
    ("failover", failover),
    ("storm", storm),
    ("flood", flood),
    ("filled", filled),
    ("turn", turn),
    ("erase", deletions::erase),
    ("sweep", deletions::sweep),
    ("backup", deletions::backup),
    ("memory", memory),
    ("start", start),
    ("sizes", sizes),
];
/// Not part of everything: it takes as long as one likes.
pub(crate) const SOAK: (&str, Part) = ("soak", soak);

const WARM_UP: Duration = Duration::from_secs(3);
/// Delivery is measured at these many messages a second.
const RATES: [u32; 2] = [1_000, 10_000];
/// A generator that wrote less than this share of what it should has measured something else.
const KEPT: f64 = 0.99;
const STARTS: usize = 11;
/// MiB a minute that memory may seem to grow.
const FLAT: f64 = 0.25;
/// What is kept for a while is kept for a minute or two: before that, growth says nothing.
pub(crate) const JUDGED_FROM: Duration = Duration::from_secs(300);
const MIB: f64 = 1024.0 * 1024.0;

fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    // One thread, so that the generator leaves the other core to the server.
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// The value of each run.
fn each<T>(runs: &[T], value: impl Fn(&T) -> f64) -> Vec<f64> {
    runs.iter().map(value).collect()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The goals of an engine: microseconds of processor time a message, and messages a second.
const fn goals(engine: &Engine<'_>) -> (Goal, Goal) {
    match engine {
        Engine::Sqlite => (Goal::AtMost(25.0), Goal::AtLeast(15_000.0)),
        Engine::Postgres(_) => (Goal::AtMost(45.0), Goal::None),
    }
}

fn throughput(wanted: &Wanted, program: &Path, engines: &[Engine<'_>], report: &mut Report) -> Result<()> {
    let span = Span { warm_up: WARM_UP, length: wanted.length };
    for engine in engines {
        let (cost, rate) = goals(engine);
        for operators in [chat::VISITORS, 20] {
            let what = format!("{}, 200 visitors, {operators} operators", engine.name());
            println!("{what} …");
            let runs = block_on(closed::throughput(program, engine, operators, wanted.runs, span))?;
            report.add(format!("{what}: durable messages a second"), "", rate, each(&runs, |run| run.cost.rate));
            let what = format!("{what}: server's processor time a message");
            report.add(what, "µs", cost, each(&runs, |run| run.cost.server));
            let none = Goal::None;
            report.add("– generator's processor time a message", "µs", none, each(&runs, |run| run.cost.generator));
            report.add("– share of the cores that others used", "%", none, each(&runs, |run| run.cost.others * 100.0));
            report.add("– append and sync 4 KiB, a second", "", none, each(&runs, |run| run.syncs));
        }
    }
    Ok(())
}

fn delivery(wanted: &Wanted, program: &Path, engines: &[Engine<'_>], report: &mut Report) -> Result<()> {
    let span = Span { warm_up: WARM_UP, length: wanted.length };
    for engine in engines {
        for rate in RATES {
            let what = format!("{}, {},000 messages a second, written to received", engine.name(), rate / 1000);
            println!("{what} …");
            let runs = block_on(paced::delivery(program, engine, rate, wanted.runs, span))?;
            let least = runs.iter().map(|run| run.written).fold(f64::INFINITY, f64::min);
            if least < f64::from(rate) * KEPT {
                report.fail(what, format!("the generator wrote {least:.0} a second"));
                continue;
            }
            let add = |report: &mut Report, what: String, value: fn(&Delivery) -> Duration| {
                report.add(what, "ms", Goal::None, each(&runs, |run| ms(value(run))));
            };
            add(report, format!("{what}: p50"), |run| run.median);
            add(report, format!("{what}: p99"), |run| run.slow);
            add(report, "– of which the generator was late: p99".to_owned(), |run| run.late);
            add(report, "– append and sync 4 KiB: p50".to_owned(), |run| run.sync_median);
            add(report, "– append and sync 4 KiB: p99".to_owned(), |run| run.sync_slow);
        }
    }
    Ok(())
}

fn nodes(wanted: &Wanted, program: &Path, engines: &[Engine<'_>], report: &mut Report) -> Result<()> {
    let span = Span { warm_up: WARM_UP, length: wanted.length };
    for engine in engines.iter().filter(|engine| matches!(engine, Engine::Postgres(_))) {
        let what = format!("{}, 200 visitors, {} operators", engine.name(), nodes::OPERATORS);
        println!("{what}, one node and two …");
        let runs = block_on(nodes::nodes(program, engine, wanted.runs, span))?;
        add_pair(report, &what, ["at one node", "at two nodes"], &runs, |run| run);
    }
    Ok(())
}

/// A figure's name, and where its value stands.
type Named<T, V> = (&'static str, fn(&T) -> V);
/// The same of many times, of which each run has its own.
type Times<T> = (&'static str, fn(&T) -> &[Duration]);

/// Throughput and cost of two cases, and how they relate.
fn add_pair<T>(report: &mut Report, what: &str, cases: [&str; 2], runs: &[[T; 2]], throughput: fn(&T) -> &Throughput) {
    let figures: [Named<Throughput, f64>; 2] = [
        ("durable messages a second", |run| run.cost.rate),
        ("processor time a message, all servers", |run| run.cost.server),
    ];
    for ((name, value), unit) in figures.into_iter().zip(["", "µs"]) {
        add_ratio(report, &format!("{what}: {name}"), unit, cases, runs, |run| value(throughput(run)));
    }
}

/// One value of two cases, and how many times the first the second is: by pairs of runs, since what else the machine does
/// hits both of a pair alike.
fn add_ratio<T>(
    report: &mut Report,
    what: &str,
    unit: &'static str,
    cases: [&str; 2],
    runs: &[[T; 2]],
    value: impl Fn(&T) -> f64,
) {
    for (index, case) in cases.iter().enumerate() {
        report.add(format!("{what}, {case}"), unit, Goal::None, each(runs, |pair| value(&pair[index])));
    }
    report.add("– ratio", "", Goal::None, each(runs, |[first, second]| value(second) / value(first)));
}

fn failover(wanted: &Wanted, program: &Path, engines: &[Engine<'_>], report: &mut Report) -> Result<()> {
    for engine in engines.iter().filter(|engine| matches!(engine, Engine::Postgres(_))) {
        let (visitors, rate) = (failover::VISITORS, failover::MESSAGES_A_SECOND);
        let what = format!("{}, one of two nodes killed, {visitors} visitors, {rate} messages a second", engine.name());
        println!("{what} …");
        let runs = (0..wanted.runs)
            .map(|_| block_on(failover::failover(program, engine)))
            .collect::<Result<Vec<Failover>>>()?;
        let moved = each(&runs, |run| run.moved as f64);
        report.add(format!("{what}: visitors who were at the killed node"), "", Goal::None, moved);
        let spans: [Times<Failover>; 3] = [
            ("kill to their next acknowledgement", |run| &run.acknowledged),
            ("kill to the other node's operators hearing them", |run| &run.heard),
            ("kill to the killed node's operators hearing again", |run| &run.heard_by_moved),
        ];
        for (name, times) in spans {
            for (index, share) in ["median", "p99", "longest"].iter().enumerate() {
                let values = each(&runs, |run| failover::spread(times(run))[index]);
                report.add(format!("– {name}: {share}"), "ms", Goal::None, values);
            }
        }
    }
    Ok(())
}

fn storm(wanted: &Wanted, program: &Path, engines: &[Engine<'_>], report: &mut Report) -> Result<()> {
    for engine in engines {
        let what = format!("{}, 10,000 visitors come back to a server that was killed", engine.name());
        println!("{what} …");
        let storms = block_on(storm::storms(program, engine, wanted.runs))?;
        let figures: [Named<Storm, Duration>; 6] = [
            ("kill to half of them welcome", |storm| storm.back[0]),
            ("kill to 99 % welcome", |storm| storm.back[1]),
            ("kill to all welcome", |storm| storm.back[2]),
            ("longest answer of /health meanwhile", |storm| storm.health),
            ("a new visitor, connecting to first acknowledgement: median", |storm| storm.fresh[0]),
            ("a new visitor, connecting to first acknowledgement: longest", |storm| storm.fresh[1]),
        ];
        for (index, (name, value)) in figures.into_iter().enumerate() {
            let name = if index == 0 { format!("{what}: {name}") } else { format!("– {name}") };
            report.add(name, "ms", Goal::None, each(&storms, |storm| ms(value(storm))));
        }
        report.add("– memory at its peak", "MiB", Goal::None, each(&storms, |storm| storm.peak as f64 / MIB));
    }
    Ok(())
}

fn flood(wanted: &Wanted, program: &Path, engines: &[Engine<'_>], report: &mut Report) -> Result<()> {
    for engine in engines {
        let what = format!("{}, a quiet organisation beside another's flood", engine.name());
        println!("{what} …");
        let turns = flood::flood(program, engine, wanted.runs.max(5), wanted.length.mul_f64(0.5))?;
        let value = |turn: &Turn| turn.stored;
        report.add(format!("{what}: messages of the flood stored a second"), "", Goal::None, each(&turns, value));
        report.add("– refused a second", "", Goal::None, each(&turns, |turn| turn.refused));
        for (index, share) in ["p50", "p99"].iter().enumerate() {
            let name = format!("– the quiet one's acknowledgements: {share}");
            report.add(format!("{name}, alone"), "ms", Goal::None, each(&turns, |turn| ms(turn.alone[index])));
            report.add(format!("{name}, beside"), "ms", Goal::None, each(&turns, |turn| ms(turn.beside[index])));
            let goal = if index == 1 { Goal::AtMost(1.2) } else { Goal::None };
            let ratio = |turn: &Turn| turn.beside[index].as_secs_f64() / turn.alone[index].as_secs_f64();
            report.add(format!("– ratio of {share}"), "", goal, each(&turns, ratio));
        }
    }
    Ok(())
}

fn filled(wanted: &Wanted, program: &Path, engines: &[Engine<'_>], report: &mut Report) -> Result<()> {
    // Short, so that what is measured with nothing stored does not store too much itself.
    let span = Span { warm_up: Duration::from_secs(1), length: wanted.length.mul_f64(0.4) };
    for engine in engines {
        let what = format!("{}, nothing stored and a million messages", engine.name());
        println!("{what} …");
        let filled::Filled { size, runs } = block_on(filled::filled(program, engine, wanted.runs, span))?;
        let cases = ["nothing stored", "a million messages"];
        let what = format!("{}, 200 visitors, 200 operators", engine.name());
        add_pair(report, &what, cases, &runs, |run| &run.throughput);
        let late = runs.iter().flatten().any(|run| run.delivery.written < f64::from(filled::RATE) * KEPT);
        ensure!(!late, "the generator does not write {} messages a second", filled::RATE);
        let what = format!("{}, 1,000 messages a second, written to received", engine.name());
        add_ratio(report, &format!("{what}: p99"), "ms", cases, &runs, |run: &Run| ms(run.delivery.slow));
        let pages: [Times<Pages>; 2] = [
            ("first page of the list", |pages| &pages.list),
            ("newest page of a conversation", |pages| &pages.history),
        ];
        for (name, times) in pages {
            for (index, share) in ["median", "p99"].iter().enumerate() {
                let what = format!("{}, {name}: {share}", engine.name());
                add_ratio(report, &what, "ms", cases, &runs, |run| failover::spread(times(&run.pages))[index]);
            }
        }
        report.add(format!("{}: databases' files, a message", engine.name()), "bytes", Goal::None, vec![size]);
    }
    Ok(())
}

/// Half of the time it leaves the database to others: thirty seconds of work are a minute.
const TURNED_WITHIN: f64 = 60.0;

fn turn(wanted: &Wanted, program: &Path, engines: &[Engine<'_>], report: &mut Report) -> Result<()> {
    let span = Span { warm_up: Duration::from_secs(1), length: wanted.length.mul_f64(0.5) };
    for engine in engines {
        let what = format!("{}, the epoch turns with {} keys", engine.name(), wanted.keys);
        println!("{what} …");
        let turned = block_on(turn::turn(program, engine, wanted.keys, span))?;
        report.add(what, "s", Goal::AtMost(TURNED_WITHIN), vec![turned.took.as_secs_f64()]);
        deletions::beside(report, [("before it", turned.quiet), ("beside it, the worst", turned.beside)]);
    }
    Ok(())
}

/// Nothing may be lost and memory must not grow, or it fails.
fn soak(wanted: &Wanted, program: &Path, engines: &[Engine<'_>], report: &mut Report) -> Result<()> {
    for engine in engines {
        let seconds = wanted.soaks_for.as_secs();
        let what = format!("{}, 500 visitors and 50 operators for {seconds} s", engine.name());
        println!("{what} …");
        let soak = block_on(soak::soak(program, engine, wanted.soaks_for))?;
        report.add(format!("{what}: messages, none lost"), "", Goal::None, vec![soak.messages as f64]);
        for (name, [median, slow, worst]) in [("acknowledged", soak.acknowledgement), ("received", soak.delivery)] {
            report.add(format!("– written to {name}: p50"), "ms", Goal::None, vec![ms(median)]);
            report.add(format!("– written to {name}: p99"), "ms", Goal::None, vec![ms(slow)]);
            report.add(format!("– written to {name}: longest"), "ms", Goal::None, vec![ms(worst)]);
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
        let at_rest = rest::at_rest(program, engine)? as f64 / MIB;
        report.add(format!("{}: memory at rest", engine.name()), "MiB", Goal::AtMost(12.0), vec![at_rest]);
        if matches!(engine, Engine::Sqlite) {
            let idle = rest::idle(program, engine)? / 1024.0;
            let what = "memory per idle connection, of 15,000";
            report.add(what, "KiB", Goal::AtMost(4.0), vec![idle]);
        }
    }
    Ok(())
}

fn start(_: &Wanted, program: &Path, engines: &[Engine<'_>], report: &mut Report) -> Result<()> {
    for engine in engines {
        println!("{}, start …", engine.name());
        let (health, ready) = rest::starts(program, engine, STARTS)?;
        report.add(
            format!("{}: start to /health", engine.name()),
            "ms",
            Goal::AtMost(50.0),
            each(&health, |time| ms(*time)),
        );
        report.add(
            format!("{}: start to /ready", engine.name()),
            "ms",
            Goal::AtMost(50.0),
            each(&ready, |time| ms(*time)),
        );
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
