//! Signed states of a log. One that is kept elsewhere shows later that nothing before it was taken away or put back.

use data_encoding::HEXLOWER;
use domain::audit::CHECKPOINT_EVERY;
use domain::{Capability, Level, OrganisationId, Principal, PublicId, Timestamp};
use privacy::chain::Statement;
use serde::{Deserialize, Serialize};
use store::audit::{Claim, Head, Signed};

use crate::{App, Error, Result};

/// What the file says it is.
const FORMAT: &str = "diskret-audit-checkpoint-1";

/// A signed state, as it is given out: a small file of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// What this is.
    pub format: String,
    /// Whose log.
    pub organisation: PublicId,
    /// Its last entry then.
    pub number: i64,
    /// The hash of that, in hex.
    pub hash: String,
    /// When it was signed, in microseconds of UTC.
    pub at: i64,
    /// The public half of the key, in hex (Ed25519).
    pub key: String,
    /// The signature, in hex.
    pub signature: String,
}

/// The text is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a checkpoint of an audit log")]
pub struct NotACheckpoint;

impl Checkpoint {
    pub(super) fn claim(&self) -> std::result::Result<Claim, NotACheckpoint> {
        let bytes = |text: &str| HEXLOWER.decode(text.as_bytes()).map_err(|_| NotACheckpoint);
        let hash = bytes(&self.hash)?.try_into().map_err(|_| NotACheckpoint)?;
        if self.format != FORMAT || self.number < 1 {
            return Err(NotACheckpoint);
        }
        let said = Statement { organisation: self.organisation, number: self.number, hash, at: Timestamp(self.at) };
        Ok(Claim { said, signature: bytes(&self.signature)? })
    }
}

impl App {
    /// The public half of the key that signs this installation's checkpoints.
    pub fn audit_key(&self) -> [u8; 32] {
        self.secrets.signing_key().public()
    }

    /// The signed states of the organisation's log, the oldest first.
    ///
    /// # Errors
    /// [`crate::Error::Forbidden`].
    pub async fn checkpoints(&self, principal: Principal) -> Result<Vec<Checkpoint>> {
        principal.require(Capability::Audit, Level::Read)?;
        let (name, _) = self.organisation(principal.organisation).await?;
        let found = self.store.checkpoints(principal.organisation).await?;
        Ok(found.into_iter().map(|signed| self.given_out(name, signed)).collect())
    }

    /// Signs how far a log has come; nothing where it is empty. Called from the command line too. First it is checked what was
    /// added since it was last signed: a node signs nothing that does not follow from that.
    ///
    /// # Errors
    /// [`Error::Conflict`] where it does not; those of the store.
    pub async fn make_checkpoint(&self, organisation: OrganisationId) -> Result<Option<Checkpoint>> {
        let (name, _) = self.organisation(organisation).await?;
        let last = self.store.last_checkpoint(organisation).await?;
        let head = self.checked(organisation, name, last.as_ref()).await?;
        if head.number == 0 {
            return Ok(None);
        }
        if let Some(last) = last.filter(|last| last.number == head.number) {
            return Ok(Some(self.given_out(name, last)));
        }
        let said = Statement { organisation: name, number: head.number, hash: head.hash, at: self.now() };
        let signature = self.secrets.signing_key().sign(&said).to_vec();
        let signed = Signed { number: said.number, hash: said.hash.to_vec(), at: said.at, signature };
        self.store.insert_checkpoint(organisation, signed.clone()).await?;
        Ok(Some(self.given_out(name, signed)))
    }

    /// How far a log goes that follows from its last signed state.
    async fn checked(&self, organisation: OrganisationId, name: PublicId, last: Option<&Signed>) -> Result<Head> {
        let tampered = Error::Conflict("this log is not what was signed, or not what was written: have it checked");
        let since = match last {
            None => None,
            Some(last) => {
                let hash = last.hash.as_slice().try_into().ok();
                let said = hash.map(|hash| Statement { organisation: name, number: last.number, hash, at: last.at });
                match said.filter(|said| said.is_signed(&self.audit_key(), &last.signature)) {
                    Some(said) => Some(Head { number: said.number, hash: said.hash }),
                    None => return Err(tampered),
                }
            }
        };
        let checked = self.store.verify_audit_since(organisation, since, self.now()).await?;
        checked.map_err(|broken| {
            tracing::error!(organisation = %name, number = broken.number, fault = broken.fault.code(), "an audit log is broken");
            tampered
        })
    }

    /// Signs the state of each log that has grown and was not signed for a day.
    pub(crate) async fn checkpoint_daily(&self) -> Result<()> {
        for organisation in self.store.organisations().await? {
            let last = self.store.last_checkpoint(organisation.id).await?;
            // A log that cannot be signed must not keep the next organisation's from being signed.
            if last.is_none_or(|last| last.at.plus(CHECKPOINT_EVERY) <= self.now())
                && let Err(error) = self.make_checkpoint(organisation.id).await
            {
                tracing::error!(%error, organisation = %organisation.name, "an audit log was not signed");
            }
        }
        Ok(())
    }

    fn given_out(&self, organisation: PublicId, signed: Signed) -> Checkpoint {
        Checkpoint {
            format: FORMAT.to_owned(),
            organisation,
            number: signed.number,
            hash: HEXLOWER.encode(&signed.hash),
            at: signed.at.0,
            key: HEXLOWER.encode(&self.audit_key()),
            signature: HEXLOWER.encode(&signed.signature),
        }
    }
}
