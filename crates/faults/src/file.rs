//! An open file: what SQLite asks of it, and the answers, in SQLite's result codes.

use std::ffi::{c_int, c_void};
use std::path::PathBuf;

use parking_lot::MutexGuard;
use rusqlite::ffi;

use crate::disk::{Disk, State};
use crate::lock::{Holder, Level};
use crate::memory::Region;
use crate::plan::{Fault, Kind, Operation};

/// A connection's file.
#[derive(Debug)]
pub(crate) struct Open {
    disk: Disk,
    path: PathBuf,
    kind: Kind,
    file: u64,
    holder: Holder,
    delete_on_close: bool,
    /// What SQLite has pointers into: stays as long as this, even if the disk crashes.
    regions: Vec<Region>,
}

impl Open {
    pub(crate) const fn new(disk: Disk, path: PathBuf, kind: Kind, file: u64, holder: Holder) -> Self {
        Self { disk, path, kind, file, holder, delete_on_close: false, regions: Vec::new() }
    }

    pub(crate) const fn delete_on_close(mut self, delete: bool) -> Self {
        self.delete_on_close = delete;
        self
    }

    fn begin(&self, operation: Operation, dead: c_int) -> Result<(MutexGuard<'_, State>, Option<Fault>), c_int> {
        self.disk.begin(self.file, operation, self.kind).ok_or(dead)
    }

    fn live(&self, dead: c_int) -> Result<MutexGuard<'_, State>, c_int> {
        self.disk.live(self.file).ok_or(dead)
    }

    pub(crate) fn read(&self, into: &mut [u8], offset: u64) -> Result<(), c_int> {
        let (mut state, fault) = self.begin(Operation::Read, ffi::SQLITE_IOERR_READ)?;
        let pages = &state.entry(self.file).ok_or(ffi::SQLITE_IOERR_READ)?.pages;
        if matches!(fault, Some(Fault::Io | Fault::Full)) {
            return Err(ffi::SQLITE_IOERR_READ);
        }
        let there = pages.read(offset, into).map_err(|_| ffi::SQLITE_IOERR_READ)?;
        if fault == Some(Fault::Short) {
            into[there / 2..].fill(0);
            return Err(ffi::SQLITE_IOERR_SHORT_READ);
        }
        if there < into.len() { Err(ffi::SQLITE_IOERR_SHORT_READ) } else { Ok(()) }
    }

    pub(crate) fn write(&self, bytes: &[u8], offset: u64) -> Result<(), c_int> {
        let failed = ffi::SQLITE_IOERR_WRITE;
        let (mut state, fault) = self.begin(Operation::Write, failed)?;
        let bytes = match fault {
            None => bytes,
            Some(_) => &bytes[..state.random.below(bytes.len() as u64 + 1) as usize],
        };
        state.entry(self.file).ok_or(failed)?.pages.write(offset, bytes).map_err(|_| failed)?;
        state.maybe_write_back(self.file).map_err(|_| failed)?;
        match fault {
            None => Ok(()),
            Some(Fault::Full) => Err(ffi::SQLITE_FULL),
            Some(_) => Err(failed),
        }
    }

    pub(crate) fn truncate(&self, length: u64) -> Result<(), c_int> {
        let (mut state, fault) = self.begin(Operation::Write, ffi::SQLITE_IOERR_TRUNCATE)?;
        if fault.is_some() {
            return Err(ffi::SQLITE_IOERR_TRUNCATE);
        }
        state.entry(self.file).ok_or(ffi::SQLITE_IOERR_TRUNCATE)?.pages.resize(length);
        Ok(())
    }

    pub(crate) fn sync(&self) -> Result<(), c_int> {
        let failed = ffi::SQLITE_IOERR_FSYNC;
        let (mut guard, fault) = self.begin(Operation::Sync, failed)?;
        let state = &mut *guard;
        let pages = &mut state.files.get_mut(&self.file).ok_or(failed)?.pages;
        if fault == Some(Fault::Lie) {
            return Ok(());
        }
        if fault.is_some() {
            pages.fail_flush(&mut state.random).map_err(|_| failed)?;
            return Err(failed);
        }
        pages.flush().map_err(|_| failed)?;
        let real = state.flush.then(|| pages.real());
        drop(guard);
        // The state is free meanwhile: a slow disk holds nobody up but whoever asked for this.
        real.map_or(Ok(()), |real| real.sync_data().map_err(|_| failed))
    }

    pub(crate) fn length(&self) -> Result<u64, c_int> {
        let mut state = self.live(ffi::SQLITE_IOERR_FSTAT)?;
        Ok(state.entry(self.file).ok_or(ffi::SQLITE_IOERR_FSTAT)?.pages.length())
    }

    pub(crate) fn lock(&self, level: Level) -> Result<(), c_int> {
        let mut state = self.live(ffi::SQLITE_IOERR_LOCK)?;
        let locks = &mut state.entry(self.file).ok_or(ffi::SQLITE_IOERR_LOCK)?.locks;
        if locks.take(self.holder, level) { Ok(()) } else { Err(ffi::SQLITE_BUSY) }
    }

    pub(crate) fn unlock(&self, level: Level) {
        if let Some(mut state) = self.disk.live(self.file)
            && let Some(entry) = state.entry(self.file)
        {
            entry.locks.lower(self.holder, level);
        }
    }

    pub(crate) fn is_reserved(&self) -> Result<bool, c_int> {
        let failed = ffi::SQLITE_IOERR_CHECKRESERVEDLOCK;
        let mut state = self.live(failed)?;
        Ok(state.entry(self.file).ok_or(failed)?.locks.is_reserved())
    }

    /// A piece of the log's index; null where it is not there and not wanted.
    pub(crate) fn map(&mut self, index: usize, bytes: usize, extend: bool) -> Result<*mut c_void, c_int> {
        let failed = ffi::SQLITE_IOERR_SHMMAP;
        let mut state = self.disk.live(self.file).ok_or(failed)?;
        let entry = state.entry(self.file).ok_or(failed)?;
        if !entry.sharers.contains(&self.holder) {
            entry.sharers.push(self.holder);
        }
        while extend && entry.regions.len() <= index {
            entry.regions.push(Region::new(bytes));
        }
        let Some(region) = entry.regions.get(index) else {
            return Ok(std::ptr::null_mut());
        };
        let start = region.start();
        self.regions.push(region.clone());
        Ok(start)
    }

    pub(crate) fn lock_slots(&self, mask: u8, exclusive: bool) -> Result<(), c_int> {
        let mut state = self.live(ffi::SQLITE_IOERR_SHMLOCK)?;
        let slots = &mut state.entry(self.file).ok_or(ffi::SQLITE_IOERR_SHMLOCK)?.slots;
        if slots.take(self.holder, mask, exclusive) { Ok(()) } else { Err(ffi::SQLITE_BUSY) }
    }

    pub(crate) fn unlock_slots(&self, mask: u8) {
        if let Some(mut state) = self.disk.live(self.file)
            && let Some(entry) = state.entry(self.file)
        {
            entry.slots.release(self.holder, mask);
        }
    }

    pub(crate) fn unmap(&mut self) {
        if let Some(mut state) = self.disk.live(self.file)
            && let Some(entry) = state.entry(self.file)
        {
            entry.leave_index(self.holder);
        }
        self.regions.clear();
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.disk.close(self.file, self.holder, &self.path);
        if self.delete_on_close {
            // Nobody asks for a temporary file again.
            let _ = self.disk.delete(&self.path);
        }
    }
}
