//! How many messages one visitor may send, however many sockets they open: a bucket of tokens that fills over time.

use std::time::{Duration, Instant};

/// A token bucket.
pub(crate) struct Bucket {
    tokens: f64,
    burst: f64,
    rate: f64,
    since: Instant,
}

impl Bucket {
    /// Full, with `burst` tokens, refilled at `rate` a second.
    pub(super) fn new(rate: f64, burst: u32) -> Self {
        Self { tokens: f64::from(burst), burst: f64::from(burst), rate, since: Instant::now() }
    }

    /// Takes one token, or says how long to wait for it.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let passed = now.saturating_duration_since(self.since).as_secs_f64();
        self.since = now;
        self.tokens = (self.tokens + passed * self.rate).min(self.burst);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.tokens) / self.rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let mut bucket = Bucket::new(5.0, 20);
        let start = bucket.since;
        assert_eq!((0..30).filter(|_| bucket.take(start).is_ok()).count(), 20);
        let wait = bucket.take(start).unwrap_err();
        assert!((0.19..0.21).contains(&wait.as_secs_f64()), "{wait:?}");
        assert_eq!((0..30).filter(|_| bucket.take(start + Duration::from_secs(1)).is_ok()).count(), 5);
    }
}
