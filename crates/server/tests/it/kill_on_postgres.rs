//! The kill test on PostgreSQL: the shipped program, alone and as one of two nodes. On SQLite it is killed on a bad disk:
//! `crates/faults/tests/kill_on_sqlite.rs`.

use std::sync::Arc;

use testkit::{Nats, Postgres};

use crate::harness::{House, On, Plan};
use crate::kill::{FLAGS, Schedule, Stage, Victim, play};

#[test]
fn nothing_acknowledged_is_lost_when_the_program_or_the_database_is_killed() {
    let database = Postgres::durable();
    let node = House::new(&Plan { options: FLAGS, server: Some(&database), ..Plan::on(On::Postgres) });
    let stage = Arc::new(Stage { nodes: vec![node], door: None, database: Some(database), bus: None });
    let schedule = Schedule::new(15, &[Victim::Node, Victim::Node, Victim::Database]);
    play(&stage, &schedule).is_good(15);
}

#[test]
fn nothing_acknowledged_is_lost_when_nodes_the_database_or_the_bus_are_killed() {
    let stage = two_nodes();
    let schedule = Schedule::new(15, &[Victim::Node, Victim::Node, Victim::Database, Victim::Bus]);
    play(&stage, &schedule).is_good(15);
}

/// What the tests above are worth: what vanishes from the store is noticed.
#[test]
fn a_message_that_vanishes_is_noticed() {
    let stage = two_nodes();
    let outcome = play(&stage, &Schedule::new(2, &[Victim::Messages]));
    assert!(!outcome.faults.is_empty(), "{} messages were acknowledged and none is missed", outcome.acknowledged);
    eprintln!("the first of {}: {}", outcome.faults.len(), outcome.faults[0]);
}

fn two_nodes() -> Arc<Stage> {
    let (database, bus) = (Postgres::durable(), Nats::start());
    let url = bus.url();
    let first = House::closed(&Plan { options: FLAGS, server: Some(&database), ..Plan::on(On::Postgres) });
    let second = first.join().with(&["--bus", &url]);
    let nodes = vec![first.with(&["--bus", &url]), second];
    nodes.iter().for_each(House::start);
    Arc::new(Stage { nodes, door: None, database: Some(database), bus: Some(bus) })
}
