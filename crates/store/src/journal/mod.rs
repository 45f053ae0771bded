//! The journal of deletions: what was destroyed, by names that mean the same after a restore. Its entries are numbered for the
//! installation without a gap and chained, and go to the places of the backups, so that what was deleted after a backup does
//! not come back with it.

pub mod expire;
mod place;

pub(crate) use place::{carry, forget_seen};

use domain::erasure::What;
use domain::{ErasureId, KeyId, OrganisationId, PublicId, Timestamp};
use privacy::backup::journal_hash;
use serde_json::{Value as Json, json};

use crate::engine::{Connection, Row, statements};
use crate::{Error, Result, Store};

#[cfg(test)]
pub(crate) const EVERY: [&[&crate::engine::Statement]; 3] = [ALL, expire::ALL, place::ALL];

/// Names and keys in one entry: more make another entry.
pub const SUBJECTS: usize = 5_000;

/// What is destroyed. Never the number of a conversation: after a restore another one may get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose it is: number and name.
    pub organisation: (OrganisationId, PublicId),
    /// When its destruction begins.
    pub at: Timestamp,
    /// The deletion's name, which is the number of its receipt.
    pub erasure: PublicId,
    /// What kind of thing.
    pub what: What,
    /// Conversations that go as a whole.
    pub conversations: Vec<PublicId>,
    /// Single entries: their conversation and number in it.
    pub entries: Vec<(PublicId, i64)>,
    /// The keys that are destroyed.
    pub keys: Vec<KeyId>,
}

/// A deletion that is to be added at the end of a transaction.
pub(crate) struct Journalled {
    pub(crate) erasure: ErasureId,
    pub(crate) entry: Entry,
}

/// An entry in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: i64,
    /// Its bytes, as they are hashed.
    pub bytes: Vec<u8>,
    /// The hash over them and all before.
    pub hash: [u8; 32],
}

/// How far the journal has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The last entry's number; 0 before the first.
    pub number: i64,
    /// Its hash; zeros before the first.
    pub hash: [u8; 32],
}

statements! {
    // Whoever appends waits for whoever appended before: numbers follow each other in the order of commits.
    HEAD_FOR_UPDATE = "SELECT number, hash FROM journal_head h WHERE id = 1 {for_update}";
    HEAD = "SELECT number, hash FROM journal_head WHERE id = 1";
    MOVE_HEAD = "UPDATE journal_head SET number = $1, hash = $2 WHERE id = 1";
    INSERT = "INSERT INTO journal (number, organisation_id, at, entry, hash) VALUES ($1, $2, $3, $4, $5)";
    NUMBERED = "UPDATE erasure SET journal_number = $2 WHERE erasure_id = $1";
    AFTER = "SELECT number, entry, hash FROM journal WHERE number > $1 ORDER BY number LIMIT $2";
    TIME_OF = "SELECT at FROM journal WHERE number = $1";
    HASH_OF = "SELECT hash FROM journal WHERE number = $1";
}

/// Adds an entry in the caller's transaction. Locks the journal until that ends: nothing that takes long may come behind.
///
/// # Errors
/// [`Error::Broken`] where it has more than [`SUBJECTS`], those of the database otherwise.
pub(crate) async fn append(connection: &mut Connection, entry: &Entry) -> Result<Head> {
    entry.check()?;
    let before = head(&connection.query(&HEAD_FOR_UPDATE, &[]).await?)?;
    let number = before.number + 1;
    let line = Line::new(number, &before.hash, entry.bytes(number));
    insert(connection, &line, entry.organisation.0, entry.at).await
}

/// Adds a deletion and tells it its number, at the end of a transaction: see `engine::writer`.
pub(crate) async fn record(connection: &mut Connection, journalled: &Journalled) -> Result<()> {
    let head = append(connection, &journalled.entry).await?;
    carry(connection, journalled.entry.at).await?;
    connection.execute(&NUMBERED, &[journalled.erasure.into(), head.number.into()], 1).await
}

async fn insert(connection: &mut Connection, line: &Line, owner: OrganisationId, at: Timestamp) -> Result<Head> {
    let values = [line.number.into(), owner.into(), at.into(), line.bytes.clone().into(), line.hash.into()];
    connection.execute(&INSERT, &values, 1).await?;
    connection.execute(&MOVE_HEAD, &[line.number.into(), line.hash.into()], 1).await?;
    Ok(Head { number: line.number, hash: line.hash })
}

fn head(rows: &[Row]) -> Result<Head> {
    let row = rows.first().ok_or_else(|| Error::Broken("the journal has no head".to_owned()))?;
    Ok(Head { number: row.int(0)?, hash: hash(row, 1)? })
}

fn hash(row: &Row, index: usize) -> Result<[u8; 32]> {
    row.bytes(index)?.try_into().map_err(|_| Error::Broken("a hash of the journal is none".to_owned()))
}

impl Line {
    fn new(number: i64, previous: &[u8; 32], bytes: Vec<u8>) -> Self {
        let hash = journal_hash(previous, &bytes);
        Self { number, bytes, hash }
    }

    /// Whether it stands behind a line with this hash.
    pub fn follows(&self, previous: &[u8; 32]) -> bool {
        journal_hash(previous, &self.bytes) == self.hash
    }
}

impl Entry {
    /// Whether it can be added: asked where it is made, because at the end of a transaction others would suffer for it.
    pub(crate) fn check(&self) -> Result<()> {
        if self.conversations.len() + self.entries.len() + self.keys.len() > SUBJECTS {
            return Err(Error::Broken("an entry of the journal has too many subjects".to_owned()));
        }
        Ok(())
    }

    fn bytes(&self, number: i64) -> Vec<u8> {
        let names = |names: &[PublicId]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let entries: Vec<_> = self.entries.iter().map(|(name, sequence)| json!([name.to_string(), sequence])).collect();
        let entry = json!({
            "number": number,
            "at": self.at.0,
            "erasure": self.erasure.to_string(),
            "organisation": self.organisation.1.to_string(),
            "what": self.what.code(),
            "conversations": names(&self.conversations),
            "entries": entries,
            "keys": self.keys.iter().map(|key| key.0).collect::<Vec<_>>(),
        });
        entry.to_string().into_bytes()
    }

    /// Reads a line's bytes. The organisation has no number in them: it is that which has its name here.
    pub fn read(bytes: &[u8]) -> Option<(i64, Self)> {
        let entry: Json = serde_json::from_slice(bytes).ok()?;
        let name = |value: &Json| value.as_str()?.parse::<PublicId>().ok();
        let list = |word: &str| entry.get(word)?.as_array();
        let read = Self {
            organisation: (OrganisationId(0), name(entry.get("organisation")?)?),
            at: Timestamp(entry.get("at")?.as_i64()?),
            erasure: name(entry.get("erasure")?)?,
            what: What::from_code(entry.get("what")?.as_str()?)?,
            conversations: list("conversations")?.iter().map(name).collect::<Option<_>>()?,
            entries: list("entries")?
                .iter()
                .map(|pair| Some((name(pair.get(0)?)?, pair.get(1)?.as_i64()?)))
                .collect::<Option<_>>()?,
            keys: list("keys")?.iter().map(|key| key.as_i64().map(KeyId)).collect::<Option<_>>()?,
        };
        Some((entry.get("number")?.as_i64()?, read))
    }
}

impl Store {
    /// How far the journal has come.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn journal_head(&self) -> Result<Head> {
        self.data.read(|connection| Box::pin(async move { head(&connection.query(&HEAD, &[]).await?) })).await
    }

    /// The hash of the journal up to a number, while that is kept here.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn journal_hash(&self, number: i64) -> Result<Option<[u8; 32]>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    connection.query(&HASH_OF, &[number.into()]).await?.first().map(|row| hash(row, 0)).transpose()
                })
            })
            .await
    }

    /// When an entry was added, while it is kept here.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn journal_time(&self, number: i64) -> Result<Option<Timestamp>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query(&TIME_OF, &[number.into()]).await?;
                    rows.first().map(|row| row.int(0).map(Timestamp)).transpose()
                })
            })
            .await
    }

    /// The lines behind a number, in order.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn journal_after(&self, number: i64, most: i64) -> Result<Vec<Line>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query(&AFTER, &[number.into(), most.into()]).await?;
                    rows.iter()
                        .map(|row| Ok(Line { number: row.int(0)?, bytes: row.bytes(1)?, hash: hash(row, 2)? }))
                        .collect()
                })
            })
            .await
    }

    /// Puts lines back that a place has and a restored database lacks. They must follow what is there.
    ///
    /// # Errors
    /// [`Error::Broken`] where they do not, those of the database otherwise.
    pub async fn continue_journal(&self, lines: Vec<(Line, OrganisationId, Timestamp)>) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let mut last = head(&connection.query(&HEAD_FOR_UPDATE, &[]).await?)?;
                    for (line, organisation, at) in &lines {
                        if line.number <= last.number {
                            let known = connection.query(&HASH_OF, &[line.number.into()]).await?;
                            if known.first().is_some_and(|row| hash(row, 0).ok() != Some(line.hash)) {
                                return Err(Error::Broken("the journal at a place is another one".to_owned()));
                            }
                            continue;
                        }
                        if line.number != last.number + 1 || !line.follows(&last.hash) {
                            return Err(Error::Broken("the journal at a place does not follow from here".to_owned()));
                        }
                        last = insert(connection, line, *organisation, *at).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Adds an entry by itself: for tests, and where nothing else belongs to it.
    ///
    /// # Errors
    /// As [`append`].
    pub async fn append_journal(&self, entry: Entry) -> Result<Head> {
        self.data.write(move |connection| Box::pin(async move { append(connection, &entry).await })).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(byte: u8) -> PublicId {
        PublicId::from_bytes([byte; 16])
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let entry = Entry {
            organisation: (OrganisationId(0), id(1)),
            at: Timestamp(5),
            erasure: id(2),
            what: What::Message,
            conversations: vec![id(3), id(4)],
            entries: vec![(id(5), 12)],
            keys: vec![KeyId(i64::MAX), KeyId(1)],
        };
        let bytes = entry.bytes(7);
        assert_eq!(Entry::read(&bytes), Some((7, entry)));
        assert_eq!(Entry::read(b"{}"), None);
        assert_eq!(Entry::read(&bytes[1..]), None);
    }

    #[test]
    fn a_line_follows_one_other_and_no_more() {
        let line = Line::new(2, &[1; 32], b"{}".to_vec());
        assert!(line.follows(&[1; 32]) && !line.follows(&[2; 32]));
        assert!(!Line { bytes: b"{ }".to_vec(), ..line.clone() }.follows(&[1; 32]));
        assert!(!Line { hash: [3; 32], ..line }.follows(&[1; 32]));
    }
}
