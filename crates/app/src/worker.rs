//! The one mechanism for durable processes (law L8): claims what is due, does one step, goes on. A worker that dies leaves
//! its lease to run out.

use std::sync::Arc;
use std::time::Duration;

use domain::limits::{DEVICE_LIFE, RECEIPTS_KEPT, SESSION_IDLE, SESSION_LONGEST, STUB_KEPT};
use store::audit::EXPIRE_AT_ONCE;
use store::job::{Claimed, Kind, Lane};

use crate::backup::Which;
use crate::{App, Error, Result};

const LEASE: Duration = Duration::from_secs(60);
/// Jobs that are claimed at once: as many of each lane as end within their lease.
const fn at_once(lane: Lane) -> i64 {
    match lane {
        Lane::Quick => 32,
        Lane::Erasing => 4,
        Lane::House | Lane::Keys | Lane::Journal => 1,
    }
}
/// How often a failed job is tried again at most: the wait doubles up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

impl App {
    /// Does what is due now in every lane, a portion each; says how much it was.
    ///
    /// # Errors
    /// As [`Self::work_on`].
    pub async fn work(self: &Arc<Self>) -> Result<usize> {
        let mut count = 0;
        for lane in Lane::ALL {
            count += self.work_on(lane).await?;
        }
        Ok(count)
    }

    /// Does a portion of what is due now in one lane; says how much it was. Where it was something, more may be due.
    ///
    /// # Errors
    /// Those of the store, where nothing could be claimed. A job that fails is tried again later and hinders no other.
    pub async fn work_on(self: &Arc<Self>, lane: Lane) -> Result<usize> {
        self.refuse_half_restored().await?;
        let jobs = self.store.claim_jobs(lane, self.now(), LEASE, at_once(lane)).await?;
        let count = jobs.len();
        for job in jobs {
            if let Err(error) = self.step(&job).await {
                let wait =
                    LONGEST_WAIT.min(Duration::from_secs(1) * 2_u32.saturating_pow(job.attempts.clamp(0, 16) as u32));
                tracing::warn!(job = %job.id, kind = ?job.kind, attempts = job.attempts, %error, "a job will be tried again");
                // Where it cannot even be put off, its lease brings it back; the others are not to wait for theirs.
                if let Err(error) = self.store.retry_job(&job, self.now().plus(wait)).await {
                    tracing::warn!(job = %job.id, %error, "a job waits for its lease to run out");
                }
            }
        }
        Ok(count)
    }

    async fn step(self: &Arc<Self>, job: &Claimed) -> Result<()> {
        match job.kind {
            Kind::EndIdle => self.end_idle(job.clone()).await,
            Kind::Return => self.return_snoozed(job.clone()).await,
            Kind::Erase => self.erase(job.clone()).await,
            Kind::Retain => self.retain(job.clone()).await,
            Kind::Turn => self.turn_epoch(job.clone()).await,
            Kind::Backup => self.backup_due(Which::Data, job.clone()).await,
            Kind::BackupKeys => self.backup_due(Which::Keys, job.clone()).await,
            Kind::Journal => self.carry_journal(job.clone()).await,
            Kind::Close => self.end_organisation(job.clone()).await,
        }
    }

    async fn expire_stubs(&self) -> Result<()> {
        let before = self.now().minus(STUB_KEPT);
        while self.store.expire_stubs(before).await? == store::stub::EXPIRE_AT_ONCE {}
        Ok(())
    }

    async fn forget_erasures(&self) -> Result<()> {
        let before = self.now().minus(RECEIPTS_KEPT);
        while self.store.forget_erasures(before).await? == store::erasure::FORGOTTEN_AT_ONCE {}
        Ok(())
    }

    /// In portions, each for itself: what else waits for the database comes in between, and whoever ends here is gone on after.
    async fn expire_audit(&self) -> Result<()> {
        let mut expired = 0;
        loop {
            let portion = self.store.expire_audit(self.now()).await?;
            expired += portion;
            if portion < EXPIRE_AT_ONCE {
                break;
            }
        }
        if expired > 0 {
            tracing::info!(expired, "audit entries lost what they said after a year");
        }
        Ok(())
    }

    /// What is done now and then, without a journal: forgetting what nobody can use any more.
    ///
    /// # Errors
    /// Those of the stores.
    pub async fn tidy(&self) -> Result<()> {
        if self.is_half_restored().await? {
            return Err(Error::Unavailable);
        }
        self.store.delete_expired_sessions(self.now(), SESSION_IDLE, SESSION_LONGEST).await?;
        self.store.delete_expired_api_tokens(self.now()).await?;
        self.store.delete_expired_sign_in_links(self.now()).await?;
        self.store.delete_expired_devices(self.now(), DEVICE_LIFE).await?;
        self.store.delete_spent_challenges(self.now()).await?;
        self.tidy_retention().await?;
        self.store.audited(self.by_house()).settle().await?;
        self.expire_stubs().await?;
        self.forget_erasures().await?;
        self.forget_backups().await?;
        if self.places().is_empty() {
            self.expire_journal().await?;
        }
        self.expire_audit().await?;
        self.checkpoint_daily().await?;
        self.schedule_backups().await?;
        self.tidy_journal().await?;
        self.tidy_turns().await?;
        let swept = self.keyring.sweep().await?;
        if swept > 0 {
            tracing::info!(swept, "unused keys were deleted");
        }
        Ok(())
    }
}
