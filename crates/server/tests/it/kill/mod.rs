//! Nothing acknowledged is lost, doubled or reordered by `kill -9` (A11, SR1). Visitors and operators write under load
//! with several messages on their way, over WebSockets and in requests; programs, the database and the bus are killed at
//! random moments, and a checker compares what each client saw with what is stored.
//!
//! `DISKRET_SEED=…` repeats a run's moments, `DISKRET_ROUNDS=…` makes it longer.

mod checker;
mod operators;
mod plants;
mod scene;
mod schedule;
mod visitors;

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::checker::{Story, faults};
use self::plants::overlooked;
use self::scene::Scene;
pub(crate) use self::scene::Stage;
use self::schedule::Dice;
pub(crate) use self::schedule::{Schedule, Victim};
use self::visitors::{Visitor, Way};
use crate::harness::run_within;

const SOCKETS: usize = 8;
const STREAMS: usize = 4;
const POLLS: usize = 4;
const VISITORS: usize = SOCKETS + STREAMS + POLLS;
const OPERATORS: usize = 3;
/// Rounds between two checks.
const ROUNDS_OF_AN_ACT: usize = 25;
/// Everything is acknowledged within, once everything is up.
const SETTLES_WITHIN: Duration = Duration::from_secs(60);
/// Everybody has heard everything within, once everything is acknowledged.
const HEARD_WITHIN: Duration = Duration::from_secs(20);

/// Flags of `diskret serve` under this load.
pub(crate) const FLAGS: &[&str] = &[
    "--visitor-rate",
    "10000",
    "--visitor-burst",
    "10000",
    "--address-messages",
    "10000",
    "--address-requests",
    "100000",
];

/// What came of a run.
pub(crate) struct Outcome {
    pub(crate) acknowledged: usize,
    pub(crate) faults: Vec<String>,
}

impl Outcome {
    /// Nothing went wrong, and something could have.
    pub(crate) fn is_good(&self, rounds: usize) {
        let faults = &self.faults[..self.faults.len().min(20)];
        assert!(faults.is_empty(), "{} faults: {faults:#?}", self.faults.len());
        assert!(self.acknowledged > 20 * rounds, "there was something to lose: {}", self.acknowledged);
    }
}

/// Plays a schedule, act after act, and checks each. Ends with the first that has a fault.
pub(crate) fn play(stage: &Arc<Stage>, schedule: &Schedule) -> Outcome {
    eprintln!("DISKRET_SEED={} repeats these moments", schedule.seed);
    let (mut acknowledged, mut left, mut planted) = (0, schedule.rounds, 0);
    let mut known = BTreeSet::new();
    for act in 0.. {
        let rounds = left.min(ROUNDS_OF_AN_ACT);
        let time = SETTLES_WITHIN + HEARD_WITHIN + Duration::from_secs(10) * rounds as u32;
        let story = run_within(time, one_act(stage, schedule, rounds, act, &mut known));
        acknowledged += story.sides.values().map(|side| side.acknowledged.len()).sum::<usize>();
        let faults = faults(&story);
        if !faults.is_empty() {
            return Outcome { acknowledged, faults };
        }
        let (overlooked, found) = overlooked(&story);
        assert!(overlooked.is_empty(), "planted in this very story and not found: {overlooked:?}");
        planted = planted.max(found);
        left -= rounds;
        eprintln!("{} rounds, {acknowledged} messages acknowledged, no fault", schedule.rounds - left);
        if left == 0 {
            break;
        }
    }
    eprintln!("{planted} kinds of faults were planted in these stories and found");
    Outcome { acknowledged, faults: Vec::new() }
}

async fn one_act(
    stage: &Arc<Stage>,
    schedule: &Schedule,
    rounds: usize,
    act: u64,
    known: &mut BTreeSet<String>,
) -> Story {
    let scene = Rc::new(Scene::new(stage));
    let (mut callers, mut people) = (Vec::new(), Vec::new());
    for person in scene.people() {
        callers.push(scene.house(0).sign_in(person).await);
        people.push((person.name.clone(), scene.house(0).id_of(&scene.owner(), person).await));
    }
    let tasks = tokio::task::LocalSet::new();
    let play = async {
        let mut clients = Vec::new();
        let ways = [(Way::Socket, SOCKETS), (Way::Stream, STREAMS), (Way::Poll, POLLS)];
        for (index, way) in ways.into_iter().flat_map(|(way, count)| std::iter::repeat_n(way, count)).enumerate() {
            clients.push(tokio::task::spawn_local(Visitor::new(&scene, index, way).visit()));
        }
        for index in 0..OPERATORS {
            clients.push(tokio::task::spawn_local(Rc::clone(&scene).serve(index)));
        }
        for (index, caller) in callers.iter().enumerate() {
            clients.push(tokio::task::spawn_local(Rc::clone(&scene).watch(index, caller.clone())));
        }
        clients.push(tokio::task::spawn_local(Rc::clone(&scene).give(people, Dice::new(schedule.seed ^ act))));
        let (stage, moments) = (Arc::clone(stage), schedule.clone());
        let striking = std::thread::spawn(move || moments.strike(&stage, rounds, act));
        while !striking.is_finished() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        striking.join().expect("every round went as planned");
        end(&scene, clients, &callers, known).await;
    };
    tasks.run_until(play).await;
    scene.story.take()
}

/// Lets everybody come to the end, and reads what is stored.
async fn end(
    scene: &Rc<Scene>,
    clients: Vec<tokio::task::JoinHandle<()>>,
    callers: &[crate::harness::Caller],
    known: &mut BTreeSet<String>,
) {
    scene.busy.set(false);
    let since = Instant::now();
    let is_broken = || !scene.story.borrow().contradictions.is_empty();
    while scene.settled.borrow().len() < clients.len() && since.elapsed() < SETTLES_WITHIN && !is_broken() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let settled = scene.settled.borrow().clone();
    if settled.len() < clients.len() {
        scene.contradiction(format!("not everybody is acknowledged in the end, only {settled:?}"));
    }
    scene.read().await;
    let house = scene.house(0);
    for (person, caller) in scene.people().into_iter().zip(callers) {
        let (mine, free) = (scene.list(house, caller, "mine").await, scene.list(house, caller, "unassigned").await);
        let (Some(mut rows), Some(free)) = (mine, free) else {
            scene.contradiction(format!("the list of {} cannot be read", person.name));
            continue;
        };
        rows.extend(free);
        rows.retain(|id, _| scene.ids.borrow().contains(id));
        scene.story.borrow_mut().lists.entry(person.name.clone()).or_default()[1] = rows;
    }
    let all = scene.list(house, &scene.owner(), "all").await.unwrap_or_default();
    known.extend(scene.ids.borrow().iter().cloned());
    scene.story.borrow_mut().strangers = all.into_keys().filter(|id| !known.contains(id)).collect();
    let last = {
        let story = scene.story.borrow();
        let ends = story
            .stored
            .iter()
            .filter_map(|(id, stored)| stored.last().map(|entry| (id.clone(), (entry.sequence, entry.visible))));
        ends.collect()
    };
    *scene.last.borrow_mut() = last;
    if scene.last.borrow().len() != VISITORS {
        scene.contradiction(format!("{} conversations of {VISITORS} visitors", scene.last.borrow().len()));
    }
    // Where something is wrong already, there is no use in waiting for those who would never hear it all.
    let (since, patience) = (Instant::now(), if is_broken() { Duration::ZERO } else { HEARD_WITHIN });
    for client in clients {
        let left = patience.saturating_sub(since.elapsed());
        let stop = client.abort_handle();
        match tokio::time::timeout(left, client).await {
            Ok(ended) => ended.expect("no client fails"),
            // What it did not hear, the checker names.
            Err(_) => stop.abort(),
        }
    }
}
