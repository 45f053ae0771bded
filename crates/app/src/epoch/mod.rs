//! Epochs: their keys, how nodes hand them to each other, and the turn that makes what was deleted noise (design section 5).

mod bundle;
mod destroy;
mod forget;
mod freeze;
mod hand_over;
mod keys;
mod organisations;
mod outside;
mod recover;
mod rewrap;
mod standing;
mod turn;
mod verify;

use std::sync::atomic::{AtomicBool, AtomicI64};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use privacy::envelope::OpenKey;
use store::KeyStore;

pub use self::bundle::{RECOVERY, unpack};
pub use self::freeze::EpochStatus;
pub use self::keys::EpochKeys;
pub(crate) use self::keys::overwrite;
pub(crate) use self::outside::holder;
pub use self::outside::{Outer, Outside};
pub use self::standing::Freeze;

use crate::App;
use crate::secrets::Secrets;

/// What this node knows of epochs.
pub(crate) struct Epochs {
    keys: Arc<EpochKeys>,
    /// Its number; another one where a copy of its folder runs elsewhere.
    node: AtomicI64,
    /// What others seal to it for. In memory only: what lies in the database opens with nothing once it is gone.
    transport: Mutex<Option<OpenKey>>,
    /// Whether the key database is that of these secrets.
    is_ours: AtomicBool,
    /// Whether the next turn stands in the queue.
    is_due: AtomicBool,
    outside: OnceLock<Arc<dyn Outside>>,
}

impl Epochs {
    pub(crate) fn new(secrets: &Secrets) -> Self {
        Self {
            keys: Arc::clone(secrets.epochs()),
            node: AtomicI64::new(secrets.node()),
            transport: Mutex::default(),
            is_ours: AtomicBool::default(),
            is_due: AtomicBool::default(),
            outside: OnceLock::new(),
        }
    }

    pub(crate) fn node(&self) -> i64 {
        self.node.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// By what this node is known as the holder of a copy.
    fn holder(&self) -> String {
        format!("node:{}", self.node())
    }
}

impl App {
    /// Names what lies outside this machine: where sealed epoch keys and backups of wrapped keys go. The first one named stays.
    pub fn reach_outside(&self, outside: Arc<dyn Outside>) {
        let _ = self.epochs.outside.set(outside);
    }

    /// The places as [`Outside`] names them.
    pub(crate) fn epoch_places(&self) -> Vec<Outer> {
        self.epochs.places()
    }

    const fn keys(&self) -> &KeyStore {
        self.keyring.store()
    }
}
