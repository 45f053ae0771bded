//! What waits for one socket: merged, so that a slow reader costs a few numbers and never a growing queue.

use std::collections::BTreeMap;

use domain::ConversationId;
use domain::conversation::Change;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::Signal;

/// Passing things of different kinds and conversations beyond this number are dropped.
pub(crate) const SIGNALS: usize = 64;
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
    pub changes: BTreeMap<ConversationId, Change>,
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

    pub(crate) fn change(&self, change: &Change) {
        {
            let mut post = self.post.lock();
            if let Some(known) = post.changes.get_mut(&change.conversation) {
                if known.position < change.position {
                    let (previous, began) = (known.previous, known.began);
                    *known = change.clone();
                    known.previous = previous;
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

    pub(crate) fn signal(&self, signal: Signal) {
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
