//! Backups by themselves: of the data once a day, of the keys every hour. What a place lacks is taken there in between.

use std::time::Duration;

use domain::limits::{BACKUP_EVERY, BACKUP_LATE, KEYS_EVERY};
use domain::{OperatorId, OrganisationId, Timestamp};
use store::job::{Claimed, Kind};

use super::{TURNING, Which};
use crate::{App, Error, Result};

/// How often a place is tried that lacks something.
const TRIED_AGAIN: Duration = Duration::from_secs(600);
/// A job is kept for so long, and kept longer each third of it.
const LEASE: Duration = Duration::from_secs(60);

/// Keys that are being wrapped anew are backed up after that.
const AFTER_TURN: Duration = Duration::from_secs(30);

/// The job's step while only the rest is to be taken to its place.
const REST: i64 = 1;

impl App {
    /// Sees to it that backups are made, from the day on which a place is named.
    pub(crate) async fn schedule_backups(&self) -> Result<()> {
        if self.places().is_empty() || self.store.installation().await?.is_none() {
            return Ok(());
        }
        let now = self.now();
        // At once: there is none yet, or somebody sees on the first day whether it works.
        for (kind, every) in [(Kind::Backup, BACKUP_EVERY), (Kind::BackupKeys, KEYS_EVERY)] {
            self.store.ensure_job(kind, now, every + TRIED_AGAIN, now).await?;
        }
        for late in self.late_backups().await? {
            tracing::error!(backup = ?late, "backups are late: see `diskret doctor`");
        }
        Ok(())
    }

    /// Which backups are older than they should be, or were never made since places were named.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn late_backups(&self) -> Result<Vec<Which>> {
        let (mut late, since) = (Vec::new(), self.now().minus(BACKUP_LATE));
        for which in [Which::Data, Which::Keys] {
            let times = self.store.backup_times(which).await?;
            let is_made = times.last_at_a_place.is_some_and(|last| last > since);
            // One that was only tried just now has its time.
            let is_new = times.first.is_none_or(|first| first > since);
            if !is_made && !is_new {
                late.push(which);
            }
        }
        Ok(late)
    }

    /// For the worker: takes to the places what they lack, makes a new one when it is time, and comes again.
    pub(crate) async fn backup_due(&self, which: Which, mut job: Claimed) -> Result<()> {
        if self.places().is_empty() {
            return Ok(self.store.advance_job(&job, 0, self.now().plus(BACKUP_EVERY)).await?);
        }
        // Whoever asks for one gets it beside the daily one.
        let asked_by = (job.subject != 0).then_some(OperatorId(job.subject));
        let is_time = job.step != REST;
        let work = async {
            let mut left = !self.finish_backups(which).await?.is_empty();
            if is_time {
                left |= !self.back_up(which, asked_by).await?.pending.is_empty();
            }
            Ok(left)
        };
        tokio::pin!(work);
        let left: Result<bool> = loop {
            tokio::select! {
                done = &mut work => break done,
                () = tokio::time::sleep(LEASE / 3) => self.store.renew_job(&mut job, self.now(), LEASE).await?,
            }
        };
        let left = match left {
            // Not a failure: the turn backs them up itself.
            Err(Error::Conflict(why)) if which == Which::Keys && why == TURNING => {
                return Ok(self.store.advance_job(&job, job.step, self.now().plus(AFTER_TURN)).await?);
            }
            other => other?,
        };
        if which == Which::Data && is_time {
            // Without keys that are not older, it would not be the one that is restored.
            let now = self.now();
            self.store.reschedule_job(OrganisationId(0), Kind::BackupKeys, 0, now, now).await?;
        }
        if asked_by.is_some() {
            return Ok(self.store.finish_job(&job).await?);
        }
        let next = self.next_backup(which);
        let soon = self.now().plus(TRIED_AGAIN);
        let (step, at) = if left && soon < next { (REST, soon) } else { (0, next) };
        Ok(self.store.advance_job(&job, step, at).await?)
    }

    fn next_backup(&self, which: Which) -> Timestamp {
        let (now, daily_at) = (self.now(), self.places.get().map_or(Duration::ZERO, |places| places.daily_at));
        match which {
            Which::Keys => now.plus(KEYS_EVERY),
            Which::Data => {
                let today = now.day().plus(daily_at);
                if today > now { today } else { today.plus(BACKUP_EVERY) }
            }
        }
    }
}
