//! PostgreSQL 15 or later: the same statements, batches through `unnest`, one writing connection and a pool for reading.

mod values;

use std::str::FromStr as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, PoolError, RecyclingMethod, Runtime, TimeoutType};
use futures_util::future::join_all;
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{NoTls, error::SqlState};

use self::values::{Parameter, columns, rows};
use super::migrate::{Applied, BOOK, RESTORING, Schema, half_restored};
use super::writer::{Batch, Load};
use super::{Connection as Either, Row, Statement, Step, Value, Work};
use crate::{Error, Result};

/// Everyone who migrates waits for the same number ("diskret" in ASCII).
const MIGRATION_LOCK: i64 = 0x0064_6973_6b72_6574;

/// A connection is made within.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// A free connection is waited for so long, then the answer is "busy".
const WAIT_WITHIN: Duration = Duration::from_secs(2);
/// A server that says nothing for so long has gone; so has a client that leaves a transaction open and says nothing.
const SILENT_FOR: Duration = Duration::from_secs(10);
/// A rollback has nothing to wait for.
const ROLLBACK_WITHIN: Duration = Duration::from_secs(2);
/// So long the server waits for whoever reads one state in portions: what they do with a portion may take a while.
const PORTION_WITHIN: Duration = Duration::from_secs(300);
/// The statements of a load are given up after this. It may have to wait for locks of a node that has gone, until the server
/// notices ([`SILENT_FOR`]), and for its own work; nothing that holds up all others may take longer.
const LOAD_WITHIN: Duration = Duration::from_secs(20);

fn error(error: &tokio_postgres::Error) -> Error {
    let Some(database) = error.as_db_error() else {
        return Error::Unavailable(error.to_string());
    };
    let code = database.code();
    let class = code.code().get(..2).unwrap_or_default();
    if database.message().contains("fence") {
        Error::Fence
    } else if class == "23" {
        Error::Conflict("it breaks a rule of the schema")
    } else if matches!(class, "08" | "53" | "57" | "58" | "40" | "25") || *code == SqlState::LOCK_NOT_AVAILABLE {
        Error::Unavailable(database.message().to_owned())
    } else {
        // Only the code and the database's own words about the statement; never its values.
        Error::Broken(format!("{}: {}", code.code(), database.message()))
    }
}

fn pool_error(error: &deadpool_postgres::PoolError) -> Error {
    if matches!(error, PoolError::Timeout(TimeoutType::Wait)) {
        return Error::Busy;
    }
    // The cause says more than the pool, which only knows that it got no connection.
    let cause =
        std::error::Error::source(error).and_then(std::error::Error::source).or(std::error::Error::source(error));
    Error::Unavailable(cause.map_or_else(|| error.to_string(), ToString::to_string))
}

/// The statements count on seeing what was committed while they waited for a lock, whatever the server's default is.
pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// Whether the transaction lost against another one, as some transaction must, and would likely get through now.
fn is_conflict(error: &tokio_postgres::Error) -> bool {
    error
        .code()
        .is_some_and(|code| [SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE].contains(code))
}

/// A connection that waits for the server.
pub(crate) struct Connection {
    client: Object,
    /// Whether the last statement lost against another transaction.
    lost: AtomicBool,
}

impl Connection {
    async fn prepare(&self, statement: &Statement) -> Result<tokio_postgres::Statement> {
        self.client.prepare_cached(statement.postgres()).await.map_err(|e| error(&e))
    }

    fn failed(&self, cause: &tokio_postgres::Error) -> Error {
        // What was sent behind the statement that failed is refused too, and says nothing about why.
        if cause.code() != Some(&SqlState::IN_FAILED_SQL_TRANSACTION) {
            self.lost.store(is_conflict(cause), Ordering::Relaxed);
        }
        error(cause)
    }

    #[cfg(test)]
    pub(super) async fn values(&self, statement: &Statement) -> Result<usize> {
        Ok(self.prepare(statement).await?.params().len())
    }

    pub(super) async fn batch(&self, text: &str) -> Result<()> {
        self.client.batch_execute(text).await.map_err(|e| error(&e))
    }

    pub(super) async fn query(&self, statement: &'static Statement, values: &[Value]) -> Result<Vec<Row>> {
        let prepared = self.prepare(statement).await?;
        let values: Vec<Parameter<'_>> = values.iter().map(Parameter).collect();
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        rows(&self.client.query(&prepared, &values).await.map_err(|e| self.failed(&e))?)
    }

    pub(super) async fn query_text(&self, text: &str, values: &[Value]) -> Result<Vec<Row>> {
        let prepared = self.client.prepare_cached(text).await.map_err(|e| error(&e))?;
        let values: Vec<Parameter<'_>> = values.iter().map(Parameter).collect();
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        rows(&self.client.query(&prepared, &values).await.map_err(|e| error(&e))?)
    }

    pub(super) async fn execute(&self, statement: &'static Statement, values: &[Value]) -> Result<u64> {
        let prepared = self.prepare(statement).await?;
        let values: Vec<Parameter<'_>> = values.iter().map(Parameter).collect();
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        self.client.execute(&prepared, &values).await.map_err(|e| self.failed(&e))
    }

    pub(super) async fn query_each(&self, statement: &'static Statement, inputs: &[Vec<Value>]) -> Result<Vec<Row>> {
        let prepared = self.prepare(statement).await?;
        let arrays = columns(statement, inputs)?;
        let values: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(|array| array.as_ref() as _).collect();
        rows(&self.client.query(&prepared, &values).await.map_err(|e| self.failed(&e))?)
    }

    async fn execute_each(&self, statement: &'static Statement, inputs: &[Vec<Value>]) -> Result<u64> {
        let prepared = self.prepare(statement).await?;
        let arrays = columns(statement, inputs)?;
        let values: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(|array| array.as_ref() as _).collect();
        self.client.execute(&prepared, &values).await.map_err(|e| self.failed(&e))
    }

    /// The client sends a query when its future is first polled, and `join_all` polls them in order. Prepared before, so
    /// that none has to wait and is overtaken.
    pub(super) async fn query_all(&self, steps: &[Step<'_>]) -> Result<Vec<Vec<Row>>> {
        for step in steps {
            let (Step::One(statement, _) | Step::Each(statement, _)) = step;
            self.prepare(statement).await?;
        }
        let sent = steps.iter().map(async |step| match step {
            Step::One(statement, values) => self.query(statement, values).await,
            Step::Each(statement, inputs) => self.query_each(statement, inputs).await,
        });
        join_all(sent).await.into_iter().collect()
    }

    /// The same for writing; says how many rows each touched.
    pub(super) async fn execute_all(&self, writes: &[(&'static Statement, &[Vec<Value>])]) -> Result<Vec<u64>> {
        for (statement, _) in writes {
            self.prepare(statement).await?;
        }
        let sent = writes.iter().map(async |(statement, inputs)| self.execute_each(statement, inputs).await);
        join_all(sent).await.into_iter().collect()
    }
}

/// Connections for reading, and the source of the writing one.
#[derive(Clone)]
pub(super) struct Pool(deadpool_postgres::Pool);

impl Pool {
    pub(super) fn open(url: &str, readers: usize) -> Result<Self> {
        let mut config = tokio_postgres::Config::from_str(url)
            .map_err(|_| Error::Unavailable("the PostgreSQL address cannot be read".to_owned()))?;
        config.application_name("diskret").connect_timeout(CONNECT_WITHIN);
        // A network that was cut without a word must not hold the writer up for minutes.
        config.keepalives_idle(SILENT_FOR).tcp_user_timeout(SILENT_FOR);
        // Law L1 must not hang on how the server or the role was set up. And where we vanish in the middle of a
        // transaction, the server must not keep our locks for the hours that TCP takes to notice.
        let options = format!(
            "{} -c synchronous_commit=on -c idle_in_transaction_session_timeout={}",
            config.get_options().unwrap_or_default(),
            SILENT_FOR.as_millis()
        );
        config.options(options.trim());
        // A caller who went away may have left a transaction open, and a dead socket looks alive. Without the BEGIN the
        // server would log a warning at each use; in a broken transaction it fails and the connection is thrown away.
        let recycling_method = RecyclingMethod::Custom("BEGIN; ROLLBACK".to_owned());
        let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method });
        let pool = deadpool_postgres::Pool::builder(manager)
            // One that writes, and one that reads a state for long.
            .max_size(readers + 2)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT_WITHIN))
            .create_timeout(Some(CONNECT_WITHIN))
            .recycle_timeout(Some(CONNECT_WITHIN))
            .build()
            .map_err(|error| Error::Unavailable(error.to_string()))?;
        Ok(Self(pool))
    }

    async fn connection(&self) -> Result<Connection> {
        let client = self.0.get().await.map_err(|e| pool_error(&e))?;
        Ok(Connection { client, lost: AtomicBool::new(false) })
    }

    pub(super) async fn read<T: Send + 'static>(&self, work: Work<T>) -> Result<T> {
        let mut connection = Either::Postgres(self.connection().await?);
        // Somebody waits for it, and the next ones need the connection.
        match timeout(SILENT_FOR, read(&mut connection, work)).await {
            Ok(result) => result,
            Err(_) => {
                close(connection);
                Err(gone(SILENT_FOR))
            }
        }
    }

    pub(super) async fn snapshot(&self) -> Result<Snapshot> {
        let snapshot = Snapshot(Some(self.connection().await?));
        // Read-only it has no number among the transactions, so that nobody who asks for the oldest waits for it.
        let begun = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
            SET LOCAL idle_in_transaction_session_timeout = {};
            SELECT pg_current_snapshot()",
            PORTION_WITHIN.as_millis()
        );
        snapshot.connection()?.batch(&begun).await?;
        Ok(snapshot)
    }

    /// Applies what is missing of a schema, one program at a time. One that is half restored is left as it is, unless it is
    /// opened for that.
    pub(super) async fn migrate(&self, schema: &'static Schema, for_restore: bool) -> Result<()> {
        let connection = self.connection().await?;
        connection.batch("BEGIN").await?;
        let result = Self::apply(&connection, schema, for_restore).await;
        connection.batch(if result.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
        result
    }

    async fn apply(connection: &Connection, schema: &'static Schema, for_restore: bool) -> Result<()> {
        connection.batch(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
        connection.batch(BOOK).await?;
        connection.batch(RESTORING).await?;
        if !for_restore && !connection.query_text("SELECT 1 FROM restoring", &[]).await?.is_empty() {
            return Err(half_restored());
        }
        let found = connection
            .client
            .query("SELECT version, name, checksum FROM migration ORDER BY version", &[])
            .await
            .map_err(|e| error(&e))?;
        let applied: Vec<Applied> = found.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
        let done = schema.pending(&applied, true)?;
        for (index, migration) in schema.migrations.iter().enumerate().skip(done) {
            connection.batch(migration.text(true)).await?;
            connection
                .client
                .execute(
                    "INSERT INTO migration (version, name, checksum) VALUES ($1, $2, $3)",
                    &[&(index as i64 + 1), &migration.name, &migration.checksum(true)],
                )
                .await
                .map_err(|e| error(&e))?;
        }
        Ok(())
    }
}

/// One state, on a connection of its own, which ends with it: in the pool, it would go on standing in that state.
pub(crate) struct Snapshot(Option<Connection>);

impl Snapshot {
    fn connection(&self) -> Result<&Connection> {
        self.0.as_ref().ok_or_else(|| Error::Unavailable("the state is gone".to_owned()))
    }

    pub(super) async fn query(&mut self, text: &str, values: &[Value]) -> Result<Vec<Row>> {
        let asked = timeout(LOAD_WITHIN, self.connection()?.query_text(text, values));
        asked.await.unwrap_or_else(|_| Err(gone(LOAD_WITHIN)))
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            close(Either::Postgres(connection));
        }
    }
}

async fn read<T: Send + 'static>(connection: &mut Either, work: Work<T>) -> Result<T> {
    postgres(connection).batch("BEGIN READ ONLY ISOLATION LEVEL REPEATABLE READ").await?;
    let result = work(connection).await;
    postgres(connection).batch("COMMIT").await?;
    result
}

fn postgres(connection: &mut Either) -> &mut Connection {
    match connection {
        Either::Postgres(connection) => connection,
        Either::Sqlite(_) => unreachable!("this pool opened PostgreSQL"),
    }
}

/// The writer's end: keeps one connection, and takes another after it failed.
pub(super) struct Writer {
    pool: Pool,
    connection: Option<Either>,
}

impl Writer {
    pub(super) const fn new(pool: Pool) -> Self {
        Self { pool, connection: None }
    }

    /// Commits a load, or says why not. A commit whose answer never came is unknown, not failed.
    ///
    /// Messages that lost against another transaction are run once more. Calls are not: a closure runs once, and one that
    /// loses is told so, behind its own savepoint.
    pub(super) async fn commit<B: Batch>(&mut self, load: &mut Load<B>) -> Result<()> {
        if load.is_empty() {
            return Ok(());
        }
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Either::Postgres(self.pool.connection().await?),
        };
        let begun = timeout(LOAD_WITHIN, begin_twice(&mut connection, load)).await;
        if let Err(error) = begun.unwrap_or_else(|_| Err(gone(LOAD_WITHIN))) {
            tracing::warn!(%error, "a transaction was rolled back");
            // Without a COMMIT the server keeps nothing of a connection that ends.
            match timeout(ROLLBACK_WITHIN, postgres(&mut connection).batch("ROLLBACK")).await {
                Ok(Ok(())) => self.connection = Some(connection),
                _ => close(connection),
            }
            return Err(error);
        }
        let why = match timeout(SILENT_FOR, postgres(&mut connection).client.batch_execute("COMMIT")).await {
            Ok(Ok(())) => {
                self.connection = Some(connection);
                return Ok(());
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", SILENT_FOR.as_secs()),
        };
        tracing::error!(error = why, "a commit was not confirmed");
        close(connection);
        Err(Error::Unknown(why))
    }
}

fn gone(after: Duration) -> Error {
    Error::Unavailable(format!("not done within {} s", after.as_secs()))
}

/// Ends a connection that nobody knows the state of, instead of giving it back to the pool.
fn close(connection: Either) {
    if let Either::Postgres(connection) = connection {
        drop(Object::take(connection.client));
    }
}

async fn begin_twice<B: Batch>(connection: &mut Either, load: &mut Load<B>) -> Result<()> {
    postgres(connection).lost.store(false, Ordering::Relaxed);
    let first = begin(connection, load).await;
    // Messages come first: where they have lost, no closure was used up.
    if first.is_err() && !load.has_called() && postgres(connection).lost.load(Ordering::Relaxed) {
        tracing::info!("a transaction lost against another one and is run once more");
        postgres(connection).batch("ROLLBACK").await?;
        return begin(connection, load).await;
    }
    first
}

async fn begin<B: Batch>(connection: &mut Either, load: &mut Load<B>) -> Result<()> {
    let begun = postgres(connection).batch(BEGIN);
    timeout(SILENT_FOR, begun).await.unwrap_or_else(|_| Err(gone(SILENT_FOR)))?;
    load.run(connection).await
}
