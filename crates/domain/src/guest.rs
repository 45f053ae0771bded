//! Colleagues who were asked into a conversation that need not be in their reach.

use crate::OperatorId;

/// Who was asked in, in the order of their coming. A handful: who needs more is looking for a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guests {
    /// The first `count` are somebody; what lies behind is always the same, so that equal sets are equal.
    ids: [OperatorId; Self::MOST],
    count: u8,
}

impl Default for Guests {
    fn default() -> Self {
        Self { ids: [OperatorId(0); Self::MOST], count: 0 }
    }
}

impl Guests {
    /// How many a conversation may have.
    pub const MOST: usize = 8;

    /// Who they are.
    pub fn iter(&self) -> impl Iterator<Item = OperatorId> + '_ {
        self.ids.iter().copied().take(usize::from(self.count))
    }

    /// Whether somebody is among them.
    pub fn contain(&self, one: OperatorId) -> bool {
        self.iter().any(|guest| guest == one)
    }

    /// Whether nobody was asked in.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether nobody else can be asked in.
    pub const fn are_full(&self) -> bool {
        self.count as usize == Self::MOST
    }

    /// With one more, where they are not among them and there is room.
    #[must_use]
    pub fn with(self, one: OperatorId) -> Self {
        if self.contain(one) { self } else { self.iter().chain([one]).collect() }
    }

    /// Without one.
    #[must_use]
    pub fn without(self, one: OperatorId) -> Self {
        self.iter().filter(|guest| *guest != one).collect()
    }
}

/// The first [`Guests::MOST`] of them.
impl FromIterator<OperatorId> for Guests {
    fn from_iter<I: IntoIterator<Item = OperatorId>>(all: I) -> Self {
        let mut guests = Self::default();
        for (place, one) in guests.ids.iter_mut().zip(all) {
            *place = one;
            guests.count += 1;
        }
        guests
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guests(numbers: &[i64]) -> Guests {
        numbers.iter().copied().map(OperatorId).collect()
    }

    #[test]
    fn whoever_comes_and_goes_leaves_the_others_where_they_were() {
        let three = guests(&[5, 3, 9]);
        assert_eq!(three.with(OperatorId(3)), three, "nobody comes twice");
        assert_eq!(three.with(OperatorId(1)), guests(&[5, 3, 9, 1]));
        assert_eq!(three.without(OperatorId(3)), guests(&[5, 9]));
        assert_eq!(three.without(OperatorId(4)), three);
        assert_eq!(guests(&[7]).without(OperatorId(7)), Guests::default());
        assert!(three.contain(OperatorId(9)) && !three.contain(OperatorId(0)) && Guests::default().is_empty());
    }

    #[test]
    fn nobody_is_pushed_out_by_who_comes_when_it_is_full() {
        let full = guests(&[1, 2, 3, 4, 5, 6, 7, 8]);
        assert!(full.are_full() && !full.without(OperatorId(1)).are_full());
        assert_eq!(full.with(OperatorId(9)), full);
    }
}
