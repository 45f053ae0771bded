//! Writes a copy into empty tables.

use std::collections::HashSet;

use privacy::digest::Running;

use super::copying::POSITION;
use super::mark;
use super::record::{Reader, Record};
use super::shape::{Shape, question};
use super::tables::{backed_up, left_out};
use super::{Counted, Which};
use crate::engine::{Column, Connection, Database, NoBatch, Row, Schema, Settings, Statement, Value};
use crate::{Error, Location, Result};

/// Rows that are written at once.
const AT_ONCE: usize = 500;

/// A database that is being filled.
pub struct Filling {
    which: Which,
    database: Database<NoBatch>,
    reader: Reader,
    table: Option<Table>,
    waiting: Vec<Vec<Value>>,
    counted: Vec<Counted>,
    is_over: bool,
    is_new: bool,
}

/// The table whose rows come.
struct Table {
    shape: Shape,
    insert: &'static Statement,
    rows: u64,
    digest: Running,
}

impl Filling {
    /// Opens the database, makes its tables as they were when the copy was made, after these migrations, and marks it as that of
    /// the restore `id`. What an earlier attempt of the same restore wrote is thrown away; otherwise a database that holds
    /// anything is refused.
    ///
    /// # Errors
    /// [`Error::Schema`] where the copy is of a newer program, [`Error::Conflict`] where the database is not empty.
    pub async fn open(
        (location, settings): (&Location, Settings),
        which: Which,
        migrations: &[String],
        id: &str,
    ) -> Result<Self> {
        let known = which.schema();
        let count = migrations.len();
        if migrations.iter().map(String::as_str).ne(which.migrations().into_iter().take(count)) {
            return Err(Error::Schema(
                "the backup was made by a newer version of this program: take that one".to_owned(),
            ));
        }
        // Leaked, once for a restore: schemas are of the program.
        let schema = Box::leak(Box::new(Schema { name: known.name, migrations: &known.migrations[..count] }));
        let database = Database::open(location, Settings { readers: 1, for_restore: true, ..settings }, schema).await?;
        let mut filling = Self {
            which,
            database,
            reader: Reader::default(),
            table: None,
            waiting: Vec::new(),
            counted: Vec::new(),
            is_over: false,
            is_new: false,
        };
        filling.is_new = filling.clear(id.to_owned()).await?;
        Ok(filling)
    }

    /// Takes the mark away again where nothing was written: another database of this restore was refused.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn give_up(self) -> Result<()> {
        if self.is_new {
            self.database.write(|connection| Box::pin(mark::unmark(connection))).await?;
        }
        self.database.close().await;
        Ok(())
    }

    /// Empties all tables that the schema has; the migrations themselves write a row here and there. Marks the database in the
    /// transaction that found it empty: what is not marked was not found so, and is somebody's. Says whether it was marked now.
    async fn clear(&mut self, id: String) -> Result<bool> {
        let which = self.which;
        let must_be_empty: &[&str] = match which {
            Which::Data => &["organisation", "installation"],
            Which::Keys => &["organisation_key", "data_key"],
        };
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let mark = mark::of(connection).await?;
                    if mark.as_ref().is_some_and(|mark| *mark != id) {
                        return Err(Error::Conflict("another restore fills this database"));
                    }
                    if mark.is_none() {
                        for table in must_be_empty {
                            let rows = connection.query_text(&format!("SELECT 1 FROM {table} LIMIT 1"), &[]).await?;
                            if !rows.is_empty() {
                                return Err(Error::Conflict(
                                    "the database holds data already: a restore needs an empty one",
                                ));
                            }
                        }
                        mark::mark(connection, id).await?;
                    }
                    let left_out = left_out(which).iter().map(|(table, _)| *table);
                    let emptied = left_out.filter(|table| !["migration", "restoring", POSITION].contains(table));
                    for table in emptied.chain(backed_up(which).iter().rev().copied()) {
                        // A table of a later migration is not there yet.
                        if !shape(connection, table).await?.is_empty() {
                            connection.query_text(&format!("DELETE FROM {table}"), &[]).await?;
                        }
                    }
                    Ok(mark.is_none())
                })
            })
            .await
    }

    /// Takes the next piece of the copy.
    ///
    /// # Errors
    /// [`Error::Broken`] where it is not what this program wrote, those of the database otherwise.
    pub async fn feed(&mut self, piece: &[u8]) -> Result<()> {
        self.reader.feed(piece);
        loop {
            let (record, bytes) = match self.reader.next()? {
                Some((record, bytes)) => (record, bytes),
                None => return Ok(()),
            };
            if self.is_over {
                return Err(broken("more comes behind its end"));
            }
            match (record, &mut self.table) {
                (Record::Table(shape), None) => self.begin(shape).await?,
                (Record::Row(row), Some(table)) => {
                    table.digest.add(bytes);
                    table.rows += 1;
                    if !table.shape.fits(&row) {
                        return Err(broken("a row does not fit its table"));
                    }
                    self.waiting.push(row);
                    if self.waiting.len() == AT_ONCE {
                        self.write().await?;
                    }
                }
                (Record::End(rows, digest), Some(_)) => self.end(rows, digest).await?,
                (Record::Last(name, value), None) => self.last_number(name, value).await?,
                (Record::Over, None) => self.is_over = true,
                _ => return Err(broken("it is not in order")),
            }
        }
    }

    /// Ends, and says what was written.
    ///
    /// # Errors
    /// [`Error::Broken`] where something is missing.
    pub async fn finish(self) -> Result<Vec<Counted>> {
        if !self.is_over || self.reader.is_in_the_middle() {
            return Err(broken("its end is missing"));
        }
        for table in backed_up(self.which) {
            let is_there = self.database.read(|connection| Box::pin(shape(connection, table))).await?;
            // One of a later migration is not there yet.
            if !is_there.is_empty() && self.counted.iter().all(|counted| counted.table != *table) {
                return Err(broken("a table is missing"));
            }
        }
        // What stands there, and not what was sent there: nobody else may have written meanwhile.
        for told in &self.counted {
            let count = format!("SELECT COUNT(*) FROM {}", told.table);
            let rows = self.database.read(move |connection| {
                Box::pin(
                    async move { connection.query_text(&count, &[]).await?.first().map_or(Ok(-1), |row| row.int(0)) },
                )
            });
            if rows.await? != told.rows as i64 {
                return Err(broken("a table has other rows than were written"));
            }
        }
        self.database.close().await;
        Ok(self.counted)
    }

    async fn begin(&mut self, told: Shape) -> Result<()> {
        if !backed_up(self.which).contains(&told.table.as_str()) || self.counted.iter().any(|c| c.table == told.table) {
            return Err(broken("it has a table that none of its kind has"));
        }
        let table = told.table.clone();
        let rows =
            self.database.read(move |connection| Box::pin(async move { shape(connection, &table).await })).await?;
        let (found, wanted): (HashSet<_>, HashSet<_>) = (
            Shape::read(&told.table, &rows)?.columns.into_iter().map(|(name, kind)| (name, kind as u8)).collect(),
            told.columns.iter().map(|(name, kind)| (name.clone(), *kind as u8)).collect(),
        );
        if found != wanted {
            return Err(broken("a table has other columns than here"));
        }
        self.table = Some(Table { insert: insert(&told), shape: told, rows: 0, digest: Running::default() });
        Ok(())
    }

    async fn write(&mut self) -> Result<()> {
        let (Some(table), rows) = (&self.table, std::mem::take(&mut self.waiting)) else { return Ok(()) };
        let insert = table.insert;
        self.database
            .write(move |connection| Box::pin(async move { connection.execute_each(insert, &rows).await }))
            .await
    }

    async fn end(&mut self, rows: u64, digest: [u8; 32]) -> Result<()> {
        self.write().await?;
        let Some(table) = self.table.take() else { return Ok(()) };
        if table.rows != rows || table.digest.finish() != digest {
            return Err(broken("rows are missing"));
        }
        self.counted.push(Counted { table: table.shape.table, rows, digest });
        Ok(())
    }

    async fn last_number(&mut self, name: String, value: i64) -> Result<()> {
        if name != POSITION && !backed_up(self.which).contains(&name.as_str()) {
            return Err(broken("a number is of no table"));
        }
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    if connection.is_postgres() {
                        set_sequence(connection, &name, value).await
                    } else if name == POSITION {
                        connection.query_text("UPDATE change_position SET value = ?1", &[value.into()]).await.map(drop)
                    } else {
                        let forget = "DELETE FROM sqlite_sequence WHERE name = ?1";
                        connection.query_text(forget, &[name.as_str().into()]).await?;
                        let note = "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)";
                        connection.query_text(note, &[name.into(), value.into()]).await.map(drop)
                    }
                })
            })
            .await
    }
}

async fn set_sequence(connection: &mut Connection, name: &str, value: i64) -> Result<()> {
    let sequence = if name == POSITION {
        name.to_owned()
    } else {
        let columns = Shape::read(name, &shape(connection, name).await?)?.columns;
        let mut found = None;
        for (column, _) in columns {
            let which = "SELECT pg_get_serial_sequence(CAST($1 AS TEXT), CAST($2 AS TEXT))";
            let rows = connection.query_text(which, &[name.into(), column.into()]).await?;
            found = found.or(rows.first().map_or(Ok(None), |row| row.text_or_null(0))?);
        }
        found.ok_or_else(|| broken("a number is of a table that gives out none"))?
    };
    let set = "SELECT setval(CAST(CAST($1 AS TEXT) AS regclass), $2)";
    connection.query_text(set, &[sequence.into(), value.into()]).await.map(drop)
}

async fn shape(connection: &mut Connection, table: &str) -> Result<Vec<Row>> {
    let question = question(connection.is_postgres());
    connection.query_text(question, &[table.into()]).await
}

/// Leaked: there are as many as tables, and a restore runs once in a program's life.
fn insert(shape: &Shape) -> &'static Statement {
    let input: Vec<(Column, &'static str)> =
        shape.columns.iter().map(|(name, kind)| (*kind, &*name.clone().leak())).collect();
    let names = input.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(", ");
    let text = format!("INSERT INTO {} ({names}) {{rows}}", shape.table);
    Box::leak(Box::new(Statement::new("RESTORE", text.leak(), input.leak())))
}

fn broken(what: &str) -> Error {
    Error::Broken(format!("the backup cannot be read: {what}"))
}
