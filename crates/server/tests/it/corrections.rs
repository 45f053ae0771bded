//! What an operator wrote is corrected or taken back, as long as the visitor has not seen it.

use serde_json::{Value, json};

use crate::harness::{Answer, Caller, House, On, Socket, hello_operator, hello_visitor, on_both, sender};

on_both! {
    a_correction_reaches_everybody_in_order_and_history_holds_the_newest_alone
    what_is_taken_back_is_nowhere_to_be_read
    a_note_is_corrected_without_a_trace_for_the_visitor
    what_was_read_stays_and_the_refusal_says_so
    a_correction_is_masked_like_a_message
    nobody_corrects_a_colleague_a_visitor_or_another_organisation
    a_correction_that_says_nothing_or_too_much_is_refused
    a_retry_of_the_first_wording_does_not_bring_it_back
}

fn path(id: &str, sequence: i64) -> String {
    format!("/api/conversations/{id}/entries/{sequence}")
}

async fn correct(house: &House, by: &Caller, id: &str, sequence: i64, text: &str) -> Answer {
    house.ask("PATCH", &path(id, sequence)).by(by).json(&json!({ "text": text })).send().await
}

async fn recall(house: &House, by: &Caller, id: &str, sequence: i64) -> Answer {
    house.ask("DELETE", &path(id, sequence)).by(by).send().await
}

/// Writes on an operator's socket; says the sequence.
async fn write(socket: &mut Socket, id: &str, counter: i64, text: &str, note: bool) -> i64 {
    let frame = json!({ "type": "message", "counter": counter, "conversation": id, "text": text, "note": note });
    socket.say(frame).await;
    let accepted = socket.expect_where("accepted", |frame| frame["counter"] == counter).await;
    accepted["sequence"].as_i64().unwrap()
}

/// Everything that a visitor is told who comes back and holds nothing.
async fn history(house: &House, token: &str) -> Vec<Value> {
    let mut socket = house.visitors_socket().await;
    let mut hello = hello_visitor(&house.ours().widget, &sender());
    hello["token"] = json!(token);
    socket.say(hello).await;
    socket.drain().await
}

fn events<'a>(frames: &'a [Value], kind: &str) -> Vec<&'a Value> {
    frames.iter().filter(|frame| frame["event"] == kind).collect()
}

async fn a_correction_reaches_everybody_in_order_and_history_holds_the_newest_alone(on: On) {
    let house = House::shared(on);
    let agent = house.sign_in(&house.ours().agent).await;
    let owner = house.sign_in(&house.ours().owner).await;
    let (mut visitor, id) = house.conversation(house.ours(), "Wann kommt es?").await;
    let (mut desk, mut colleague) = (house.follower(&agent, &id).await, house.follower(&owner, &id).await);
    colleague.drain().await;
    let sequence = write(&mut desk, &id, 1, "Am Montga.", false).await;
    assert_eq!((sequence, colleague.expect("message").await["sequence"].as_i64()), (3, Some(3)));
    colleague.drain().await;
    visitor.socket.expect("message").await;

    correct(house, &agent, &id, sequence, "Am Montag.").await.is(204);
    let told = visitor.socket.expect_where("event", |frame| frame["event"] == "edited").await;
    assert_eq!((&told["sequence"], &told["of"], &told["text"]), (&json!(4), &json!(3), &json!("Am Montag.")));
    for socket in [&mut desk, &mut colleague] {
        let told = socket.expect_where("event", |frame| frame["event"] == "edited").await;
        assert_eq!((&told["sequence"], &told["of"], &told["text"]), (&json!(4), &json!(3), &json!("Am Montag.")));
    }
    assert_eq!(house.row(&owner, &id).await["preview"], "Am Montag.");
    correct(house, &agent, &id, sequence, "Am Dienstag.").await.is(204);

    let frames = history(house, &visitor.token).await;
    let all = Value::from(frames.clone()).to_string();
    assert!(all.contains("Am Dienstag.") && !all.contains("Montag") && !all.contains("Montga"), "{all}");
    assert_eq!(events(&frames, "edited").len(), 2, "the numbers have no gap");
    let read = Value::from(house.entries(&owner, &id).await).to_string();
    assert!(read.contains("Am Dienstag.") && !read.contains("Montag") && !read.contains("Montga"), "{read}");
    assert_eq!(house.row(&owner, &id).await["preview"], "Am Dienstag.");
    house.set_state(&owner, &id, "ended").await.is(200);
    correct(house, &agent, &id, sequence, "Am Mittwoch.").await.is(204);
}

async fn what_is_taken_back_is_nowhere_to_be_read(on: On) {
    let house = House::shared(on);
    let agent = house.sign_in(&house.ours().agent).await;
    let (mut visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let waiting = house.row(&agent, &id).await["waiting_since"].clone();
    let mut desk = house.follower(&agent, &id).await;
    let sequence = write(&mut desk, &id, 1, "Geheim 4711", false).await;
    visitor.socket.expect("message").await;
    correct(house, &agent, &id, sequence, "Noch geheim 4711").await.is(204);
    recall(house, &agent, &id, sequence).await.is(204);
    let told = visitor.socket.expect_where("event", |frame| frame["event"] == "recalled").await;
    assert_eq!((&told["of"], &told["text"]), (&json!(3), &json!("")));

    let frames = history(house, &visitor.token).await;
    assert!(!Value::from(frames.clone()).to_string().contains("4711"), "{frames:?}");
    assert_eq!(events(&frames, "edited")[0]["text"], "", "nor as what was once corrected");
    let message = frames.iter().find(|frame| frame["sequence"] == 3).unwrap();
    assert_eq!((&message["type"], &message["text"]), (&json!("message"), &json!("")));
    assert!(!Value::from(house.entries(&agent, &id).await).to_string().contains("4711"));
    let row = house.row(&agent, &id).await;
    assert_eq!((&row["preview"], &row["waiting_since"], &row["state"]), (&json!("Hallo"), &waiting, &json!("open")));
    recall(house, &agent, &id, sequence).await.is(404);
    correct(house, &agent, &id, sequence, "Doch").await.is(404);
    recall(house, &agent, &id, 99).await.is(404);
}

async fn a_note_is_corrected_without_a_trace_for_the_visitor(on: On) {
    let house = House::shared(on);
    let agent = house.sign_in(&house.ours().agent).await;
    let (mut visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let mut desk = house.follower(&agent, &id).await;
    let note = write(&mut desk, &id, 1, "Fragt oft nach", true).await;
    let before = house.row(&agent, &id).await;
    visitor.socket.drain().await;
    correct(house, &agent, &id, note, "Fragt selten nach").await.is(204);
    let told = desk.expect_where("event", |frame| frame["event"] == "edited").await;
    assert_eq!((&told["text"], &told["visible"]), (&json!("Fragt selten nach"), &json!(1)));
    recall(house, &agent, &id, note).await.is(204);
    assert_eq!(visitor.socket.drain().await, Vec::<Value>::new(), "nothing at all");
    assert_eq!(visitor.write("Noch da?").await["sequence"], 2, "and no gap");
    let row = house.row(&agent, &id).await;
    assert_eq!((&row["state"], &row["waiting_since"]), (&before["state"], &before["waiting_since"]));
}

async fn what_was_read_stays_and_the_refusal_says_so(on: On) {
    let house = House::shared(on);
    let agent = house.sign_in(&house.ours().agent).await;
    let (mut visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let mut desk = house.follower(&agent, &id).await;
    let sequence = write(&mut desk, &id, 1, "Am Montag.", false).await;
    let note = write(&mut desk, &id, 2, "Notiz", true).await;
    correct(house, &agent, &id, sequence, "Am Dienstag.").await.is(204);
    visitor.socket.expect("message").await;
    visitor.socket.say(json!({ "type": "seen", "sequence": 3 })).await;
    desk.expect_where("seen", |frame| frame["who"] == "visitor").await;
    let refused = correct(house, &agent, &id, sequence, "Am Mittwoch.").await.is(409).json();
    assert!(refused["detail"].as_str().unwrap().contains("read"), "{refused}");
    recall(house, &agent, &id, sequence).await.is(409);
    let read = Value::from(house.entries(&agent, &id).await).to_string();
    assert!(read.contains("Am Dienstag.") && !read.contains("Mittwoch"));
    recall(house, &agent, &id, note).await.is(204);
}

async fn a_correction_is_masked_like_a_message(on: On) {
    let house = House::shared(on);
    let agent = house.sign_in(&house.ours().agent).await;
    let (mut visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let mut desk = house.follower(&agent, &id).await;
    let sequence = write(&mut desk, &id, 1, "Ihre Karte?", false).await;
    correct(house, &agent, &id, sequence, "Ihre Karte 4111 1111 1111 1111?").await.is(204);
    let told = visitor.socket.expect_where("event", |frame| frame["event"] == "edited").await;
    let text = told["text"].as_str().unwrap();
    assert!(!text.contains("4111") && text.contains("1111"), "{text}");
}

async fn nobody_corrects_a_colleague_a_visitor_or_another_organisation(on: On) {
    let house = House::shared(on);
    let agent = house.sign_in(&house.ours().agent).await;
    let owner = house.sign_in(&house.ours().owner).await;
    let foreign = house.sign_in(&house.theirs().owner).await;
    let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let mut desk = house.follower(&agent, &id).await;
    let sequence = write(&mut desk, &id, 1, "Am Montag.", false).await;
    let note = write(&mut desk, &id, 2, "Notiz", true).await;
    for by in [&owner, &foreign] {
        let expected = if std::ptr::eq(by, &raw const owner) { 403 } else { 404 };
        for of in [sequence, note] {
            correct(house, by, &id, of, "Nie.").await.is(expected);
            recall(house, by, &id, of).await.is(expected);
        }
    }
    // What the visitor said is nobody's to change, an event no text.
    correct(house, &agent, &id, 1, "Nie.").await.is(403);
    recall(house, &agent, &id, 1).await.is(403);
    recall(house, &agent, &id, 2).await.is(404);
    // Once it is a colleague's conversation, one's own words are out of reach, too.
    let colleague = house.id_of(&owner, &house.ours().colleague).await;
    house.assign(&owner, &id, Some(&colleague)).await.is(200);
    correct(house, &agent, &id, sequence, "Nie.").await.is(403);
    recall(house, &agent, &id, note).await.is(403);
    let read = Value::from(house.entries(&owner, &id).await).to_string();
    assert!(read.contains("Am Montag.") && read.contains("Notiz") && !read.contains("Nie."), "{read}");
}

async fn a_correction_that_says_nothing_or_too_much_is_refused(on: On) {
    let house = House::shared(on);
    let agent = house.sign_in(&house.ours().agent).await;
    let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let mut desk = house.follower(&agent, &id).await;
    let sequence = write(&mut desk, &id, 1, "Am Montag.", false).await;
    for text in ["", "  \n", "ä".repeat(10_001).as_str()] {
        assert_eq!(correct(house, &agent, &id, sequence, text).await.is(422).json()["field"], "text");
    }
    correct(house, &agent, &id, sequence, &"ä".repeat(10_000)).await.is(204);
}

/// Whoever did not hear that a message was stored sends it again: what it has become since stays.
async fn a_retry_of_the_first_wording_does_not_bring_it_back(on: On) {
    let house = House::shared(on);
    let agent = house.sign_in(&house.ours().agent).await;
    let (visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let mut hello = hello_operator();
    let page = sender();
    hello["sender"] = json!(page);
    let mut desk = house.operators_socket(&agent).await.unwrap();
    desk.say(hello.clone()).await;
    let sequence = write(&mut desk, &id, 1, "Erste Fassung", false).await;
    correct(house, &agent, &id, sequence, "Zweite Fassung").await.is(204);
    let mut again = house.operators_socket(&agent).await.unwrap();
    again.say(hello).await;
    assert_eq!(write(&mut again, &id, 1, "Erste Fassung", false).await, sequence);
    let all = Value::from(history(house, &visitor.token).await).to_string();
    assert!(all.contains("Zweite Fassung") && !all.contains("Erste Fassung"), "{all}");
}
