//! Conversations that are put off, over the wire: who learns of it, and who may.

use domain::Clock as _;
use domain::clock::SystemClock;
use serde_json::{Value, json};

use crate::harness::{Answer, Caller, House, On, on_both};

on_both! {
    the_team_sees_until_when_and_the_visitor_hears_nothing
    it_comes_back_by_itself_and_the_open_window_is_told
    a_colleagues_and_another_organisations_conversation_is_not_put_off
    a_moment_that_cannot_be_is_refused_by_its_field
}

async fn snooze(house: &House, by: &Caller, conversation: &str, body: Value) -> Answer {
    house.ask("PUT", &format!("/api/conversations/{conversation}/snooze")).by(by).json(&body).send().await
}

/// Microseconds of UTC, so many seconds from now.
fn ahead(seconds: i64) -> i64 {
    SystemClock.now().0 + seconds * 1_000_000
}

async fn the_team_sees_until_when_and_the_visitor_hears_nothing(on: On) {
    let house = House::shared(on);
    let agent = house.sign_in(&house.ours().agent).await;
    let (mut visitor, id) = house.conversation(house.ours(), "Wann kommt mein Paket?").await;
    let mut window = house.follower(&agent, &id).await;
    window.drain().await;
    visitor.socket.drain().await;
    let until = ahead(3600);
    let row = snooze(house, &agent, &id, json!({ "until": until })).await.is(200).json();
    assert_eq!((&row["snoozed_until"], &row["returned_at"]), (&json!(until), &json!(null)));
    let event = window.expect("event").await;
    assert_eq!((&event["event"], &event["until"]), (&json!("snoozed"), &json!(until)));
    assert_eq!(event["operator"]["name"], house.ours().agent.name.as_str());
    let told = window.expect_where("conversation", |row| row["id"] == id.as_str()).await;
    assert_eq!(told["snoozed_until"], until);

    // The visitor's next message has the next number, and brings it back at once.
    assert_eq!(visitor.write("Hallo?").await["sequence"], 2);
    let heard = visitor.socket.drain().await;
    assert!(heard.iter().all(|frame| frame["type"] != "event"), "{heard:?}");
    window.expect_where("conversation", |row| row["snoozed_until"].is_null() && row["unread"] == 2).await;

    snooze(house, &agent, &id, json!({ "until": until })).await.is(200);
    let row = snooze(house, &agent, &id, json!({ "until": null })).await.is(200).json();
    assert_eq!(row["snoozed_until"], json!(null));
    let events: Vec<_> = house
        .entries(&agent, &id)
        .await
        .iter()
        .filter_map(|entry| entry["event"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(events, ["snoozed", "snoozed", "returned"]);
}

async fn it_comes_back_by_itself_and_the_open_window_is_told(on: On) {
    let house = House::shared(on);
    let agent = house.sign_in(&house.ours().agent).await;
    let (_visitor, id) = house.conversation(house.ours(), "Später").await;
    let mut window = house.follower(&agent, &id).await;
    snooze(house, &agent, &id, json!({ "until": ahead(2) })).await.is(200);
    let event = window.expect_where("event", |event| event["event"] == "returned").await;
    assert_eq!(event["operator"], json!(null), "by itself");
    let told =
        window.expect_where("conversation", |row| row["id"] == id.as_str() && !row["returned_at"].is_null()).await;
    assert_eq!(told["snoozed_until"], json!(null));
}

async fn a_colleagues_and_another_organisations_conversation_is_not_put_off(on: On) {
    let house = House::shared(on);
    let (owner, agent) = (house.sign_in(&house.ours().owner).await, house.sign_in(&house.ours().agent).await);
    let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let (_other, foreign) = house.conversation(house.theirs(), "Hallo").await;
    let until = json!({ "until": ahead(3600) });
    snooze(house, &agent, &id, until.clone()).await.is(200);
    snooze(house, &agent, &id, json!({ "until": null })).await.is(200);
    let colleague = house.id_of(&owner, &house.ours().colleague).await;
    house.assign(&owner, &id, Some(&colleague)).await.is(200);
    snooze(house, &agent, &id, until.clone()).await.is(403);
    snooze(house, &owner, &foreign, until).await.is(404);
    assert_eq!(house.row(&owner, &id).await["snoozed_until"], json!(null));
}

async fn a_moment_that_cannot_be_is_refused_by_its_field(on: On) {
    let house = House::shared(on);
    let agent = house.sign_in(&house.ours().agent).await;
    let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
    for until in [ahead(-60), 0, -1, i64::MIN, i64::MAX, ahead(367 * 24 * 3600)] {
        let refused = snooze(house, &agent, &id, json!({ "until": until })).await.is(422).json();
        assert_eq!(refused["field"], "until", "{until}");
    }
    // What is missing is not taken for null.
    for body in [json!({}), json!({ "until": "tomorrow" }), json!({ "until": 1.5 })] {
        snooze(house, &agent, &id, body).await.is(422);
    }
    assert_eq!(house.row(&agent, &id).await["snoozed_until"], json!(null));
}
