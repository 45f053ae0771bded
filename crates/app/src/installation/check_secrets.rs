//! Data, keys and secrets belong together, at every node.

use store::Error as StoreError;

use crate::{App, Error};

/// Why a program must not serve with the secrets it has.
#[derive(Debug, thiserror::Error)]
pub enum WrongSecrets {
    /// They open nothing of what is stored.
    #[error("these secrets do not open what is stored: put the folder `secrets` back that belongs to these databases")]
    OpenNothing,
    /// Another node has others.
    #[error("another node of this installation has other secrets: copy its folder `secrets` here")]
    Differ,
    /// It cannot be said.
    #[error(transparent)]
    Unknown(#[from] Error),
}

impl From<StoreError> for WrongSecrets {
    fn from(error: StoreError) -> Self {
        Self::Unknown(error.into())
    }
}

impl App {
    /// Checks that this node's secrets open what is stored and are those of every other node: two nodes that each made their
    /// own would write what the other cannot read. Changes nothing.
    ///
    /// # Errors
    /// [`WrongSecrets`].
    pub async fn check_secrets(&self) -> std::result::Result<(), WrongSecrets> {
        let organisations = self.store.organisations().await?;
        if organisations.is_empty() {
            return Ok(());
        }
        for organisation in organisations {
            match self.keyring.can_open(organisation.id).await {
                Ok(()) => break,
                // Its set-up was broken off before it got a key.
                Err(Error::NotFound) => {}
                Err(error @ (Error::Unavailable | Error::Busy)) => return Err(error.into()),
                Err(_) => return Err(WrongSecrets::OpenNothing),
            }
        }
        if self.has_other_secrets().await? { Err(WrongSecrets::Differ) } else { Ok(()) }
    }

    /// Whether these databases are those of other secrets.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn has_other_secrets(&self) -> std::result::Result<bool, Error> {
        self.keyring.names_others(&self.secrets).await
    }

    /// Names this node's secrets as the installation's: with the first organisation, which they protect from then on.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where others are named, those of the store.
    pub async fn name_secrets(&self) -> std::result::Result<(), Error> {
        self.keyring.name_secrets(&self.secrets).await?;
        if self.keyring.names_others(&self.secrets).await? {
            tracing::error!(
                "another node has set this installation up with other secrets: copy its folder `secrets` here"
            );
            return Err(Error::Unavailable);
        }
        // None before the set-up is through: the next start names it.
        let (ours, named) = (self.audit_key(), self.store.name_audit_key(self.audit_key()).await?);
        if named.is_some_and(|named| named != ours) {
            tracing::error!(
                "another node signs audit logs with another key: copy `audit-checkpoints.key` from its folder `secrets`"
            );
            return Err(Error::Unavailable);
        }
        Ok(())
    }
}
