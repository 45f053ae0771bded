//! Somebody shows that they hold the recovery key, by typing it back.

use domain::{Capability, Level, Principal};
use privacy::{Plaintext, recovery};
use zeroize::Zeroizing;

use crate::{App, Error, Result};

impl App {
    /// Confirms the recovery key. The key itself is forgotten at once; only its public half is compared.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Invalid`] where it is not this installation's.
    pub async fn confirm_recovery(&self, principal: Principal, key: &Plaintext) -> Result<()> {
        principal.require(Capability::Installation, Level::Write)?;
        self.confirm_recovery_key(key).await
    }

    /// Makes a new recovery key in the place of one that was lost, by whoever runs the machine. What was sealed to the old
    /// one would stay sealed to it; nothing is yet.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn new_recovery_key(&self) -> Result<Zeroizing<String>> {
        let (shown, public) = recovery::generate();
        self.store.install(public, self.now()).await?;
        Ok(shown)
    }

    /// The same from the command line, by whoever runs the machine.
    ///
    /// # Errors
    /// [`Error::Invalid`] where it is not this installation's.
    pub async fn confirm_recovery_key(&self, key: &Plaintext) -> Result<()> {
        let wrong = || Error::Invalid {
            field: "key",
            detail: "this is not the recovery key of this installation: compare it with the one you wrote down"
                .to_owned(),
        };
        let public = recovery::public(key.reveal()).map_err(|_| wrong())?;
        self.store.confirm_recovery(public, self.now()).await.map_err(|error| match error {
            store::Error::NotFound => wrong(),
            other => other.into(),
        })
    }
}
