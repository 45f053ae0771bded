//! The journal of deletions at the places: each entry an object of its own, sealed and created once, so that nobody can put
//! another one in its stead unnoticed.

mod expire;

use futures_util::future::join_all;
use places::{Error as PlaceError, Write};
use privacy::keys::RawKey;
use privacy::stream::{self, Sealer};
use store::journal::{Head, Line};

use crate::places::{Failed, Placed};
use crate::{App, Result};

/// Lines that are taken from the store at once.
const AT_ONCE: i64 = 100;

/// How far a place has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The place's name.
    pub place: String,
    /// It has the journal up to this number, without a gap and read back.
    pub upto: i64,
    /// Why it does not have all of it.
    pub failed: Option<String>,
}

/// The journal, and how far the places have come with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// The last entry's number.
    pub number: i64,
    /// Every place.
    pub places: Vec<Reached>,
}

impl Offered {
    /// Whether every place has this entry. Where there is none, nothing outside has to be waited for.
    pub fn is_everywhere(&self, number: i64) -> bool {
        self.places.iter().all(|place| place.upto >= number)
    }

    /// The places that still lack this entry.
    pub fn pending(&self, number: i64) -> Vec<&str> {
        self.places.iter().filter(|place| place.upto < number).map(|place| place.place.as_str()).collect()
    }
}

impl App {
    /// Brings the journal at all places up to date, all of them at the same time, and says how far each is. A place that is
    /// away is said to be, and is caught up with the next time.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn journal_offer(&self) -> Result<Offered> {
        let head = self.store.journal_head().await?;
        let known = self.store.journal_places().await?;
        let offered = self.places().iter().map(async |placed| {
            let known = known.iter().find(|(name, ..)| *name == placed.name).map_or(0, |(_, upto, _)| *upto);
            let (upto, failed) = self.catch_up(placed, known, head).await;
            if upto > known {
                self.store.note_journal_place(placed.name.clone(), upto, self.now()).await?;
            }
            if let Some(failed) = &failed {
                tracing::warn!(%failed, upto, "a place lacks a part of the journal of deletions");
            }
            Ok(Reached { place: placed.name.clone(), upto, failed: failed.map(|failed| failed.error.to_string()) })
        });
        let places = join_all(offered).await.into_iter().collect::<Result<_>>()?;
        Ok(Offered { number: head.number, places })
    }

    /// How far the place came, and what stopped it.
    async fn catch_up(&self, placed: &Placed, known: i64, head: Head) -> (i64, Option<Failed>) {
        let root = self.secrets.backup_key();
        let mut upto = known;
        while upto < head.number {
            let lines = match self.store.journal_after(upto, AT_ONCE).await {
                Ok(lines) => lines,
                Err(error) => return (upto, Some(placed.failed(PlaceError::Away(error.to_string())))),
            };
            if lines.is_empty() {
                break;
            }
            for line in lines {
                if let Err(failed) = write(placed, &root, &line).await {
                    return (upto, Some(failed));
                }
                upto = line.number;
            }
        }
        (upto, None)
    }
}

/// The name of a line's object.
fn name(number: i64) -> String {
    format!("journal/{number:020}")
}

/// Writes a line and reads it back. One that is there already must be the same.
async fn write(placed: &Placed, root: &RawKey, line: &Line) -> std::result::Result<(), Failed> {
    let name = name(line.number);
    let mut sealer = Sealer::new(root, &name);
    sealer.push(&line.hash);
    sealer.push(&line.bytes);
    match placed.put(&name, sealer.finish(), Write::Create).await {
        Ok(()) | Err(Failed { error: PlaceError::Exists, .. }) => {}
        Err(failed) => return Err(failed),
    }
    match read(placed, root, line.number).await? {
        Some(found) if found == *line => Ok(()),
        _ => Err(placed.failed(PlaceError::Unfit(format!("{name} is not what was written here")))),
    }
}

/// Reads a line; `None` where there is none.
pub(crate) async fn read(placed: &Placed, root: &RawKey, number: i64) -> std::result::Result<Option<Line>, Failed> {
    let name = name(number);
    let Some(sealed) = placed.get(&name).await? else { return Ok(None) };
    let changed = || placed.failed(PlaceError::Unfit(format!("{name} was changed")));
    let content = stream::open(root, &name, &sealed).map_err(|_| changed())?;
    let (hash, bytes) = content.split_first_chunk::<32>().ok_or_else(changed)?;
    Ok(Some(Line { number, bytes: bytes.to_vec(), hash: *hash }))
}

/// The number of the last line that a place has; 0 where it has none.
pub(crate) async fn last(placed: &Placed) -> std::result::Result<i64, Failed> {
    let all = placed.list("journal/").await?;
    let numbers = all.iter().filter_map(|object| object.name.strip_prefix("journal/")?.parse().ok());
    Ok(numbers.max().unwrap_or(0))
}
