//! Runs statements and transactions on SQLite or PostgreSQL.
//!
//! One writer takes everything that waits into one transaction and answers after the commit (group commit); readers work
//! beside it. Functions above are written once, as `async` code over [`Connection`]: on PostgreSQL they really wait, on
//! SQLite they run to their end on the writer's or a reader's thread.

mod checkpoint;
mod inline;
mod migrate;
mod postgres;
mod reserve;
mod seat;
mod snapshot;
mod sqlite;
mod statement;
#[cfg(test)]
mod tests;
mod value;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;

pub(crate) use futures_util::future::BoxFuture;
#[cfg(test)]
pub(crate) use migrate::{BOOK, RESTORING};
pub(crate) use migrate::{Migration, Schema};
pub(crate) use snapshot::Snapshot;
pub(crate) use statement::{Column, Statement, statements};
pub(crate) use value::{Row, Value};
pub(crate) use writer::{Batch, Late, NoBatch};

use crate::{Error, Result, Scope};
use writer::Writer;

/// Where a database is.
#[derive(Clone, Debug)]
pub enum Location {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL connection URL or key-value string.
    Postgres(String),
}

/// How a database is used.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Jobs that may wait for the writer before callers are told "busy".
    pub queue: usize,
    /// Connections (PostgreSQL) or threads (SQLite) for reading.
    pub readers: usize,
    /// SQLite without threads of its own: it works on its callers' runtime, at this pace, and moves its log into the file
    /// only when it is closed. For simulations, which must run alike each time.
    pub inline: Option<&'static dyn Pace>,
    /// Whether it may be one that is half restored: for the restore alone.
    pub for_restore: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { queue: 4096, readers: 2, inline: None, for_restore: false }
    }
}

/// How long an inline database takes: awaited before and after each commit, and before each reading. One that never ends is
/// that of a program that was killed.
pub trait Pace: std::fmt::Debug + Send + Sync {
    /// Takes its time.
    fn take(&self) -> BoxFuture<'static, ()>;
}

/// A statement that is asked together with others.
#[derive(Clone, Copy)]
pub(crate) enum Step<'v> {
    /// With these values.
    One(&'static Statement, &'v [Value]),
    /// Over these input rows.
    Each(&'static Statement, &'v [Vec<Value>]),
}

/// A connection of either kind, inside a transaction.
pub(crate) enum Connection {
    Sqlite(sqlite::Connection),
    Postgres(postgres::Connection),
}

impl Connection {
    /// Runs a statement and gives back its rows.
    pub(crate) async fn query(&mut self, statement: &'static Statement, values: &[Value]) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(connection) => connection.query(statement, values),
            Self::Postgres(connection) => connection.query(statement, values).await,
        }
    }

    /// Runs a statement whose text was made from the schema, in this database's own dialect.
    pub(crate) async fn query_text(&mut self, text: &str, values: &[Value]) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(connection) => connection.query_text(text, values),
            Self::Postgres(connection) => connection.query_text(text, values).await,
        }
    }

    /// Runs a statement over many input rows at once: one by one on SQLite, through `unnest` on PostgreSQL.
    pub(crate) async fn query_each(&mut self, statement: &'static Statement, rows: &[Vec<Value>]) -> Result<Vec<Row>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        match self {
            Self::Sqlite(connection) => connection.query_each(statement, rows),
            Self::Postgres(connection) => connection.query_each(statement, rows).await,
        }
    }

    /// Runs a statement that must touch exactly `expected` rows: a write that hits the wrong number is an error.
    pub(crate) async fn execute(
        &mut self,
        statement: &'static Statement,
        values: &[Value],
        expected: u64,
    ) -> Result<()> {
        let touched = match self {
            Self::Sqlite(connection) => connection.execute(statement, values)?,
            Self::Postgres(connection) => connection.execute(statement, values).await?,
        };
        if touched == expected { Ok(()) } else { Err(wrong_count(statement, touched, expected)) }
    }

    /// Runs a statement that may touch any number of rows and says how many.
    pub(crate) async fn execute_any(&mut self, statement: &'static Statement, values: &[Value]) -> Result<u64> {
        match self {
            Self::Sqlite(connection) => connection.execute(statement, values),
            Self::Postgres(connection) => connection.execute(statement, values).await,
        }
    }

    /// Runs a statement over many input rows; it must touch exactly one for each.
    pub(crate) async fn execute_each(&mut self, statement: &'static Statement, rows: &[Vec<Value>]) -> Result<()> {
        self.execute_all(&[(statement, rows)]).await
    }

    /// Runs a statement over many input rows; it may touch any number for each. Says how many that were.
    pub(crate) async fn execute_many(&mut self, statement: &'static Statement, rows: &[Vec<Value>]) -> Result<u64> {
        if rows.is_empty() {
            return Ok(0);
        }
        match self {
            Self::Sqlite(connection) => connection.execute_each(statement, rows),
            Self::Postgres(connection) => {
                connection.execute_all(&[(statement, rows)]).await.map(|all| all.iter().sum())
            }
        }
    }

    /// Runs statements in this order and gives back the rows of each. On PostgreSQL they are sent one behind the other
    /// without waiting: each begins when the one before it is through, and sees what was committed until then.
    pub(crate) async fn query_all(&mut self, steps: &[Step<'_>]) -> Result<Vec<Vec<Row>>> {
        match self {
            Self::Sqlite(connection) => steps
                .iter()
                .map(|step| match step {
                    Step::One(statement, values) => connection.query(statement, values),
                    Step::Each(statement, rows) => connection.query_each(statement, rows),
                })
                .collect(),
            Self::Postgres(connection) => connection.query_all(steps).await,
        }
    }

    /// Runs statements over their input rows, in this order and likewise together; each must touch exactly one row for
    /// each of its input rows.
    pub(crate) async fn execute_all(&mut self, writes: &[(&'static Statement, &[Vec<Value>])]) -> Result<()> {
        let writes: Vec<_> = writes.iter().copied().filter(|(_, rows)| !rows.is_empty()).collect();
        let touched = match self {
            Self::Sqlite(connection) => writes
                .iter()
                .map(|(statement, rows)| connection.execute_each(statement, rows))
                .collect::<Result<Vec<u64>>>()?,
            Self::Postgres(connection) => connection.execute_all(&writes).await?,
        };
        for ((statement, rows), touched) in writes.iter().zip(touched) {
            let expected = rows.len() as u64;
            if touched != expected {
                return Err(wrong_count(statement, touched, expected));
            }
        }
        Ok(())
    }

    /// Queries rows whose first column is their organisation, and refuses those of another (law L4).
    pub(crate) async fn query_in(
        &mut self,
        scope: Scope,
        statement: &'static Statement,
        values: &[Value],
    ) -> Result<Vec<Row>> {
        let rows = self.query(statement, values).await?;
        for row in &rows {
            let owner = domain::OrganisationId(row.int(0)?);
            if !scope.covers(owner) {
                return Err(Error::Broken(format!("{} returned a row of another organisation", statement.name)));
            }
        }
        Ok(rows)
    }

    /// Has the database understand a statement without running it; says how many values it takes.
    #[cfg(test)]
    pub(crate) async fn prepare(&mut self, statement: &'static Statement) -> Result<usize> {
        match self {
            Self::Sqlite(connection) => connection.prepare(statement),
            Self::Postgres(connection) => connection.values(statement).await,
        }
    }

    /// Takes back everything that the transaction did and begins it anew.
    async fn restart(&mut self) -> Result<()> {
        self.step("ROLLBACK").await?;
        self.step(if self.is_postgres() { postgres::BEGIN } else { "BEGIN IMMEDIATE" }).await
    }

    /// Begins a transaction anew; sets, keeps or takes back a savepoint.
    async fn step(&mut self, text: &str) -> Result<()> {
        match self {
            Self::Sqlite(connection) => connection.step(text),
            Self::Postgres(connection) => connection.batch(text).await,
        }
    }

    /// Whether the transaction is gone although nobody ended it.
    fn has_lost_transaction(&self) -> bool {
        match self {
            Self::Sqlite(connection) => connection.has_lost_transaction(),
            Self::Postgres(_) => false,
        }
    }

    /// The statement's text differs in a word or two by dialect; rarely, whole steps do.
    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }
}

fn wrong_count(statement: &Statement, touched: u64, expected: u64) -> Error {
    Error::Broken(format!("{} touched {touched} rows, not {expected}", statement.name))
}

/// A database: one writer, some readers.
pub(crate) struct Database<B: Batch> {
    inner: Arc<Inner<B>>,
}

impl<B: Batch> Clone for Database<B> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

struct Inner<B: Batch> {
    writer: Writer<B>,
    readers: Readers,
}

enum Readers {
    Sqlite(sqlite::Readers),
    Inline(inline::Reader),
    Postgres(postgres::Pool),
}

/// A piece of work with a connection. `FnOnce`, so that it runs once: what fails with its transaction is told so.
pub(crate) type Work<T> = Box<dyn for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T>> + Send>;

impl<B: Batch> Database<B> {
    pub(crate) async fn open(location: &Location, settings: Settings, schema: &'static Schema) -> Result<Self> {
        let inner = match location {
            Location::File(path) => {
                sqlite::migrate(path, schema, settings.for_restore)?;
                if let Some(pace) = settings.inline {
                    let readers = Readers::Inline(inline::Reader::open(path, pace)?);
                    let writer = Writer::inline(path.clone(), settings.queue, pace)?;
                    return Ok(Self { inner: Arc::new(Inner { writer, readers }) });
                }
                let seats = seat::Seats::default();
                let readers = Readers::Sqlite(sqlite::Readers::open(path, settings, &seats)?);
                Inner { writer: Writer::sqlite(path.clone(), settings.queue, seats)?, readers }
            }
            Location::Postgres(url) => {
                let pool = postgres::Pool::open(url, settings.readers)?;
                pool.migrate(schema, settings.for_restore).await?;
                Inner { writer: Writer::postgres(pool.clone(), settings.queue), readers: Readers::Postgres(pool) }
            }
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Runs `work` in a transaction and answers after its commit.
    pub(crate) async fn write<T, W>(&self, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        self.write_then(work, |_| {}).await
    }

    /// The same, and does something with the outcome right after the commit, in the order of commits, even where the
    /// caller has gone meanwhile.
    pub(crate) async fn write_then<T, W>(&self, work: W, then: impl FnOnce(&T) + Send + 'static) -> Result<T>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        self.write_late(work, |_| Vec::new(), then).await
    }

    /// The same, and records what `late` takes from the outcome at the end of its transaction.
    pub(crate) async fn write_late<T, W>(
        &self,
        work: W,
        late: fn(&mut T) -> Vec<Late>,
        then: impl FnOnce(&T) + Send + 'static,
    ) -> Result<T>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        self.inner.writer.call(Box::new(work), late, Box::new(then)).await
    }

    /// Whether the writer still takes and commits work.
    pub(crate) async fn ping_writer(&self) -> Result<()> {
        self.write(|_| Box::pin(async { Ok(()) })).await
    }

    /// Gives an item to the next batch.
    pub(crate) fn enqueue(&self, item: B) -> Result<()> {
        self.inner.writer.enqueue(item)
    }

    /// Runs `work` on a reader: it sees one state and changes nothing.
    pub(crate) async fn read<T, W>(&self, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        match &self.inner.readers {
            Readers::Sqlite(readers) => readers.run(Box::new(work)).await,
            Readers::Inline(reader) => Box::pin(reader.run(Box::new(work))).await,
            // Boxed: the pool's state is large, and every task that may ever read would carry it, idle sockets included.
            Readers::Postgres(pool) => Box::pin(pool.read(Box::new(work))).await,
        }
    }

    /// Begins to read one state.
    pub(crate) async fn snapshot(&self) -> Result<Snapshot> {
        match &self.inner.readers {
            Readers::Sqlite(readers) => readers.snapshot().await.map(Snapshot::Sqlite),
            Readers::Inline(reader) => reader.snapshot().await.map(Snapshot::Sqlite),
            Readers::Postgres(pool) => Box::pin(pool.snapshot()).await.map(Box::new).map(Snapshot::Postgres),
        }
    }

    pub(crate) async fn ping(&self) -> Result<()> {
        self.read(|connection| Box::pin(async move { connection.query(&statement::PING, &[]).await.map(drop) })).await
    }

    /// Bytes that it takes, its log not counted.
    pub(crate) async fn size(&self) -> Result<i64> {
        self.read(|connection| {
            Box::pin(async move {
                let text = if connection.is_postgres() {
                    "SELECT pg_database_size(current_database())"
                } else {
                    "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
                };
                connection.query_text(text, &[]).await?.first().map_or(Ok(0), |row| row.int(0))
            })
        })
        .await
    }

    pub(crate) async fn close(&self) {
        self.inner.writer.close().await;
    }
}
