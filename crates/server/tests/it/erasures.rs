//! A conversation that is deleted while people have it open.

use serde_json::{Value, json};

use crate::harness::{Caller, House, On, on_both};

on_both! {
    a_socket_that_was_open_reads_nothing_hidden_on_either_side
    a_visitor_who_deletes_is_shown_the_receipt_and_forgotten_at_every_window
    whoever_comes_back_to_a_deleted_conversation_is_told_to_forget_it
    a_message_that_is_deleted_goes_from_open_windows
}

async fn erase(house: &House, by: &Caller, body: Value) -> String {
    let asked = house.ask("POST", "/api/erasures").by(by).json(&body).send().await.is(201);
    asked.json()["id"].as_str().unwrap().to_owned()
}

async fn a_socket_that_was_open_reads_nothing_hidden_on_either_side(on: On) {
    let house = House::shared(on);
    let owner = house.sign_in(&house.ours().owner).await;
    let (mut visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let mut follower = house.follower(&owner, &id).await;
    let erasure = erase(house, &owner, json!({ "conversations": [id] })).await;
    let removed = follower.expect_where("removed", |frame| frame["conversation"] == id.as_str()).await;
    assert_eq!(removed["why"], "hidden");
    assert!(removed["at"].as_i64().unwrap() > 0);
    let (problem, _) = visitor.socket.fatal().await;
    assert_eq!(problem["code"], "token_invalid", "today's widget forgets everything then");
    follower.say(json!({ "type": "message", "counter": 1, "conversation": id, "text": "zu spät" })).await;
    let refused = follower.expect("problem").await;
    assert_eq!(refused["code"], "not_found");
    let stubs = house.ask("GET", "/api/stubs").by(&owner).send().await.is(200).json();
    let mut stubs = stubs["stubs"].as_array().unwrap().iter();
    assert!(stubs.any(|stub| stub["conversation"] == id.as_str() && stub["state"] == "hidden"));

    house.ask("POST", &format!("/api/erasures/{erasure}/undo")).by(&owner).send().await.is(200);
    let row = follower.expect_where("conversation", |frame| frame["id"] == id.as_str()).await;
    assert_eq!(row["preview"], "Hallo");
    assert_eq!(house.entries(&owner, &id).await.len(), 1);
}

async fn a_visitor_who_deletes_is_shown_the_receipt_and_forgotten_at_every_window(on: On) {
    let house = House::shared(on);
    let owner = house.sign_in(&house.ours().owner).await;
    let (mut visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let mut window = house.again(&visitor, 1).await;
    let mut follower = house.follower(&owner, &id).await;
    visitor.socket.say(json!({ "type": "erase" })).await;
    let erased = visitor.socket.expect("erased").await;
    let receipt = erased["receipt"].as_str().unwrap();
    let receipt = privacy::receipt::Receipt::verify(receipt, None).unwrap();
    assert_eq!((receipt.statement.conversations, receipt.statement.messages), (1, 1));
    for socket in [&mut visitor.socket, &mut window.socket] {
        assert_eq!(socket.fatal().await.0["code"], "token_invalid");
    }
    let removed = follower.expect_where("removed", |frame| frame["conversation"] == id.as_str()).await;
    assert_eq!(removed["why"], "erased_by_visitor");
    // Nobody takes that back.
    let undo = format!("/api/erasures/{}/undo", receipt.statement.number);
    house.ask("POST", &undo).by(&owner).send().await.is(409);
}

async fn whoever_comes_back_to_a_deleted_conversation_is_told_to_forget_it(on: On) {
    let house = House::shared(on);
    let owner = house.sign_in(&house.ours().owner).await;
    let (visitor, id) = house.conversation(house.ours(), "Hallo").await;
    erase(house, &owner, json!({ "conversations": [id] })).await;
    let mut hello = crate::harness::hello_visitor(&visitor.widget, &crate::harness::sender());
    hello["token"] = visitor.token.as_str().into();
    hello["after"] = 1.into();
    let mut socket = house.visitors_socket().await;
    socket.say(hello.clone()).await;
    assert_eq!(socket.fatal().await.0["code"], "token_invalid");
    // Whoever holds nothing begins anew.
    hello["after"] = 0.into();
    let mut socket = house.visitors_socket().await;
    socket.say(hello).await;
    assert_eq!(socket.expect("welcome").await["conversation"], Value::Null);
}

async fn a_message_that_is_deleted_goes_from_open_windows(on: On) {
    let house = House::shared(on);
    let owner = house.sign_in(&house.ours().owner).await;
    let (mut visitor, id) = house.conversation(house.ours(), "Meine Nummer ist geheim").await;
    let mut follower = house.follower(&owner, &id).await;
    erase(house, &owner, json!({ "conversation": id, "entries": [1] })).await;
    let told = follower.expect_where("event", |frame| frame["event"] == "erased").await;
    assert_eq!((&told["of"], &told["text"]), (&json!(1), &json!("")));
    let told = visitor.socket.expect_where("event", |frame| frame["event"] == "recalled").await;
    assert_eq!((&told["of"], &told["text"]), (&json!(1), &json!("")));
    let told = house.entries(&owner, &id).await;
    assert!(!told.iter().any(|entry| entry.to_string().contains("geheim")), "{told:?}");

    visitor.write("Mein Name ist Jürgen Müller.").await;
    let passages = json!([{ "from": 14, "to": 27 }]);
    erase(house, &owner, json!({ "conversation": id, "entry": 3, "passages": passages })).await;
    for socket in [&mut follower, &mut visitor.socket] {
        let told = socket.expect_where("event", |frame| frame["event"] == "edited").await;
        assert_eq!(told["text"], "Mein Name ist ▇▇▇.");
    }
    let outside = json!({ "conversation": id, "entry": 3, "passages": [{ "from": 0, "to": 900 }] });
    house.ask("POST", "/api/erasures").by(&owner).json(&outside).send().await.is(422);
    let nothing = json!({ "conversation": id });
    house.ask("POST", "/api/erasures").by(&owner).json(&nothing).send().await.is(422);
}
