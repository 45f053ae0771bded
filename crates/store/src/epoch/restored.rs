//! Keys that were put back from a backup.

use domain::{OrganisationId, Timestamp};

use crate::backup::mark;
use crate::engine::{Value, statements};
use crate::{KeyStore, Result};

statements! {
    FORGET_NODES = "DELETE FROM epoch_copy WHERE holder LIKE 'node:%'";
    // Other machines may hold keys of epochs that began after the backup: no number of theirs is given out again.
    SKIP_EPOCHS =
        "INSERT INTO epoch (epoch, state, made_by, made_at, destroyed_at)
        SELECT MAX(epoch) + 1000, 4, 0, CAST($1 AS BIGINT), CAST($1 AS BIGINT) FROM epoch";
    ORGANISATIONS = "SELECT DISTINCT organisation_id FROM organisation_key ORDER BY organisation_id";
    FORGET_DATA_KEYS = "DELETE FROM data_key WHERE organisation_id = $1";
    FORGET_KEYS = "DELETE FROM organisation_key WHERE organisation_id = $1";
    ASK = "UPDATE turn SET asked_at = $1 WHERE id = 1";
}

impl KeyStore {
    /// Begins anew with what was put back: nodes are other machines now, and nobody says what became of those before.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn begin_anew(&self, now: Timestamp) -> Result<()> {
        self.keys
            .write(move |connection| {
                Box::pin(async move {
                    connection.execute_any(&FORGET_NODES, &[]).await?;
                    connection.execute(&SKIP_EPOCHS, &[now.into()], 1).await
                })
            })
            .await
    }

    /// Deletes the keys of all organisations but these; says how many there were.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn forget_all_but(&self, known: Vec<OrganisationId>) -> Result<u64> {
        self.keys
            .write(move |connection| {
                Box::pin(async move {
                    let mut strangers: Vec<Vec<Value>> = Vec::new();
                    for row in connection.query(&ORGANISATIONS, &[]).await? {
                        let organisation = OrganisationId(row.int(0)?);
                        if !known.contains(&organisation) {
                            strangers.push(vec![organisation.into()]);
                        }
                    }
                    for stranger in &strangers {
                        connection.execute_any(&FORGET_DATA_KEYS, stranger).await?;
                        connection.execute_any(&FORGET_KEYS, stranger).await?;
                    }
                    Ok(strangers.len() as u64)
                })
            })
            .await
    }

    /// Ends a restore: the last thing that it does here.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn end_restore(&self, now: Timestamp) -> Result<()> {
        self.keys
            .write(move |connection| {
                Box::pin(async move {
                    connection.execute(&ASK, &[now.into()], 1).await?;
                    mark::unmark(connection).await
                })
            })
            .await
    }
}
