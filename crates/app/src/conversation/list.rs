//! The lists of the message centre and their rows.

use std::sync::Arc;

use domain::conversation::{Author, Change, Progress};
use domain::limits::PAGE_MOST;
use domain::{Capability, ConversationId, Groups, Level, Principal, PublicId, Reach, Timestamp};
use privacy::Plaintext;
use store::conversation::{Conversation, List};

use super::Reference;
use crate::{App, Error, Result};

/// Characters of the last message that a list shows.
const PREVIEW: usize = 140;

/// The lists there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListName {
    /// Those of the operator who asks, and those that they were asked into.
    Mine,
    /// Those in which a note names them and they have not looked since.
    Mentioned,
    /// Those that nobody has taken.
    Unassigned,
    /// All within reach, for those whose reach is wider than their own.
    All,
}

/// A row of a list.
#[derive(Debug)]
pub struct Summary {
    /// What never changes about it.
    pub conversation: Arc<Reference>,
    /// How far it has come.
    pub progress: Progress,
    /// When something was last said or done.
    pub last_at: Timestamp,
    /// Its place in the order of changes.
    pub position: i64,
    /// The beginning of the last message, and who wrote it.
    pub preview: Option<(Author, Plaintext)>,
    /// Whether the visitor is at the chat now.
    pub visitor_online: bool,
    /// Whether a note names the operator who asks, and they have not looked since; not asked for each change.
    pub mentioned: Option<bool>,
}

/// How many conversations are not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Of the operator who asks, or that they were asked into.
    pub mine: i64,
    /// Of nobody.
    pub unassigned: i64,
    /// Of all that the operator may see.
    pub all: i64,
}

impl App {
    /// A page of a list, newest change first, of changes before `before`.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for a list beyond the operator's reach.
    pub async fn list(
        &self,
        principal: Principal,
        list: ListName,
        with_ended: bool,
        before: i64,
        most: i64,
    ) -> Result<Vec<Summary>> {
        let access = principal.require(Capability::Conversations, Level::Read)?;
        let list = match list {
            ListName::Mine => List::Mine(principal.operator),
            ListName::Mentioned => List::Mentioned(principal.operator),
            ListName::Unassigned => List::Unassigned(
                principal.operator,
                match access.reach {
                    Reach::All => Groups::from_bits(i64::MAX),
                    Reach::Group | Reach::Own => principal.groups,
                },
            ),
            ListName::All => match access.reach {
                Reach::All => List::All,
                Reach::Group => List::Groups(principal.operator, principal.groups),
                Reach::Own => return Err(Error::Forbidden),
            },
        };
        let most = most.clamp(1, PAGE_MOST);
        let mut found = self.store.conversations(principal.organisation, list, with_ended, before, most).await?;
        if matches!(list, List::Mentioned(_)) {
            // One may have been handed on since. Others take its place: whoever gets a short page asks for no further one.
            let wanted = found.len();
            let mut last = found.last().map(|found| found.position);
            let reaches = |found: &Conversation| access.reaches(principal.operator, found.progress.hands());
            found.retain(reaches);
            while let Some(before) = last.filter(|_| found.len() < wanted) {
                let further =
                    self.store.conversations(principal.organisation, list, with_ended, before, PAGE_MOST).await?;
                last = further.last().map(|found| found.position);
                found.extend(further.into_iter().filter(reaches).take(wanted - found.len()));
            }
        }
        self.summaries(principal, found).await
    }

    /// One row, for an operator within whose reach it is.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn summary(&self, principal: Principal, name: PublicId) -> Result<Summary> {
        let (_, found) = self.find_in_reach(principal, name).await?;
        self.summaries(principal, vec![found]).await?.pop().ok_or(Error::NotFound)
    }

    async fn summaries(&self, principal: Principal, found: Vec<Conversation>) -> Result<Vec<Summary>> {
        let mut rows = Vec::with_capacity(found.len());
        let named = self.store.named_in(principal.organisation, principal.operator).await?;
        for found in found {
            let conversation = self.refer(&found).await?;
            rows.push(Summary {
                preview: self.preview_at_hand(&conversation, found.progress.last_message),
                visitor_online: self.presence.is_visitor_online(found.id),
                mentioned: Some(named.contains(&found.id)),
                conversation,
                progress: found.progress,
                last_at: found.last_at,
                position: found.position,
            });
        }
        let missing = rows
            .iter()
            .filter(|row| row.preview.is_none() && row.progress.last_message > 0)
            .map(|row| (row.conversation.id, row.conversation.names, row.progress.last_message))
            .collect::<Vec<_>>();
        if !missing.is_empty() {
            let read = self.opened.now();
            for (id, entry) in self.store.entries_at(principal.organisation, missing).await? {
                if let Some(row) = rows.iter_mut().find(|row| row.conversation.id == id) {
                    let opened = self.open(&row.conversation, entry, read).await?;
                    row.preview = opened.text.as_ref().map(|text| (opened.author, preview(text)));
                }
            }
        }
        Ok(rows)
    }

    /// The row of a conversation that just changed, for an operator who listens. `None` where it is out of their reach
    /// now: checked again for every change (SZ5).
    ///
    /// # Errors
    /// Those of the stores.
    pub async fn changed_row(&self, principal: Principal, change: &Change) -> Result<Option<Summary>> {
        let access = principal.require(Capability::Conversations, Level::Read)?;
        if change.organisation != principal.organisation || !access.reaches(principal.operator, change.progress.hands())
        {
            return Ok(None);
        }
        let conversation = self.by_id(principal.organisation, change.conversation).await?;
        let last = change.progress.last_message;
        let preview = match self.preview_at_hand(&conversation, last) {
            None if last > 0 => {
                let (read, wanted) = (self.opened.now(), vec![(conversation.id, conversation.names, last)]);
                match self.store.entries_at(principal.organisation, wanted).await?.pop() {
                    Some((_, entry)) => {
                        let opened = self.open(&conversation, entry, read).await?;
                        opened.text.as_ref().map(|text| (opened.author, preview(text)))
                    }
                    None => None,
                }
            }
            known => known,
        };
        Ok(Some(Summary {
            visitor_online: self.presence.is_visitor_online(conversation.id),
            mentioned: None,
            conversation,
            progress: change.progress,
            last_at: change.at,
            position: change.position,
            preview,
        }))
    }

    fn preview_at_hand(&self, conversation: &Reference, sequence: i64) -> Option<(Author, Plaintext)> {
        let opened = self.opened.get(conversation.id, sequence)?;
        opened.text.as_ref().map(|text| (opened.author, preview(text)))
    }

    /// How many conversations wait, per list.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn counts(&self, principal: Principal) -> Result<Counts> {
        let access = principal.require(Capability::Conversations, Level::Read)?;
        let mut counts = Counts::default();
        for (hands, count) in self.store.counts(principal.organisation).await? {
            if !access.reaches(principal.operator, hands) {
                continue;
            }
            counts.all += count;
            if hands.assignee.is_none() {
                counts.unassigned += count;
            }
            if hands.assignee == Some(principal.operator) || hands.guests.contain(principal.operator) {
                counts.mine += count;
            }
        }
        Ok(counts)
    }

    /// The last change of the operator's organisation.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn last_position(&self, principal: Principal) -> Result<i64> {
        Ok(self.store.last_position(principal.organisation).await?)
    }

    /// Whether a conversation that changed was within an operator's reach before, and so may stand in their list.
    pub fn could_read(&self, principal: Principal, change: &Change) -> bool {
        principal
            .require(Capability::Conversations, Level::Read)
            .is_ok_and(|access| access.reaches(principal.operator, change.previous))
    }

    /// Whether a conversation that changed is within an operator's reach, without asking the store.
    pub fn may_read(&self, principal: Principal, change: &Change) -> bool {
        principal
            .require(Capability::Conversations, Level::Read)
            .is_ok_and(|access| access.reaches(principal.operator, change.progress.hands()))
    }

    /// The name outside of a conversation of this organisation, where it is at hand or can be read.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn name_of(&self, principal: Principal, id: ConversationId) -> Result<PublicId> {
        Ok(self.by_id(principal.organisation, id).await?.name())
    }
}

fn preview(text: &Plaintext) -> Plaintext {
    let mut short = String::with_capacity(PREVIEW);
    let mut words = text.reveal().split_whitespace().peekable();
    while let Some(word) = words.next() {
        short.push_str(word);
        if words.peek().is_some() {
            short.push(' ');
        }
        if short.chars().count() > PREVIEW {
            let end = short.char_indices().nth(PREVIEW - 1).map_or(short.len(), |(index, _)| index);
            short.truncate(end);
            short.push('…');
            break;
        }
    }
    Plaintext::new(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_is_one_line_of_bounded_length() {
        let short = preview(&Plaintext::new("a\n  b".to_owned()));
        assert_eq!(short.reveal(), "a b");
        let long = preview(&Plaintext::new("ä".repeat(500)));
        assert_eq!(long.reveal().chars().count(), PREVIEW);
        assert!(long.reveal().ends_with('…'));
    }
}
