//! Malformed and ambiguous HTTP (SI3): what two readers could understand in two ways is answered once, and nothing after
//! it is taken for a request. The shapes are those that RFC 9112 forbids and that public lists name (Http11Probe, h1spec,
//! http-garden); cases of others' making run in `desync.rs`. The smuggled request stands behind each shape, whole and
//! well-formed.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::harness::{House, On, Plan, run};

/// How many answers may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answers {
    /// One that refuses, and the end.
    Refused,
    /// The end without a word: whoever speaks another protocol would not understand it.
    Silence,
    /// One, whatever it says: the shape is odd, and clear.
    One,
    /// None yet: all that follows is part of it, and the rest is still to come.
    Awaited,
}

use Answers::{Awaited, One, Refused, Silence};

/// A shape: its name, its first lines without the Host header, what follows the head, and what may be answered.
type Shape = (&'static str, String, String, Answers);

fn shape(name: &'static str, head: impl Into<String>, rest: impl Into<String>, answers: Answers) -> Shape {
    (name, head.into(), rest.into(), answers)
}

/// Sends it, and tells the statuses of everything that comes until the end or silence, and whether it was the end.
pub(crate) async fn statuses(house: &House, bytes: &[u8]) -> (Vec<u16>, bool) {
    let mut stream = testkit::connect(house.address()).await;
    let _ = stream.write_all(bytes).await;
    let (mut came, mut chunk, mut ended) = (Vec::new(), [0; 4096], true);
    loop {
        match tokio::time::timeout(Duration::from_millis(1500), stream.read(&mut chunk)).await {
            Ok(Ok(count @ 1..)) => came.extend_from_slice(&chunk[..count]),
            Ok(_) => break,
            Err(_) => {
                ended = false;
                break;
            }
        }
    }
    let text = String::from_utf8_lossy(&came).into_owned();
    let statuses = text.match_indices("HTTP/1.1 ").map(|(at, _)| text[at + 9..at + 12].parse().unwrap());
    (statuses.filter(|status| *status != 100).collect(), ended)
}

/// Two readers that disagree about where a request ends.
fn ambiguous_lengths() -> Vec<Shape> {
    let post = "POST /api/session HTTP/1.1\r\n";
    let with = |headers: &str| format!("{post}{headers}");
    let chunked = "transfer-encoding: chunked\r\n";
    vec![
        shape("CL.TE", with(&format!("content-length: 4\r\n{chunked}")), "0\r\n\r\n", Refused),
        shape("TE.CL", with(&format!("{chunked}content-length: 4\r\n")), "0\r\n\r\n", Refused),
        shape("CL.TE with a body", with(&format!("content-length: 9\r\n{chunked}")), "2\r\n{}\r\n0\r\n\r\n", Refused),
        shape("two lengths", with("content-length: 2\r\ncontent-length: 3\r\n"), "{}", Refused),
        shape("two lengths in one", with("content-length: 2, 3\r\n"), "{}", Refused),
        shape("a signed length", with("content-length: +2\r\n"), "{}", Refused),
        shape("a negative length", with("content-length: -2\r\n"), "{}", Refused),
        shape("a hexadecimal length", with("content-length: 0x2\r\n"), "{}", Refused),
        shape("a length with a space", with("content-length: 2 0\r\n"), "{}", Refused),
        shape("a length without digits", with("content-length: \r\n"), "{}", Refused),
        shape("a length beyond all numbers", with("content-length: 18446744073709551618\r\n"), "{}", Refused),
        shape("a length before the colon", with("content-length : 2\r\n"), "{}", Refused),
        shape("folded TE", with("transfer-encoding:\r\n chunked\r\n"), "0\r\n\r\n", Refused),
        shape("folded TE with a tab", with("transfer-encoding:\r\n\tchunked\r\n"), "0\r\n\r\n", Refused),
        shape("folded CL", with("content-length:\r\n 2\r\n"), "{}", Refused),
        shape("TE with a space before the colon", with("transfer-encoding : chunked\r\n"), "0\r\n\r\n", Refused),
        shape("TE with a vertical tab", with("transfer-encoding: \u{b}chunked\r\n"), "0\r\n\r\n", Refused),
        shape("unknown TE", with("transfer-encoding: xchunked\r\n"), "0\r\n\r\n", Refused),
        shape("TE that ends in another", with("transfer-encoding: chunked, identity\r\n"), "0\r\n\r\n", Refused),
        shape("TE twice", with(&format!("{chunked}transfer-encoding: identity\r\n")), "0\r\n\r\n", Refused),
        shape("TE in HTTP/1.0", format!("POST /api/session HTTP/1.0\r\n{chunked}"), "0\r\n\r\n", Refused),
        shape("a plain body in chunks", with(chunked), "2\r\n{}\r\n0\r\n\r\n", Refused),
        shape("a chunk beyond all numbers", with(chunked), "ffffffffffffffff0\r\n", Refused),
        shape("a chunk without end", with(chunked), "7fffffffffffffff\r\n", Awaited),
        shape("a negative chunk", with(chunked), "-1\r\n", Refused),
        shape("a chunk with a prefix", with(chunked), "0x2\r\n{}\r\n0\r\n\r\n", Refused),
        shape("a chunk longer than it says", with(chunked), "2\r\n{}}\r\n0\r\n\r\n", Refused),
        shape("a chunk's extension with a bare LF", with(chunked), "2;a\n{}\r\n0\r\n\r\n", Refused),
        shape("a chunk's extension without end", with(chunked), format!("2;{}", "x".repeat(100_000)), Refused),
        shape("chunks that end in bare LFs", with(chunked), "2\n{}\n0\n\n", Refused),
        shape("a length with an underscore", with("content-length: 1_0\r\n"), "{}", Refused),
        shape("an octal length", with("content-length: 0o2\r\n"), "{}", Refused),
        shape("less than nothing", with("content-length: -0\r\n"), "{}", Refused),
        shape("a length that is a word", with("content-length: two\r\n"), "{}", Refused),
        shape("a length with a bracket", with("content-length: 2}\r\n"), "{}", Refused),
        shape("TE with a form feed", with("transfer-encoding: \u{c}chunked\r\n"), "0\r\n\r\n", Refused),
        shape("TE with a NUL", with("transfer-encoding: chunked\u{0}\r\n"), "0\r\n\r\n", Refused),
        shape("TE without a word", with("transfer-encoding: \r\n"), "0\r\n\r\n", Refused),
        shape("TE in quotes", with("transfer-encoding: \"chunked\"\r\n"), "0\r\n\r\n", Refused),
        shape("TE identity with a length", with("transfer-encoding: identity\r\ncontent-length: 2\r\n"), "{}", Refused),
        shape("chunked twice", with("transfer-encoding: chunked, chunked\r\n"), "0\r\n\r\n", Refused),
        shape("TE with an underscore", with("transfer_encoding: chunked\r\n"), "0\r\n\r\n", Refused),
        shape("a length under another name", with("content_length: 40\r\n"), "", Refused),
        shape("a chunk with an underscore", with(chunked), "1_0\r\n{}\r\n0\r\n\r\n", Refused),
        shape("a chunk behind a space", with(chunked), " 2\r\n{}\r\n0\r\n\r\n", Refused),
        shape("a chunk without its CRLF", with(chunked), "2\r\n{}0\r\n\r\n", Refused),
        shape("a chunk without a size", with(chunked), "\r\n{}\r\n0\r\n\r\n", Refused),
        shape("a chunk's extension without a name", with(chunked), "2;\r\n{}\r\n0\r\n\r\n", Refused),
        shape("a chunk's extension with a NUL", with(chunked), "2;a\u{0}\r\n{}\r\n0\r\n\r\n", Refused),
        shape("a chunk's extension with a bare CR", with(chunked), "2;a\rb\r\n{}\r\n0\r\n\r\n", Refused),
        shape("a chunk that ends in a bare CR", with(chunked), "2\r{}\r\n0\r\n\r\n", Refused),
        shape("a last chunk that is none", with(chunked), "2\r\n{}\r\n00x\r\n\r\n", Refused),
        shape("a length in the trailers", with(chunked), "0\r\ncontent-length: 40\r\n\r\n", Refused),
        shape("TE in the trailers", with(chunked), "0\r\ntransfer-encoding: chunked\r\n\r\n", Refused),
        shape("a HEAD with a body", "HEAD /health HTTP/1.1\r\ncontent-length: 40\r\n", "x".repeat(40), One),
        shape("an OPTIONS with a body", "OPTIONS /health HTTP/1.1\r\ncontent-length: 40\r\n", "x".repeat(40), One),
        shape("a TRACE with a body", "TRACE /health HTTP/1.1\r\ncontent-length: 40\r\n", "x".repeat(40), One),
        shape(
            "a tunnel by POST",
            "POST /socket HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n",
            "",
            Refused,
        ),
        shape("a tunnel that is not asked for", "GET /socket HTTP/1.1\r\nupgrade: websocket\r\n", "", Refused),
        shape("trailers without end", with(chunked), format!("0\r\n{}", "x: y\r\n".repeat(20_000)), Refused),
        shape("a GET with a body in chunks", format!("GET /health HTTP/1.1\r\n{chunked}"), "0\r\n\r\n", One),
        shape("a body that nobody reads", "GET /health HTTP/1.1\r\ncontent-length: 90000\r\n", "", One),
        shape(
            "a tunnel that is none",
            "GET /socket HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n",
            "",
            Refused,
        ),
        shape("HTTP/2 in clear", "GET /health HTTP/1.1\r\nconnection: upgrade\r\nupgrade: h2c\r\n", "", One),
    ]
}

/// First lines and headers that nobody should take for good.
fn odd_heads() -> Vec<Shape> {
    let get = "GET /api/setup HTTP/1.1\r\n";
    vec![
        shape("NUL in a header", format!("{get}x: a\u{0}b\r\n"), "", Refused),
        shape("NUL in a name", format!("{get}x\u{0}: a\r\n"), "", Refused),
        shape("NUL in the address", "GET /api/\u{0}setup HTTP/1.1\r\n", "", Refused),
        shape("a bare CR in a header", format!("{get}x: a\rb\r\n"), "", Refused),
        shape("a name with a space", format!("{get}x y: a\r\n"), "", Refused),
        shape("a header without a name", format!("{get}: a\r\n"), "", Refused),
        shape("a header without a colon", format!("{get}abc\r\n"), "", Refused),
        shape("a fold before any header", format!("{get} x: y\r\n"), "", Refused),
        shape("a folded header", format!("{get}x: a\r\n b\r\n"), "", Refused),
        shape("a name in brackets", format!("{get}[x]: a\r\n"), "", Refused),
        shape("a name beyond ASCII", format!("{get}xé: a\r\n"), "", Refused),
        shape("a name with a tab", format!("{get}x\ty: a\r\n"), "", Refused),
        shape("a name of 20,000 letters", format!("{get}{}: a\r\n", "x".repeat(20_000)), "", Refused),
        shape("a value of 20,000 letters", format!("{get}x: {}\r\n", "x".repeat(20_000)), "", Refused),
        shape("5,000 headers", format!("{get}{}", "x: y\r\n".repeat(5000)), "", Refused),
        shape("an address of 20,000 letters", format!("GET /{} HTTP/1.1\r\n", "x".repeat(20_000)), "", Refused),
        shape("a method of 20,000 letters", format!("{} / HTTP/1.1\r\n", "X".repeat(20_000)), "", Refused),
        shape("no address", "GET HTTP/1.1\r\n", "", Refused),
        shape("two spaces", "GET  /api/setup HTTP/1.1\r\n", "", Refused),
        shape("a tab for a space", "GET\t/api/setup HTTP/1.1\r\n", "", Refused),
        shape("a space first", " GET /api/setup HTTP/1.1\r\n", "", Refused),
        shape("spaces for a line", "   \r\nGET /api/setup HTTP/1.1\r\n", "", Refused),
        shape("an address with a DEL", "GET /api/\u{7f} HTTP/1.1\r\n", "", Refused),
        shape("lines that end in bare CRs", "GET /api/setup HTTP/1.1\rx: y\r\n", "", Refused),
        shape("a version without its second half", "GET /api/setup HTTP/1\r\n", "", Refused),
        shape("a version with zeros", "GET /api/setup HTTP/01.1\r\n", "", Refused),
        shape("a version with a space", "GET /api/setup HTTP/ 1.1\r\n", "", Refused),
        shape("a version in small letters", "GET /api/setup http/1.1\r\n", "", Refused),
        shape("HTTP/0.9", "GET /api/setup HTTP/0.9\r\n", "", Refused),
        shape("a fourth word", "GET /api/setup HTTP/1.1 x\r\n", "", Refused),
        shape("no version", "GET /api/setup\r\n", "", Refused),
        shape("another version", "GET /api/setup HTTP/1.2\r\n", "", Refused),
        shape("a version of tomorrow", "GET /api/setup HTTP/3.0\r\n", "", Refused),
        shape("another protocol", "GET /api/setup ICAP/1.0\r\n", "", Refused),
        shape("HTTP/2 from the start", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "", Silence),
        shape("a tunnel elsewhere", "CONNECT evil.example:443 HTTP/1.1\r\n", "", Refused),
        shape("TLS", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\r\n", "", Refused),
    ]
}

#[test]
fn smuggled_requests_are_never_answered() {
    run(async {
        let house = House::new(&Plan::on(On::Sqlite));
        let host = format!("host: {}\r\n", house.app_host());
        let smuggled = format!("GET /health?smuggled HTTP/1.1\r\n{host}\r\n");
        assert_eq!(statuses(&house, smuggled.repeat(2).as_bytes()).await.0, [200, 200], "by itself it is answered");
        let tried = ambiguous_lengths().into_iter().chain(odd_heads()).map(async |(name, head, rest, answers)| {
            let sent = format!("{head}{host}connection: keep-alive\r\n\r\n{rest}{smuggled}");
            // An upgrade must be asked for in the one header that says so.
            let sent = if head.contains("upgrade") { sent.replace("connection: keep-alive\r\n", "") } else { sent };
            let (statuses, ended) = statuses(&house, sent.as_bytes()).await;
            let good = match answers {
                Refused => ended && matches!(statuses.as_slice(), [400..=499] | [505]),
                Silence => ended && statuses.is_empty(),
                One => matches!(statuses.as_slice(), [0..500]),
                Awaited => !ended && statuses.is_empty(),
            };
            (good, format!("{name}: {statuses:?}{}", if ended { "" } else { ", still open" }))
        });
        let (good, bad): (Vec<_>, Vec<_>) = join_all(tried).await.into_iter().partition(|(good, _)| *good);
        assert!(bad.is_empty(), "{bad:#?}");
        assert!(good.len() > 100, "{}: {good:?}", good.len());
        house.ask("GET", "/health").send().await.is(200);
    });
}

#[test]
fn garbage_behind_a_request_is_refused_once_and_ends_the_connection() {
    run(async {
        let house = House::shared(On::Sqlite);
        let good = format!("GET /health HTTP/1.1\r\nhost: {}\r\n\r\n", house.app_host());
        for garbage in ["GARBAGE\r\n\r\n", "\u{0}\u{0}\u{0}\u{0}\r\n\r\n", "} { \r\n\r\n", "GET\r\n\r\n"] {
            let (statuses, ended) = statuses(house, format!("{good}{garbage}{good}{good}").as_bytes()).await;
            assert_eq!((statuses.as_slice(), ended), (&[200, 400][..], true), "{garbage:?}");
        }
    });
}

/// A line that ends in LF alone is a line (RFC 9112, section 2.2): here it must mean the same as everywhere else.
#[test]
fn bare_line_feeds_hide_no_second_request() {
    run(async {
        let house = House::shared(On::Sqlite);
        let host = format!("host: {}", house.app_host());
        let smuggled = format!("GET /health HTTP/1.1\r\n{host}\r\n\r\n");
        // A reader that knows CRLF only would see one long header here, and no length.
        let hidden = format!("GET /health HTTP/1.1\r\n{host}\r\nx: a\ncontent-length: {}\r\n\r\n", smuggled.len());
        assert!(statuses(house, format!("{hidden}{smuggled}").as_bytes()).await.0.len() <= 1);
        let hidden = format!("GET /health HTTP/1.1\r\n{host}\r\nx: a\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n");
        assert!(statuses(house, format!("{hidden}{smuggled}").as_bytes()).await.0.len() <= 1);
    });
}

#[test]
fn the_whole_address_counts_more_than_the_host_header_and_nobody_has_two_hosts() {
    run(async {
        let house = House::shared(On::Sqlite);
        let (app, widget) = (house.app_host(), house.widget_host());
        let ask = async |target: &str, hosts: &[&str]| {
            let hosts: String = hosts.iter().map(|host| format!("host: {host}\r\n")).collect();
            let sent = format!("GET {target} HTTP/1.1\r\n{hosts}connection: close\r\n\r\n");
            let (statuses, _) = statuses(house, sent.as_bytes()).await;
            assert_eq!(statuses.len(), 1, "{target}");
            statuses[0]
        };
        assert_eq!(ask(&format!("http://{app}/api/setup"), &[&app]).await, 200);
        assert_eq!(ask(&format!("http://{app}/api/setup"), &[&widget]).await, 200, "the dashboard is meant");
        assert_eq!(ask(&format!("http://{widget}/api/setup"), &[&app]).await, 404, "the widget has no such thing");
        assert_eq!(ask(&format!("http://{widget}/loader.js"), &[&app]).await, 200);
        assert_eq!(ask("http://evil.example/api/setup", &[&app]).await, 421);
        assert_eq!(ask(&format!("http://{app}/api/setup"), &["evil.example"]).await, 200);
        assert_eq!(ask(&format!("http://x@{app}/api/setup"), &[&app]).await, 421);
        assert_eq!(ask(&format!("http://{app}.evil.example/api/setup"), &[&app]).await, 421);
        assert_eq!(ask("/api/setup", &[&app]).await, 200);
        assert_eq!(ask("/api/setup", &[]).await, 400);
        assert_eq!(ask("/api/setup", &[&app, &app]).await, 400);
        assert_eq!(ask("/api/setup", &[&app, "evil.example"]).await, 400);
        assert_eq!(ask("/api/setup", &["evil.example", &app]).await, 400);
        assert_eq!(ask("/api/setup", &[&format!("{app}, evil.example")]).await, 421);
        assert_eq!(ask("/api/setup", &[&format!("x@{app}")]).await, 421);
        assert_eq!(ask(&format!("http://{app}/api/setup"), &[&app, "evil.example"]).await, 400);
        // A tunnel is never dug, not even to ourselves.
        let (statuses, _) = statuses(house, format!("CONNECT {app} HTTP/1.1\r\nhost: {app}\r\n\r\n").as_bytes()).await;
        assert!(statuses.iter().all(|status| (400..500).contains(status)), "{statuses:?}");
    });
}
