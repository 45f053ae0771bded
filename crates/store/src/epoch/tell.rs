//! Who learns of a turn: the audit logs, and deletions that waited for it. In the other database.

use domain::audit::{Detail, Kind};
use domain::{OrganisationId, Timestamp};

use super::Turn;
use crate::audit::{Audited, Fact};
use crate::engine::statements;
use crate::job::{self, Claimed};
use crate::{Result, Store};

statements! {
    // Those that have nothing left to do but to wait.
    WAKE =
        "UPDATE job SET run_at = $2 WHERE kind IN ('erase', 'close') AND run_at > $2 AND subject IN (
            SELECT erasure_id FROM erasure WHERE done_at IS NULL AND purged_at IS NOT NULL AND epoch <= $1
        )";
}

impl Store {
    /// Has deletions go on that belong to an epoch whose key nobody holds any more.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn wake_settled(&self, settled: i64, now: Timestamp) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move { connection.execute_any(&WAKE, &[settled.into(), now.into()]).await.map(drop) })
            })
            .await
    }
}

impl Audited<'_> {
    /// Records in every log that the epoch turned, with who still has the old key; the job goes on to `step` in the same
    /// transaction, so that it is told once.
    ///
    /// # Errors
    /// Those of the database, and where the job's lease ran out.
    pub async fn epoch_turned(
        self,
        job: &Claimed,
        turn: &Turn,
        left: Vec<String>,
        organisations: Vec<OrganisationId>,
        step: i64,
    ) -> Result<()> {
        let (job, now) = (job.clone(), self.by.at);
        let mut details = vec![
            Detail::is("epoch", turn.to),
            Detail::is("organisations", turn.organisations),
            Detail::is("keys", turn.rewrapped),
        ];
        if !left.is_empty() {
            details.push(Detail::is("pending", left.join(", ")));
        }
        self.write(move |connection| {
            Box::pin(async move {
                job::advance(connection, &job, step, now).await?;
                let facts = organisations.into_iter();
                Ok((
                    (),
                    facts.map(|organisation| Fact::new(organisation, Kind::EpochTurned, details.clone())).collect(),
                ))
            })
        })
        .await
    }
}
