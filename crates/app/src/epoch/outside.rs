//! What a turn needs of what lies outside this machine.

use futures_util::future::BoxFuture;

use super::Epochs;
use crate::{App, Result};

/// A place, as the turn of an epoch sees it.
#[derive(Clone, Debug)]
pub struct Outer {
    /// By what it is known, whatever it is called.
    pub id: String,
    /// What medium it is, for receipts.
    pub medium: String,
    /// Country, site and company.
    pub within: Option<[String; 3]>,
}

/// Places for copies, as the turn of an epoch sees them.
pub trait Outside: Send + Sync {
    /// All of them.
    fn places(&self) -> Vec<Outer>;

    /// Puts the sealed epoch keys of a place in the place of those that lie there, which are gone then, and reads them back.
    fn replace_epochs<'a>(&'a self, place: &'a str, sealed: Vec<u8>) -> BoxFuture<'a, Result<()>>;

    /// Whether a place has a backup of the wrapped keys of this epoch or a later one, read back.
    fn has_generation<'a>(&'a self, place: &'a str, epoch: i64) -> BoxFuture<'a, Result<bool>>;

    /// Backs the wrapped keys up to every place that can be reached, reads the copies back and opens them; says how many places
    /// have one then.
    fn back_up_keys(&self) -> BoxFuture<'_, Result<usize>>;
}

impl Epochs {
    /// All places.
    pub(super) fn places(&self) -> Vec<Outer> {
        self.outside.get().map(|outside| outside.places()).unwrap_or_default()
    }
}

/// By what a place is known as the holder of a copy.
pub(crate) fn holder(place: &str) -> String {
    format!("place:{place}")
}

impl App {
    /// A holder of a copy as people know it: a place by the name that it has in the configuration, while it has one.
    pub fn holder_named(&self, known: &str) -> String {
        let placed = self.places().iter().find(|placed| holder(&placed.id) == known);
        placed.map_or_else(|| known.to_owned(), |placed| placed.name.clone())
    }
}
