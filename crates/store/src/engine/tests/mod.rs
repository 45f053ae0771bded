//! What only the inside can see: that every statement of the house is understood by both databases, and the laws of the
//! engine itself. The rest of the contract stands in `tests/contract`.

mod calls;
mod files;
mod migration;
mod snapshot;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::{OrganisationId, PublicId};
use tempfile::TempDir;

use super::{BoxFuture, Column, Connection, Database, Location, NoBatch, Row, Settings, Statement, Value, statement};
use crate::{Error, Result, Scope, System, schema};

/// The statements of the data that are written for both databases.
fn data_statements() -> Vec<&'static Statement> {
    let aggregates = [
        crate::api_token::ALL,
        &crate::append::EVERY.concat(),
        &crate::audit::EVERY.concat(),
        &crate::backup::EVERY.concat(),
        crate::change::ALL,
        &crate::conversation::EVERY.concat(),
        crate::countries::ALL,
        crate::epoch::DATA,
        &crate::erasure::EVERY.concat(),
        crate::factor::ALL,
        crate::group::ALL,
        crate::hidden::ALL,
        crate::hold::ALL,
        crate::job::ALL,
        &crate::journal::EVERY.concat(),
        crate::key::used::ALL,
        crate::known_device::ALL,
        crate::message::ALL,
        crate::operator::ALL,
        crate::organisation::ALL,
        crate::passkey::ALL,
        crate::retention::ALL,
        crate::session::ALL,
        crate::sign_in_link::ALL,
        crate::mention::ALL,
        crate::snippet::ALL,
        crate::stub::ALL,
        crate::tally::ALL,
        crate::topic::ALL,
        crate::widget::ALL,
        &[&statement::PING],
    ];
    aggregates.concat()
}

/// Both kinds of database with the schema of the data, and their places.
struct Both {
    databases: [Database<NoBatch>; 2],
    folder: TempDir,
    database: testkit::Database,
}

impl Both {
    async fn open(schema: &'static super::Schema) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = testkit::postgres().database();
        let settings = Settings { queue: 64, readers: 2, ..Settings::default() };
        let [file, server] = Self::places(&folder, &database);
        let databases = [
            Database::open(&file, settings, schema).await.unwrap(),
            Database::open(&server, settings, schema).await.unwrap(),
        ];
        Self { databases, folder, database }
    }

    fn places(folder: &TempDir, database: &testkit::Database) -> [Location; 2] {
        [Location::File(folder.path().join("test.db")), Location::Postgres(database.url.clone())]
    }

    fn locations(&self) -> [Location; 2] {
        Self::places(&self.folder, &self.database)
    }
}

/// How many values a database binds to a statement, or why it does not understand it.
async fn prepare(database: &Database<NoBatch>, statement: &'static Statement) -> Result<usize> {
    database.read(move |connection| Box::pin(async move { connection.prepare(statement).await })).await
}

async fn assert_all_prepare(both: &Both, statements: &[&'static Statement]) {
    let mut wrong = Vec::new();
    for statement in statements {
        let bound = [prepare(&both.databases[0], statement).await, prepare(&both.databases[1], statement).await];
        if bound[0].is_err() || bound[0] != bound[1] {
            wrong.push(format!("{}: {bound:?}", statement.name));
        }
        if !statement.input.is_empty() && bound[0] != Ok(statement.input.len()) {
            wrong.push(format!("{}: {bound:?} values, {} columns", statement.name, statement.input.len()));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn every_statement_is_understood_by_both_databases() {
    let both = Both::open(&schema::DATA).await;
    static MISSPELT: Statement = Statement::new("MISSPELT", "SELECT conversation_idd FROM conversation", &[]);
    for database in &both.databases {
        assert!(prepare(database, &MISSPELT).await.is_err(), "a wrong statement is noticed");
    }
    let statements = data_statements();
    assert!(statements.len() > 40, "{}", statements.len());
    assert_all_prepare(&both, &statements).await;
    for (statement, own, values) in [
        (&crate::conversation::head::TAKE_POSITIONS_SQLITE, 0, 1),
        (&crate::conversation::head::TAKE_POSITIONS_POSTGRES, 1, 1),
        (&crate::change::LAST_TAKEN_SQLITE, 0, 0),
        (&crate::change::LAST_TAKEN_POSTGRES, 1, 0),
        (&crate::change::MARK_POSTGRES, 1, 0),
        (&crate::change::OLDEST_POSTGRES, 1, 0),
        (&crate::server_log::LOGGED_POSTGRES, 1, 0),
        (&crate::time::TIME_POSTGRES, 1, 0),
    ] {
        let other = 1 - own;
        assert_eq!(prepare(&both.databases[own], statement).await, Ok(values));
        assert!(prepare(&both.databases[other], statement).await.is_err(), "or it belongs into the registry of both");
    }

    let both = Both::open(&schema::KEYS).await;
    assert!(!crate::key::ALL.is_empty());
    assert_all_prepare(
        &both,
        &[crate::key::ALL, crate::node::ALL, &crate::epoch::EVERY.concat(), crate::erasure::closing::steps::keys::ALL]
            .concat(),
    )
    .await;
}

/// Tables of which the document says that something of them is deleted by the program itself, and the first paragraph on each.
fn deleted_by_the_program() -> Vec<(&'static str, String)> {
    let text = include_str!("../../../../../RETENTION.md");
    let sections = text.split("\n### `").skip(1).filter_map(|section| section.split_once("`\n"));
    let said = sections.map(|(table, rest)| {
        let about: Vec<&str> =
            rest.lines().skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty()).collect();
        (table, about.join(" "))
    });
    said.filter(|(_, about)| {
        ["by the worker", "by the program itself", "program itself every"].iter().any(|by| about.contains(by))
    })
    .collect()
}

#[test]
fn what_the_retention_document_says_is_deleted_by_the_program_is_deleted_by_a_statement() {
    let statements = [data_statements(), [crate::key::ALL, crate::node::ALL].concat()].concat();
    let texts: Vec<String> =
        statements.iter().map(|one| one.text.split_whitespace().collect::<Vec<_>>().join(" ") + " ").collect();
    // Of a log, what an entry says is taken away, and the entry stays.
    let deletes = |table: &str| {
        let ways = [format!("DELETE FROM {table} "), format!("UPDATE {table} SET salt = NULL")];
        texts.iter().any(|text| ways.iter().any(|way| text.contains(way)))
    };
    assert!(!deletes("nothing"), "what is not there is noticed");
    let said = deleted_by_the_program();
    assert!(said.len() > 8, "{said:?}");
    let promised: Vec<_> = said.into_iter().filter(|(table, _)| !deletes(table)).collect();
    assert_eq!(promised, [], "a promise that nobody keeps");
}

/// Many entries of everybody, none of them about whoever is asked for.
static FILL_LOG: Statement = Statement::new(
    "FILL_LOG",
    "INSERT INTO audit_entry (organisation_id, number, at, kind, commitment, hash, salt, actor, subject)
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
    SELECT 1, i, i, 'group_renamed', CAST('c' AS BYTEA), CAST('h' AS BYTEA), CAST('s' AS BYTEA), 100 + i % 50,
        CASE WHEN i % 2 = 0 THEN 100 + i % 50 END
    FROM n",
    &[],
);
static LEARN_LOG: Statement = Statement::new("LEARN_LOG", "ANALYZE audit_entry", &[]);

#[tokio::test]
async fn what_is_recorded_about_somebody_is_found_by_indexes_however_long_the_log_is() {
    let both = Both::open(&schema::DATA).await;
    for (database, explain) in both.databases.iter().zip(["EXPLAIN QUERY PLAN ", "EXPLAIN "]) {
        let about = crate::audit::EVERY.concat().into_iter().find(|one| one.name == "ABOUT").unwrap();
        let text: &'static str = Box::leak((explain.to_owned() + about.text).into_boxed_str());
        let explained: &'static Statement = Box::leak(Box::new(Statement::new("EXPLAINED", text, &[])));
        // PostgreSQL learns by itself what is in a table, SQLite never.
        let learns = explain == "EXPLAIN ";
        let filled = database.write(move |connection| {
            Box::pin(async move {
                connection.execute_any(&FILL_LOG, &[]).await?;
                if learns { connection.execute_any(&LEARN_LOG, &[]).await } else { Ok(0) }
            })
        });
        filled.await.unwrap();
        let rows = database.read(move |connection| {
            Box::pin(async move {
                let values = [1_i64.into(), i64::MAX.into(), 7_i64.into(), 50_i64.into()];
                connection.query(explained, &values).await
            })
        });
        let rows = rows.await.unwrap();
        let line = |row: &Row| row.text(3).or_else(|_| row.text(0)).unwrap();
        let plan = rows.iter().map(line).collect::<Vec<_>>().join("\n");
        for index in ["audit_entry_by_actor", "audit_entry_by_subject", "audit_entry_by_kind"] {
            assert!(plan.contains(index), "{plan}");
        }
        assert!(!plan.contains("SCAN audit_entry") && !plan.contains("Seq Scan"), "{plan}");
    }
}

/// The registry is complete: a statement that is made by hand is one of those that are known.
#[test]
fn no_statement_escapes_the_registry() {
    let mut by_hand = Vec::new();
    let mut folders = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !path.parent().unwrap().ends_with("engine/tests")
            {
                let text = std::fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
                for _ in text.matches("Statement::new(") {
                    by_hand.push(path.file_name().unwrap().to_string_lossy().into_owned());
                }
            }
        }
    }
    by_hand.sort();
    // LAST_TAKEN, LOGGED, MARK, OLDEST, TAKE_POSITIONS and TIME by database; what fills a table in again; the macro and PING.
    let expected = ["change.rs", "change.rs", "change.rs", "change.rs", "filling.rs", "head.rs", "head.rs"];
    assert_eq!(by_hand, [&expected[..], &["server_log.rs", "statement.rs", "statement.rs", "time.rs"]].concat());
}

static FOUND: Statement = Statement::new(
    "FOUND",
    "INSERT INTO organisation (public_id, name, created_at) VALUES ($1, $2, 0) RETURNING organisation_id",
    &[],
);
static EVERYBODYS: Statement =
    Statement::new("EVERYBODYS", "SELECT organisation_id, name FROM organisation ORDER BY organisation_id", &[]);
static RENAME_ALL: Statement = Statement::new("RENAME_ALL", "UPDATE organisation SET name = $1", &[]);
static RENAME_EACH: Statement = Statement::new(
    "RENAME_EACH",
    "UPDATE organisation SET created_at = input.at {from_input} WHERE organisation_id = input.id",
    &[(Column::Int, "id"), (Column::Int, "at")],
);
static NAMES: Statement = Statement::new("NAMES", "SELECT name FROM organisation ORDER BY name", &[]);

fn found(number: u8, name: &'static str) -> impl for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<i64>> {
    move |connection| {
        Box::pin(async move {
            let values = [PublicId::from_bytes([number; 16]).into(), name.into()];
            connection.query(&FOUND, &values).await?[0].int(0)
        })
    }
}

async fn names(database: &Database<NoBatch>) -> Vec<String> {
    let rows = database.read(|connection| Box::pin(async move { connection.query(&NAMES, &[]).await })).await;
    rows.unwrap().iter().map(|row| row.text(0).unwrap()).collect()
}

#[tokio::test]
async fn a_query_that_returns_a_row_of_another_organisation_is_broken() {
    // Law L4: EVERYBODYS forgets its WHERE.
    for database in &Both::open(&schema::DATA).await.databases {
        let ours = OrganisationId(database.write(found(1, "ours")).await.unwrap());
        let ask = |scope: Scope| {
            database.read(move |connection| {
                Box::pin(async move { connection.query_in(scope, &EVERYBODYS, &[]).await.map(|rows| rows.len()) })
            })
        };
        assert_eq!(ask(ours.into()).await, Ok(1), "nobody else is there");
        let theirs = OrganisationId(database.write(found(2, "theirs")).await.unwrap());
        for scope in [ours, theirs, OrganisationId(99)] {
            let answer = ask(scope.into()).await;
            let Err(Error::Broken(text)) = &answer else { panic!("{scope:?}: {answer:?}") };
            assert_eq!(text, "EVERYBODYS returned a row of another organisation");
        }
        assert_eq!(ask(Scope::System(System::Care)).await, Ok(2), "the house may");
    }
}

#[tokio::test]
async fn a_write_that_touches_the_wrong_number_of_rows_is_an_error_and_taken_back() {
    for database in &Both::open(&schema::DATA).await.databases {
        let first = database.write(found(1, "a")).await.unwrap();
        database.write(found(2, "b")).await.unwrap();
        let rename = |expected| {
            database.write(move |connection| {
                Box::pin(async move { connection.execute(&RENAME_ALL, &["c".into()], expected).await })
            })
        };
        for wrong in [0, 1, 3] {
            let expected = Error::Broken(format!("RENAME_ALL touched 2 rows, not {wrong}"));
            assert_eq!(rename(wrong).await, Err(expected));
            assert_eq!(names(database).await, ["a", "b"], "it was taken back");
        }
        let each = |ids: Vec<i64>| {
            database.write(move |connection| {
                Box::pin(async move {
                    let rows: Vec<Vec<Value>> = ids.into_iter().map(|id| vec![id.into(), 5_i64.into()]).collect();
                    connection.execute_each(&RENAME_EACH, &rows).await
                })
            })
        };
        assert_eq!(each(vec![first, first + 1]).await, Ok(()));
        assert!(matches!(each(vec![first, 999]).await, Err(Error::Broken(_))));
        assert_eq!(each(Vec::new()).await, Ok(()));
        assert_eq!(rename(2).await, Ok(()));
        assert_eq!(names(database).await, ["c", "c"]);
    }
}

#[tokio::test]
async fn readers_cannot_write() {
    for database in &Both::open(&schema::DATA).await.databases {
        // As often as there are readers, so that each is tried.
        for _ in 0..4 {
            assert!(database.read(found(1, "smuggled")).await.is_err());
        }
        assert_eq!(names(database).await, Vec::<String>::new());
        database.write(found(1, "written")).await.unwrap();
        assert_eq!(names(database).await, ["written"], "the same work, by the writer");
    }
}

#[tokio::test]
async fn a_reader_sees_one_state() {
    for database in &Both::open(&schema::DATA).await.databases {
        database.write(found(1, "a")).await.unwrap();
        let (begun, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (tell, ask) = (Arc::clone(&begun), Arc::clone(&written));
        let is_postgres = matches!(database.inner.readers, super::Readers::Postgres(_));
        let read = database.read(move |connection| {
            Box::pin(async move {
                let before = connection.query(&NAMES, &[]).await?.len();
                tell.store(true, Ordering::SeqCst);
                while !ask.load(Ordering::SeqCst) {
                    if is_postgres {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    } else {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                }
                Ok((before, connection.query(&NAMES, &[]).await?.len()))
            })
        });
        let write = async {
            testkit::eventually(Duration::from_secs(20), "the reader reads", async || begun.load(Ordering::SeqCst))
                .await;
            database.write(found(2, "b")).await.unwrap();
            written.store(true, Ordering::SeqCst);
        };
        assert_eq!(tokio::join!(read, write).0, Ok((1, 1)));
        assert_eq!(names(database).await.len(), 2);
    }
}
