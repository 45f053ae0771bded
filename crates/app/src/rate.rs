//! How often one source may ask for something: buckets of tokens that fill over time, one for each source. Kept in memory
//! only, and only so many: who has not asked for a lease's time has a full bucket, and a full bucket need not be kept.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::leased::{Held, Leased};

/// Where a request comes from: a number that stands for a network address, made with a key that this process drew and
/// tells nobody. It is good for counting and for nothing else.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Source(u64);

impl Source {
    /// From the keyed hash of an address.
    pub const fn new(hash: u64) -> Self {
        Self(hash)
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Source")
    }
}

/// Where a visitor comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whereabouts {
    /// Their address: what one household or company has.
    pub address: Source,
    /// The network around it, where somebody can have as many addresses of it as they like.
    pub network: Option<Source>,
}

/// So many over time, and so many at once. Filling up takes a [`LEASE`](domain::limits::LEASE) at most, or the end of the
/// lease would forgive what is owed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// A second.
    pub each_second: f64,
    /// At once.
    pub burst: u32,
}

impl Rate {
    /// So many a second, and as many at once as in so many seconds.
    pub const fn each_second(number: u32, seconds_at_once: u32) -> Self {
        Self { each_second: number as f64, burst: number.saturating_mul(seconds_at_once) }
    }

    /// So many a minute, and all of them at once.
    pub const fn each_minute(number: u32) -> Self {
        Self { each_second: number as f64 / 60.0, burst: number }
    }

    /// The same so many times.
    pub const fn times(self, number: u32) -> Self {
        Self { each_second: self.each_second * number as f64, burst: self.burst.saturating_mul(number) }
    }
}

/// A token bucket.
pub(crate) struct Bucket {
    tokens: f64,
    rate: Rate,
    since: Instant,
}

impl Bucket {
    /// A full one.
    pub(crate) fn new(rate: Rate) -> Self {
        Self { tokens: f64::from(rate.burst), rate, since: Instant::now() }
    }

    /// Takes one token, or says how long to wait for it.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let passed = now.saturating_duration_since(self.since).as_secs_f64();
        self.since = self.since.max(now);
        self.tokens = (self.tokens + passed * self.rate.each_second).min(f64::from(self.rate.burst));
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.tokens) / self.rate.each_second))
    }
}

/// A source's bucket, for whoever asks again and again.
#[derive(Clone)]
pub struct Turns(Arc<Mutex<Bucket>>);

impl Held for Turns {
    fn is_held(&self) -> bool {
        self.0.is_held()
    }
}

impl Turns {
    /// A bucket that nobody shares.
    pub fn alone(rate: Rate) -> Self {
        Self(Arc::new(Mutex::new(Bucket::new(rate))))
    }

    /// Takes one token.
    ///
    /// # Errors
    /// The time until there is one.
    pub fn take(&self) -> Result<(), Duration> {
        self.0.lock().take(Instant::now())
    }
}

/// A bucket for every source.
pub struct Rates<K> {
    rate: Rate,
    buckets: Leased<K, Turns>,
}

impl<K: Hash + Eq> Rates<K> {
    /// The same rate for every source; about `most` of them are counted at once, besides those whose bucket is held.
    pub fn new(rate: Rate, most: usize) -> Self {
        Self { rate, buckets: Leased::new(most) }
    }

    /// A source's bucket. Whoever holds one shares it with everybody who asks for it meanwhile.
    pub fn of(&self, source: K) -> Turns {
        self.buckets.share(source, || Turns::alone(self.rate))
    }

    /// Takes one token of a source's.
    ///
    /// # Errors
    /// The time until there is one.
    pub fn take(&self, source: K) -> Result<(), Duration> {
        self.of(source).take()
    }

    /// Forgets whoever has not asked for a lease's time, and whose bucket nobody holds.
    pub fn wipe_expired(&self) {
        self.buckets.wipe_unheld();
    }
}

#[cfg(test)]
mod tests {
    use domain::limits::LEASE;

    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let mut bucket = Bucket::new(Rate { each_second: 5.0, burst: 20 });
        let start = bucket.since;
        assert_eq!((0..30).filter(|_| bucket.take(start).is_ok()).count(), 20);
        let wait = bucket.take(start).unwrap_err();
        assert!((0.19..0.21).contains(&wait.as_secs_f64()), "{wait:?}");
        assert_eq!((0..30).filter(|_| bucket.take(start + Duration::from_secs(1)).is_ok()).count(), 5);
    }

    #[test]
    fn sources_do_not_take_from_each_other() {
        let rates = Rates::new(Rate::each_minute(2), 1024);
        let passed = |source: u64| (0..5).filter(|_| rates.take(Source::new(source)).is_ok()).count();
        assert_eq!((passed(1), passed(2), passed(1)), (2, 2, 0));
    }

    #[test]
    fn a_crowd_of_sources_takes_no_more_memory_than_the_bound() {
        let rates = Rates::new(Rate::each_minute(1), 64);
        assert!((0..10_000_u64).all(|source| rates.take(source).is_ok()));
        assert!(rates.buckets.held() <= 64, "{}", rates.buckets.held());
    }

    #[test]
    fn two_sockets_of_one_visitor_share_what_they_may_send_however_long_they_live() {
        let rates = Rates::new(Rate::each_minute(3), 1024);
        let first = rates.of("visitor");
        assert!((0..3).all(|_| first.take().is_ok()));
        rates.buckets.age(LEASE * 2);
        assert!(rates.of("visitor").take().is_err(), "a socket that comes later");
        rates.buckets.age(LEASE * 2);
        rates.wipe_expired();
        assert!(rates.of("visitor").take().is_err(), "after the wiping");
        rates.buckets.age(LEASE * 2);
        rates.wipe_expired();
        drop(first);
        rates.wipe_expired();
        assert!(rates.of("visitor").take().is_err(), "the lease begins when nobody holds it");
        rates.buckets.age(LEASE * 2);
        rates.wipe_expired();
        assert!(rates.of("visitor").take().is_ok(), "and ends");
    }

    #[test]
    fn a_crowd_does_not_drive_out_a_bucket_that_is_held() {
        let rates = Rates::new(Rate::each_minute(1), 64);
        let held: Vec<Turns> = (0..200_u64).map(|source| rates.of(source)).collect();
        assert!(held.iter().all(|turns| turns.take().is_ok()));
        (1000..10_000_u64).for_each(|source| drop(rates.of(source)));
        assert!((0..200).all(|source| rates.take(source).is_err()), "all are as empty as they were");
        assert!((200..=264).contains(&rates.buckets.held()), "{}", rates.buckets.held());
        drop(held);
        (10_000..20_000_u64).for_each(|source| drop(rates.of(source)));
        assert!(rates.buckets.held() <= 64, "{}", rates.buckets.held());
    }

    #[test]
    fn a_source_shows_nothing_of_itself() {
        assert_eq!(format!("{:?}", Source::new(4711)), "Source");
    }
}
