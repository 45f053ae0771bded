//! What both sides see of each other, also after a connection or the program has ended (L1, SR8).

use serde_json::{Value, json};

use super::said;
use crate::harness::{Heard, House, On, Plan, Visitor, on_both, sender};

on_both! {
    a_visitor_and_an_operator_talk
    a_note_never_reaches_the_visitor_and_leaves_no_gap
    whoever_comes_back_gets_what_they_miss_and_nothing_twice
    operators_of_one_conversation_see_the_same_order
    a_card_number_is_masked_for_both_and_the_sender_is_told
    a_restart_in_mid_sentence_loses_nothing
    a_new_message_takes_an_ended_conversation_up_again
}

async fn a_visitor_and_an_operator_talk(on: On) {
    let house = House::new(&Plan::on(on));
    let (owner, agent) = (house.sign_in(&house.ours().owner).await, house.sign_in(&house.ours().agent).await);
    let mut visitor = house.visitor(house.ours()).await;
    assert_eq!(visitor.welcome["presence"], false, "nobody is there yet");
    assert_eq!(visitor.welcome["limits"], json!({ "text_characters": 10_000, "frame_bytes": 65_536, "in_flight": 32 }));
    let mut operator = house.operator(&agent).await;
    assert_eq!(visitor.socket.expect("presence").await, json!({ "type": "presence", "online": true }));

    let accepted = visitor.write("Guten Tag!").await;
    assert_eq!((&accepted["sequence"], &accepted["counter"]), (&json!(1), &json!(1)));
    let id = accepted["conversation"].as_str().unwrap();
    let row = operator.expect_where("conversation", |row| row["id"] == id).await;
    assert_eq!((&row["state"], &row["preview"], &row["unread"]), (&json!("new"), &json!("Guten Tag!"), &json!(1)));
    assert_eq!(
        (&row["preview_from"], &row["assignee"], &row["visitor_online"]),
        (&json!("visitor"), &Value::Null, &json!(true))
    );
    assert_eq!(operator.expect_where("counts", |counts| counts["unassigned"] == 1).await["mine"], 0);

    operator.say(json!({ "type": "follow", "conversation": id, "after": 0 })).await;
    assert_eq!(operator.expect("message").await["text"], "Guten Tag!");
    assert_eq!(operator.expect("current").await["last_sequence"], 1);
    assert_eq!(operator.expect("presence").await, json!({ "type": "presence", "online": true, "conversation": id }));
    operator.say(json!({ "type": "seen", "conversation": id, "sequence": 1 })).await;
    assert_eq!(visitor.socket.expect("seen").await["who"], "team");

    visitor.socket.say(json!({ "type": "typing", "on": true })).await;
    let typing = operator.expect("typing").await;
    assert_eq!(typing, json!({ "type": "typing", "conversation": id, "who": "visitor", "on": true }));
    operator.say(json!({ "type": "typing", "conversation": id, "on": true })).await;
    let typing = visitor.socket.expect("typing").await;
    assert_eq!((&typing["who"], &typing["name"]), (&json!("operator"), &json!("Ben Agent")));

    operator.say(json!({ "type": "message", "conversation": id, "counter": 1, "text": "Moin!" })).await;
    let answered = operator.expect("accepted").await;
    assert_eq!((&answered["sequence"], &answered["visible"]), (&json!(3), &json!(3)), "writing takes the conversation");
    let assigned = visitor.socket.expect("event").await;
    assert_eq!((&assigned["event"], &assigned["operator"]["name"]), (&json!("assigned"), &json!("Ben Agent")));
    assert_eq!((&assigned["sequence"], assigned.get("visible")), (&json!(2), None));
    let message = visitor.socket.expect("message").await;
    assert_eq!((&message["text"], &message["sequence"]), (&json!("Moin!"), &json!(3)));
    assert_eq!(message["author"], json!({ "kind": "operator", "name": "Ben Agent" }), "a name, not an id");
    visitor.socket.say(json!({ "type": "seen", "sequence": 3 })).await;
    assert_eq!(operator.expect_where("seen", |seen| seen["who"] == "visitor").await["sequence"], 3);
    let row = house.row(&agent, id).await;
    assert_eq!((&row["state"], &row["unread"], &row["visitor_seen"]), (&json!("pending"), &json!(0), &json!(3)));
    assert_eq!(row["assignee"]["name"], "Ben Agent");

    house.set_state(&agent, id, "ended").await.is(200);
    let ended = visitor.socket.expect_where("event", |event| event["event"] == "ended").await;
    assert_eq!((&ended["cause"], &ended["sequence"]), (&json!("operator"), &json!(4)));
    house.set_state(&owner, id, "open").await.is(200);
    let reopened = visitor.socket.expect_where("event", |event| event["event"] == "reopened").await;
    assert_eq!((&reopened["operator"]["name"], &reopened["sequence"]), (&json!("Ada Owner"), &json!(5)));

    drop(visitor);
    assert_eq!(operator.expect("presence").await, json!({ "type": "presence", "online": false, "conversation": id }));
}

async fn a_note_never_reaches_the_visitor_and_leaves_no_gap(on: On) {
    let house = House::shared(on);
    let owner = house.program();
    let (mut visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let mut operator = house.follower(&owner, &id).await;
    let write = |counter: i64, text: &str, note: bool| json!({ "type": "message", "conversation": id, "counter": counter, "text": text, "note": note });
    operator.say(write(1, "Das ist ein schwieriger Kunde", true)).await;
    let note = operator.expect("accepted").await;
    assert_eq!((&note["sequence"], &note["visible"]), (&json!(2), &json!(1)));
    operator.say(write(2, "Guten Tag", false)).await;
    let answer = operator.expect("accepted").await;
    assert_eq!((&answer["sequence"], &answer["visible"]), (&json!(4), &json!(3)));

    // While it happens, when coming back, and in the team's marks: numbers without a gap, and not one word.
    visitor.socket.expect("message").await;
    visitor.write("Danke").await;
    operator.say(json!({ "type": "seen", "conversation": id, "sequence": 2 })).await;
    assert_eq!(visitor.socket.expect("seen").await["sequence"], 1, "a note counts as the entry before it");
    for after in 0..4 {
        let mut back = house.again(&visitor, after).await;
        let current = back.socket.expect("current").await;
        assert_eq!(current["last_sequence"], 4);
        let frames = back.socket.drain().await;
        let numbers: Vec<i64> = frames.iter().filter_map(|frame| frame["sequence"].as_i64()).collect();
        assert_eq!(numbers, (after + 1..=4).collect::<Vec<_>>());
        assert!(!format!("{frames:?}").contains("schwierig"), "{frames:?}");
    }
    let row = house.row(&owner, &id).await;
    assert_eq!((&row["preview"], &row["last_sequence"]), (&json!("Danke"), &json!(5)));
    let kinds: Vec<bool> = house.entries(&owner, &id).await.iter().map(|entry| entry["note"] == true).collect();
    assert_eq!(kinds, [false, true, false, false, false], "operators see it");
}

async fn whoever_comes_back_gets_what_they_miss_and_nothing_twice(on: On) {
    let house = House::shared(on);
    let (mut visitor, id) = house.conversation(house.ours(), "eins").await;
    visitor.write("zwei").await;
    let mut operator = house.follower(&house.program(), &id).await;
    operator.drain().await;
    let position = house.row(&house.program(), &id).await["position"].as_i64().unwrap();
    drop(operator);
    visitor.write("drei").await;

    let mut back = house.again(&visitor, 1).await;
    assert_eq!(back.welcome["conversation"]["last_sequence"], 3);
    assert_eq!(back.welcome.get("token"), None, "they have one");
    back.socket.expect("current").await;
    assert_eq!(said(&back.socket.drain().await), [(2, "zwei".to_owned()), (3, "drei".to_owned())]);
    let mut whole = house.again(&visitor, 3).await;
    whole.socket.expect("current").await;
    assert_eq!(said(&whole.socket.drain().await), []);

    // The operator is told the row that changed while they were away, and the entries they ask for.
    let mut operator = house.operators_socket(&house.program()).await.unwrap();
    let hello = json!({ "type": "hello", "protocol": 1, "sender": sender(), "position": position });
    operator.say(hello).await;
    assert_eq!(operator.expect_where("conversation", |row| row["id"] == id.as_str()).await["preview"], "drei");
    operator.say(json!({ "type": "follow", "conversation": id, "after": 2 })).await;
    operator.expect("current").await;
    assert_eq!(said(&operator.drain().await), [(3, "drei".to_owned())]);
}

async fn operators_of_one_conversation_see_the_same_order(on: On) {
    let house = House::shared(on);
    let owner = house.program();
    let (mut visitor, id) = house.conversation(house.ours(), "Nachricht 0").await;
    let mut desks = [house.follower(&owner, &id).await, house.follower(&owner, &id).await];
    for counter in 1..=10 {
        for (index, desk) in desks.iter_mut().enumerate() {
            let text = format!("Tisch {index}, {counter}");
            desk.say(json!({ "type": "message", "conversation": id, "counter": counter, "text": text })).await;
        }
        visitor.send(&format!("Nachricht {counter}")).await;
    }
    // The first one, the taking, ten from each: everybody is told each number once, in order.
    for desk in &mut desks {
        let mut numbers = Vec::new();
        while numbers.last() != Some(&32) {
            let Heard::Frame(frame) = desk.hear().await else { panic!("the end") };
            if ["message", "event", "accepted"].iter().any(|kind| frame["type"] == *kind) {
                numbers.push(frame["sequence"].as_i64().unwrap());
            }
        }
        numbers.retain(|number| *number > 1);
        assert_eq!(numbers, (2..=32).collect::<Vec<_>>());
    }
    visitor.socket.expect_where("accepted", |frame| frame["counter"] == 11).await;
    assert_eq!(house.entries(&owner, &id).await.len(), 32);
}

async fn a_card_number_is_masked_for_both_and_the_sender_is_told(on: On) {
    let house = House::shared(on);
    let owner = house.program();
    let (mut visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let mut operator = house.follower(&owner, &id).await;
    operator.drain().await;
    let accepted = visitor.write("Meine Karte: 4111 1111 1111 1111, bitte!").await;
    let stored = accepted["text"].as_str().expect("the sender is told what was stored");
    assert!(!stored.contains("4111") && stored.contains("1111") && stored.ends_with(", bitte!"), "{stored}");
    assert_eq!(operator.expect("message").await["text"], stored);
    assert_eq!(visitor.write("Bestellung 4711-0815").await.get("text"), None, "what was not masked is not sent back");
    operator.say(json!({ "type": "message", "conversation": id, "counter": 1, "text": "5555555555554444" })).await;
    let accepted = operator.expect("accepted").await;
    assert!(accepted["text"].as_str().is_some_and(|text| !text.contains("55555")), "{accepted}");
    // The retry is told the same.
    visitor.counter = 1;
    assert_eq!(visitor.write("Meine Karte: 4111 1111 1111 1111, bitte!").await["text"], stored);
}

async fn a_restart_in_mid_sentence_loses_nothing(on: On) {
    let house = House::new(&Plan::on(on));
    let (mut visitor, id) = house.conversation(house.ours(), "Satz 1").await;
    let owner = house.program();
    let mut operator = house.follower(&owner, &id).await;
    operator.drain().await;
    let mut silent = house.visitors_socket().await;
    let mut waiting = house.operators_socket(&owner).await.unwrap();

    // Orderly: everybody is told to come back, and what was sent before is acknowledged or comes again.
    for counter in 2..=9 {
        visitor.send(&format!("Satz {counter}")).await;
    }
    let begun = std::time::Instant::now();
    house.ask_to_end();
    let (frames, code) = visitor.socket.until_the_end().await;
    let problem = frames.iter().find(|frame| frame["type"] == "problem").expect("a farewell");
    assert_eq!((&problem["code"], &problem["fatal"], code), (&json!("restarting"), &json!(true), Some(1012)));
    assert!((250..=2100).contains(&problem["retry_after_ms"].as_i64().unwrap()));
    assert_eq!(operator.fatal().await.0["code"], "restarting");
    assert_eq!(silent.fatal().await.0["code"], "restarting", "a visitor who has not said hello");
    assert_eq!(waiting.fatal().await.0["code"], "restarting", "an operator who has not said hello");
    assert!(house.terminate().success());
    assert!(begun.elapsed().as_secs() < 8, "nobody had to be waited for: {:?}", begun.elapsed());
    let acknowledged: Vec<i64> = frames
        .iter()
        .filter(|frame| frame["type"] == "accepted")
        .map(|frame| frame["counter"].as_i64().unwrap())
        .collect();
    house.start();
    let held = 1 + acknowledged.len() as i64;
    let back = check_back(&house, &visitor, held, 9).await;

    // Without a word.
    let mut visitor = back;
    for counter in 10..=17 {
        visitor.send(&format!("Satz {counter}")).await;
    }
    visitor.socket.expect_where("accepted", |frame| frame["counter"] == 10).await;
    house.kill();
    let (frames, _) = visitor.socket.until_the_end().await;
    let more = frames.iter().filter(|frame| frame["type"] == "accepted").count() as i64;
    house.start();
    check_back(&house, &visitor, 10 + more, 17).await;
    let expected: Vec<(i64, String)> = (1..=17).map(|number| (number, format!("Satz {number}"))).collect();
    assert_eq!(said(&house.entries(&owner, &id).await), expected);
}

/// Comes back holding everything up to `held`, sends the rest again, and is acknowledged everything once.
async fn check_back(house: &House, visitor: &Visitor, held: i64, last: i64) -> Visitor {
    let mut back = house.again(visitor, held).await;
    let there = back.welcome["conversation"]["last_sequence"].as_i64().unwrap();
    assert!(there >= held, "acknowledged and lost: {there} of {held}");
    back.counter = held;
    for counter in held + 1..=last {
        let accepted = back.write(&format!("Satz {counter}")).await;
        assert_eq!(accepted["sequence"], counter);
    }
    back.counter = last;
    back
}

async fn a_new_message_takes_an_ended_conversation_up_again(on: On) {
    let house = House::shared(on);
    let owner = house.program();
    let (mut visitor, id) = house.conversation(house.ours(), "Hallo").await;
    for _ in 0..2 {
        let row = house.set_state(&owner, &id, "ended").await.is(200).json();
        assert_eq!((&row["state"], &row["last_sequence"]), (&json!("ended"), &json!(2)), "twice is once");
    }
    visitor.write("Noch etwas").await;
    let row = house.row(&owner, &id).await;
    assert_eq!((&row["state"], &row["last_sequence"], &row["unread"]), (&json!("open"), &json!(3), &json!(2)));
}
