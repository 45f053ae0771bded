//! What all parts of a run share: the seed, the clock, the log, the disk, the nodes.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bus::hub::Hub;
use domain::{Clock, Timestamp};
use faults::Disk;
use tokio::time::Instant;

use super::chance::Chance;
use super::house::{House, START, house};
use super::node::Node;
use super::plant::Plant;
use super::story::Story;

/// The world of one run.
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) plant: Option<Plant>,
    pub(super) house: &'static House,
    pub(super) folder: PathBuf,
    pub(super) disk: Disk,
    pub(super) hub: Arc<Hub>,
    pub(super) clock: Arc<WorldClock>,
    /// Nodes by number; those that do not run are none.
    pub(super) nodes: RefCell<Vec<Option<Rc<Node>>>>,
    pub(super) story: RefCell<Story>,
    /// How many operators there are.
    pub(super) team: Cell<usize>,
    /// Nothing goes wrong any more.
    pub(super) is_calm: Cell<bool>,
    /// The bus has lost something, or a node died before it told.
    pub(super) has_lost_news: Cell<bool>,
    /// How bad the lines are, in percent of connections that break by themselves.
    pub(super) cuts: Cell<u64>,
    /// Longest delay of a frame on its way.
    pub(super) delay: Cell<u64>,
    pub(super) counts: RefCell<BTreeMap<&'static str, u64>>,
    links: Cell<u64>,
    names: RefCell<BTreeMap<String, String>>,
    log: RefCell<String>,
    begun: Instant,
}

/// The time of day: as much later than the start as the runtime's paused clock says, and what it was set forward or back.
#[derive(Debug)]
pub(super) struct WorldClock {
    begun: Instant,
    jumped: AtomicI64,
}

impl WorldClock {
    /// Sets it, by microseconds.
    pub(super) fn jump(&self, by: i64) {
        self.jumped.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for WorldClock {
    fn now(&self) -> Timestamp {
        Timestamp(START.plus(self.begun.elapsed()).0 + self.jumped.load(Ordering::SeqCst))
    }
}

impl World {
    pub(super) fn new(seed: u64, plant: Option<Plant>, folder: PathBuf) -> Rc<Self> {
        let (house, begun) = (house(), Instant::now());
        let disk = faults::disk(&folder).expect("the folder is there");
        Rc::new(Self {
            seed,
            plant,
            house,
            folder,
            disk,
            hub: Arc::default(),
            clock: Arc::new(WorldClock { begun, jumped: AtomicI64::new(0) }),
            nodes: RefCell::default(),
            story: RefCell::default(),
            team: Cell::new(1),
            is_calm: Cell::new(false),
            has_lost_news: Cell::new(false),
            cuts: Cell::new(0),
            delay: Cell::new(1),
            counts: RefCell::default(),
            links: Cell::new(0),
            names: RefCell::default(),
            log: RefCell::default(),
            begun,
        })
    }

    /// Chance for somebody or something.
    pub(super) fn chance(&self, purpose: &str) -> Chance {
        let purpose = purpose.bytes().fold(1, |sum: u64, byte| sum.wrapping_mul(0x100_0193) ^ u64::from(byte));
        Chance::new(self.seed, purpose)
    }

    /// Chance for the next connection.
    pub(super) fn next_link(&self) -> (u64, Chance) {
        let link = self.links.get() + 1;
        self.links.set(link);
        (link, Chance::new(self.seed, 0x1_0000_0000 + link))
    }

    /// Since the run began.
    pub(super) fn age(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Writes a line of the log.
    pub(super) fn note(&self, who: &str, what: &str) {
        let at = self.age().as_millis();
        // A log in memory takes everything.
        let _ = writeln!(self.log.borrow_mut(), "{:>4}.{:03} {who:<6} {what}", at / 1000, at % 1000);
    }

    pub(super) fn log(&self) -> String {
        self.log.borrow().clone()
    }

    /// Counts how often something happened, so that it is known what a run has tried.
    pub(super) fn count(&self, what: &'static str) {
        *self.counts.borrow_mut().entry(what).or_default() += 1;
    }

    /// A short name for something whose name is random: the same in each run of a seed.
    pub(super) fn alias(&self, name: &str) -> String {
        let mut names = self.names.borrow_mut();
        let next = format!("c{}", names.len() + 1);
        names.entry(name.to_owned()).or_insert(next).clone()
    }

    /// The node of a number, where it runs and lets clients in.
    pub(super) fn node(&self, number: usize) -> Option<Rc<Node>> {
        self.nodes.borrow().get(number).cloned().flatten().filter(|node| !node.is_ending())
    }

    /// A node that runs, by chance.
    pub(super) fn any_node(&self, chance: &Chance) -> Option<Rc<Node>> {
        let number = chance.within(0..self.nodes.borrow().len() as u64) as usize;
        // A balancer tries one; where it is away, the client comes again.
        self.node(number)
    }
}
