//! The loopback: the only network tests may speak to.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use tokio::net::{TcpSocket, TcpStream};

use crate::random;

/// A TCP port of 127.0.0.1 that nobody listens on at this moment.
///
/// Somebody else may take it before you do; where a program can listen on port 0 and say which one it got, that is better.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port on the loopback");
    listener.local_addr().expect("a bound socket has an address").port()
}

/// The same, of those that the system hands out to no client: for who leaves a port for a while and comes back to it.
#[must_use]
pub fn lasting_port() -> u16 {
    (0..)
        .map(|_| 20_000 + random::number() % 12_000)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("some port is free")
}

/// Connects to a server under test.
///
/// # Panics
/// Where nobody listens, or where the address is not the loopback: traffic of tests leaves no machine.
pub async fn connect(to: SocketAddr) -> TcpStream {
    try_connect(to).await.unwrap_or_else(|error| panic!("nobody answers at {to}: {error}"))
}

/// The same with a server that may be down at this moment.
///
/// # Errors
/// Where nobody listens.
///
/// # Panics
/// Where the address is not the loopback.
#[expect(clippy::disallowed_methods, reason = "the one place where tests connect, and only to the loopback")]
pub async fn try_connect(to: SocketAddr) -> io::Result<TcpStream> {
    assert!(to.ip().is_loopback(), "tests speak to the loopback only, not to {to}");
    TcpStream::connect(to).await
}

/// The same as somebody else: from another address of the loopback (all of 127.0.0.0/8 is there), and with no more than
/// `room` bytes for what comes in, where that is said.
///
/// # Errors
/// Where nobody listens.
///
/// # Panics
/// Where one of the addresses is not the loopback.
#[expect(clippy::disallowed_methods, reason = "tests connect in this file, and only to the loopback")]
pub async fn connect_from(from: Ipv4Addr, to: SocketAddr, room: Option<u32>) -> io::Result<TcpStream> {
    assert!(to.ip().is_loopback() && from.is_loopback(), "tests speak on the loopback only, not from {from} to {to}");
    let socket = TcpSocket::new_v4()?;
    if let Some(room) = room {
        socket.set_recv_buffer_size(room)?;
    }
    // 127.0.0.1 is whom one is anyway, and needs no port of its own before it is known whereto.
    if from != Ipv4Addr::LOCALHOST {
        socket.bind((from, 0).into())?;
    }
    socket.connect(to).await
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::{connect, connect_from, free_port, lasting_port};

    #[tokio::test]
    async fn somebody_else_comes_from_another_address() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let from = Ipv4Addr::new(127, 0, 9, 9);
        let stream = connect_from(from, listener.local_addr().unwrap(), Some(4096)).await.unwrap();
        assert_eq!(stream.local_addr().unwrap().ip(), from);
    }

    #[tokio::test]
    async fn a_free_port_can_be_listened_on_and_connected_to() {
        let port = free_port();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        let stream = connect(listener.local_addr().unwrap()).await;
        assert_eq!(stream.peer_addr().unwrap().port(), port);
    }

    #[test]
    fn a_lasting_port_is_none_that_a_client_could_be_given() {
        let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap();
        let first: u16 = range.split_whitespace().next().unwrap().parse().unwrap();
        for _ in 0..50 {
            let port = lasting_port();
            assert!((20_000..first).contains(&port), "{port} is not below {first}");
        }
    }

    #[tokio::test]
    #[should_panic(expected = "loopback only")]
    async fn nothing_else_is_connected_to() {
        connect("192.0.2.1:9".parse().unwrap()).await;
    }
}
