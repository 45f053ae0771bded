//! The end of an epoch's key: on this node, and at the places.

use super::hand_over::secrets_error;
use super::outside::holder;
use crate::{App, Result};

impl App {
    /// Destroys this node's copies of keys that were given up.
    pub(super) async fn destroy_condemned(&self) -> Result<()> {
        let (held, holder) = (self.epochs.keys.held(), self.epochs.holder());
        let first = held.first().copied().unwrap_or(i64::MAX);
        let condemned = self.keys().epochs(first).await?.into_iter();
        let condemned =
            condemned.filter(|epoch| epoch.state == store::epoch::State::Condemned).map(|epoch| epoch.epoch);
        let mut over: Vec<i64> = condemned.filter(|epoch| held.contains(epoch)).collect();
        // Also what it only began to write before it was killed.
        over.extend(
            self.keys().copies_left().await?.into_iter().filter(|copy| copy.holder == holder).map(|copy| copy.epoch),
        );
        over.sort_unstable();
        over.dedup();
        for epoch in over {
            self.epochs.keys.destroy(epoch).map_err(secrets_error)?;
            self.keyring.forget_organisations();
            self.destroyed(epoch, &holder).await?;
            tracing::info!(epoch, "the key of an epoch was destroyed here");
        }
        Ok(())
    }

    /// Destroys the copies of keys that were given up at the places that can be reached; says whether none is left there.
    pub(super) async fn destroy_at_places(&self) -> Result<bool> {
        let left = self.keys().copies_left().await?;
        let mut is_all = true;
        for place in self.epochs.places() {
            let holder = holder(&place.id);
            let over: Vec<i64> = left.iter().filter(|copy| copy.holder == holder).map(|copy| copy.epoch).collect();
            if over.is_empty() {
                continue;
            }
            if let Err(error) = self.seal_for_recovery(&place).await {
                tracing::warn!(place = place.id, %error, "a place still has the key of an epoch that is over");
                is_all = false;
                continue;
            }
            for epoch in over {
                self.destroyed(epoch, &holder).await?;
            }
        }
        Ok(is_all)
    }

    /// Notes it; where nobody holds the key any more, whoever waits for that goes on.
    pub(super) async fn destroyed(&self, epoch: i64, holder: &str) -> Result<()> {
        if self.keys().destroyed_epoch(epoch, holder.to_owned(), self.now()).await? > 0 {
            self.wake_settled().await?;
        }
        Ok(())
    }

    /// Has deletions go on whose epoch is over everywhere.
    pub(super) async fn wake_settled(&self) -> Result<()> {
        let settled = self.keys().settled_epoch().await?;
        Ok(self.store.wake_settled(settled, self.now()).await?)
    }
}
