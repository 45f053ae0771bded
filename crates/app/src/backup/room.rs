//! Room on this machine's disk for a backup that is written here before it is taken to its places. The chat lives on the same
//! disk, and comes first.

use std::io;
use std::path::Path;

use crate::{Error, Result};

/// This much of a disk stays free: one part of so many.
const FREE: u64 = 20;

/// What a disk has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    free: u64,
    all: u64,
}

impl Room {
    /// Of the disk that a folder lies on.
    pub(super) fn at(folder: &Path) -> io::Result<Self> {
        let found = rustix::fs::statvfs(folder)?;
        Ok(Self {
            free: found.f_bavail.saturating_mul(found.f_frsize),
            all: found.f_blocks.saturating_mul(found.f_frsize),
        })
    }

    /// Whether so many bytes can be written and leave enough to the chat.
    ///
    /// # Errors
    /// [`Error::Conflict`].
    pub(super) fn holds(self, bytes: u64) -> Result<()> {
        let needed = bytes.saturating_add(self.all / FREE);
        if needed <= self.free {
            return Ok(());
        }
        tracing::error!(needed, free = self.free, "there is no room on this machine's disk to write a backup");
        Err(Error::Conflict(
            "there is no room on this machine's disk for a backup, which is written here before it is taken to its places",
        ))
    }
}

/// What a backup is expected to take at most: a fifth more than the last one, or than the database where there is none yet.
pub(super) fn expected(last: Option<i64>, database: i64) -> u64 {
    let bytes = u64::try_from(last.unwrap_or(database)).unwrap_or(0);
    bytes.saturating_add(bytes / 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_fill_the_disk_is_refused_before_and_while_it_is_written() {
        let room = Room { free: 200, all: 1_000 };
        assert_eq!(room.holds(150), Ok(()));
        assert!(room.holds(151).is_err(), "a twentieth stays free");
        assert!(Room { free: 49, all: 1_000 }.holds(0).is_err());
        assert_eq!(expected(Some(100), 1_000), 120);
        assert_eq!(expected(None, 1_000), 1_200);
        assert!(Room::at(Path::new("/")).unwrap().all > 0);
    }
}
