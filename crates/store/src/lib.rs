//! The only SQL. SQLite and PostgreSQL behind one interface, with one SQL text wherever the dialects agree.
//!
//! One file per aggregate; `engine` runs statements and transactions on either database. Every call takes a
//! [`Scope`] (law L4), every write is answered after its commit (law L1), and the message table takes only
//! sealed messages (law L2).

pub mod api_token;
pub mod append;
pub mod audit;
pub mod backup;
pub mod change;
pub mod conversation;
pub mod countries;
pub mod engine;
pub mod epoch;
pub mod erasure;
pub mod error;
pub mod factor;
pub mod group;
mod hidden;
pub mod hold;
pub mod job;
pub mod journal;
pub mod key;
pub mod known_device;
pub mod mention;
pub mod message;
pub mod node;
pub mod operator;
pub mod organisation;
pub mod passkey;
pub mod retention;
pub mod schema;
pub mod scope;
mod server_log;
pub mod session;
pub mod sign_in_link;
pub mod snippet;
pub mod stub;
pub mod tally;
pub mod time;
pub mod topic;
pub mod widget;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, OnceLock};

pub use engine::{Location, Pace, Settings};
pub use error::Error;
pub use scope::{Scope, System};

use domain::conversation::Change;
use engine::Database;

/// What every store function returns.
pub type Result<T> = std::result::Result<T, Error>;

/// Organisations, conversations, messages: everything but keys.
#[derive(Clone)]
pub struct Store {
    pub(crate) data: Database<append::Pending>,
    pub(crate) listener: Listener,
    /// Under which number this node counts.
    pub(crate) node: Arc<AtomicI64>,
}

/// Who is told of every change of a conversation, right after its commit and in the order of commits: on the writer, so that
/// neither a sender who has gone nor a slow one can hold the others' news up.
#[derive(Clone, Default)]
pub(crate) struct Listener(Arc<OnceLock<Tell>>);

type Tell = Box<dyn Fn(&Change) + Send + Sync>;

impl Listener {
    pub(crate) fn tell(&self, change: &Change) {
        if let Some(listener) = self.0.get() {
            // It runs on the writer, between a commit and its answer: neither may suffer for it.
            let told = catch_unwind(AssertUnwindSafe(|| listener(change)));
            if told.is_err() {
                tracing::error!(conversation = %change.conversation, "the listener panicked");
            }
        }
    }
}

impl Store {
    /// Opens the database and brings its schema up to date.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where it cannot be reached, [`Error::Schema`] where it is not ours or newer than this
    /// program.
    pub async fn open(location: &Location, settings: Settings) -> Result<Self> {
        let data = Database::open(location, settings, &schema::DATA).await?;
        Ok(Self { data, listener: Listener::default(), node: Arc::new(AtomicI64::new(1)) })
    }

    /// Names who is told of changes; the first one named stays.
    pub fn on_change(&self, listener: impl Fn(&Change) + Send + Sync + 'static) {
        let _ = self.listener.0.set(Box::new(listener));
    }

    /// Whether the database answers, for reading and for writing.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where it does not.
    pub async fn ping(&self) -> Result<()> {
        self.data.ping().await?;
        self.data.ping_writer().await
    }

    /// Bytes of the database.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn size(&self) -> Result<i64> {
        self.data.size().await
    }

    /// Answers what waits, then closes.
    pub async fn close(&self) {
        self.data.close().await;
    }
}

/// Wrapped keys, apart from the data (design section 5).
#[derive(Clone)]
pub struct KeyStore {
    pub(crate) keys: Database<engine::NoBatch>,
}

impl KeyStore {
    /// Opens the database and brings its schema up to date.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open(location: &Location, settings: Settings) -> Result<Self> {
        Ok(Self { keys: Database::open(location, settings, &schema::KEYS).await? })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where it does not.
    pub async fn ping(&self) -> Result<()> {
        self.keys.ping().await
    }

    /// Bytes of the database.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn size(&self) -> Result<i64> {
        self.keys.size().await
    }

    /// Answers what waits, then closes.
    pub async fn close(&self) {
        self.keys.close().await;
    }
}

/// Both stores of an installation that keeps them in SQLite files in one folder.
pub fn files_in(folder: &Path) -> (Location, Location) {
    (Location::File(folder.join("diskret.db")), Location::File(folder.join("keys.db")))
}
