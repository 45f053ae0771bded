//! What looks like chance and is the seed's.

use std::cell::RefCell;
use std::ops::Range;
use std::time::Duration;

use faults::Sequence;

/// A source of chance of its own: what one draws moves nobody else's.
#[derive(Debug)]
pub(super) struct Chance(RefCell<Sequence>);

impl Chance {
    /// One for a seed and a purpose.
    pub(super) fn new(seed: u64, purpose: u64) -> Self {
        let mut mixed = Sequence::new(seed ^ purpose.wrapping_mul(0xd6e8_feb8_6659_fd93));
        Self(RefCell::new(Sequence::new(mixed.below(u64::MAX))))
    }

    /// A number within.
    pub(super) fn within(&self, range: Range<u64>) -> u64 {
        range.start + self.0.borrow_mut().below(range.end - range.start)
    }

    /// Whether something of this likelihood happens.
    pub(super) fn percent(&self, likely: u64) -> bool {
        self.0.borrow_mut().below(100) < likely
    }

    /// Milliseconds within.
    pub(super) fn millis(&self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.within(range))
    }

    /// One of them; there must be one.
    pub(super) fn of<'a, T>(&self, all: &'a [T]) -> &'a T {
        &all[self.within(0..all.len() as u64) as usize]
    }

    /// Sixteen hex digits.
    pub(super) fn sender(&self) -> String {
        format!("{:016x}", self.within(0..u64::MAX))
    }

    /// Waits as clients do: doubling from half a second to half a minute, the upper half by chance.
    pub(super) fn backoff(&self, attempt: u32) -> Duration {
        let whole = 500_u64.saturating_mul(1 << attempt.min(10)).min(30_000);
        Duration::from_millis(whole / 2 + self.within(0..whole / 2))
    }
}
