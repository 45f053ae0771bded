//! Opens entries for those who may read them.

use std::sync::Arc;

use domain::conversation::{Event, Kind};
use domain::limits::PAGE_MOST;
use domain::{Principal, PublicId};
use privacy::Plaintext;
use privacy::seal::Unopenable;
use store::message::Entry;

use super::Reference;
use crate::opened::{Moment, OpenedEntry};
use crate::{App, Error, Result};

impl App {
    /// Entries after a sequence, ascending, at most a page; reads nothing where this node has them at hand. The caller
    /// has checked that the reader may read this conversation now.
    ///
    /// # Errors
    /// Those of the stores; [`crate::Error::Internal`] where an entry does not open.
    pub async fn entries_after(
        &self,
        conversation: &Reference,
        after: i64,
        last: i64,
    ) -> Result<Vec<Arc<OpenedEntry>>> {
        // More than a page is read anew: what is at hand may have been changed by another node, and what says so stands behind.
        if last - after <= PAGE_MOST {
            let wanted = after + 1..=last.max(after);
            let at_hand: Option<Vec<Arc<OpenedEntry>>> =
                wanted.map(|sequence| self.opened.get(conversation.id, sequence)).collect();
            if let Some(entries) = at_hand {
                return Ok(entries);
            }
        }
        // Boxed: rare, and every idle socket would carry its state otherwise.
        Box::pin(async move {
            let read = self.opened.now();
            let stored = self
                .store
                .entries_after(conversation.organisation, conversation.id, conversation.names, after, PAGE_MOST)
                .await?;
            self.open_all(conversation, stored, read).await
        })
        .await
    }

    /// A page of entries before a sequence, for an operator within whose reach the conversation is.
    ///
    /// # Errors
    /// [`crate::Error::Forbidden`], [`crate::Error::NotFound`], those of the stores.
    pub async fn entries_before(
        &self,
        principal: Principal,
        name: PublicId,
        before: i64,
        most: i64,
    ) -> Result<(Arc<Reference>, Vec<Arc<OpenedEntry>>)> {
        let (conversation, found) = self.find_in_reach(principal, name).await?;
        self.note_reading(principal, &conversation, &found.progress).await?;
        let most = most.clamp(1, PAGE_MOST);
        let read = self.opened.now();
        let stored = self.store.entries_before(found.organisation, found.id, conversation.names, before, most).await?;
        let entries = self.open_all(&conversation, stored, read).await?;
        Ok((conversation, entries))
    }

    async fn open_all(
        &self,
        conversation: &Reference,
        stored: Vec<Entry>,
        read: Moment,
    ) -> Result<Vec<Arc<OpenedEntry>>> {
        let mut entries = Vec::with_capacity(stored.len());
        for entry in stored {
            entries.push(self.open(conversation, entry, read).await?);
        }
        Ok(entries)
    }

    /// Opens one entry that was read after `read`, and keeps it at hand. Where it says that another one was changed,
    /// that one is read anew: this node may hold what it was before.
    pub(super) async fn open(&self, conversation: &Reference, entry: Entry, read: Moment) -> Result<Arc<OpenedEntry>> {
        if let Kind::Event(Event::Edited(of) | Event::Recalled(of) | Event::Erased(of)) = entry.kind {
            // Also where the revision is older than what is held: what was deleted and is back is as it was.
            self.opened.remove(conversation.id, of.sequence);
            self.read_one(conversation, of.sequence).await?;
        }
        self.open_one(conversation, entry, read).await
    }

    /// An entry as it is now, changes included.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`], those of the stores.
    pub async fn entry_now(&self, conversation: &Reference, sequence: i64) -> Result<Arc<OpenedEntry>> {
        match self.opened.get(conversation.id, sequence) {
            Some(known) => Ok(known),
            None => Box::pin(self.read_one(conversation, sequence)).await,
        }
    }

    async fn read_one(&self, conversation: &Reference, sequence: i64) -> Result<Arc<OpenedEntry>> {
        let read = self.opened.now();
        let entry = self.stored(conversation, sequence).await?.ok_or(Error::NotFound)?;
        self.open_one(conversation, entry, read).await
    }

    async fn stored(&self, conversation: &Reference, sequence: i64) -> Result<Option<Entry>> {
        let wanted = vec![(conversation.id, conversation.names, sequence)];
        let found = self.store.entries_at(conversation.organisation, wanted).await?.pop();
        Ok(found.map(|(_, entry)| entry))
    }

    async fn open_one(&self, conversation: &Reference, entry: Entry, read: Moment) -> Result<Arc<OpenedEntry>> {
        let text = match &entry.message {
            Some(message) => match self.unseal(conversation, message).await {
                // Sealed anew, or deleted, between being read and being opened: as it is now.
                Err(Error::NotFound) => match self.stored(conversation, entry.numbers.sequence).await? {
                    Some(entry) => return self.open_anew(conversation, entry, read).await,
                    None => None,
                },
                text => Some(text?),
            },
            None => None,
        };
        Ok(self.opened_as(conversation, &entry, text, read))
    }

    async fn open_anew(&self, conversation: &Reference, entry: Entry, read: Moment) -> Result<Arc<OpenedEntry>> {
        let text = match &entry.message {
            Some(message) => Some(self.unseal(conversation, message).await.map_err(|error| match error {
                Error::NotFound => Unopenable.into(),
                error => error,
            })?),
            None => None,
        };
        Ok(self.opened_as(conversation, &entry, text, read))
    }

    fn opened_as(
        &self,
        conversation: &Reference,
        entry: &Entry,
        text: Option<Plaintext>,
        read: Moment,
    ) -> Arc<OpenedEntry> {
        let opened = Arc::new(OpenedEntry {
            numbers: entry.numbers,
            author: entry.author,
            kind: entry.kind,
            sender: entry.sender,
            counter: entry.counter,
            at: entry.at,
            revision: entry.revision,
            text,
        });
        self.opened.insert(conversation.id, Arc::clone(&opened), read);
        opened
    }
}
