//! One state of a database, read in portions for as long as it takes, while others go on writing.
//!
//! On SQLite the write-ahead log cannot begin anew meanwhile and grows: whoever has a snapshot reads it at the speed of the
//! disk and lets go. On PostgreSQL it has a connection of its own, for a pool's reader is given seconds.

use super::{Row, Value, postgres, sqlite};
use crate::Result;

/// The state. It ends when it is dropped.
pub(crate) enum Snapshot {
    Sqlite(sqlite::Snapshot),
    Postgres(Box<postgres::Snapshot>),
}

impl Snapshot {
    /// Runs a query whose text was made from the schema.
    pub(crate) async fn query(&mut self, text: &str, values: Vec<Value>) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(snapshot) => snapshot.query(text.to_owned(), values).await,
            Self::Postgres(snapshot) => snapshot.query(text, &values).await,
        }
    }

    /// Whether texts are to be those of PostgreSQL.
    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }
}
