//! The door: who may come in, how many at once and how often, before anything is asked of them (SB1 to SB3).

mod address;
mod files;
mod pace;

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use app::rate::{Rate, Rates, Source, Whereabouts};
use app::share::{Place, Shares};
use domain::limits::{ADDRESS_AT_ONCE_SECONDS, SOURCES, TURNED_AWAY};
use http::HeaderMap;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use address::Proxies;
pub(crate) use files::room_for_connections;
pub(crate) use pace::Paced;

/// What an installation may want otherwise.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whose word on addresses counts.
    pub trusted_proxies: Proxies,
    /// Most open connections; `None`: as many as files may be open.
    pub connections: Option<usize>,
    /// Most open connections of one address.
    pub address_connections: usize,
    /// Requests of one address in a second.
    pub address_requests: u32,
    /// New sockets of one address in a second.
    pub address_sockets: u32,
}

/// The counters of one process.
pub struct Door {
    proxies: Proxies,
    /// Drawn when the process starts and never told: what it hashes cannot be turned back.
    key: RandomState,
    connections: Arc<Semaphore>,
    turned_away: Arc<Semaphore>,
    of_address: Arc<Shares<Source>>,
    requests: Rates<Source>,
    sockets: Rates<Source>,
}

/// Why a connection is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// The program has all the connections it can have.
    Everybody,
    /// This address has all the connections it may have.
    Address,
}

/// What a connection holds for as long as it lives.
pub(crate) struct Held {
    _connection: OwnedSemaphorePermit,
    _of_address: Option<Place<Source>>,
    _of_client: Slot,
}

/// Where a socket that came through a proxy keeps the place of the client behind it.
type Slot = Arc<Mutex<Option<Place<Source>>>>;

/// Who is at the other end of a connection: kept with it, and told to no one.
#[derive(Clone)]
pub(crate) struct Peer {
    address: IpAddr,
    is_proxy: bool,
    slot: Slot,
}

/// Who a request is from; every request has one among its extensions.
#[derive(Clone)]
pub(crate) struct Client {
    /// For counting.
    pub(crate) from: Whereabouts,
    behind: Option<Slot>,
}

impl Door {
    /// Opens it: for as many connections as files may be open, unless fewer are wanted.
    pub fn new(options: &Options) -> Arc<Self> {
        let room = room_for_connections();
        let connections = options.connections.map_or(room, |wanted| wanted.min(room));
        if options.connections.is_some_and(|wanted| wanted > room) {
            tracing::warn!(room, "`connections`: the system allows fewer open files; raise its limit (ulimit -n)");
        }
        let rate = |number| Rates::new(Rate::each_second(number, ADDRESS_AT_ONCE_SECONDS), SOURCES);
        Arc::new(Self {
            proxies: options.trusted_proxies.clone(),
            key: RandomState::new(),
            connections: Arc::new(Semaphore::new(connections)),
            turned_away: Arc::new(Semaphore::new(TURNED_AWAY)),
            of_address: Shares::new(options.address_connections),
            requests: rate(options.address_requests),
            sockets: rate(options.address_sockets),
        })
    }

    /// Lets a connection in. Connections of our own proxies are many clients': these are counted by their sockets.
    pub(crate) fn connection(&self, address: IpAddr) -> Result<(Peer, Held), Full> {
        let connection = Arc::clone(&self.connections).try_acquire_owned().map_err(|_| Full::Everybody)?;
        let is_proxy = self.proxies.contain(address);
        let of_address = match is_proxy {
            true => None,
            false => Some(self.of_address.take(self.source(address)).ok_or(Full::Address)?),
        };
        let peer = Peer { address, is_proxy, slot: Slot::default() };
        let held = Held { _connection: connection, _of_address: of_address, _of_client: Arc::clone(&peer.slot) };
        Ok((peer, held))
    }

    /// A place among those who are told that there is none; without one they are sent away without a word.
    pub(crate) fn turn_away(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.turned_away).try_acquire_owned().ok()
    }

    /// Who a request is from.
    pub(crate) fn client(&self, peer: &Peer, headers: &HeaderMap) -> Client {
        let address = self.proxies.client(peer.address, headers);
        let network = address::network(address).map(|network| Source::new(self.key.hash_one(network)));
        let from = Whereabouts { address: self.source(address), network };
        Client { from, behind: peer.is_proxy.then(|| Arc::clone(&peer.slot)) }
    }

    /// Lets a request in.
    ///
    /// # Errors
    /// The time until the next one may come.
    pub(crate) fn request(&self, client: &Client) -> Result<(), Duration> {
        self.requests.take(client.from.address)
    }

    /// Lets a socket begin. What comes back is given to [`Client::keep`] once there is one.
    ///
    /// # Errors
    /// The time until the next one may come.
    pub(crate) fn socket(&self, client: &Client) -> Result<Option<Place<Source>>, Duration> {
        self.sockets.take(client.from.address)?;
        match client.behind {
            // The connection itself is counted.
            None => Ok(None),
            Some(_) => self.of_address.take(client.from.address).map(Some).ok_or(Duration::from_secs(10)),
        }
    }

    /// Forgets whoever has been quiet.
    pub fn wipe_expired(&self) {
        self.requests.wipe_expired();
        self.sockets.wipe_expired();
    }

    fn source(&self, address: IpAddr) -> Source {
        Source::new(self.key.hash_one(address::counted(address)))
    }
}

impl Client {
    /// Keeps a socket's place for as long as its connection lives.
    pub(crate) fn keep(&self, place: Option<Place<Source>>) {
        if let (Some(slot), Some(place)) = (&self.behind, place) {
            *slot.lock() = Some(place);
        }
    }
}
