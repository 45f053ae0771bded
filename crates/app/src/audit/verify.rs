//! Checks the log, for those who may read it, and records that it was checked.

use domain::audit::{Detail, Kind};
use domain::{Capability, Level, OrganisationId, Principal};
use store::audit::Verified;
use tokio::sync::Semaphore;

use super::checkpoint::Checkpoint;
use crate::{App, Error, Result};

static VERIFYING: Semaphore = Semaphore::const_new(1);

impl App {
    /// Checks the organisation's log, also against signed states that were kept elsewhere. That it was checked is recorded,
    /// and where all is well, the state is signed.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Invalid`] for what is no checkpoint.
    pub async fn verify_audit(
        &self,
        principal: Principal,
        others: &[Checkpoint],
    ) -> Result<(Verified, Option<Checkpoint>)> {
        principal.require(Capability::Audit, Level::Read)?;
        let organisation = principal.organisation;
        let verified = self.check_audit(organisation, others, self.audit_key()).await?;
        let result = verified.broken.map_or("intact", |broken| broken.fault.code());
        let details = [Detail::is("result", result), Detail::is("entries", verified.entries)];
        let number = verified.broken.map(|broken| Detail::is("number", broken.number));
        let details = details.into_iter().chain(number).collect();
        self.store.audited(self.by(principal)).note(organisation, Kind::AuditVerified, None, details).await?;
        let checkpoint = match verified.broken {
            None => self.make_checkpoint(organisation).await?,
            // What is broken is not signed as if it were not.
            Some(_) => None,
        };
        Ok((verified, checkpoint))
    }

    /// The same from the command line, with the key that is to have signed. Changes nothing.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is no checkpoint; those of the store.
    pub async fn check_audit(
        &self,
        organisation: OrganisationId,
        others: &[Checkpoint],
        key: [u8; 32],
    ) -> Result<Verified> {
        let (name, _) = self.organisation(organisation).await?;
        // The whole log goes through memory and the database's readers: one at a time, whoever asks.
        let _turn = VERIFYING.acquire().await.map_err(|_| Error::Internal)?;
        let mut claims = Vec::new();
        for other in others {
            let claim = other.claim();
            claims.push(claim.map_err(|error| Error::Invalid { field: "checkpoints", detail: error.to_string() })?);
        }
        Ok(self.store.verify_audit((organisation, name), self.now(), key, claims).await?)
    }
}
