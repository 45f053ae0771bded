//! Who is told what changed. Carries ids and small flags, never content, and may lose anything: receivers ask the store
//! for what they miss (law L1), and every node sweeps the store for changes that it was not told of.
//!
//! A socket has one [`Mailbox`]. What it is told is merged there, so that a slow reader costs a few numbers per
//! conversation and never a growing queue. Several nodes are joined by a [`Wire`]: [`nats`] between machines, a [`hub`]
//! within one process.

pub mod hub;
mod inbox;
mod listeners;
mod mailbox;
pub mod nats;
mod notice;
#[cfg(test)]
mod tests;
mod topic;

use std::sync::Arc;

use domain::OrganisationId;
use domain::conversation::Change;
use futures_util::future::BoxFuture;

pub use inbox::{Inbox, News};
use listeners::Listeners;
pub use listeners::Subscription;
pub use mailbox::{Mailbox, Post};
pub use notice::{NodeId, Notice, Who};
pub use topic::{Signal, Topic};

/// What joins nodes. May lose, repeat and delay notices; must neither block nor fail.
pub trait Wire: Send + Sync {
    /// Tells all other nodes.
    fn tell(&self, notice: &Notice);

    /// Whether other nodes can be reached at the moment, as far as is known.
    fn is_up(&self) -> bool;

    /// Waits until what was told has left, for a while.
    fn flush(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// The bus of one node.
#[derive(Default)]
pub struct Bus {
    listeners: Listeners,
    inbox: Inbox,
    wire: std::sync::OnceLock<Box<dyn Wire>>,
}

impl Bus {
    /// Joins other nodes. The first wire stays.
    pub fn join(&self, wire: impl Wire + 'static) {
        let _ = self.wire.set(Box::new(wire));
    }

    /// Whether there may be other nodes.
    pub fn is_joined(&self) -> bool {
        self.wire.get().is_some()
    }

    /// Whether other nodes can be reached at the moment.
    pub fn is_up(&self) -> bool {
        self.wire.get().is_some_and(|wire| wire.is_up())
    }

    /// Has `mailbox` told about `topic` until the subscription is dropped.
    pub fn subscribe(self: &Arc<Self>, topic: Topic, mailbox: &Arc<Mailbox>) -> Subscription {
        self.listeners.add(topic, mailbox);
        Subscription { bus: Arc::clone(self), topic, mailbox: Arc::clone(mailbox) }
    }

    /// Tells everybody concerned that a conversation changed, at every node.
    pub fn publish(&self, change: &Change) {
        self.tell_here(change);
        self.tell_others(&Notice::Changed(change.organisation, change.conversation));
    }

    /// Tells those at this node.
    pub fn tell_here(&self, change: &Change) {
        self.listeners.change(change);
    }

    /// Tells the listeners of a topic something passing, at every node.
    pub fn signal(&self, topic: Topic, signal: Signal) {
        self.signal_here(topic, signal);
        self.tell_others(&Notice::Signal(topic, signal));
    }

    /// Tells those at this node.
    pub fn signal_here(&self, topic: Topic, signal: Signal) {
        self.listeners.signal(topic, signal);
    }

    /// Tells the other nodes.
    pub fn tell_others(&self, notice: &Notice) {
        if let Some(wire) = self.wire.get() {
            wire.tell(notice);
        }
    }

    /// Waits until what was told has left this node, for a while.
    pub async fn flush(&self) {
        if let Some(wire) = self.wire.get() {
            wire.flush().await;
        }
    }

    /// What other nodes told.
    pub const fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// The organisations that somebody at this node listens to.
    pub fn organisations(&self) -> Vec<OrganisationId> {
        self.listeners.organisations()
    }

    /// Takes what came over the wire.
    pub fn receive(&self, notice: Notice) {
        match notice {
            Notice::Signal(topic, signal) => self.listeners.signal(topic, signal),
            // Whether it concerns anybody here is cheap to know; what it says is not believed but looked up.
            Notice::Changed(organisation, conversation) => {
                if [Topic::Conversation(conversation), Topic::Unassigned(organisation)]
                    .into_iter()
                    .any(|topic| self.listeners.has(topic))
                {
                    self.inbox.changed(organisation, conversation);
                }
            }
            other => self.inbox.notice(other),
        }
    }

    /// The wire is back after it was cut.
    pub fn is_back(&self) {
        self.inbox.back();
    }
}
