//! Reads SQLite on the caller's thread (`Settings::inline`). The writer's part is `Writer::inline`.

use std::path::Path;
use std::sync::Mutex;

use super::{Connection, Pace, Work, sqlite};
use crate::{Error, Result};

/// A connection for whoever reads; nobody waits while holding it.
pub(super) struct Reader {
    connection: Mutex<Box<Connection>>,
    pace: &'static dyn Pace,
}

impl Reader {
    pub(super) fn open(path: &Path, pace: &'static dyn Pace) -> Result<Self> {
        let connection = Connection::Sqlite(sqlite::Connection::reader(path)?);
        Ok(Self { connection: Mutex::new(Box::new(connection)), pace })
    }

    pub(super) async fn run<T>(&self, work: Work<T>) -> Result<T> {
        self.pace.take().await;
        let mut connection = self.connection.lock().map_err(|_| Error::Unavailable("a reader has ended".to_owned()))?;
        sqlite::read(&mut connection, work)
    }
}
