//! A bad line: forwards connections of the loopback, and can be cut, silenced, slowed and narrowed while it runs.

mod pump;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::gate::Gate;
use crate::loopback::try_connect;
use pump::{Fuse, pump};

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From whoever connected to the target.
    ToServer,
    /// Back.
    ToClient,
}

/// What happens to bytes that go one way.
#[derive(Clone, Copy, Debug, Default)]
struct Road {
    delay: Duration,
    bytes_per_second: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Rules {
    is_silent: bool,
    /// Connections on which nothing went for so long are cut.
    idle: Option<Duration>,
    to_server: Road,
    to_client: Road,
}

impl Rules {
    const fn road(&mut self, way: Direction) -> &mut Road {
        match way {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }
}

/// A TCP proxy before one target, with faults on demand. It works on a thread of its own, so that a test may wait in
/// whatever way it likes; dropped, it ends with all its connections.
#[derive(Debug)]
pub struct Proxy {
    gate: Gate,
    rules: watch::Sender<Rules>,
    fuses: Arc<[Fuse; 2]>,
}

impl Proxy {
    /// Listens on a port of its own and forwards to this address. Nobody needs to listen there yet.
    #[must_use]
    pub fn to(target: SocketAddr) -> Self {
        Self::open(None, target)
    }

    pub(crate) fn open(listen: Option<SocketAddr>, target: SocketAddr) -> Self {
        let (rules, read) = watch::channel(Rules::default());
        let fuses = Arc::new([Fuse::default(), Fuse::default()]);
        let burning = Arc::clone(&fuses);
        let gate =
            Gate::open(listen, async {}, move |client| forward(client, target, read.clone(), Arc::clone(&burning)));
        Self { gate, rules, fuses }
    }

    /// Where to connect instead of the target.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.gate.address()
    }

    /// Closes all connections and refuses new ones, until [`Self::mend`].
    pub fn cut(&self) {
        self.gate.shut();
    }

    /// Closes all connections; new ones are forwarded as before.
    pub fn sever(&self) {
        self.gate.sever();
    }

    /// Takes connections and holds on to the present ones, but forwards nothing and says nothing, until [`Self::mend`]:
    /// then whatever was said meanwhile arrives, as after an outage that was shorter than TCP's patience.
    pub fn blackhole(&self) {
        self.rules.send_modify(|rules| rules.is_silent = true);
    }

    /// Everything is as in the beginning: no cut, no silence, no delay, no limit, nothing that waits to be cut.
    pub fn mend(&self) {
        self.rules.send_replace(Rules::default());
        self.fuses.iter().for_each(Fuse::remove);
        self.gate.reopen();
    }

    /// Bytes that go this way arrive so much later; how many go at once stays the same.
    pub fn delay(&self, way: Direction, delay: Duration) {
        self.rules.send_modify(|rules| rules.road(way).delay = delay);
    }

    /// Each connection carries no more than so many bytes a second this way.
    ///
    /// # Panics
    /// For 0: that is [`Self::blackhole`].
    pub fn limit(&self, way: Direction, bytes_per_second: u64) {
        assert!(bytes_per_second > 0, "nothing at all is a black hole");
        self.rules.send_modify(|rules| rules.road(way).bytes_per_second = Some(bytes_per_second));
    }

    /// Once: the connection that carries the so-manieth byte this way, counted from now over all connections, is closed
    /// right behind it; with 0, before the next byte.
    pub fn cut_after(&self, way: Direction, bytes: usize) {
        self.fuses[way as usize].set(bytes);
    }

    /// Each connection on which nothing went either way for so long is closed.
    pub fn cut_idle(&self, after: Duration) {
        self.rules.send_modify(|rules| rules.idle = Some(after));
    }

    /// How many connections came in since the beginning.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.gate.taken()
    }

    /// How many of them are open.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.gate.open_now()
    }
}

/// Forwards one connection until both sides have finished, or it is cut.
async fn forward(mut client: TcpStream, target: SocketAddr, mut rules: watch::Receiver<Rules>, fuses: Arc<[Fuse; 2]>) {
    // Through a black hole not even a connection is made.
    if rules.wait_for(|rules| !rules.is_silent).await.is_err() {
        return;
    }
    // Where nobody listens, whoever connected is told in the only way that is left: their connection ends.
    let Ok(mut server) = try_connect(target).await else { return };
    if server.set_nodelay(true).is_err() {
        return;
    }
    let last = Mutex::new(Instant::now());
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let [there, back] = &*fuses;
    let both = async {
        tokio::try_join!(
            pump(from_client, to_server, Direction::ToServer, rules.clone(), there, &last),
            pump(from_server, to_client, Direction::ToClient, rules.clone(), back, &last),
        )
    };
    tokio::select! {
        // Finished or cut: dropping both closes both.
        _ = both => {}
        () = idle(rules.clone(), &last) => {}
    }
}

/// Comes back when nothing went either way for as long as the rules allow.
async fn idle(mut rules: watch::Receiver<Rules>, last: &Mutex<Instant>) {
    loop {
        let allowed = rules.borrow_and_update().idle;
        let since = last.lock().expect("nobody panics with it").elapsed();
        let left = match allowed {
            Some(allowed) if since >= allowed => return,
            Some(allowed) => allowed - since,
            None => Duration::MAX,
        };
        tokio::select! {
            () = tokio::time::sleep(left) => {}
            changed = rules.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
