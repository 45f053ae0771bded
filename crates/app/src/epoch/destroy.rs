//! The end of an epoch's key: on this node, and at the places.

use std::time::Duration;

use domain::OrganisationId;
use store::epoch::State;

use super::hand_over::secrets_error;
use super::outside::holder;
use crate::{App, Result};

/// A place that lacks the newest keys keeps those before for so long, and no longer: by then what was deleted must be noise.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);

impl App {
    /// Destroys this node's copies of keys that were given up, and of keys that the database knows nothing of: nodes of before a
    /// restore may have them. What says so is a number in a database: a key goes only where a newer one is here and is in use.
    pub(super) async fn destroy_condemned(&self) -> Result<()> {
        let (held, holder) = (self.epochs.keys.held(), self.epochs.holder());
        let epochs = self.keys().epochs(0).await?;
        let is_over = |held: i64| {
            epochs.iter().find(|epoch| epoch.epoch == held).is_none_or(|epoch| epoch.state == State::Condemned)
        };
        let mut over: Vec<i64> = held.iter().copied().filter(|epoch| is_over(*epoch)).collect();
        // Also what it only began to write before it was killed.
        over.extend(
            self.keys().copies_left().await?.into_iter().filter(|copy| copy.holder == holder).map(|copy| copy.epoch),
        );
        over.sort_unstable();
        over.dedup();
        if over.is_empty() {
            return Ok(());
        }
        let current = epochs.iter().find(|epoch| epoch.state == State::Current).map_or(0, |epoch| epoch.epoch);
        let (over, later): (Vec<i64>, Vec<i64>) = over.into_iter().partition(|epoch| *epoch < current);
        if later.iter().any(|epoch| held.contains(epoch)) && current == 0 {
            tracing::error!(?later, "no epoch is the current one, and all keys are said to be over: none is destroyed");
        }
        for epoch in over {
            if !self.is_replaced(epoch, current).await? {
                tracing::error!(
                    epoch,
                    current,
                    "the key of an epoch is said to be over, but no newer one is in use here"
                );
                continue;
            }
            self.epochs.keys.destroy(epoch).map_err(secrets_error)?;
            self.keyring.forget_organisations();
            self.destroyed(epoch, &holder).await?;
            tracing::info!(epoch, "the key of an epoch was destroyed here");
        }
        Ok(())
    }

    /// Whether nothing hangs on an epoch's key: this node holds that of the current one, keys of organisations are wrapped with
    /// later ones only, and one that is here opens one of them. Where there are none, nobody is there in the other database either:
    /// the last organisation has ended.
    async fn is_replaced(&self, epoch: i64, current: i64) -> Result<bool> {
        if self.epochs.keys.get(current).is_none() {
            return Ok(false);
        }
        let found = self.keys().organisation_keys(OrganisationId(0), 1_000).await?;
        if found.iter().any(|found| found.key.epoch <= epoch) {
            return Ok(false);
        }
        if found.is_empty() {
            return Ok(self.store.organisations().await?.is_empty());
        }
        for found in &found {
            if self.epochs.keys.get(found.key.epoch).is_some() && self.unwrapped(found).await.is_ok() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Destroys the copies of keys that were given up at the places that can be reached; says whether none is left there.
    pub(super) async fn destroy_at_places(&self) -> Result<bool> {
        let (left, turn) = (self.keys().copies_left().await?, self.keys().turn().await?);
        let is_long_over = self.now() >= turn.begun_at.plus(KEPT_FOR);
        let mut is_all = true;
        for place in self.epochs.places() {
            let holder = holder(&place.id);
            let over: Vec<i64> = left.iter().filter(|copy| copy.holder == holder).map(|copy| copy.epoch).collect();
            if over.is_empty() {
                continue;
            }
            // What lies there opens with the old key only: were the other place lost now, nothing could be restored.
            if !is_long_over && !self.has_generation(&place.id, turn.to).await? {
                tracing::warn!(
                    place = place.id,
                    "a place has no backup of the keys of this epoch: it keeps the key before that"
                );
                is_all = false;
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

    /// Whether a place has a backup of the keys of an epoch, read back.
    async fn has_generation(&self, place: &str, epoch: i64) -> Result<bool> {
        match self.epochs.outside.get() {
            Some(outside) => outside.has_generation(place, epoch).await,
            None => Ok(true),
        }
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
