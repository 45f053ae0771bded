//! `web/widget/src/messenger/timeline.ts`: what is stored, in order and without gaps. What comes too early waits.

use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// Numbers and what they say.
    pub(super) entries: Vec<(i64, String)>,
    pub(super) last: i64,
    ahead: BTreeMap<i64, String>,
    conversation: String,
    is_bound: bool,
}

impl Timeline {
    /// `welcome` arrived. Without a conversation on the server the first entry must be number 1.
    pub(super) const fn begin(&mut self, exists: bool) {
        self.is_bound = !exists || self.last != 0;
    }

    /// Puts an entry in its place; `believes` is a planted fault: numbers are not looked at.
    pub(super) fn place(&mut self, conversation: &str, sequence: i64, what: String, believes: bool) {
        if !self.conversation.is_empty() && self.conversation != conversation {
            self.last = 0;
            self.is_bound = false;
            self.ahead.clear();
        }
        conversation.clone_into(&mut self.conversation);
        if !self.is_bound {
            self.is_bound = true;
            self.last = sequence - 1;
        }
        if sequence <= self.last || self.ahead.contains_key(&sequence) {
            return;
        }
        if believes {
            self.last = sequence - 1;
        }
        self.ahead.insert(sequence, what);
        self.settle();
    }

    /// The replay is complete up to here: what is still missing does not exist any more.
    pub(super) fn complete(&mut self, last: i64) {
        for sequence in self.ahead.keys().copied().collect::<Vec<_>>() {
            if sequence > last + 1 {
                break;
            }
            self.last = self.last.max(sequence - 1);
            self.settle();
        }
        self.last = self.last.max(last);
        self.is_bound = true;
        self.settle();
    }

    pub(super) fn has_gap(&self) -> bool {
        !self.ahead.is_empty()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn settle(&mut self) {
        while let Some(what) = self.ahead.remove(&(self.last + 1)) {
            self.last += 1;
            self.entries.push((self.last, what));
        }
    }
}
