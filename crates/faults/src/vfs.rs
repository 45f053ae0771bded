//! The file system as SQLite sees it: C functions over [`Disk`](crate::Disk) and [`Open`]. What is no matter of files – time,
//! randomness, full names – is passed on to the file system that was the default before.

#![expect(unsafe_code, reason = "SQLite takes a file system as a table of C functions over raw pointers")]

use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::slice;
use std::sync::OnceLock;
use std::sync::atomic::{Ordering, fence};

use rusqlite::ffi;
use rusqlite::ffi::{sqlite3_file, sqlite3_io_methods, sqlite3_vfs};

use crate::disk::{Disk, disk_of};
use crate::file::Open;
use crate::lock::Level;
use crate::plan::Kind;

/// What SQLite allots for an open file.
#[repr(C)]
struct Handle {
    base: sqlite3_file,
    open: *mut Open,
}

/// Makes this file system the process's default, once; databases that are open already stay where they are. Gives the disk of
/// `/`, which holds whatever no other [`disk`](crate::disk()) does.
///
/// # Panics
/// Where SQLite refuses it.
pub fn install() -> Disk {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        // SAFETY: the default file system is there once SQLite is initialised, for ever, and is plain data; the new table is
        // leaked, so it is there for ever too.
        unsafe {
            assert_eq!(ffi::sqlite3_initialize(), ffi::SQLITE_OK, "SQLite starts");
            let mut vfs: sqlite3_vfs = *ffi::sqlite3_vfs_find(std::ptr::null());
            vfs.iVersion = vfs.iVersion.min(2);
            vfs.szOsFile = size_of::<Handle>() as c_int;
            vfs.pNext = std::ptr::null_mut();
            vfs.zName = c"faults".as_ptr();
            vfs.xOpen = Some(open);
            vfs.xDelete = Some(delete);
            vfs.xAccess = Some(access);
            assert_eq!(ffi::sqlite3_vfs_register(Box::into_raw(Box::new(vfs)), 1), ffi::SQLITE_OK, "it is taken");
        }
    });
    disk_of(Path::new("/"))
}

/// # Safety
/// `name` is a C string or null.
unsafe fn path(name: *const c_char) -> Option<PathBuf> {
    // SAFETY: as the caller promises.
    let name = (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) })?;
    Some(PathBuf::from(OsStr::from_bytes(name.to_bytes())))
}

unsafe extern "C" fn open(
    _: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let has = |flag: c_int| flags & flag != 0;
    // SAFETY: SQLite gives a C string or null.
    let (path, temporary) = match unsafe { path(name) } {
        Some(path) => (path, has(ffi::SQLITE_OPEN_DELETEONCLOSE)),
        None => (nameless(), true),
    };
    let kind = match flags {
        _ if has(ffi::SQLITE_OPEN_MAIN_DB) => Kind::Main,
        _ if has(ffi::SQLITE_OPEN_WAL) => Kind::Log,
        _ => Kind::Other,
    };
    let disk = disk_of(&path);
    let opened = disk.open(path, kind, has(ffi::SQLITE_OPEN_CREATE), has(ffi::SQLITE_OPEN_EXCLUSIVE));
    let handle = file.cast::<Handle>();
    // SAFETY: SQLite allotted `szOsFile` bytes for the handle, and calls no method where `pMethods` is null.
    unsafe {
        match opened {
            Ok(open) => {
                (*handle).open = Box::into_raw(Box::new(open.delete_on_close(temporary)));
                (*handle).base.pMethods = &raw const METHODS;
                if !out.is_null() {
                    *out = flags;
                }
                ffi::SQLITE_OK
            }
            Err(code) => {
                (*handle).base.pMethods = std::ptr::null();
                code
            }
        }
    }
}

/// A name for a file that SQLite gave none.
fn nameless() -> PathBuf {
    use std::sync::atomic::AtomicU64;
    static LAST: AtomicU64 = AtomicU64::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("diskret-faults-{}-{number}", std::process::id()))
}

unsafe extern "C" fn delete(_: *mut sqlite3_vfs, name: *const c_char, _: c_int) -> c_int {
    // SAFETY: SQLite gives a C string.
    match unsafe { path(name) } {
        Some(path) => code(disk_of(&path).delete(&path)),
        None => ffi::SQLITE_IOERR_DELETE,
    }
}

unsafe extern "C" fn access(_: *mut sqlite3_vfs, name: *const c_char, flags: c_int, out: *mut c_int) -> c_int {
    // SAFETY: SQLite gives a C string.
    let Some(path) = (unsafe { path(name) }) else {
        return ffi::SQLITE_IOERR_ACCESS;
    };
    let yes = match flags {
        ffi::SQLITE_ACCESS_EXISTS => disk_of(&path).has_content(&path),
        _ => std::fs::OpenOptions::new().read(true).write(flags == ffi::SQLITE_ACCESS_READWRITE).open(&path).is_ok(),
    };
    // SAFETY: SQLite gives a place for the answer.
    unsafe { *out = c_int::from(yes) };
    ffi::SQLITE_OK
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    // Without memory-mapped pages, which would go past what is not synced.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

const fn code(result: Result<(), c_int>) -> c_int {
    match result {
        Ok(()) => ffi::SQLITE_OK,
        Err(code) => code,
    }
}

fn level(level: c_int) -> Level {
    match level {
        ffi::SQLITE_LOCK_NONE => Level::None,
        ffi::SQLITE_LOCK_SHARED => Level::Shared,
        ffi::SQLITE_LOCK_RESERVED => Level::Reserved,
        ffi::SQLITE_LOCK_PENDING => Level::Pending,
        _ => Level::Exclusive,
    }
}

/// # Safety
/// `file` was opened by [`open`] and not closed, and no other thread uses it: so SQLite promises for every method.
unsafe fn opened<'a>(file: *mut sqlite3_file) -> &'a mut Open {
    // SAFETY: as the caller promises.
    unsafe { &mut *(*file.cast::<Handle>()).open }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: SQLite closes once, and comes back no more.
    drop(unsafe { Box::from_raw((*file.cast::<Handle>()).open) });
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(file: *mut sqlite3_file, into: *mut c_void, amount: c_int, offset: i64) -> c_int {
    // SAFETY: SQLite gives an open file and room for so many bytes, which it may not have initialised: they are written to, and
    // bytes have no invalid values.
    unsafe {
        std::ptr::write_bytes(into.cast::<u8>(), 0, amount as usize);
        code(opened(file).read(slice::from_raw_parts_mut(into.cast(), amount as usize), offset as u64))
    }
}

unsafe extern "C" fn write(file: *mut sqlite3_file, from: *const c_void, amount: c_int, offset: i64) -> c_int {
    // SAFETY: SQLite gives an open file and so many bytes.
    unsafe { code(opened(file).write(slice::from_raw_parts(from.cast(), amount as usize), offset as u64)) }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, length: i64) -> c_int {
    // SAFETY: SQLite gives an open file.
    code(unsafe { opened(file) }.truncate(length as u64))
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, _: c_int) -> c_int {
    // SAFETY: SQLite gives an open file.
    code(unsafe { opened(file) }.sync())
}

unsafe extern "C" fn file_size(file: *mut sqlite3_file, out: *mut i64) -> c_int {
    // SAFETY: SQLite gives an open file and a place for the answer.
    unsafe { code(opened(file).length().map(|length| *out = length as i64)) }
}

unsafe extern "C" fn lock(file: *mut sqlite3_file, to: c_int) -> c_int {
    // SAFETY: SQLite gives an open file.
    code(unsafe { opened(file) }.lock(level(to)))
}

unsafe extern "C" fn unlock(file: *mut sqlite3_file, to: c_int) -> c_int {
    // SAFETY: SQLite gives an open file.
    unsafe { opened(file) }.unlock(level(to));
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved_lock(file: *mut sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: SQLite gives an open file and a place for the answer.
    unsafe { code(opened(file).is_reserved().map(|reserved| *out = c_int::from(reserved))) }
}

unsafe extern "C" fn file_control(_: *mut sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_: *mut sqlite3_file) -> c_int {
    // What the usual file system says.
    4096
}

unsafe extern "C" fn device_characteristics(_: *mut sqlite3_file) -> c_int {
    // As the usual one: a write that is cut off damages nothing beside it.
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn shm_map(
    file: *mut sqlite3_file,
    index: c_int,
    bytes: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: SQLite gives an open file and a place for the answer.
    unsafe { code(opened(file).map(index as usize, bytes as usize, extend != 0).map(|start| *out = start.cast())) }
}

unsafe extern "C" fn shm_lock(file: *mut sqlite3_file, offset: c_int, count: c_int, flags: c_int) -> c_int {
    let mask = (((1_u16 << count) - 1) << offset) as u8;
    // SAFETY: SQLite gives an open file.
    let open = unsafe { opened(file) };
    if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
        open.unlock_slots(mask);
        return ffi::SQLITE_OK;
    }
    code(open.lock_slots(mask, flags & ffi::SQLITE_SHM_EXCLUSIVE != 0))
}

unsafe extern "C" fn shm_barrier(_: *mut sqlite3_file) {
    fence(Ordering::SeqCst);
}

unsafe extern "C" fn shm_unmap(file: *mut sqlite3_file, _: c_int) -> c_int {
    // SAFETY: SQLite gives an open file.
    unsafe { opened(file) }.unmap();
    ffi::SQLITE_OK
}
