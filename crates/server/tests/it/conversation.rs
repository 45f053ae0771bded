//! A visitor and an operator talk, and nothing is lost whatever happens to their connections (L1, SR7, SR8).

use serde_json::{Value, json};

use crate::harness::{Caller, Heard, House, On, Plan, Visitor, hello_visitor, on_both, sender};

on_both! {
    a_visitor_and_an_operator_talk
    a_note_never_reaches_the_visitor_and_leaves_no_gap
    whoever_comes_back_gets_what_they_miss_and_nothing_twice
    a_retry_under_the_same_counter_is_stored_once
    a_gap_is_refused_and_says_which_counter_must_come_first
    a_first_message_that_is_refused_begins_no_conversation
    a_counter_below_one_is_refused_and_hinders_nobody
    parallel_first_messages_begin_one_conversation
    frames_in_disorder_end_up_stored_once_and_in_order
    operators_of_one_conversation_see_the_same_order
    a_card_number_is_masked_for_both_and_the_sender_is_told
    a_restart_in_mid_sentence_loses_nothing
    a_new_message_takes_an_ended_conversation_up_again
}

/// Numbers and texts of messages, in order.
fn said(frames: &[Value]) -> Vec<(i64, String)> {
    let messages = frames.iter().filter(|frame| frame["type"] == "message");
    messages.map(|frame| (frame["sequence"].as_i64().unwrap(), frame["text"].as_str().unwrap().to_owned())).collect()
}

fn program(house: &House) -> Caller {
    Caller::Program(house.ours().token.clone())
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
    let owner = program(house);
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
    let mut operator = house.follower(&program(house), &id).await;
    operator.drain().await;
    let position = house.row(&program(house), &id).await["position"].as_i64().unwrap();
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
    let mut operator = house.operators_socket(&program(house)).await.unwrap();
    let hello = json!({ "type": "hello", "protocol": 1, "sender": sender(), "position": position });
    operator.say(hello).await;
    assert_eq!(operator.expect_where("conversation", |row| row["id"] == id.as_str()).await["preview"], "drei");
    operator.say(json!({ "type": "follow", "conversation": id, "after": 2 })).await;
    operator.expect("current").await;
    assert_eq!(said(&operator.drain().await), [(3, "drei".to_owned())]);
}

async fn a_retry_under_the_same_counter_is_stored_once(on: On) {
    let house = House::shared(on);
    let (mut visitor, id) = house.conversation(house.ours(), "eins").await;
    let first = visitor.write("zwei").await;
    visitor.counter = 1;
    let again = visitor.write("zwei").await;
    assert_eq!(first, again, "on the same socket");
    let mut back = house.again(&visitor, 0).await;
    back.counter = 0;
    assert_eq!(back.write("eins").await["sequence"], 1, "on another one");
    assert_eq!(back.write("zwei").await["sequence"], 2);
    // The first text counts: whoever retries cannot rewrite what was acknowledged.
    back.counter = 1;
    assert_eq!(back.write("etwas anderes").await["sequence"], 2);
    let mut operator = house.operator(&program(house)).await;
    for _ in 0..3 {
        operator.say(json!({ "type": "message", "conversation": id, "counter": 1, "text": "drei" })).await;
        assert_eq!(operator.expect("accepted").await["sequence"], 4);
    }
    let stored = house.entries(&program(house), &id).await;
    let texts: Vec<String> = said(&stored).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["eins", "zwei", "drei"]);
}

async fn a_gap_is_refused_and_says_which_counter_must_come_first(on: On) {
    let house = House::shared(on);
    let (mut visitor, id) = house.conversation(house.ours(), "eins").await;
    visitor.counter = 4;
    visitor.send("fünf").await;
    let problem = visitor.socket.expect("problem").await;
    assert_eq!(
        (&problem["code"], &problem["counter"], &problem["expected"]),
        (&json!("counter_gap"), &json!(5), &json!(2))
    );
    assert_eq!(problem["fatal"], false);
    visitor.counter = 1;
    assert_eq!(visitor.write("zwei").await["sequence"], 2, "the socket goes on");
    let mut operator = house.operator(&program(house)).await;
    operator.say(json!({ "type": "message", "conversation": id, "counter": 2, "text": "?" })).await;
    let problem = operator.expect("problem").await;
    assert_eq!((&problem["code"], &problem["expected"]), (&json!("counter_gap"), &json!(1)));
    assert_eq!(problem["conversation"], id.as_str());
    assert_eq!(said(&house.entries(&program(house), &id).await).len(), 2);
}

async fn a_first_message_that_is_refused_begins_no_conversation(on: On) {
    let house = House::new(&Plan::on(on));
    let owner = program(&house);
    let list = async || {
        let answer = house.ask("GET", "/api/conversations?list=all&ended=true").by(&owner).send().await.is(200).json();
        (answer["items"].as_array().unwrap().len(), answer["counts"]["all"].as_i64().unwrap())
    };
    let mut visitor = house.visitor(house.ours()).await;
    for (counter, text, code) in
        [(2, "zwei", "counter_gap"), (1, "  \n", "text_empty"), (1, &*"x".repeat(10_001), "text_too_long")]
    {
        visitor.socket.say(json!({ "type": "message", "counter": counter, "text": text })).await;
        let problem = visitor.socket.expect("problem").await;
        assert_eq!((&problem["code"], &problem["counter"]), (&json!(code), &json!(counter)));
        if code == "counter_gap" {
            assert_eq!(problem["expected"], 1);
        }
        assert_eq!(list().await, (0, 0), "{code}: what was refused changed nothing");
    }
    visitor.write(&"ä".repeat(10_000)).await;
    assert_eq!(list().await, (1, 1), "the longest text that is allowed");
}

async fn a_counter_below_one_is_refused_and_hinders_nobody(on: On) {
    let house = House::new(&Plan::on(on));
    let (mut other, id) = house.conversation(house.ours(), "eins").await;
    for counter in [0, -1, i64::MIN] {
        let mut visitor = house.visitor(house.ours()).await;
        let frame = json!({ "type": "message", "counter": counter, "text": "x" });
        visitor.socket.say(frame.clone()).await;
        assert_eq!(visitor.socket.expect("problem").await["code"], "malformed", "before there is a conversation");
        let mut back = house.again(&other, 1).await;
        back.socket.say(frame).await;
        assert_eq!(back.socket.expect("problem").await["code"], "malformed", "in a conversation");
        let mut operator = house.operator(&program(&house)).await;
        operator.say(json!({ "type": "message", "conversation": id, "counter": counter, "text": "x" })).await;
        assert_eq!(operator.expect("problem").await["code"], "malformed", "from an operator");
    }
    assert_eq!(other.write("zwei").await["sequence"], 2);
    assert!(!house.log().contains("ERROR"), "nothing that a client sends is a fault of ours: {}", house.log());
}

async fn parallel_first_messages_begin_one_conversation(on: On) {
    let house = House::shared(on);
    let visitor = house.visitor(house.ours()).await;
    let mut tabs = Vec::new();
    for _ in 0..6 {
        let mut socket = house.visitors_socket().await;
        let mut hello = hello_visitor(&visitor.widget, &sender());
        hello["token"] = visitor.token.as_str().into();
        socket.say(hello).await;
        assert_eq!(socket.expect("welcome").await.get("conversation"), None);
        tabs.push(socket);
    }
    for (index, tab) in tabs.iter_mut().enumerate() {
        for counter in 1..=2 {
            let text = format!("Reiter {index}, Nachricht {counter}");
            tab.say(json!({ "type": "message", "counter": counter, "text": text })).await;
        }
    }
    // Every tab is told everything once: its own as accepted, the others' as messages.
    let mut ids = Vec::new();
    for tab in &mut tabs {
        let mut numbers = Vec::new();
        for kind in [["accepted"; 2].as_slice(), &["message"; 10]].concat() {
            let frame = tab.expect(kind).await;
            numbers.push(frame["sequence"].as_i64().unwrap());
            ids.push(frame["conversation"].clone());
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=12).collect::<Vec<_>>());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "one token, one conversation");
    let stored = said(&house.entries(&program(house), ids[0].as_str().unwrap()).await);
    assert_eq!(stored.iter().map(|(number, _)| *number).collect::<Vec<_>>(), (1..=12).collect::<Vec<_>>());
    for index in 0..6 {
        let of_tab = |(_, text): &&(i64, String)| text.starts_with(&format!("Reiter {index},"));
        let texts: Vec<&str> = stored.iter().filter(of_tab).map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, [1, 2].map(|counter| format!("Reiter {index}, Nachricht {counter}")), "once and in order");
    }
}

async fn frames_in_disorder_end_up_stored_once_and_in_order(on: On) {
    let house = House::shared(on);
    let (mut visitor, id) = house.conversation(house.ours(), "Nachricht 1").await;
    // 3 before 2, everything twice, 5 never before 4: a client sends again what was refused.
    let mut ahead = vec![3, 2, 2, 3, 5, 4, 3, 4, 5, 5];
    while let Some(counter) = (!ahead.is_empty()).then(|| ahead.remove(0)) {
        visitor.counter = counter - 1;
        visitor.send(&format!("Nachricht {counter}")).await;
        loop {
            match visitor.socket.hear().await {
                Heard::Frame(frame) if frame["counter"] != counter => {}
                Heard::Frame(frame) if frame["type"] == "accepted" => break,
                Heard::Frame(frame) => {
                    assert_eq!(frame["code"], "counter_gap", "{frame}");
                    assert!(frame["expected"].as_i64().unwrap() < counter);
                    break;
                }
                Heard::End(code) => panic!("{code:?}"),
            }
        }
    }
    let expected: Vec<(i64, String)> = (1..=5).map(|number| (number, format!("Nachricht {number}"))).collect();
    assert_eq!(said(&house.entries(&program(house), &id).await), expected);
}

async fn operators_of_one_conversation_see_the_same_order(on: On) {
    let house = House::shared(on);
    let owner = program(house);
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
    let owner = program(house);
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
    let owner = program(&house);
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
    let owner = program(house);
    let (mut visitor, id) = house.conversation(house.ours(), "Hallo").await;
    for _ in 0..2 {
        let row = house.set_state(&owner, &id, "ended").await.is(200).json();
        assert_eq!((&row["state"], &row["last_sequence"]), (&json!("ended"), &json!(2)), "twice is once");
    }
    visitor.write("Noch etwas").await;
    let row = house.row(&owner, &id).await;
    assert_eq!((&row["state"], &row["last_sequence"], &row["unread"]), (&json!("open"), &json!(3), &json!(2)));
}
