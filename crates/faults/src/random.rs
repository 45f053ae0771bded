//! A sequence that looks random and is the same for the same seed: a run that failed can be run again.

/// SplitMix64 (Steele, Lea, Flood 2014): one addition and a mix.
#[derive(Debug)]
pub struct Sequence(u64);

impl Sequence {
    /// The one of a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is at least 1.
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Heads or tails.
    pub const fn coin(&mut self) -> bool {
        self.below(2) == 0
    }
}
