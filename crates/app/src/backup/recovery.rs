//! What lies at each place for the day on which this machine is lost: its secrets and the epochs' keys, sealed to the recovery
//! key that the officer has in a safe.

use std::sync::{Arc, Weak};

use futures_util::future::{BoxFuture, join_all};
use privacy::{digest, envelope};

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
    /// Puts both to every place anew: with each backup of the keys, so that what was missed, or came too late, is mended within
    /// the hour. A place that fails hinders no other, and no backup.
    pub(super) async fn see_to_recovery(&self) {
        if let Err(error) = self.seal_for_recovery_anew().await {
            tracing::warn!(%error, "what a lost machine is restored with does not lie at every place as it should");
        }
    }

    /// Seals what lies at the places for the loss of this machine to the present recovery key, at all places at once. It is done
    /// again every hour.
    ///
    /// # Errors
    /// Where one was not reached: what lies there may still open with the recovery key before.
    pub async fn seal_for_recovery_anew(&self) -> Result<()> {
        let public = self.recovery_public().await?;
        let (outside, places) = (self.epoch_places(), self.places());
        let epochs = join_all(outside.iter().map(async |place| {
            let sealed = self.seal_for_recovery(place).await;
            (place.id.as_str(), sealed)
        }));
        let secrets = join_all(places.iter().map(async |placed| {
            let sealed = envelope::seal(&public, PURPOSE, &self.secrets.packed())?;
            placed.replace(SECRETS, &sealed).await.map_err(unreached)
        }));
        let (epochs, secrets) = futures_util::future::join(epochs, secrets).await;
        for (placed, sealed) in places.iter().zip(&secrets) {
            if sealed.is_ok() && epochs.iter().any(|(place, sealed)| *place == placed.id && sealed.is_ok()) {
                self.store.note_sealed_for(placed.name.clone(), public).await?;
            }
        }
        epochs.into_iter().map(|(_, sealed)| sealed).chain(secrets).collect()
    }

    /// The places at which something may still be sealed to another recovery key.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn places_sealed_otherwise(&self) -> Result<Vec<String>> {
        let public = self.recovery_public().await?;
        let states = self.store.place_states().await?;
        let is_sealed = |placed: &&Placed| {
            !states.iter().any(|state| state.place == placed.name && state.sealed_for == Some(public))
        };
        Ok(self.places().iter().filter(is_sealed).map(|placed| placed.name.clone()).collect())
    }

    /// The public half of the recovery key. Whoever can write to the database, but has not the secrets of this installation,
    /// could put their own there: that of nobody's making is not sealed to.
    ///
    /// # Errors
    /// [`Error::Conflict`] where nobody has shown that they hold the key, or it is not that of this installation.
    pub async fn recovery_public(&self) -> Result<[u8; 32]> {
        let found = self.store.installation().await?.ok_or(Error::Unavailable)?;
        match found.recovery_tag {
            Some(tag) if digest::equal(&tag, &self.secrets.recovery_tag(&found.recovery_public)) => {
                Ok(found.recovery_public)
            }
            Some(_) => {
                let why = "the recovery key in the database is none that this installation made";
                tracing::error!("{why}: somebody else wrote it there; nothing is sealed to it");
                Err(Error::Conflict(why))
            }
            None => Err(Error::Conflict(
                "nobody has shown that they hold the recovery key: run `diskret admin confirm-recovery-key`",
            )),
        }
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

    fn has_generation<'a>(&'a self, place: &'a str, epoch: i64) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            let app = self.app()?;
            let placed = app.places().iter().find(|placed| placed.id == place).ok_or(Error::NotFound)?;
            Ok(app.store.has_generation(placed.name.clone(), epoch).await?)
        })
    }

    fn back_up_keys(&self) -> BoxFuture<'_, Result<usize>> {
        Box::pin(async move { Ok(self.app()?.back_up(Which::Keys, None).await?.verified.len()) })
    }
}
