//! What is killed, and when.

use std::cell::Cell;
use std::thread::sleep;
use std::time::Duration;

use testkit::wait_until;

use super::scene::Stage;
use crate::harness::random;

/// Numbers from a seed (splitmix64).
pub(super) struct Dice(Cell<u64>);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(Cell::new(seed))
    }

    pub(super) fn roll(&self, sides: u64) -> u64 {
        self.0.set(self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
        let mut z = self.0.get();
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Victim {
    /// A node, by `kill -9`.
    Node,
    /// PostgreSQL, by `kill -9`.
    Database,
    /// NATS, by `kill -9`.
    Bus,
    /// The last message of each conversation, which is deleted behind everybody's back: what the checker is worth.
    Messages,
    /// Nobody: a node is asked to end and started again.
    Restart,
}

/// The moments of a run.
#[derive(Clone)]
pub(crate) struct Schedule {
    pub(super) seed: u64,
    pub(super) rounds: usize,
    victims: Vec<Victim>,
}

impl Schedule {
    /// So many rounds, in each of which one of these falls. More rounds, and the seed, can be asked for: `DISKRET_ROUNDS`,
    /// `DISKRET_SEED`.
    pub(crate) fn new(rounds: usize, victims: &[Victim]) -> Self {
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        Self {
            seed: number("DISKRET_SEED").unwrap_or_else(random),
            rounds: number("DISKRET_ROUNDS").map_or(rounds, |rounds| rounds as usize),
            victims: victims.to_vec(),
        }
    }

    /// So many rounds, one after the other, on a thread of its own: the clients go on meanwhile. Each lasts until what was
    /// killed is back.
    pub(super) fn strike(&self, stage: &Stage, rounds: usize, act: u64) {
        let dice = Dice::new(self.seed ^ act);
        let pause = |from: u64, to: u64| sleep(Duration::from_millis(from + dice.roll(to - from)));
        for round in 0..rounds {
            pause(60, 400);
            match self.victims[dice.roll(self.victims.len() as u64) as usize] {
                Victim::Node => {
                    let node = &stage.nodes[dice.roll(stage.nodes.len() as u64) as usize];
                    node.kill();
                    node.start();
                }
                Victim::Database => {
                    let database = stage.database.as_ref().expect("there is one");
                    database.kill();
                    pause(1, 200);
                    database.revive();
                }
                Victim::Bus => {
                    let bus = stage.bus.as_ref().expect("there is one");
                    bus.kill();
                    pause(1, 600);
                    bus.revive();
                }
                Victim::Messages => {
                    let databases = stage.nodes[0].databases.as_deref().expect("there is a database");
                    databases.0.run(
                        "DELETE FROM message WHERE (conversation_id, sequence) IN
                            (SELECT conversation_id, MAX(sequence) FROM message GROUP BY conversation_id)",
                    );
                }
                Victim::Restart => {
                    let node = &stage.nodes[round % stage.nodes.len()];
                    let since = std::time::Instant::now();
                    assert!(node.terminate().success(), "it ends in order");
                    assert!(since.elapsed() < Duration::from_secs(5), "and soon: {:?}", since.elapsed());
                    node.start();
                    wait_until(Duration::from_secs(10), "it is ready", || {
                        std::net::TcpListener::bind(node.address()).is_err()
                    });
                }
            }
        }
        sleep(Duration::from_millis(200));
    }
}
