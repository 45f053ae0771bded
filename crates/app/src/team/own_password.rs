//! Changes one's own password.

use privacy::Plaintext;

use super::prove::wrong;
use super::{Proof, SignedInBrowser};
use crate::{App, Error, Result};

impl App {
    /// Changes one's own password and ends one's other sessions. Programs cannot: whoever steals a token gets no further.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a wrong current password (`current`) and for a new one that breaks a rule (`password`);
    /// [`Error::RateLimited`] after many wrong ones.
    pub async fn change_own_password(&self, by: &SignedInBrowser, current: Plaintext, new: Plaintext) -> Result<()> {
        let operator = self.prove(by.principal, Proof { password: current, code: None }).await?;
        let hash = self.hash_password(&operator, new).await?;
        let passwords = (operator.password_hash, hash);
        let store = self.store.audited(self.by(by.principal));
        store.set_own_password(operator.organisation, operator.id, passwords, by.hash).await.map_err(
            |error| match error {
                store::Error::NotFound => wrong("current", "this is not your password any more"),
                other => Error::from(other),
            },
        )
    }
}
