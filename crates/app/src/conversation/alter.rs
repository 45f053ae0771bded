//! Corrects or takes back what an operator wrote, while the visitor has not seen it.

use std::sync::Arc;

use domain::conversation::Author;
use domain::{Capability, Level, Principal, PublicId};
use privacy::message::Identity;
use privacy::{Message, Plaintext};
use store::conversation::{Altered, Written};
use store::mention::Named;

use super::receive_message::{ReceiveError, capture};
use crate::opened::OpenedEntry;
use crate::{App, Error, Result};

/// How often it is tried again where another window of the same operator changes the same entry.
const TRIES: usize = 3;

impl App {
    /// Replaces the text of one's own entry, or takes it back where there is none. A note's at any time; a message's until
    /// the visitor has seen it.
    ///
    /// # Errors
    /// [`Error::Forbidden`] out of reach and for whoever did not write it; [`Error::NotFound`], also where it was taken back;
    /// [`Error::Conflict`] once the visitor has seen it; [`Error::Invalid`] for a text that is none.
    pub async fn alter(
        self: &Arc<Self>,
        principal: Principal,
        name: PublicId,
        sequence: i64,
        text: Option<Plaintext>,
    ) -> Result<()> {
        let access = principal.require(Capability::Conversations, Level::Write)?;
        let (conversation, _) = self.find_in_reach(principal, name).await?;
        let text = text.map(capture).transpose().map_err(ReceiveError::of_request)?;
        let author = Author::Operator(principal.operator);
        for _ in 0..TRIES {
            let key = self.sealing_key(&conversation).await?;
            let _place = self.flood.answer(conversation.organisation).await?;
            let wanted = vec![(conversation.id, conversation.names, sequence)];
            let found = self.store.entries_at(conversation.organisation, wanted).await?.pop();
            let (_, entry) = found.ok_or(Error::NotFound)?;
            let identity = *entry.message.as_ref().ok_or(Error::NotFound)?.identity();
            if entry.author != author {
                return Err(Error::Forbidden);
            }
            let revision = entry.revision + 1;
            let (wording, named, text) = match &text {
                Some(text) => {
                    let named = if identity.note { self.named(principal, text).await? } else { Named::new() };
                    let identity = Identity { revision, ..identity };
                    let (sealed, text) = Message::receive(identity, text.clone()).redact().seal(&key);
                    let written = Written { message: sealed, key: key.id(), named: named.clone() };
                    (Some(written), named, Some(text))
                }
                None => (None, Named::new(), None),
            };
            let opened = OpenedEntry {
                numbers: entry.numbers,
                author,
                kind: entry.kind,
                sender: entry.sender,
                counter: entry.counter,
                at: entry.at,
                revision,
                text,
            };
            let (app, id, by) = (Arc::clone(self), conversation.id, (principal.operator, access));
            let keep = move || app.opened.insert(id, Arc::new(opened), app.opened.now());
            let at = self.now();
            match self.store.alter(conversation.organisation, (id, sequence), by, wording, at, keep).await? {
                Altered::Done(change) => {
                    self.call(id, principal.operator, &named, change.progress.hands());
                    return Ok(());
                }
                Altered::NotTheirs => return Err(Error::Forbidden),
                Altered::Seen => return Err(Error::Conflict("the visitor has read it: write a correction")),
                Altered::Overtaken => self.renew_keys(&conversation).await?,
            }
        }
        Err(Error::Busy)
    }
}
