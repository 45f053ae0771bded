//! Entries of the journal of deletions that no backup needs any more: every backup that could be restored knows them. They go
//! at the places first, then here, so that none is at a place that nobody knows of.

use std::time::Duration;

use domain::Timestamp;
use store::backup::Which;
use store::journal::expire::EXPIRED_AT_ONCE;

use crate::places::{Failed, Placed};
use crate::{App, Result};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// How much older than every backup an entry is when it goes.
const BEHIND: Duration = Duration::from_secs(7 * DAY.as_secs());
/// For how long backups are taken to be kept where no place is named: somebody may copy the databases by themselves.
const WITHOUT_PLACES: Duration = Duration::from_secs(30 * DAY.as_secs());
/// A backup that lies nowhere is taken to its places for a day; that one was not made can be seen for a year.
const SENT_WITHIN: Duration = Duration::from_secs(25 * 3600);
const FAILED_KEPT: Duration = Duration::from_secs(366 * DAY.as_secs());

impl App {
    /// Deletes what is over of the journal, at all places and here. Where a place does not answer nothing goes: it may have the
    /// oldest backup.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn expire_journal(&self) -> Result<()> {
        let Some(before) = self.journal_needed_from().await else { return Ok(()) };
        let over = self.store.journal_over(before.minus(BEHIND)).await?;
        for placed in self.places() {
            if let Err(failed) = take_away(placed, over).await {
                tracing::warn!(%failed, "what is over of the journal of deletions could not be deleted");
                return Ok(());
            }
        }
        while self.store.expire_journal(over).await? == EXPIRED_AT_ONCE {}
        Ok(())
    }

    /// Forgets backups that lie nowhere any more.
    pub(crate) async fn forget_backups(&self) -> Result<()> {
        let now = self.now();
        Ok(self.store.forget_backups(now.minus(SENT_WITHIN), now.minus(FAILED_KEPT)).await?)
    }

    /// When the oldest backup was begun that somebody could restore; not known where a place is away or has none yet.
    async fn journal_needed_from(&self) -> Option<Timestamp> {
        let keep = self.places.get().map_or(WITHOUT_PLACES, |places| places.keep);
        let mut from = self.now().minus(keep);
        for placed in self.places() {
            match self.backups_at(placed, Which::Data).await {
                Ok(found) => from = from.min(found.iter().find(|lying| lying.is_complete)?.set.at),
                Err(failed) => {
                    tracing::warn!(%failed, "the journal of deletions is kept: a place does not say what it has");
                    return None;
                }
            }
        }
        Some(from)
    }
}

/// The oldest first: what is left has no gap.
async fn take_away(placed: &Placed, upto: i64) -> std::result::Result<(), Failed> {
    let mut over: Vec<String> = placed.list("journal/").await?.into_iter().map(|object| object.name).collect();
    over.retain(|name| number(name).is_some_and(|number| number <= upto));
    over.sort_unstable();
    for name in over {
        placed.delete(&name).await?;
    }
    Ok(())
}

/// Of an entry's name.
fn number(name: &str) -> Option<i64> {
    let number = name.strip_prefix("journal/")?.parse().ok()?;
    (super::name(number) == name).then_some(number)
}
