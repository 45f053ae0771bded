//! Statements and their registry. A statement is written once; a few words differ by dialect and are filled in here:
//!
//! - `$n` binds by number on PostgreSQL; SQLite would bind it by first appearance, so it becomes `?n` there.
//! - `{from_input}`, `{and_input}` and `{rows}` stand for many rows of values, alone in a FROM, behind another table, or as
//!   they are to be inserted: `unnest` of arrays on PostgreSQL. SQLite is given one row at a time, without a table around
//!   it: `input.name` is a bound value there, and a statement that can touch but one row needs no journal of its own.
//! - `{for_update}`, `{for_share}` and `{skip_locked}` lock rows on PostgreSQL; SQLite has one writer and needs no lock.
//!   No lock but that of a row's end keeps others from referring to it: an organisation whose row is held goes on
//!   getting conversations.

use std::sync::OnceLock;

/// The kind of an input column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Int,
    Bytes,
    Text,
}

/// One statement of the house.
pub(crate) struct Statement {
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
    pub(crate) input: &'static [(Column, &'static str)],
    sqlite: OnceLock<String>,
    postgres: OnceLock<String>,
}

impl Statement {
    pub(crate) const fn new(name: &'static str, text: &'static str, input: &'static [(Column, &'static str)]) -> Self {
        Self { name, text, input, sqlite: OnceLock::new(), postgres: OnceLock::new() }
    }

    pub(crate) fn sqlite(&self) -> &str {
        self.sqlite.get_or_init(|| {
            let numbers: Vec<String> = (1..=self.input.len()).map(|number| format!("?{number}")).collect();
            let text = self
                .text
                .replace("{rows}", &format!("VALUES ({})", numbers.join(", ")))
                .replace("{from_input}", "")
                .replace("{and_input}", "")
                .replace("{for_update}", "")
                .replace("{for_share}", "")
                .replace("{skip_locked}", "")
                .replace('$', "?");
            // The longest name first: one may begin with another.
            let mut columns: Vec<(&str, String)> = self.input.iter().map(|(_, name)| *name).zip(numbers).collect();
            columns.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
            columns.iter().fold(text, |text, (name, number)| text.replace(&format!("input.{name}"), number))
        })
    }

    pub(crate) fn postgres(&self) -> &str {
        self.postgres.get_or_init(|| {
            let arrays: Vec<String> = self
                .input
                .iter()
                .enumerate()
                .map(|(index, (column, _))| {
                    let kind = match column {
                        Column::Int => "bigint",
                        Column::Bytes => "bytea",
                        Column::Text => "text",
                    };
                    format!("${}::{kind}[]", index + 1)
                })
                .collect();
            let names = self.input.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(", ");
            let input = format!("unnest({}) AS input({names})", arrays.join(", "));
            self.text
                .replace("{rows}", &format!("SELECT {names} FROM {input} WHERE 1 = 1"))
                .replace("{from_input}", &format!("FROM {input}"))
                .replace("{and_input}", &format!(", {input}"))
                .replace("{for_update}", "FOR NO KEY UPDATE OF h")
                .replace("{for_share}", "FOR SHARE OF h")
                .replace("{skip_locked}", "FOR UPDATE SKIP LOCKED")
        })
    }
}

/// Declares the statements of an aggregate and lists them in `ALL`, so that none escapes the test that prepares each on
/// both databases.
macro_rules! statements {
    ($($name:ident $(($($column:ident $kind:ident),* $(,)?))? = $text:expr;)*) => {
        $(pub(crate) static $name: $crate::engine::Statement = $crate::engine::Statement::new(
            stringify!($name),
            $text,
            &[$($(($crate::engine::statements!(@kind $kind), stringify!($column))),*)?],
        );)*
        #[cfg(test)]
        pub(crate) static ALL: &[&$crate::engine::Statement] = &[$(&$name),*];
    };
    (@kind int) => { $crate::engine::Column::Int };
    (@kind bytes) => { $crate::engine::Column::Bytes };
    (@kind text) => { $crate::engine::Column::Text };
}
pub(crate) use statements;

pub(crate) static PING: Statement = Statement::new("PING", "SELECT 1", &[]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_becomes_two_dialects() {
        static UPDATE: Statement = Statement::new(
            "UPDATE",
            "UPDATE t SET a = input.a, b = input.at {from_input} WHERE t.id = input.id",
            &[(Column::Int, "id"), (Column::Bytes, "a"), (Column::Int, "at")],
        );
        assert_eq!(UPDATE.sqlite(), "UPDATE t SET a = ?2, b = ?3  WHERE t.id = ?1");
        assert_eq!(
            UPDATE.postgres(),
            "UPDATE t SET a = input.a, b = input.at FROM unnest($1::bigint[], $2::bytea[], $3::bigint[]) AS \
             input(id, a, at) WHERE t.id = input.id"
        );
        static INSERT: Statement =
            Statement::new("INSERT", "INSERT INTO t (a, b) {rows}", &[(Column::Int, "a"), (Column::Int, "b")]);
        assert_eq!(INSERT.sqlite(), "INSERT INTO t (a, b) VALUES (?1, ?2)");
        assert_eq!(
            INSERT.postgres(),
            "INSERT INTO t (a, b) SELECT a, b FROM unnest($1::bigint[], $2::bigint[]) AS input(a, b) WHERE 1 = 1"
        );
        static SELECT: Statement = Statement::new(
            "SELECT",
            "SELECT h.a FROM head h {and_input} WHERE h.id = input.id {for_update}",
            &[(Column::Int, "id")],
        );
        assert_eq!(SELECT.sqlite(), "SELECT h.a FROM head h  WHERE h.id = ?1 ");
        assert_eq!(
            SELECT.postgres(),
            "SELECT h.a FROM head h , unnest($1::bigint[]) AS input(id) WHERE h.id = input.id FOR NO KEY UPDATE OF h"
        );
    }
}
