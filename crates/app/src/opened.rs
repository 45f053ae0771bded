//! Messages that this node sealed or opened a moment ago, so that delivering them reads nothing. Bounded, leased, wiped.

use std::sync::Arc;

use domain::conversation::{Author, Kind, Numbers};
use domain::{ConversationId, SenderId, Timestamp};
use privacy::Plaintext;

use crate::leased::Leased;

/// Entries held at once.
const ENTRIES: usize = 8192;
/// Longer texts are not held: with this the cache stays under 16 MiB.
const LONGEST: usize = 2048;

/// An entry in the open.
#[derive(Debug)]
pub struct OpenedEntry {
    /// Its numbers.
    pub numbers: Numbers,
    /// Who wrote or did it.
    pub author: Author,
    /// What it is.
    pub kind: Kind,
    /// From which page load.
    pub sender: SenderId,
    /// The how-manieth of that sender.
    pub counter: i64,
    /// When it was stored.
    pub at: Timestamp,
    /// What was said; an event has none.
    pub text: Option<Plaintext>,
}

/// The cache.
pub(crate) struct Opened(Leased<(ConversationId, i64), Arc<OpenedEntry>>);

impl Default for Opened {
    fn default() -> Self {
        Self(Leased::new(ENTRIES))
    }
}

impl Opened {
    pub(crate) fn insert(&self, conversation: ConversationId, entry: Arc<OpenedEntry>) {
        if entry.text.as_ref().is_none_or(|text| text.len() <= LONGEST) {
            self.0.insert((conversation, entry.numbers.sequence), entry);
        }
    }

    pub(crate) fn get(&self, conversation: ConversationId, sequence: i64) -> Option<Arc<OpenedEntry>> {
        self.0.get(&(conversation, sequence))
    }

    pub(crate) fn wipe_expired(&self) {
        self.0.wipe_expired();
    }
}
