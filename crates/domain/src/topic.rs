//! What conversations are about: each organisation has its own topics, and a conversation may have several.

use crate::bits::bit_set;

bit_set! {
    /// A topic of an organisation, by its number.
    TopicNumber,
    /// Topics of an organisation: each has a number below [`Topics::MOST`].
    Topics
}

impl Topics {
    /// Those of both.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Those that are not among the others.
    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many there are.
    pub const fn count(self) -> usize {
        self.0.count_ones() as usize
    }
}
