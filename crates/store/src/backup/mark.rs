//! The mark of a database that is half restored, and the end of a restore. The mark stands in the database itself, beside what
//! was filled in: a folder's word would not be heard by other nodes, and would hold for any database that it is pointed at.

use std::time::Duration;

use domain::{OrganisationId, Timestamp};

use crate::engine::{Connection, statements};
use crate::job::{self, Kind};
use crate::{KeyStore, Result, Store};

/// What was kept since the backup, and by whom, is lost: nothing is deleted for its age before somebody could look.
const RETENTION_WAITS: Duration = Duration::from_secs(24 * 3600);

statements! {
    MARK = "INSERT INTO restoring (one, id) VALUES (1, $1)";
    MARKED = "SELECT id FROM restoring";
    UNMARK = "DELETE FROM restoring";
    RETAIN_LATER = "UPDATE job SET run_at = $1 WHERE kind = 'retain' AND run_at < $1";
}

pub(super) async fn mark(connection: &mut Connection, id: String) -> Result<()> {
    connection.execute(&MARK, &[id.into()], 1).await
}

/// The restore that fills this database.
pub(super) async fn of(connection: &mut Connection) -> Result<Option<String>> {
    connection.query(&MARKED, &[]).await?.first().map(|row| row.text(0)).transpose()
}

pub(crate) async fn unmark(connection: &mut Connection) -> Result<()> {
    connection.execute_any(&UNMARK, &[]).await.map(drop)
}

impl Store {
    /// Whether the database is half restored: nobody may be served from it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn is_half_restored(&self) -> Result<bool> {
        self.data.read(|connection| Box::pin(async move { Ok(of(connection).await?.is_some()) })).await
    }

    /// Ends a restore: the last thing that it does here. The epoch turns at once, so that what the old machine's copies hold
    /// becomes noise, and the end of what is kept is waited with for a day.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn end_restore(&self, now: Timestamp) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    connection.execute_any(&RETAIN_LATER, &[now.plus(RETENTION_WAITS).into()]).await?;
                    job::reschedule(connection, OrganisationId(0), Kind::Turn, 0, now, now).await?;
                    unmark(connection).await
                })
            })
            .await
    }
}

impl KeyStore {
    /// Whether the database is half restored.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn is_half_restored(&self) -> Result<bool> {
        self.keys.read(|connection| Box::pin(async move { Ok(of(connection).await?.is_some()) })).await
    }
}
