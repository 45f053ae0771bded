//! Somebody shows that they hold the recovery key, by typing it back.

use domain::{Capability, Level, OrganisationId, Principal};
use privacy::{Plaintext, recovery};
use store::audit::By;
use zeroize::Zeroizing;

use crate::{App, Error, Result};

impl App {
    /// Confirms the recovery key. The key itself is forgotten at once; only its public half is compared.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Invalid`] where it is not this installation's.
    pub async fn confirm_recovery(&self, principal: Principal, key: &Plaintext) -> Result<()> {
        principal.require(Capability::Installation, Level::Write)?;
        self.confirm(key, self.by(principal), vec![principal.organisation]).await
    }

    /// Makes a new recovery key in the place of one that was lost, by whoever runs the machine. What lies at the places stays
    /// sealed to the old one until [`Self::seal_for_recovery_anew`].
    ///
    /// # Errors
    /// Those of the store.
    pub async fn new_recovery_key(&self) -> Result<Zeroizing<String>> {
        let (shown, public) = recovery::generate();
        let all = self.everyone().await?;
        self.store.audited(self.by_command_line()).install(public, self.secrets.recovery_tag(&public), all).await?;
        Ok(shown)
    }

    /// The same from the command line, by whoever runs the machine.
    ///
    /// # Errors
    /// [`Error::Invalid`] where it is not this installation's.
    pub async fn confirm_recovery_key(&self, key: &Plaintext) -> Result<()> {
        let all = self.everyone().await?;
        self.confirm(key, self.by_command_line(), all).await
    }

    async fn everyone(&self) -> Result<Vec<OrganisationId>> {
        Ok(self.store.organisations().await?.into_iter().map(|organisation| organisation.id).collect())
    }

    /// Recorded in the logs of these organisations.
    async fn confirm(&self, key: &Plaintext, by: By, organisations: Vec<OrganisationId>) -> Result<()> {
        let wrong = || Error::Invalid {
            field: "key",
            detail: "this is not the recovery key of this installation: compare it with the one you wrote down"
                .to_owned(),
        };
        let public = recovery::public(key.reveal()).map_err(|_| wrong())?;
        self.store
            .audited(by)
            .confirm_recovery(public, self.secrets.recovery_tag(&public), organisations)
            .await
            .map_err(|error| match error {
                store::Error::NotFound => wrong(),
                other => other.into(),
            })
    }
}
