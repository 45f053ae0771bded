//! What a turn needs of what lies outside this machine.

use futures_util::future::BoxFuture;

use super::Epochs;
use crate::Result;

/// Places for copies, as the turn of an epoch sees them.
pub trait Outside: Send + Sync {
    /// Their names, each with the kind of medium it is, for receipts.
    fn places(&self) -> Vec<(String, String)>;

    /// Puts the sealed epoch keys of a place in the place of those that lie there, which are gone then, and reads them back.
    fn replace_epochs<'a>(&'a self, place: &'a str, sealed: Vec<u8>) -> BoxFuture<'a, Result<()>>;

    /// Whether a place has a backup of the wrapped keys of this epoch or a later one, read back.
    fn has_generation<'a>(&'a self, place: &'a str, epoch: i64) -> BoxFuture<'a, Result<bool>>;

    /// Backs the wrapped keys up to every place that can be reached, reads the copies back and opens them; says how many places
    /// have one then.
    fn back_up_keys(&self) -> BoxFuture<'_, Result<usize>>;
}

impl Epochs {
    /// All places: a name, and what medium it is.
    pub(super) fn places(&self) -> Vec<(String, String)> {
        self.outside.get().map(|outside| outside.places()).unwrap_or_default()
    }
}

/// By what a place is known as the holder of a copy.
pub(super) fn holder(place: &str) -> String {
    format!("place:{place}")
}
