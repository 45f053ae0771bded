//! Backups of rows: every table in one state, in one format for both databases, so that one is restored into the other.
//!
//! A copy is a sequence of records ([`record`]): each table with its columns, its rows in the order of their key, their number
//! and digest; then the numbers that were given out last. Everything that is sensitive in it is sealed already; it is sealed
//! once more as a whole by whoever stores it.

mod book;
mod copying;
mod filling;
pub(crate) mod mark;
mod record;
mod replay;
mod shape;
pub mod tables;

pub use book::{Noted, PlaceState, Size, Times};
pub use copying::Copying;
pub use filling::Filling;
pub use replay::Replayed;

/// The statements of this module.
#[cfg(test)]
pub(crate) static EVERY: &[&[&crate::engine::Statement]] = &[book::ALL, mark::ALL, replay::ALL];

/// Which of the two databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Everything but keys.
    Data,
    /// Wrapped keys.
    Keys,
}

impl Which {
    const fn schema(self) -> &'static crate::engine::Schema {
        match self {
            Self::Data => &crate::schema::DATA,
            Self::Keys => &crate::schema::KEYS,
        }
    }

    /// The names of the migrations that this program knows.
    pub fn migrations(self) -> Vec<&'static str> {
        self.schema().migrations.iter().map(|migration| migration.name).collect()
    }
}

/// What of a table is in a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Its name.
    pub table: String,
    /// How many rows.
    pub rows: u64,
    /// SHA-256 of all of them.
    pub digest: [u8; 32],
}
