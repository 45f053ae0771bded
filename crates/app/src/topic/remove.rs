//! Deletes a topic that no conversation was ever about.

use domain::{Capability, Level, Principal, PublicId};

use crate::{App, Error, Result};

impl App {
    /// Deletes a topic.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Conflict`] for one that is or was used.
    pub async fn remove_topic(&self, principal: Principal, name: PublicId) -> Result<()> {
        principal.require(Capability::Snippets, Level::Write)?;
        let topic = self.find_topic(principal, name).await?;
        self.store.audited(self.by(principal)).delete_topic(principal.organisation, topic.number).await.map_err(
            |error| match error {
                store::Error::Conflict(_) => Error::Conflict("conversations are or were about this topic: archive it"),
                other => other.into(),
            },
        )?;
        self.topics.forget(principal.organisation);
        Ok(())
    }
}
