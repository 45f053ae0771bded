//! Adds a snippet.

use domain::Principal;
use privacy::random;
use store::snippet::Snippet;

use super::{Content, Opened, may_write};
use crate::{App, Error, Result};

impl App {
    /// Adds a snippet: for everybody, or for oneself.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Invalid`] by field, [`Error::Conflict`] where there are as many as there may be.
    pub async fn add_snippet(&self, principal: Principal, is_shared: bool, content: &Content) -> Result<Opened> {
        let operator = (!is_shared).then_some(principal.operator);
        may_write(principal, operator)?;
        let content = content.check()?;
        let (name, key) = (random::public_id(), self.keyring.new_key(principal.organisation).await?);
        let content_sealed = content.seal(&key, name, operator)?;
        let snippet = Snippet { organisation: principal.organisation, name, operator, key: key.id(), content_sealed };
        self.store.audited(self.by(principal)).insert_snippet(snippet, self.now()).await.map_err(
            |error| match error {
                store::Error::Conflict(_) => {
                    Error::Conflict("there are as many snippets as there can be: delete one that nobody needs")
                }
                other => other.into(),
            },
        )?;
        Ok(Opened { name, is_shared, content })
    }
}
