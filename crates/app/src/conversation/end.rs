//! Ends a conversation, or takes it up again.

use domain::{Capability, Level, Principal, PublicId};

use crate::{App, Result};

impl App {
    /// Ends or reopens; doing it twice is doing it once.
    ///
    /// # Errors
    /// [`crate::Error::Forbidden`], [`crate::Error::NotFound`].
    pub async fn set_ended(&self, principal: Principal, name: PublicId, ended: bool) -> Result<()> {
        let access = principal.require(Capability::Conversations, Level::Write)?;
        let found = self.store.conversation_named(principal.organisation, name).await?;
        let (by, now) = ((principal.operator, access), self.now());
        let idle_at = now.plus(self.quiet_of(principal.organisation, found.widget).await?.end);
        let store = self.store.audited(self.by(principal));
        store.set_ended(principal.organisation, found.id, by, ended, now, idle_at).await?;
        Ok(())
    }
}
