//! The program, as a test in another language starts it.
#![expect(clippy::unwrap_used, reason = "a test may be blunt")]

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diskret_testkit::{connect, free_port, try_connect, wait_until};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

fn program(words: &[&str]) -> (Child, SocketAddr) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_hostile-proxy"))
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port: u16 = line.trim_end().parse().unwrap_or_else(|_| panic!("no port: {line:?}"));
    (child, (Ipv4Addr::LOCALHOST, port).into())
}

/// Asks for a WebSocket through each of them; what the server heard and what came back.
async fn upgrade(words: &[&str]) -> (String, String) {
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let to = server.local_addr().unwrap().to_string();
    let (mut child, address) = program(&[words, &["--to", &to]].concat());
    let served = tokio::spawn(async move {
        let (mut stream, _) = server.accept().await.unwrap();
        let mut heard = vec![0; 4096];
        let count = stream.read(&mut heard).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        // Until it is cut.
        let _ = stream.read(&mut [0; 16]).await;
        String::from_utf8_lossy(&heard[..count]).into_owned()
    });
    let mut stream = connect(address).await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a.localhost\r\nupgrade: websocket\r\n\r\n").await.unwrap();
    let mut answer = vec![0; 4096];
    let count = stream.read(&mut answer).await.unwrap();
    if words[0] == "idle-cutting" {
        let start = Instant::now();
        assert!(!matches!(stream.read(&mut [0; 16]).await, Ok(1..)), "it is cut");
        assert!(start.elapsed() > Duration::from_millis(300), "{:?}", start.elapsed());
    }
    drop(stream);
    let heard = if words[0] == "buffering" { String::new() } else { served.await.unwrap() };
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success(), "it ends with its input");
    try_connect(address).await.unwrap_err();
    (heard, String::from_utf8_lossy(&answer[..count]).into_owned())
}

#[tokio::test]
async fn each_kind_is_started_by_its_name() {
    let (heard, answer) = upgrade(&["buffering"]).await;
    assert!(heard.is_empty() && answer.starts_with("HTTP/1.1 502 "), "{heard} {answer}");
    let (heard, answer) = upgrade(&["upgrade-stripping"]).await;
    assert!(!heard.contains("upgrade") && answer.starts_with("HTTP/1.1 200 "), "{heard} {answer}");
    let (heard, answer) = upgrade(&["idle-cutting", "--idle", "0.4"]).await;
    assert!(heard.contains("upgrade: websocket") && answer.starts_with("HTTP/1.1 200 "), "{heard} {answer}");
}

#[test]
fn it_listens_where_it_is_told_and_is_gone_with_who_started_it() {
    let listen = format!("127.0.0.1:{}", free_port());
    let (mut child, address) = program(&["buffering", "--to", "127.0.0.1:9", "--listen", &listen]);
    assert_eq!(address.to_string(), listen);
    drop(child.stdin.take());
    wait_until(Duration::from_secs(5), "it ends", || child.try_wait().unwrap().is_some());
}

#[test]
fn what_it_does_not_understand_it_refuses() {
    for (words, why) in [
        (&["buffering"][..], "--to is missing"),
        (&["friendly", "--to", "127.0.0.1:9"], "there is no proxy"),
        (&["buffering", "--to", "192.0.2.1:80"], "only the loopback"),
        (&["buffering", "--to", "127.0.0.1:9", "--listen", "0.0.0.0:0"], "only the loopback"),
        (&["idle-cutting", "--to", "127.0.0.1:9", "--idle", "0"], "no number of seconds"),
        (&["buffering", "--to", "127.0.0.1:9", "--loud"], "needs a value"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_hostile-proxy")).args(words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(why) && said.contains("Usage:"), "{words:?}: {said}");
    }
}
