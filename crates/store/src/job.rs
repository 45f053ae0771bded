//! The queue of durable processes (law L8): work is enqueued in the transaction that causes it, claimed under a lease, and
//! done step by step. A worker that dies leaves its lease to run out; somebody else goes on.

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
}

impl Kind {
    const ALL: [Self; 2] = [Self::EndIdle, Self::Return];

    const fn code(self) -> &'static str {
        match self {
            Self::EndIdle => "end_idle",
            Self::Return => "return",
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
    /// Steps done before.
    pub step: i64,
    /// How often it was claimed, this time included.
    pub attempts: i64,
    lease: i64,
}

statements! {
    ENQUEUE =
        "INSERT INTO job (organisation_id, kind, subject, step, run_at, leased_until, attempts, created_at)
        VALUES ($1, $2, $3, 0, $4, 0, 0, $5) ON CONFLICT (kind, subject) DO NOTHING";
    // Also where somebody works on it just now: their step asks under the subject's lock whether it is due.
    RESCHEDULE =
        "INSERT INTO job (organisation_id, kind, subject, step, run_at, leased_until, attempts, created_at)
        VALUES ($1, $2, $3, 0, $4, 0, 0, $5) ON CONFLICT (kind, subject) DO UPDATE SET run_at = excluded.run_at";
    CLAIM =
        // MATERIALIZED: a plan that asks a plain subquery again would skip the rows just claimed and claim more.
        "WITH due AS MATERIALIZED (
            SELECT job_id FROM job WHERE run_at <= $2 AND leased_until <= $2 ORDER BY run_at LIMIT $3 {skip_locked}
        )
        UPDATE job SET leased_until = $1, attempts = attempts + 1
        WHERE job_id IN (SELECT job_id FROM due)
        RETURNING organisation_id, job_id, kind, subject, step, attempts";
    FINISH = "DELETE FROM job WHERE job_id = $1 AND leased_until = $2";
    POSTPONE =
        "UPDATE job SET run_at = $3, leased_until = 0, attempts = 0 WHERE job_id = $1 AND leased_until = $2";
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
    let values = [organisation.into(), kind.code().into(), subject.into(), run_at.into(), now.into()];
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
    let values = [organisation.into(), kind.code().into(), subject.into(), run_at.into(), now.into()];
    connection.execute_any(&RESCHEDULE, &values).await.map(drop)
}

/// Takes a finished job out, in the transaction of its effect. A lease that ran out meanwhile is an error, so that
/// nothing is done twice.
pub(crate) async fn finish(connection: &mut Connection, job: &Claimed) -> Result<()> {
    connection.execute(&FINISH, &[job.id.into(), job.lease.into()], 1).await.map_err(|_| lost())
}

/// Puts a job off, in the transaction of its effect.
pub(crate) async fn postpone(connection: &mut Connection, job: &Claimed, until: Timestamp) -> Result<()> {
    connection.execute(&POSTPONE, &[job.id.into(), job.lease.into(), until.into()], 1).await.map_err(|_| lost())
}

fn lost() -> Error {
    Error::Unavailable("the job's lease ran out; somebody else goes on".to_owned())
}

impl Store {
    /// Claims up to `most` jobs that are due.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn claim_jobs(&self, now: Timestamp, lease: Duration, most: i64) -> Result<Vec<Claimed>> {
        let until = now.plus(lease);
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let rows = connection.query(&CLAIM, &[until.into(), now.into(), most.into()]).await?;
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
                            step: row.int(4)?,
                            attempts: row.int(5)?,
                            lease: until.0,
                        });
                    }
                    Ok(claimed)
                })
            })
            .await
    }

    /// Gives a job back after a failure, to be tried again at `at`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn retry_job(&self, job: &Claimed, at: Timestamp) -> Result<()> {
        let (id, lease) = (job.id, job.lease);
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    connection.execute_any(&RETRY, &[id.into(), lease.into(), at.into()]).await.map(drop)
                })
            })
            .await
    }
}
