//! Entries of the journal that no backup needs any more, and backups that lie nowhere any more.

use domain::Timestamp;

use crate::engine::statements;
use crate::{Result, Store};

/// How many entries are deleted in one transaction.
pub const EXPIRED_AT_ONCE: i64 = 500;

statements! {
    // Up to before the first that is to stay: one that is young, the last one, and one whose deletion's receipt is not signed.
    OVER =
        "SELECT COALESCE((SELECT MIN(number) FROM journal WHERE at >= $1), h.number) - 1,
            COALESCE((SELECT MIN(journal_number) FROM erasure WHERE done_at IS NULL AND journal_number IS NOT NULL), h.number) - 1,
            h.number - 1
        FROM journal_head h WHERE h.id = 1";
    EXPIRE =
        "DELETE FROM journal WHERE number IN (SELECT number FROM journal WHERE number <= $1 ORDER BY number LIMIT $2)";
    // Of deletions that never came to a receipt of their own, because their organisation ended.
    FORGET_SEEN = "DELETE FROM journal_seen WHERE number <= $1";
    FORGET_BACKUPS =
        "DELETE FROM backup WHERE NOT EXISTS (SELECT 1 FROM backup_place p WHERE p.backup_id = backup.backup_id)
            AND (begun_at < $2 OR (begun_at < $1 AND done_at IS NOT NULL AND failure IS NULL))";
}

impl Store {
    /// Up to which entry the journal is over, where entries from before a moment are: never the last one, and none whose
    /// deletion is not through, since its receipt says the hash.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn journal_over(&self, before: Timestamp) -> Result<i64> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query(&OVER, &[before.into()]).await?;
                    let Some(row) = rows.first() else { return Ok(0) };
                    Ok(row.int(0)?.min(row.int(1)?).min(row.int(2)?).max(0))
                })
            })
            .await
    }

    /// Deletes entries up to a number, of which the places have none any more: a portion, the oldest first. Says how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn expire_journal(&self, upto: i64) -> Result<i64> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    connection.execute_any(&FORGET_SEEN, &[upto.into()]).await?;
                    let gone = connection.execute_any(&EXPIRE, &[upto.into(), EXPIRED_AT_ONCE.into()]).await?;
                    Ok(i64::try_from(gone).unwrap_or(i64::MAX))
                })
            })
            .await
    }

    /// Forgets backups that lie at no place: those that were made before `made`, and those that were not, before `failed`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn forget_backups(&self, made: Timestamp, failed: Timestamp) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    connection.execute_any(&FORGET_BACKUPS, &[made.into(), failed.into()]).await.map(drop)
                })
            })
            .await
    }
}
