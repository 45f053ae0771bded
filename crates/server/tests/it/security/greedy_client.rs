//! A client that keeps to the protocol and takes more than its share: writes too fast, does not read, does not go on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::by_hand;
use crate::harness::{Heard, House, On, Plan, on_both};

on_both! {
    visitors_who_write_too_fast_are_slowed_down_and_lose_nothing
    a_reader_that_does_not_read_is_cut_off_and_comes_back
}

async fn visitors_who_write_too_fast_are_slowed_down_and_lose_nothing(on: On) {
    let house = House::shared(on);
    let mut visitor = house.visitor(house.ours()).await;
    for number in 1..=30 {
        visitor.send(&format!("Nachricht {number}")).await;
    }
    let (mut accepted, mut limited) = (Vec::new(), Vec::new());
    while accepted.len() + limited.len() < 30 {
        let Heard::Frame(frame) = visitor.socket.hear().await else { panic!("the end") };
        match (frame["type"].as_str(), frame["code"].as_str()) {
            (Some("accepted"), _) => accepted.push(frame["counter"].as_i64().unwrap()),
            (_, Some("rate_limited")) => {
                assert_eq!(frame["fatal"], false);
                assert!((50..=200).contains(&frame["retry_after_ms"].as_i64().unwrap()), "{frame}");
                limited.push(frame["counter"].as_i64().unwrap());
            }
            // A token came free for a later one.
            (_, Some("counter_gap")) => limited.push(frame["counter"].as_i64().unwrap()),
            _ => {}
        }
    }
    assert!((20..=22).contains(&accepted.len()), "a burst of 20: {accepted:?}");
    limited.sort_unstable();
    let mut ahead = accepted.len() as i64 + 1;
    let since = Instant::now();
    while ahead <= 30 {
        visitor.counter = ahead - 1;
        visitor.send(&format!("Nachricht {ahead}")).await;
        loop {
            let Heard::Frame(frame) = visitor.socket.hear().await else { panic!("the end") };
            if frame["type"] == "accepted" && frame["counter"] == ahead {
                ahead += 1;
                break;
            }
            if let Some(wait) = frame["retry_after_ms"].as_u64() {
                tokio::time::sleep(Duration::from_millis(wait)).await;
                break;
            }
        }
    }
    assert!(since.elapsed() >= Duration::from_millis(1200), "five a second: {:?}", since.elapsed());
    let back = house.again(&visitor, 0).await;
    assert_eq!(back.welcome["conversation"]["last_sequence"], 30);
}

async fn a_reader_that_does_not_read_is_cut_off_and_comes_back(on: On) {
    let house = House::new(&Plan::on(on));
    let owner = house.program();
    let (visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let mut operator = house.follower(&owner, &id).await;
    let mut reader = house.visitor(house.ours()).await;
    reader.write("Ich lese").await;
    let text = "😀".repeat(10_000);
    const MESSAGES: i64 = 160;
    for counter in 1..=MESSAGES {
        operator.say(json!({ "type": "message", "conversation": id, "counter": counter, "text": text })).await;
        if counter % 16 == 0 {
            operator.expect_where("accepted", |frame| frame["counter"] == counter).await;
        }
    }
    // Nobody else waits for the one who does not read.
    reader.write("Und ich?").await;
    let online = async || house.row(&owner, &id).await["visitor_online"] == true;
    let since = Instant::now();
    testkit::eventually(Duration::from_secs(30), "the reader is cut off", async || !online().await).await;
    assert!(since.elapsed() > Duration::from_secs(1), "they were given time: {:?}", since.elapsed());
    let mut held = 1;
    let mut back = visitor;
    loop {
        match back.socket.hear().await {
            Heard::Frame(frame) => {
                if let Some(sequence) = frame["sequence"].as_i64() {
                    assert_eq!(sequence, held + 1);
                    held = sequence;
                }
            }
            Heard::End(_) if held < MESSAGES + 2 => back = house.again(&back, held).await,
            Heard::End(code) => panic!("{code:?}"),
        }
        if held == MESSAGES + 2 {
            break;
        }
    }
}

/// On PostgreSQL, where a lock can hold the store up.
#[test]
fn at_most_32_messages_wait_for_their_acknowledgement() {
    crate::harness::run(async {
        let house = Arc::new(House::new(&Plan::on(On::Postgres)));
        let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
        let mut operator = house.operator(&house.program()).await;
        let write = |counter: i64| json!({ "type": "message", "conversation": id, "counter": counter, "text": "Text" });
        operator.say(write(1)).await;
        operator.expect("accepted").await;
        let lock = tokio::task::spawn_blocking({
            let house = Arc::clone(&house);
            move || {
                let lock = "BEGIN; LOCK TABLE head IN EXCLUSIVE MODE; SELECT pg_sleep(4); COMMIT";
                house.databases.as_ref().unwrap().0.run(lock);
            }
        });
        tokio::time::sleep(Duration::from_millis(700)).await;
        for counter in 2..=32 {
            operator.say(write(counter)).await;
        }
        let heard = operator.drain().await;
        assert!(
            !heard.iter().any(|frame| frame["type"] == "accepted"),
            "31 wait, and the server still listens: {heard:?}"
        );
        operator.say(write(33)).await;
        operator.say(json!({ "type": "ping" })).await;
        let answer =
            async { while !matches!(operator.hear().await, Heard::Frame(frame) if frame["type"] == "pong") {} };
        let answered = tokio::time::timeout(Duration::from_secs(1), answer).await;
        assert!(answered.is_err(), "32 wait, and the server reads no further");
        assert!(!lock.is_finished(), "the lock held as long");
        for counter in 2..=33 {
            assert_eq!(operator.expect("accepted").await["counter"], counter);
        }
        operator.expect("pong").await;
        lock.await.unwrap();
    });
}

/// Whoever begins and does not go on holds a connection for ten seconds: heads, bodies and greetings alike.
#[test]
fn nobody_is_waited_for_for_ever() {
    crate::harness::run(async {
        let house = House::shared(On::Sqlite);
        let (owner, since) = (house.program(), Instant::now());
        let head = format!("PATCH /api/session HTTP/1.1\r\nhost: {}\r\n", house.app_host());
        let token = format!("authorization: Bearer {}\r\ncontent-type: application/json\r\n", house.ours().token);
        let body = format!("{head}{token}content-length: 17\r\n\r\n");
        assert_eq!(by_hand(house, &format!("{body}{{\"language\":\"de\"}}")).await, 200, "in one go it is done");
        let begun = format!("{body}{{");
        let mut silent = [house.visitors_socket().await, house.operators_socket(&owner).await.unwrap()];
        let [visitor, operator] = &mut silent;
        // Alive below, and silent above.
        visitor.raw(Message::Ping(Vec::new().into())).await;
        let (body, head, visitor, operator) = tokio::join!(
            by_hand(house, &begun),
            by_hand(house, &head),
            visitor.until_the_end(),
            operator.until_the_end()
        );
        assert_eq!((body, head), (408, 0));
        assert!(visitor.0.is_empty() && operator.0.is_empty(), "{visitor:?}, {operator:?}");
        assert!((8..15).contains(&since.elapsed().as_secs()), "{:?}", since.elapsed());
    });
}
