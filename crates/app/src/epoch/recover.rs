//! What lies at the places for the day on which every disk here is lost: the epoch keys, sealed to the recovery key, in one small
//! file that is overwritten.

use privacy::envelope;

use super::bundle::{RECOVERY, pack};
use super::outside::{Outer, holder};
use crate::{App, Error, Result};

impl App {
    /// Puts all keys that are needed now to every place; says whether one has them, where there are any.
    pub(crate) async fn recover(&self) -> Result<bool> {
        let (places, mut reached) = (self.epochs.places(), 0);
        for place in &places {
            match self.seal_for_recovery(place).await {
                Ok(()) => reached += 1,
                Err(error) => tracing::warn!(place = place.id, %error, "the epoch keys could not be put to a place"),
            }
        }
        Ok(places.is_empty() || reached > 0)
    }

    /// Replaces what lies at a place by the keys that are needed now.
    pub(super) async fn seal_for_recovery(&self, place: &Outer) -> Result<()> {
        let Some(outside) = self.epochs.outside.get() else { return Ok(()) };
        let public = self.store.installation().await?.ok_or(Error::Unavailable)?.recovery_public;
        let public = public.as_slice().try_into().map_err(|_| Error::Internal)?;
        let keys = self.live_keys(&self.live_epochs().await?);
        // Before they lie there: a copy that is not noted would be forgotten.
        for (epoch, _) in &keys {
            let (holder, medium, within) = (holder(&place.id), place.medium.clone(), place.within.clone());
            self.keys().hold_epoch(*epoch, holder, medium, within, self.now()).await?;
        }
        outside.replace_epochs(&place.id, envelope::seal(&public, RECOVERY, &pack(&keys))?).await
    }

    /// Puts the epoch keys to every place anew, after the recovery key was replaced.
    ///
    /// # Errors
    /// Where a place cannot be reached: what was sealed to the old recovery key still lies there.
    pub async fn seal_epochs_anew(&self) -> Result<()> {
        for place in self.epochs.places() {
            self.seal_for_recovery(&place).await?;
        }
        Ok(())
    }

    /// Backs up the wrapped keys; says whether a place has them, where there are any.
    pub(super) async fn back_up_for_turn(&self) -> Result<bool> {
        let Some(outside) = self.epochs.outside.get() else { return Ok(true) };
        Ok(outside.places().is_empty() || outside.back_up_keys().await? > 0)
    }
}
