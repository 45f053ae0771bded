//! The epochs' keys of this node: a file each, and in memory. Never in a database, never in a backup of one.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use parking_lot::RwLock;
use privacy::keys::{EpochKey, RawKey};
use privacy::random;
use zeroize::Zeroizing;

use crate::secrets::{SecretsError, key, write_once};

/// Every epoch key that this node holds.
pub struct EpochKeys {
    folder: PathBuf,
    keys: RwLock<BTreeMap<i64, RawKey>>,
}

impl EpochKeys {
    /// Reads all that are there; makes the first one in a folder in which nothing was ever stored. Otherwise there may be none:
    /// a node that was away is handed what it lacks.
    pub(crate) fn load(folder: &Path, fresh: bool) -> Result<Self, SecretsError> {
        let error = |error| SecretsError::Io { path: folder.to_owned(), error };
        let mut keys = BTreeMap::new();
        for entry in fs::read_dir(folder).map_err(error)? {
            let name = entry.map_err(error)?.file_name();
            if let Some(epoch) = name.to_str().and_then(epoch_of) {
                keys.insert(epoch, key(&path(folder, epoch), false)?);
            }
        }
        if keys.is_empty() && fresh {
            keys.insert(1, key(&path(folder, 1), fresh)?);
        }
        Ok(Self { folder: folder.to_owned(), keys: RwLock::new(keys) })
    }

    /// The key of an epoch, where this node holds it.
    pub(crate) fn get(&self, epoch: i64) -> Option<EpochKey> {
        self.keys.read().get(&epoch).map(|key| EpochKey::new(epoch, key))
    }

    /// The numbers of all that it holds, in their order.
    pub(crate) fn held(&self) -> Vec<i64> {
        self.keys.read().keys().copied().collect()
    }

    /// The same with their keys, to be sealed to somebody else.
    pub(crate) fn exposed(&self) -> Vec<(i64, RawKey)> {
        self.keys.read().iter().map(|(epoch, key)| (*epoch, RawKey::from_bytes(*key.expose()))).collect()
    }

    /// Makes the key of an epoch, or takes the one that stands in its file. A key that is in no file must never be used.
    pub(crate) fn make(&self, epoch: i64) -> Result<(), SecretsError> {
        self.put(epoch, &RawKey::generate())
    }

    /// Takes a key that another node handed over.
    pub(crate) fn put(&self, epoch: i64, new: &RawKey) -> Result<(), SecretsError> {
        let path = path(&self.folder, epoch);
        write_once(&path, Zeroizing::new(new.expose().to_vec()))?;
        // What is in the file, and not what was to be written, where the two differ.
        self.keys.write().insert(epoch, key(&path, false)?);
        Ok(())
    }

    /// Destroys a key: in memory, then in its file, and in what a program left behind that was killed while it wrote one. What
    /// a medium keeps of bytes that were overwritten is its own affair; whoever tells of it names the medium.
    pub(crate) fn destroy(&self, epoch: i64) -> Result<(), SecretsError> {
        self.keys.write().remove(&epoch);
        let error = |error| SecretsError::Io { path: self.folder.clone(), error };
        let (mut is_there, beginning) = (false, format!("epoch-{epoch}."));
        for entry in fs::read_dir(&self.folder).map_err(error)? {
            let path = entry.map_err(error)?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            if name.is_some_and(|name| name.starts_with(&beginning)) {
                overwrite(&path).and_then(|()| fs::remove_file(&path)).map_err(error)?;
                is_there = true;
            }
        }
        if is_there { File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(error) } else { Ok(()) }
    }

    /// The file system that the files lie on, as far as the machine says so.
    pub(crate) fn medium(&self) -> String {
        places::file_system(&self.folder)
    }
}

/// Overwrites a file with noise.
pub(crate) fn overwrite(path: &Path) -> io::Result<()> {
    let length = usize::try_from(fs::metadata(path)?.len()).unwrap_or(usize::MAX);
    // Never shorter than a key: a file that was cut off may stand where its rest did.
    let noise: Vec<u8> =
        std::iter::repeat_with(random::bytes::<32>).take(length.div_ceil(32).max(1)).flatten().collect();
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(&noise)?;
    file.sync_all()
}

fn path(folder: &Path, epoch: i64) -> PathBuf {
    folder.join(format!("epoch-{epoch}.key"))
}

fn epoch_of(name: &str) -> Option<i64> {
    let epoch = name.strip_prefix("epoch-")?.strip_suffix(".key")?.parse().ok()?;
    (epoch > 0 && name == format!("epoch-{epoch}.key")).then_some(epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destroyed_key_is_overwritten_before_it_is_unlinked() {
        let folder = tempfile::tempdir().unwrap();
        let keys = EpochKeys::load(folder.path(), true).unwrap();
        keys.make(2).unwrap();
        // Another name for the same file shows what stands in it once the first name is gone.
        let (first, second) = (folder.path().join("epoch-1.key"), folder.path().join("link"));
        fs::hard_link(&first, &second).unwrap();
        let before = fs::read(&second).unwrap();
        assert_eq!(keys.exposed()[0].1.expose().as_slice(), before, "what is looked for is found first");
        keys.destroy(1).unwrap();
        let after = fs::read(&second).unwrap();
        assert_eq!(after.len(), 32);
        assert!(!after.windows(4).any(|window| before.windows(4).any(|other| other == window)));
        assert!(!first.exists() && keys.get(1).is_none());
        assert_eq!(keys.held(), [2]);
        keys.destroy(1).unwrap();
        // What was left behind by a program that was killed while it wrote the file goes, and no other epoch's.
        let left = folder.path().join("epoch-2.77.new");
        keys.make(21).unwrap();
        fs::write(&left, before).unwrap();
        keys.destroy(2).unwrap();
        assert!(!left.exists());
        assert_eq!(keys.held(), [21]);
        assert!(folder.path().join("epoch-21.key").exists());
    }

    #[test]
    fn every_epoch_in_the_folder_is_held_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let keys = EpochKeys::load(folder.path(), true).unwrap();
        keys.make(2).unwrap();
        keys.make(3).unwrap();
        let made = *keys.exposed()[1].1.expose();
        keys.make(2).unwrap();
        assert_eq!(*keys.exposed()[1].1.expose(), made, "one that is there is not made anew");
        keys.destroy(1).unwrap();
        for foreign in ["epoch-x.key", "epoch-04.key", "epoch--1.key", "epoch-5.key.old"] {
            fs::write(folder.path().join(foreign), "nothing of ours").unwrap();
        }
        let again = EpochKeys::load(folder.path(), false).unwrap();
        assert_eq!(again.held(), [2, 3]);
        assert_eq!(*again.exposed()[0].1.expose(), made);
    }
}
