//! Deletions that are through since long, and those that lie.

use domain::{OrganisationId, Timestamp};

use crate::engine::statements;
use crate::{Result, Store};

/// How many are forgotten in one transaction.
pub const FORGOTTEN_AT_ONCE: u64 = 500;

/// How the deletions stand that are not through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// When the keys of the one should have been destroyed that waits longest, of those that wait for nobody.
    pub oldest_at: Option<Timestamp>,
    /// How many are held up because they are implausibly large.
    pub braked: i64,
}

statements! {
    FORGET =
        "DELETE FROM erasure WHERE erasure_id IN (
            SELECT erasure_id FROM erasure WHERE requested_at < $1 AND (done_at < $1 OR state = 'undone')
            ORDER BY requested_at LIMIT $2)";
    OPEN =
        "SELECT organisation_id, MIN(CASE WHEN state IN ('waiting', 'working') THEN destroy_at END),
            COUNT(CASE WHEN state = 'braked' THEN 1 END)
        FROM erasure WHERE organisation_id = $1 AND shredded_at IS NULL GROUP BY organisation_id";
}

impl Store {
    /// Forgets deletions that were through, or taken back, before a moment: a portion. Says how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn forget_erasures(&self, before: Timestamp) -> Result<u64> {
        self.data
            .write(move |connection| {
                let most = i64::try_from(FORGOTTEN_AT_ONCE).unwrap_or(i64::MAX);
                Box::pin(async move { connection.execute_any(&FORGET, &[before.into(), most.into()]).await })
            })
            .await
    }

    /// How the deletions of an organisation stand whose keys are not destroyed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn open_erasures(&self, organisation: OrganisationId) -> Result<Open> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query_in(organisation.into(), &OPEN, &[organisation.into()]).await?;
                    let Some(row) = rows.first() else { return Ok(Open::default()) };
                    Ok(Open { oldest_at: row.int_or_null(1)?.map(Timestamp), braked: row.int(2)? })
                })
            })
            .await
    }
}
