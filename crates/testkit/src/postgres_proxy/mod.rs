//! Sits between a client and PostgreSQL, and breaks the connection exactly around a COMMIT.
//!
//! Only the commits of transactions that may write are counted: a transaction begun with READ ONLY is let through as if
//! there were no proxy. A statement outside a transaction, which PostgreSQL commits by itself, is not seen as a commit.

mod session;
mod wire;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::gate::Gate;

/// Where a connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// The COMMIT never reaches the server, and the connection ends: nothing is stored.
    BeforeCommit,
    /// The server has committed, and the connection ends before it can say so.
    AfterCommit,
    /// The server has committed, its answer never comes, and the connection stays open and silent until the proxy is mended;
    /// then it ends.
    SilentAfterCommit,
}

#[derive(Debug)]
struct Trap {
    kind: Break,
    /// So many commits pass until it is sprung with the last of them.
    left: usize,
    /// Only commits count of transactions that ran a statement with this text in it.
    touching: Option<String>,
}

#[derive(Debug, Default)]
struct State {
    trap: Option<Trap>,
    delay: Duration,
    is_full: bool,
    commits: usize,
    sprung: usize,
}

/// What all connections of a proxy share.
#[derive(Debug)]
struct Plan {
    state: Mutex<State>,
    /// Changes when the proxy is mended.
    mended: watch::Sender<()>,
}

impl Plan {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A transaction that ran these statements is about to be committed: how long that waits, and how it breaks.
    fn commit(&self, statements: &[String]) -> (Duration, Option<Break>) {
        let mut state = self.state();
        state.commits += 1;
        let delay = state.delay;
        let Some(trap) = &mut state.trap else { return (delay, None) };
        let counts = trap.touching.as_ref().is_none_or(|text| statements.iter().any(|one| one.contains(text)));
        if !counts {
            return (delay, None);
        }
        trap.left -= 1;
        if trap.left > 0 {
            return (delay, None);
        }
        (delay, state.trap.take().map(|trap| trap.kind))
    }

    fn sprung(&self) {
        self.state().sprung += 1;
    }
}

/// A proxy before one PostgreSQL. It works on a thread of its own; dropped, it ends with all its connections.
#[derive(Debug)]
pub struct PostgresProxy {
    gate: Gate,
    plan: Arc<Plan>,
    url: String,
}

impl PostgresProxy {
    /// Starts one before the server at this address, such as that of a [`Database`](crate::Database).
    ///
    /// # Panics
    /// Where the address names no host of the loopback.
    #[must_use]
    pub fn before(url: &str) -> Self {
        let (start, end, target) = place(url);
        let plan = Arc::new(Plan { state: Mutex::default(), mended: watch::channel(()).0 });
        let shared = Arc::clone(&plan);
        let gate = Gate::open(None, async {}, move |client| session::serve(client, target, Arc::clone(&shared)));
        let url = format!("{}{}{}", &url[..start], gate.address(), &url[end..]);
        Self { gate, plan, url }
    }

    /// The same database through the proxy.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Breaks the connection at the so-manieth commit from now, counted from 1 over all connections. Once.
    ///
    /// # Panics
    /// For the commit number 0.
    pub fn break_at(&self, kind: Break, commit: usize) {
        self.arm(kind, commit, None);
    }

    /// The same, counting only transactions that ran a statement with this text in it.
    ///
    /// # Panics
    /// For the commit number 0.
    pub fn break_at_touching(&self, kind: Break, commit: usize, text: &str) {
        self.arm(kind, commit, Some(text.to_owned()));
    }

    fn arm(&self, kind: Break, commit: usize, touching: Option<String>) {
        assert!(commit > 0, "the first commit is number 1");
        self.plan.state().trap = Some(Trap { kind, left: commit, touching });
    }

    /// Each COMMIT reaches the server so much later.
    pub fn delay_commits(&self, delay: Duration) {
        self.plan.state().delay = delay;
    }

    /// New connections are answered as by a server that has no more of them (53300); the present ones go on.
    pub fn fill_up(&self) {
        self.plan.state().is_full = true;
    }

    /// Closes all connections and refuses new ones, until [`Self::mend`].
    pub fn cut(&self) {
        self.gate.shut();
    }

    /// Everything is as in the beginning. Connections that have fallen silent end.
    pub fn mend(&self) {
        let state = &mut *self.plan.state();
        (state.trap, state.delay, state.is_full) = (None, Duration::ZERO, false);
        self.plan.mended.send_replace(());
        self.gate.reopen();
    }

    /// How many commits it has seen.
    #[must_use]
    pub fn commits(&self) -> usize {
        self.plan.state().commits
    }

    /// How many connections it has broken.
    #[must_use]
    pub fn broken(&self) -> usize {
        self.plan.state().sprung
    }

    /// How many connections came in since the beginning.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.gate.taken()
    }
}

/// Where in an address the host and port stand, and which they are.
fn place(url: &str) -> (usize, usize, SocketAddr) {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let end = url[authority..].find(['/', '?']).map_or(url.len(), |at| authority + at);
    let start = url[authority..end].rfind('@').map_or(authority, |at| authority + at + 1);
    let place = url[start..end].replace("localhost", &Ipv4Addr::LOCALHOST.to_string());
    let target =
        place.parse().or_else(|_| Ok::<_, std::net::AddrParseError>((place.parse::<std::net::IpAddr>()?, 5432).into()));
    (start, end, target.unwrap_or_else(|_| panic!("{url} names no address of the loopback")))
}

#[cfg(test)]
mod tests;
