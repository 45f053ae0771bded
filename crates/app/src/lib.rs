//! Every verb of the product, once, with its right check (law L5).
//!
//! `conversation`, `snippet`, `topic`, `team`, `widget` and `installation` hold one verb per file. Beside them stand what verbs share: the
//! [`keyring`], the [`secrets`] of the installation, the cache of [`opened`] messages and the [`worker`].

pub mod audit;
pub mod backup;
pub mod conversation;
pub mod counter;
pub mod countries;
pub mod epoch;
pub mod erasure;
pub mod error;
pub mod export;
pub mod hold;
pub mod installation;
pub mod journal;
pub mod keyring;
pub mod nodes;
pub mod opened;
pub mod places;
pub mod rate;
pub mod retention;
pub mod secrets;
pub mod share;
pub mod snippet;
pub mod team;
pub mod topic;
pub mod widget;
pub mod worker;

mod flood;
mod leased;

use std::sync::atomic::AtomicI64;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bus::Bus;
use domain::Clock;
use store::{KeyStore, Store};

pub use error::Error;
pub use store::job::Lane;

/// What every verb returns.
pub type Result<T> = std::result::Result<T, Error>;

/// What an installation may want otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// After how long a conversation ends in which nobody writes.
    pub end_idle_after: Duration,
    /// Messages a visitor may send per second over time.
    pub visitor_rate: f64,
    /// Messages a visitor may send at once.
    pub visitor_burst: u32,
    /// Conversations that may begin from one address in a minute.
    pub address_conversations: u32,
    /// Conversations that may begin with one organisation in a minute.
    pub organisation_conversations: u32,
    /// Messages that visitors from one address may send in a second.
    pub address_messages: u32,
    /// Messages that one organisation's visitors may send in a second; its operators may send as many.
    pub organisation_messages: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            end_idle_after: Duration::from_secs(24 * 3600),
            visitor_rate: 5.0,
            visitor_burst: 20,
            address_conversations: 60,
            organisation_conversations: 1_200,
            address_messages: 200,
            organisation_messages: 2_000,
        }
    }
}

/// The application: one per process.
pub struct App {
    store: Store,
    clock: Arc<dyn Clock>,
    bus: Arc<Bus>,
    secrets: secrets::Secrets,
    keyring: keyring::Keyring,
    epochs: epoch::Epochs,
    opened: opened::Opened,
    team: team::Directory,
    topics: topic::Directory,
    conversations: conversation::Directory,
    widgets: widget::Directory,
    presence: team::presence::Presence,
    sweep: Arc<nodes::Sweep>,
    flood: flood::Flood,
    brake: team::Brake,
    passwords: team::Rules,
    looks: audit::Looks,
    places: OnceLock<places::Places>,
    /// Up to which conversation it was looked through what has ended.
    filed: AtomicI64,
    here: OnceLock<::places::Where>,
    standing: backup::Standing,
    options: Options,
}

impl App {
    /// Puts the application together. The stores stay open until [`close`](Self::close).
    pub fn new(
        store: Store,
        keys: KeyStore,
        clock: Arc<dyn Clock>,
        secrets: secrets::Secrets,
        options: Options,
    ) -> Arc<Self> {
        store.counts_as(secrets.node());
        let bus = Arc::new(Bus::default());
        let (told, sweep) = (Arc::clone(&bus), Arc::new(nodes::Sweep::default()));
        let swept = Arc::clone(&sweep);
        store.on_change(move |change| {
            swept.tells(change.position);
            told.publish(change);
        });
        let keyring = keyring::Keyring::new(store.clone(), keys, Arc::clone(&clock), Arc::clone(secrets.epochs()));
        Arc::new(Self {
            store,
            clock,
            bus,
            epochs: epoch::Epochs::new(&secrets),
            secrets,
            keyring,
            opened: opened::Opened::default(),
            team: team::Directory::default(),
            topics: topic::Directory::default(),
            conversations: conversation::Directory::default(),
            widgets: widget::Directory::default(),
            presence: team::presence::Presence::new(node_id()),
            sweep,
            flood: flood::Flood::new(&options),
            brake: team::Brake::default(),
            passwords: team::Rules::default(),
            looks: audit::Looks::default(),
            places: OnceLock::new(),
            filed: AtomicI64::new(0),
            here: OnceLock::new(),
            standing: backup::Standing::default(),
            options,
        })
    }

    /// The bus, for sockets to listen on.
    pub const fn bus(&self) -> &Arc<Bus> {
        &self.bus
    }

    /// What this installation wants otherwise.
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// Now.
    pub fn now(&self) -> domain::Timestamp {
        self.clock.now()
    }

    /// Names a list of leaked passwords, none of which anybody may set: sorted SHA-1 hashes, one on a line. The first one named
    /// stays.
    ///
    /// # Errors
    /// Where it cannot be read, or is something else.
    pub fn refuse_leaked_passwords(&self, list: &std::path::Path) -> std::io::Result<()> {
        self.passwords.refuse_leaked(team::Leaked::open(list)?);
        Ok(())
    }

    /// Names the places of backups; the first ones named stay.
    pub fn use_places(self: &Arc<Self>, places: places::Places) {
        self.reach_outside(backup::recovery::Outside::of(self));
        let _ = self.places.set(places);
    }

    /// The places of backups; none where none were named.
    pub fn places(&self) -> &[places::Placed] {
        self.places.get().map(|places| places.all.as_slice()).unwrap_or_default()
    }

    /// Whether both databases answer.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn ready(&self) -> Result<()> {
        self.store.ping().await?;
        self.keyring.ping().await?;
        self.refuse_half_restored().await?;
        Ok(())
    }

    /// Stores what still waits and closes the databases.
    pub async fn close(&self) {
        self.tell_gone();
        self.bus.flush().await;
        self.store.close().await;
        self.keyring.close().await;
    }

    /// Wipes keys and opened texts whose lease has run out. Called every few seconds.
    pub fn wipe_expired(&self) {
        self.keyring.wipe_expired();
        self.opened.wipe_expired();
        self.team.wipe_expired();
        self.topics.wipe_expired();
        self.conversations.wipe_expired();
        self.flood.wipe_expired();
        self.brake.wipe_expired();
    }
}

/// Tells this node from others; nothing hangs on its being secret. Not from the generator of keys, which gathers entropy for
/// 40 ms before its first number: a start would take five times as long.
fn node_id() -> bus::NodeId {
    use std::hash::{BuildHasher as _, RandomState};
    bus::NodeId(RandomState::new().hash_one(std::process::id()))
}
