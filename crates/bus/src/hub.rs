//! Several nodes in one process, for tests and simulations: what NATS is between machines, without the machines. A hub can
//! lose, repeat, hold back and cut.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::{Bus, Notice, Wire};

/// What becomes of a notice on its way from one node to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives.
    Arrives,
    /// It arrives twice.
    ArrivesTwice,
    /// It arrives when [`Hub::release`] is called.
    IsHeld,
    /// It is lost.
    IsLost,
}

type Decide = Box<dyn FnMut(&Notice) -> Fate + Send>;

/// Joins the nodes of one process.
pub struct Hub {
    nodes: Mutex<Vec<Weak<Bus>>>,
    cut: Mutex<Vec<Weak<Bus>>>,
    held: Mutex<Vec<(Weak<Bus>, Notice)>>,
    fate: Mutex<Decide>,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            nodes: Mutex::default(),
            cut: Mutex::default(),
            held: Mutex::default(),
            fate: Mutex::new(Box::new(|_| Fate::Arrives)),
        }
    }
}

impl Hub {
    /// Joins a node to the others.
    pub fn join(self: &Arc<Self>, bus: &Arc<Bus>) {
        self.nodes.lock().push(Arc::downgrade(bus));
        bus.join(Line { hub: Arc::clone(self), node: Arc::downgrade(bus) });
    }

    /// Cuts a node off from the others, until [`Hub::mend`].
    pub fn cut(&self, bus: &Arc<Bus>) {
        self.cut.lock().push(Arc::downgrade(bus));
    }

    /// Mends what was cut, and has those nodes know it.
    pub fn mend(&self) {
        let cut = std::mem::take(&mut *self.cut.lock());
        cut.iter().filter_map(Weak::upgrade).for_each(|bus| bus.is_back());
    }

    fn is_cut(&self, node: &Weak<Bus>) -> bool {
        self.cut.lock().iter().any(|cut| cut.ptr_eq(node))
    }

    /// Decides from now on what becomes of each notice, per receiver.
    pub fn decide(&self, fate: impl FnMut(&Notice) -> Fate + Send + 'static) {
        *self.fate.lock() = Box::new(fate);
    }

    /// Lets arrive what was held, in an order that `shuffle` may change.
    pub fn release(&self, shuffle: impl FnOnce(&mut Vec<Notice>)) {
        let held = std::mem::take(&mut *self.held.lock());
        let (nodes, mut notices): (Vec<_>, Vec<_>) = held.into_iter().unzip();
        shuffle(&mut notices);
        for (node, notice) in nodes.iter().zip(notices) {
            if let Some(bus) = node.upgrade() {
                bus.receive(notice);
            }
        }
    }
}

struct Line {
    hub: Arc<Hub>,
    node: Weak<Bus>,
}

impl Wire for Line {
    fn tell(&self, notice: &Notice) {
        if self.hub.is_cut(&self.node) {
            return;
        }
        let others: Vec<Weak<Bus>> = {
            let mut nodes = self.hub.nodes.lock();
            nodes.retain(|node| node.strong_count() > 0);
            nodes.iter().filter(|node| !node.ptr_eq(&self.node) && !self.hub.is_cut(node)).cloned().collect()
        };
        for node in others {
            let fate = (self.hub.fate.lock())(notice);
            let times = match fate {
                Fate::Arrives => 1,
                Fate::ArrivesTwice => 2,
                Fate::IsLost => 0,
                Fate::IsHeld => {
                    self.hub.held.lock().push((node, notice.clone()));
                    continue;
                }
            };
            if let Some(bus) = node.upgrade() {
                (0..times).for_each(|_| bus.receive(notice.clone()));
            }
        }
    }

    fn is_up(&self) -> bool {
        !self.hub.is_cut(&self.node)
    }
}
