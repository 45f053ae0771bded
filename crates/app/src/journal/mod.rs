//! The journal of deletions at the places: each entry an object of its own, sealed and created once, so that nobody can put
//! another one in its stead unnoticed.

mod branch;
mod expire;

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use domain::Timestamp;
use futures_util::future::join_all;
use places::{Error as PlaceError, Write};
use privacy::keys::RawKey;
use privacy::stream::{self, Sealer};
use store::job::{Claimed, Kind};
use store::journal::Line;

use crate::places::{Failed, Placed};
use crate::{App, Result};

/// Lines that are taken from the store at once, and noted at once.
const AT_ONCE: i64 = 100;
/// A place that lacks much is left for others after this long, and gone on with.
const PORTION: Duration = Duration::from_secs(20);
/// How often a place that is through looks for more while another one is still at work.
const LOOK: Duration = Duration::from_secs(1);
/// How often a place that failed is tried again.
const TRIED_AGAIN: Duration = Duration::from_secs(30);
/// How often it is looked for a place that was added.
const LOOK_AGAIN: Duration = Duration::from_secs(600);
/// The job is kept for so long, and kept longer each third of it.
const LEASE: Duration = Duration::from_secs(60);

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
        self.everywhere().is_none_or(|upto| upto >= number)
    }

    /// Up to which entry every place has it, where there is one.
    fn everywhere(&self) -> Option<i64> {
        self.places.iter().map(|place| place.upto).min()
    }

    /// The places that still lack this entry.
    pub fn pending(&self, number: i64) -> Vec<&str> {
        self.places.iter().filter(|place| place.upto < number).map(|place| place.place.as_str()).collect()
    }
}

impl App {
    /// Sees to it that what a place lacks is brought there, also where nobody deletes anything: one was added, or a backup was
    /// restored.
    pub(crate) async fn tidy_journal(&self) -> Result<()> {
        let (reached, now) = (self.journal_reached().await?, self.now());
        if !reached.is_everywhere(reached.number) {
            self.store.ensure_job(Kind::Journal, now, LOOK_AGAIN, now).await?;
        }
        Ok(())
    }

    /// For the worker, in a lane of its own: brings the journal to the places. Nobody who wants something gone asks a place; they
    /// look how far this came.
    pub(crate) async fn carry_journal(&self, mut job: Claimed) -> Result<()> {
        let work = self.journal_offer();
        tokio::pin!(work);
        let offered = loop {
            tokio::select! {
                done = &mut work => break done?,
                () = tokio::time::sleep(LEASE / 3) => self.store.renew_job(&mut job, self.now(), LEASE).await?,
            }
        };
        let now = self.now();
        let next = if offered.places.iter().any(|place| place.failed.is_some()) {
            now.plus(TRIED_AGAIN)
        } else if offered.is_everywhere(offered.number) {
            now.plus(LOOK_AGAIN)
        } else {
            now
        };
        Ok(self.store.end_journal_round(&job, offered.number, next, now).await?)
    }

    /// Brings the journal at all places up to date, all of them at the same time, and says how far each is. A place that is
    /// away is said to be, and is caught up with the next time; one that lacks much has a portion of it then.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn journal_offer(&self) -> Result<Offered> {
        let mut offered = self.journal_reached().await?;
        let at_work = AtomicUsize::new(offered.places.len());
        let brought = self.places().iter().zip(&mut offered.places).map(|(placed, reached)| {
            let at_work = &at_work;
            async move { self.bring(placed, reached, at_work).await }
        });
        join_all(brought).await.into_iter().collect::<Result<()>>()?;
        Ok(offered)
    }

    /// How far the places are known to have come. Asks none of them.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn journal_reached(&self) -> Result<Offered> {
        let number = self.store.journal_head().await?.number;
        let known = self.store.journal_places().await?;
        let reached = |placed: &Placed| {
            let upto = known.iter().find(|(id, ..)| *id == placed.id).map_or(0, |(_, upto, _)| *upto);
            Reached { place: placed.name.clone(), upto, failed: None }
        };
        Ok(Offered { number, places: self.places().iter().map(reached).collect() })
    }

    /// Brings one place up to date, and keeps it there while another one is still at work: that may hang for minutes.
    async fn bring(&self, placed: &Placed, reached: &mut Reached, at_work: &AtomicUsize) -> Result<()> {
        loop {
            let caught = async {
                let head = self.store.journal_head().await?.number;
                self.catch_up(placed, &mut reached.upto, head).await.map(|failed| (head, failed))
            };
            let caught = caught.await;
            // Whatever came of it: the others wait for nobody who has gone.
            let others = at_work.fetch_sub(1, Ordering::Relaxed) - 1;
            let (head, failed) = caught?;
            if let Some(failed) = failed {
                tracing::warn!(%failed, upto = reached.upto, "a place lacks a part of the journal of deletions");
                reached.failed = Some(failed.error.to_string());
                return Ok(());
            }
            if others == 0 || reached.upto < head {
                return Ok(());
            }
            while self.store.journal_head().await?.number == head {
                tokio::time::sleep(LOOK).await;
                if at_work.load(Ordering::Relaxed) == 0 {
                    return Ok(());
                }
            }
            at_work.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A portion for one place; what stopped it.
    async fn catch_up(&self, placed: &Placed, upto: &mut i64, head: i64) -> Result<Option<Failed>> {
        let (root, begun) = (self.secrets.backup_key(), Instant::now());
        // After a restore, or where the same place is named anew, most of it lies there.
        let lies_there = if head - *upto > AT_ONCE {
            match placed.list("journal/").await {
                Ok(all) => all.into_iter().map(|object| object.name).collect(),
                Err(failed) => return Ok(Some(failed)),
            }
        } else {
            HashSet::new()
        };
        while *upto < head && begun.elapsed() < PORTION {
            let lines = self.store.journal_after(*upto, AT_ONCE).await?;
            if lines.is_empty() {
                break;
            }
            let (mut seen, mut stopped) = (Vec::<(i64, Timestamp)>::new(), None);
            for line in lines {
                if let Err(failed) = write(placed, &root, &line, lies_there.contains(&name(line.number))).await {
                    stopped = Some(failed);
                    break;
                }
                seen.push((line.number, self.now()));
            }
            if let Some((last, _)) = seen.last().copied() {
                self.store.note_journal_place(placed.id.clone(), seen).await?;
                *upto = last;
                if let Some(everywhere) = self.journal_reached().await?.everywhere() {
                    self.store.wake_placed(everywhere, self.now()).await?;
                }
            }
            if stopped.is_some() {
                return Ok(stopped);
            }
        }
        Ok(None)
    }
}

/// The name of a line's object.
fn name(number: i64) -> String {
    format!("journal/{number:020}")
}

/// Writes a line and reads it back. One that is there already must be the same.
async fn write(placed: &Placed, root: &RawKey, line: &Line, lies_there: bool) -> std::result::Result<(), Failed> {
    let name = name(line.number);
    if !lies_there {
        match placed.put(&name, sealed(root, line), Write::Create).await {
            Ok(()) | Err(Failed { error: PlaceError::Exists, .. }) => {}
            Err(failed) => return Err(failed),
        }
    }
    match read(placed, root, line.number).await? {
        Some(found) if found == *line => Ok(()),
        // Sealed by this installation, so by a state of it that the database has lost; or by a copy of it.
        Some(_) => Err(placed.failed(PlaceError::Unfit(format!(
            "{name} is a deletion that this database does not know: `diskret backup take-in --place {}` says what is there, and \
             does it again",
            placed.name
        )))),
        None => Err(placed.failed(PlaceError::Unfit(format!("{name} is not there as it was written")))),
    }
}

/// A line as it lies at a place.
fn sealed(root: &RawKey, line: &Line) -> Vec<u8> {
    let mut sealer = Sealer::new(root, &name(line.number));
    sealer.push(&line.hash);
    sealer.push(&line.bytes);
    sealer.finish()
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
