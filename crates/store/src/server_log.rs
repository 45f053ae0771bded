//! Whether PostgreSQL writes to its log what it is given: what is deleted stays there.

use crate::engine::{Connection, Statement};
use crate::{KeyStore, Result, Store};

// Values are bound, never written into a statement: where none of them is logged, nothing is.
pub(crate) static LOGGED_POSTGRES: Statement = Statement::new(
    "LOGGED_POSTGRES",
    "SELECT name, setting FROM pg_settings
    WHERE (name = 'log_statement' AND setting IN ('mod', 'all')
            OR name IN ('log_min_duration_statement', 'log_min_duration_sample') AND setting <> '-1')
        AND NOT EXISTS (SELECT 1 FROM pg_settings p WHERE p.name = 'log_parameter_max_length' AND p.setting = '0')
        OR name = 'log_parameter_max_length_on_error' AND setting <> '0'
    ORDER BY name",
    &[],
);

/// A setting by which values get into the log, such as `log_statement = all`.
async fn logged(connection: &mut Connection) -> Result<Vec<String>> {
    if !connection.is_postgres() {
        return Ok(Vec::new());
    }
    let rows = connection.query(&LOGGED_POSTGRES, &[]).await?;
    rows.iter().map(|row| Ok(format!("{} = {}", row.text(0)?, row.text(1)?))).collect()
}

impl Store {
    /// The settings by which the database's log gets to know what is stored; none on SQLite, which has no log.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn logged(&self) -> Result<Vec<String>> {
        self.data.read(|connection| Box::pin(logged(connection))).await
    }
}

impl KeyStore {
    /// The settings by which the database's log gets to know wrapped keys; none on SQLite.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn logged(&self) -> Result<Vec<String>> {
        self.keys.read(|connection| Box::pin(logged(connection))).await
    }
}
