//! What is to go wrong, and when; and how often what was done.

use std::time::Duration;

/// What SQLite asks of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Reads.
    Read,
    /// Writes, and cuts to a length.
    Write,
    /// Waits until everything is on stable storage.
    Sync,
    /// A write or a sync: whatever a crash can come before.
    Change,
}

/// Which files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    /// All, journals too.
    All,
    /// The database itself.
    Main,
    /// Its write-ahead log, `-wal`.
    Log,
}

/// Which of the operations that match; counted from 1, and from when the rule was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// This one.
    Once(u64),
    /// This one and all after it.
    From(u64),
    /// Every so many.
    Every(u64),
}

impl When {
    const fn strikes(self, count: u64) -> bool {
        match self {
            Self::Once(nth) => count == nth,
            Self::From(nth) => count >= nth,
            Self::Every(step) => step > 0 && count.is_multiple_of(step),
        }
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The device fails (EIO). Of a write, a part may have been done.
    Io,
    /// There is no room (ENOSPC). Of a write, a part may have been done. A sync tells SQLite the same as for [`Fault::Io`].
    Full,
    /// A read gets half of what it asked for, the rest reads as zeros. Other operations take it for [`Fault::Io`].
    Short,
    /// It takes so long, and then goes well.
    Stall(Duration),
    /// A sync says that it is done and keeps nothing, as hardware does that lies. Other operations are done.
    Lie,
    /// The disk crashes before it: see [`Disk::crash`](crate::Disk::crash).
    Crash,
}

/// One thing that is to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What fails.
    pub operation: Operation,
    /// On which files.
    pub files: Files,
    /// Which time.
    pub when: When,
    /// How.
    pub fault: Fault,
}

/// A file as rules see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Main,
    Log,
    Other,
}

impl Files {
    const fn covers(self, kind: Kind) -> bool {
        match self {
            Self::All => true,
            Self::Main => matches!(kind, Kind::Main),
            Self::Log => matches!(kind, Kind::Log),
        }
    }
}

impl Operation {
    fn covers(self, done: Self) -> bool {
        self == done || (self == Self::Change && done != Self::Read)
    }
}

/// The rules in force, and the count of what was done.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    rules: Vec<(Rule, u64)>,
    done: Vec<((Operation, Kind), u64)>,
    struck: u64,
}

impl Plan {
    pub(crate) fn add(&mut self, rule: Rule) {
        self.rules.push((rule, 0));
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(crate) const fn struck(&self) -> u64 {
        self.struck
    }

    pub(crate) fn count(&self, operation: Operation, files: Files) -> u64 {
        let counted = self.done.iter().filter(|((done, kind), _)| operation.covers(*done) && files.covers(*kind));
        counted.map(|(_, count)| count).sum()
    }

    /// Counts an operation and says what goes wrong with it. Of several rules that strike, the first one given.
    pub(crate) fn note(&mut self, operation: Operation, kind: Kind) -> Option<Fault> {
        match self.done.iter_mut().find(|(done, _)| *done == (operation, kind)) {
            Some((_, count)) => *count += 1,
            None => self.done.push(((operation, kind), 1)),
        }
        let mut fault = None;
        for (rule, count) in &mut self.rules {
            if rule.operation.covers(operation) && rule.files.covers(kind) {
                *count += 1;
                if rule.when.strikes(*count) && fault.is_none() {
                    fault = Some(rule.fault);
                }
            }
        }
        self.struck += u64::from(fault.is_some());
        fault
    }
}
