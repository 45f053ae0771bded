//! Opens what lies below a folder, and nothing that lies elsewhere: whoever else can write there may have put a link or a pipe in
//! the stead of an object, and what is opened here is overwritten.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{self, AtFlags, CWD, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// A pipe does not hold anybody up, and a link leads nowhere.
const FILE: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// A folder, held open: no name leads out of it.
pub(super) struct Folder(OwnedFd);

/// Something in a folder.
pub(super) struct Found {
    pub(super) name: String,
    pub(super) is_folder: bool,
    pub(super) is_file: bool,
    pub(super) bytes: u64,
    /// Seconds, by the folder's own clock.
    pub(super) changed_at: i64,
}

impl Folder {
    /// The folder that somebody named: they may have named a link.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        fs::openat(CWD, path, FOLDER, Mode::empty()).map(Self).map_err(told)
    }

    pub(super) fn below(&self, name: &str) -> io::Result<Self> {
        fs::openat(&self.0, name, FOLDER | OFlags::NOFOLLOW, Mode::empty()).map(Self).map_err(told)
    }

    /// Makes a folder, where there is none, so that it is there after a crash.
    pub(super) fn make(&self, name: &str) -> io::Result<()> {
        match fs::mkdirat(&self.0, name, Mode::RWXU) {
            Err(Errno::EXIST) => Ok(()),
            made => made.map_err(told).and_then(|()| self.sync()),
        }
    }

    /// A new file, which nobody else reads.
    pub(super) fn create(&self, name: &str) -> io::Result<File> {
        let flags = FILE | OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        fs::openat(&self.0, name, flags, Mode::RUSR | Mode::WUSR).map(File::from).map_err(told)
    }

    pub(super) fn open_to_read(&self, name: &str) -> io::Result<File> {
        self.file(name, OFlags::RDONLY)
    }

    pub(super) fn open_to_write(&self, name: &str) -> io::Result<File> {
        self.file(name, OFlags::WRONLY)
    }

    fn file(&self, name: &str, flags: OFlags) -> io::Result<File> {
        let file = File::from(fs::openat(&self.0, name, FILE | flags, Mode::empty()).map_err(told)?);
        if file.metadata()?.is_file() { Ok(file) } else { Err(strange()) }
    }

    /// Gives a file another name, which must be free.
    pub(super) fn link(&self, (folder, file): (&Self, &str), name: &str) -> io::Result<()> {
        fs::linkat(&folder.0, file, &self.0, name, AtFlags::empty()).map_err(told)
    }

    /// Gives a file this name and no other, whoever has it.
    pub(super) fn take_name(&self, (folder, file): (&Self, &str), name: &str) -> io::Result<()> {
        fs::renameat(&folder.0, file, &self.0, name).map_err(told)
    }

    /// Takes a name away; one that is not there is gone.
    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        match fs::unlinkat(&self.0, name, AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            other => other.map_err(told),
        }
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        fs::fsync(&self.0).map_err(told)
    }

    /// What is in it. What goes meanwhile is left out.
    pub(super) fn list(&self) -> io::Result<Vec<Found>> {
        let mut found = Vec::new();
        for entry in Dir::read_from(&self.0).map_err(told)? {
            let entry = entry.map_err(told)?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            if name == "." || name == ".." {
                continue;
            }
            let stat = match fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => continue,
                other => other.map_err(told)?,
            };
            let kind = FileType::from_raw_mode(stat.st_mode);
            found.push(Found {
                name: name.to_owned(),
                is_folder: kind == FileType::Directory,
                is_file: kind == FileType::RegularFile,
                bytes: u64::try_from(stat.st_size).unwrap_or(0),
                changed_at: stat.st_mtime,
            });
        }
        Ok(found)
    }
}

fn told(errno: Errno) -> io::Error {
    // A link, a file where a folder should be or the reverse, a pipe that nobody reads.
    if [Errno::LOOP, Errno::NOTDIR, Errno::ISDIR, Errno::NXIO].contains(&errno) { strange() } else { errno.into() }
}

fn strange() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "somebody put something else there: a link, a pipe, a folder or a file")
}
