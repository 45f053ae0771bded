//! The only place where the time of day comes from. Tests own the clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A moment: microseconds of UTC since 1970, as stored and as sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This moment and `span` more; saturates.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(micros(span)))
    }

    /// This moment less `span`; saturates.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(micros(span)))
    }

    /// The beginning of its day.
    #[must_use]
    pub const fn day(self) -> Self {
        const DAY: i64 = 24 * 3600 * 1_000_000;
        Self(self.0.div_euclid(DAY) * DAY)
    }

    /// As everybody writes it (RFC 3339). Days are counted from the first of March, so that a leap day is the last of its year.
    pub fn utc(self) -> String {
        let (seconds, micros) = (self.0.div_euclid(1_000_000), self.0.rem_euclid(1_000_000));
        let (days, second) = (seconds.div_euclid(86_400) + 719_468, seconds.rem_euclid(86_400));
        let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march = (5 * day_of_year + 2) / 153;
        let (day, month) = (day_of_year - (153 * march + 2) / 5 + 1, if march < 10 { march + 3 } else { march - 9 });
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// Now, in UTC.
    fn now(&self) -> Timestamp;

    /// Is told what time it is where all nodes meet, and how long the question took. A clock that others set, or that
    /// nobody shares, need not listen.
    /// Says how far off it was.
    fn agree(&self, _theirs: Timestamp, _asked_for: Duration) -> Duration {
        Duration::ZERO
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that may ask for the time of day")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(micros(since))
    }
}

/// Below this a difference is left as it is: two answers may have been under way for differently long.
const SAME: Duration = Duration::from_millis(50);

/// The clock of a node among others: its machine's until it is first told the time where they meet, and from then on that
/// time and what has passed since. A machine whose clock is a day off, or is set while it runs, ends nothing early.
#[derive(Debug)]
pub struct CommonClock<C> {
    own: C,
    told: Mutex<Option<(Timestamp, Instant)>>,
}

impl<C: Clock> CommonClock<C> {
    /// Until it is told better, the time of `own`.
    pub const fn over(own: C) -> Self {
        Self { own, told: Mutex::new(None) }
    }

    fn told(&self) -> Option<Timestamp> {
        let told = *self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.map(|(at, since)| at.plus(since.elapsed()))
    }
}

impl<C: Clock> Clock for CommonClock<C> {
    fn now(&self) -> Timestamp {
        self.told().unwrap_or_else(|| self.own.now())
    }

    fn agree(&self, theirs: Timestamp, asked_for: Duration) -> Duration {
        // Read somewhere between the question and now: half the way is off by half of it at most.
        let (now, doubt) = (theirs.plus(asked_for / 2), asked_for / 2);
        if self.told().is_some_and(|known| known.0.abs_diff(now.0) <= micros(doubt + SAME).unsigned_abs()) {
            return Duration::ZERO;
        }
        let off_by = Duration::from_micros(self.now().0.abs_diff(now.0));
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, Instant::now()));
        off_by
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Stands at `start`.
    pub const fn at(start: Timestamp) -> Self {
        Self(AtomicI64::new(start.0))
    }

    /// Moves on by `span`.
    pub fn advance(&self, span: Duration) {
        self.0.fetch_add(micros(span), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);
    const NOON: Timestamp = Timestamp(1_767_268_800_000_000);

    fn about(clock: &impl Clock, expected: Timestamp) -> bool {
        clock.now().0.abs_diff(expected.0) < 1_000_000
    }

    #[test]
    fn times_are_written_as_everybody_writes_them() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400, "2000-02-29T00:00:00.000000Z"),
            (1_767_225_600, "2026-01-01T00:00:00.000000Z"),
            (4_107_542_399, "2100-02-28T23:59:59.000000Z"),
            (-1, "1969-12-31T23:59:59.000000Z"),
        ] {
            assert_eq!(Timestamp(seconds * 1_000_000).utc(), text);
        }
        assert_eq!(Timestamp(1).utc(), "1970-01-01T00:00:00.000001Z");
    }

    #[test]
    fn a_machine_that_is_a_day_off_tells_the_common_time_once_it_knows_it() {
        let clock = CommonClock::over(ManualClock::at(NOON.plus(DAY)));
        assert_eq!(clock.now(), NOON.plus(DAY), "nobody has told it better");
        clock.agree(NOON, Duration::from_millis(2));
        assert!(about(&clock, NOON));
        clock.own.advance(DAY);
        assert!(about(&clock, NOON), "whoever sets the machine's clock sets nothing else");
    }

    #[test]
    fn answers_that_took_their_time_do_not_make_it_jump() {
        let clock = CommonClock::over(ManualClock::at(NOON));
        clock.agree(NOON, Duration::ZERO);
        let before = clock.now();
        clock.agree(before.minus(Duration::from_millis(200)), Duration::from_millis(500));
        assert!(clock.now() >= before, "200 ms is what the answer's way may have taken");
        clock.agree(NOON.plus(DAY), Duration::from_millis(500));
        assert!(about(&clock, NOON.plus(DAY)), "a day is not");
    }
}
