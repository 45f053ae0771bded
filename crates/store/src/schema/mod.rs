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
pub(crate) static DATA: Schema = Schema { name: "data", migrations: &[migration!("data", "0001_first")] };

/// Wrapped keys.
pub(crate) static KEYS: Schema = Schema { name: "key", migrations: &[migration!("keys", "0001_first")] };
