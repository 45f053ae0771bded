//! Disks: each has its folder, its files, its faults and its fate.

use std::collections::HashMap;
use std::ffi::c_int;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use rusqlite::ffi;

use crate::file::Open;
use crate::lock::{FileLocks, Holder, SlotLocks};
use crate::memory::Region;
use crate::pages::Pages;
use crate::plan::{Fault, Files, Kind, Operation, Plan, Rule};
use crate::random::Sequence;
use crate::setup::Setup;

static DISKS: Mutex<Vec<Disk>> = Mutex::new(Vec::new());

/// A disk: whatever lies in its folder and in no other disk's below that. Clones are the same disk.
#[derive(Clone, Debug)]
pub struct Disk(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(crate) struct State {
    on: bool,
    next: u64,
    pub(crate) random: Sequence,
    write_back: u64,
    pub(crate) flush: bool,
    plan: Plan,
    names: HashMap<PathBuf, u64>,
    pub(crate) files: HashMap<u64, Entry>,
    /// Databases that this process has opened, locked against every other process.
    guards: HashMap<PathBuf, File>,
}

/// A file that is open, or that was and has something the disk does not have yet.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) pages: Pages,
    pub(crate) locks: FileLocks,
    pub(crate) slots: SlotLocks,
    pub(crate) regions: Vec<Region>,
    /// Connections that use the log's index.
    pub(crate) sharers: Vec<Holder>,
    opened: usize,
}

/// The disk of a folder, which must exist; made when first asked for, and kept as long as the process. What no folder of a disk
/// holds lies on that of `/`.
///
/// # Errors
/// Where there is no such folder.
pub fn disk(folder: &Path) -> io::Result<Disk> {
    let folder = folder.canonicalize()?;
    let mut disks = DISKS.lock();
    if let Some(disk) = disks.iter().find(|disk| disk.0.folder == folder) {
        return Ok(disk.clone());
    }
    let disk = Disk::new(folder);
    disks.push(disk.clone());
    Ok(disk)
}

/// The disk that a file lies on.
pub(crate) fn disk_of(path: &Path) -> Disk {
    let mut disks = DISKS.lock();
    let holding = disks.iter().filter(|disk| path.starts_with(&disk.0.folder));
    if let Some(disk) = holding.max_by_key(|disk| disk.0.folder.as_os_str().len()) {
        return disk.clone();
    }
    let root = Disk::new(PathBuf::from("/"));
    disks.push(root.clone());
    root
}

impl Disk {
    fn new(folder: PathBuf) -> Self {
        let Setup { seed, write_back, flush, .. } = Setup::default();
        let state = State {
            on: true,
            next: 0,
            random: Sequence::new(seed),
            write_back,
            flush,
            plan: Plan::default(),
            names: HashMap::new(),
            files: HashMap::new(),
            guards: HashMap::new(),
        };
        Self(Arc::new(Inner { folder, state: Mutex::new(state) }))
    }

    /// Has it behave so from now on, and drops all rules before.
    pub fn set(&self, setup: &Setup) {
        let mut state = self.0.state.lock();
        state.random = Sequence::new(setup.seed);
        state.write_back = setup.write_back;
        state.flush = setup.flush;
        state.plan.clear();
        for rule in &setup.rules {
            state.plan.add(*rule);
        }
    }

    /// Has something go wrong. Rules add up.
    pub fn fail(&self, rule: Rule) {
        self.0.state.lock().plan.add(rule);
    }

    /// Drops all rules: nothing goes wrong any more.
    pub fn heal(&self) {
        self.0.state.lock().plan.clear();
    }

    /// How often something went wrong.
    pub fn struck(&self) -> u64 {
        self.0.state.lock().plan.struck()
    }

    /// How often something was done since the disk was made, whether or not it went well.
    pub fn count(&self, operation: Operation, files: Files) -> u64 {
        self.0.state.lock().plan.count(operation, files)
    }

    /// How many sectors a crash may lose now.
    pub fn unsynced(&self) -> usize {
        self.0.state.lock().files.values().map(|entry| entry.pages.unsynced()).sum()
    }

    /// Crashes, as a process that is killed together with its machine: what was not synced is lost, but for the sectors that
    /// happen to have been written back. From now on everything fails, opening too, until [`Disk::restart`]; what is open
    /// then fails for ever.
    ///
    /// # Errors
    /// Where the real file cannot be written.
    pub fn crash(&self) -> io::Result<()> {
        self.0.state.lock().crash()
    }

    /// Is there again after a crash, without rules: files can be opened anew.
    pub fn restart(&self) {
        let mut state = self.0.state.lock();
        state.plan.clear();
        state.on = true;
    }

    /// Opens a file. `create` makes it where it is not there, `alone` fails where it is.
    pub(crate) fn open(&self, path: PathBuf, kind: Kind, create: bool, alone: bool) -> Result<Open, c_int> {
        let mut state = self.0.state.lock();
        if !state.on {
            return Err(ffi::SQLITE_CANTOPEN);
        }
        let there = path.exists();
        if !there {
            // Whoever removed it went past SQLite; what was written to it is gone with it.
            state.forget(&path);
        }
        let known = state.names.get(&path).copied();
        let holder = state.number();
        let file = match known {
            Some(_) if alone => return Err(ffi::SQLITE_CANTOPEN),
            Some(file) => file,
            None => {
                let mut options = OpenOptions::new();
                options.read(true).write(true).create(create).create_new(create && alone);
                let real = options.open(&path).map_err(|_| ffi::SQLITE_CANTOPEN)?;
                if kind == Kind::Main {
                    state.guard(&path)?;
                }
                let pages = Pages::new(real).map_err(|_| ffi::SQLITE_IOERR_FSTAT)?;
                let file = state.number();
                state.names.insert(path.clone(), file);
                state.files.insert(file, Entry::new(pages));
                file
            }
        };
        state.entry(file).ok_or(ffi::SQLITE_CANTOPEN)?.opened += 1;
        drop(state);
        Ok(Open::new(self.clone(), path, kind, file, holder))
    }

    /// Closes what was opened. As with every system, closing is no sync: what was not synced stays in memory.
    pub(crate) fn close(&self, file: u64, holder: Holder, path: &Path) {
        let mut state = self.0.state.lock();
        let Some(entry) = state.files.get_mut(&file) else {
            return;
        };
        entry.locks.lower(holder, crate::lock::Level::None);
        entry.leave_index(holder);
        entry.opened -= 1;
        if entry.opened > 0 {
            return;
        }
        let named = state.names.get(path) == Some(&file);
        if !named || state.files.get(&file).is_some_and(|entry| entry.pages.is_clean()) {
            state.files.remove(&file);
            if named {
                state.names.remove(path);
                state.guards.remove(path);
            }
        }
    }

    /// Deletes a file, at once and for good.
    pub(crate) fn delete(&self, path: &Path) -> Result<(), c_int> {
        let mut state = self.0.state.lock();
        if !state.on {
            return Err(ffi::SQLITE_IOERR_DELETE);
        }
        state.forget(path);
        std::fs::remove_file(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ffi::SQLITE_IOERR_DELETE_NOENT,
            _ => ffi::SQLITE_IOERR_DELETE,
        })
    }

    /// Whether a file has something in it; to SQLite, an empty journal is none.
    pub(crate) fn has_content(&self, path: &Path) -> bool {
        let state = self.0.state.lock();
        let entry = state.names.get(path).and_then(|file| state.files.get(file));
        entry.map_or_else(
            || path.metadata().is_ok_and(|found| !found.is_file() || found.len() > 0),
            |entry| entry.pages.length() > 0,
        )
    }

    /// Begins an operation on an open file: counts it, has it wait where it is to stall, and says what else goes wrong. `None`
    /// where the file is dead.
    pub(crate) fn begin(
        &self,
        file: u64,
        operation: Operation,
        kind: Kind,
    ) -> Option<(MutexGuard<'_, State>, Option<Fault>)> {
        let mut state = self.live(file)?;
        let fault = match state.plan.note(operation, kind) {
            Some(Fault::Stall(time)) => {
                // Whoever wants something else of the disk goes on meanwhile.
                MutexGuard::unlocked(&mut state, || std::thread::sleep(time));
                None
            }
            Some(Fault::Crash) => {
                // It crashes all the more where the real file cannot be written.
                let _ = state.crash();
                None
            }
            Some(Fault::Lie) if operation != Operation::Sync => None,
            other => other,
        };
        (state.on && state.files.contains_key(&file)).then_some((state, fault))
    }

    /// The state, if the file is of this life.
    pub(crate) fn live(&self, file: u64) -> Option<MutexGuard<'_, State>> {
        let state = self.0.state.lock();
        (state.on && state.files.contains_key(&file)).then_some(state)
    }
}

impl State {
    const fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(crate) fn entry(&mut self, file: u64) -> Option<&mut Entry> {
        self.files.get_mut(&file)
    }

    /// A name means nothing any more. Whoever has the file open keeps it.
    fn forget(&mut self, path: &Path) {
        self.guards.remove(path);
        if let Some(file) = self.names.remove(path)
            && self.files.get(&file).is_some_and(|entry| entry.opened == 0)
        {
            self.files.remove(&file);
        }
    }

    /// Keeps other processes out: locks and the log's index live in this one's memory.
    fn guard(&mut self, path: &Path) -> Result<(), c_int> {
        if !self.guards.contains_key(path) {
            let guard = File::open(path).map_err(|_| ffi::SQLITE_CANTOPEN)?;
            match guard.try_lock() {
                Ok(()) => self.guards.insert(path.to_owned(), guard),
                Err(TryLockError::WouldBlock | TryLockError::Error(_)) => return Err(ffi::SQLITE_CANTOPEN),
            };
        }
        Ok(())
    }

    /// At a random moment, a random part of a file is written back.
    pub(crate) fn maybe_write_back(&mut self, file: u64) -> io::Result<()> {
        if self.write_back > 0
            && self.random.below(self.write_back) == 0
            && let Some(entry) = self.files.get(&file)
        {
            entry.pages.write_back(&mut self.random)?;
        }
        Ok(())
    }

    fn crash(&mut self) -> io::Result<()> {
        self.on = false;
        self.names.clear();
        let mut files: Vec<_> = self.files.drain().collect();
        // In the order of their opening, so that equal seeds leave equal ruins.
        files.sort_unstable_by_key(|(file, _)| *file);
        for (_, entry) in files {
            entry.pages.crash(&mut self.random)?;
        }
        Ok(())
    }
}

impl Entry {
    fn new(pages: Pages) -> Self {
        Self {
            pages,
            locks: FileLocks::default(),
            slots: SlotLocks::default(),
            regions: Vec::new(),
            sharers: Vec::new(),
            opened: 0,
        }
    }

    /// A connection uses the log's index no more; with the last one it goes, and the next one makes it anew from the log.
    pub(crate) fn leave_index(&mut self, holder: Holder) {
        self.slots.forget(holder);
        self.sharers.retain(|sharer| *sharer != holder);
        if self.sharers.is_empty() {
            self.regions.clear();
        }
    }
}
