//! The WebSocket protocol (RFC 6455), kept and broken by hand, frame by frame (SI1, SI2). A socket that is still in order
//! answers the vocabulary's `ping`; one that is not is closed with the code that the RFC names, and says nothing more.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{House, On, Plan, run, sender};

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const MORE: u8 = 0;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
/// A whole frame: its bit in the first byte.
const WHOLE: u8 = 0x80;
const OURS: &[u8] = br#"{"type":"ping"}"#;

/// A client's frame; `first` is its first byte: the bits and the opcode.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..126 => bytes.push(0x80 | length as u8),
        length @ 126..65_536 => {
            bytes.push(0x80 | 126);
            bytes.extend((length as u16).to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// A text in pieces.
fn pieces(parts: &[&[u8]]) -> Vec<u8> {
    let last = parts.len() - 1;
    let part = |(number, part): (usize, &&[u8])| {
        let kind = if number == 0 { TEXT } else { MORE };
        frame(if number == last { WHOLE | kind } else { kind }, part)
    };
    parts.iter().enumerate().flat_map(part).collect()
}

fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(WHOLE | CLOSE, &[&code.to_be_bytes(), reason].concat())
}

/// What must come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Then {
    /// So many answers of the vocabulary, and the socket goes on.
    Answers(usize),
    /// A pong with this payload, and the socket goes on.
    Pong(Vec<u8>),
    /// The end, with this code.
    Closed(u16),
    /// The end, by the client's own closing frame, which comes back with its code, or without one.
    ClosedAlike(Option<u16>),
    /// A problem of the vocabulary, and the end with this code.
    Refused(&'static str, u16),
}

use Then::{Answers, Closed, ClosedAlike, Refused};

/// A socket of bytes.
struct Raw {
    stream: TcpStream,
    came: Vec<u8>,
}

impl Raw {
    async fn open(house: &House) -> Self {
        let mut stream = testkit::connect(house.address()).await;
        let (host, origin) = (house.widget_host(), house.widget_origin());
        let head = format!(
            "GET /socket HTTP/1.1\r\nhost: {host}\r\norigin: {origin}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut socket = Self { stream, came: Vec::new() };
        while !socket.came.windows(4).any(|window| window == b"\r\n\r\n") {
            socket.read().await.expect("an answer");
        }
        let end = socket.came.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        let head = String::from_utf8(socket.came.drain(..end).collect()).unwrap();
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        // The example of RFC 6455, section 1.3.
        assert!(head.to_lowercase().contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
        socket
    }

    async fn greeted(house: &House) -> Self {
        let mut socket = Self::open(house).await;
        let hello = crate::harness::hello_visitor(&house.ours().widget, &sender()).to_string();
        socket.send(&frame(WHOLE | TEXT, hello.as_bytes())).await;
        let (_, payload) = socket.next().await.expect("welcome");
        assert_eq!(serde_json::from_slice::<Value>(&payload).unwrap()["type"], "welcome");
        socket
    }

    async fn send(&mut self, bytes: &[u8]) {
        // Whoever was refused already may find nobody.
        let _ = self.stream.write_all(bytes).await;
    }

    async fn read(&mut self) -> Option<()> {
        let mut chunk = [0; 4096];
        let read = tokio::time::timeout(Duration::from_secs(20), self.stream.read(&mut chunk));
        match read.await.expect("an answer in time") {
            Ok(count @ 1..) => self.came.extend_from_slice(&chunk[..count]),
            Ok(_) | Err(_) => return None,
        }
        Some(())
    }

    /// The next frame of the server: first byte and payload.
    async fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            let (start, length) = match self.came.get(1) {
                Some(&short @ 0..126) => (2, Some(usize::from(short))),
                Some(126) => (4, self.came.get(2..4).map(|two| usize::from(u16::from_be_bytes([two[0], two[1]])))),
                Some(_) => panic!("masked, or far too long"),
                None => (2, None),
            };
            if let Some(length) = length
                && self.came.len() >= start + length
            {
                let frame: Vec<u8> = self.came.drain(..start + length).collect();
                return Some((frame[0], frame[start..].to_vec()));
            }
            self.read().await?;
        }
    }

    /// What comes of it.
    async fn see(&mut self, expected: &Then) -> Result<(), String> {
        let mut answers = 0;
        let mut problem = None;
        loop {
            let Some((first, payload)) = self.next().await else {
                return Err(format!("the end without a word after {answers} answers"));
            };
            let code = payload.get(..2).map(|two| u16::from_be_bytes([two[0], two[1]]));
            let json = serde_json::from_slice::<Value>(&payload).unwrap_or_default();
            match (first & 0x0f, expected) {
                (CLOSE, Closed(expected)) if code == Some(*expected) && problem.is_none() => break,
                (CLOSE, ClosedAlike(expected)) if code == *expected => break,
                (CLOSE, Refused(name, expected)) if code == Some(*expected) && problem.as_deref() == Some(*name) => {
                    break;
                }
                (CLOSE, _) => return Err(format!("closed with {code:?} after {answers} answers, {problem:?}")),
                (PONG, Then::Pong(expected)) if payload == *expected => return Ok(()),
                (PONG, Then::Pong(_)) => {}
                (TEXT, Answers(_)) if json["type"] == "pong" => answers += 1,
                (TEXT, Refused(..)) => problem = json["code"].as_str().map(str::to_owned),
                _ => return Err(format!("{first:#x} {}", String::from_utf8_lossy(&payload))),
            }
            if *expected == Answers(answers) {
                return Ok(());
            }
        }
        match self.next().await {
            None => Ok(()),
            Some(frame) => Err(format!("{frame:?} after the end")),
        }
    }
}

/// Sends each to a socket of its own. Where it must go on, one ping of the vocabulary shows that it does.
async fn judge(house: &House, cases: Vec<(String, Vec<u8>, Then)>) {
    let tried = cases.into_iter().map(async |(name, bytes, expected)| {
        let mut socket = Raw::greeted(house).await;
        socket.send(&bytes).await;
        let mut seen = socket.see(&expected).await;
        if seen.is_ok() && matches!(expected, Answers(_) | Then::Pong(_)) {
            socket.send(&frame(WHOLE | TEXT, OURS)).await;
            seen = socket.see(&Answers(1)).await;
        }
        seen.err().map(|seen| format!("{name}: expected {expected:?}, saw {seen}"))
    });
    let faults: Vec<_> = join_all(tried).await.into_iter().flatten().collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

fn case(name: impl Into<String>, bytes: impl Into<Vec<u8>>, then: Then) -> (String, Vec<u8>, Then) {
    (name.into(), bytes.into(), then)
}

/// `{"type":"ping"}` and as many spaces as it takes.
fn wide(length: usize) -> Vec<u8> {
    let mut text = OURS.to_vec();
    text.resize(length, b' ');
    text
}

#[test]
fn reserved_bits_and_opcodes_unmasked_frames_and_bad_control_frames_are_protocol_errors() {
    run(async {
        let house = House::shared(On::Sqlite);
        let mut cases = vec![case("a whole text", frame(WHOLE | TEXT, OURS), Answers(1))];
        for bits in [0x10, 0x20, 0x40, 0x70] {
            for kind in [TEXT, PING, CLOSE] {
                cases.push(case(
                    format!("reserved {bits:#x} on {kind}"),
                    frame(WHOLE | bits | kind, b""),
                    Closed(1002),
                ));
            }
        }
        for kind in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
            cases.push(case(format!("opcode {kind}"), frame(WHOLE | kind, b"x"), Closed(1002)));
        }
        for kind in [PING, PONG, CLOSE] {
            cases.push(case(format!("control {kind} of 126 bytes"), frame(WHOLE | kind, &[b'x'; 126]), Closed(1002)));
            cases.push(case(format!("control {kind} in pieces"), frame(kind, b""), Closed(1002)));
        }
        let unmasked = [&[WHOLE | TEXT, OURS.len() as u8], OURS].concat();
        cases.push(case("unmasked", unmasked, Closed(1002)));
        cases.push(case("unmasked, nothing in it", [WHOLE | PING, 0], Closed(1002)));
        let followed = [frame(WHOLE | 3, b""), frame(WHOLE | TEXT, OURS)].concat();
        cases.push(case("what follows a broken frame is not read", followed, Closed(1002)));
        for payload in [&b""[..], b"x", &[0xfe; 125], &[0; 125]] {
            cases.push(case("ping", frame(WHOLE | PING, payload), Then::Pong(payload.to_vec())));
        }
        let unasked = [frame(WHOLE | PONG, b"unasked"), frame(WHOLE | TEXT, OURS)].concat();
        cases.push(case("a pong that nobody asked for", unasked, Answers(1)));
        let many: Vec<u8> = (0..10_u8).flat_map(|number| frame(WHOLE | PING, &[number])).collect();
        cases.push(case("ten pings", many, Then::Pong(vec![9])));
        cases.push(case("binary", frame(WHOLE | BINARY, OURS), Refused("malformed", 1008)));
        cases.push(case("nothing", frame(WHOLE | TEXT, b""), Refused("malformed", 1008)));
        judge(house, cases).await;
    });
}

#[test]
fn messages_in_pieces_are_put_together_and_pieces_of_nothing_are_errors() {
    run(async {
        let house = House::shared(On::Sqlite);
        let bytes: Vec<&[u8]> = OURS.chunks(1).collect();
        let mut interleaved = frame(TEXT, &OURS[..4]);
        interleaved.extend(frame(WHOLE | PING, b"between"));
        interleaved.extend(frame(WHOLE | MORE, &OURS[4..]));
        let first = |kind: u8, second: u8| [frame(kind, &OURS[..4]), frame(second, &OURS[4..])].concat();
        let tiny = wide(16_384);
        let tiny: Vec<&[u8]> = tiny.chunks(1).collect();
        let mut many_empty = vec![&b""[..]; 20_000];
        many_empty.push(OURS);
        judge(
            house,
            vec![
                case("two", pieces(&[&OURS[..7], &OURS[7..]]), Answers(1)),
                case("byte by byte", pieces(&bytes), Answers(1)),
                case("with nothing in some", pieces(&[b"", OURS, b"", b""]), Answers(1)),
                case("two messages in two", pieces(&[&OURS[..7], &OURS[7..]]).repeat(2), Answers(2)),
                case("a continuation of nothing", frame(WHOLE | MORE, OURS), Closed(1002)),
                case("a piece of nothing", frame(MORE, OURS), Closed(1002)),
                case("a text inside a text", first(TEXT, WHOLE | TEXT), Closed(1002)),
                case("a piece inside a text", first(TEXT, TEXT), Closed(1002)),
                case("a binary inside a text", first(TEXT, WHOLE | BINARY), Closed(1002)),
                case("thousands of one byte", pieces(&tiny), Answers(1)),
                case("thousands of nothing", pieces(&many_empty), Answers(1)),
            ],
        )
        .await;
        // The pong first, then the answer to the whole.
        let mut socket = Raw::greeted(house).await;
        socket.send(&interleaved).await;
        socket.see(&Then::Pong(b"between".to_vec())).await.unwrap();
        socket.see(&Answers(1)).await.unwrap();
    });
}

#[test]
fn text_that_is_no_utf_8_closes_with_1007_whole_or_in_pieces() {
    run(async {
        let house = House::shared(On::Sqlite);
        let mut cases = Vec::new();
        for bad in [
            &b"\xff"[..],
            b"\x80",
            b"abc\xc3",
            b"\xc0\xaf",
            b"\xe0\x80\xaf",
            b"\xed\xa0\x80",
            b"\xf4\x90\x80\x80",
            b"\xf8\x88\x80\x80\x80",
            b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
        ] {
            cases.push(case(format!("{bad:x?}"), frame(WHOLE | TEXT, bad), Closed(1007)));
            let bytes: Vec<&[u8]> = bad.chunks(1).collect();
            cases.push(case(format!("{bad:x?} in pieces"), pieces(&[&[&b""[..]], &bytes[..]].concat()), Closed(1007)));
        }
        // A character that is cut in two is whole again.
        let wide = r#"{"type":"message","counter":1,"text":"😀"}"#.as_bytes();
        for cut in 37..42 {
            let (head, tail) = wide.split_at(cut);
            let mut socket = Raw::greeted(house).await;
            socket.send(&pieces(&[head, tail])).await;
            let (_, payload) = socket.next().await.unwrap();
            assert_eq!(serde_json::from_slice::<Value>(&payload).unwrap()["type"], "accepted", "cut at {cut}");
        }
        judge(house, cases).await;
    });
}

#[test]
fn closing_frames_come_back_and_forbidden_codes_are_protocol_errors() {
    run(async {
        let house = House::shared(On::Sqlite);
        let mut cases = vec![
            case("no code", frame(WHOLE | CLOSE, b""), ClosedAlike(None)),
            case("half a code", frame(WHOLE | CLOSE, &[3]), Closed(1002)),
            case("the longest reason", close(1000, &[b'x'; 123]), ClosedAlike(Some(1000))),
            case("a reason too long", close(1000, &[b'x'; 124]), Closed(1002)),
            case("a reason that is no UTF-8", close(1000, b"\xce\xba\xed\xa0\x80"), Closed(1007)),
            case("more after the end", [close(1000, b""), frame(WHOLE | TEXT, OURS)].concat(), ClosedAlike(Some(1000))),
            case(
                "a ping after the end",
                [close(1000, b""), frame(WHOLE | PING, b"")].concat(),
                ClosedAlike(Some(1000)),
            ),
        ];
        for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999] {
            cases.push(case(format!("code {code}"), close(code, b"bye"), ClosedAlike(Some(code))));
        }
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
            cases.push(case(format!("code {code}"), close(code, b""), Closed(1002)));
        }
        judge(house, cases).await;
    });
}

#[test]
fn frames_and_messages_over_64_kib_close_with_1009_and_take_no_memory() {
    run(async {
        let house = House::new(&Plan::on(On::Sqlite));
        let before = house.memory();
        let half = wide(32 * 1024);
        let spaces = vec![b' '; 32 * 1024];
        let announced = |length: u64| [&[WHOLE | TEXT, 0x80 | 127][..], &length.to_be_bytes(), &[0; 4]].concat();
        let too_large = || Refused("too_large", 1009);
        let deep = |levels: usize| frame(WHOLE | TEXT, "[".repeat(levels).as_bytes());
        let mut cases = vec![
            case("64 KiB", frame(WHOLE | TEXT, &wide(65_536)), Answers(1)),
            case("64 KiB in two", pieces(&[&half, &spaces]), Answers(1)),
            case("64 KiB and a byte", frame(WHOLE | TEXT, &wide(65_537)), too_large()),
            case("64 KiB and a byte in two", pieces(&[&half, &spaces, b" "]), too_large()),
            case("announced and not sent", announced(1 << 20), too_large()),
            case("announced beyond all measure", announced(1 << 62), too_large()),
            case("60,000 levels", deep(60_000), Refused("malformed", 1008)),
            case("100,000 levels", deep(100_000), too_large()),
        ];
        let endless = frame(TEXT, b"x").into_iter().chain(frame(MORE, &[b'x'; 4000]).repeat(100)).collect::<Vec<_>>();
        for number in 0..100 {
            cases.push(case(format!("pieces without end {number}"), endless.clone(), too_large()));
        }
        judge(&house, cases).await;
        let grown = house.memory().saturating_sub(before);
        assert!(grown < 64 << 20, "it grew by {grown} bytes");
    });
}

#[test]
fn a_flood_of_pings_waits_on_the_wire_and_holds_nobody_up() {
    run(async {
        let house = House::new(&Plan::on(On::Sqlite));
        let before = house.memory();
        let (mut calm, flood) = (house.visitor(house.ours()).await, Raw::greeted(&house));
        let (mut reading, mut writing) = flood.await.stream.into_split();
        let both = [frame(WHOLE | PING, &[b'x'; 100]), frame(WHOLE | TEXT, OURS)].concat().repeat(2000);
        let flooding = tokio::spawn(async move { while writing.write_all(&both).await.is_ok() {} });
        let since = Instant::now();
        let mut answered = 0;
        let mut chunk = vec![0; 65_536];
        let mut slowest = Duration::ZERO;
        while since.elapsed() < Duration::from_secs(4) {
            let read = tokio::time::timeout(Duration::from_millis(200), reading.read(&mut chunk)).await;
            let count = read.map_or(0, Result::unwrap_or_default);
            answered += chunk[..count].windows(6).filter(|window| *window == br#""pong""#).count();
            let asked = Instant::now();
            calm.write("Noch da?").await;
            slowest = slowest.max(asked.elapsed());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        flooding.abort();
        // 200 at once and 50 a second, half of them pings of the protocol.
        assert!((80..=260).contains(&answered), "{answered} in {:?}", since.elapsed());
        assert!(slowest < Duration::from_secs(1), "{slowest:?}");
        let grown = house.memory().saturating_sub(before);
        assert!(grown < 64 << 20, "it grew by {grown} bytes");
    });
}
