//! A file system for SQLite that is as bad as the standard allows, for tests and nothing else.
//!
//! [`install`] makes it the default of the process, so that what is tested needs no change: whoever opens a database
//! afterwards gets it.
//!
//! - What was written and not synced lies in memory, for all connections of the process together. `kill -9` forgets it, and
//!   so does [`Disk::crash`]. At random moments of a seeded sequence single sectors of it reach the file all the same, out
//!   of order, as an operating system's write-back does: pages are torn.
//! - A failed sync loses what it should have kept, even where a later one succeeds: so Linux does.
//! - [`Disk::fail`] has the nth read, write or sync fail, come short, stall or crash the disk.
//! - Locks and the log's index live in memory and are gone with a crash, as they are with a process. A database belongs to one
//!   process at a time therefore; a second one with this file system is refused.
//!
//! Not pretended: that the making, deleting or naming of a file is lost. Those reach the directory at once.

mod disk;
mod file;
mod lock;
mod memory;
mod pages;
mod plan;
mod random;
mod setup;
mod vfs;

pub use disk::{Disk, disk};
pub use plan::{Fault, Files, Operation, Rule, When};
pub use random::Sequence;
pub use setup::{Malformed, Setup};
pub use vfs::install;

/// Runs statements on a database's file, behind the back of whoever has it open.
///
/// # Panics
/// Where one fails.
pub fn run(file: &std::path::Path, statements: &str) {
    let opened = rusqlite::Connection::open(file).expect("a database");
    opened.execute_batch(statements).unwrap_or_else(|error| panic!("{statements}: {error}"));
}

/// Asks a database's file for a number, behind the back of whoever has it open.
///
/// # Panics
/// Where the answer is none.
#[must_use]
pub fn number(file: &std::path::Path, question: &str) -> i64 {
    let opened = rusqlite::Connection::open(file).expect("a database");
    opened.query_row(question, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{question}: {error}"))
}
