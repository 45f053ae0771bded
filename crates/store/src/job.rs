//! The queue of durable processes (law L8): work is enqueued in the transaction that causes it, claimed under a lease, and
//! done step by step. A worker that dies leaves its lease to run out; somebody else goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::{JobId, OrganisationId, Timestamp};

use crate::engine::{Connection, statements};
use crate::{Error, Result, Store};

/// What a durable process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Ends a conversation in which nobody writes any more.
    EndIdle,
    /// Brings a conversation back that was put off.
    Return,
    /// Destroys what somebody, or the end of its time, wants gone.
    Erase,
    /// Finds what was kept as long as it may be.
    Retain,
    /// Ends an organisation that was given notice.
    Close,
    /// Replaces the epoch key.
    Turn,
    /// Backs up data.
    Backup,
    /// Backs up wrapped keys.
    BackupKeys,
    /// Brings the journal of deletions to the places.
    Journal,
}

/// Work of one lane does not stand behind that of another: each has a worker of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Short: what people wait for.
    Quick,
    /// Deletions, many steps each.
    Erasing,
    /// What the house does for itself, for minutes, or for hours where a place is slow.
    House,
    /// What concerns keys: what was deleted is final in time only if none of it stands behind a backup of the data.
    Keys,
    /// The journal of deletions at the places: whoever wants something gone waits a minute for it, and backups take hours.
    Journal,
}

impl Lane {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Quick, Self::Erasing, Self::House, Self::Keys, Self::Journal];
}

impl Kind {
    const ALL: [Self; 9] = [
        Self::EndIdle,
        Self::Return,
        Self::Erase,
        Self::Retain,
        Self::Close,
        Self::Turn,
        Self::Backup,
        Self::BackupKeys,
        Self::Journal,
    ];

    /// Where it is worked on.
    pub const fn lane(self) -> Lane {
        match self {
            Self::EndIdle | Self::Return => Lane::Quick,
            Self::Erase | Self::Retain | Self::Close => Lane::Erasing,
            Self::Backup => Lane::House,
            Self::Turn | Self::BackupKeys => Lane::Keys,
            Self::Journal => Lane::Journal,
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Self::EndIdle => "end_idle",
            Self::Return => "return",
            Self::Erase => "erase",
            Self::Retain => "retain",
            Self::Close => "close",
            Self::Turn => "turn",
            Self::Backup => "backup",
            Self::BackupKeys => "backup_keys",
            Self::Journal => "journal",
        }
    }
}

/// A job that this worker may work on until its lease runs out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The tenant it works for.
    pub organisation: OrganisationId,
    /// Its number.
    pub id: JobId,
    /// What it does.
    pub kind: Kind,
    /// What it does it to, such as a conversation's number.
    pub subject: i64,
    /// When it was due.
    pub run_at: Timestamp,
    /// Steps done before.
    pub step: i64,
    /// How often it was claimed, this time included.
    pub attempts: i64,
    lease: Lease,
}

/// Until when a job is claimed. One for all copies of the claim: whoever gives it back knows of its renewals.
#[derive(Clone, Debug)]
struct Lease(Arc<AtomicI64>);

impl Lease {
    fn until(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl PartialEq for Lease {
    fn eq(&self, other: &Self) -> bool {
        self.until() == other.until()
    }
}

impl Eq for Lease {}

statements! {
    ENQUEUE =
        "INSERT INTO job (organisation_id, kind, subject, lane, step, run_at, leased_until, attempts, created_at)
        VALUES ($1, $2, $3, $6, 0, $4, 0, 0, $5) ON CONFLICT (kind, subject) DO NOTHING";
    // One that always comes again never lies further ahead than it comes: where it does, a clock was wrong and was put right.
    ENSURE =
        "INSERT INTO job (organisation_id, kind, subject, lane, step, run_at, leased_until, attempts, created_at)
        VALUES ($1, $2, $3, $6, 0, $4, 0, 0, $5)
        ON CONFLICT (kind, subject) DO UPDATE SET run_at = excluded.run_at, leased_until = 0
        WHERE job.run_at > $7 OR job.leased_until > $7";
    // Also where somebody works on it just now: their step asks under the subject's lock whether it is due.
    RESCHEDULE =
        "INSERT INTO job (organisation_id, kind, subject, lane, step, run_at, leased_until, attempts, created_at)
        VALUES ($1, $2, $3, $6, 0, $4, 0, 0, $5) ON CONFLICT (kind, subject) DO UPDATE SET run_at = excluded.run_at";
    CLAIM =
        // MATERIALIZED: a plan that asks a plain subquery again would skip the rows just claimed and claim more.
        "WITH due AS MATERIALIZED (
            SELECT job_id FROM job WHERE lane = $4 AND run_at <= $2 AND leased_until <= $2
            ORDER BY run_at LIMIT $3 {skip_locked}
        )
        UPDATE job SET leased_until = $1, attempts = attempts + 1
        WHERE job_id IN (SELECT job_id FROM due)
        RETURNING organisation_id, job_id, kind, subject, step, attempts, run_at";
    FINISH = "DELETE FROM job WHERE job_id = $1 AND leased_until = $2";
    POSTPONE =
        "UPDATE job SET run_at = $3, leased_until = 0, attempts = 0 WHERE job_id = $1 AND leased_until = $2";
    ADVANCE =
        "UPDATE job SET step = $3, run_at = $4, leased_until = 0, attempts = 0 WHERE job_id = $1 AND leased_until = $2";
    RENEW = "UPDATE job SET leased_until = $3 WHERE job_id = $1 AND leased_until = $2";
    RETRY = "UPDATE job SET run_at = $3, leased_until = 0 WHERE job_id = $1 AND leased_until = $2";
}

/// Puts a job into the queue, in the caller's transaction; one per kind and subject.
pub(crate) async fn enqueue(
    connection: &mut Connection,
    organisation: OrganisationId,
    kind: Kind,
    subject: i64,
    run_at: Timestamp,
    now: Timestamp,
) -> Result<()> {
    let values = [
        organisation.into(),
        kind.code().into(),
        subject.into(),
        run_at.into(),
        now.into(),
        (kind.lane() as i64).into(),
    ];
    connection.execute_any(&ENQUEUE, &values).await.map(drop)
}

/// The same, and has a job that is there already run at the new time.
pub(crate) async fn reschedule(
    connection: &mut Connection,
    organisation: OrganisationId,
    kind: Kind,
    subject: i64,
    run_at: Timestamp,
    now: Timestamp,
) -> Result<()> {
    let values = [
        organisation.into(),
        kind.code().into(),
        subject.into(),
        run_at.into(),
        now.into(),
        (kind.lane() as i64).into(),
    ];
    connection.execute_any(&RESCHEDULE, &values).await.map(drop)
}

/// Takes a finished job out, in the transaction of its effect. A lease that ran out meanwhile is an error, so that
/// nothing is done twice.
pub(crate) async fn finish(connection: &mut Connection, job: &Claimed) -> Result<()> {
    connection.execute(&FINISH, &[job.id.into(), job.lease.until().into()], 1).await.map_err(|_| lost())
}

/// Puts a job off, in the transaction of its effect.
pub(crate) async fn postpone(connection: &mut Connection, job: &Claimed, until: Timestamp) -> Result<()> {
    connection.execute(&POSTPONE, &[job.id.into(), job.lease.until().into(), until.into()], 1).await.map_err(|_| lost())
}

/// Marks steps as done, in the transaction of their effect; the next one is due at `run_at`.
pub(crate) async fn advance(connection: &mut Connection, job: &Claimed, step: i64, run_at: Timestamp) -> Result<()> {
    let values = [job.id.into(), job.lease.until().into(), step.into(), run_at.into()];
    connection.execute(&ADVANCE, &values, 1).await.map_err(|_| lost())
}

fn lost() -> Error {
    Error::Unavailable("the job's lease ran out; somebody else goes on".to_owned())
}

impl Store {
    /// Claims up to `most` jobs of one lane that are due.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn claim_jobs(&self, lane: Lane, now: Timestamp, lease: Duration, most: i64) -> Result<Vec<Claimed>> {
        let until = now.plus(lease);
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let rows = connection
                        .query(&CLAIM, &[until.into(), now.into(), most.into(), (lane as i64).into()])
                        .await?;
                    let mut claimed = Vec::with_capacity(rows.len());
                    for row in rows {
                        let (id, code) = (JobId(row.int(1)?), row.text(2)?);
                        let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.code() == code) else {
                            // Of a newer program: it stays leased for a while and hinders no other.
                            tracing::warn!(job = %id, "a job of a kind that this program does not know");
                            continue;
                        };
                        claimed.push(Claimed {
                            organisation: OrganisationId(row.int(0)?),
                            id,
                            kind,
                            subject: row.int(3)?,
                            run_at: Timestamp(row.int(6)?),
                            step: row.int(4)?,
                            attempts: row.int(5)?,
                            lease: Lease(Arc::new(AtomicI64::new(until.0))),
                        });
                    }
                    Ok(claimed)
                })
            })
            .await
    }

    /// Puts a job into the queue, or has the one that is there run at this time: where its cause is no transaction of the store's.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn reschedule_job(
        &self,
        organisation: OrganisationId,
        kind: Kind,
        subject: i64,
        run_at: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        self.data
            .write(move |connection| Box::pin(reschedule(connection, organisation, kind, subject, run_at, now)))
            .await
    }

    /// Sees to it that a job of the house that comes again after `every` is in the queue; where it is, its time stays, unless
    /// that lies further ahead than it comes.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn ensure_job(&self, kind: Kind, run_at: Timestamp, every: Duration, now: Timestamp) -> Result<()> {
        let values = [
            OrganisationId(0).into(),
            kind.code().into(),
            0_i64.into(),
            run_at.into(),
            now.into(),
            (kind.lane() as i64).into(),
            now.plus(every).into(),
        ];
        self.data
            .write(move |connection| Box::pin(async move { connection.execute_any(&ENSURE, &values).await.map(drop) }))
            .await
    }

    /// Marks steps as done whose effect is not in this database; the next one is due at `run_at`.
    ///
    /// # Errors
    /// Those of the database, and where the lease ran out.
    pub async fn advance_job(&self, job: &Claimed, step: i64, run_at: Timestamp) -> Result<()> {
        let job = job.clone();
        self.data.write(move |connection| Box::pin(async move { advance(connection, &job, step, run_at).await })).await
    }

    /// Takes a job out whose effect is not in this database.
    ///
    /// # Errors
    /// Those of the database, and where the lease ran out.
    pub async fn finish_job(&self, job: &Claimed) -> Result<()> {
        let job = job.clone();
        self.data.write(move |connection| Box::pin(async move { finish(connection, &job).await })).await
    }

    /// Keeps a job for longer, in the midst of a long step.
    ///
    /// # Errors
    /// Those of the database, and where the lease ran out before.
    pub async fn renew_job(&self, job: &mut Claimed, now: Timestamp, lease: Duration) -> Result<()> {
        let (id, before, until) = (job.id, job.lease.until(), now.plus(lease));
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let values = [id.into(), before.into(), until.into()];
                    connection.execute(&RENEW, &values, 1).await.map_err(|_| lost())
                })
            })
            .await?;
        job.lease.0.store(until.0, Ordering::Relaxed);
        Ok(())
    }

    /// Gives a job back after a failure, to be tried again at `at`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn retry_job(&self, job: &Claimed, at: Timestamp) -> Result<()> {
        let (id, lease) = (job.id, job.lease.until());
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    connection.execute_any(&RETRY, &[id.into(), lease.into(), at.into()]).await.map(drop)
                })
            })
            .await
    }
}
