//! Asks for a deletion.

use std::sync::Arc;

use domain::audit::{Actor, Origin};
use domain::erasure::Cause;
use domain::limits::ERASED_AT_ONCE;
use domain::{Access, Capability, ConversationId, Level, OperatorId, OrganisationId, Principal, PublicId};
use privacy::message::Identity;
use privacy::{Message, Plaintext, random};
use store::conversation::Written;
use store::erasure::{Erasure, Request, Subject};
use store::mention::Named;

use crate::conversation::{Reference, Visitor};
use crate::{App, Error, Result};

/// What stands in the place of a passage: as long whatever it was, so that its length does not tell what it was.
const BLANK: &str = "▇▇▇";
/// How often a passage is taken out anew where somebody changes the message at the same time.
const TRIES: usize = 3;

/// A part of a text, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passage {
    /// Its first character, from 0.
    pub from: usize,
    /// The first one behind it.
    pub to: usize,
}

/// What an operator wants gone.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// Conversations.
    Conversations(Vec<PublicId>),
    /// Messages and notes of a conversation, by their sequences.
    Entries(PublicId, Vec<i64>),
    /// Parts of one of them.
    Passages(PublicId, i64, Vec<Passage>),
}

fn counted(field: &'static str, count: usize) -> Result<()> {
    if (1..=ERASED_AT_ONCE).contains(&count) {
        return Ok(());
    }
    Err(Error::Invalid { field, detail: format!("from 1 to {ERASED_AT_ONCE} at once") })
}

impl App {
    /// Has something deleted: hidden at once, destroyed once it cannot be taken back any more.
    ///
    /// # Errors
    /// As [`Self::request_erasure_as`].
    pub async fn request_erasure(self: &Arc<Self>, principal: Principal, wanted: Wanted) -> Result<Erasure> {
        self.request_erasure_as(principal, random::public_id(), wanted).await
    }

    /// The same under a name that whoever asks has chosen: who does not learn whether it was done asks again with the same one,
    /// and is told of what was asked for then.
    ///
    /// # Errors
    /// As below; [`Error::Conflict`] also where the name is another deletion's.
    pub async fn request_erasure_as(
        self: &Arc<Self>,
        principal: Principal,
        name: PublicId,
        wanted: Wanted,
    ) -> Result<Erasure> {
        principal.require(Capability::Erasing, Level::Write)?;
        if let Some(asked) = self.asked_before(principal, name).await? {
            return Ok(asked);
        }
        match self.ask_for(principal, name, wanted).await {
            // Both tries may have been under way at once.
            Err(error @ (Error::Conflict(_) | Error::NotFound)) => {
                self.asked_before(principal, name).await?.ok_or(error)
            }
            asked => asked,
        }
    }

    async fn asked_before(&self, principal: Principal, name: PublicId) -> Result<Option<Erasure>> {
        match self.store.erasure_named(principal.organisation, name).await {
            Ok(asked) if asked.requested_by == Some(principal.operator) => Ok(Some(asked)),
            Ok(_) => Err(Error::Conflict("another deletion has this id")),
            Err(store::Error::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Asks for it.
    ///
    /// # Errors
    /// [`Error::Forbidden`], also where some of it is out of reach; [`Error::NotFound`] where some of it is not there;
    /// [`Error::Invalid`]; [`Error::Conflict`] for what is being deleted in parts already, or must not be yet.
    async fn ask_for(self: &Arc<Self>, principal: Principal, name: PublicId, wanted: Wanted) -> Result<Erasure> {
        let access = principal.require(Capability::Erasing, Level::Write)?;
        let (organisation, by) = (principal.organisation, (principal.operator, access));
        let subject = match wanted {
            Wanted::Conversations(mut names) => {
                names.sort_unstable();
                names.dedup();
                counted("conversations", names.len())?;
                Subject::Conversations(self.store.conversations_named(organisation, names).await?)
            }
            Wanted::Entries(of, mut sequences) => {
                sequences.sort_unstable();
                sequences.dedup();
                counted("entries", sequences.len())?;
                Subject::Entries(self.named_in_reach(organisation, by, of).await?.id, sequences)
            }
            Wanted::Passages(of, sequence, passages) => {
                counted("passages", passages.len())?;
                let conversation = self.named_in_reach(organisation, by, of).await?;
                return self.erase_passages(principal, access, name, (&conversation, sequence), &passages).await;
            }
        };
        let asked = self.ask(organisation, (name, Cause::Operator), Some(by), subject, self.by(principal), false);
        Ok(asked.await?)
    }

    /// The conversation of a visitor who is there: gone at once, for them and for the team. One that somebody else has deleted
    /// cannot be had back any more then; one that they deleted themselves is deleted, as often as they say so.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none.
    pub async fn erase_own(self: &Arc<Self>, visitor: &Visitor) -> Result<Erasure> {
        let organisation = visitor.widget.organisation;
        let by = self.by_whom(Actor::Anybody, Origin::Browser);
        let found = match self.store.conversation_of_token(organisation, visitor.token_hash).await {
            Err(store::Error::NotFound) => {
                let store = self.store.audited(by);
                return Ok(store.erase_hidden(organisation, visitor.token_hash, self.now()).await?);
            }
            found => found?,
        };
        let subject = Subject::Conversations(vec![found.id]);
        Ok(self.ask(organisation, (random::public_id(), Cause::Visitor), None, subject, by, false).await?)
    }

    /// What was kept as long as it may be. Where nothing of it is left, nothing happens.
    pub(crate) async fn erase_kept(
        self: &Arc<Self>,
        organisation: OrganisationId,
        over: Vec<ConversationId>,
        braked: bool,
    ) -> Result<()> {
        self.erase_unasked(organisation, Cause::Retention, over, braked).await
    }

    /// What the house deletes by itself.
    pub(super) async fn erase_unasked(
        self: &Arc<Self>,
        organisation: OrganisationId,
        cause: Cause,
        all: Vec<ConversationId>,
        braked: bool,
    ) -> Result<()> {
        let subject = Subject::Conversations(all);
        match self.ask(organisation, (random::public_id(), cause), None, subject, self.by_house(), braked).await {
            Ok(_) | Err(store::Error::NotFound) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn named_in_reach(
        &self,
        organisation: OrganisationId,
        (operator, access): (OperatorId, Access),
        name: PublicId,
    ) -> Result<Arc<Reference>> {
        let found = self.store.conversation_named(organisation, name).await?;
        if !access.reaches(operator, found.progress.hands()) {
            return Err(Error::Forbidden);
        }
        self.refer(&found).await
    }

    async fn ask(
        self: &Arc<Self>,
        organisation: OrganisationId,
        (name, cause): (PublicId, Cause),
        by: Option<(OperatorId, Access)>,
        subject: Subject,
        who: store::audit::By,
        braked: bool,
    ) -> store::Result<Erasure> {
        let request = Request { name, cause, by, subject, braked, at: self.now() };
        self.store.audited(who).request_erasure(organisation, request, self.forgetting()).await
    }

    async fn erase_passages(
        self: &Arc<Self>,
        principal: Principal,
        access: Access,
        name: PublicId,
        (conversation, sequence): (&Arc<Reference>, i64),
        passages: &[Passage],
    ) -> Result<Erasure> {
        let (organisation, by) = (principal.organisation, Some((principal.operator, access)));
        for _ in 0..TRIES {
            let wanted = vec![(conversation.id, conversation.names, sequence)];
            let found = self.store.entries_at(organisation, wanted).await?.pop();
            let (_, entry) = found.ok_or(Error::NotFound)?;
            let message = entry.message.as_ref().ok_or(Error::NotFound)?;
            let text = self.unseal(conversation, message).await?;
            let rest = without(&text, passages)?;
            let identity = Identity { revision: entry.revision + 1, ..*message.identity() };
            let key = self.sealing_key(conversation).await?;
            let (message, _) = Message::receive(identity, rest).redact().seal(&key);
            let written = Written { message, key: key.id(), named: Named::new() };
            let subject = Subject::Passage(conversation.id, sequence, written);
            match self.ask(organisation, (name, Cause::Operator), by, subject, self.by(principal), false).await {
                Err(store::Error::Rekeyed) => self.renew_keys(conversation).await?,
                asked => return Ok(asked?),
            }
        }
        Err(Error::Busy)
    }
}

/// A text without some of its parts.
fn without(text: &Plaintext, passages: &[Passage]) -> Result<Plaintext> {
    let length = text.reveal().chars().count();
    let invalid = |detail: String| Error::Invalid { field: "passages", detail };
    let mut passages = passages.to_vec();
    passages.sort_unstable_by_key(|passage| (passage.from, passage.to));
    let mut rest = String::with_capacity(text.len());
    let mut done = 0;
    for Passage { from, to } in passages {
        if from >= to || to > length {
            return Err(invalid(format!("each must lie within the {length} characters of the text and not be empty")));
        }
        if from < done {
            return Err(invalid("they must not overlap".to_owned()));
        }
        rest.extend(text.reveal().chars().skip(done).take(from - done));
        rest.push_str(BLANK);
        done = to;
    }
    rest.extend(text.reveal().chars().skip(done));
    Ok(Plaintext::new(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, passages: &[(usize, usize)]) -> Option<String> {
        let passages: Vec<Passage> = passages.iter().map(|(from, to)| Passage { from: *from, to: *to }).collect();
        without(&Plaintext::new(text.to_owned()), &passages).ok().map(|text| text.reveal().to_owned())
    }

    #[test]
    fn a_passage_is_cut_out_by_characters_and_leaves_no_length() {
        assert_eq!(cut("Ich heiße Jürgen Müller.", &[(10, 23)]).as_deref(), Some("Ich heiße ▇▇▇."));
        assert_eq!(cut("Ich heiße Jo.", &[(10, 12)]).as_deref(), Some("Ich heiße ▇▇▇."));
        assert_eq!(cut("a👋b👋c", &[(3, 4), (1, 2)]).as_deref(), Some("a▇▇▇b▇▇▇c"), "in whatever order");
        assert_eq!(cut("abc", &[(0, 3)]).as_deref(), Some("▇▇▇"));
        assert_eq!(cut("abc", &[(0, 1), (1, 2)]).as_deref(), Some("▇▇▇▇▇▇c"));
    }

    #[test]
    fn what_lies_outside_overlaps_or_is_empty_is_refused() {
        for passages in [&[(0, 4)][..], &[(3, 4)], &[(2, 2)], &[(2, 1)], &[(0, 2), (1, 3)], &[(usize::MAX, usize::MAX)]]
        {
            assert_eq!(cut("abc", passages), None, "{passages:?}");
        }
    }
}
