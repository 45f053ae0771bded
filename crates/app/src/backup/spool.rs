//! Writes a backup into a folder of this machine, sealed already, as fast as the disk takes it: the state of the database is
//! let go before anything is taken to a place that may be slow.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use privacy::chain::SigningKey;
use privacy::keys::RawKey;
use privacy::stream::Sealer;
use store::backup::{Copying, Which};

use super::manifest::{Known, Manifest, Part};
use super::room::Room;
use super::set::Set;
use crate::{Error, Result};

/// A part is no longer than this and a chunk.
const PART: usize = 16 * 1024 * 1024;

/// A backup in its folder. Nobody else on this machine writes, sends or removes it meanwhile.
pub(crate) struct Spooled {
    pub(crate) set: Set,
    folder: PathBuf,
    _lock: File,
}

/// The file whose lock says that somebody is at a folder; it lies beside it.
fn lock_of(folder: &Path) -> PathBuf {
    folder.with_extension("lock")
}

/// Takes the lock; nothing where somebody else has it. It goes with the program, however that ends.
fn lock(folder: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(lock_of(folder))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn remove(folder: &Path) -> io::Result<()> {
    fs::remove_dir_all(folder)?;
    fs::remove_file(lock_of(folder))
}

/// All that is complete and that nobody is at; what is not complete is thrown away.
pub(crate) fn left(spool: &Path, which: Which) -> io::Result<Vec<Spooled>> {
    let mut found = Vec::new();
    if !spool.is_dir() {
        return Ok(found);
    }
    for entry in fs::read_dir(spool)? {
        let folder = entry?.path();
        let leaf = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // The other kind has other names, and a process of its own.
        let Some(set) = Set::from_leaf(which, leaf) else { continue };
        let Some(lock) = lock(&folder)? else { continue };
        if folder.join("manifest").is_file() {
            found.push(Spooled { set, folder, _lock: lock });
        } else if folder.is_dir() {
            remove(&folder)?;
        } else {
            // Another one was through with it meanwhile.
            fs::remove_file(lock_of(&folder))?;
        }
    }
    found.sort_by(|a, b| a.set.cmp(&b.set));
    Ok(found)
}

/// A folder that goes again unless all of it is written: half a backup would keep room from the chat.
struct Writing {
    folder: PathBuf,
    is_whole: bool,
}

impl Drop for Writing {
    fn drop(&mut self) {
        if !self.is_whole
            && let Err(error) = remove(&self.folder)
        {
            tracing::warn!(%error, "what was written of a backup could not be removed");
        }
    }
}

/// What a backup is made with.
pub(crate) struct Making<'m> {
    pub(crate) root: &'m RawKey,
    pub(crate) key: &'m SigningKey,
    pub(crate) known: Known,
    /// The bytes that it is expected to take.
    pub(crate) expected: u64,
}

/// Writes all of a copy, as long as there is room.
pub(crate) async fn write(
    spool: &Path,
    set: Set,
    making: Making<'_>,
    mut copying: Copying,
) -> Result<(Spooled, Manifest)> {
    let Making { root, key, known, expected } = making;
    let folder = spool.join(set.leaf());
    DirBuilder::new().recursive(true).mode(0o700).create(spool).map_err(|error| full(&error))?;
    let is_room = |bytes| Room::at(spool).map_err(|error| full(&error))?.holds(bytes);
    is_room(expected)?;
    // Its name is of this backup alone, so nobody has it.
    let lock = lock(&folder).map_err(|error| full(&error))?.ok_or(Error::Internal)?;
    let mut writing = Writing { folder: folder.clone(), is_whole: false };
    DirBuilder::new().mode(0o700).create(&folder).map_err(|error| full(&error))?;
    let mut parts = Vec::new();
    let begin = |number: usize| Sealer::new(root, &set.part(number));
    let mut sealer = begin(1);
    while let Some(piece) = copying.next().await? {
        let mut rest = piece.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(PART.saturating_sub(sealer.len()).max(1)));
            sealer.push(now);
            rest = later;
            if sealer.len() >= PART {
                is_room(PART as u64)?;
                let file = std::mem::replace(&mut sealer, begin(parts.len() + 2)).finish();
                keep(&folder, &format!("{:04}.part", parts.len() + 1), file, &mut parts).await?;
            }
        }
    }
    is_room(sealer.len() as u64)?;
    keep(&folder, &format!("{:04}.part", parts.len() + 1), sealer.finish(), &mut parts).await?;
    let manifest = Manifest::new(&set, known, copying.counted(), parts);
    let sealed = manifest.seal(&set, root, key).map_err(|_| Error::Internal)?;
    keep(&folder, "manifest", sealed, &mut Vec::new()).await?;
    writing.is_whole = true;
    Ok((Spooled { set, folder, _lock: lock }, manifest))
}

/// Durable, and whole or not there.
async fn keep(folder: &Path, name: &str, file: Vec<u8>, parts: &mut Vec<Part>) -> Result<()> {
    parts.push(Part::of(&file));
    let (folder, name) = (folder.to_owned(), name.to_owned());
    let written = tokio::task::spawn_blocking(move || {
        let new = folder.join(format!("{name}.new"));
        let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        out.write_all(&file)?;
        out.sync_all()?;
        fs::rename(&new, folder.join(&name))?;
        File::open(&folder)?.sync_all()
    });
    written.await.map_err(|_| Error::Internal)?.map_err(|error| full(&error))
}

fn full(error: &io::Error) -> Error {
    tracing::error!(%error, "a backup cannot be written here before it is taken to its places");
    Error::Unavailable
}

impl Spooled {
    /// One of its files.
    pub(crate) async fn file(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.folder.join(name);
        let read = tokio::task::spawn_blocking(move || fs::read(path));
        read.await.map_err(|_| Error::Internal)?.map_err(|error| full(&error))
    }

    pub(crate) fn remove(self) -> Result<()> {
        remove(&self.folder).map_err(|error| full(&error))
    }
}
