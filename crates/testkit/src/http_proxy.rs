//! HTTP proxies as companies and phones have them, between a browser and the program: they mean well and break sockets.
//!
//! All of them leave `Host` and `Origin` as they are. The first and the last carry one request on a connection, and say so
//! to both sides: then nothing needs to be known about where a body ends.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::TcpStream;

use crate::gate::Gate;
use crate::loopback::try_connect;
use crate::proxy::Proxy;

/// More than any request's head of ours.
const HEAD_BYTES: usize = 64 * 1024;

/// What a proxy does to those behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hostility {
    /// Reads each response to its end before it passes anything on, so that a stream arrives when it is over; answers 502
    /// to who asks for a WebSocket.
    Buffering,
    /// Closes connections on which nothing went either way for so long.
    IdleCutting(Duration),
    /// Takes out of requests whatever asks for a WebSocket, so that the server sees a plain GET.
    UpgradeStripping,
}

impl Hostility {
    /// How long a line may be quiet in tests, where nothing else is said.
    pub const IDLE: Duration = Duration::from_secs(3);
}

/// A running proxy. It ends when it is dropped.
#[derive(Debug)]
pub struct HttpProxy(Running);

#[derive(Debug)]
enum Running {
    Http(Gate),
    Tcp(Proxy),
}

impl HttpProxy {
    /// Starts one before this address, on a port of its own.
    #[must_use]
    pub fn to(target: SocketAddr, hostility: Hostility) -> Self {
        Self::open(None, target, hostility)
    }

    /// The same on this address; with port 0, on any port.
    ///
    /// # Panics
    /// Where it can't listen there.
    #[must_use]
    pub fn listen(on: SocketAddr, target: SocketAddr, hostility: Hostility) -> Self {
        Self::open(Some(on), target, hostility)
    }

    fn open(listen: Option<SocketAddr>, target: SocketAddr, hostility: Hostility) -> Self {
        Self(match hostility {
            Hostility::Buffering => Running::Http(Gate::open(listen, async {}, move |client| buffer(client, target))),
            Hostility::UpgradeStripping => {
                Running::Http(Gate::open(listen, async {}, move |client| strip(client, target)))
            }
            Hostility::IdleCutting(after) => {
                let proxy = Proxy::open(listen, target);
                proxy.cut_idle(after);
                Running::Tcp(proxy)
            }
        })
    }

    /// Where to connect instead of the target.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        match &self.0 {
            Running::Http(gate) => gate.address(),
            Running::Tcp(proxy) => proxy.address(),
        }
    }

    /// How many connections came in since the beginning.
    #[must_use]
    pub fn connections(&self) -> usize {
        match &self.0 {
            Running::Http(gate) => gate.taken(),
            Running::Tcp(proxy) => proxy.connections(),
        }
    }
}

async fn buffer(mut client: TcpStream, target: SocketAddr) {
    let Some((head, body)) = read_head(&mut client).await else { return };
    if asks_for_upgrade(&head) {
        return refuse(client).await;
    }
    let Ok(mut server) = try_connect(target).await else { return refuse(client).await };
    if server.write_all(&[one_request(&head, false).as_bytes(), &body].concat()).await.is_err() {
        return refuse(client).await;
    }
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let mut answer = Vec::new();
    let read = tokio::select! {
        read = from_server.read_to_end(&mut answer) => read.is_ok(),
        // The rest of the request; who hangs up meanwhile wants no answer.
        () = pass_on(&mut from_client, &mut to_server) => false,
    };
    if read && to_client.write_all(&answer).await.is_ok() {
        let _ = to_client.shutdown().await;
    }
}

async fn strip(mut client: TcpStream, target: SocketAddr) {
    let Some((head, body)) = read_head(&mut client).await else { return };
    let Ok(mut server) = try_connect(target).await else { return refuse(client).await };
    if server.write_all(&[one_request(&head, true).as_bytes(), &body].concat()).await.is_err() {
        return refuse(client).await;
    }
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    tokio::select! {
        // Each piece of the answer as it comes.
        _ = copy(&mut from_server, &mut to_client) => {
            let _ = to_client.shutdown().await;
        }
        () = pass_on(&mut from_client, &mut to_server) => {}
    }
}

async fn refuse(mut client: TcpStream) {
    let answer = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    // Who has gone needs no answer.
    let _ = client.write_all(answer).await;
    let _ = client.shutdown().await;
}

/// The rest of a request. Comes back when the client has hung up.
async fn pass_on(from: &mut (impl tokio::io::AsyncRead + Unpin), to: &mut (impl tokio::io::AsyncWrite + Unpin)) {
    let mut chunk = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut chunk).await {
        // A server that has answered already may not want the rest.
        let _ = to.write_all(&chunk[..count]).await;
    }
}

/// The head of a request without its empty line, and what came behind it.
async fn read_head(client: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let body = bytes.split_off(end + 4);
            bytes.truncate(end);
            return Some((String::from_utf8(bytes).ok()?, body));
        }
        if bytes.len() > HEAD_BYTES || client.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// The names of a head's headers in small letters, each with its line.
fn headers(head: &str) -> impl Iterator<Item = (String, &str)> {
    let lines = head.split("\r\n").skip(1);
    lines.filter_map(|line| Some((line.split_once(':')?.0.to_ascii_lowercase(), line)))
}

fn asks_for_upgrade(head: &str) -> bool {
    headers(head).any(|(name, _)| name == "upgrade")
}

/// The head as it is passed on: with nothing more to come on this connection and, where that is wanted, without what asks
/// for a WebSocket.
fn one_request(head: &str, strips: bool) -> String {
    let request = head.split("\r\n").next().unwrap_or_default();
    let kept = headers(head).filter(|(name, _)| {
        let asks = name == "upgrade" || name.starts_with("sec-websocket-");
        name != "connection" && !(strips && asks)
    });
    let mut passed = format!("{request}\r\n");
    for (_, line) in kept {
        passed.push_str(line);
        passed.push_str("\r\n");
    }
    passed.push_str("connection: close\r\n\r\n");
    passed
}

#[cfg(test)]
mod tests;
