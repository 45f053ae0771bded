//! Where backups lie: folders and object stores. A place keeps named objects of at most [`LARGEST`] bytes, all of them sealed
//! before they come here: it is trusted with nothing but to be there.

pub mod disk;
pub mod memory;
pub mod name;
pub mod s3;
pub mod within;

pub use bytes::Bytes;
pub use futures_util::future::BoxFuture;

pub use disk::{Disk, file_system};
pub use memory::Memory;
pub use s3::S3;
pub use within::Where;

/// An object is no larger: a place that is not what it seems must not fill the memory.
pub const LARGEST: usize = 24 * 1024 * 1024;

/// Why a place did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is an object of this name already, and it was to be created.
    #[error("there is an object of this name already")]
    Exists,
    /// It cannot be reached, or does not work just now: worth another try.
    #[error("{0}")]
    Away(String),
    /// It will not do, now or later: somebody has to change something.
    #[error("{0}")]
    Unfit(String),
}

/// What a place answers.
pub type Result<T> = std::result::Result<T, Error>;

/// How an object is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// As a new one: an object that is there stays, and the writer is told [`Error::Exists`].
    Create,
    /// In the place of an older one, which is gone then.
    Replace,
}

/// An object that lies at a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// Its name.
    pub name: String,
    /// Its length.
    pub bytes: u64,
}

/// A place.
pub trait Place: std::fmt::Debug + Send + Sync {
    /// What kind of thing keeps it, for whoever wants to know what a deletion there is worth.
    fn medium(&self) -> String;

    /// What it is, whoever names it how: two places are the same where this is.
    fn identity(&self) -> String;

    /// Whether it can be used at all, and is fit: it forgets what it is told to forget. Asked at the start and before each
    /// backup.
    fn check(&self) -> BoxFuture<'_, Result<()>>;

    /// Writes an object. What was answered with `Ok` is durable.
    fn put<'a>(&'a self, name: &'a str, bytes: Bytes, how: Write) -> BoxFuture<'a, Result<()>>;

    /// Reads an object; `None` where there is none.
    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Bytes>>>;

    /// Names and lengths of all objects whose names begin so, in order.
    fn list<'a>(&'a self, beginning: &'a str) -> BoxFuture<'a, Result<Vec<Object>>>;

    /// Deletes an object; one that is not there is deleted already.
    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<()>>;
}

fn too_large(name: &str, bytes: u64) -> Error {
    Error::Unfit(format!("{name} has {bytes} bytes: no object is so large"))
}
