//! Deletes a snippet.

use domain::{Principal, PublicId};

use super::{may_write, may_write_any};
use crate::{App, Result};

impl App {
    /// Deletes a snippet and its key.
    ///
    /// # Errors
    /// [`crate::Error::Forbidden`]; [`crate::Error::NotFound`] alike for unknown, foreign and colleagues' own ones.
    pub async fn remove_snippet(&self, principal: Principal, name: PublicId) -> Result<()> {
        may_write_any(principal)?;
        let found = self.store.snippet(principal.organisation, principal.operator, name).await?;
        may_write(principal, found.operator)?;
        self.store.audited(self.by(principal)).delete_snippet(found.organisation, name).await?;
        // A key that stays behind because this fails is one that nothing uses: the sweep takes it.
        self.keyring.shred(found.organisation, &[found.key]).await.map(drop)
    }
}
