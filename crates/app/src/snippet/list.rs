//! Shows what an operator may use.

use domain::{Capability, Level, Principal};

use super::Opened;
use crate::{App, Error, Result};

impl App {
    /// The shared snippets and the operator's own.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn snippets(&self, principal: Principal) -> Result<Vec<Opened>> {
        principal.require(Capability::Snippets, Level::Read)?;
        let mut opened = Vec::new();
        for snippet in self.store.snippets(principal.organisation, principal.operator).await? {
            match self.open_snippet(&snippet).await {
                Ok(snippet) => opened.push(snippet),
                // Deleted since the list was read: its key has gone with it.
                Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(opened)
    }
}
