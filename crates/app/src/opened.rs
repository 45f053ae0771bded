//! Messages that this node sealed or opened a moment ago, so that delivering them reads nothing. Bounded, leased, wiped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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

/// What is held of an entry.
#[derive(Clone)]
enum Known {
    Entry(Arc<OpenedEntry>),
    /// Nothing: at that moment it was too long, or somebody else changed it.
    Gone(Moment),
}

/// A place in the order in which entries are read and forgotten here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

/// The cache.
pub(crate) struct Opened {
    known: Leased<(ConversationId, i64), Known>,
    /// When conversations were forgotten as a whole: as long as anybody may still come with what they read before.
    gone: Leased<ConversationId, Moment>,
    moments: AtomicU64,
}

impl Default for Opened {
    fn default() -> Self {
        Self { known: Leased::new(ENTRIES), gone: Leased::new(ENTRIES), moments: AtomicU64::new(0) }
    }
}

impl Opened {
    /// To be taken before an entry is read from the store.
    pub(crate) fn now(&self) -> Moment {
        Moment(self.moments.fetch_add(1, Ordering::SeqCst))
    }

    /// What was read before a change never takes the place of what it was changed to, nor of what was forgotten since: it may be
    /// what that was before.
    pub(crate) fn insert(&self, conversation: ConversationId, entry: Arc<OpenedEntry>, read: Moment) {
        if self.is_gone(conversation, read) {
            return;
        }
        let key = (conversation, entry.numbers.sequence);
        let revision = entry.revision;
        let is_held = entry.text.as_ref().is_none_or(|text| text.len() <= LONGEST);
        let known = if is_held { Known::Entry(entry) } else { Known::Gone(self.now()) };
        self.known.insert_unless(key, known, |known| match known {
            Known::Entry(known) => known.revision > revision,
            Known::Gone(at) => *at > read,
        });
        // It may have gone between the first look and this one: then whoever forgot it came before the entry.
        if self.is_gone(conversation, read) {
            self.known.remove(&key);
        }
    }

    fn is_gone(&self, conversation: ConversationId, read: Moment) -> bool {
        self.gone.get(&conversation).is_some_and(|gone| gone > read)
    }

    /// Forgets an entry, which another node may have changed.
    pub(crate) fn remove(&self, conversation: ConversationId, sequence: i64) {
        self.known.insert((conversation, sequence), Known::Gone(self.now()));
    }

    /// Forgets all entries of conversations that are gone, or came back: what was read before does not come after it either.
    pub(crate) fn remove_conversations(&self, conversations: &[ConversationId]) {
        let now = self.now();
        conversations.iter().for_each(|conversation| self.gone.insert(*conversation, now));
        self.known.remove_all(|(known, _)| self.gone.get(known).is_some_and(|gone| gone == now));
    }

    pub(crate) fn get(&self, conversation: ConversationId, sequence: i64) -> Option<Arc<OpenedEntry>> {
        match self.known.get(&(conversation, sequence))? {
            Known::Entry(entry) => Some(entry),
            Known::Gone(_) => None,
        }
    }

    pub(crate) fn wipe_expired(&self) {
        self.known.wipe_expired();
        self.gone.wipe_expired();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: ConversationId = ConversationId(7);

    fn entry(revision: i64, text: &str) -> Arc<OpenedEntry> {
        Arc::new(OpenedEntry {
            numbers: Numbers { sequence: 1, visible: 1 },
            author: Author::Visitor,
            kind: Kind::Message,
            sender: SenderId(1),
            counter: 1,
            at: Timestamp(0),
            revision,
            text: Some(Plaintext::new(text.to_owned())),
        })
    }

    fn held(opened: &Opened) -> Option<String> {
        opened.get(HERE, 1)?.text.as_ref().map(|text| text.reveal().to_owned())
    }

    #[test]
    fn what_was_read_before_a_long_correction_does_not_come_back_for_it() {
        let (opened, long) = (Opened::default(), "ä".repeat(LONGEST));
        let early = opened.now();
        opened.insert(HERE, entry(0, "old"), opened.now());
        let read = opened.now();
        opened.insert(HERE, entry(1, &long), read);
        assert_eq!(held(&opened), None, "too long to be held");
        opened.insert(HERE, entry(0, "old"), early);
        assert_eq!(held(&opened), None, "read before, and come later");
        let late = opened.now();
        opened.insert(HERE, entry(2, "new"), late);
        assert_eq!(held(&opened).as_deref(), Some("new"), "and what is read afterwards is held");
    }

    #[test]
    fn what_was_read_before_another_nodes_change_was_heard_does_not_come_back() {
        let opened = Opened::default();
        let early = opened.now();
        opened.insert(HERE, entry(0, "old"), early);
        opened.remove(HERE, 1);
        opened.insert(HERE, entry(0, "old"), early);
        assert_eq!(held(&opened), None);
        opened.insert(HERE, entry(1, "new"), opened.now());
        assert_eq!(held(&opened).as_deref(), Some("new"));
        opened.insert(HERE, entry(0, "old"), early);
        assert_eq!(held(&opened).as_deref(), Some("new"));
    }

    #[test]
    fn what_was_read_before_its_conversation_went_does_not_come_back() {
        let (opened, other) = (Opened::default(), ConversationId(8));
        let early = opened.now();
        opened.insert(HERE, entry(0, "old"), early);
        opened.insert(other, entry(0, "theirs"), early);
        opened.remove_conversations(&[HERE]);
        assert_eq!(held(&opened), None);
        opened.insert(HERE, entry(0, "old"), early);
        assert_eq!(held(&opened), None, "read before, and come later");
        assert!(opened.get(other, 1).is_some(), "nobody else suffers for it");
        opened.remove_conversations(&[other]);
        opened.insert(HERE, entry(0, "old"), early);
        assert_eq!(held(&opened), None, "nor where others go meanwhile");
        opened.insert(HERE, entry(0, "old"), opened.now());
        assert_eq!(held(&opened).as_deref(), Some("old"), "it came back, and was read since");
    }
}
