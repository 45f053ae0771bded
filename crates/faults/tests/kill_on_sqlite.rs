//! The kill test on SQLite, on a disk that forgets with each kill what was not synced. Harness, clients and checker are those of
//! the server's tests; on PostgreSQL they run there.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test may be blunt, and tells what helps to repeat it")]

// The harness knows it by this name.
extern crate diskret_faults as faults;

#[expect(dead_code, unused_imports, unused_macros, reason = "the server's tests use the rest")]
#[path = "../../server/tests/it/harness/mod.rs"]
mod harness;
#[expect(dead_code, reason = "the server's tests use the rest")]
#[path = "../../server/tests/it/kill/mod.rs"]
mod kill;

use std::sync::Arc;

use harness::{House, On, Plan};
use kill::{FLAGS, Outcome, Schedule, Stage, Victim, play};

fn kill_on(disk: &str, rounds: usize) -> Outcome {
    let node = House::new(&Plan { options: FLAGS, disk, ..Plan::on(On::Sqlite) });
    let stage = Arc::new(Stage { nodes: vec![node], door: None, database: None, bus: None });
    play(&stage, &Schedule::new(rounds, &[Victim::Node]))
}

#[test]
fn nothing_acknowledged_is_lost_when_the_program_is_killed_and_the_disk_forgets() {
    kill_on("write-back=8", 20).is_good(20);
}

/// What the test above is worth: a disk that says it keeps and does not is noticed.
#[test]
fn a_disk_that_lies_is_noticed() {
    let outcome = kill_on("write-back=0 sync@log:1+=lie", 3);
    assert!(!outcome.faults.is_empty(), "{} messages were acknowledged and none is missed", outcome.acknowledged);
    eprintln!("the first of {}: {}", outcome.faults.len(), outcome.faults[0]);
}
