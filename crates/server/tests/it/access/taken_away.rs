//! Rights that end while a window is open: a conversation that goes to somebody else, a role that changes, somebody who
//! leaves.

use serde_json::{Value, json};

use super::frame;
use super::world::{World, hire};
use crate::harness::{Caller, On, on_both};

on_both! {
    whoever_loses_a_conversation_hears_no_more_of_it
    a_change_of_role_acts_on_open_windows_within_five_seconds
    whoever_leaves_gives_back_what_they_were_on
}

async fn whoever_loses_a_conversation_hears_no_more_of_it(on: On) {
    let world = World::new(on).await;
    let house = world.house;
    let (mut visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let mut agent = house.follower(&world.agent, &id).await;
    // An agent's reach is no wider for asking.
    agent.say(json!({ "type": "watch", "list": "all" })).await;
    let write = |counter: i64| json!({ "type": "message", "conversation": id, "counter": counter, "text": "Antwort" });
    agent.say(write(1)).await;
    agent.expect("accepted").await;
    visitor.write("vorher").await;
    assert_eq!(agent.expect_where("message", |frame| frame["text"] == "vorher").await["sequence"], 4);

    house.assign(&world.owner, &id, Some(&world.colleague)).await.is(200);
    agent.expect_where("removed", |frame| frame["conversation"] == id.as_str()).await;
    visitor.write("nachher").await;
    visitor.socket.say(json!({ "type": "typing", "on": true })).await;
    let mut colleague = house.follower(&world.colleagues_session, &id).await;
    assert!(colleague.drain().await.iter().any(|frame| frame["text"] == "nachher"));
    let heard = format!("{:?}", agent.drain().await);
    assert!(
        !heard.contains("nachher") && !heard.contains("visitor_typing") && !heard.contains("\"typing\""),
        "{heard}"
    );
    for frame in [write(2), frame("typing", &id), frame("seen", &id), frame("follow", &id)] {
        agent.say(frame).await;
        assert_eq!(agent.expect("problem").await["code"], "forbidden");
    }
    house.ask("GET", &format!("/api/conversations/{id}/entries")).by(&world.agent).send().await.is(403);
    house.assign(&world.agent, &id, None).await.is(403);
    // Who gives away what they could see because it was theirs gets no row back.
    house
        .assign(&world.colleagues_session, &id, Some(&house.id_of(&world.owner, &house.ours().agent).await))
        .await
        .is(204);
    agent.say(frame("follow", &id)).await;
    agent.expect("current").await;
    assert!(agent.drain().await.iter().any(|frame| frame["text"] == "nachher"), "with the right comes the text");
}

/// Whoever is let into less hears of it in their open window within five seconds (SA5, SZ5), and of more just as soon.
async fn a_change_of_role_acts_on_open_windows_within_five_seconds(on: On) {
    let world = World::new(on).await;
    let house = world.house;
    let person = hire(house, "staff");
    let session = house.sign_in(&person).await;
    let id = house.id_of(&world.owner, &person).await;
    let change = async |body: Value| {
        house.ask("PATCH", &format!("/api/operators/{id}")).by(&world.owner).json(&body).send().await.is(200)
    };
    for (body, code) in [
        (json!({ "role": "agent" }), "unauthorised"),
        (json!({ "groups": [world.group] }), "unauthorised"),
        (json!({ "role": "officer" }), "unauthorised"),
    ] {
        let mut socket = house.operator(&session).await;
        let since = std::time::Instant::now();
        change(body.clone()).await;
        assert_eq!(socket.fatal().await.0["code"], code, "{body}");
        assert!(since.elapsed() < std::time::Duration::from_secs(5), "{:?} for {body}", since.elapsed());
        change(json!({ "role": "staff", "groups": [] })).await;
    }
    let mut socket = house.operator(&session).await;
    house.ask("GET", "/api/session").by(&session).send().await.is(200);
    let since = std::time::Instant::now();
    change(json!({ "active": false })).await;
    house.ask("GET", "/api/session").by(&session).send().await.is(401);
    assert_eq!(socket.fatal().await.0["code"], "unauthorised");
    assert!(since.elapsed() < std::time::Duration::from_secs(5), "{:?}", since.elapsed());
    let body = json!({ "email": person.email, "password": crate::harness::PASSWORD });
    house.ask("POST", "/api/session").by(&Caller::Browser(String::new())).json(&body).send().await.is(401);
    change(json!({ "active": true })).await;
    house.sign_in(&person).await;
}

async fn whoever_leaves_gives_back_what_they_were_on(on: On) {
    let world = World::new(on).await;
    let house = world.house;
    let person = hire(house, "agent");
    let id = house.id_of(&world.owner, &person).await;
    let (_, first) = house.conversation(house.ours(), "Hallo").await;
    house.assign(&world.owner, &first, Some(&id)).await.is(200);
    let (_, ended) = house.conversation(house.ours(), "Hallo").await;
    house.assign(&world.owner, &ended, Some(&id)).await.is(200);
    let path = format!("/api/conversations/{ended}/state");
    house.ask("PUT", &path).by(&world.owner).json(&json!({ "state": "ended" })).send().await.is(200);
    // A role that reads no conversations looks after none.
    let person = hire(house, "agent");
    let other = house.id_of(&world.owner, &person).await;
    let (_, open) = house.conversation(house.ours(), "Hallo").await;
    house.assign(&world.owner, &open, Some(&other)).await.is(200);
    let path = format!("/api/operators/{other}");
    house.ask("PATCH", &path).by(&world.owner).json(&json!({ "role": "analyst" })).send().await.is(200);
    assert_eq!(house.row(&world.owner, &open).await["assignee"], Value::Null);
    house
        .ask("PATCH", &format!("/api/operators/{id}"))
        .by(&world.owner)
        .json(&json!({ "active": false }))
        .send()
        .await
        .is(200);
    for id in [&first, &ended] {
        assert_eq!(house.row(&world.owner, id).await["assignee"], Value::Null);
    }
    assert_eq!(house.assign(&world.owner, &first, Some(&id)).await.is(422).json()["field"], "operator");
}
