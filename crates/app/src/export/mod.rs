//! Copies that people take with them (Art. 15 and 20 GDPR): of one conversation, and of an organisation. Nothing of them is
//! written to disk; that one was taken is recorded before its first byte.

use std::sync::Arc;

use domain::audit::{Detail, Kind};
use domain::limits::PAGE;
use domain::{Capability, ConversationId, Level, Principal, PublicId, Reach};
use store::conversation::Conversation;

use crate::conversation::Reference;
use crate::opened::OpenedEntry;
use crate::{App, Error, Result};

/// As what a copy is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For programs: one document.
    Json,
    /// For people.
    Html,
    /// For programs: a line for each thing.
    Jsonl,
    /// For spreadsheets.
    Csv,
}

impl Format {
    const fn code(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Html => "html",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
        }
    }
}

/// A conversation of a copy.
#[derive(Clone, Debug)]
pub struct Copied {
    /// What never changes about it.
    pub conversation: Arc<Reference>,
    /// How far it has come.
    pub found: Conversation,
}

impl App {
    /// Before a conversation is copied: records that it is.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for whoever may not read it, or may take no copies; [`Error::NotFound`].
    pub async fn begin_copy(&self, principal: Principal, name: PublicId, format: Format) -> Result<Copied> {
        principal.require(Capability::Privacy, Level::Read)?;
        let (conversation, found) = self.find_in_reach(principal, name).await?;
        let details = vec![Detail::is("conversation", name), Detail::is("format", format.code())];
        let by = self.by(principal);
        self.store.audited(by).note(principal.organisation, Kind::CopyTaken, None, details).await?;
        Ok(Copied { conversation, found })
    }

    /// Before an organisation is copied: records that it is. Nobody gets more by a copy than they could look at.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn begin_copy_of_all(&self, principal: Principal, format: Format) -> Result<()> {
        for area in [Capability::Privacy, Capability::Team, Capability::Widgets, Capability::Snippets] {
            principal.require(area, Level::Read)?;
        }
        if principal.require(Capability::Conversations, Level::Read)?.reach != Reach::All {
            return Err(Error::Forbidden);
        }
        let details = vec![Detail::is("format", format.code())];
        let by = self.by(principal);
        Ok(self.store.audited(by).note(principal.organisation, Kind::CopyTaken, None, details).await?)
    }

    /// A page of an organisation's conversations, in the order in which they began.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn copy_page(&self, principal: Principal, after: Option<&Copied>) -> Result<Vec<Copied>> {
        principal.require(Capability::Privacy, Level::Read)?;
        let after = after.map_or(ConversationId(0), |after| after.found.id);
        let mut page = Vec::new();
        for found in self.store.conversations_after(principal.organisation, after, PAGE).await? {
            page.push(Copied { conversation: self.refer(&found).await?, found });
        }
        Ok(page)
    }

    /// Entries of a copied conversation after one, ascending; none at its end, and none where it was deleted meanwhile.
    ///
    /// # Errors
    /// Those of the stores.
    pub async fn copied_entries(&self, copied: &Copied, after: i64) -> Result<Vec<Arc<OpenedEntry>>> {
        let last = copied.found.progress.last_sequence;
        match self.entries_after(&copied.conversation, after, last).await {
            Err(error) => match self.store.conversation(copied.found.organisation, copied.found.id).await {
                Err(store::Error::NotFound) => Ok(Vec::new()),
                _ => Err(error),
            },
            found => found,
        }
    }
}
