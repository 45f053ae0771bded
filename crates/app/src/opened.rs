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
    /// How often its text was changed.
    pub revision: i64,
    /// What was said; an event and what was taken back have none.
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
    /// What was read before a change never takes the place of what it was changed to.
    pub(crate) fn insert(&self, conversation: ConversationId, entry: Arc<OpenedEntry>) {
        let key = (conversation, entry.numbers.sequence);
        if entry.text.as_ref().is_none_or(|text| text.len() <= LONGEST) {
            let revision = entry.revision;
            self.0.insert_unless(key, entry, |known| known.revision > revision);
        } else {
            self.0.remove(&key);
        }
    }

    /// Forgets an entry, which another node may have changed.
    pub(crate) fn remove(&self, conversation: ConversationId, sequence: i64) {
        self.0.remove(&(conversation, sequence));
    }

    pub(crate) fn get(&self, conversation: ConversationId, sequence: i64) -> Option<Arc<OpenedEntry>> {
        self.0.get(&(conversation, sequence))
    }

    pub(crate) fn wipe_expired(&self) {
        self.0.wipe_expired();
    }
}
