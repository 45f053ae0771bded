//! How SQLite's files are opened, and let go.

use std::time::Duration;

use domain::{PublicId, Timestamp};

use crate::engine::{BoxFuture, Connection, Database, Location, NoBatch, Row, Settings, Statement, Value};
use crate::{Result, Store, schema};

#[tokio::test]
async fn every_connection_to_sqlite_is_set_up_for_durability_and_erasure() {
    const PRAGMAS: [(&str, &str); 6] = [
        ("PRAGMA journal_mode", "wal"),
        ("PRAGMA synchronous", "2"),
        ("PRAGMA secure_delete", "1"),
        ("PRAGMA foreign_keys", "1"),
        ("PRAGMA trusted_schema", "0"),
        ("PRAGMA wal_autocheckpoint", "0"),
    ];
    static STATEMENTS: [Statement; 6] = [
        Statement::new("P", PRAGMAS[0].0, &[]),
        Statement::new("P", PRAGMAS[1].0, &[]),
        Statement::new("P", PRAGMAS[2].0, &[]),
        Statement::new("P", PRAGMAS[3].0, &[]),
        Statement::new("P", PRAGMAS[4].0, &[]),
        Statement::new("P", PRAGMAS[5].0, &[]),
    ];
    static QUERY_ONLY: Statement = Statement::new("P", "PRAGMA query_only", &[]);
    fn ask(connection: &mut Connection) -> BoxFuture<'_, Result<Vec<String>>> {
        Box::pin(async move {
            let mut answers = Vec::new();
            for pragma in STATEMENTS.iter().chain([&QUERY_ONLY]) {
                answers.push(match &connection.query(pragma, &[]).await?.as_slice() {
                    [Row(values)] => match &values[0] {
                        Value::Int(value) => value.to_string(),
                        Value::Text(value) => value.clone(),
                        other => panic!("{other:?}"),
                    },
                    other => panic!("{other:?}"),
                });
            }
            Ok(answers)
        })
    }
    let folder = tempfile::tempdir().unwrap();
    let bare = rusqlite::Connection::open(folder.path().join("bare.db")).unwrap();
    let erases: i64 = bare.query_row("PRAGMA secure_delete", [], |row| row.get(0)).unwrap();
    assert_eq!(erases, 0, "a bundled SQLite does not do it by itself");
    for (index, schema) in [&schema::DATA, &schema::KEYS].into_iter().enumerate() {
        let place = Location::File(folder.path().join(format!("{index}.db")));
        let database: Database<NoBatch> =
            Database::open(&place, Settings { queue: 8, readers: 3, ..Settings::default() }, schema).await.unwrap();
        let expected: Vec<&str> = PRAGMAS.iter().map(|(_, value)| *value).collect();
        let writer = database.write(ask).await.unwrap();
        assert_eq!(writer, [expected.as_slice(), &["0"]].concat());
        for _ in 0..3 {
            let reader = database.read(ask).await.unwrap();
            assert_eq!(reader, [expected.as_slice(), &["1"]].concat(), "a reader may not write");
        }
    }
}

#[tokio::test]
async fn a_store_that_is_dropped_lets_go_of_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let place = Location::File(folder.path().join("test.db"));
    let store = Store::open(&place, Settings::default()).await.unwrap();
    store.insert_organisation(PublicId::from_bytes([1; 16]), "a".to_owned(), Timestamp(0)).await.unwrap();
    let open = || {
        let files = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
        files
            .filter_map(|file| std::fs::read_link(file.path()).ok())
            .filter(|file| file.starts_with(folder.path()))
            .count()
    };
    assert!(open() > 0);
    store.close().await;
    drop(store);
    testkit::eventually(Duration::from_secs(20), "no file of it is open", async || open() == 0).await;
    let mut left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["test.db", "test.db-reserve"], "the log went into the file");
}
