//! Writes a backup into a folder of this machine, sealed already, as fast as the disk takes it: the state of the database is
//! let go before anything is taken to a place that may be slow.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use privacy::chain::SigningKey;
use privacy::keys::RawKey;
use privacy::stream::Sealer;
use store::backup::{Copying, Which};

use super::manifest::{Manifest, Part};
use super::set::Set;
use crate::{Error, Result};

/// A part is no longer than this and a chunk.
const PART: usize = 16 * 1024 * 1024;

/// A backup in its folder.
pub(crate) struct Spooled {
    pub(crate) set: Set,
    folder: PathBuf,
}

/// All that is complete; what is not is thrown away.
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
        if folder.join("manifest").is_file() {
            found.push(Spooled { set, folder });
        } else {
            fs::remove_dir_all(&folder)?;
        }
    }
    found.sort_by(|a, b| a.set.cmp(&b.set));
    Ok(found)
}

/// Writes all of a copy.
pub(crate) async fn write(
    spool: &Path,
    set: Set,
    root: &RawKey,
    key: &SigningKey,
    mut copying: Copying,
    journal: i64,
) -> Result<(Spooled, Manifest)> {
    let folder = spool.join(set.leaf());
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(|error| full(&error))?;
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
                let file = std::mem::replace(&mut sealer, begin(parts.len() + 2)).finish();
                keep(&folder, &format!("{:04}.part", parts.len() + 1), file, &mut parts).await?;
            }
        }
    }
    keep(&folder, &format!("{:04}.part", parts.len() + 1), sealer.finish(), &mut parts).await?;
    let manifest = Manifest::new(&set, set.at, journal, copying.counted(), parts);
    let sealed = manifest.seal(&set, root, key).map_err(|_| Error::Internal)?;
    keep(&folder, "manifest", sealed, &mut Vec::new()).await?;
    Ok((Spooled { set, folder }, manifest))
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
        fs::remove_dir_all(&self.folder).map_err(|error| full(&error))
    }
}
