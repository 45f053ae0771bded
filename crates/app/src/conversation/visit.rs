//! A visitor opens the chat: nothing about them is stored until they write (A2).

use std::sync::Arc;
use std::time::Duration;

use bus::Topic;
use domain::conversation::State;
use domain::{Language, PublicId};
use store::conversation::Conversation;
use store::widget::Widget;

use super::Reference;
use crate::rate::{Turns, Whereabouts};
use crate::{App, Error, Result};

/// A visitor at the chat, for as long as the socket lives.
pub struct Visitor {
    /// The chat surface.
    pub widget: Arc<Widget>,
    /// The organisation's name outside.
    pub organisation: PublicId,
    /// Hash of the token: what names the conversation.
    pub token_hash: [u8; 32],
    /// A token that was issued just now, to be told to the visitor.
    pub new_token: Option<String>,
    /// Whether they came with a token: another window of theirs may have one too.
    pub is_known: bool,
    /// The visitor's language.
    pub language: Language,
    /// The conversation, once there is one.
    pub conversation: Option<Arc<Reference>>,
    /// How much they may still send, over all their sockets.
    turns: Turns,
    /// Where they come from, for counting.
    pub(super) from: Whereabouts,
}

impl Visitor {
    /// Takes one message's worth, or says how long to wait for it.
    ///
    /// # Errors
    /// The time until the next message may be sent.
    pub fn take_turn(&self) -> std::result::Result<(), Duration> {
        self.turns.take()
    }

    /// Where it is told that a conversation of theirs has begun in another window.
    pub fn topic(&self) -> Topic {
        let [a, b, c, d, e, f, g, h, ..] = self.token_hash;
        Topic::Visitor(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }
}

/// What a visitor who comes back is told about their conversation.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Where it stands.
    pub state: State,
    /// Number of the last entry they may see.
    pub last_visible: i64,
    /// Up to which visible number the team has seen it.
    pub team_seen: i64,
    /// Who is on it.
    pub assignee: Option<domain::OperatorId>,
}

impl From<&Conversation> for Standing {
    fn from(found: &Conversation) -> Self {
        Self {
            state: found.progress.state,
            last_visible: found.progress.last_visible,
            team_seen: found.team_seen_visible,
            assignee: found.progress.assignee,
        }
    }
}

impl App {
    /// The conversation that a visitor has begun elsewhere since they came, if it is there.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn begun_by(&self, visitor: &Visitor) -> Result<Option<Arc<Reference>>> {
        match self.store.conversation_of_token(visitor.widget.organisation, visitor.token_hash).await {
            Ok(found) => self.refer(&found).await.map(Some),
            Err(store::Error::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets a visitor in: with the token of an earlier visit they find their conversation, without one they are given
    /// one. Public: a widget's name stands in the page.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown widget, [`Error::Unauthorised`] for a token that was not issued here for it.
    pub async fn visit(
        &self,
        widget: PublicId,
        token: Option<&str>,
        language: Option<Language>,
        from: Whereabouts,
    ) -> Result<(Visitor, Option<Standing>)> {
        let widget = self.widget(widget).await?;
        let key = self.secrets.token_key();
        let new_token = token.is_none().then(|| key.issue(widget.name));
        let shown = token.or(new_token.as_deref()).unwrap_or_default();
        let token_hash = key.check(widget.name, shown).map_err(|_| Error::Unauthorised)?;
        let found = match token {
            None => None,
            Some(_) => match self.store.conversation_of_token(widget.organisation, token_hash).await {
                Ok(found) => Some(found),
                Err(store::Error::NotFound) => None,
                Err(error) => return Err(error.into()),
            },
        };
        let conversation = match &found {
            Some(found) => Some(self.refer(found).await?),
            None => None,
        };
        let visitor = Visitor {
            organisation: self.organisation_name(widget.organisation).await?,
            language: language.unwrap_or(widget.language),
            widget,
            token_hash,
            is_known: token.is_some(),
            new_token,
            conversation,
            turns: self.flood.visitor(token_hash),
            from,
        };
        Ok((visitor, found.as_ref().map(Standing::from)))
    }
}
