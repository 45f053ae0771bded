//! What time it is where several nodes meet.

use domain::Timestamp;

use crate::change::only;
use crate::engine::Statement;
use crate::{Result, Store};

/// The moment at which it runs, not the one at which its transaction began.
pub(crate) static TIME_POSTGRES: Statement =
    Statement::new("TIME_POSTGRES", "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)", &[]);

impl Store {
    /// The database's time. None on SQLite, which shares its machine's clock with the only node.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn time(&self) -> Result<Option<Timestamp>> {
        self.data
            .read(|connection| {
                Box::pin(async move {
                    if !connection.is_postgres() {
                        return Ok(None);
                    }
                    only(connection, &TIME_POSTGRES).await.map(|micros| Some(Timestamp(micros)))
                })
            })
            .await
    }
}
