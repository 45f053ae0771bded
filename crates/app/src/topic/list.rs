//! The topics of the organisation.

use domain::{Capability, Level, Principal};
use store::topic::Topic;

use crate::{App, Result};

impl App {
    /// The topics of the organisation, archived ones included.
    ///
    /// # Errors
    /// [`crate::Error::Forbidden`].
    pub async fn topics(&self, principal: Principal) -> Result<Vec<Topic>> {
        principal.require(Capability::Snippets, Level::Read)?;
        Ok(self.store.topics(principal.organisation).await?)
    }
}
