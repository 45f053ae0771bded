//! The whole house in one thread: visitors, operators, nodes, bus and store, with seeded faults and a clock that runs as fast
//! as the work allows. What is tested is the product itself – sockets, application, store on SQLite, bus – only the machines
//! between its parts are made up: the network ([`line`]), the disk (`faults`), the bus (`bus::hub`), the time.
//!
//! A seed's run is the same each time. `DISKRET_SEED=7` runs one and prints its log, `DISKRET_SEEDS=20000` runs so many.
//!
//! Nodes share SQLite files here, as they share PostgreSQL in earnest; commits pass each other only there, and that is the
//! store's contract to test (`crates/store/tests/contract/change.rs`).

mod chance;
mod check;
mod checked;
mod found;
mod house;
mod line;
mod node;
mod operator;
mod plant;
mod run;
mod story;
mod truth;
mod visitor;
mod world;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use faults::Setup;
use parking_lot::Mutex;

use plant::Plant;
use run::run;

/// Seeds that a plain run tries.
const SEEDS: u64 = 1500;

/// Seeds within which a planted fault must be found.
const ENOUGH: u64 = 50;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// A folder for a run, in memory where the system has such: nothing of it needs to survive.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// Runs seeds on all processors; gives what was wrong, by seed.
fn run_all(seeds: std::ops::Range<u64>, plant: Option<Plant>, most: usize) -> (BTreeMap<u64, Vec<String>>, Counts) {
    let (next, found, counts) = (AtomicU64::new(seeds.start), Mutex::new(BTreeMap::new()), Mutex::new(Counts::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let folder = folder();
                while found.lock().len() < most {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    let outcome = run(seed, plant, folder.path());
                    if !outcome.faults.is_empty() {
                        found.lock().insert(seed, outcome.faults);
                    }
                    let mut counts = counts.lock();
                    for (what, count) in outcome.counts {
                        *counts.entry(what).or_default() += count;
                    }
                }
            });
        }
    });
    (found.into_inner(), counts.into_inner())
}

/// Empties a folder and puts a fresh house into it, on a disk with this seed.
fn empty(folder: &Path, seed: u64) {
    let house = house::house();
    let disk = faults::disk(folder).expect("the folder is there");
    // Forgets what an earlier run has left open.
    disk.crash().unwrap();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        // The room that the store keeps free says nothing and takes time to make.
        if path.to_string_lossy().ends_with("-reserve") {
            continue;
        }
        if path.is_dir() { std::fs::remove_dir_all(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
    }
    disk.restart();
    disk.set(&Setup { seed, flush: false, ..Setup::default() });
    house.copy_to(folder);
}

type Counts = BTreeMap<&'static str, u64>;

#[test]
fn whatever_breaks_nothing_acknowledged_is_lost_and_everybody_ends_up_with_the_same() {
    if let Some(seed) = number("DISKRET_SEED") {
        let outcome = run(seed, None, folder().path());
        println!("{}", outcome.log);
        assert_eq!(outcome.faults, Vec::<String>::new());
        return;
    }
    let seeds = number("DISKRET_SEEDS").unwrap_or(SEEDS);
    let begun = std::time::Instant::now();
    let (found, counts) = run_all(1..seeds + 1, None, 5);
    println!("{seeds} seeds in {:.1} s: {counts:#?}", begun.elapsed().as_secs_f64());
    for (seed, faults) in &found {
        println!("DISKRET_SEED={seed}:");
        faults.iter().for_each(|fault| println!("  {fault}"));
    }
    assert!(found.is_empty(), "{} seeds show something wrong", found.len());
}

#[test]
fn a_seed_runs_alike_each_time() {
    let (one, other) = (folder(), folder());
    for seed in 1..number("DISKRET_SEEDS").unwrap_or(30) {
        let (first, second) = (run(seed, None, one.path()), run(seed, None, other.path()));
        if let Some((line, (first, second))) =
            (1..).zip(first.log.lines().zip(second.log.lines())).find(|(_, (first, second))| first != second)
        {
            panic!("seed {seed}, line {line}:\n{first}\n{second}");
        }
        assert_eq!(first.log.len(), second.log.len(), "seed {seed}");
    }
}

#[test]
fn what_is_planted_is_found() {
    for (plant, found) in [
        (Plant::AcknowledgesEarly, "acknowledged as"),
        (Plant::CountsAnew, "times"),
        (Plant::SendsBackwards, "before what was written before it"),
        (Plant::NoSweep, ", stored"),
        (Plant::LosesEntries, "first other than stored"),
        (Plant::ShowsAll, "a colleague's ever since"),
        (Plant::OldFiles, "acknowledged as"),
    ] {
        let (faults, _) = run_all(1..ENOUGH, Some(plant), 2);
        let all: Vec<&String> = faults.values().flatten().collect();
        assert!(all.iter().any(|fault| fault.contains(found)), "{plant:?} was not found: {all:?}");
        println!("{plant:?} was found by seeds {:?}", faults.keys().collect::<Vec<_>>());
    }
}
