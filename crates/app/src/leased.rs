//! A bounded cache whose entries may be used for one lease and are wiped when they go (design section 5).

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::num::NonZeroUsize;
use std::sync::Arc;

use domain::limits::LEASE;
use lru::LruCache;
use parking_lot::Mutex;
use tokio::time::Instant;

const SHARDS: usize = 16;

/// How many entries are looked at for one that nobody holds, when room is needed.
const TRIES: usize = 8;

/// What somebody besides the cache may have in hand.
pub(crate) trait Held {
    /// Whether somebody does.
    fn is_held(&self) -> bool;
}

impl<T> Held for Arc<T> {
    fn is_held(&self) -> bool {
        Self::strong_count(self) > 1
    }
}

/// Keys to values; values wipe themselves on drop.
pub(crate) struct Leased<K, V> {
    shards: Vec<Mutex<LruCache<K, (V, Instant)>>>,
    hasher: RandomState,
    each: NonZeroUsize,
}

impl<K: Hash + Eq, V: Clone> Leased<K, V> {
    /// Holds about `most` entries.
    pub(crate) fn new(most: usize) -> Self {
        let each = NonZeroUsize::new(most / SHARDS).unwrap_or(NonZeroUsize::MIN);
        // Unbounded inside, so that memory is taken as entries come and not at start; bounded by `resize`.
        let shards = (0..SHARDS).map(|_| Mutex::new(LruCache::unbounded())).collect::<Vec<_>>();
        let cache = Self { shards, hasher: RandomState::new(), each };
        cache.shards.iter().for_each(|shard| shard.lock().resize(each));
        cache
    }

    /// The value, unless its lease has run out.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let mut shard = self.shard(key).lock();
        let (value, since) = shard.get(key)?;
        if since.elapsed() < LEASE {
            return Some(value.clone());
        }
        shard.pop(key);
        None
    }

    /// Puts a value in under a new lease.
    pub(crate) fn insert(&self, key: K, value: V) {
        self.shard(&key).lock().put(key, (value, Instant::now()));
    }

    /// The same, but leaves what is there already where that is to stay.
    pub(crate) fn insert_unless(&self, key: K, value: V, stays: impl FnOnce(&V) -> bool) {
        let mut shard = self.shard(&key).lock();
        if !shard.peek(&key).is_some_and(|(known, _)| stays(known)) {
            shard.put(key, (value, Instant::now()));
        }
    }

    /// Forgets a value.
    pub(crate) fn remove(&self, key: &K) {
        self.shard(key).lock().pop(key);
    }

    /// Forgets all values that are meant. Looks at each, so it is for what happens rarely.
    pub(crate) fn remove_where(&self, is_meant: impl Fn(&V) -> bool)
    where
        K: Clone,
    {
        for shard in &self.shards {
            let mut shard = shard.lock();
            let meant: Vec<K> =
                shard.iter().filter(|(_, (value, _))| is_meant(value)).map(|(key, _)| key.clone()).collect();
            for key in &meant {
                shard.pop(key);
            }
        }
    }

    /// Forgets all whose keys are meant. Looks at each, likewise.
    pub(crate) fn remove_all(&self, is_meant: impl Fn(&K) -> bool)
    where
        K: Clone,
    {
        for shard in &self.shards {
            let mut shard = shard.lock();
            let meant: Vec<K> = shard.iter().map(|(key, _)| key).filter(|key| is_meant(key)).cloned().collect();
            for key in &meant {
                shard.pop(key);
            }
        }
    }

    /// Wipes everything whose lease has run out.
    pub(crate) fn wipe_expired(&self) {
        self.wipe(|_, since| since.elapsed() < LEASE);
    }

    /// Wipes what is not to stay; what stays may begin a new lease.
    fn wipe(&self, stays: impl Fn(&V, &mut Instant) -> bool) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            // Entries are in the order of use, not of age, so all are looked at.
            let keep: Vec<(K, (V, Instant))> = {
                let mut keep = Vec::new();
                while let Some((key, (value, mut since))) = shard.pop_lru() {
                    if stays(&value, &mut since) {
                        keep.push((key, (value, since)));
                    }
                }
                keep
            };
            for (key, value) in keep {
                shard.put(key, value);
            }
        }
    }

    /// How many entries there are.
    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    /// Makes every lease so much older.
    #[cfg(test)]
    pub(crate) fn age(&self, by: std::time::Duration) {
        for shard in &self.shards {
            shard.lock().iter_mut().for_each(|(_, (_, since))| *since -= by);
        }
    }

    fn shard(&self, key: &K) -> &Mutex<LruCache<K, (V, Instant)>> {
        &self.shards[self.hasher.hash_one(key) as usize % SHARDS]
    }
}

/// Values that are the same for all who ask while somebody has them in hand: counters, which forget nothing by being lost.
impl<K: Hash + Eq, V: Clone + Held> Leased<K, V> {
    /// The value under a new lease; one that is not there, or that nobody held until its lease ran out, is made.
    pub(crate) fn share(&self, key: K, make: impl FnOnce() -> V) -> V {
        let mut shard = self.shard(&key).lock();
        let value = match shard.pop(&key) {
            Some((value, since)) if value.is_held() || since.elapsed() < LEASE => value,
            _ => make(),
        };
        self.make_room(&mut shard);
        shard.put(key, (value.clone(), Instant::now()));
        value
    }

    /// Wipes everything that nobody holds and whose lease has run out. For what is held it begins anew.
    pub(crate) fn wipe_unheld(&self) {
        self.wipe(|value, since| {
            if value.is_held() {
                *since = Instant::now();
            }
            since.elapsed() < LEASE
        });
    }

    /// Drives out those that have not been asked for the longest, but none that is held: as many as hold one bound these.
    fn make_room(&self, shard: &mut LruCache<K, (V, Instant)>) {
        for _ in 0..TRIES {
            if shard.len() < self.each.get() {
                break;
            }
            match shard.pop_lru() {
                Some((key, (value, since))) if value.is_held() => drop(shard.put(key, (value, since))),
                _ => {}
            }
        }
        // Twice: giving the cache another bound costs a look at all of it.
        if shard.len() >= shard.cap().get() {
            let twice = shard.cap().saturating_mul(NonZeroUsize::MIN.saturating_add(1));
            shard.resize(twice);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_holds_more_than_its_bound() {
        let cache = Leased::new(32);
        (0..1000).for_each(|number| cache.insert(number, number));
        assert!((1..=32).contains(&cache.held()), "{}", cache.held());
    }

    #[test]
    fn a_removed_value_is_gone() {
        let cache = Leased::new(32);
        cache.insert(1, "value");
        assert_eq!(cache.get(&1), Some("value"));
        cache.remove(&1);
        assert_eq!(cache.get(&1), None);
    }

    #[test]
    fn what_is_meant_is_forgotten_and_nothing_else() {
        let cache = Leased::new(512);
        (0..20).for_each(|number| cache.insert(number, number % 2));
        cache.remove_where(|value| *value == 1);
        let left: Vec<i32> = (0..20).filter(|number| cache.get(number).is_some()).collect();
        assert_eq!(left, (0..20).step_by(2).collect::<Vec<_>>());
    }
}
