//! Reads one state of a database, row by row.

use privacy::digest::Running;

use super::record::Record;
use super::shape::{Shape, question};
use super::tables::backed_up;
use super::{Counted, Which};
use crate::engine::{Snapshot, Value};
use crate::{Error, KeyStore, Result, Store};

/// Rows that are read at once. The largest are messages of some kilobytes.
const AT_ONCE: usize = 500;

/// A copy that is being made.
pub struct Copying {
    which: Which,
    snapshot: Snapshot,
    /// How many tables are through.
    table: usize,
    shape: Option<Shape>,
    behind: Vec<Value>,
    rows: u64,
    digest: Running,
    counted: Vec<Counted>,
    is_over: bool,
}

impl Store {
    /// Begins a copy of the data as they are now.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn copying(&self) -> Result<Copying> {
        Ok(Copying::new(Which::Data, self.data.snapshot().await?))
    }
}

impl KeyStore {
    /// Begins a copy of the wrapped keys as they are now.
    ///
    /// # Errors
    /// [`Error::Fence`] while they are wrapped anew: try again a little later. Those of the database otherwise.
    pub async fn copying(&self) -> Result<Copying> {
        let mut snapshot = self.keys.snapshot().await?;
        // The fence that keeps old keys out would keep them out of a restored database too.
        if !snapshot.query(TURNING, Vec::new()).await?.is_empty() {
            return Err(Error::Fence);
        }
        Ok(Copying::new(Which::Keys, snapshot))
    }
}

impl Copying {
    fn new(which: Which, snapshot: Snapshot) -> Self {
        Self {
            which,
            snapshot,
            table: 0,
            shape: None,
            behind: Vec::new(),
            rows: 0,
            digest: Running::default(),
            counted: Vec::new(),
            is_over: false,
        }
    }

    /// What is through so far.
    pub fn counted(&self) -> &[Counted] {
        &self.counted
    }

    /// The last entry of the journal in this state of the data.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn journal_number(&mut self) -> Result<i64> {
        self.number("SELECT number FROM journal_head").await
    }

    /// The epoch that is current in this state of the keys.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn epoch(&mut self) -> Result<i64> {
        self.number("SELECT epoch FROM epoch WHERE state = 2").await
    }

    async fn number(&mut self, text: &str) -> Result<i64> {
        let rows = self.snapshot.query(text, Vec::new()).await?;
        rows.first().ok_or_else(|| Error::Broken("a state has no number".to_owned()))?.int(0)
    }

    /// The next piece of the copy; `None` behind the last.
    ///
    /// # Errors
    /// Those of the database: the copy has to be begun anew then.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let mut out = Vec::new();
        if self.is_over {
            return Ok(None);
        }
        let Some(table) = backed_up(self.which).get(self.table) else {
            self.last_numbers(&mut out).await?;
            Record::Over.write(&mut out);
            self.is_over = true;
            return Ok(Some(out));
        };
        let is_postgres = self.snapshot.is_postgres();
        let shape = match self.shape.take() {
            Some(shape) => shape,
            None => {
                let rows = self.snapshot.query(question(is_postgres), vec![(*table).into()]).await?;
                let shape = Shape::read(table, &rows)?;
                Record::Table(shape.clone()).write(&mut out);
                shape
            }
        };
        let text = shape.portion(is_postgres, self.behind.is_empty(), AT_ONCE);
        let rows = self.snapshot.query(&text, std::mem::take(&mut self.behind)).await?;
        let is_last = rows.len() < AT_ONCE;
        for row in rows {
            self.behind = row.0[..shape.key].to_vec();
            let begin = out.len() + 4;
            Record::Row(row.0).write(&mut out);
            self.digest.add(&out[begin..]);
            self.rows += 1;
        }
        if is_last {
            let (rows, digest) = (std::mem::take(&mut self.rows), std::mem::take(&mut self.digest).finish());
            Record::End(rows, digest).write(&mut out);
            self.counted.push(Counted { table: shape.table, rows, digest });
            self.behind.clear();
            self.table += 1;
        } else {
            self.shape = Some(shape);
        }
        Ok(Some(out))
    }

    /// So that no number is given out twice, also where the row that had it is gone.
    async fn last_numbers(&mut self, out: &mut Vec<u8>) -> Result<()> {
        // Keys have random numbers.
        if self.which == Which::Keys {
            return Ok(());
        }
        let text = if self.snapshot.is_postgres() { LAST_POSTGRES } else { LAST_SQLITE };
        for row in self.snapshot.query(text, Vec::new()).await? {
            let (name, last) = (row.text(0)?, row.int(1)?);
            let is_ours = name == POSITION || backed_up(self.which).contains(&name.as_str());
            // None yet is no number.
            if is_ours && last > 0 {
                Record::Last(name, last).write(out);
            }
        }
        Ok(())
    }
}

/// Whether some keys are wrapped with what is current and some with what was.
const TURNING: &str = "SELECT 1 FROM organisation_key o
    WHERE o.epoch NOT IN (SELECT epoch FROM epoch WHERE state = 2) OR (o.is_current = 0 AND EXISTS (
        SELECT 1 FROM data_key k
        WHERE k.organisation_id = o.organisation_id AND k.organisation_key_version = o.version
    ))
    LIMIT 1";

/// The numbers of changes: a sequence on PostgreSQL, a table on SQLite, which has no sequences.
pub(super) const POSITION: &str = "change_position";

const LAST_SQLITE: &str =
    "SELECT name, seq FROM sqlite_sequence UNION ALL SELECT 'change_position', value FROM change_position ORDER BY 1";
// Of a table's own, by the table's name; of no table, by its own.
const LAST_POSTGRES: &str = "SELECT CAST(COALESCE(t.relname, s.relname) AS TEXT), pg_sequence_last_value(s.oid)
    FROM pg_sequence q
    JOIN pg_class s ON s.oid = q.seqrelid
    LEFT JOIN pg_depend d ON d.objid = s.oid AND d.classid = CAST('pg_class' AS regclass) AND d.deptype = 'i'
    LEFT JOIN pg_class t ON t.oid = d.refobjid
    WHERE pg_sequence_last_value(q.seqrelid) IS NOT NULL
    ORDER BY 1";
