//! One state that is read for long, and what it does to others.

use std::time::{Duration, Instant};

use super::{Both, found, names};
use crate::engine::{Database, Location, NoBatch, Settings, Snapshot, Statement, Value};
use crate::{Result, schema};

async fn seen(snapshot: &mut Snapshot) -> Vec<String> {
    let rows = snapshot.query("SELECT name FROM organisation ORDER BY name", Vec::new()).await.unwrap();
    rows.iter().map(|row| row.text(0).unwrap()).collect()
}

#[tokio::test]
async fn a_snapshot_stays_while_others_write_and_cannot_write_itself() {
    for database in &Both::open(&schema::DATA).await.databases {
        database.write(found(1, "a")).await.unwrap();
        let mut snapshot = database.snapshot().await.unwrap();
        // Before the first look, too.
        database.write(found(2, "b")).await.unwrap();
        for _ in 0..3 {
            assert_eq!(seen(&mut snapshot).await, ["a"]);
            assert_eq!(names(database).await, ["a", "b"]);
        }
        assert!(snapshot.query("DELETE FROM organisation", Vec::new()).await.is_err());
        assert_eq!(names(database).await, ["a", "b"]);
        drop(snapshot);
        assert_eq!(seen(&mut database.snapshot().await.unwrap()).await, ["a", "b"]);
    }
}

static OLDEST: Statement =
    Statement::new("OLDEST", "SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)", &[]);
static STANDING: Statement = Statement::new(
    "STANDING",
    "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'",
    &[],
);

async fn number(database: &Database<NoBatch>, statement: &'static Statement) -> i64 {
    let rows = database.read(move |connection| Box::pin(async move { connection.query(statement, &[]).await })).await;
    rows.unwrap()[0].int(0).unwrap()
}

#[tokio::test]
async fn on_postgres_nobody_waits_for_a_snapshot_and_its_connection_ends_with_it() {
    let both = Both::open(&schema::DATA).await;
    let database = &both.databases[1];
    let snapshot = database.snapshot().await.unwrap();
    let before = number(database, &OLDEST).await;
    database.write(found(1, "a")).await.unwrap();
    assert!(number(database, &OLDEST).await > before, "the sweep of changes goes on behind what was written");
    assert_eq!(number(database, &STANDING).await, 1);
    drop(snapshot);
    testkit::eventually(Duration::from_secs(20), "the connection ends", async || {
        number(database, &STANDING).await == 0
    })
    .await;
}

static LARGE: Statement = Statement::new(
    "LARGE",
    "UPDATE organisation SET name = replace(hex(zeroblob(2097152)), '0', $1) WHERE organisation_id = 1",
    &[],
);

/// Writes 4 MiB so often; the longest that one took.
async fn write_much(database: &Database<NoBatch>, times: u32) -> Result<Duration> {
    let mut longest = Duration::ZERO;
    for turn in 0..times {
        let letter = Value::from(["a", "b"][turn as usize % 2]);
        let begun = Instant::now();
        database
            .write(move |connection| Box::pin(async move { connection.execute(&LARGE, &[letter], 1).await }))
            .await?;
        longest = longest.max(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    Ok(longest)
}

/// A checkpoint that empties the log waits five seconds for whoever stands in an old state, with the writer's lock in hand.
#[tokio::test]
async fn on_sqlite_nobody_who_writes_waits_for_a_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let log = folder.path().join("test.db-wal");
    let size = || std::fs::metadata(&log).unwrap().len();
    let database: Database<NoBatch> =
        Database::open(&Location::File(path), Settings::default(), &schema::DATA).await.unwrap();
    database.write(found(1, "a")).await.unwrap();
    let mut snapshot = database.snapshot().await.unwrap();
    let longest = write_much(&database, 50).await.unwrap();
    assert!(size() > 128 * 1024 * 1024, "long enough for the checkpointer to want to empty it: {}", size());
    assert!(longest < Duration::from_secs(3), "{longest:?}");
    assert_eq!(seen(&mut snapshot).await, ["a"]);
    drop(snapshot);
    testkit::eventually(Duration::from_secs(30), "the log is given back", async || size() < 64 * 1024 * 1024).await;
}

#[tokio::test]
async fn where_all_connections_are_closed_a_snapshot_ends_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let seats = crate::engine::seat::Seats::default();
    let database: Database<NoBatch> =
        Database::open(&Location::File(path.clone()), Settings::default(), &schema::DATA).await.unwrap();
    let snapshot = crate::engine::sqlite::Snapshot::begin(&path, &seats).unwrap();
    let mut snapshot = Snapshot::Sqlite(snapshot);
    assert_eq!(seen(&mut snapshot).await, Vec::<String>::new());
    seats.clear(None);
    let ended = snapshot.query("SELECT name FROM organisation", Vec::new()).await;
    assert!(matches!(ended, Err(crate::Error::Unavailable(_))));
    drop(database);
}
