//! What slows guessing at passwords and codes down without locking anybody out (SB4).
//!
//! Wrong guesses are counted by who could have made them: an account from an address, an address, its network, an account
//! from wherever. Each has some for free; after that the wait doubles up to a limit. A browser that its owner has signed in
//! with before is counted for itself alone, so that whoever guesses elsewhere, from however many addresses, does not touch
//! the one they guess at. What is refused is not counted, or guessing on would prolong the wait of others.
//!
//! Of an account's guesses a share is for addresses that have not guessed at it yet, or once: however long a few of them keep
//! guessing, whoever comes with a browser and an address of their own gets their first tries. The share fills by one every half
//! minute, so whoever has sixty fresh addresses an hour can still use it up, and guesses three thousand times a day at most,
//! where passwords that are tried first cannot be set. Against that a known browser helps, or a passkey.
//!
//! In memory only, by keyed hashes. Known and unknown accounts are counted alike (SA1).

use std::num::NonZeroUsize;
use std::time::Duration;

use domain::OperatorId;
use domain::limits::{GUESSERS, STEP_TRIES};
use lru::LruCache;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::rate::{Source, Whereabouts};
use crate::{Error, Result};

/// Guesses are forgotten so long after the last one.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);
/// So often may be guessed at an account from an address before it counts as one that guesses.
const NEW: u32 = 2;
/// How soon an account's share for new addresses fills by one guess.
const SHARE_EVERY: Duration = Duration::from_secs(30);
/// How many guesses it holds.
const SHARE: u32 = 30;

/// Who may have guessed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Guesser {
    /// Somebody at an address, at an account.
    Pair([u8; 32], Source),
    /// Somebody at an address, at whichever account.
    Address(Source),
    /// Somebody in a network of many addresses.
    Network(Source),
    /// Whoever, at an account.
    Account([u8; 32]),
    /// Those at an account who are new there: asked instead of [`Account`](Self::Account).
    New([u8; 32]),
    /// A browser that is known, at an account.
    Device([u8; 32], [u8; 32]),
    /// Whoever knows the password of an operator, at their second factor.
    Code(OperatorId),
    /// The same in a browser that is known: a right password says nothing of the codes before it.
    DeviceCode([u8; 32], [u8; 32]),
    /// Whoever holds a session, at its operator's password.
    Own(OperatorId),
    /// The same at the second factor.
    OwnCode(OperatorId),
    /// One second step.
    Step([u8; 16]),
}

impl Guesser {
    /// Guesses for free, and the longest wait after each further one.
    const fn allowance(&self) -> (u32, Duration) {
        match self {
            Self::Pair(..)
            | Self::Device(..)
            | Self::Code(_)
            | Self::DeviceCode(..)
            | Self::Own(_)
            | Self::OwnCode(_) => (10, Duration::from_secs(15 * 60)),
            // Many people share an address, and everybody an account's: short waits still leave a guesser one a minute.
            Self::Address(_) => (60, MINUTE),
            Self::Network(_) => (240, MINUTE),
            Self::Account(_) => (30, MINUTE),
            // Counted by time alone.
            Self::New(_) => (u32::MAX, Duration::ZERO),
            // Longer than it lives.
            Self::Step(_) => (STEP_TRIES, FORGOTTEN_AFTER),
        }
    }

    /// Whoever guesses at an account from there.
    pub(super) fn at(account: [u8; 32], from: Whereabouts) -> Vec<Self> {
        let near = [Self::Pair(account, from.address), Self::Address(from.address)];
        let all = [Self::Account(account), Self::New(account)];
        near.into_iter().chain(from.network.map(Self::Network)).chain(all).collect()
    }

    /// Whether one right guess says that the wrong ones before it were the same person's.
    const fn is_one_person(&self) -> bool {
        !matches!(self, Self::Address(_) | Self::Network(_))
    }
}

struct Count {
    wrong: u32,
    /// Of a share: when it will be full again.
    last: Instant,
}

impl Count {
    /// How often somebody guessed that is not forgotten.
    fn recent(&self, now: Instant) -> u32 {
        if now.duration_since(self.last) > FORGOTTEN_AFTER { 0 } else { self.wrong }
    }

    /// How long they wait for the next guess.
    fn wait(&self, guesser: &Guesser, now: Instant) -> Duration {
        match guesser {
            Guesser::New(_) => self.last.duration_since(now).saturating_sub(SHARE_EVERY * (SHARE - 1)),
            _ => (self.last + wait(guesser, self.wrong)).duration_since(now),
        }
    }
}

/// The counters of one process.
pub(crate) struct Brake(Mutex<LruCache<Guesser, Count>>);

impl Default for Brake {
    fn default() -> Self {
        // Unbounded inside, so that memory is taken as entries come and not at start; bounded by `resize`.
        let mut counts = LruCache::unbounded();
        counts.resize(NonZeroUsize::new(GUESSERS).unwrap_or(NonZeroUsize::MIN));
        Self(Mutex::new(counts))
    }
}

impl Brake {
    /// Lets a guess be made, and counts it as a wrong one until [`right`](Self::right) says otherwise: of many at once, none
    /// slips through.
    ///
    /// # Errors
    /// [`Error::RateLimited`] with the time until it may be made.
    pub(super) fn begin(&self, guessers: &[Guesser]) -> Result<()> {
        let (mut counts, now) = (self.0.lock(), Instant::now());
        let is_new = guessers.iter().any(|guesser| {
            matches!(guesser, Guesser::Pair(..)) && counts.peek(guesser).is_none_or(|count| count.recent(now) < NEW)
        });
        let is_asked = |guesser: &&Guesser| match guesser {
            Guesser::Account(_) => !is_new,
            Guesser::New(_) => is_new,
            _ => true,
        };
        let asked = guessers.iter().filter(is_asked);
        let wait = asked.filter_map(|guesser| Some(counts.peek(guesser)?.wait(guesser, now))).max();
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            return Err(Error::RateLimited(wait));
        }
        for guesser in guessers {
            let is_share = matches!(guesser, Guesser::New(_));
            if is_share && !is_new {
                continue;
            }
            let count = counts.get_or_insert_mut(*guesser, || Count { wrong: 0, last: now });
            let last = if is_share { count.last.max(now) + SHARE_EVERY } else { now };
            *count = Count { wrong: count.recent(now).saturating_add(1), last };
        }
        Ok(())
    }

    /// The guess was right.
    pub(super) fn right(&self, guessers: &[Guesser]) {
        self.undo(guessers, Guesser::is_one_person);
    }

    /// It was not found out whether the guess was right.
    pub(super) fn forgive(&self, guessers: &[Guesser]) {
        self.undo(guessers, |_| false);
    }

    fn undo(&self, guessers: &[Guesser], is_cleared: impl Fn(&Guesser) -> bool) {
        let mut counts = self.0.lock();
        let was_new = guessers.iter().any(|guesser| {
            matches!(guesser, Guesser::Pair(..)) && counts.peek(guesser).is_some_and(|count| count.wrong <= NEW)
        });
        for guesser in guessers {
            if is_cleared(guesser) {
                counts.pop(guesser);
            } else if let Some(count) = counts.peek_mut(guesser) {
                count.wrong = count.wrong.saturating_sub(1);
                if matches!(guesser, Guesser::New(_)) && was_new {
                    count.last = count.last.checked_sub(SHARE_EVERY).unwrap_or(count.last);
                }
            }
        }
    }

    /// Forgets whoever has not guessed for a while.
    pub(crate) fn wipe_expired(&self) {
        let (mut counts, now) = (self.0.lock(), Instant::now());
        let is_over = |(guesser, count): (&Guesser, &Count)| match guesser {
            Guesser::New(_) => count.last <= now,
            _ => now.duration_since(count.last) > FORGOTTEN_AFTER,
        };
        // The last used stands last: behind one that is fresh, all are.
        while counts.peek_lru().is_some_and(is_over) {
            counts.pop_lru();
        }
    }
}

/// The wait after so many wrong guesses.
fn wait(guesser: &Guesser, wrong: u32) -> Duration {
    let (free, longest) = guesser.allowance();
    match wrong.checked_sub(free) {
        None => Duration::ZERO,
        Some(_) if matches!(guesser, Guesser::Step(_)) => longest,
        Some(more) => Duration::from_secs(1 << more.min(20)).min(longest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: [u8; 32] = [1; 32];
    const BEN: [u8; 32] = [2; 32];

    fn from(address: u64) -> Whereabouts {
        Whereabouts { address: Source::new(address), network: None }
    }

    /// How many of these guesses are let through.
    fn passed(brake: &Brake, guesses: impl IntoIterator<Item = Vec<Guesser>>) -> usize {
        guesses.into_iter().filter(|guessers| brake.begin(guessers).is_ok()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn guesses_get_slower_and_slower_and_a_right_one_ends_it() {
        let (brake, anna) = (Brake::default(), Guesser::at(ANNA, from(1)));
        assert_eq!(passed(&brake, vec![anna.clone(); 50]), 10);
        let wait = async |seconds| tokio::time::advance(Duration::from_secs(seconds)).await;
        wait(1).await;
        assert_eq!(passed(&brake, vec![anna.clone(); 50]), 1, "a second for the first one too many");
        wait(1).await;
        assert_eq!(passed(&brake, vec![anna.clone(); 50]), 0, "two for the second");
        wait(1).await;
        assert_eq!(passed(&brake, vec![anna.clone(); 50]), 1);
        wait(4).await;
        brake.begin(&anna).unwrap();
        brake.right(&anna);
        assert_eq!(passed(&brake, vec![anna.clone(); 50]), 10);
        wait(3601).await;
        assert_eq!(passed(&brake, vec![anna.clone(); 50]), 10, "an hour later all is forgotten");
        wait(3601).await;
        brake.wipe_expired();
        assert_eq!(brake.0.lock().len(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_day_of_guessing_from_one_address_tries_few_passwords() {
        let (brake, anna) = (Brake::default(), Guesser::at(ANNA, from(1)));
        let mut tried = 0;
        for _ in 0..24 * 3600 {
            tried += passed(&brake, vec![anna.clone(); 2]);
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert!((100..130).contains(&tried), "{tried}");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_guesses_at_one_account_from_one_address_hinders_nobody_else() {
        let brake = Brake::default();
        assert_eq!(passed(&brake, vec![Guesser::at(ANNA, from(1)); 1000]), 10);
        assert!(brake.begin(&Guesser::at(ANNA, from(2))).is_ok(), "its owner elsewhere, with a new browser");
        assert!(brake.begin(&Guesser::at(BEN, from(1))).is_ok(), "somebody at the same address");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_guesses_from_everywhere_is_slowed_down_and_a_known_browser_is_not() {
        let brake = Brake::default();
        let everywhere = (0..1000).map(|address| Guesser::at(ANNA, from(address)));
        assert_eq!(passed(&brake, everywhere), 30);
        assert!(brake.begin(&[Guesser::Device([7; 32], ANNA)]).is_ok());
        tokio::time::advance(MINUTE).await;
        assert!(brake.begin(&Guesser::at(ANNA, from(5000))).is_ok(), "nor is anybody locked out for longer");
    }

    #[tokio::test(start_paused = true)]
    async fn a_few_addresses_that_never_stop_keep_no_new_browser_out() {
        let brake = Brake::default();
        let mut refused = Vec::new();
        for second in 0..4 * 3600 {
            for address in 0..15 {
                let _ = brake.begin(&Guesser::at(ANNA, from(address)));
            }
            // Each time somewhere else, where a wrong key is hit once.
            if second % 600 == 599 {
                for _ in 0..2 {
                    refused.extend(
                        brake.begin(&Guesser::at(ANNA, from(1000 + second))).err().map(|error| (second, error)),
                    );
                }
            }
            for address in 0..15 {
                let _ = brake.begin(&Guesser::at(ANNA, from(address)));
            }
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(refused, []);
    }

    #[tokio::test(start_paused = true)]
    async fn a_day_of_guessing_from_ever_new_addresses_tries_few_passwords() {
        let (brake, mut tried) = (Brake::default(), 0);
        for second in 0..24 * 3600 {
            let old = Guesser::at(ANNA, from(second / 3600));
            tried += passed(&brake, [Guesser::at(ANNA, from(10_000 + second)), old]);
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert!((2_800..3_000).contains(&tried), "{tried}");
    }

    #[tokio::test(start_paused = true)]
    async fn one_address_tries_few_accounts_and_its_own_right_guesses_are_no_excuse() {
        let brake = Brake::default();
        let account = |number: u16| {
            let mut account = [0; 32];
            account[..2].copy_from_slice(&number.to_be_bytes());
            account
        };
        let (mut tried, own) = (0, Guesser::at(BEN, from(1)));
        for number in 0..1000 {
            tried += passed(&brake, [Guesser::at(account(number), from(1))]);
            if brake.begin(&own).is_ok() {
                brake.right(&own);
            }
        }
        assert_eq!(tried, 60);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_not_found_out_is_not_counted() {
        let (brake, anna) = (Brake::default(), Guesser::at(ANNA, from(1)));
        for _ in 0..100 {
            brake.begin(&anna).unwrap();
            brake.forgive(&anna);
        }
    }

    #[test]
    fn a_crowd_takes_no_more_memory_than_the_bound() {
        let brake = Brake::default();
        for address in 0..100_000 {
            let _ = brake.begin(&[Guesser::Address(Source::new(address))]);
        }
        assert_eq!(brake.0.lock().len(), GUESSERS);
    }
}
