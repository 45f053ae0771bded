//! Has a snippet say something else.

use domain::{Principal, PublicId};

use super::{Content, Opened, may_write, may_write_any};
use crate::{App, Result};

impl App {
    /// Gives a snippet other words.
    ///
    /// # Errors
    /// [`crate::Error::Forbidden`]; [`crate::Error::NotFound`] alike for unknown, foreign and colleagues' own ones;
    /// [`crate::Error::Invalid`] by field.
    pub async fn change_snippet(&self, principal: Principal, name: PublicId, content: &Content) -> Result<Opened> {
        may_write_any(principal)?;
        let found = self.store.snippet(principal.organisation, principal.operator, name).await?;
        may_write(principal, found.operator)?;
        let content = content.check()?;
        let parts = self.open_snippet(&found).await?.content.parts_unlike(&content);
        let key = self.keyring.data_key(found.organisation, found.key).await?;
        let sealed = content.seal(&key, name, found.operator)?;
        let store = self.store.audited(self.by(principal));
        store.change_snippet(found.organisation, name, sealed, parts).await?;
        Ok(Opened { name, is_shared: found.operator.is_none(), content })
    }
}
