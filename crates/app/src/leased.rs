//! A bounded cache whose entries may be used for one lease and are wiped when they go (design section 5).

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::num::NonZeroUsize;

use domain::limits::LEASE;
use lru::LruCache;
use parking_lot::Mutex;
use tokio::time::Instant;

const SHARDS: usize = 16;

/// Keys to values; values wipe themselves on drop.
pub(crate) struct Leased<K, V> {
    shards: Vec<Mutex<LruCache<K, (V, Instant)>>>,
    hasher: RandomState,
}

impl<K: Hash + Eq, V: Clone> Leased<K, V> {
    /// Holds about `most` entries.
    pub(crate) fn new(most: usize) -> Self {
        let each = NonZeroUsize::new(most / SHARDS).unwrap_or(NonZeroUsize::MIN);
        // Unbounded inside, so that memory is taken as entries come and not at start; bounded by `resize`.
        let shards = (0..SHARDS).map(|_| Mutex::new(LruCache::unbounded())).collect::<Vec<_>>();
        let cache = Self { shards, hasher: RandomState::new() };
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

    /// The value under a new lease; one that is not there, or whose lease has run out, is made.
    pub(crate) fn share(&self, key: K, make: impl FnOnce() -> V) -> V {
        let mut shard = self.shard(&key).lock();
        let value = match shard.pop(&key) {
            Some((value, since)) if since.elapsed() < LEASE => value,
            _ => make(),
        };
        shard.put(key, (value.clone(), Instant::now()));
        value
    }

    /// Puts a value in under a new lease.
    pub(crate) fn insert(&self, key: K, value: V) {
        self.shard(&key).lock().put(key, (value, Instant::now()));
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

    /// Wipes everything whose lease has run out.
    pub(crate) fn wipe_expired(&self) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            // Entries are in the order of use, not of age, so all are looked at.
            let keep: Vec<(K, (V, Instant))> = {
                let mut keep = Vec::new();
                while let Some((key, (value, since))) = shard.pop_lru() {
                    if since.elapsed() < LEASE {
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

    fn shard(&self, key: &K) -> &Mutex<LruCache<K, (V, Instant)>> {
        &self.shards[self.hasher.hash_one(key) as usize % SHARDS]
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
        assert_eq!(cache.share(1, || "another"), "value", "what is there is shared");
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
