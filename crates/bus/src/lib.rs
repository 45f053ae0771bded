//! Who is told what changed. Carries ids and small flags, never content, and may lose anything: receivers ask the store
//! for what they miss (law L1).
//!
//! A socket has one [`Mailbox`]. What it is told is merged there, so that a slow reader costs a few numbers per
//! conversation and never a growing queue.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use domain::conversation::Change;
use domain::{ConversationId, OperatorId, OrganisationId};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// What one can listen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// One conversation.
    Conversation(ConversationId),
    /// The conversations of one operator.
    Operator(OperatorId),
    /// The conversations that nobody has taken.
    Unassigned(OrganisationId),
    /// All conversations of an organisation.
    All(OrganisationId),
    /// Whether an organisation's team is there: for its visitors.
    Team(OrganisationId),
}

/// Something passing, not stored or stored elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The visitor types, or stopped.
    VisitorTyping(ConversationId, bool),
    /// An operator types, or stopped.
    OperatorTyping(ConversationId, OperatorId, bool),
    /// The visitor has seen everything up to a visible number.
    VisitorSeen(ConversationId, i64),
    /// The team has seen everything up to a visible number.
    TeamSeen(ConversationId, i64),
    /// The visitor came or went.
    VisitorPresence(ConversationId, bool),
    /// The team came or went.
    TeamPresence(bool),
}

impl Signal {
    /// Whether `newer` says the same kind of thing about the same conversation and person.
    fn is_replaced_by(&self, newer: &Self) -> bool {
        match (self, newer) {
            (Self::VisitorTyping(a, _), Self::VisitorTyping(b, _))
            | (Self::VisitorSeen(a, _), Self::VisitorSeen(b, _))
            | (Self::TeamSeen(a, _), Self::TeamSeen(b, _))
            | (Self::VisitorPresence(a, _), Self::VisitorPresence(b, _)) => a == b,
            (Self::OperatorTyping(a, who, _), Self::OperatorTyping(b, newer, _)) => (a, who) == (b, newer),
            (Self::TeamPresence(_), Self::TeamPresence(_)) => true,
            _ => false,
        }
    }
}

/// Passing things of different kinds and conversations beyond this number are dropped.
const SIGNALS: usize = 64;
/// Conversations beyond this number mean that the reader has stopped reading.
const CHANGES: usize = 4096;

/// What waits for one socket.
#[derive(Debug, Default)]
pub struct Mailbox {
    post: Mutex<Post>,
    bell: Notify,
}

/// The contents of a mailbox.
#[derive(Debug, Default)]
pub struct Post {
    /// The newest change of each conversation, with the assignee before the oldest one not yet read.
    pub changes: HashMap<ConversationId, Change>,
    /// Passing things, in order.
    pub signals: Vec<Signal>,
    /// More came than is kept: the reader has to start over.
    pub overflowed: bool,
}

impl Mailbox {
    /// Waits until something is there. May return without anything.
    pub async fn wait(&self) {
        self.bell.notified().await;
    }

    /// Takes everything that is there.
    pub fn take(&self) -> Post {
        std::mem::take(&mut *self.post.lock())
    }

    fn change(&self, change: &Change) {
        {
            let mut post = self.post.lock();
            if let Some(known) = post.changes.get_mut(&change.conversation) {
                if known.position < change.position {
                    let (previous, began) = (known.previous_assignee, known.began);
                    *known = change.clone();
                    known.previous_assignee = previous;
                    known.began |= began;
                }
            } else if post.changes.len() < CHANGES {
                post.changes.insert(change.conversation, change.clone());
            } else {
                post.overflowed = true;
            }
        }
        self.bell.notify_one();
    }

    fn signal(&self, signal: Signal) {
        {
            let mut post = self.post.lock();
            // A newer one of its kind takes the place of an older one, so that typing cannot push out what was seen.
            post.signals.retain(|known| !known.is_replaced_by(&signal));
            if post.signals.len() < SIGNALS {
                post.signals.push(signal);
            }
        }
        self.bell.notify_one();
    }
}

const SHARDS: usize = 32;

type Shard = Mutex<HashMap<Topic, Vec<Arc<Mailbox>>>>;

/// The bus of one process.
pub struct Bus {
    shards: Vec<Shard>,
    hasher: RandomState,
}

impl Default for Bus {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }
}

impl Bus {
    /// Has `mailbox` told about `topic` until the subscription is dropped.
    pub fn subscribe(self: &Arc<Self>, topic: Topic, mailbox: &Arc<Mailbox>) -> Subscription {
        self.shard(topic).lock().entry(topic).or_default().push(Arc::clone(mailbox));
        Subscription { bus: Arc::clone(self), topic, mailbox: Arc::clone(mailbox) }
    }

    /// Tells everybody concerned that a conversation changed.
    pub fn publish(&self, change: &Change) {
        self.each(Topic::Conversation(change.conversation), |mailbox| mailbox.change(change));
        self.each(Topic::All(change.organisation), |mailbox| mailbox.change(change));
        let (now, before) = (change.progress.assignee, change.previous_assignee);
        for assignee in [now, before].into_iter().take(if now == before { 1 } else { 2 }) {
            let topic = assignee.map_or(Topic::Unassigned(change.organisation), Topic::Operator);
            self.each(topic, |mailbox| mailbox.change(change));
        }
    }

    /// Tells the listeners of a topic something passing.
    pub fn signal(&self, topic: Topic, signal: Signal) {
        self.each(topic, |mailbox| mailbox.signal(signal));
    }

    fn each(&self, topic: Topic, tell: impl Fn(&Mailbox)) {
        if let Some(mailboxes) = self.shard(topic).lock().get(&topic) {
            mailboxes.iter().for_each(|mailbox| tell(mailbox));
        }
    }

    fn shard(&self, topic: Topic) -> &Shard {
        &self.shards[self.hasher.hash_one(topic) as usize % SHARDS]
    }
}

/// Ends when dropped.
pub struct Subscription {
    bus: Arc<Bus>,
    topic: Topic,
    mailbox: Arc<Mailbox>,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut shard = self.bus.shard(self.topic).lock();
        if let Some(mailboxes) = shard.get_mut(&self.topic) {
            if let Some(place) = mailboxes.iter().position(|mailbox| Arc::ptr_eq(mailbox, &self.mailbox)) {
                mailboxes.swap_remove(place);
            }
            if mailboxes.is_empty() {
                shard.remove(&self.topic);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;
    use domain::conversation::Progress;

    use super::*;

    fn change(assignee: Option<i64>, previous: Option<i64>, position: i64) -> Change {
        Change {
            organisation: OrganisationId(1),
            conversation: ConversationId(5),
            progress: Progress { assignee: assignee.map(OperatorId), ..Progress::default() },
            previous_assignee: previous.map(OperatorId),
            began: false,
            at: Timestamp(0),
            position,
        }
    }

    #[test]
    fn who_had_it_and_who_has_it_are_both_told() {
        let bus = Arc::new(Bus::default());
        let boxes: Vec<Arc<Mailbox>> = (0..3).map(|_| Arc::default()).collect();
        let topics =
            [Topic::Operator(OperatorId(1)), Topic::Unassigned(OrganisationId(1)), Topic::Operator(OperatorId(2))];
        let _held: Vec<Subscription> =
            topics.iter().zip(&boxes).map(|(topic, mailbox)| bus.subscribe(*topic, mailbox)).collect();
        bus.publish(&change(Some(1), None, 1));
        assert_eq!(boxes.iter().map(|mailbox| mailbox.take().changes.len()).collect::<Vec<_>>(), [1, 1, 0]);
    }

    #[test]
    fn changes_merge_and_keep_the_first_assignee_before() {
        let bus = Arc::new(Bus::default());
        let mailbox = Arc::default();
        let _held = bus.subscribe(Topic::Conversation(ConversationId(5)), &mailbox);
        bus.publish(&change(Some(1), None, 1));
        bus.publish(&change(Some(2), Some(1), 3));
        bus.publish(&change(Some(9), Some(9), 2));
        let post = mailbox.take();
        let merged = &post.changes[&ConversationId(5)];
        assert_eq!((merged.progress.assignee, merged.previous_assignee), (Some(OperatorId(2)), None));
        assert!(mailbox.take().changes.is_empty());
    }

    #[test]
    fn nobody_is_told_after_the_subscription_ended() {
        let bus = Arc::new(Bus::default());
        let mailbox = Arc::default();
        let held = bus.subscribe(Topic::All(OrganisationId(1)), &mailbox);
        bus.publish(&change(None, None, 1));
        assert_eq!(mailbox.take().changes.len(), 1);
        drop(held);
        bus.publish(&change(None, None, 2));
        assert!(mailbox.take().changes.is_empty());
        assert!(bus.shards.iter().all(|shard| shard.lock().is_empty()));
    }

    #[test]
    fn a_reader_that_stopped_costs_a_bounded_number_of_signals() {
        let bus = Arc::new(Bus::default());
        let mailbox = Arc::default();
        let _held = bus.subscribe(Topic::Team(OrganisationId(1)), &mailbox);
        let topic = Topic::Team(OrganisationId(1));
        (0..1000).for_each(|id| bus.signal(topic, Signal::VisitorSeen(ConversationId(id), 1)));
        assert_eq!(mailbox.take().signals.len(), SIGNALS);
    }

    #[test]
    fn somebody_who_types_without_end_pushes_nothing_out() {
        let bus = Arc::new(Bus::default());
        let mailbox = Arc::default();
        let topic = Topic::Conversation(ConversationId(1));
        let _held = bus.subscribe(topic, &mailbox);
        bus.signal(topic, Signal::TeamSeen(ConversationId(1), 7));
        (0..1000).for_each(|turn| bus.signal(topic, Signal::VisitorTyping(ConversationId(1), turn % 2 == 0)));
        let post = mailbox.take();
        assert_eq!(
            post.signals,
            [Signal::TeamSeen(ConversationId(1), 7), Signal::VisitorTyping(ConversationId(1), false)]
        );
    }
}
