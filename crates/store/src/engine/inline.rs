//! Reads SQLite on the caller's thread (`Settings::inline`). The writer's part is `Writer::inline`.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::seat::Seats;
use super::{Connection, Pace, Work, sqlite};
use crate::{Error, Result};

/// A connection for whoever reads; nobody waits while holding it.
pub(super) struct Reader {
    path: PathBuf,
    connection: Mutex<Box<Connection>>,
    pace: &'static dyn Pace,
}

impl Reader {
    pub(super) fn open(path: &Path, pace: &'static dyn Pace) -> Result<Self> {
        let connection = Connection::Sqlite(sqlite::Connection::reader(path)?);
        Ok(Self { path: path.to_owned(), connection: Mutex::new(Box::new(connection)), pace })
    }

    pub(super) async fn snapshot(&self) -> Result<sqlite::Snapshot> {
        self.pace.take().await;
        sqlite::Snapshot::begin(&self.path, &Seats::default())
    }

    pub(super) async fn run<T>(&self, work: Work<T>) -> Result<T> {
        self.pace.take().await;
        let mut connection = self.connection.lock().map_err(|_| Error::Unavailable("a reader has ended".to_owned()))?;
        sqlite::read(&mut connection, work)
    }
}
