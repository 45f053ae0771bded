//! Somebody types. Passed on, never stored; what is typed never leaves the browser before it is sent (A3).

use bus::{Signal, Topic};
use domain::{Capability, Level, Principal, PublicId};

use super::Reference;
use crate::{App, Result};

impl App {
    /// The visitor types, or stopped.
    pub fn visitor_types(&self, conversation: &Reference, on: bool) {
        self.bus.signal(Topic::Conversation(conversation.id), Signal::VisitorTyping(conversation.id, on));
    }

    /// An operator types, or stopped.
    ///
    /// # Errors
    /// [`crate::Error::Forbidden`], [`crate::Error::NotFound`].
    pub async fn operator_types(&self, principal: Principal, name: PublicId, on: bool) -> Result<()> {
        principal.require(Capability::Conversations, Level::Write)?;
        let (conversation, found) = self.find_in_reach(principal, name).await?;
        let signal = Signal::OperatorTyping(found.id, principal.operator, on);
        self.bus.signal(Topic::Conversation(conversation.id), signal);
        Ok(())
    }
}
