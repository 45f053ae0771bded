//! A client that sends what no client of ours would: nonsense, too much, too deep.

use futures_util::SinkExt as _;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::by_hand;
use crate::harness::{House, On, Plan, hello_operator, hello_visitor, on_both, sender};

on_both! {
    whatever_is_no_frame_is_answered_with_a_typed_problem
    oversized_input_is_refused_and_takes_no_memory
}

async fn whatever_is_no_frame_is_answered_with_a_typed_problem(on: On) {
    let house = House::shared(on);
    let deep = format!("{}1{}", "[".repeat(30_000), "]".repeat(30_000));
    let deep_field =
        format!(r#"{{"type":"message","counter":1,"text":{}1{}}}"#, "[".repeat(20_000), "]".repeat(20_000));
    let bad = [
        "",
        "{",
        "null",
        "[]",
        "0",
        r#""hello""#,
        r#"{"type":"unknown"}"#,
        r#"{"type":null}"#,
        r#"{"typ":"ping"}"#,
        r#"{"type":"ping","x":1}"#,
        r#"{"type":"ping","type":"ping"}"#,
        r#"{"type":"message"}"#,
        r#"{"type":"message","counter":"1","text":"x"}"#,
        r#"{"type":"message","counter":1.5,"text":"x"}"#,
        r#"{"type":"message","counter":99999999999999999999,"text":"x"}"#,
        r#"{"type":"message","counter":1,"text":null}"#,
        r#"{"type":"message","counter":1,"text":"\ud800"}"#,
        r#"{"type":"message","counter":1,"text":"x","conversation":"../../x"}"#,
        r#"{"type":"typing","on":"yes"}"#,
        r#"{"type":"watch","list":"everything"}"#,
        r#"{"type":"ping"} {"type":"ping"}"#,
        &deep,
        &deep_field,
    ];
    // Well-formed frames in the same place are taken.
    let (visitor, _) = house.conversation(house.ours(), "Hallo").await;
    for text in bad {
        let mut greeted = house.again(&visitor, 1).await.socket;
        greeted.raw(Message::text(text)).await;
        let (problem, code) = greeted.fatal().await;
        assert_eq!((&problem["code"], code), (&json!("malformed"), Some(1008)), "{}", &text[..text.len().min(80)]);
        assert!(text.is_empty() || text.len() < 3 || !problem["detail"].as_str().unwrap().contains(text));
        let mut first = house.visitors_socket().await;
        first.raw(Message::text(text)).await;
        let (problem, _) = first.fatal().await;
        assert!(["malformed", "hello_expected"].contains(&problem["code"].as_str().unwrap()), "{problem}");
    }
    for socket in [house.visitors_socket().await, house.operators_socket(&house.program()).await.unwrap()] {
        let mut socket = socket;
        socket.raw(Message::binary(br#"{"type":"ping"}"#.to_vec())).await;
        assert_eq!(socket.fatal().await.0["code"], "malformed", "binary");
    }
    // The order of things.
    let hello = hello_visitor(&house.ours().widget, &sender());
    for (name, frames, code) in [
        ("no hello", vec![json!({ "type": "ping" })], "hello_expected"),
        ("a message first", vec![json!({ "type": "message", "counter": 1, "text": "x" })], "hello_expected"),
        (
            "another version",
            vec![json!({ "type": "hello", "protocol": 2, "sender": sender(), "widget": house.ours().widget })],
            "unsupported",
        ),
        ("no widget", vec![hello_operator()], "malformed"),
        ("no sender", vec![hello_visitor(&house.ours().widget, "keiner")], "malformed"),
        ("two hellos", vec![hello.clone(), hello.clone()], "forbidden"),
    ] {
        let mut socket = house.visitors_socket().await;
        for frame in frames {
            socket.say(frame).await;
        }
        assert_eq!(socket.expect("problem").await["code"], code, "{name}");
    }
    for (name, frames, code) in [
        ("no hello", vec![json!({ "type": "ping" })], "hello_expected"),
        ("another version", vec![json!({ "type": "hello", "protocol": 0, "sender": sender() })], "unsupported"),
        ("two hellos", vec![hello_operator(), hello_operator()], "malformed"),
    ] {
        let mut socket = house.operators_socket(&house.program()).await.unwrap();
        for frame in frames {
            socket.say(frame).await;
        }
        assert_eq!(socket.expect("problem").await["code"], code, "{name}");
    }
    // Texts as odd as they come return as they were.
    let mut visitor = house.visitor(house.ours()).await;
    for text in
        ["\u{0}", "\u{202e}abc\u{feff}", "' OR 1=1; --", "<script>alert(1)</script>", "🏳️‍🌈 ﷽ Z̮̞̠͙͔ͅ", "${7*7} {{7*7}} %s %n"]
    {
        let accepted = visitor.write(text).await;
        let id = accepted["conversation"].as_str().unwrap();
        assert_eq!(house.entries(&house.program(), id).await.last().unwrap()["text"], text);
    }
}

async fn oversized_input_is_refused_and_takes_no_memory(on: On) {
    let house = House::new(&Plan::on(on));
    let owner = house.program();
    let mut visitor = house.visitor(house.ours()).await;
    visitor.write("Hallo").await;
    house.sign_in(&house.ours().owner).await;
    let before = house.memory();
    let change = |length: usize| {
        let body = json!({ "greeting": "x".repeat(length) }).to_string();
        house
            .ask("PATCH", &format!("/api/widgets/{}", house.ours().widget))
            .by(&owner)
            .body("application/json", body.as_bytes())
    };
    change(200).send().await.is(200);
    change(60_000).send().await.is(422);
    for length in [65_536, 1 << 20, 16 << 20] {
        let answer = change(length).send().await.is(413);
        assert_eq!(answer.json()["status"], 413);
    }
    // Announced and never sent; nested beyond reason; headers without end.
    let head = format!(
        "PATCH /api/session HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n",
        house.app_host(),
        house.ours().token
    );
    assert_eq!(by_hand(&house, &format!("{head}content-length: 99999999999\r\n\r\n")).await, 413);
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    let answer = house.ask("PATCH", "/api/session").by(&owner).body("application/json", deep.as_bytes()).send().await;
    assert!(matches!(answer.status, 400 | 422), "{}", answer.head);
    assert_eq!(by_hand(&house, &format!("{head}x: {}\r\n\r\n", "x".repeat(8_000))).await, 400, "this much is read");
    for size in [17_000, 1 << 20] {
        let status = by_hand(&house, &format!("{head}x: {}\r\n\r\n", "x".repeat(size))).await;
        assert!(matches!(status, 431 | 0), "{size}: {status}");
    }
    assert!(matches!(by_hand(&house, &format!("{head}{}\r\n", "x: y\r\n".repeat(300))).await, 431 | 0));
    assert!(matches!(by_hand(&house, &format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(100_000))).await, 414 | 431 | 0));
    for garbage in
        ["GARBAGE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n", "GET / HTTP/1.1\r\nhost : x\r\n\r\n"]
    {
        assert!(matches!(by_hand(&house, garbage).await, 400 | 505 | 0), "{garbage:?}");
    }

    // Frames: one byte under the limit is read, one over it is not, in one piece or in many.
    let wide = |length: usize| format!(r#"{{"type":"message","counter":2,"text":"{}"}}"#, "x".repeat(length - 40));
    visitor.socket.raw(Message::text(wide(65_000))).await;
    assert_eq!(visitor.socket.expect("problem").await["code"], "text_too_long");
    for size in [65_600, 1 << 20, 8 << 20] {
        for mut socket in
            [house.again(&visitor, 1).await.socket, house.operator(&owner).await, house.visitors_socket().await]
        {
            socket.raw(Message::text(wide(size))).await;
            let (problem, code) = socket.fatal().await;
            assert_eq!((&problem["code"], code), (&json!("too_large"), Some(1009)), "{size}");
        }
    }
    let mut socket = house.again(&visitor, 1).await.socket;
    let piece = vec![b'x'; 4096];
    for number in 0..2048 {
        let kind = if number == 0 { OpCode::Data(Data::Text) } else { OpCode::Data(Data::Continue) };
        let frame = Frame::message(piece.clone(), kind, false);
        if socket.web.send(Message::Frame(frame)).await.is_err() {
            break;
        }
    }
    let (problem, code) = socket.fatal().await;
    assert_eq!((&problem["code"], code), (&json!("too_large"), Some(1009)), "in pieces");
    // Many who begin a message and never end it.
    let mut unfinished = Vec::new();
    for _ in 0..50 {
        let mut socket = house.again(&visitor, 1).await.socket;
        let frame = Frame::message(vec![b'x'; 60_000], OpCode::Data(Data::Text), false);
        let _ = socket.web.send(Message::Frame(frame)).await;
        unfinished.push(socket);
    }
    let grown = house.memory().saturating_sub(before);
    assert!(grown < 64 << 20, "it grew by {grown} bytes");
    visitor.counter = 1;
    visitor.write("Noch da?").await;
}
