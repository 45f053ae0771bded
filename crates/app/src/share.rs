//! How much one source may have open at once: connections of an address, for one. Who has nothing open is not kept.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;

/// Counts what sources have open.
pub struct Shares<K: Hash + Eq> {
    most: usize,
    open: Mutex<HashMap<K, usize>>,
}

/// One of a source's places; free again when it is dropped.
pub struct Place<K: Hash + Eq> {
    shares: Arc<Shares<K>>,
    source: Option<K>,
}

impl<K: Hash + Eq + Clone> Shares<K> {
    /// At most so many for each source.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, open: Mutex::default() })
    }

    /// Takes a place; `None` where the source has all it may have.
    pub fn take(self: &Arc<Self>, source: K) -> Option<Place<K>> {
        let mut open = self.open.lock();
        let count = open.entry(source.clone()).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        drop(open);
        Some(Place { shares: Arc::clone(self), source: Some(source) })
    }
}

impl<K: Hash + Eq> Drop for Place<K> {
    fn drop(&mut self) {
        let Some(source) = self.source.take() else { return };
        let mut open = self.shares.open.lock();
        if let Entry::Occupied(mut count) = open.entry(source) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
            // A crowd that has left leaves no empty halls behind.
            if open.capacity() > 1024 && open.len() < open.capacity() / 8 {
                open.shrink_to_fit();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_has_its_share_and_no_more_and_others_have_theirs() {
        let shares = Shares::new(2);
        let first = shares.take("a").unwrap();
        let _second = shares.take("a").unwrap();
        assert!(shares.take("a").is_none());
        assert!(shares.take("b").is_some());
        drop(first);
        assert!(shares.take("a").is_some(), "what was given back can be taken again");
    }

    #[test]
    fn nothing_is_kept_of_those_who_have_left() {
        let shares = Shares::new(1);
        drop((0..10_000).filter_map(|source| shares.take(source)).collect::<Vec<_>>());
        assert_eq!(shares.open.lock().len(), 0);
        assert!(shares.open.lock().capacity() < 2048, "{}", shares.open.lock().capacity());
    }
}
