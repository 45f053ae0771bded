//! One run: a seed's world, what goes wrong in it, and what is found in the end.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use bus::hub::Fate;
use faults::{Fault, Files, Operation, Rule, Sequence, When};
use tokio::time::sleep;

use super::chance::Chance;
use super::node::Node;
use super::operator::Operator;
use super::plant::Plant;
use super::visitor::Visitor;
use super::world::World;
use super::{check, truth};

/// Everything must have come right so long after the last fault.
const HEALS_WITHIN: Duration = Duration::from_secs(300);
/// Whoever was told nothing for so long has been told everything.
const QUIET: Duration = Duration::from_secs(4);

/// What a run has shown.
pub(super) struct Outcome {
    pub(super) faults: Vec<String>,
    pub(super) log: String,
    pub(super) counts: BTreeMap<&'static str, u64>,
}

/// Runs a seed in a folder, which is emptied first.
pub(super) fn run(seed: u64, plant: Option<Plant>, folder: &Path) -> Outcome {
    super::empty(folder, seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let local = tokio::task::LocalSet::new();
    let outcome = local.block_on(&runtime, async {
        let world = World::new(seed, plant, folder.to_owned());
        let faults = Director::new(&world).direct().await;
        Outcome { faults, log: world.log(), counts: world.counts.borrow().clone() }
    });
    drop(local);
    outcome
}

struct Director {
    world: Rc<World>,
    chance: Chance,
    visitors: Vec<Visitor>,
    operators: Vec<Operator>,
    /// How often a node was started.
    starts: u64,
    /// Numbers of nodes and when they come back.
    away: Vec<(tokio::time::Instant, usize)>,
}

impl Director {
    fn new(world: &Rc<World>) -> Self {
        let chance = world.chance("director");
        Self {
            world: Rc::clone(world),
            chance,
            visitors: Vec::new(),
            operators: Vec::new(),
            starts: 0,
            away: Vec::new(),
        }
    }

    async fn direct(mut self) -> Vec<String> {
        let world = Rc::clone(&self.world);
        let (nodes, team) = (self.chance.within(1..4) as usize, self.chance.within(1..4) as usize);
        world.team.set(team);
        world.cuts.set(*self.chance.of(&[0, 10, 40, 80]));
        world.delay.set(*self.chance.of(&[1, 20, 200, 1500]));
        self.bend_the_bus();
        world.nodes.borrow_mut().resize(nodes, None);
        for number in 0..nodes {
            self.start(number).await;
        }
        self.operators = (0..team).map(|number| Operator::new(&world, number)).collect();
        let visitors = self.chance.within(1..4);
        self.visitors = (1..=visitors).map(|number| Visitor::new(&world, number)).collect();
        let steps = self.chance.within(20..70);
        for _ in 0..steps {
            sleep(self.chance.millis(1..1200)).await;
            self.come_back().await;
            self.step().await;
        }
        self.calm().await;
        let mut faults = self.settle(false).await;
        // With a last word of everybody, what moved no position is told too, and it is seen that the house still works.
        self.last_words().await;
        faults.extend(self.settle(true).await);
        faults
    }

    /// How much the bus loses, doubles and holds.
    fn bend_the_bus(&self) {
        let (lost, twice, held) = *self.chance.of(&[(0, 0, 0), (5, 5, 5), (30, 10, 20), (100, 0, 0)]);
        self.world.has_lost_news.set(lost + held > 0);
        let mut fates = Sequence::new(self.world.seed);
        self.world.hub.decide(move |_| match fates.below(100) {
            chance if chance < lost => Fate::IsLost,
            chance if chance < lost + twice => Fate::ArrivesTwice,
            chance if chance < lost + twice + held => Fate::IsHeld,
            _ => Fate::Arrives,
        });
    }

    async fn start(&mut self, number: usize) {
        self.starts += 1;
        match Node::start(&self.world, number, self.starts).await {
            Ok(node) => {
                self.world.note("world", &format!("node {number} starts"));
                self.world.nodes.borrow_mut()[number] = Some(node);
            }
            Err(error) => {
                self.world.note("world", &format!("node {number} cannot start: {error}"));
                self.world.count("starts that failed");
                self.away.push((tokio::time::Instant::now() + Duration::from_secs(1), number));
            }
        }
    }

    async fn come_back(&mut self) {
        let now = tokio::time::Instant::now();
        let (back, away) = std::mem::take(&mut self.away).into_iter().partition(|(at, _)| *at <= now);
        self.away = away;
        let back: Vec<(tokio::time::Instant, usize)> = back;
        for (_, number) in back {
            self.start(number).await;
        }
    }

    async fn step(&mut self) {
        match self.chance.within(0..100) {
            0..45 => {
                let visitor = self.chance.within(0..self.visitors.len() as u64) as usize;
                self.visitors[visitor].act().await;
            }
            45..78 => {
                let operator = self.chance.within(0..self.operators.len() as u64) as usize;
                self.operators[operator].act();
            }
            78..83 => self.lose_a_node(true).await,
            83..85 => self.lose_a_node(false).await,
            85..91 => self.break_the_disk(),
            91..94 => {
                self.world.note("world", "what the bus held arrives");
                self.release();
            }
            94..96 => {
                if let Some(node) = self.world.any_node(&self.chance) {
                    self.world.note("world", &format!("node {} is cut off the bus", node.number));
                    self.world.count("nodes cut off the bus");
                    self.world.has_lost_news.set(true);
                    self.world.hub.cut(node.app().bus());
                }
            }
            96..98 => {
                self.world.note("world", "the bus is whole again");
                self.mend();
            }
            _ => {
                let by = *self.chance.of(&[-7200, -30, 1, 60, 4000, 90_000]);
                self.world.note("world", &format!("the clock jumps by {by} s"));
                self.world.count("clock jumps");
                self.world.clock.jump(by * 1_000_000);
            }
        }
    }

    fn release(&self) {
        self.world.hub.release(|notices| {
            for index in (1..notices.len()).rev() {
                notices.swap(index, self.chance.within(0..index as u64 + 1) as usize);
            }
        });
    }

    fn mend(&self) {
        self.world.hub.mend();
    }

    async fn lose_a_node(&mut self, by_force: bool) {
        let Some(node) = self.world.any_node(&self.chance) else { return };
        let number = node.number;
        self.away.push((tokio::time::Instant::now() + self.chance.millis(100..6000), number));
        if by_force {
            self.world.note("world", &format!("node {number} is killed"));
            self.world.count("nodes killed");
            self.world.has_lost_news.set(true);
            node.kill(&self.world).await;
        } else {
            self.world.note("world", &format!("node {number} ends"));
            self.world.count("nodes ended in order");
            node.drain().await;
        }
        self.world.nodes.borrow_mut()[number] = None;
        let is_last = self.world.nodes.borrow().iter().all(Option::is_none);
        if is_last && by_force {
            self.world.note("world", "with it went what was not on the disk");
            self.world.count("machines lost");
            self.world.disk.crash().expect("the real file takes it");
            self.world.disk.restart();
            if self.world.plant == Some(Plant::OldFiles) {
                self.put_old_files_back();
            }
        }
    }

    /// The planted fault: a backup is put back without a word.
    fn put_old_files_back(&self) {
        for name in ["diskret.db", "diskret.db-wal", "diskret.db-shm"] {
            let _ = std::fs::remove_file(self.world.folder.join(name));
        }
        self.world.house.copy_data_to(&self.world.folder);
    }

    fn break_the_disk(&self) {
        let sync = |files| Rule { operation: Operation::Sync, files, when: When::Once(1), fault: Fault::Io };
        let write = |nth, fault| Rule { operation: Operation::Write, files: Files::All, when: When::Once(nth), fault };
        let what = match self.chance.within(0..5) {
            0 => {
                if let Some(node) = self.world.any_node(&self.chance) {
                    self.world.count("disks that stalled");
                    node.stall(self.chance.millis(500..12_000));
                }
                "stalls"
            }
            1 => {
                self.world.disk.fail(write(self.chance.within(1..4), Fault::Full));
                "is full for a moment"
            }
            2 => {
                self.world.disk.fail(write(self.chance.within(1..4), Fault::Io));
                "fails a write"
            }
            _ => {
                self.world.disk.fail(sync(Files::Log));
                "fails a sync"
            }
        };
        self.world.note("world", &format!("the disk {what}"));
    }

    /// No more faults.
    async fn calm(&mut self) {
        self.world.note("world", "no more faults");
        self.world.is_calm.set(true);
        self.world.cuts.set(0);
        self.world.delay.set(20);
        self.world.disk.heal();
        if self.world.plant != Some(Plant::NoSweep) {
            self.world.hub.decide(|_| Fate::Arrives);
        }
        self.mend();
        self.release();
        for (_, number) in std::mem::take(&mut self.away) {
            self.start(number).await;
        }
    }

    async fn last_words(&mut self) {
        self.world.note("world", "last words");
        for visitor in &mut self.visitors {
            (0..visitor.windows()).for_each(|window| visitor.write(window));
        }
        sleep(Duration::from_secs(1)).await;
    }

    /// Waits until everything has come right, and says what has not.
    async fn settle(&self, with_unread: bool) -> Vec<String> {
        let begun = self.world.age();
        let mut faults = Vec::new();
        while self.world.age() < begun + HEALS_WITHIN {
            sleep(QUIET).await;
            if !self.is_quiet() {
                continue;
            }
            faults = self.faults(with_unread).await;
            if faults.is_empty() {
                return faults;
            }
        }
        faults.extend(self.unquiet());
        if faults.is_empty() { self.faults(with_unread).await } else { faults }
    }

    fn is_quiet(&self) -> bool {
        self.unquiet().is_empty()
    }

    /// Clients that are not where they want to be.
    fn unquiet(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (name, page) in self.visitors.iter().flat_map(Visitor::pages) {
            if !page.is_ready.get() || page.pending.get() > 0 || page.is_gone.get() {
                faults.push(format!("{name} is not there, or has {} messages left", page.pending.get()));
            }
        }
        for Operator { name, state, .. } in &self.operators {
            if !state.is_ready.get() || state.pending.get() > 0 || state.is_busy.get() || state.is_gone.get() {
                faults.push(format!("{name} is not there, or has {} messages left", state.pending.get()));
            }
        }
        faults
    }

    async fn faults(&self, with_unread: bool) -> Vec<String> {
        let truth = match truth::read(&self.world).await {
            Ok(truth) => truth,
            Err(error) => return vec![format!("what is stored cannot be read: {error}")],
        };
        let mut faults = check::safety(&self.world.story.borrow(), &truth, &self.world.house.team);
        for (name, page) in self.visitors.iter().flat_map(Visitor::pages) {
            check::page(name, &page.conversation.borrow(), &page.entries(), &truth, &mut faults);
        }
        for Operator { name, state, member, .. } in &self.operators {
            let (rows, counts) = (state.rows.borrow(), state.counts.borrow());
            let shown = check::Lists { rows: rows.all(), counts: &counts, with_unread };
            let may_be_stale = self.world.has_lost_news.get();
            check::rows(name, member, shown, may_be_stale, &truth, &mut faults);
            if let Some(followed) = &*state.followed.borrow()
                && let (Some(shown), Some(chat)) = (state.threads.borrow().get(followed), truth.chats.get(followed))
            {
                check::thread(name, shown, chat, &mut faults);
            }
        }
        faults
    }
}
