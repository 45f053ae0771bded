//! Migrations: equal names on both databases, applied in order, each with a checksum, so that a schema which was changed
//! by hand or by a newer program is noticed before anything is written.

use std::fmt::Write as _;

use crate::{Error, Result};

/// One step of a schema.
pub(crate) struct Migration {
    pub(crate) name: &'static str,
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

/// A schema: all its steps, in order.
pub(crate) struct Schema {
    pub(crate) name: &'static str,
    pub(crate) migrations: &'static [Migration],
}

/// DDL of the table that remembers what was applied. The same on both.
pub(crate) const BOOK: &str = "CREATE TABLE IF NOT EXISTS migration (
    version BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL
)";

/// DDL of the mark of a database that is being restored: no migration, since a restore makes the tables as they were at an
/// earlier one. The same on both.
pub(crate) const RESTORING: &str = "CREATE TABLE IF NOT EXISTS restoring (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL
)";

/// What is said where a database is half restored.
pub(crate) fn half_restored() -> Error {
    Error::Schema("the database is half restored: run the same `diskret restore` again until it is through".to_owned())
}

/// What the database says was applied: version, name, checksum.
pub(crate) type Applied = (i64, String, String);

impl Schema {
    /// Compares what was applied with what this program knows and says where to go on.
    pub(crate) fn pending(&self, applied: &[Applied], postgres: bool) -> Result<usize> {
        for (index, (version, name, checksum)) in applied.iter().enumerate() {
            let Some(known) = self.migrations.get(index) else {
                return Err(Error::Schema(format!(
                    "the {} database was migrated by a newer version of this program ({name}): start that one",
                    self.name
                )));
            };
            if *version != index as i64 + 1 || name != known.name || *checksum != known.checksum(postgres) {
                return Err(Error::Schema(format!(
                    "migration {version} ({name}) of the {} database is not the one this program knows",
                    self.name
                )));
            }
        }
        Ok(applied.len())
    }
}

impl Migration {
    pub(crate) const fn text(&self, postgres: bool) -> &'static str {
        if postgres { self.postgres } else { self.sqlite }
    }

    pub(crate) fn checksum(&self, postgres: bool) -> String {
        privacy::digest::sha256(self.text(postgres).as_bytes()).iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static SCHEMA: Schema =
        Schema { name: "test", migrations: &[Migration { name: "first", sqlite: "a", postgres: "b" }] };

    #[test]
    fn a_changed_or_newer_schema_is_refused() {
        let good = (1, "first".to_owned(), SCHEMA.migrations[0].checksum(false));
        assert_eq!(SCHEMA.pending(&[], false), Ok(0));
        assert_eq!(SCHEMA.pending(std::slice::from_ref(&good), false), Ok(1));
        assert!(SCHEMA.pending(std::slice::from_ref(&good), true).is_err(), "another text has another checksum");
        assert!(SCHEMA.pending(&[good.clone(), (2, "second".to_owned(), String::new())], false).is_err());
    }
}
