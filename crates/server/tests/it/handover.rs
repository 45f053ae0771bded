//! A conversation is handed over with a note, in one request.

use serde_json::{Value, json};

use crate::harness::{Answer, Caller, House, On, on_both, sender};

on_both! {
    whoever_gets_a_conversation_is_called_and_finds_the_note
    a_hand_over_that_is_refused_leaves_no_note
    a_hand_over_sent_twice_is_one
    the_note_is_masked_and_never_reaches_the_visitor
}

async fn give(house: &House, by: &Caller, id: &str, body: &Value) -> Answer {
    house.ask("PUT", &format!("/api/conversations/{id}/assignment")).by(by).json(body).send().await
}

fn notes(entries: &[Value]) -> Vec<&str> {
    entries.iter().filter(|entry| entry["note"] == true).filter_map(|entry| entry["text"].as_str()).collect()
}

async fn whoever_gets_a_conversation_is_called_and_finds_the_note(on: On) {
    let house = House::shared(on);
    let owner = house.sign_in(&house.ours().owner).await;
    let agent = house.sign_in(&house.ours().agent).await;
    let (to, me) = (house.id_of(&owner, &house.ours().agent).await, house.id_of(&owner, &house.ours().owner).await);
    let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
    // Out of the agent's sight, so that nothing but the call can tell them.
    house.assign(&owner, &id, Some(&me)).await.is(200);
    let mut desk = house.operator(&agent).await;
    let mut own = house.operator(&owner).await;
    desk.drain().await;
    let note = json!({ "sender": sender(), "text": "Will ihr Geld zurück" });
    give(house, &owner, &id, &json!({ "operator": to, "note": note })).await.is(200);
    let called = desk.expect_where("called", |frame| frame["conversation"] == id.as_str()).await;
    assert_eq!((&called["why"], &called["name"]), (&json!("handed"), &json!(house.ours().owner.name)));
    assert_eq!(notes(&house.entries(&agent, &id).await), ["Will ihr Geld zurück"]);
    let entries = house.entries(&agent, &id).await;
    let at = entries.iter().position(|entry| entry["note"] == true).unwrap();
    assert_eq!(entries[at + 1]["event"], "assigned", "the note first, so that it is there");
    // Whoever takes one themselves is called by nobody.
    give(house, &owner, &id, &json!({ "operator": me })).await.is(200);
    assert!(own.drain().await.iter().all(|frame| frame["type"] != "called"));
}

async fn a_hand_over_that_is_refused_leaves_no_note(on: On) {
    let house = House::shared(on);
    let owner = house.sign_in(&house.ours().owner).await;
    let agent = house.sign_in(&house.ours().agent).await;
    let foreign = house.sign_in(&house.theirs().owner).await;
    let officer = house.id_of(&owner, &house.ours().officer).await;
    let colleague = house.id_of(&owner, &house.ours().colleague).await;
    let stranger = house.id_of(&foreign, &house.theirs().agent).await;
    let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let body = |to: &str| json!({ "operator": to, "note": { "sender": sender(), "text": "Notiz" } });
    for to in [&officer, &stranger] {
        give(house, &owner, &id, &body(to)).await.is(422);
    }
    give(house, &foreign, &id, &body(&stranger)).await.is(404);
    house.assign(&owner, &id, Some(&colleague)).await.is(200);
    give(house, &agent, &id, &body(&colleague)).await.is(403);
    for note in [
        json!({ "sender": sender(), "text": "  " }),
        json!({ "sender": sender(), "text": "ä".repeat(10_001) }),
        json!({ "sender": "x", "text": "Notiz" }),
    ] {
        give(house, &owner, &id, &json!({ "operator": null, "note": note })).await.is(422);
    }
    assert_eq!(house.row(&owner, &id).await["assignee"]["id"], colleague.as_str(), "and nothing is handed over");
    assert!(notes(&house.entries(&owner, &id).await).is_empty());
    give(house, &owner, &id, &body(&colleague)).await.is(200);
    assert_eq!(notes(&house.entries(&owner, &id).await), ["Notiz"]);
}

async fn a_hand_over_sent_twice_is_one(on: On) {
    let house = House::shared(on);
    let owner = house.sign_in(&house.ours().owner).await;
    let to = house.id_of(&owner, &house.ours().agent).await;
    let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let body = json!({ "operator": to, "note": { "sender": sender(), "text": "Einmal" } });
    for _ in 0..3 {
        give(house, &owner, &id, &body).await.is(200);
    }
    assert_eq!(notes(&house.entries(&owner, &id).await), ["Einmal"]);
    assert_eq!(house.entries(&owner, &id).await.len(), 3);
}

async fn the_note_is_masked_and_never_reaches_the_visitor(on: On) {
    let house = House::shared(on);
    let owner = house.sign_in(&house.ours().owner).await;
    let to = house.id_of(&owner, &house.ours().agent).await;
    let (mut visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let text = "Karte 4111 1111 1111 1111, Kanarienvogel";
    let body = json!({ "operator": to, "note": { "sender": sender(), "text": text } });
    give(house, &owner, &id, &body).await.is(200);
    let stored = house.entries(&owner, &id).await;
    let found = notes(&stored)[0];
    assert!(found.contains("Kanarienvogel") && !found.contains("4111"), "{found}");
    let told = visitor.socket.expect_where("event", |frame| frame["event"] == "assigned").await;
    assert_eq!(told["sequence"], 2, "no gap where the note stands");
    let rest = Value::from(visitor.socket.drain().await).to_string();
    assert!(!rest.contains("Kanarienvogel"), "{rest}");
}
