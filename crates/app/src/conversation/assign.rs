//! Gives a conversation to an operator, to nobody, or to a group, with a note where there is something to say.

use bus::{Signal, Topic};
use domain::conversation::{Author, Call};
use domain::{Capability, Level, Principal, PublicId, SenderId};
use privacy::Plaintext;
use store::conversation::{To as Hands, Written};

use super::receive_message::{ReceiveError, capture, redact};
use crate::{App, Result};

/// To whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// An operator, or nobody; its group stays.
    Operator(Option<PublicId>),
    /// A group, or everybody; nobody is on it then.
    Group(Option<PublicId>),
}

/// A note that goes with it.
#[derive(Debug)]
pub struct HandoverNote {
    /// Drawn for this note alone: what is sent again is known by it.
    pub sender: SenderId,
    /// What was written.
    pub text: Plaintext,
}

impl App {
    /// Assigns; the operator must work in the same organisation and be able to read what they are given. The note is stored
    /// with it or not at all, before it, so that whoever gets the conversation finds it there. Whom it names is called where
    /// they may read the conversation in the new hands.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`] for somebody who cannot take it and for a note that is
    /// none.
    pub async fn assign(&self, principal: Principal, name: PublicId, to: To, note: Option<HandoverNote>) -> Result<()> {
        let access = principal.require(Capability::Conversations, Level::Write)?;
        let (organisation, by) = (principal.organisation, (principal.operator, access));
        let to = match to {
            To::Operator(None) => Hands::Operator(None),
            To::Operator(Some(to)) => Hands::Operator(Some(self.colleague(principal, to, Level::Write).await?)),
            To::Group(None) => Hands::Group(None),
            To::Group(Some(to)) => Hands::Group(Some(self.group_named(principal, to).await?)),
        };
        let (conversation, note) = match note {
            Some(note) => {
                let (conversation, _) = self.find_in_reach(principal, name).await?;
                let _place = self.flood.answer(organisation).await?;
                (conversation.id, Some(self.seal_note(principal, &conversation, note).await?))
            }
            None => (self.store.conversation_named(organisation, name).await?.id, None),
        };
        let mut named = note.as_ref().map(|note| note.named.clone()).unwrap_or_default();
        let change = self
            .store
            .audited(self.by(principal))
            .hand_over(organisation, conversation, by, to, note, self.now())
            .await?;
        let Some(change) = change else { return Ok(()) };
        if let Hands::Operator(Some(to)) = to
            && to != principal.operator
        {
            self.bus.signal(Topic::Operator(to), Signal::Called(conversation, principal.operator, Call::Handed));
            // Called once, and for what matters more.
            named.retain(|(who, _)| *who != to);
        }
        self.call(conversation, principal.operator, &named, change.progress.hands());
        Ok(())
    }

    async fn seal_note(
        &self,
        principal: Principal,
        conversation: &super::Reference,
        note: HandoverNote,
    ) -> Result<Written> {
        let named = self.named(principal, &note.text).await?;
        let text = capture(note.text).map_err(ReceiveError::of_request)?;
        // Asked anew: whoever hands something over must not have to say it twice.
        self.renew_keys(conversation).await?;
        let key = self.sealing_key(conversation).await?;
        let author = Author::Operator(principal.operator);
        let (message, _) = redact(text, &conversation.names, author, note.sender, 1, true).seal(&key);
        Ok(Written { message, key: key.id(), named })
    }
}
