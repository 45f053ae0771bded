//! Both databases have the same tables, and a schema that is not this program's is left alone.

use std::collections::{BTreeMap, BTreeSet};

use diskret_store::{Error, KeyStore, Location, Settings, Store};

use crate::fixture::{Fixture, Place, Raw};

on_both![
    opening_again_changes_nothing,
    a_changed_migration_is_refused_and_nothing_is_touched,
    a_newer_schema_is_refused,
    a_migration_of_another_name_is_refused,
    the_key_store_refuses_the_data_and_the_data_store_the_keys,
    programs_that_start_at_once_migrate_once,
];

/// Table → column → (kind, may be null).
type Tables = BTreeMap<String, BTreeMap<String, (String, bool)>>;

async fn tables(raw: &Raw) -> Tables {
    let rows = match raw {
        Raw::Sqlite(_) => {
            raw.rows(
                "SELECT m.name, p.name, CASE p.type WHEN 'INTEGER' THEN 'BIGINT' WHEN 'BLOB' THEN 'BYTEA' ELSE p.type END,
                    CASE WHEN p.\"notnull\" = 1 OR p.pk > 0 THEN 'NO' ELSE 'YES' END
                FROM sqlite_master m JOIN pragma_table_info(m.name) p
                WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'change_position'",
            )
            .await
        }
        Raw::Postgres(_) => {
            raw.rows(
                "SELECT table_name, column_name, UPPER(data_type), is_nullable FROM information_schema.columns
                WHERE table_schema = 'public'",
            )
            .await
        }
    };
    let mut tables = Tables::new();
    for row in rows {
        let [table, column, kind, nullable] = <[String; 4]>::try_from(row).unwrap();
        tables.entry(table).or_default().insert(column, (kind, nullable == "YES"));
    }
    tables
}

/// Every index, however it came about: table, columns, whether it is unique.
async fn indexes(raw: &Raw) -> BTreeSet<Vec<String>> {
    let text = match raw {
        Raw::Sqlite(_) => {
            // An INTEGER PRIMARY KEY is the table itself and has no index.
            "SELECT m.name, (SELECT GROUP_CONCAT(name, ',') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)),
                i.\"unique\" FROM sqlite_master m JOIN pragma_index_list(m.name) i
            WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'
            UNION SELECT m.name, p.name, 1 FROM sqlite_master m JOIN pragma_table_info(m.name) p
            WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'change_position' AND p.pk = 1
                AND NOT EXISTS (SELECT 1 FROM pragma_index_list(m.name) WHERE origin = 'pk')"
        }
        Raw::Postgres(_) => {
            "SELECT t.relname, (SELECT STRING_AGG(a.attname, ',' ORDER BY k.n) FROM UNNEST(i.indkey) WITH ORDINALITY k(c, n)
                JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.c), CASE WHEN i.indisunique THEN 1 ELSE 0 END
            FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
            WHERE n.nspname = 'public'"
        }
    };
    raw.rows(text).await.into_iter().collect()
}

#[tokio::test]
async fn both_databases_have_the_same_migrations_tables_columns_and_indexes() {
    let (sqlite, postgres) = (Fixture::sqlite().await, Fixture::postgres().await);
    let _open = (sqlite.keys().await, postgres.keys().await);
    for (sqlite, postgres, some) in [
        (sqlite.place.data().await, postgres.place.data().await, ["conversation", "message", "job"].as_slice()),
        (sqlite.place.keys().await, postgres.place.keys().await, ["data_key", "organisation_key"].as_slice()),
    ] {
        let migrations = "SELECT version, name FROM migration ORDER BY version";
        assert_eq!(sqlite.rows(migrations).await, postgres.rows(migrations).await);
        assert_ne!(
            sqlite.rows("SELECT checksum FROM migration").await,
            postgres.rows("SELECT checksum FROM migration").await,
            "each has its own text"
        );
        let (left, right) = (tables(&sqlite).await, tables(&postgres).await);
        assert!(some.iter().all(|table| left.contains_key(*table)), "{left:?}");
        assert_eq!(left, right);
        let (left, right) = (indexes(&sqlite).await, indexes(&postgres).await);
        assert!(left.len() > some.len());
        assert_eq!(left, right);
    }
    let raw = postgres.place.data().await;
    assert_eq!(raw.number("SELECT COUNT(*) FROM pg_sequences WHERE sequencename = 'change_position'").await, 1);
    assert_eq!(sqlite.place.data().await.number("SELECT COUNT(*) FROM change_position").await, 1);
}

async fn opening_again_changes_nothing(mut at: Fixture) {
    let chat = at.chat().await;
    let raw = at.place.data().await;
    let (before, book) = (tables(&raw).await, raw.rows("SELECT * FROM migration").await);
    assert!(!book.is_empty());
    for _ in 0..2 {
        at.restart().await;
    }
    assert_eq!(tables(&raw).await, before);
    assert_eq!(raw.rows("SELECT * FROM migration").await, book);
    assert_eq!(at.entries(&chat).await.len(), 1);
}

async fn refused(at: &Fixture, word: &str) {
    let again = Store::open(&at.place.data_location(), Settings::default()).await.err();
    assert!(matches!(&again, Some(Error::Schema(text)) if text.contains(word)), "{again:?}");
}

async fn a_changed_migration_is_refused_and_nothing_is_touched(at: Fixture) {
    let raw = at.place.data().await;
    raw.run("UPDATE migration SET checksum = 'changed' WHERE version = 1").await;
    let before = (tables(&raw).await, raw.rows("SELECT * FROM migration").await);
    refused(&at, "is not the one this program knows").await;
    assert_eq!((tables(&raw).await, raw.rows("SELECT * FROM migration").await), before);
}

async fn a_newer_schema_is_refused(at: Fixture) {
    let raw = at.place.data().await;
    let next = raw.number("SELECT MAX(version) + 1 FROM migration").await;
    raw.run(&format!("INSERT INTO migration (version, name, checksum) VALUES ({next}, 'next', 'x')")).await;
    refused(&at, "newer version").await;
    raw.run(&format!("DELETE FROM migration WHERE version = {next}")).await;
    Store::open(&at.place.data_location(), Settings::default()).await.map(drop).unwrap();
}

async fn a_migration_of_another_name_is_refused(at: Fixture) {
    at.place.data().await.run("UPDATE migration SET name = 'other' WHERE version = 1").await;
    refused(&at, "is not the one this program knows").await;
}

async fn the_key_store_refuses_the_data_and_the_data_store_the_keys(at: Fixture) {
    let (data, keys) = (at.place.data_location(), at.place.keys_location());
    drop(at.keys().await);
    let wrong = KeyStore::open(&data, Settings::default()).await.err();
    assert!(matches!(wrong, Some(Error::Schema(_))), "{wrong:?}");
    let wrong = Store::open(&keys, Settings::default()).await.err();
    assert!(matches!(wrong, Some(Error::Schema(_))), "{wrong:?}");
    let place = at.place.data().await;
    assert!(!tables(&place).await.contains_key("data_key"), "nothing was added");
}

async fn programs_that_start_at_once_migrate_once(at: Fixture) {
    let place = if at.is_postgres() { Place::postgres() } else { Place::files() };
    let opening = (0..4).map(|_| {
        let data = place.data_location();
        tokio::spawn(async move {
            Store::open(&data, Settings { queue: 8, readers: 1, ..Settings::default() }).await.map(drop)
        })
    });
    for opened in futures_util::future::join_all(opening).await {
        opened.unwrap().unwrap();
    }
    assert_eq!(
        place.data().await.rows("SELECT version, name FROM migration").await,
        at.place.data().await.rows("SELECT version, name FROM migration").await
    );
}

#[tokio::test]
async fn a_place_that_is_not_there_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let port = testkit::free_port();
    for nowhere in [
        Location::File(folder.path().join("missing/diskret.db")),
        Location::Postgres(format!("postgres://postgres@127.0.0.1:{port}/nothing")),
        Location::Postgres("no address".to_owned()),
    ] {
        let opened = Store::open(&nowhere, Settings::default()).await.err();
        assert!(matches!(opened, Some(Error::Unavailable(_))), "{nowhere:?}: {opened:?}");
    }
}
