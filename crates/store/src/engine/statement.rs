//! Statements and their registry. A statement is written once; three words differ by dialect and are filled in here:
//!
//! - `$n` binds by number on PostgreSQL; SQLite would bind it by first appearance, so it becomes `?n` there.
//! - `{input}` stands for many rows of values: `unnest` of arrays on PostgreSQL, one row at a time on SQLite.
//! - `{for_update}` and `{skip_locked}` lock rows on PostgreSQL; SQLite has one writer and needs no lock.

use std::sync::OnceLock;

/// The kind of an input column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Int,
    Bytes,
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
            let columns: Vec<String> =
                self.input.iter().enumerate().map(|(index, (_, name))| format!("${} AS {name}", index + 1)).collect();
            self.text
                .replace("{input}", &format!("(SELECT {}) AS input", columns.join(", ")))
                .replace("{for_update}", "")
                .replace("{skip_locked}", "")
                .replace('$', "?")
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
                    };
                    format!("${}::{kind}[]", index + 1)
                })
                .collect();
            let names: Vec<&str> = self.input.iter().map(|(_, name)| *name).collect();
            self.text
                .replace("{input}", &format!("unnest({}) AS input({})", arrays.join(", "), names.join(", ")))
                .replace("{for_update}", "FOR UPDATE OF c")
                .replace("{skip_locked}", "FOR UPDATE SKIP LOCKED")
        })
    }
}

/// Declares the statements of an aggregate and lists them in `ALL`, so that none escapes the test that prepares each on
/// both databases.
macro_rules! statements {
    ($($name:ident $(($($column:ident $kind:ident),* $(,)?))? = $text:expr;)*) => {
        $(static $name: $crate::engine::Statement = $crate::engine::Statement::new(
            stringify!($name),
            $text,
            &[$($(($crate::engine::statements!(@kind $kind), stringify!($column))),*)?],
        );)*
        #[cfg(test)]
        pub(crate) static ALL: &[&$crate::engine::Statement] = &[$(&$name),*];
    };
    (@kind int) => { $crate::engine::Column::Int };
    (@kind bytes) => { $crate::engine::Column::Bytes };
}
pub(crate) use statements;

pub(crate) static PING: Statement = Statement::new("PING", "SELECT 1", &[]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_becomes_two_dialects() {
        static BOTH: Statement = Statement::new(
            "BOTH",
            "UPDATE t SET a = input.a FROM {input} WHERE t.id = input.id {for_update}",
            &[(Column::Int, "id"), (Column::Bytes, "a")],
        );
        assert_eq!(
            BOTH.sqlite(),
            "UPDATE t SET a = input.a FROM (SELECT ?1 AS id, ?2 AS a) AS input WHERE t.id = input.id "
        );
        assert_eq!(
            BOTH.postgres(),
            "UPDATE t SET a = input.a FROM unnest($1::bigint[], $2::bytea[]) AS input(id, a) WHERE t.id = input.id \
             FOR UPDATE OF c"
        );
    }
}
