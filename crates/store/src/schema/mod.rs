//! The schemas of both databases. `RETENTION.md` says of each table and column what it is for and how long it stays; a
//! test compares the two.

use crate::engine::{Migration, Schema};

macro_rules! migration {
    ($schema:literal, $name:literal) => {
        Migration {
            name: $name,
            sqlite: include_str!(concat!($schema, "/", $name, ".sqlite.sql")),
            postgres: include_str!(concat!($schema, "/", $name, ".postgres.sql")),
        }
    };
}

/// Organisations, conversations, messages.
pub(crate) static DATA: Schema = Schema {
    name: "data",
    migrations: &[
        migration!("data", "0001_first"),
        migration!("data", "0002_assigned_from"),
        migration!("data", "0003_head"),
        migration!("data", "0004_team"),
        migration!("data", "0005_sign_in"),
        migration!("data", "0006_audit"),
        migration!("data", "0007_snippets"),
        migration!("data", "0008_desk"),
        migration!("data", "0009_mention"),
        migration!("data", "0010_passkey"),
        migration!("data", "0011_head_of_group"),
        migration!("data", "0012_guests"),
        migration!("data", "0013_audit_about"),
        migration!("data", "0014_house_jobs"),
        migration!("data", "0015_erasure"),
        migration!("data", "0016_journal"),
        migration!("data", "0017_retention"),
        migration!("data", "0018_backup"),
        migration!("data", "0019_tally"),
        migration!("data", "0020_receipt"),
        migration!("data", "0021_erasing"),
        migration!("data", "0022_places"),
        migration!("data", "0023_authentic_recovery"),
        migration!("data", "0024_sweep"),
        migration!("data", "0025_closing"),
    ],
};

/// Wrapped keys.
pub(crate) static KEYS: Schema = Schema {
    name: "key",
    migrations: &[
        migration!("keys", "0001_first"),
        migration!("keys", "0002_secrets"),
        migration!("keys", "0003_epochs"),
        migration!("keys", "0004_copies"),
    ],
};

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    type Tables = BTreeMap<String, BTreeSet<String>>;

    /// Tables and columns of a schema's text. Indexes, triggers and functions store nothing of their own.
    fn declared(schema: &Schema, postgres: bool) -> Tables {
        let mut tables = Tables::new();
        let texts = schema.migrations.iter().map(|migration| migration.text(postgres));
        for text in texts.chain([crate::engine::BOOK, crate::engine::RESTORING]) {
            let mut table = None;
            for line in text.lines().map(str::trim) {
                if let Some((name, column)) =
                    line.strip_prefix("ALTER TABLE ").and_then(|rest| rest.split_once(" ADD COLUMN "))
                {
                    let column = column.split_whitespace().next().unwrap_or_default().to_owned();
                    tables.entry(name.to_owned()).or_default().insert(column);
                    continue;
                }
                if let Some((name, column)) =
                    line.strip_prefix("ALTER TABLE ").and_then(|rest| rest.split_once(" DROP COLUMN "))
                {
                    let dropped = tables.get_mut(name).is_some_and(|table| table.remove(column.trim_end_matches(';')));
                    assert!(dropped, "{line}: there is no such column");
                    continue;
                }
                if let Some(name) = line.strip_prefix("DROP TABLE ") {
                    assert!(tables.remove(name.trim_end_matches(';')).is_some(), "{line}: there is no such table");
                    continue;
                }
                if let Some((name, new)) =
                    line.strip_prefix("ALTER TABLE ").and_then(|rest| rest.split_once(" RENAME TO "))
                {
                    let columns = tables.remove(name).expect("a table that is renamed is there");
                    tables.insert(new.trim_end_matches(';').to_owned(), columns);
                    continue;
                }
                let created = line.strip_prefix("CREATE TABLE ").map(|rest| rest.trim_start_matches("IF NOT EXISTS "));
                if let Some((name, rest)) = created.and_then(|rest| rest.split_once(" (")) {
                    let columns = tables.entry(name.to_owned()).or_default();
                    // A table of one line.
                    for part in rest.trim_end_matches(");").split(", ").filter(|part| !part.is_empty()) {
                        columns.extend(part.split_whitespace().next().map(str::to_owned));
                    }
                    table = (!rest.ends_with(");")).then(|| name.to_owned());
                } else if line.starts_with(')') {
                    table = None;
                } else if let Some(columns) = table.as_ref().and_then(|name| tables.get_mut(name)) {
                    let word = line.split_whitespace().next().unwrap_or_default();
                    if word.chars().all(|c| c.is_ascii_lowercase() || c == '_') && !word.is_empty() {
                        columns.insert(word.to_owned());
                    }
                }
            }
        }
        tables
    }

    /// Tables and columns that the document explains.
    fn explained() -> Tables {
        let text = include_str!("../../../../RETENTION.md");
        let mut tables = Tables::new();
        let mut table = String::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("### `") {
                table = name.trim_end_matches('`').to_owned();
                tables.entry(table.clone()).or_default();
            } else if line.starts_with("## ") {
                table.clear();
            } else if let (Some((column, _)), false) =
                (line.strip_prefix("| `").and_then(|rest| rest.split_once('`')), table.is_empty())
            {
                tables.entry(table.clone()).or_default().insert(column.to_owned());
            }
        }
        tables
    }

    #[test]
    fn nothing_is_stored_that_the_retention_document_does_not_explain() {
        let mut sqlite = declared(&DATA, false);
        sqlite.extend(declared(&KEYS, false));
        assert!(sqlite["message"].contains("text_sealed") && sqlite.len() > 10, "the schema was read");
        assert_eq!(sqlite, explained());
    }

    #[test]
    fn both_databases_have_the_same_tables_and_columns() {
        for schema in [&DATA, &KEYS] {
            let mut sqlite = declared(schema, false);
            // A sequence on PostgreSQL.
            sqlite.remove("change_position");
            assert_eq!(sqlite, declared(schema, true));
        }
    }

    #[test]
    fn a_hidden_conversation_keeps_all_that_its_head_says() {
        for postgres in [false, true] {
            let tables = declared(&DATA, postgres);
            let own: BTreeSet<String> = ["erasure_id", "token_hash", "hidden_at"].map(str::to_owned).into();
            assert_eq!(&tables["hidden_head"] - &own, tables["head"]);
            assert!(own.is_subset(&tables["hidden_head"]));
        }
    }
}
