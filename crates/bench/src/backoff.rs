//! How clients of ours wait before they come back: what `web/api/src/backoff.ts` does, so that what is measured is what
//! people see.
//!
//! - After a lost connection: `min(30 s, 500 ms · 2^attempt) · random`, all of it random.
//! - Where the server named a wait: `wait + min(wait, 5 s) · random` (of one second where it named none), never earlier.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);
const SPREAD: Duration = Duration::from_secs(5);
/// The wait that stands in where the server named one of nothing.
const MOMENT: Duration = Duration::from_secs(1);

/// A connection that lived this long was a good one: the next attempt after it is the first again.
pub(crate) const STEADY_AFTER: Duration = Duration::from_secs(5);
/// A connection that is not open by then is given up.
pub(crate) const OPEN_WITHIN: Duration = Duration::from_secs(5);
/// So is one on which a question has no answer by then.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Wait before the attempt with this number, from 0. `random` lies between 0 and 1.
pub(crate) fn backoff(attempt: u32, random: f64) -> Duration {
    // Beyond the sixth, the bound is the longest wait anyway.
    FIRST.saturating_mul(1 << attempt.min(16)).min(LONGEST).mul_f64(random)
}

/// Wait where the server named one.
pub(crate) fn after_server(wait: Duration, random: f64) -> Duration {
    let spread = if wait.is_zero() { MOMENT } else { wait.min(SPREAD) };
    wait + spread.mul_f64(random)
}

/// Chance that a run repeats: the same number throws the same (xorshift).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(number: usize) -> Self {
        // Neighbours shall not throw alike, and nothing but zero stays at zero.
        Self((number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// From 0 to 1.
    pub(crate) fn share(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // 53 bits are what a float of this size holds.
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_bounded_by_what_doubles_from_half_a_second_to_thirty() {
        let longest = [0, 1, 2, 3, 4, 5, 6, 7, 5000].map(|attempt| backoff(attempt, 1.0).as_millis());
        assert_eq!(longest, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
        assert_eq!(backoff(9, 0.0), Duration::ZERO);
    }

    #[test]
    fn nobody_comes_earlier_than_the_server_asked() {
        let millis = |wait, random| after_server(Duration::from_millis(wait), random).as_millis();
        assert_eq!(
            [millis(2000, 0.0), millis(2000, 1.0), millis(60_000, 1.0), millis(0, 1.0)],
            [2000, 4000, 65_000, 1000]
        );
    }

    #[test]
    fn clients_are_spread_evenly() {
        let mut tenths = [0; 10];
        for client in 0..10_000 {
            tenths[(Dice::new(client).share() * 10.0) as usize] += 1;
        }
        assert!(tenths.iter().all(|count| (850..1150).contains(count)), "{tenths:?}");
    }
}
