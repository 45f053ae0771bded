//! A log's index, which all connections of a file share. It lives in memory: after a kill SQLite makes it anew anyway.

#![expect(
    unsafe_code,
    reason = "SQLite's connections read and write it through pointers, and see to the order themselves"
)]

use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::sync::Arc;

/// A piece of an index. Stays where it is while anybody holds it, also after a crash.
#[derive(Clone, Debug)]
pub(crate) struct Region(Arc<[UnsafeCell<u64>]>);

// SAFETY: Rust code never looks into it. SQLite does, from many threads, under its own protocol of locks and barriers, just as
// it does with memory shared between processes.
unsafe impl Send for Region {}
// SAFETY: as above.
unsafe impl Sync for Region {}

impl Region {
    /// Zeroed.
    pub(crate) fn new(bytes: usize) -> Self {
        Self((0..bytes.div_ceil(size_of::<u64>())).map(|_| UnsafeCell::new(0)).collect())
    }

    pub(crate) fn start(&self) -> *mut c_void {
        self.0.as_ptr().cast_mut().cast()
    }
}
