//! Room kept free beside a SQLite file, so that on a full disk ending and deleting still work (SR3).
//!
//! A file of some size lies beside the database. When the disk is full it is given up, and from then on what adds content is
//! refused while everything else goes on in the room that it left. As soon as there is room for the reserve again, everything
//! is taken as before.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Bytes kept free: a deletion rewrites some pages of the database and their log.
const BYTES: usize = 4 * 1024 * 1024;
/// A disk that has no room for so many bytes is full.
const PROBE: usize = 256 * 1024;
/// How often room is looked for while there is none.
const LOOKED_EVERY: Duration = Duration::from_secs(1);

/// The reserve of one database.
pub(super) struct Reserve {
    path: PathBuf,
    is_held: bool,
    looked: Option<Instant>,
}

impl Reserve {
    /// The reserve beside a database; made where it is missing and there is room.
    pub(super) fn beside(database: &Path) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push("-reserve");
        let mut reserve = Self { path: PathBuf::from(path), is_held: false, looked: None };
        reserve.is_held = fs::metadata(&reserve.path).is_ok_and(|file| file.len() == BYTES as u64);
        reserve.look();
        reserve
    }

    /// Whether content may be added. Looks for room now and then while there was none.
    pub(super) fn is_held(&mut self) -> bool {
        self.is_held || {
            self.look();
            self.is_held
        }
    }

    /// After a transaction failed: gives the reserve up if the reason is a full disk.
    pub(super) fn judge(&mut self) {
        if self.is_held && fill(&self.path.with_extension("probe"), PROBE, true).is_err_and(|e| is_full(&e)) {
            tracing::error!("the disk is full: no messages are taken until there is room; ending and deleting go on");
            // Where even this fails, nothing is gained and nothing lost.
            let _ = fs::remove_file(&self.path);
            (self.is_held, self.looked) = (false, Some(Instant::now()));
        }
    }

    fn look(&mut self) {
        if self.is_held || self.looked.is_some_and(|at| at.elapsed() < LOOKED_EVERY) {
            return;
        }
        let was_full = self.looked.replace(Instant::now()).is_some();
        match fill(&self.path, BYTES, false) {
            Ok(()) => {
                self.is_held = true;
                if was_full {
                    tracing::info!("there is room on the disk again: messages are taken");
                }
            }
            Err(error) => tracing::warn!(%error, "there is no room for the reserve on the disk"),
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Writes a file of so many bytes and leaves none that is shorter.
fn fill(path: &Path, bytes: usize, remove: bool) -> io::Result<()> {
    let written = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).and_then(|file| {
        let block = vec![0x2e; 64 * 1024];
        let mut file: File = file;
        for _ in 0..bytes / block.len() {
            file.write_all(&block)?;
        }
        file.sync_all()
    });
    if remove || written.is_err() {
        let _ = fs::remove_file(path);
    }
    written
}
