//! The checkpointer: moves pages from SQLite's write-ahead log into the file, off the commit path.
//!
//! A sync that fails is worse than it looks. Linux forgets what it could not write, and the next sync succeeds without it;
//! SQLite, where a commit came in between, counts pages as copied before a sync has covered them, and does not copy them again.
//! So nothing is trusted after one: all connections of the process are closed, and SQLite, which then finds out anew from the
//! log what there is, copies all of it. The log is never shortened before a sync has gone well.

use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use super::seat::Seats;
use super::sqlite::Connection;
use crate::{Error, Result};

/// Bytes of a page.
const PAGE: u64 = 4096;
/// Pages in the write-ahead log from which the checkpointer works.
const FROM: u64 = 1000;
/// Pages in the write-ahead log from which it is begun anew, even if the writer has to wait.
const RESTART_FROM: u64 = 16_000;
const EVERY: Duration = Duration::from_millis(500);

/// How much of the log.
#[derive(Clone, Copy, Debug)]
pub(super) enum How {
    /// What can be copied without anybody waiting.
    Passive,
    /// All of it, and the log is written from its beginning again: what it held stays until it is overwritten.
    Restart,
    /// All of it, and the log is empty then. Giving a large one back to the disk was measured to take 35 ms, which a writer
    /// waits for: only while nobody writes.
    Truncate,
}

/// Starts it. It ends when what it gives back is dropped.
pub(super) fn start(path: PathBuf, seats: Seats) -> Result<Sender<()>> {
    // Opened when there is something to do: an installation at rest needs none.
    let mut connection = None;
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let (writer, gone) = channel();
    let spawned = std::thread::Builder::new().name("checkpoint".to_owned()).spawn(move || {
        let mut written = None;
        while gone.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
            let log = std::fs::metadata(&log).ok();
            let pages = log.as_ref().map_or(0, std::fs::Metadata::len) / PAGE;
            let last = written.replace(log.and_then(|log| log.modified().ok()));
            let is_quiet = last == written;
            if pages <= FROM {
                continue;
            }
            let Some(open) = connection.take().or_else(|| Connection::writer(&path).ok()) else {
                continue;
            };
            match checkpoint(&open, &seats, pages, is_quiet) {
                Ok(()) => connection = Some(open),
                Err(error) => {
                    tracing::error!(%error, "a checkpoint was not synced; the database is opened anew");
                    seats.clear(Some(open));
                }
            }
        }
        connection.into_iter().for_each(|open| seats.close(open));
    });
    spawned.map(|_| writer).map_err(|error| Error::Unavailable(error.to_string()))
}

fn checkpoint(connection: &Connection, seats: &Seats, pages: u64, is_quiet: bool) -> Result<()> {
    connection.checkpoint(How::Passive)?;
    // Without a pause between commits the log is never wholly copied and grows for ever. What is left after the passive run is
    // little, so the writer is held up only briefly.
    if pages > RESTART_FROM {
        // Both wait for all readers, with the writer's lock in hand. For one that stays for minutes the log grows instead.
        let how = if is_quiet { How::Truncate } else { How::Restart };
        return seats.unless_somebody_stays(|| connection.checkpoint(how)).unwrap_or(Ok(()));
    }
    Ok(())
}
