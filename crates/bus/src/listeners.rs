//! Who listens to what on this node.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use domain::OrganisationId;
use domain::conversation::Change;
use parking_lot::Mutex;

use crate::{Bus, Mailbox, Signal, Topic};

const SHARDS: usize = 32;

type Shard = Mutex<HashMap<Topic, Vec<Arc<Mailbox>>>>;

/// The sockets of this node, by what they listen to.
pub(crate) struct Listeners {
    shards: Vec<Shard>,
    hasher: RandomState,
}

impl Default for Listeners {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }
}

impl Listeners {
    pub(crate) fn add(&self, topic: Topic, mailbox: &Arc<Mailbox>) {
        let mut shard = self.shard(topic).lock();
        // Most topics have one listener, a visitor's own; a vector that grows by itself makes room for four.
        shard.entry(topic).or_insert_with(|| Vec::with_capacity(1)).push(Arc::clone(mailbox));
    }

    fn remove(&self, topic: Topic, mailbox: &Arc<Mailbox>) {
        let mut shard = self.shard(topic).lock();
        if let Some(mailboxes) = shard.get_mut(&topic) {
            if let Some(place) = mailboxes.iter().position(|known| Arc::ptr_eq(known, mailbox)) {
                mailboxes.swap_remove(place);
            }
            if mailboxes.is_empty() {
                shard.remove(&topic);
            }
        }
    }

    pub(crate) fn change(&self, change: &Change) {
        self.each(Topic::Conversation(change.conversation), |mailbox| mailbox.change(change));
        self.each(Topic::All(change.organisation), |mailbox| mailbox.change(change));
        let (now, before) = (change.progress.assignee, change.previous.assignee);
        for assignee in [now, before].into_iter().take(if now == before { 1 } else { 2 }) {
            let topic = assignee.map_or(Topic::Unassigned(change.organisation), Topic::Operator);
            self.each(topic, |mailbox| mailbox.change(change));
        }
        let (now, before) = (&change.progress.guests, &change.previous.guests);
        let gone = before.iter().filter(|guest| !now.contain(*guest));
        for guest in now.iter().chain(gone) {
            self.each(Topic::Operator(guest), |mailbox| mailbox.change(change));
        }
    }

    pub(crate) fn signal(&self, topic: Topic, signal: Signal) {
        self.each(topic, |mailbox| mailbox.signal(signal));
    }

    /// Whether anybody here listens.
    pub(crate) fn has(&self, topic: Topic) -> bool {
        self.shard(topic).lock().contains_key(&topic)
    }

    /// The organisations that somebody here listens to, as an operator or as a visitor.
    pub(crate) fn organisations(&self) -> Vec<OrganisationId> {
        let mut found = BTreeSet::new();
        for shard in &self.shards {
            for topic in shard.lock().keys() {
                if let Topic::Unassigned(id) | Topic::Team(id) = topic {
                    found.insert(*id);
                }
            }
        }
        found.into_iter().collect()
    }

    fn each(&self, topic: Topic, tell: impl Fn(&Mailbox)) {
        if let Some(mailboxes) = self.shard(topic).lock().get(&topic) {
            mailboxes.iter().for_each(|mailbox| tell(mailbox));
        }
    }

    fn shard(&self, topic: Topic) -> &Shard {
        &self.shards[self.hasher.hash_one(topic) as usize % SHARDS]
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.shards.iter().all(|shard| shard.lock().is_empty())
    }
}

/// Ends when dropped.
pub struct Subscription {
    pub(crate) bus: Arc<Bus>,
    pub(crate) topic: Topic,
    pub(crate) mailbox: Arc<Mailbox>,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.bus.listeners.remove(self.topic, &self.mailbox);
    }
}
