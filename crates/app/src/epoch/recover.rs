//! What lies at the places for the day on which every disk here is lost: the epoch keys, sealed to the recovery key, in one small
//! file that is overwritten.

use futures_util::future::join_all;
use privacy::envelope;
use store::epoch::State;

use super::bundle::{RECOVERY, pack};
use super::outside::{Outer, holder};
use crate::{App, Error, Result};

/// How often it is written again where an epoch ended meanwhile.
const TRIES: usize = 3;

impl App {
    /// Puts all keys that are needed now to every place; says whether one has them, where there are any.
    pub(crate) async fn recover(&self) -> Result<bool> {
        let places = self.epochs.places();
        let sealed = join_all(places.iter().map(async |place| {
            let sealed = self.seal_for_recovery(place).await;
            if let Err(error) = &sealed {
                tracing::warn!(place = place.id, %error, "the epoch keys could not be put to a place");
            }
            sealed.is_ok()
        }));
        Ok(places.is_empty() || sealed.await.contains(&true))
    }

    /// Replaces what lies at a place by the keys that are needed now.
    pub(crate) async fn seal_for_recovery(&self, place: &Outer) -> Result<()> {
        let Some(outside) = self.epochs.outside.get() else { return Ok(()) };
        let (public, holder) = (self.recovery_public().await?, holder(&place.id));
        let mut over: Vec<i64> = Vec::new();
        for _ in 0..TRIES {
            let live = self.live_epochs().await?;
            let keys = self.live_keys(&live);
            let current = live.iter().find(|epoch| epoch.state == State::Current).map(|epoch| epoch.epoch);
            // A file without it would take the last copy from the place.
            if !keys.iter().any(|(epoch, _)| Some(*epoch) == current) {
                tracing::error!(
                    "this node has not the key of the current epoch: what lies at the places is left alone"
                );
                return Err(Error::Unavailable);
            }
            // Before they lie there: a copy that is not noted would be forgotten.
            for epoch in keys.iter().map(|(epoch, _)| *epoch).chain(over.iter().copied()) {
                let (holder, medium, within) = (holder.clone(), place.medium.clone(), place.within.clone());
                self.keys().hold_epoch(epoch, holder, medium, within, self.now()).await?;
            }
            outside.replace_epochs(&place.id, envelope::seal(&public, RECOVERY, &pack(&keys))?).await?;
            for epoch in over {
                self.destroyed(epoch, &holder).await?;
            }
            // It may have taken a while: what another node saw destroyed there must not be back.
            let live = self.live_epochs().await?;
            over =
                keys.iter().map(|(epoch, _)| *epoch).filter(|held| live.iter().all(|one| one.epoch != *held)).collect();
            if over.is_empty() {
                return Ok(());
            }
        }
        Err(Error::Unavailable)
    }

    /// Backs up the wrapped keys; says whether a place has them, where there are any.
    pub(super) async fn back_up_for_turn(&self) -> Result<bool> {
        let Some(outside) = self.epochs.outside.get() else { return Ok(true) };
        Ok(outside.places().is_empty() || outside.back_up_keys().await? > 0)
    }
}
