//! What lies at each place for the day on which this machine is lost: its secrets and the epochs' keys, sealed to the recovery
//! key that the officer has in a safe.

use std::sync::{Arc, Weak};

use futures_util::future::BoxFuture;
use privacy::envelope;

use super::Which;
use crate::epoch;
use crate::places::Placed;
use crate::{App, Error, Result};

/// The epochs' keys; written by the turn.
pub const EPOCHS: &str = "keys/epoch";
/// The other secrets.
pub const SECRETS: &str = "keys/secrets";
/// What envelopes of secrets are for.
pub const PURPOSE: &str = "secrets for recovery";

impl App {
    /// Sees to it that both lie at every place that answers. One that was added just now has neither.
    pub(super) async fn see_to_recovery(&self) -> Result<()> {
        let mut lacks_epochs = false;
        for placed in self.places() {
            match (placed.get(SECRETS).await, placed.get(EPOCHS).await) {
                (Ok(secrets), Ok(epochs)) => {
                    if secrets.is_none() {
                        self.seal_secrets(placed).await?;
                    }
                    lacks_epochs |= epochs.is_none();
                }
                (Err(failed), _) | (_, Err(failed)) => tracing::warn!(%failed, "a place cannot be asked"),
            }
        }
        if lacks_epochs {
            self.recover().await?;
        }
        Ok(())
    }

    /// Puts the secrets to every place anew, after the recovery key was replaced.
    ///
    /// # Errors
    /// Where a place cannot be reached: what was sealed to the old recovery key still lies there.
    pub async fn seal_secrets_anew(&self) -> Result<()> {
        for placed in self.places() {
            self.seal_secrets(placed).await?;
        }
        Ok(())
    }

    async fn seal_secrets(&self, placed: &Placed) -> Result<()> {
        let public = self.store.installation().await?.ok_or(Error::Unavailable)?.recovery_public;
        let sealed = envelope::seal(&public, PURPOSE, &self.secrets.packed())?;
        placed.replace(SECRETS, &sealed).await.map_err(unreached)
    }
}

fn unreached(failed: crate::places::Failed) -> Error {
    tracing::warn!(%failed, "a place was not written to");
    Error::Unavailable
}

/// The places, as the turn of an epoch sees them.
pub(crate) struct Outside(Weak<App>);

impl Outside {
    pub(crate) fn of(app: &Arc<App>) -> Arc<Self> {
        Arc::new(Self(Arc::downgrade(app)))
    }

    fn app(&self) -> Result<Arc<App>> {
        self.0.upgrade().ok_or(Error::Unavailable)
    }
}

impl epoch::Outside for Outside {
    fn places(&self) -> Vec<epoch::Outer> {
        let Some(app) = self.0.upgrade() else { return Vec::new() };
        let outer = |placed: &Placed| epoch::Outer {
            id: placed.id.clone(),
            medium: placed.medium(),
            within: Some([&placed.within.country, &placed.within.site, &placed.within.company].map(Clone::clone)),
        };
        app.places().iter().map(outer).collect()
    }

    fn replace_epochs<'a>(&'a self, place: &'a str, sealed: Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let app = self.app()?;
            let placed = app.places().iter().find(|placed| placed.id == place).ok_or(Error::NotFound)?;
            placed.replace(EPOCHS, &sealed).await.map_err(unreached)
        })
    }

    fn back_up_keys(&self) -> BoxFuture<'_, Result<usize>> {
        Box::pin(async move { Ok(self.app()?.back_up(Which::Keys, None).await?.verified.len()) })
    }
}
