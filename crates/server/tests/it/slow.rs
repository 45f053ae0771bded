//! Slow clients (SB3), as slowhttptest plays them: heads (-H), bodies (-B) and readers (-X) that trickle, and connections
//! that are kept and not used. Hundreds of each at once: everybody else is served meanwhile, and they are gone in the end.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{House, On, Plan, run};

const EACH: usize = 150;
/// Fewer, because each of them fills what the system buffers first, and that is work.
const READERS: usize = 40;
const TRICKLE: Duration = Duration::from_millis(500);

/// Sends a byte now and then, for as long as somebody takes them, and tells how long that was.
async fn trickle(mut stream: TcpStream, begin: String) -> Duration {
    let since = Instant::now();
    let _ = stream.write_all(begin.as_bytes()).await;
    let mut answer = [0; 1024];
    loop {
        match tokio::time::timeout(TRICKLE, stream.read(&mut answer)).await {
            Ok(Ok(1..)) => {}
            Ok(_) => return since.elapsed(),
            Err(_) if stream.write_all(b"x").await.is_err() => return since.elapsed(),
            Err(_) => {}
        }
    }
}

/// Asks for much, and takes little of it at a time.
async fn sip(mut stream: TcpStream, asks: String) -> Duration {
    let since = Instant::now();
    let _ = stream.write_all(asks.as_bytes()).await;
    let mut sip = [0; 48];
    loop {
        match stream.read(&mut sip).await {
            Ok(1..) => tokio::time::sleep(TRICKLE).await,
            _ => return since.elapsed(),
        }
    }
}

/// Uses a connection once, and keeps it.
async fn idle(mut stream: TcpStream, ask: String) -> Duration {
    let since = Instant::now();
    let _ = stream.write_all(ask.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.starts_with(b"HTTP/1.1 200"), "it was served");
    since.elapsed()
}

#[test]
fn slow_heads_slow_bodies_slow_readers_and_idle_connections_hold_nobody_up_and_are_cut() {
    run(async {
        let options = ["--address-requests", "100000"];
        let house = House::new(&Plan { options: &options, ..Plan::on(On::Sqlite) });
        let mut visitor = house.visitor(house.ours()).await;
        let before = house.open_files();
        let memory = house.memory();
        let (app, token) = (house.app_host(), &house.ours().token);
        let head = format!("GET /health HTTP/1.1\r\nhost: {app}\r\nx: ");
        let body = format!(
            "PATCH /api/session HTTP/1.1\r\nhost: {app}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: 60000\r\n\r\n{{"
        );
        let chunks =
            body.replace("content-length: 60000", "transfer-encoding: chunked").replace("\r\n\r\n{", "\r\n\r\nff\r\n{");
        // More than the system buffers on both sides.
        let asks = format!("GET /api/openapi.json HTTP/1.1\r\nhost: {app}\r\n\r\n").repeat(100);
        let ask = format!("GET /health HTTP/1.1\r\nhost: {app}\r\n\r\n");
        let (mut slow, mut readers) = (Vec::new(), Vec::new());
        for number in 0..EACH {
            let connect = async |attack: u8, room| {
                testkit::connect_from(Ipv4Addr::new(127, 0, 1, attack), house.address(), room).await.unwrap()
            };
            slow.push(tokio::spawn(trickle(connect(1, None).await, head.clone())));
            let body = if number % 2 == 0 { &body } else { &chunks };
            slow.push(tokio::spawn(trickle(connect(2, None).await, body.clone())));
            slow.push(tokio::spawn(idle(connect(3, None).await, ask.clone())));
            if number < READERS {
                readers.push(tokio::spawn(sip(connect(4, Some(2048)).await, asks.clone())));
            }
        }
        testkit::eventually(Duration::from_secs(5), "they are all there", async || {
            house.open_files() >= before + 3 * EACH + READERS
        })
        .await;
        let since = Instant::now();
        while since.elapsed() < Duration::from_secs(9) {
            let asked = Instant::now();
            house.ask("GET", "/health").send().await.is(200);
            visitor.write("Ist jemand da?").await;
            assert!(asked.elapsed() < Duration::from_secs(1), "{:?} after {:?}", asked.elapsed(), since.elapsed());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        for one in slow {
            let held = one.await.unwrap();
            assert!((8..16).contains(&held.as_secs()), "{held:?}");
        }
        // Of what a reader was sent, their own system still holds some when the server has let go.
        testkit::eventually(Duration::from_secs(20), "the readers are cut off", async || {
            house.open_files() <= before + 2
        })
        .await;
        assert!(since.elapsed() < Duration::from_secs(25), "{:?}", since.elapsed());
        let grown = house.memory().saturating_sub(memory);
        assert!(grown < 64 << 20, "it grew by {grown} bytes");
        readers.into_iter().for_each(|one| one.abort());
        visitor.write("Ja.").await;
    });
}
