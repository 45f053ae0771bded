use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Direction, Proxy};
use crate::gate::Gate;
use crate::{connect, eventually, free_port, try_connect};

const SOON: Duration = Duration::from_secs(10);

/// Says what it hears, and finishes when whoever speaks has finished.
fn echo() -> Gate {
    Gate::open(None, async {}, |mut stream| async move {
        let (mut reading, mut writing) = stream.split();
        let _ = tokio::io::copy(&mut reading, &mut writing).await;
        let _ = writing.shutdown().await;
    })
}

/// Says something and waits until it comes back; how long that took.
async fn say(stream: &mut TcpStream, bytes: &[u8]) -> Duration {
    let start = Instant::now();
    let mut heard = vec![0; bytes.len()];
    let (mut reading, mut writing) = stream.split();
    let (said, read) = tokio::join!(writing.write_all(bytes), timeout(SOON, reading.read_exact(&mut heard)));
    said.unwrap();
    read.expect("it comes back in time").unwrap();
    assert_eq!(heard, bytes);
    start.elapsed()
}

/// Everything to the end, however it ends.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut heard = Vec::new();
    let all = async { while let Ok(1..) = stream.read_buf(&mut heard).await {} };
    timeout(SOON, all).await.expect("the end comes in time");
    heard
}

#[tokio::test]
async fn everything_goes_through_both_ways_to_the_end() {
    let server = echo();
    let proxy = Proxy::to(server.address());
    let mut stream = connect(proxy.address()).await;
    let large: Vec<u8> = (0..1_000_000_u32).map(|number| (number % 251) as u8).collect();
    say(&mut stream, &large).await;
    stream.write_all(b"bye").await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(rest(&mut stream).await, b"bye", "the end of one direction leaves the other one open");
    assert_eq!(proxy.connections(), 1);
    eventually(SOON, "it is over", async || proxy.open_connections() == 0).await;
}

#[tokio::test]
async fn where_nobody_listens_the_connection_ends_and_nothing_else() {
    let target: SocketAddr = ([127, 0, 0, 1], free_port()).into();
    let proxy = Proxy::to(target);
    assert_eq!(rest(&mut connect(proxy.address()).await).await, b"");
    let _server = Gate::open(Some(target), async {}, |mut stream| async move {
        let _ = stream.write_all(b"here").await;
    });
    assert_eq!(rest(&mut connect(proxy.address()).await).await, b"here");
    assert_eq!(proxy.connections(), 2);
}

#[tokio::test]
async fn a_cut_line_is_dead_until_it_is_mended() {
    let server = echo();
    let proxy = Proxy::to(server.address());
    let mut before = connect(proxy.address()).await;
    say(&mut before, b"hello").await;
    proxy.cut();
    assert_eq!(rest(&mut before).await, b"");
    try_connect(proxy.address()).await.unwrap_err();
    eventually(SOON, "the server notices", async || server.open_now() == 0).await;
    proxy.mend();
    say(&mut connect(proxy.address()).await, b"again").await;
}

#[tokio::test]
async fn a_severed_line_takes_new_connections() {
    let server = echo();
    let proxy = Proxy::to(server.address());
    let mut before = connect(proxy.address()).await;
    say(&mut before, b"hello").await;
    proxy.sever();
    assert_eq!(rest(&mut before).await, b"");
    say(&mut connect(proxy.address()).await, b"again").await;
}

#[tokio::test]
async fn a_black_hole_takes_everything_and_says_nothing_until_it_is_mended() {
    let server = echo();
    let proxy = Proxy::to(server.address());
    let mut before = connect(proxy.address()).await;
    say(&mut before, b"hello").await;
    proxy.blackhole();
    let mut during = connect(proxy.address()).await;
    for stream in [&mut before, &mut during] {
        stream.write_all(b"anybody?").await.unwrap();
        timeout(Duration::from_millis(200), stream.read_u8()).await.expect_err("neither an answer nor an end");
    }
    assert_eq!(server.taken(), 1, "not even a connection");
    proxy.mend();
    for stream in [&mut before, &mut during] {
        let mut heard = [0; 8];
        timeout(SOON, stream.read_exact(&mut heard)).await.unwrap().unwrap();
        assert_eq!(&heard, b"anybody?", "what was said arrives in the end");
    }
}

#[tokio::test]
async fn a_delay_is_one_of_its_direction_and_does_not_narrow_the_line() {
    let server = echo();
    let proxy = Proxy::to(server.address());
    let mut stream = connect(proxy.address()).await;
    assert!(say(&mut stream, b"quick").await < Duration::from_millis(150));
    proxy.delay(Direction::ToServer, Duration::from_millis(200));
    let one_way = say(&mut stream, b"slow").await;
    assert!((Duration::from_millis(200)..Duration::from_millis(390)).contains(&one_way), "{one_way:?}");
    proxy.delay(Direction::ToClient, Duration::from_millis(200));
    let both_ways = say(&mut stream, &[7; 500_000]).await;
    assert!((Duration::from_millis(400)..Duration::from_secs(2)).contains(&both_ways), "{both_ways:?}");
    proxy.mend();
    assert!(say(&mut stream, b"quick").await < Duration::from_millis(150));
}

#[tokio::test]
async fn a_limit_is_one_of_its_direction() {
    let server = echo();
    let proxy = Proxy::to(server.address());
    let mut stream = connect(proxy.address()).await;
    for way in [Direction::ToServer, Direction::ToClient] {
        proxy.limit(way, 20_000);
        let took = say(&mut stream, &[7; 10_000]).await;
        assert!((Duration::from_millis(400)..Duration::from_secs(2)).contains(&took), "{way:?}: {took:?}");
        proxy.mend();
        assert!(say(&mut stream, &[7; 10_000]).await < Duration::from_millis(300), "{way:?}");
    }
}

#[tokio::test]
async fn a_connection_is_cut_right_behind_the_byte_that_was_named_and_only_once() {
    let server = echo();
    let proxy = Proxy::to(server.address());
    let mut stream = connect(proxy.address()).await;
    say(&mut stream, b"hello").await;
    proxy.cut_after(Direction::ToClient, 3);
    stream.write_all(b"hello").await.unwrap();
    assert_eq!(rest(&mut stream).await, b"hel");
    let mut stream = connect(proxy.address()).await;
    say(&mut stream, b"hello").await;
    proxy.cut_after(Direction::ToServer, 7);
    say(&mut stream, b"hello").await;
    stream.write_all(b"hello").await.unwrap();
    let heard = rest(&mut stream).await;
    assert!(b"he".starts_with(&heard[..]), "the server heard two more bytes at most: {heard:?}");
    proxy.cut_after(Direction::ToServer, 7);
    proxy.mend();
    say(&mut connect(proxy.address()).await, b"hello and more").await;
}

#[tokio::test]
async fn a_connection_is_cut_when_nothing_went_for_a_while_and_not_before() {
    let server = echo();
    let proxy = Proxy::to(server.address());
    let mut stream = connect(proxy.address()).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    say(&mut stream, b"quiet lines are kept where nobody minds").await;
    proxy.cut_idle(Duration::from_millis(300));
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        say(&mut stream, b"still here").await;
    }
    let start = Instant::now();
    assert_eq!(rest(&mut stream).await, b"");
    assert!(start.elapsed() > Duration::from_millis(200), "{:?}", start.elapsed());
}
