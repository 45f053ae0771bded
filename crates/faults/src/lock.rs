//! Locks on a file, between the connections of this process: on the file as a whole, and on its log's index.

use std::collections::BTreeMap;

/// Who holds a lock: a number for each open file.
pub(crate) type Holder = u64;

/// How strongly a file is held. What is stronger includes what is weaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    None,
    Shared,
    Reserved,
    Pending,
    Exclusive,
}

/// Locks on a file as a whole (<https://sqlite.org/lockingv3.html>).
#[derive(Debug, Default)]
pub(crate) struct FileLocks(BTreeMap<Holder, Level>);

impl FileLocks {
    fn own(&self, holder: Holder) -> Level {
        self.0.get(&holder).copied().unwrap_or(Level::None)
    }

    fn strongest_other(&self, holder: Holder) -> Level {
        self.0.iter().filter(|(other, _)| **other != holder).map(|(_, level)| *level).max().unwrap_or(Level::None)
    }

    /// Takes it if no other connection is in the way.
    pub(crate) fn take(&mut self, holder: Holder, level: Level) -> bool {
        if self.own(holder) >= level {
            return true;
        }
        let other = self.strongest_other(holder);
        match level {
            Level::Shared if other >= Level::Pending => return false,
            Level::Reserved | Level::Pending | Level::Exclusive if other >= Level::Reserved => return false,
            Level::Exclusive if other >= Level::Shared => {
                // Nobody new comes in while it waits for those who are.
                self.0.insert(holder, Level::Pending);
                return false;
            }
            _ => {}
        }
        self.0.insert(holder, level);
        true
    }

    /// Lets go of what is stronger than this.
    pub(crate) fn lower(&mut self, holder: Holder, level: Level) {
        if level == Level::None {
            self.0.remove(&holder);
        } else if self.own(holder) > level {
            self.0.insert(holder, level);
        }
    }

    pub(crate) fn is_reserved(&self) -> bool {
        self.0.values().any(|level| *level >= Level::Reserved)
    }
}

/// Locks on the eight slots of a log's index, as bit masks (<https://sqlite.org/walformat.html#locks>).
#[derive(Debug, Default)]
pub(crate) struct SlotLocks(BTreeMap<Holder, Slots>);

#[derive(Clone, Copy, Debug, Default)]
struct Slots {
    shared: u8,
    exclusive: u8,
}

impl SlotLocks {
    /// Takes the slots of a mask, all or none.
    pub(crate) fn take(&mut self, holder: Holder, mask: u8, exclusive: bool) -> bool {
        let others = self.0.iter().filter(|(other, _)| **other != holder).map(|(_, slots)| slots);
        let taken = others.fold(0, |taken, slots| taken | slots.exclusive | if exclusive { slots.shared } else { 0 });
        if taken & mask != 0 {
            return false;
        }
        let own = self.0.entry(holder).or_default();
        if exclusive {
            own.exclusive |= mask;
        } else {
            own.shared |= mask;
        }
        true
    }

    pub(crate) fn release(&mut self, holder: Holder, mask: u8) {
        if let Some(own) = self.0.get_mut(&holder) {
            own.shared &= !mask;
            own.exclusive &= !mask;
        }
    }

    pub(crate) fn forget(&mut self, holder: Holder) {
        self.0.remove(&holder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_writes_when_nobody_reads() {
        let mut locks = FileLocks::default();
        assert!(locks.take(1, Level::Shared) && locks.take(2, Level::Shared));
        assert!(locks.take(1, Level::Reserved) && !locks.take(2, Level::Reserved));
        assert!(!locks.take(1, Level::Exclusive), "the other one still reads");
        assert!(!locks.take(3, Level::Shared), "and nobody new may");
        locks.lower(2, Level::None);
        assert!(locks.take(1, Level::Exclusive) && locks.is_reserved());
        locks.lower(1, Level::Shared);
        assert!(locks.take(3, Level::Shared) && !locks.is_reserved());
    }

    #[test]
    fn slots_are_shared_or_one_connections_own() {
        let mut locks = SlotLocks::default();
        assert!(locks.take(1, 0b0110, false) && locks.take(2, 0b0010, false));
        assert!(!locks.take(2, 0b0011, true), "all or none");
        assert!(locks.take(3, 0b0001, true) && !locks.take(1, 0b0001, false));
        locks.release(1, 0b0110);
        assert!(!locks.take(3, 0b0010, true) && locks.take(3, 0b0100, true));
        locks.forget(2);
        assert!(locks.take(3, 0b0010, true));
    }
}
