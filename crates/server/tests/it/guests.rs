//! A colleague is asked into a conversation that is out of their reach.

use serde_json::{Value, json};

use crate::harness::{Answer, Caller, House, On, on_both};

on_both! {
    whoever_is_asked_in_is_called_reads_answers_and_goes_again
    the_visitor_is_told_a_name_when_a_guest_writes_and_nothing_before
    an_agent_cannot_ask_themselves_into_a_colleagues_conversation
    nobody_who_may_read_none_and_nobody_of_another_organisation_is_asked_in
    a_guest_who_is_sent_away_hears_no_more_of_it_in_an_open_window
    a_note_calls_a_guest
    whoever_is_dismissed_leaves_what_they_were_asked_into_and_it_stays_whose_it_was
    a_guest_who_takes_it_and_gives_it_back_reads_on
    an_agent_keeps_nothing_by_asking_themselves_in_while_it_is_nobodys
}

fn path(id: &str, guest: &str) -> String {
    format!("/api/conversations/{id}/guests/{guest}")
}

async fn ask(house: &House, by: &Caller, id: &str, guest: &str) -> Answer {
    house.ask("PUT", &path(id, guest)).by(by).send().await
}

async fn leave(house: &House, by: &Caller, id: &str, guest: &str) -> Answer {
    house.ask("DELETE", &path(id, guest)).by(by).send().await
}

fn write(id: &str, counter: i64, text: &str, note: bool) -> Value {
    json!({ "type": "message", "counter": counter, "conversation": id, "text": text, "note": note })
}

fn names(row: &Value) -> Vec<&str> {
    row["guests"].as_array().unwrap().iter().map(|guest| guest["name"].as_str().unwrap()).collect()
}

/// A conversation that is the owner's, and whom it names.
struct Scene {
    house: &'static House,
    owner: Caller,
    agent: Caller,
    /// The agent's id.
    ben: String,
    visitor: crate::harness::Visitor,
    id: String,
}

async fn scene(on: On) -> Scene {
    let house = House::shared(on);
    let (owner, agent) = (house.sign_in(&house.ours().owner).await, house.sign_in(&house.ours().agent).await);
    let (ben, me) = (house.id_of(&owner, &house.ours().agent).await, house.id_of(&owner, &house.ours().owner).await);
    let (visitor, id) = house.conversation(house.ours(), "Hallo").await;
    house.assign(&owner, &id, Some(&me)).await.is(200);
    Scene { house, owner, agent, ben, visitor, id }
}

async fn whoever_is_asked_in_is_called_reads_answers_and_goes_again(on: On) {
    let Scene { house, owner, agent, ben, id, .. } = scene(on).await;
    let mut desk = house.operator(&agent).await;
    desk.drain().await;
    house.ask("GET", &format!("/api/conversations/{id}")).by(&agent).send().await.is(403);
    let row = ask(house, &owner, &id, &ben).await.is(200).json();
    let (mine, theirs) = (house.ours().owner.name.as_str(), house.ours().agent.name.as_str());
    assert_eq!((names(&row), &row["assignee"]["name"]), (vec![theirs], &json!(mine)));
    let called = desk.expect_where("called", |frame| frame["conversation"] == id.as_str()).await;
    assert_eq!((&called["why"], &called["name"]), (&json!("invited"), &json!(mine)));
    let page = house.ask("GET", "/api/conversations?list=mine").by(&agent).send().await.is(200).json();
    assert!(page["items"].as_array().unwrap().iter().any(|row| row["id"] == id.as_str()));
    desk.say(json!({ "type": "follow", "conversation": id, "after": 0 })).await;
    let event = desk.expect_where("event", |frame| frame["event"] == "invited").await;
    assert_eq!((&event["guest"]["name"], &event["operator"]["name"]), (&json!(theirs), &json!(mine)));
    desk.say(write(&id, 1, "Ich helfe gern.", false)).await;
    desk.expect_where("accepted", |frame| frame["counter"] == 1).await;
    assert_eq!(house.row(&owner, &id).await["assignee"]["name"], json!(mine), "it stays the owner's");
    leave(house, &agent, &id, &ben).await.is(204);
    house.ask("GET", &format!("/api/conversations/{id}")).by(&agent).send().await.is(403);
    let left = house.entries(&owner, &id).await.pop().unwrap();
    assert_eq!((&left["event"], &left["guest"]["name"]), (&json!("left"), &json!(theirs)));
    assert_eq!(names(&house.row(&owner, &id).await), Vec::<&str>::new());
}

async fn the_visitor_is_told_a_name_when_a_guest_writes_and_nothing_before(on: On) {
    let Scene { house, owner, agent, ben, mut visitor, id } = scene(on).await;
    let mut desk = house.operator(&agent).await;
    visitor.socket.drain().await;
    ask(house, &owner, &id, &ben).await.is(200);
    let heard = visitor.socket.drain().await;
    assert!(heard.iter().all(|frame| !matches!(frame["type"].as_str(), Some("event" | "message"))), "{heard:?}");
    desk.say(write(&id, 1, "Guten Tag!", false)).await;
    let message = visitor.socket.expect("message").await;
    assert_eq!(message["author"]["name"], json!(house.ours().agent.name));
    assert_eq!(message["sequence"], json!(3), "no number is missing that a visitor could count");
}

async fn an_agent_cannot_ask_themselves_into_a_colleagues_conversation(on: On) {
    let Scene { house, owner, agent, ben, id, .. } = scene(on).await;
    let colleague = house.id_of(&owner, &house.ours().colleague).await;
    for guest in [&ben, &colleague] {
        ask(house, &agent, &id, guest).await.is(403);
        leave(house, &agent, &id, guest).await.is(403);
    }
    assert_eq!(names(&house.row(&owner, &id).await), Vec::<&str>::new());
    // What they reach is theirs to share.
    let (_visitor, free) = house.conversation(house.ours(), "Hallo").await;
    let row = ask(house, &agent, &free, &colleague).await.is(200).json();
    assert_eq!(names(&row).len(), 1);
}

async fn nobody_who_may_read_none_and_nobody_of_another_organisation_is_asked_in(on: On) {
    let Scene { house, owner, ben, id, .. } = scene(on).await;
    let officer = house.id_of(&owner, &house.ours().officer).await;
    let foreign = house.sign_in(&house.theirs().owner).await;
    let stranger = house.id_of(&foreign, &house.theirs().agent).await;
    for guest in [&officer, &stranger] {
        let problem = ask(house, &owner, &id, guest).await.is(422).json();
        assert_eq!(problem["field"], "operator", "{problem}");
    }
    ask(house, &foreign, &id, &stranger).await.is(404);
    leave(house, &foreign, &id, &ben).await.is(404);
    leave(house, &owner, &id, &stranger).await.is(404);
    assert_eq!(names(&house.row(&owner, &id).await), Vec::<&str>::new());
}

async fn a_guest_who_is_sent_away_hears_no_more_of_it_in_an_open_window(on: On) {
    let Scene { house, owner, agent, ben, mut visitor, id } = scene(on).await;
    ask(house, &owner, &id, &ben).await.is(200);
    let mut desk = house.operator(&agent).await;
    desk.say(json!({ "type": "follow", "conversation": id, "after": 0 })).await;
    visitor.write("Hört ihr mich?").await;
    desk.expect_where("message", |frame| frame["text"] == "Hört ihr mich?").await;
    leave(house, &owner, &id, &ben).await.is(200);
    desk.expect_where("removed", |frame| frame["conversation"] == id.as_str()).await;
    visitor.write("Und jetzt?").await;
    let heard = desk.drain().await;
    assert!(!heard.iter().any(|frame| frame.to_string().contains("Und jetzt?")), "{heard:?}");
    desk.say(write(&id, 1, "Noch da.", false)).await;
    assert_eq!(desk.expect("problem").await["code"], "forbidden");
}

async fn a_note_calls_a_guest(on: On) {
    let Scene { house, owner, agent, ben, id, .. } = scene(on).await;
    ask(house, &owner, &id, &ben).await.is(200);
    let mut desk = house.operator(&agent).await;
    let mut own = house.operator(&owner).await;
    desk.drain().await;
    own.say(write(&id, 1, &format!("Weißt du das, @[{ben}]?"), true)).await;
    let called = desk.expect_where("called", |frame| frame["conversation"] == id.as_str()).await;
    assert_eq!(called["why"], "mentioned");
}

async fn whoever_is_dismissed_leaves_what_they_were_asked_into_and_it_stays_whose_it_was(on: On) {
    let Scene { house, owner, id, .. } = scene(on).await;
    let zoe = house.hire(&house.ours().organisation, "agent", "Zoe Gast", &format!("zoe-{id}@neu.example"));
    let guest = house.id_of(&owner, &zoe).await;
    ask(house, &owner, &id, &guest).await.is(200);
    let set = |active: bool| {
        let path = format!("/api/operators/{guest}");
        house.ask("PATCH", &path).by(&owner).json(&json!({ "active": active })).send()
    };
    set(false).await.is(200);
    let row = house.row(&owner, &id).await;
    assert_eq!((names(&row), &row["assignee"]["name"]), (vec![], &json!(house.ours().owner.name)));
    set(true).await.is(200);
    let back = house.sign_in_again(&zoe).await;
    house.ask("GET", &format!("/api/conversations/{id}")).by(&back).send().await.is(403);
}

async fn a_guest_who_takes_it_and_gives_it_back_reads_on(on: On) {
    let Scene { house, owner, agent, ben, id, .. } = scene(on).await;
    ask(house, &owner, &id, &ben).await.is(200);
    let me = house.id_of(&owner, &house.ours().owner).await;
    let row = house.assign(&agent, &id, Some(&ben)).await.is(200).json();
    assert_eq!(names(&row), Vec::<&str>::new(), "who is on it is named once");
    let row = house.assign(&agent, &id, Some(&me)).await.is(200).json();
    assert_eq!(names(&row), [house.ours().agent.name.as_str()]);
    house.ask("GET", &format!("/api/conversations/{id}/entries")).by(&agent).send().await.is(200);
}

async fn an_agent_keeps_nothing_by_asking_themselves_in_while_it_is_nobodys(on: On) {
    let house = House::shared(on);
    let (owner, agent) = (house.sign_in(&house.ours().owner).await, house.sign_in(&house.ours().agent).await);
    let (ben, me) = (house.id_of(&owner, &house.ours().agent).await, house.id_of(&owner, &house.ours().owner).await);
    let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
    house.ask("GET", &format!("/api/conversations/{id}")).by(&agent).send().await.is(200);
    ask(house, &agent, &id, &ben).await.is(403);
    house.assign(&owner, &id, Some(&me)).await.is(200);
    house.ask("GET", &format!("/api/conversations/{id}")).by(&agent).send().await.is(403);
}
