//! Notes what was seen and tells the other side.

use bus::{Signal, Topic};
use domain::{Capability, Level, Principal, PublicId};
use store::conversation::Seen;

use super::Reference;
use crate::{App, Error, Result};

impl App {
    /// The visitor has seen everything up to a visible number.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn visitor_sees(&self, conversation: &Reference, visible: i64) -> Result<()> {
        if visible <= conversation.visitor_seen() {
            return Ok(());
        }
        let seen = self.store.see(conversation.organisation, conversation.id, Seen::Visitor(visible)).await?;
        if let Some(visible) = seen {
            conversation.visitor_saw(visible);
            // A chat that has been open for longer than a lease holds another one than whoever asks now.
            if let Some(known) = self.conversations.at_hand(conversation.id) {
                known.visitor_saw(visible);
            }
            self.bus.signal(Topic::Conversation(conversation.id), Signal::VisitorSeen(conversation.id, visible));
        }
        Ok(())
    }

    /// The team has seen everything up to a sequence.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], those of the store.
    pub async fn team_sees(&self, principal: Principal, name: PublicId, sequence: i64) -> Result<()> {
        let access = principal.require(Capability::Conversations, Level::Write)?;
        let found = self.store.conversation_named(principal.organisation, name).await?;
        if !access.reaches(principal.operator, found.progress.hands()) {
            return Err(Error::Forbidden);
        }
        if self.store.named_in(principal.organisation, principal.operator).await?.contains(&found.id) {
            self.store.looked(principal.organisation, found.id, principal.operator, sequence).await?;
        }
        let seen = self.store.see(principal.organisation, found.id, Seen::Team(sequence)).await?;
        if let Some(visible) = seen {
            self.bus.signal(Topic::Conversation(found.id), Signal::TeamSeen(found.id, visible));
            // Colleagues' lists count what is unread.
            let conversation = self.refer(&found).await?;
            self.tell_again(&conversation).await;
        }
        Ok(())
    }
}
