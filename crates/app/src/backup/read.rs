//! Reads the newest backups at each place once more, every week: a bit that flips there is found before the day of need.

use std::time::Duration;

use places::Error as PlaceError;

use super::Which;
use super::check::AHEAD;
use crate::places::{Failed, Placed};
use crate::{App, Result};

/// How often.
const READ_EVERY: Duration = Duration::from_secs(7 * 24 * 3600);

impl App {
    /// Reads what lies at the places, where it is time.
    ///
    /// # Errors
    /// Those of the store. What is broken is noted, and told by `late_backups` and the log.
    pub async fn read_backups(&self) -> Result<()> {
        for placed in self.places() {
            let now = self.now();
            if !self.store.begin_reading(placed.name.clone(), now.minus(READ_EVERY), now).await? {
                continue;
            }
            match self.read_newest(placed).await {
                Ok(()) => self.store.end_reading(placed.name.clone(), None).await?,
                Err(failed) if matches!(failed.error, PlaceError::Unfit(_)) => {
                    tracing::error!(%failed, "a backup is not as it was written");
                    self.store.end_reading(placed.name.clone(), Some(failed.error.to_string())).await?;
                }
                Err(failed) => {
                    tracing::warn!(%failed, "backups could not be read once more");
                    self.store.read_again(placed.name.clone()).await?;
                }
            }
        }
        Ok(())
    }

    async fn read_newest(&self, placed: &Placed) -> std::result::Result<(), Failed> {
        for which in [Which::Keys, Which::Data] {
            let (latest, lying) = (self.now().plus(AHEAD), self.backups_at(placed, which).await?);
            if let Some(newest) = lying.iter().rev().find(|lying| lying.is_complete && lying.set.at <= latest) {
                self.verify_backup(placed, &newest.set).await?;
            }
        }
        Ok(())
    }
}
