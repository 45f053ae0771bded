use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Hostility, HttpProxy};
use crate::connect;
use crate::gate::Gate;

const SOON: Duration = Duration::from_secs(10);
const UPGRADE: &str = "GET /socket HTTP/1.1\r\nHost: app.localhost:9\r\nOrigin: http://app.localhost:9\r\nUpgrade: \
    websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: abc\r\nSec-WebSocket-Version: 13\r\n\r\n";
const PLAIN: &str = "POST /api HTTP/1.1\r\nHost: app.localhost:9\r\nOrigin: http://app.localhost:9\r\nConnection: \
    keep-alive\r\nContent-Length: 4\r\n\r\nbody";

/// Answers with the request as it arrived, in two pieces with 300 ms between them; a request for a WebSocket with 101, and
/// then it says what it hears.
fn server() -> Gate {
    Gate::open(None, async {}, |mut stream| async move {
        let mut heard = Vec::new();
        while !heard.ends_with(b"\r\n\r\n") && !heard.ends_with(b"body") {
            if !matches!(stream.read_buf(&mut heard).await, Ok(1..)) {
                return;
            }
        }
        let text = String::from_utf8(heard).unwrap();
        if text.to_ascii_lowercase().contains("\r\nupgrade: websocket") {
            let _ = stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").await;
            let (mut reading, mut writing) = stream.split();
            let _ = tokio::io::copy(&mut reading, &mut writing).await;
            return;
        }
        let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{text}").as_bytes()).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let _ = stream.write_all(b"|end").await;
    })
}

/// Says this and hears until the text; how long that took.
async fn ask(stream: &mut TcpStream, request: &str, until: &str) -> (String, Duration) {
    let start = Instant::now();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut heard = String::new();
    while !heard.contains(until) {
        let mut chunk = [0; 4096];
        let count = timeout(SOON, stream.read(&mut chunk)).await.expect("an answer in time").unwrap();
        assert!(count > 0, "the end came before {until:?}: {heard}");
        heard.push_str(std::str::from_utf8(&chunk[..count]).unwrap());
    }
    (heard, start.elapsed())
}

#[tokio::test]
async fn the_server_of_these_tests_streams_and_takes_sockets_where_nobody_is_between() {
    let server = server();
    let (_, took) = ask(&mut connect(server.address()).await, PLAIN, "body").await;
    assert!(took < Duration::from_millis(200), "{took:?}");
    ask(&mut connect(server.address()).await, UPGRADE, "101").await;
}

#[tokio::test]
async fn a_buffering_one_passes_an_answer_on_when_it_is_over_and_knows_no_sockets() {
    let server = server();
    let proxy = HttpProxy::to(server.address(), Hostility::Buffering);
    let (heard, took) = ask(&mut connect(proxy.address()).await, PLAIN, "body").await;
    assert!(took >= Duration::from_millis(300), "it came before its end: {took:?}");
    assert!(heard.starts_with("HTTP/1.1 200 OK\r\n") && heard.ends_with("body|end"), "{heard}");
    for kept in ["POST /api HTTP/1.1\r\n", "\r\nHost: app.localhost:9\r\n", "\r\nOrigin: http://app.localhost:9\r\n"] {
        assert!(heard.contains(kept), "{kept:?} in {heard}");
    }
    let (heard, _) = ask(&mut connect(proxy.address()).await, UPGRADE, "\r\n\r\n").await;
    assert!(heard.starts_with("HTTP/1.1 502 "), "{heard}");
    assert_eq!((server.taken(), proxy.connections()), (1, 2), "the server never heard of the socket");
}

#[tokio::test]
async fn a_stripping_one_leaves_a_plain_request_and_lets_streams_through() {
    let server = server();
    let proxy = HttpProxy::to(server.address(), Hostility::UpgradeStripping);
    let (heard, took) = ask(&mut connect(proxy.address()).await, UPGRADE, "connection: close\r\n\r\nGET").await;
    assert!(took < Duration::from_millis(200), "streams come as they are said: {took:?}");
    let heard = heard.replacen("connection: close", "", 1).to_ascii_lowercase();
    for gone in ["upgrade", "sec-websocket", "keep-alive"] {
        assert!(!heard.contains(gone), "{gone:?} in {heard}");
    }
    for kept in ["get /socket http/1.1\r\n", "\r\nhost: app.localhost:9\r\n", "\r\norigin: http://app.localhost:9\r\n"]
    {
        assert!(heard.contains(kept), "{kept:?} in {heard}");
    }
    let (heard, _) = ask(&mut connect(proxy.address()).await, PLAIN, "|end").await;
    assert!(heard.contains("\r\nContent-Length: 4\r\n") && heard.contains("\r\n\r\nbody"), "{heard}");
}

#[tokio::test]
async fn an_idle_cutting_one_lets_everything_through_as_long_as_somebody_speaks() {
    let server = server();
    let proxy = HttpProxy::to(server.address(), Hostility::IdleCutting(Duration::from_millis(400)));
    ask(&mut connect(proxy.address()).await, PLAIN, "|end").await;
    let mut socket = connect(proxy.address()).await;
    ask(&mut socket, UPGRADE, "101 Switching Protocols\r\n\r\n").await;
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        ask(&mut socket, "frame", "frame").await;
    }
    let end = timeout(SOON, socket.read(&mut [0; 16])).await.expect("it is cut");
    assert!(!matches!(end, Ok(1..)), "{end:?}");
}

#[tokio::test]
async fn where_no_server_is_the_answer_is_502() {
    let target = ([127, 0, 0, 1], crate::free_port()).into();
    for hostility in [Hostility::Buffering, Hostility::UpgradeStripping] {
        let proxy = HttpProxy::to(target, hostility);
        let (heard, _) = ask(&mut connect(proxy.address()).await, PLAIN, "\r\n\r\n").await;
        assert!(heard.starts_with("HTTP/1.1 502 "), "{heard}");
    }
}
