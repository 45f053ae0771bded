//! The network between a client and a node: frames arrive late and in order, until the connection breaks – before a frame or
//! after it, noticed by both sides or by one.

use std::rc::Rc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::chance::Chance;
use super::plant::Plant;
use super::world::World;
use crate::socket::pipe::Far;

/// How widget and dashboard keep a connection (their `connection.ts`): how often they ask whether it lives,
pub(super) const PING_EVERY: Duration = Duration::from_secs(25);
/// how long they wait for an answer,
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// and from when on it was a good one.
pub(super) const STEADY_AFTER: Duration = Duration::from_secs(5);

/// Waits until then, or for ever.
pub(super) async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// The client's end.
pub(super) struct Line {
    pub(super) to: mpsc::UnboundedSender<String>,
    pub(super) from: mpsc::UnboundedReceiver<String>,
}

/// Who notices that a connection broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notices {
    Both,
    Client,
    Server,
}

/// When a connection breaks by itself.
struct Fate {
    /// After so many frames in a direction.
    after: u64,
    /// Whether the one that it broke at arrives all the same.
    arrives: bool,
    notices: Notices,
}

fn fate(chance: &Chance, cuts: u64) -> Option<Fate> {
    let breaks = chance.percent(cuts);
    let after = if chance.percent(50) { chance.within(1..6) } else { chance.within(6..40) };
    let arrives = chance.percent(50);
    let notices = *chance.of(&[Notices::Both, Notices::Both, Notices::Client, Notices::Server]);
    breaks.then_some(Fate { after, arrives, notices })
}

/// Joins a client to a node's socket.
pub(super) fn connect(world: &Rc<World>, far: Far) -> Line {
    let (number, chance) = world.next_link();
    let fates = [fate(&chance, world.cuts.get()), fate(&chance, world.cuts.get())];
    let (to, up) = mpsc::unbounded_channel();
    let (down, from) = mpsc::unbounded_channel();
    tokio::task::spawn_local(carry(Rc::clone(world), number, chance, fates, far, up, down));
    Line { to, from }
}

struct Direction {
    fate: Option<Fate>,
    passed: u64,
}

impl Direction {
    /// One more frame: whether it arrives, and who notices where the connection breaks with it.
    fn pass(&mut self, is_calm: bool) -> (bool, Option<Notices>) {
        self.passed += 1;
        match &self.fate {
            Some(fate) if !is_calm && self.passed >= fate.after => (fate.arrives, Some(fate.notices)),
            _ => (true, None),
        }
    }
}

async fn carry(
    world: Rc<World>,
    number: u64,
    chance: Chance,
    fates: [Option<Fate>; 2],
    far: Far,
    mut up: mpsc::UnboundedReceiver<String>,
    down: mpsc::UnboundedSender<String>,
) {
    let [up_fate, down_fate] = fates;
    let mut upwards = Direction { fate: up_fate, passed: 0 };
    let mut downwards = Direction { fate: down_fate, passed: 0 };
    let Far { to, mut from } = far;
    let mut liar = Liar::default();
    let late = |delay: u64| chance.millis(0..delay);
    let notices = loop {
        tokio::select! {
            biased;
            frame = up.recv() => {
                let Some(frame) = frame else { break Notices::Both };
                sleep(late(world.delay.get())).await;
                if world.plant == Some(Plant::AcknowledgesEarly) {
                    liar.acknowledge(&frame, &down);
                }
                let (arrives, breaks) = upwards.pass(world.is_calm.get());
                if arrives && to.send(frame).is_err() {
                    break Notices::Both;
                }
                if let Some(notices) = breaks { break notices }
            }
            frame = from.recv() => {
                let Some(frame) = frame else { break Notices::Both };
                sleep(late(world.delay.get())).await;
                liar.hear(&frame);
                let (arrives, breaks) = downwards.pass(world.is_calm.get());
                if world.plant == Some(Plant::LosesEntries) && chance.percent(3) && frame.contains(r#""type":"message""#) {
                    continue;
                }
                if arrives && down.send(frame).is_err() {
                    break Notices::Both;
                }
                if let Some(notices) = breaks { break notices }
            }
        }
    };
    if notices != Notices::Both {
        world.note("line", &format!("{number} broke, noticed by the {notices:?}"));
        world.count("half-open connections");
    }
    match notices {
        Notices::Both => {}
        Notices::Client => {
            drop((up, down));
            // Nothing is read any more, as on a cut cable.
            to.closed().await;
        }
        Notices::Server => {
            drop((to, from));
            down.closed().await;
        }
    }
}

/// The planted fault: tells clients that their messages are stored while those are still on their way.
#[derive(Default)]
struct Liar {
    conversation: serde_json::Value,
    last: i64,
}

impl Liar {
    fn hear(&mut self, frame: &str) {
        if let Ok(frame) = serde_json::from_str::<serde_json::Value>(frame)
            && let Some(sequence) = frame["sequence"].as_i64()
            && frame["type"] != "seen"
        {
            self.conversation = frame["conversation"].clone();
            self.last = self.last.max(sequence);
        }
    }

    fn acknowledge(&mut self, frame: &str, down: &mpsc::UnboundedSender<String>) {
        if let Ok(frame) = serde_json::from_str::<serde_json::Value>(frame)
            && frame["type"] == "message"
            && frame["conversation"].is_null()
            && !self.conversation.is_null()
        {
            self.last += 1;
            let accepted = serde_json::json!({
                "type": "accepted", "counter": frame["counter"], "sequence": self.last, "at": 0,
                "conversation": self.conversation,
            });
            let _ = down.send(accepted.to_string());
        }
    }
}
