//! A folder: on another disk, on another machine, as the system mounts it.
//!
//! An object is written under another name and synced, then given its name in one step, and the folder is synced: after a crash
//! there is all of it or none. What is replaced or deleted is overwritten as far as the medium allows; for what is larger
//! than [`WIPED`], the death of its key is the deletion.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use privacy::random;

use crate::{BoxFuture, Error, LARGEST, Object, Place, Result, Write, name, too_large};

/// Keys, in every form, are smaller.
const WIPED: u64 = 1024 * 1024;
/// Where objects are written before they have their name.
const UNNAMED: &str = ".new";

/// The folder.
#[derive(Clone, Debug)]
pub struct Disk {
    root: PathBuf,
}

impl Disk {
    /// The place in this folder. It must be there: where a disk is not mounted, a folder made anew would be on the wrong one.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Self) -> Result<T> + Send + 'static) -> Result<T> {
        let this = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&this)).await;
        done.unwrap_or_else(|_| Err(Error::Away("the disk's thread has ended".to_owned())))
    }

    fn away(&self, path: &Path, error: &io::Error) -> Error {
        Error::Away(format!("{}: {error}", path.display()))
    }

    fn path(&self, name: &str) -> Result<PathBuf> {
        name::check(name)?;
        Ok(self.root.join(name))
    }

    /// Also clears away what a killed program left half written.
    fn prepare(&self) -> Result<()> {
        let unnamed = self.root.join(UNNAMED);
        let is_there = fs::metadata(&self.root).map_err(|error| self.away(&self.root, &error))?;
        if !is_there.is_dir() {
            return Err(Error::Unfit(format!("{} is no folder", self.root.display())));
        }
        make(&unnamed).map_err(|error| self.away(&unnamed, &error))?;
        for left in fs::read_dir(&unnamed).map_err(|error| self.away(&unnamed, &error))? {
            let path = left.map_err(|error| self.away(&unnamed, &error))?.path();
            fs::remove_file(&path).map_err(|error| self.away(&path, &error))?;
        }
        Ok(())
    }

    fn write(&self, name: &str, bytes: &[u8], how: Write) -> Result<()> {
        let path = self.path(name)?;
        if bytes.len() > LARGEST {
            return Err(too_large(name, bytes.len() as u64));
        }
        let error = |error: io::Error| match error.kind() {
            ErrorKind::AlreadyExists => Error::Exists,
            _ => self.away(&path, &error),
        };
        // Before anything is made: the folder itself is not ours to make.
        fs::metadata(&self.root).map_err(error)?;
        let unnamed = self.root.join(UNNAMED);
        make(&unnamed).map_err(error)?;
        let new = unnamed.join(format!("{:x}", random::number()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new).map_err(error)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        let named = written.and_then(|()| self.give_name(&new, &path, how));
        // Under both names, or under none that anybody reads.
        let _ = fs::remove_file(&new);
        named.map_err(error)
    }

    fn give_name(&self, new: &Path, path: &Path, how: Write) -> io::Result<()> {
        let folder = path.parent().unwrap_or(&self.root);
        self.make_below(folder)?;
        match how {
            // A link, unlike a rename, does not replace what is there.
            Write::Create => fs::hard_link(new, path)?,
            Write::Replace => {
                let before = OpenOptions::new().write(true).open(path);
                fs::rename(new, path)?;
                sync(folder)?;
                if let Ok(before) = before {
                    wipe(before)?;
                }
            }
        }
        sync(folder)
    }

    /// A folder below the root and all above it, so that they are there after a crash.
    fn make_below(&self, folder: &Path) -> io::Result<()> {
        if folder == self.root || folder.is_dir() {
            return Ok(());
        }
        let above = folder.parent().unwrap_or(&self.root);
        self.make_below(above)?;
        make(folder)?;
        sync(above)
    }

    fn read(&self, name: &str) -> Result<Option<Bytes>> {
        let path = self.path(name)?;
        let error = |error| self.away(&path, &error);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(missing) if missing.kind() == ErrorKind::NotFound => {
                // The object, or the whole disk?
                return fs::metadata(&self.root).map(|_| None).map_err(error);
            }
            Err(other) => return Err(error(other)),
        };
        let mut bytes = Vec::new();
        file.take(LARGEST as u64 + 1).read_to_end(&mut bytes).map_err(error)?;
        if bytes.len() > LARGEST {
            return Err(too_large(name, bytes.len() as u64));
        }
        Ok(Some(bytes.into()))
    }

    fn walk(&self, folder: &Path, beginning: &str, found: &mut Vec<Object>) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            // What has another name is not an object of ours: the system's own, such as `lost+found`.
            let Some(name) =
                path.strip_prefix(&self.root).ok().and_then(Path::to_str).filter(|n| name::check(n).is_ok())
            else {
                continue;
            };
            let kind = entry.file_type()?;
            let may_hold = beginning.starts_with(&format!("{name}/")) || format!("{name}/").starts_with(beginning);
            if kind.is_dir() && may_hold {
                self.walk(&path, beginning, found)?;
            } else if kind.is_file() && name.starts_with(beginning) {
                found.push(Object { name: name.to_owned(), bytes: entry.metadata()?.len() });
            }
        }
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<()> {
        let path = self.path(name)?;
        let error = |error| self.away(&path, &error);
        fs::metadata(&self.root).map_err(error)?;
        let before = match OpenOptions::new().write(true).open(&path) {
            Ok(before) => before,
            Err(missing) if missing.kind() == ErrorKind::NotFound => return Ok(()),
            Err(other) => return Err(error(other)),
        };
        fs::remove_file(&path).and_then(|()| sync(path.parent().unwrap_or(&self.root))).map_err(error)?;
        wipe(before).map_err(error)
    }
}

fn make(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(there) if there.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Overwrites what has no name any more.
fn wipe(mut file: File) -> io::Result<()> {
    let length = file.metadata()?.len();
    if length > WIPED {
        return Ok(());
    }
    file.rewind()?;
    io::copy(&mut io::repeat(0).take(length), &mut file)?;
    file.sync_all()
}

impl Place for Disk {
    fn medium(&self) -> &'static str {
        "folder"
    }

    fn check(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.run(Self::prepare))
    }

    fn put<'a>(&'a self, name: &'a str, bytes: Bytes, how: Write) -> BoxFuture<'a, Result<()>> {
        let name = name.to_owned();
        Box::pin(self.run(move |disk| disk.write(&name, &bytes, how)))
    }

    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Bytes>>> {
        let name = name.to_owned();
        Box::pin(self.run(move |disk| disk.read(&name)))
    }

    fn list<'a>(&'a self, beginning: &'a str) -> BoxFuture<'a, Result<Vec<Object>>> {
        let beginning = beginning.to_owned();
        Box::pin(self.run(move |disk| {
            let mut found = Vec::new();
            let walked = disk.walk(&disk.root, &beginning, &mut found);
            walked.map_err(|error| disk.away(&disk.root, &error))?;
            found.sort();
            Ok(found)
        }))
    }

    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<()>> {
        let name = name.to_owned();
        Box::pin(self.run(move |disk| disk.remove(&name)))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::*;

    fn disk() -> (tempfile::TempDir, Disk) {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path());
        (folder, disk)
    }

    #[tokio::test]
    async fn a_disk_that_is_not_mounted_is_away_and_nothing_is_made_in_its_stead() {
        let (folder, _) = disk();
        let root = folder.path().join("mount");
        let disk = Disk::new(&root);
        fs::create_dir(&root).unwrap();
        disk.put("keys/epoch", Bytes::from_static(b"1"), Write::Create).await.unwrap();
        fs::remove_dir_all(&root).unwrap();
        let is_away = |result: Result<()>| matches!(result, Err(Error::Away(_)));
        assert!(is_away(disk.check().await));
        assert!(is_away(disk.put("keys/epoch", Bytes::from_static(b"1"), Write::Create).await));
        assert!(is_away(disk.get("keys/epoch").await.map(drop)), "away is not: there is none");
        assert!(is_away(disk.list("").await.map(drop)));
        assert!(is_away(disk.delete("keys/epoch").await), "away is not: it is gone");
        assert!(!root.exists());
    }

    #[tokio::test]
    async fn what_a_killed_program_left_is_cleared_away_and_was_never_seen() {
        let (folder, disk) = disk();
        disk.put("keys/epoch", Bytes::from_static(b"1"), Write::Create).await.unwrap();
        let left = folder.path().join(".new/half");
        fs::write(&left, b"hal").unwrap();
        assert_eq!(disk.list("").await.unwrap().len(), 1);
        disk.check().await.unwrap();
        assert!(!left.exists());
        assert!(disk.get("keys/epoch").await.unwrap().is_some());
    }

    #[tokio::test]
    async fn nobody_else_reads_it() {
        let (folder, disk) = disk();
        disk.put("keys/epoch", Bytes::from_static(b"1"), Write::Create).await.unwrap();
        let mode = |path: &str| fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("keys"), mode("keys/epoch")), (0o700, 0o600));
    }

    #[tokio::test]
    async fn what_was_replaced_or_deleted_is_overwritten() {
        let (folder, disk) = disk();
        for is_deleted in [false, true] {
            disk.put("keys/epoch", Bytes::from_static(b"canary"), Write::Replace).await.unwrap();
            // A second name for the same bytes on the disk: what an undelete tool would find.
            let held = folder.path().join("held");
            fs::hard_link(folder.path().join("keys/epoch"), &held).unwrap();
            assert_eq!(fs::read(&held).unwrap(), b"canary");
            if is_deleted {
                disk.delete("keys/epoch").await.unwrap();
            } else {
                disk.put("keys/epoch", Bytes::from_static(b"newer"), Write::Replace).await.unwrap();
                assert_eq!(disk.get("keys/epoch").await.unwrap().unwrap(), b"newer"[..]);
            }
            assert_eq!(fs::read(&held).unwrap(), [0; 6]);
            fs::remove_file(held).unwrap();
        }
    }

    #[tokio::test]
    async fn an_object_has_one_name_only() {
        let (folder, disk) = disk();
        disk.put("keys/epoch", Bytes::from_static(b"1"), Write::Create).await.unwrap();
        assert_eq!(fs::metadata(folder.path().join("keys/epoch")).unwrap().nlink(), 1);
        assert_eq!(fs::read_dir(folder.path().join(".new")).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn what_is_not_ours_is_not_listed() {
        let (folder, disk) = disk();
        fs::create_dir(folder.path().join("lost+found")).unwrap();
        fs::write(folder.path().join("README"), "").unwrap();
        assert_eq!(disk.list("").await.unwrap(), []);
    }
}
