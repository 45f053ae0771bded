//! SQLite: WAL, `synchronous=FULL`, one writer thread, readers beside it, checkpoints off the commit path,
//! `secure_delete` (bundled builds lack it; without it 200 of 200 deleted canaries were measured to stay in the file).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;

use futures_util::FutureExt as _;
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{ErrorCode, OpenFlags, ffi};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::checkpoint;
use super::migrate::{Applied, BOOK, RESTORING, Schema, half_restored};
use super::reserve::Reserve;
use super::seat::{Seat, Seats, Stay};
use super::writer::{Batch, Load, caught};
use super::{Connection as Either, Row, Settings, Statement, Value, Work};
use crate::{Error, Result};

fn error(error: &rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => {
            let text = error.to_string();
            if text.contains("fence") { Error::Fence } else { Error::Conflict("it breaks a rule of the schema") }
        }
        Some(
            ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::OutOfMemory
            | ErrorCode::OperationInterrupted
            | ErrorCode::FileLockingProtocolFailed,
        ) => Error::Unavailable(error.to_string()),
        _ => Error::Broken(error.to_string()),
    }
}

/// A connection that runs statements at once.
pub(crate) struct Connection(rusqlite::Connection);

impl Connection {
    fn open(path: &Path, flags: OpenFlags) -> Result<Self> {
        let connection = rusqlite::Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(|e| error(&e))?;
        connection.busy_timeout(Duration::from_secs(5)).map_err(|e| error(&e))?;
        connection.set_prepared_statement_cache_capacity(128);
        let pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;
            PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=0; PRAGMA trusted_schema=OFF;";
        connection.execute_batch(pragmas).map_err(|e| error(&e))?;
        Ok(Self(connection))
    }

    pub(super) fn writer(path: &Path) -> Result<Self> {
        let writer = Self::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // Pages of conversations that are written to by turns: with the usual 2 MB the writer reads them again and again
        // once there are a million messages. Taken only as they are touched.
        writer.batch("PRAGMA cache_size=-16384")?;
        Ok(writer)
    }

    pub(super) fn reader(path: &Path) -> Result<Self> {
        let reader = Self::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        reader.batch("PRAGMA query_only=ON")?;
        Ok(reader)
    }

    /// Whether an error (a full disk, a failed write) has rolled the whole transaction back behind our back.
    pub(super) fn has_lost_transaction(&self) -> bool {
        self.0.is_autocommit()
    }

    fn batch(&self, text: &str) -> Result<()> {
        self.0.execute_batch(text).map_err(|e| error(&e))
    }

    /// Runs a step of a transaction. An error that ended the transaction by itself is told as such.
    pub(super) fn step(&self, text: &str) -> Result<()> {
        self.0.prepare_cached(text).and_then(|mut step| step.execute([])).map(drop).map_err(|e| error(&e))
    }

    /// Copies from the log into the file. An error if a sync failed: others pass by themselves.
    pub(super) fn checkpoint(&self, how: checkpoint::How) -> Result<()> {
        let text = match how {
            checkpoint::How::Passive => "PRAGMA wal_checkpoint(PASSIVE)",
            checkpoint::How::Restart => "PRAGMA wal_checkpoint(RESTART)",
            checkpoint::How::Truncate => "PRAGMA wal_checkpoint(TRUNCATE)",
        };
        match self.0.query_row(text, [], |_| Ok(())) {
            Err(failed) if failed.sqlite_error().is_some_and(|e| e.extended_code == ffi::SQLITE_IOERR_FSYNC) => {
                Err(error(&failed))
            }
            _ => Ok(()),
        }
    }

    /// Closes without copying the log into the file, as the last connection otherwise does.
    pub(super) fn leave_log(self) {
        if let Err(error) = self.0.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true) {
            tracing::error!(%error, "a connection may copy the log when it closes");
        }
    }

    #[cfg(test)]
    pub(super) fn prepare(&self, statement: &Statement) -> Result<usize> {
        self.0.prepare(statement.sqlite()).map(|step| step.parameter_count()).map_err(|e| error(&e))
    }

    fn bind(step: &mut rusqlite::CachedStatement<'_>, values: &[Value]) -> rusqlite::Result<()> {
        for (index, value) in values.iter().enumerate() {
            match value {
                Value::Null => step.raw_bind_parameter(index + 1, rusqlite::types::Null)?,
                Value::Int(value) => step.raw_bind_parameter(index + 1, value)?,
                Value::Text(value) => step.raw_bind_parameter(index + 1, value)?,
                Value::Bytes(value) => step.raw_bind_parameter(index + 1, value)?,
            }
        }
        Ok(())
    }

    fn collect(step: &mut rusqlite::CachedStatement<'_>, into: &mut Vec<Row>) -> Result<()> {
        let columns = step.column_count();
        let mut rows = step.raw_query();
        while let Some(row) = rows.next().map_err(|e| error(&e))? {
            let mut values = Vec::with_capacity(columns);
            for index in 0..columns {
                values.push(match row.get_ref(index).map_err(|e| error(&e))? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(value) => Value::Int(value),
                    ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                    ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
                    ValueRef::Real(_) => return Err(Error::Broken("a column holds a fraction".to_owned())),
                });
            }
            into.push(Row(values));
        }
        Ok(())
    }

    pub(super) fn query(&self, statement: &Statement, values: &[Value]) -> Result<Vec<Row>> {
        self.query_text(statement.sqlite(), values)
    }

    pub(super) fn query_text(&self, text: &str, values: &[Value]) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        let mut step = self.0.prepare_cached(text).map_err(|e| error(&e))?;
        Self::bind(&mut step, values).map_err(|e| error(&e))?;
        Self::collect(&mut step, &mut rows)?;
        Ok(rows)
    }

    pub(super) fn query_each(&self, statement: &Statement, inputs: &[Vec<Value>]) -> Result<Vec<Row>> {
        let mut rows = Vec::with_capacity(inputs.len());
        let mut step = self.0.prepare_cached(statement.sqlite()).map_err(|e| error(&e))?;
        for values in inputs {
            Self::bind(&mut step, values).map_err(|e| error(&e))?;
            Self::collect(&mut step, &mut rows)?;
        }
        Ok(rows)
    }

    pub(super) fn execute(&self, statement: &Statement, values: &[Value]) -> Result<u64> {
        let mut step = self.0.prepare_cached(statement.sqlite()).map_err(|e| error(&e))?;
        Self::bind(&mut step, values).map_err(|e| error(&e))?;
        step.raw_execute().map(|touched| touched as u64).map_err(|e| error(&e))
    }

    pub(super) fn execute_each(&self, statement: &Statement, inputs: &[Vec<Value>]) -> Result<u64> {
        let mut step = self.0.prepare_cached(statement.sqlite()).map_err(|e| error(&e))?;
        let mut touched = 0;
        for values in inputs {
            Self::bind(&mut step, values).map_err(|e| error(&e))?;
            touched += step.raw_execute().map_err(|e| error(&e))? as u64;
        }
        Ok(touched)
    }
}

/// Applies what is missing of a schema, under the file's write lock. One that is half restored is left as it is, unless it is
/// opened for that.
pub(super) fn migrate(path: &Path, schema: &'static Schema, for_restore: bool) -> Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = Connection::open(path, flags)?;
    connection.batch("BEGIN IMMEDIATE")?;
    let result = apply(&connection, schema, for_restore);
    connection.batch(if result.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    result
}

fn apply(connection: &Connection, schema: &'static Schema, for_restore: bool) -> Result<()> {
    connection.batch(BOOK)?;
    connection.batch(RESTORING)?;
    if !for_restore && !connection.query_text("SELECT 1 FROM restoring", &[])?.is_empty() {
        return Err(half_restored());
    }
    let applied = connection
        .0
        .prepare("SELECT version, name, checksum FROM migration ORDER BY version")
        .and_then(|mut step| {
            step.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect::<rusqlite::Result<Vec<Applied>>>()
        })
        .map_err(|e| error(&e))?;
    let done = schema.pending(&applied, false)?;
    for (index, migration) in schema.migrations.iter().enumerate().skip(done) {
        connection.batch(migration.text(false))?;
        connection
            .0
            .execute(
                "INSERT INTO migration (version, name, checksum) VALUES (?1, ?2, ?3)",
                (index as i64 + 1, migration.name, migration.checksum(false)),
            )
            .map_err(|e| error(&e))?;
    }
    Ok(())
}

/// The writer's end: keeps its connection, and replaces it after a failed commit.
pub(super) struct Writer {
    path: PathBuf,
    seat: Seat,
    reserve: Reserve,
    _checkpointer: Option<Sender<()>>,
}

impl Writer {
    pub(super) fn open(path: PathBuf, seats: Seats) -> Result<Self> {
        let seat = seats.take(Connection::writer(&path)?);
        let checkpointer = checkpoint::start(path.clone(), seats)?;
        let reserve = Reserve::beside(&path);
        Ok(Self { path, seat, reserve, _checkpointer: Some(checkpointer) })
    }

    /// One without a thread beside it.
    pub(super) fn inline(path: PathBuf) -> Result<Self> {
        let seat = Seats::default().take(Connection::writer(&path)?);
        let reserve = Reserve::beside(&path);
        Ok(Self { path, seat, reserve, _checkpointer: None })
    }

    /// Commits a load, or says why not. After a failed `COMMIT` nothing is known: the connection is thrown away and
    /// nobody is told that their message is stored.
    pub(super) fn commit<B: Batch>(&mut self, load: &mut Load<B>) -> Result<()> {
        if !self.reserve.is_held() {
            load.refuse_items(&Error::Unavailable("the disk is full".to_owned()));
        }
        if load.is_empty() {
            return Ok(());
        }
        self.run(load).inspect_err(|_| self.reserve.judge())
    }

    fn run<B: Batch>(&mut self, load: &mut Load<B>) -> Result<()> {
        let mut seat = self.seat.occupy();
        let mut connection = match seat.take() {
            Some(connection) => connection,
            None => Either::Sqlite(Connection::writer(&self.path)?),
        };
        sqlite(&mut connection).step("BEGIN IMMEDIATE").inspect_err(|error| {
            tracing::warn!(%error, "the writer could not begin");
        })?;
        if let Err(error) = now(load.run(&mut connection)) {
            // A full disk or an I/O error may already have rolled everything back; then ROLLBACK itself is an error.
            if !sqlite(&mut connection).0.is_autocommit() {
                let _ = sqlite(&mut connection).batch("ROLLBACK");
            }
            tracing::warn!(%error, "a transaction was rolled back");
            return Err(error);
        }
        if let Err(error) = sqlite(&mut connection).step("COMMIT") {
            let in_transaction = !sqlite(&mut connection).0.is_autocommit();
            if in_transaction {
                let _ = sqlite(&mut connection).batch("ROLLBACK");
            }
            drop(connection);
            tracing::error!(%error, "a commit failed; the database is opened anew");
            return Err(Error::Unknown(error.to_string()));
        }
        *seat = Some(connection);
        Ok(())
    }
}

fn sqlite(connection: &mut Either) -> &mut Connection {
    match connection {
        Either::Sqlite(connection) => connection,
        Either::Postgres(_) => unreachable!("this writer opened SQLite"),
    }
}

/// On SQLite nothing ever waits, so a future is done at its first poll.
fn now<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    future.now_or_never().unwrap_or_else(|| Err(Error::Broken("a store function waited for something".to_owned())))
}

type ReadJob = Box<dyn FnOnce(Result<&mut Either>) + Send>;

/// One state, on a connection of its own. It has a seat: where all connections are closed, it ends.
pub(crate) struct Snapshot {
    seat: Arc<Seat>,
    _stay: Stay,
}

impl Snapshot {
    pub(super) fn begin(path: &Path, seats: &Seats) -> Result<Self> {
        let stay = seats.stay();
        let connection = Connection::reader(path)?;
        // The state is that of the first look.
        connection.batch("BEGIN; SELECT COUNT(*) FROM sqlite_schema;")?;
        Ok(Self { seat: Arc::new(seats.take(connection)), _stay: stay })
    }

    pub(super) async fn query(&mut self, text: String, values: Vec<Value>) -> Result<Vec<Row>> {
        let seat = Arc::clone(&self.seat);
        blocking(move || {
            let mut seat = seat.occupy();
            let connection = seat.as_mut().map(sqlite);
            let ended = || Error::Unavailable("the database was opened anew, and its old state is gone".to_owned());
            connection.ok_or_else(ended)?.query_text(&text, &values)
        })
        .await
    }
}

/// Away from the threads that serve: it reads from the disk.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(Error::Unavailable("a reader has ended".to_owned())))
}

/// Reader threads, given work in turn. Their queues take memory as work comes; the standard library's take it at once.
pub(super) struct Readers {
    threads: Vec<mpsc::Sender<ReadJob>>,
    next: AtomicUsize,
    path: PathBuf,
    seats: Seats,
}

impl Readers {
    pub(super) fn open(path: &Path, settings: Settings, seats: &Seats) -> Result<Self> {
        let mut threads = Vec::with_capacity(settings.readers);
        for _ in 0..settings.readers.max(1) {
            let (sender, jobs) = mpsc::channel(settings.queue);
            let (path, seat) = (path.to_owned(), seats.take(Connection::reader(path)?));
            std::thread::Builder::new()
                .name("sqlite-reader".to_owned())
                .spawn(move || serve(&path, &seat, jobs))
                .map_err(|error| Error::Unavailable(error.to_string()))?;
            threads.push(sender);
        }
        Ok(Self { threads, next: AtomicUsize::new(0), path: path.to_owned(), seats: seats.clone() })
    }

    pub(super) async fn snapshot(&self) -> Result<Snapshot> {
        let (path, seats) = (self.path.clone(), self.seats.clone());
        blocking(move || Snapshot::begin(&path, &seats)).await
    }

    pub(super) async fn run<T: Send + 'static>(&self, work: Work<T>) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let job: ReadJob = Box::new(move |connection| {
            let _ = reply.send(connection.and_then(|connection| read(connection, work)));
        });
        let thread = self.next.fetch_add(1, Ordering::Relaxed) % self.threads.len();
        match self.threads[thread].try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(Error::Busy),
            Err(TrySendError::Closed(_)) => return Err(Error::Unavailable("a reader has ended".to_owned())),
        }
        answer.await.unwrap_or_else(|_| Err(Error::Unavailable("a reader has ended".to_owned())))
    }
}

/// Reads one state, and changes nothing.
pub(super) fn read<T>(connection: &mut Either, work: Work<T>) -> Result<T> {
    let begun = sqlite(connection).step("BEGIN");
    let result = begun.and_then(|()| now(caught(async { work(connection).await })));
    let ended = sqlite(connection).step("COMMIT");
    result.and_then(|value| ended.map(|()| value))
}

fn serve(path: &Path, seat: &Seat, mut jobs: mpsc::Receiver<ReadJob>) {
    while let Some(job) = jobs.blocking_recv() {
        let mut connection = seat.occupy();
        match &mut *connection {
            Some(connection) => job(Ok(connection)),
            vacant => match Connection::reader(path) {
                Ok(anew) => job(Ok(vacant.insert(Either::Sqlite(anew)))),
                Err(error) => job(Err(error)),
            },
        }
    }
}
