//! Topics: what conversations are about, and who learns of it.

use serde_json::{Value, json};

use crate::harness::{Answer, Caller, House, On, Plan, on_both};

on_both! {
    everybodys_open_window_follows_and_the_visitor_hears_nothing
    another_organisations_topic_is_like_one_that_is_not_there
    an_agent_files_what_is_theirs_and_makes_no_topics
    a_topic_that_was_used_is_archived_and_not_deleted
    a_topic_that_breaks_a_rule_is_refused_by_its_field
}

async fn add(house: &House, by: &Caller, name: &str) -> String {
    let body = json!({ "name": name, "colour": 4 });
    let added = house.ask("POST", "/api/topics").by(by).json(&body).send().await.is(201).json();
    added["id"].as_str().unwrap().to_owned()
}

async fn file(house: &House, by: &Caller, conversation: &str, body: Value) -> Answer {
    house.ask("PATCH", &format!("/api/conversations/{conversation}/topics")).by(by).json(&body).send().await
}

fn names(topics: &Value) -> Vec<&str> {
    topics.as_array().unwrap().iter().map(|topic| topic["name"].as_str().unwrap()).collect()
}

async fn everybodys_open_window_follows_and_the_visitor_hears_nothing(on: On) {
    let house = House::shared(on);
    let (owner, agent) = (house.sign_in(&house.ours().owner).await, house.sign_in(&house.ours().agent).await);
    let (returns, invoice) = (add(house, &owner, "Rückgabe").await, add(house, &owner, "Rechnung").await);
    let (mut visitor, id) = house.conversation(house.ours(), "Mein Paket kam nicht an.").await;
    let mut window = house.follower(&agent, &id).await;
    window.drain().await;
    visitor.socket.drain().await;

    let row = file(house, &owner, &id, json!({ "add": [returns, invoice] })).await.is(200).json();
    assert_eq!(names(&row["topics"]), ["Rückgabe", "Rechnung"]);
    assert_eq!(row["topics"][0], json!({ "id": returns, "name": "Rückgabe", "colour": 4 }));
    let event = window.expect("event").await;
    assert_eq!((&event["event"], names(&event["added"])), (&json!("topics"), vec!["Rückgabe", "Rechnung"]));
    assert_eq!(event["operator"]["name"], house.ours().owner.name.as_str());
    assert_eq!(event.get("removed"), None);
    let told = window.expect_where("conversation", |row| row["id"] == id.as_str()).await;
    assert_eq!(names(&told["topics"]), ["Rückgabe", "Rechnung"]);

    file(house, &agent, &id, json!({ "remove": [returns] })).await.is(200);
    let event = window.expect("event").await;
    assert_eq!((event.get("added"), names(&event["removed"])), (None, vec!["Rückgabe"]));
    // Numbers tell the visitor nothing either: their next message has the next one.
    assert_eq!(visitor.write("Hallo?").await["sequence"], 2);
    let heard = visitor.socket.drain().await;
    assert!(heard.iter().all(|frame| frame["type"] != "event"), "{heard:?}");
    let again = house.again(&visitor, 0).await.socket.drain().await;
    assert!(!format!("{again:?}").contains("Rechnung"), "{again:?}");
    // Whoever comes later reads the same.
    let entries = house.entries(&agent, &id).await;
    let events: Vec<_> = entries.iter().filter(|entry| entry["event"] == "topics").collect();
    assert_eq!((events.len(), names(&events[1]["removed"])), (2, vec!["Rückgabe"]));
}

async fn another_organisations_topic_is_like_one_that_is_not_there(on: On) {
    let house = House::shared(on);
    let (owner, foreign) = (house.sign_in(&house.ours().owner).await, house.sign_in(&house.theirs().owner).await);
    let (ours, theirs) = (add(house, &owner, "Unseres").await, add(house, &foreign, "Geheimes").await);
    let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let (_other, there) = house.conversation(house.theirs(), "Hallo").await;
    file(house, &foreign, &there, json!({ "add": [theirs] })).await.is(200);
    for field in ["add", "remove"] {
        let unknown = file(house, &owner, &id, json!({ field: ["aaaaaaaaaaaaaaaaaaaaaaaaaa"] })).await.is(422);
        let refused = file(house, &owner, &id, json!({ field: [theirs] })).await.is(422);
        assert_eq!(refused.text(), unknown.text());
        // One of ours beside it does not carry it in.
        file(house, &owner, &id, json!({ field: [ours, theirs] })).await.is(422);
    }
    file(house, &owner, &there, json!({ "add": [ours] })).await.is(404);
    assert_eq!(house.row(&owner, &id).await["topics"], json!([]));
    let listed = house.ask("GET", "/api/topics").by(&owner).send().await.is(200).text();
    assert!(listed.contains("Unseres") && !listed.contains("Geheimes"));
    assert_eq!(names(&house.row(&foreign, &there).await["topics"]), ["Geheimes"]);
}

async fn an_agent_files_what_is_theirs_and_makes_no_topics(on: On) {
    let house = House::shared(on);
    let (owner, agent) = (house.sign_in(&house.ours().owner).await, house.sign_in(&house.ours().agent).await);
    let topic = add(house, &owner, "Versand").await;
    let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
    file(house, &agent, &id, json!({ "add": [topic] })).await.is(200);
    let colleague = house.id_of(&owner, &house.ours().colleague).await;
    house.assign(&owner, &id, Some(&colleague)).await.is(200);
    file(house, &agent, &id, json!({ "remove": [topic] })).await.is(403);
    let officer = house.sign_in(&house.ours().officer).await;
    file(house, &officer, &id, json!({ "remove": [topic] })).await.is(403);
    assert_eq!(names(&house.row(&owner, &id).await["topics"]), ["Versand"]);
    let path = format!("/api/topics/{topic}");
    house.ask("PATCH", &path).by(&agent).json(&json!({ "name": "Meins" })).send().await.is(403);
    house.ask("DELETE", &path).by(&agent).send().await.is(403);
}

async fn a_topic_that_was_used_is_archived_and_not_deleted(on: On) {
    let house = House::new(&Plan::on(on));
    let owner = house.sign_in(&house.ours().owner).await;
    let (used, unused) = (add(&house, &owner, "Alt").await, add(&house, &owner, "Nie").await);
    let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
    file(&house, &owner, &id, json!({ "add": [used] })).await.is(200);
    house.ask("DELETE", &format!("/api/topics/{unused}")).by(&owner).send().await.is(204);
    let path = format!("/api/topics/{used}");
    house.ask("DELETE", &path).by(&owner).send().await.is(409);
    let change = json!({ "archived": true, "name": "Früher", "colour": 0 });
    let archived = house.ask("PATCH", &path).by(&owner).json(&change).send().await.is(200).json();
    assert_eq!(archived, json!({ "id": used, "name": "Früher", "colour": 0, "archived": true, "used": true }));
    assert_eq!(names(&house.row(&owner, &id).await["topics"]), ["Früher"], "it stays where it is");
    let (_other, second) = house.conversation(house.ours(), "Hallo").await;
    file(&house, &owner, &second, json!({ "add": [used] })).await.is(422);
    // After a restart it is read from what is stored.
    assert!(house.terminate().success());
    house.start();
    let owner = house.sign_in(&house.ours().owner).await;
    assert_eq!(names(&house.row(&owner, &id).await["topics"]), ["Früher"]);
    let listed = house.ask("GET", "/api/topics").by(&owner).send().await.is(200).json();
    assert_eq!((names(&listed), &listed[0]["archived"]), (vec!["Früher"], &json!(true)));
    file(&house, &owner, &id, json!({ "remove": [used] })).await.is(200);
    assert_eq!(house.row(&owner, &id).await["topics"], json!([]));
}

async fn a_topic_that_breaks_a_rule_is_refused_by_its_field(on: On) {
    let house = House::new(&Plan::on(on));
    let owner = house.sign_in(&house.ours().owner).await;
    for (field, body) in [
        ("name", json!({ "name": " ", "colour": 0 })),
        ("name", json!({ "name": "x".repeat(33), "colour": 0 })),
        ("colour", json!({ "name": "Thema", "colour": 8 })),
        ("colour", json!({ "name": "Thema", "colour": -1 })),
    ] {
        let refused = house.ask("POST", "/api/topics").by(&owner).json(&body).send().await.is(422).json();
        assert_eq!(refused["field"], field);
    }
    let mut topics = Vec::new();
    for name in ["1", "2", "3", "4", "5", "6"] {
        topics.push(add(&house, &owner, name).await);
    }
    let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
    file(&house, &owner, &id, json!({ "add": topics[..5] })).await.is(200);
    let refused = file(&house, &owner, &id, json!({ "add": [topics[5]] })).await.is(422).json();
    assert_eq!(refused["field"], "add");
    file(&house, &owner, &id, json!({ "add": [topics[0]], "remove": [topics[0]] })).await.is(422);
    assert_eq!(names(&house.row(&owner, &id).await["topics"]), ["1", "2", "3", "4", "5"]);
}
