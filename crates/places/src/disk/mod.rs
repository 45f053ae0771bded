//! A folder: on another disk, on another machine, as the system mounts it.
//!
//! An object is written under another name and synced, then given its name in one step, and the folder is synced: after a crash
//! there is all of it or none. What is replaced or deleted is overwritten as far as the medium allows; for what is larger
//! than [`WIPED`], the death of its key is the deletion.

mod below;
mod medium;
#[cfg(test)]
mod tests;
mod thread;

use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use privacy::random;

use self::below::{Folder, Found};
pub use self::medium::file_system;
use self::thread::Thread;
use crate::{BoxFuture, Error, LARGEST, Object, Place, Result, Write, name, too_large};

/// Keys, in every form, are smaller.
const WIPED: u64 = 1024 * 1024;
/// Where objects are written before they have their name.
const UNNAMED: &str = ".new";
/// What is written there has its name sooner, or never.
const LEFT_BEHIND: i64 = 3600;
/// A folder in which one thing takes longer is not waited for by anybody else.
const STUCK: Duration = Duration::from_secs(30);

/// The folder.
#[derive(Debug)]
pub struct Disk {
    place: Arc<Inner>,
    thread: Thread,
}

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    file_system: OnceLock<String>,
}

impl Disk {
    /// The place in this folder. It must be there: where a disk is not mounted, a folder made anew would be on the wrong one.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self::stuck_after(root, STUCK)
    }

    fn stuck_after(root: impl Into<PathBuf>, stuck: Duration) -> Self {
        let place = Inner { root: root.into(), file_system: OnceLock::new() };
        Self { place: Arc::new(place), thread: Thread::new(stuck) }
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Inner) -> Result<T> + Send + 'static) -> Result<T> {
        let place = Arc::clone(&self.place);
        let done = self.thread.run(move || {
            place.file_system.get_or_init(|| file_system(&place.root));
            work(&place)
        });
        match done.await {
            Ok(done) => done,
            Err(why) => Err(Error::Away(format!("{}: {why}", self.place.root.display()))),
        }
    }
}

impl Inner {
    /// What is no folder or no file of ours somebody put there; anything else may pass.
    fn error(&self, path: &Path, error: &io::Error) -> Error {
        let told = format!("{}: {error}", path.display());
        if error.kind() == ErrorKind::InvalidData { Error::Unfit(told) } else { Error::Away(told) }
    }

    fn root(&self) -> Result<Folder> {
        Folder::open(&self.root).map_err(|error| self.error(&self.root, &error))
    }

    /// The folder that holds an object, and the object's name in it.
    fn folder_of<'n>(&self, root: Folder, name: &'n str, make: bool) -> io::Result<(Folder, &'n str)> {
        let (above, leaf) = name.rsplit_once('/').unwrap_or(("", name));
        let parts = above.split('/').filter(|part| !part.is_empty());
        let folder = parts.into_iter().try_fold(root, |folder, part| match folder.below(part) {
            Err(missing) if missing.kind() == ErrorKind::NotFound && make => {
                folder.make(part)?;
                folder.below(part)
            }
            other => other,
        })?;
        Ok((folder, leaf))
    }

    /// Also clears away what a killed program left half written: not what another one writes just now.
    fn prepare(&self) -> Result<()> {
        let root = self.root()?;
        let path = self.root.join(UNNAMED);
        let cleared = || {
            root.make(UNNAMED)?;
            let unnamed = root.below(UNNAMED)?;
            // By the folder's own clock.
            let probe = format!("{:x}", random::number());
            let now = unnamed.create(&probe)?.metadata()?.mtime();
            unnamed.remove(&probe)?;
            for Found { name, is_folder, changed_at, .. } in unnamed.list()? {
                if is_folder || changed_at > now - LEFT_BEHIND {
                    continue;
                }
                let left = unnamed.open_to_write(&name).ok();
                unnamed.remove(&name)?;
                left.map_or(Ok(()), wipe)?;
            }
            Ok(())
        };
        cleared().map_err(|error| self.error(&path, &error))
    }

    fn write(&self, name: &str, bytes: &[u8], how: Write) -> Result<()> {
        name::check(name)?;
        if bytes.len() > LARGEST {
            return Err(too_large(name, bytes.len() as u64));
        }
        let path = self.root.join(name);
        // Before anything is made: the folder itself is not ours to make.
        let root = self.root()?;
        let written = || {
            root.make(UNNAMED)?;
            let unnamed = root.below(UNNAMED)?;
            let new = format!("{:x}", random::number());
            let mut file = unnamed.create(&new)?;
            let written = file.write_all(bytes).and_then(|()| file.sync_all());
            let named = written.and_then(|()| self.give_name(root, (&unnamed, &new), name, how));
            // Under both names, or under none that anybody reads.
            let _ = unnamed.remove(&new);
            named
        };
        written().map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Error::Exists,
            _ => self.error(&path, &error),
        })
    }

    fn give_name(&self, root: Folder, new: (&Folder, &str), name: &str, how: Write) -> io::Result<()> {
        let (folder, leaf) = self.folder_of(root, name, true)?;
        match how {
            // A link, unlike a rename, does not replace what is there.
            Write::Create => folder.link(new, leaf)?,
            Write::Replace => {
                // What cannot be opened cannot be overwritten, and must not be said to be gone.
                let before = folder.open_to_write(leaf);
                let before = match before {
                    Err(missing) if missing.kind() == ErrorKind::NotFound => None,
                    other => Some(other?),
                };
                folder.take_name(new, leaf)?;
                folder.sync()?;
                before.map_or(Ok(()), wipe)?;
            }
        }
        folder.sync()
    }

    fn read(&self, name: &str) -> Result<Option<Bytes>> {
        name::check(name)?;
        let path = self.root.join(name);
        let root = self.root()?;
        let opened = self.folder_of(root, name, false).and_then(|(folder, leaf)| folder.open_to_read(leaf));
        let file = match opened {
            Ok(file) => file,
            Err(missing) if missing.kind() == ErrorKind::NotFound => return Ok(None),
            Err(other) => return Err(self.error(&path, &other)),
        };
        let mut bytes = Vec::new();
        file.take(LARGEST as u64 + 1).read_to_end(&mut bytes).map_err(|error| self.error(&path, &error))?;
        if bytes.len() > LARGEST {
            return Err(too_large(name, bytes.len() as u64));
        }
        Ok(Some(bytes.into()))
    }

    fn list(&self, beginning: &str) -> Result<Vec<Object>> {
        let (root, mut found) = (self.root()?, Vec::new());
        walk(&root, "", beginning, &mut found).map_err(|error| self.error(&self.root, &error))?;
        found.sort();
        Ok(found)
    }

    fn remove(&self, name: &str) -> Result<()> {
        name::check(name)?;
        let path = self.root.join(name);
        let root = self.root()?;
        let removed = || {
            let (folder, leaf) = self.folder_of(root, name, false)?;
            let before = folder.open_to_write(leaf)?;
            folder.remove(leaf)?;
            folder.sync()?;
            wipe(before)
        };
        match removed() {
            Err(missing) if missing.kind() == ErrorKind::NotFound => Ok(()),
            other => other.map_err(|error| self.error(&path, &error)),
        }
    }
}

fn walk(folder: &Folder, above: &str, beginning: &str, found: &mut Vec<Object>) -> io::Result<()> {
    for Found { name, is_folder, is_file, bytes, .. } in folder.list()? {
        let whole = format!("{above}{name}");
        // What has another name is not an object of ours: the system's own, such as `lost+found`.
        if name::check(&whole).is_err() {
            continue;
        }
        let inside = format!("{whole}/");
        if is_folder && (beginning.starts_with(&inside) || inside.starts_with(beginning)) {
            walk(&folder.below(&name)?, &inside, beginning, found)?;
        } else if is_file && whole.starts_with(beginning) {
            found.push(Object { name: whole, bytes });
        }
    }
    Ok(())
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
    fn medium(&self) -> String {
        // Not asked of a folder that may hang: known once something was done there.
        self.place.file_system.get().map_or_else(|| "folder".to_owned(), |system| format!("folder on {system}"))
    }

    fn identity(&self) -> String {
        format!("folder {}", self.place.root.display())
    }

    fn check(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.run(Inner::prepare))
    }

    fn put<'a>(&'a self, name: &'a str, bytes: Bytes, how: Write) -> BoxFuture<'a, Result<()>> {
        let name = name.to_owned();
        Box::pin(self.run(move |place| place.write(&name, &bytes, how)))
    }

    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Bytes>>> {
        let name = name.to_owned();
        Box::pin(self.run(move |place| place.read(&name)))
    }

    fn list<'a>(&'a self, beginning: &'a str) -> BoxFuture<'a, Result<Vec<Object>>> {
        let beginning = beginning.to_owned();
        Box::pin(self.run(move |place| place.list(&beginning)))
    }

    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<()>> {
        let name = name.to_owned();
        Box::pin(self.run(move |place| place.remove(&name)))
    }
}
