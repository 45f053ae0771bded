//! Every message counts once, in its sender's order: retries, gaps, and many at once (L1, SR7).

use serde_json::json;

use super::said;
use crate::harness::{Heard, House, On, Plan, hello_visitor, on_both, sender};

on_both! {
    a_retry_under_the_same_counter_is_stored_once
    a_gap_is_refused_and_says_which_counter_must_come_first
    a_first_message_that_is_refused_begins_no_conversation
    a_counter_below_one_is_refused_and_hinders_nobody
    parallel_first_messages_begin_one_conversation
    frames_in_disorder_end_up_stored_once_and_in_order
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
    let mut operator = house.operator(&house.program()).await;
    for _ in 0..3 {
        operator.say(json!({ "type": "message", "conversation": id, "counter": 1, "text": "drei" })).await;
        assert_eq!(operator.expect("accepted").await["sequence"], 4);
    }
    let stored = house.entries(&house.program(), &id).await;
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
    let mut operator = house.operator(&house.program()).await;
    operator.say(json!({ "type": "message", "conversation": id, "counter": 2, "text": "?" })).await;
    let problem = operator.expect("problem").await;
    assert_eq!((&problem["code"], &problem["expected"]), (&json!("counter_gap"), &json!(1)));
    assert_eq!(problem["conversation"], id.as_str());
    assert_eq!(said(&house.entries(&house.program(), &id).await).len(), 2);
}

async fn a_first_message_that_is_refused_begins_no_conversation(on: On) {
    let house = House::new(&Plan::on(on));
    let owner = house.program();
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
        let mut operator = house.operator(&house.program()).await;
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
    let stored = said(&house.entries(&house.program(), ids[0].as_str().unwrap()).await);
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
    assert_eq!(said(&house.entries(&house.program(), &id).await), expected);
}
