//! PostgreSQL 15 or later: the same statements, batches through `unnest`, one writing connection and a pool for reading.

use std::str::FromStr as _;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, PoolError, RecyclingMethod, Runtime, TimeoutType};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{NoTls, error::SqlState};

use super::migrate::{Applied, BOOK, Schema};
use super::statement::Column;
use super::writer::{Batch, Load};
use super::{Connection as Either, Row, Statement, Value, Work};
use crate::{Error, Result};

/// Everyone who migrates waits for the same number ("diskret" in ASCII).
const MIGRATION_LOCK: i64 = 0x0064_6973_6b72_6574;

/// A connection is made within.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// A free connection is waited for so long, then the answer is "busy".
const WAIT_WITHIN: Duration = Duration::from_secs(2);
/// A server that says nothing for so long has gone.
const SILENT_FOR: Duration = Duration::from_secs(10);

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

/// A connection that waits for the server.
pub(crate) struct Connection(Object);

fn parameter(value: &Value) -> &(dyn ToSql + Sync) {
    match value {
        Value::Null => &None::<i64>,
        Value::Int(value) => value,
        Value::Text(value) => value,
        Value::Bytes(value) => value,
    }
}

/// A NULL must carry the type that the statement expects, so parameters are matched with the prepared types.
#[derive(Debug)]
struct Parameter<'v>(&'v Value);

impl ToSql for Parameter<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut tokio_postgres::types::private::BytesMut,
    ) -> std::result::Result<tokio_postgres::types::IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self.0 {
            Value::Null => Ok(tokio_postgres::types::IsNull::Yes),
            value => parameter(value).to_sql_checked(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

fn rows(found: &[tokio_postgres::Row]) -> Result<Vec<Row>> {
    found.iter().map(row).collect()
}

fn row(found: &tokio_postgres::Row) -> Result<Row> {
    let mut values = Vec::with_capacity(found.len());
    for (index, column) in found.columns().iter().enumerate() {
        let value: Value = match *column.type_() {
            Type::INT8 => found.try_get::<_, Option<i64>>(index).map(Value::from),
            Type::INT4 => found.try_get::<_, Option<i32>>(index).map(|value| value.map(i64::from).into()),
            Type::BYTEA => found.try_get::<_, Option<Vec<u8>>>(index).map(Value::from),
            Type::TEXT | Type::VARCHAR => found.try_get::<_, Option<String>>(index).map(Value::from),
            ref other => return Err(Error::Broken(format!("column {index} is of type {other}"))),
        }
        .map_err(|e| error(&e))?;
        values.push(value);
    }
    Ok(Row(values))
}

impl Connection {
    async fn prepare(&self, statement: &Statement) -> Result<tokio_postgres::Statement> {
        self.0.prepare_cached(statement.postgres()).await.map_err(|e| error(&e))
    }

    #[cfg(test)]
    pub(super) async fn values(&self, statement: &Statement) -> Result<usize> {
        Ok(self.prepare(statement).await?.params().len())
    }

    pub(super) async fn batch(&self, text: &str) -> Result<()> {
        self.0.batch_execute(text).await.map_err(|e| error(&e))
    }

    pub(super) async fn query(&self, statement: &'static Statement, values: &[Value]) -> Result<Vec<Row>> {
        let prepared = self.prepare(statement).await?;
        let values: Vec<Parameter<'_>> = values.iter().map(Parameter).collect();
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        rows(&self.0.query(&prepared, &values).await.map_err(|e| error(&e))?)
    }

    pub(super) async fn execute(&self, statement: &'static Statement, values: &[Value]) -> Result<u64> {
        let prepared = self.prepare(statement).await?;
        let values: Vec<Parameter<'_>> = values.iter().map(Parameter).collect();
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        self.0.execute(&prepared, &values).await.map_err(|e| error(&e))
    }

    pub(super) async fn query_each(&self, statement: &'static Statement, inputs: &[Vec<Value>]) -> Result<Vec<Row>> {
        let prepared = self.prepare(statement).await?;
        let arrays = columns(statement, inputs)?;
        let values: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(|array| array.as_ref() as _).collect();
        rows(&self.0.query(&prepared, &values).await.map_err(|e| error(&e))?)
    }

    pub(super) async fn execute_each(&self, statement: &'static Statement, inputs: &[Vec<Value>]) -> Result<u64> {
        let prepared = self.prepare(statement).await?;
        let arrays = columns(statement, inputs)?;
        let values: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(|array| array.as_ref() as _).collect();
        self.0.execute(&prepared, &values).await.map_err(|e| error(&e))
    }
}

/// Turns rows of values into one array per column, as `unnest` takes them.
fn columns<'v>(statement: &Statement, inputs: &'v [Vec<Value>]) -> Result<Vec<Box<dyn ToSql + Sync + Send + 'v>>> {
    let other = |name: &str| Error::Broken(format!("{}: {name} is given another kind of value", statement.name));
    statement
        .input
        .iter()
        .enumerate()
        .map(|(index, (column, name))| -> Result<Box<dyn ToSql + Sync + Send + 'v>> {
            let values = inputs.iter().map(|row| row.get(index).ok_or_else(|| other(name)));
            Ok(match column {
                Column::Int => Box::new(
                    values
                        .map(|value| match value? {
                            Value::Null => Ok(None),
                            Value::Int(value) => Ok(Some(*value)),
                            _ => Err(other(name)),
                        })
                        .collect::<Result<Vec<Option<i64>>>>()?,
                ),
                Column::Bytes => Box::new(
                    values
                        .map(|value| match value? {
                            Value::Null => Ok(None),
                            Value::Bytes(value) => Ok(Some(value.as_slice())),
                            _ => Err(other(name)),
                        })
                        .collect::<Result<Vec<Option<&'v [u8]>>>>()?,
                ),
            })
        })
        .collect()
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
        // Law L1 must not hang on how the server or the role was set up.
        let options = format!("{} -c synchronous_commit=on", config.get_options().unwrap_or_default());
        config.options(options.trim());
        // A caller who went away may have left a transaction open, and a dead socket looks alive. Without the BEGIN the
        // server would log a warning at each use; in a broken transaction it fails and the connection is thrown away.
        let recycling_method = RecyclingMethod::Custom("BEGIN; ROLLBACK".to_owned());
        let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method });
        let pool = deadpool_postgres::Pool::builder(manager)
            .max_size(readers + 1)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT_WITHIN))
            .create_timeout(Some(CONNECT_WITHIN))
            .recycle_timeout(Some(CONNECT_WITHIN))
            .build()
            .map_err(|error| Error::Unavailable(error.to_string()))?;
        Ok(Self(pool))
    }

    async fn connection(&self) -> Result<Connection> {
        self.0.get().await.map(Connection).map_err(|e| pool_error(&e))
    }

    pub(super) async fn read<T: Send + 'static>(&self, work: Work<T>) -> Result<T> {
        let connection = self.connection().await?;
        connection.batch("BEGIN READ ONLY ISOLATION LEVEL REPEATABLE READ").await?;
        let mut connection = Either::Postgres(connection);
        let result = work(&mut connection).await;
        postgres(&mut connection).batch("COMMIT").await?;
        result
    }

    /// Applies what is missing of a schema, one program at a time.
    pub(super) async fn migrate(&self, schema: &'static Schema) -> Result<()> {
        let connection = self.connection().await?;
        connection.batch("BEGIN").await?;
        let result = Self::apply(&connection, schema).await;
        connection.batch(if result.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
        result
    }

    async fn apply(connection: &Connection, schema: &'static Schema) -> Result<()> {
        connection.batch(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
        connection.batch(BOOK).await?;
        let found = connection
            .0
            .query("SELECT version, name, checksum FROM migration ORDER BY version", &[])
            .await
            .map_err(|e| error(&e))?;
        let applied: Vec<Applied> = found.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
        let done = schema.pending(&applied, true)?;
        for (index, migration) in schema.migrations.iter().enumerate().skip(done) {
            connection.batch(migration.text(true)).await?;
            connection
                .0
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
    pub(super) async fn commit<B: Batch>(&mut self, load: &mut Load<B>) -> Result<()> {
        if load.is_empty() {
            return Ok(());
        }
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Either::Postgres(self.pool.connection().await?),
        };
        if let Err(error) = begin(&mut connection, load).await {
            tracing::warn!(%error, "a transaction was rolled back");
            if postgres(&mut connection).batch("ROLLBACK").await.is_ok() {
                self.connection = Some(connection);
            }
            return Err(error);
        }
        match postgres(&mut connection).0.batch_execute("COMMIT").await {
            Ok(()) => {
                self.connection = Some(connection);
                Ok(())
            }
            Err(error) => {
                tracing::error!(%error, "a commit was not confirmed");
                Err(Error::Unknown(error.to_string()))
            }
        }
    }
}

async fn begin<B: Batch>(connection: &mut Either, load: &mut Load<B>) -> Result<()> {
    postgres(connection).batch("BEGIN").await?;
    load.run(connection).await
}
