//! What a table looks like, as the database itself says: its key first, then the other columns by name. So it is the same on
//! both databases, however a table came to be.

use crate::engine::{Column, Row, Value};
use crate::{Error, Result};

/// A table's columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) table: String,
    pub(super) columns: Vec<(String, Column)>,
    /// How many of them are the key.
    pub(super) key: usize,
}

/// Asks for name, type and place in the key of a table's columns.
pub(super) const fn question(postgres: bool) -> &'static str {
    if postgres {
        "SELECT CAST(a.attname AS TEXT), upper(format_type(a.atttypid, NULL)),
            CAST(array_position(CAST(i.indkey AS SMALLINT[]), a.attnum) AS BIGINT)
        FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
        WHERE a.attrelid = to_regclass(CAST($1 AS TEXT)) AND a.attnum > 0 AND NOT a.attisdropped"
    } else {
        "SELECT name, type, NULLIF(pk, 0) FROM pragma_table_info(?1)"
    }
}

impl Shape {
    /// From the answers.
    pub(super) fn read(table: &str, rows: &[Row]) -> Result<Self> {
        let mut columns = Vec::with_capacity(rows.len());
        for row in rows {
            let kind = match row.text(1)?.as_str() {
                "INTEGER" | "BIGINT" => Column::Int,
                "TEXT" => Column::Text,
                "BLOB" | "BYTEA" => Column::Bytes,
                other => return Err(Error::Broken(format!("{table} has a column of type {other}"))),
            };
            columns.push((row.int_or_null(2)?, row.text(0)?, kind));
        }
        columns.sort_by(|a, b| (a.0.is_none(), a.0, &a.1).cmp(&(b.0.is_none(), b.0, &b.1)));
        let key = columns.iter().filter(|(place, ..)| place.is_some()).count();
        if key == 0 {
            return Err(Error::Broken(format!("{table} is not there, or has no key to read it by")));
        }
        let columns = columns.into_iter().map(|(_, name, kind)| (name, kind)).collect();
        Ok(Self { table: table.to_owned(), columns, key })
    }

    /// Reads so many rows, behind a key or from the beginning.
    pub(super) fn portion(&self, postgres: bool, from_beginning: bool, most: usize) -> String {
        let names = self.columns.iter().map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        let key = || self.columns[..self.key].iter();
        // The same order on every database, whatever language it was told to sort by.
        let order = key().map(|(name, kind)| match (postgres, kind) {
            (true, Column::Text) => format!("\"{name}\" COLLATE \"C\""),
            _ => format!("\"{name}\""),
        });
        let order = order.collect::<Vec<_>>().join(", ");
        let behind = key().enumerate().map(|(index, (_, kind))| match (postgres, kind) {
            (false, _) => format!("?{}", index + 1),
            (true, Column::Int) => format!("CAST(${} AS BIGINT)", index + 1),
            (true, Column::Text) => format!("CAST(${} AS TEXT)", index + 1),
            (true, Column::Bytes) => format!("CAST(${} AS BYTEA)", index + 1),
        });
        let behind = behind.collect::<Vec<_>>().join(", ");
        let behind = if from_beginning { String::new() } else { format!("WHERE ({order}) > ({behind})") };
        format!("SELECT {names} FROM {} {behind} ORDER BY {order} LIMIT {most}", self.table)
    }

    /// Whether a row's values are of its columns' kinds.
    pub(super) fn fits(&self, row: &[Value]) -> bool {
        row.len() == self.columns.len()
            && row.iter().zip(&self.columns).all(|(value, (_, kind))| {
                matches!(
                    (value, kind),
                    (Value::Null, _)
                        | (Value::Int(_), Column::Int)
                        | (Value::Text(_), Column::Text)
                        | (Value::Bytes(_), Column::Bytes)
                )
            })
    }
}
