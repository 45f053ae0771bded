//! One address before several nodes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::gate::Gate;
use crate::loopback::try_connect;

/// How often each node is asked.
const ASK_EVERY: Duration = Duration::from_millis(200);
/// A node that has not answered within is down.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// A TCP balancer: gives each new connection to the next node that is up. A node is up while its `/ready` answers 200, which
/// is asked every 200 ms. A connection stays with its node, whatever the balancer thinks of that one later.
#[derive(Debug)]
pub struct Balancer {
    gate: Gate,
    nodes: Arc<[Node]>,
}

#[derive(Debug)]
struct Node {
    address: SocketAddr,
    is_up: AtomicBool,
    is_out: AtomicBool,
    given: AtomicUsize,
}

impl Node {
    fn takes_connections(&self) -> bool {
        self.is_up.load(Ordering::SeqCst) && !self.is_out.load(Ordering::SeqCst)
    }
}

impl Balancer {
    /// Starts one before these nodes. None of them counts as up before it was asked.
    #[must_use]
    pub fn before(nodes: &[SocketAddr]) -> Self {
        let node = |address: &SocketAddr| Node {
            address: *address,
            is_up: AtomicBool::new(false),
            is_out: AtomicBool::new(false),
            given: AtomicUsize::new(0),
        };
        let nodes: Arc<[Node]> = nodes.iter().map(node).collect();
        let asked = Arc::clone(&nodes);
        let beside = async move {
            // Beside each other: one that says nothing must not hide what becomes of the others.
            let mut asking = tokio::task::JoinSet::new();
            for index in 0..asked.len() {
                asking.spawn(ask(Arc::clone(&asked), index));
            }
            asking.join_all().await;
        };
        let (given, turn) = (Arc::clone(&nodes), Arc::new(AtomicUsize::new(0)));
        let gate = Gate::open(None, beside, move |client| forward(client, Arc::clone(&given), Arc::clone(&turn)));
        Self { gate, nodes }
    }

    /// Where to connect instead of a node.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.gate.address()
    }

    /// Whether the node with this number, from 0, has answered that it is ready.
    #[must_use]
    pub fn is_up(&self, node: usize) -> bool {
        self.nodes[node].is_up.load(Ordering::SeqCst)
    }

    /// Gives a node no more connections; those that it has it keeps.
    pub fn take_out(&self, node: usize) {
        self.nodes[node].is_out.store(true, Ordering::SeqCst);
    }

    /// Gives it connections again.
    pub fn put_back(&self, node: usize) {
        self.nodes[node].is_out.store(false, Ordering::SeqCst);
    }

    /// How many connections a node was given since the beginning.
    #[must_use]
    pub fn given(&self, node: usize) -> usize {
        self.nodes[node].given.load(Ordering::SeqCst)
    }
}

/// Asks a node whether it is ready, again and again.
async fn ask(nodes: Arc<[Node]>, index: usize) {
    let node = &nodes[index];
    let mut clock = interval(ASK_EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        let is_up = timeout(ANSWER_WITHIN, is_ready(node.address)).await.is_ok_and(|is_ready| is_ready);
        node.is_up.store(is_up, Ordering::SeqCst);
    }
}

async fn is_ready(address: SocketAddr) -> bool {
    let request = format!("GET /ready HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    let Ok(mut stream) = try_connect(address).await else { return false };
    if stream.write_all(request.as_bytes()).await.is_err() {
        return false;
    }
    let mut status = [0; "HTTP/1.1 200 ".len()];
    stream.read_exact(&mut status).await.is_ok() && status == *b"HTTP/1.1 200 "
}

async fn forward(mut client: TcpStream, nodes: Arc<[Node]>, turn: Arc<AtomicUsize>) {
    for _ in 0..nodes.len() {
        let node = &nodes[turn.fetch_add(1, Ordering::SeqCst) % nodes.len()];
        if !node.takes_connections() {
            continue;
        }
        // It may have gone since it was asked.
        let Ok(mut server) = try_connect(node.address).await else { continue };
        node.given.fetch_add(1, Ordering::SeqCst);
        // However it ends, it has ended.
        let _ = server.set_nodelay(true);
        let _ = copy_bidirectional(&mut client, &mut server).await;
        return;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU16, Ordering};
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio::time::timeout;

    use super::Balancer;
    use crate::gate::Gate;
    use crate::{connect, eventually};

    const SOON: Duration = Duration::from_secs(10);

    /// Answers `/ready` with a status that can be changed (0: not at all), and everything else with its name, again and
    /// again.
    struct Node {
        gate: Gate,
        status: Arc<AtomicU16>,
    }

    fn node(name: u8) -> Node {
        let status = Arc::new(AtomicU16::new(200));
        let answered = Arc::clone(&status);
        let gate = Gate::open(None, async {}, move |mut stream| {
            let answered = Arc::clone(&answered);
            async move {
                let mut heard = [0; 512];
                while let Ok(count @ 1..) = stream.read(&mut heard).await {
                    if !heard[..count].starts_with(b"GET /ready HTTP/1.1\r\n") {
                        let _ = stream.write_all(&[name]).await;
                        continue;
                    }
                    match answered.load(Ordering::SeqCst) {
                        0 => std::future::pending().await,
                        status => {
                            let _ = stream.write_all(format!("HTTP/1.1 {status} OK\r\n\r\n").as_bytes()).await;
                        }
                    }
                }
            }
        });
        Node { gate, status }
    }

    async fn ask(stream: &mut TcpStream) -> Option<u8> {
        stream.write_all(b"who?").await.ok()?;
        timeout(SOON, stream.read_u8()).await.expect("an answer or the end in time").ok()
    }

    /// Who answers these many new connections, in order of names.
    async fn who(balancer: &Balancer, times: usize) -> String {
        let mut names = Vec::new();
        for _ in 0..times {
            names.push(ask(&mut connect(balancer.address()).await).await.map_or('-', char::from));
        }
        names.sort_unstable();
        names.into_iter().collect()
    }

    async fn until(balancer: &Balancer, up: [bool; 3]) {
        eventually(SOON, "the balancer notices", async || (0..3).all(|node| balancer.is_up(node) == up[node])).await;
    }

    #[tokio::test]
    async fn each_node_that_is_up_has_its_turn_and_connections_stay_where_they_are() {
        let nodes = [node(b'a'), node(b'b'), node(b'c')];
        let balancer = Balancer::before(&nodes.each_ref().map(|node| node.gate.address()));
        until(&balancer, [true; 3]).await;
        assert_eq!(who(&balancer, 6).await, "aabbcc");
        let mut kept = connect(balancer.address()).await;
        let its = ask(&mut kept).await.unwrap();
        let index = usize::from(its - b'a');
        nodes[index].status.store(503, Ordering::SeqCst);
        let up: [bool; 3] = std::array::from_fn(|node| node != index);
        until(&balancer, up).await;
        let others: String = "abc".chars().filter(|name| *name != char::from(its)).flat_map(|name| [name; 3]).collect();
        assert_eq!(who(&balancer, 6).await, others);
        assert_eq!(ask(&mut kept).await, Some(its), "whoever was connected stays");
        nodes[index].status.store(200, Ordering::SeqCst);
        until(&balancer, [true; 3]).await;
        assert_eq!(who(&balancer, 6).await, "aabbcc");
    }

    #[tokio::test]
    async fn a_node_is_taken_out_and_put_back() {
        let nodes = [node(b'a'), node(b'b'), node(b'c')];
        let balancer = Balancer::before(&nodes.each_ref().map(|node| node.gate.address()));
        until(&balancer, [true; 3]).await;
        balancer.take_out(1);
        assert_eq!(who(&balancer, 4).await, "aacc");
        assert_eq!((balancer.given(1), balancer.is_up(1)), (0, true));
        balancer.put_back(1);
        assert_eq!(who(&balancer, 6).await, "aabbcc");
        assert_eq!(balancer.given(1), 2);
    }

    #[tokio::test]
    async fn a_node_that_says_nothing_is_down_and_so_is_one_that_has_gone() {
        let nodes = [node(b'a'), node(b'b'), node(b'c')];
        let balancer = Balancer::before(&nodes.each_ref().map(|node| node.gate.address()));
        until(&balancer, [true; 3]).await;
        nodes[0].status.store(0, Ordering::SeqCst);
        nodes[1].gate.shut();
        assert_eq!(who(&balancer, 2).await.matches('-').count(), 0, "one that has just gone is passed over");
        until(&balancer, [false, false, true]).await;
        assert_eq!(who(&balancer, 4).await, "cccc");
        nodes[2].gate.shut();
        until(&balancer, [false; 3]).await;
        assert_eq!(who(&balancer, 2).await, "--", "with nobody there, connections end");
        nodes[1].gate.reopen();
        until(&balancer, [false, true, false]).await;
        assert_eq!(who(&balancer, 2).await, "bb");
    }
}
