//! A note names a colleague: they are called, and find the conversation.

use serde_json::{Value, json};

use crate::harness::{Caller, House, On, Socket, on_both, sender};

on_both! {
    whoever_is_named_is_called_and_finds_it_until_they_have_looked
    whoever_may_not_read_it_is_shown_as_such_and_hears_nothing
    a_mention_in_a_reply_is_text_and_calls_nobody
    nobody_of_another_organisation_is_called
    the_visitor_hears_nothing_of_a_mention
    no_page_of_mentions_ends_before_the_last_that_may_be_read
    a_mention_in_a_hand_over_note_calls_whoever_reads_it_afterwards_and_nobody_else
}

async fn write(socket: &mut Socket, id: &str, counter: i64, text: &str, note: bool) -> i64 {
    let frame = json!({ "type": "message", "counter": counter, "conversation": id, "text": text, "note": note });
    socket.say(frame).await;
    let accepted = socket.expect_where("accepted", |frame| frame["counter"] == counter).await;
    accepted["sequence"].as_i64().unwrap()
}

async fn mentioned(house: &House, by: &Caller) -> Vec<Value> {
    let page = house.ask("GET", "/api/conversations?list=mentioned").by(by).send().await.is(200).json();
    page["items"].as_array().unwrap().clone()
}

fn is_there(rows: &[Value], id: &str) -> bool {
    rows.iter().any(|row| row["id"] == id && row["mentioned"] == true)
}

async fn reads(house: &House, by: &Caller, id: &str, who: &str) -> Value {
    let path = format!("/api/conversations/{id}/readers");
    let all = house.ask("GET", &path).by(by).send().await.is(200).json();
    all.as_array().unwrap().iter().find(|one| one["id"] == who).map_or(Value::Null, |one| one["reads"].clone())
}

async fn whoever_is_named_is_called_and_finds_it_until_they_have_looked(on: On) {
    let house = House::shared(on);
    let (owner, agent) = (house.sign_in(&house.ours().owner).await, house.sign_in(&house.ours().agent).await);
    let ben = house.id_of(&owner, &house.ours().agent).await;
    let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let mut lena = house.operator(&agent).await;
    let mut desk = house.operator(&owner).await;
    assert_eq!(reads(house, &owner, &id, &ben).await, true);
    assert_eq!(house.row(&agent, &id).await["mentioned"], false);
    let sequence = write(&mut desk, &id, 1, &format!("Weißt du das, @[{ben}]?"), true).await;
    let called = lena.expect_where("called", |frame| frame["conversation"] == id.as_str()).await;
    assert_eq!((&called["why"], &called["name"]), (&json!("mentioned"), &json!(house.ours().owner.name)));
    assert!(!called.to_string().contains("Weißt"), "no word of the note");
    assert!(is_there(&mentioned(house, &agent).await, &id));
    assert!(!is_there(&mentioned(house, &owner).await, &id));
    lena.say(json!({ "type": "seen", "conversation": id, "sequence": sequence })).await;
    lena.drain().await;
    assert!(!is_there(&mentioned(house, &agent).await, &id));
    assert_eq!(house.row(&agent, &id).await["mentioned"], false);
}

async fn whoever_may_not_read_it_is_shown_as_such_and_hears_nothing(on: On) {
    let house = House::shared(on);
    let (owner, agent) = (house.sign_in(&house.ours().owner).await, house.sign_in(&house.ours().agent).await);
    let ben = house.id_of(&owner, &house.ours().agent).await;
    let officer = house.id_of(&owner, &house.ours().officer).await;
    let me = house.id_of(&owner, &house.ours().owner).await;
    let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let mut lena = house.operator(&agent).await;
    let mut desk = house.operator(&owner).await;
    // Shown to be called while it is nobody's, so that the silence afterwards means something.
    write(&mut desk, &id, 1, &format!("@[{ben}]"), true).await;
    lena.expect_where("called", |frame| frame["conversation"] == id.as_str()).await;
    house.assign(&owner, &id, Some(&me)).await.is(200);
    assert_eq!(reads(house, &owner, &id, &ben).await, false);
    assert_eq!(reads(house, &owner, &id, &officer).await, false);
    assert_eq!(reads(house, &owner, &id, &me).await, Value::Null, "nobody calls themselves");
    lena.drain().await;
    write(&mut desk, &id, 2, &format!("@[{ben}] @[{officer}] @[{me}]"), true).await;
    assert!(lena.drain().await.iter().all(|frame| frame["type"] != "called"));
    assert!(!is_there(&mentioned(house, &agent).await, &id), "handed on: it is not theirs to see any more");
    house.ask("GET", &format!("/api/conversations/{id}/readers")).by(&agent).send().await.is(403);
}

async fn a_mention_in_a_reply_is_text_and_calls_nobody(on: On) {
    let house = House::shared(on);
    let (owner, agent) = (house.sign_in(&house.ours().owner).await, house.sign_in(&house.ours().agent).await);
    let colleague = house.sign_in(&house.ours().colleague).await;
    let ben = house.id_of(&owner, &house.ours().colleague).await;
    let (mut visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let mut lena = house.operator(&colleague).await;
    let mut desk = house.operator(&agent).await;
    let text = format!("Fragen Sie @[{ben}]");
    write(&mut desk, &id, 1, &text, false).await;
    assert_eq!(visitor.socket.expect("message").await["text"], text.as_str());
    assert!(lena.drain().await.iter().all(|frame| frame["type"] != "called"));
    assert!(!is_there(&mentioned(house, &colleague).await, &id));
    // Nor in what a visitor writes.
    visitor.write(&text).await;
    assert!(lena.drain().await.iter().all(|frame| frame["type"] != "called"));
}

async fn nobody_of_another_organisation_is_called(on: On) {
    let house = House::shared(on);
    let owner = house.sign_in(&house.ours().owner).await;
    let foreign = house.sign_in(&house.theirs().owner).await;
    let stranger = house.id_of(&foreign, &house.theirs().owner).await;
    let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let mut theirs = house.operator(&foreign).await;
    let mut desk = house.operator(&owner).await;
    write(&mut desk, &id, 1, &format!("@[{stranger}]"), true).await;
    assert!(theirs.drain().await.iter().all(|frame| frame["type"] != "called"));
    assert!(mentioned(house, &foreign).await.is_empty());
    assert_eq!(reads(house, &owner, &id, &stranger).await, Value::Null);
}

async fn the_visitor_hears_nothing_of_a_mention(on: On) {
    let house = House::shared(on);
    let owner = house.sign_in(&house.ours().owner).await;
    let ben = house.id_of(&owner, &house.ours().agent).await;
    let (mut visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let mut desk = house.operator(&owner).await;
    visitor.socket.drain().await;
    let note = write(&mut desk, &id, 1, &format!("@[{ben}]"), true).await;
    let path = format!("/api/conversations/{id}/entries/{note}");
    house.ask("PATCH", &path).by(&owner).json(&json!({ "text": format!("Doch @[{ben}]") })).send().await.is(204);
    let heard = visitor.socket.drain().await;
    let about: Vec<&Value> = heard.iter().filter(|frame| frame["type"] != "presence").collect();
    assert!(about.is_empty(), "{about:?}");
    assert_eq!(visitor.write("Noch da?").await["sequence"], 2);
}

/// An agent whom no other test names, and their id.
async fn newcomer(house: &House, owner: &Caller) -> (Caller, String) {
    let name = format!("newcomer-{}", sender());
    let person = house.hire(&house.ours().organisation, "agent", &name, &format!("{name}@nordlicht.example"));
    (house.sign_in(&person).await, house.id_of(owner, &person).await)
}

/// A page of the mentions of `by` as the list gives it out, and where it says that it goes on.
async fn page(house: &House, by: &Caller, before: Option<i64>) -> (Vec<Value>, Option<i64>) {
    let before = before.map_or(String::new(), |before| format!("&before={before}"));
    let path = format!("/api/conversations?list=mentioned&limit=2{before}");
    let page = house.ask("GET", &path).by(by).send().await.is(200).json();
    (page["items"].as_array().unwrap().clone(), page["next"].as_i64())
}

async fn no_page_of_mentions_ends_before_the_last_that_may_be_read(on: On) {
    let house = House::shared(on);
    let owner = house.sign_in(&house.ours().owner).await;
    let (agent, ben) = newcomer(house, &owner).await;
    let me = house.id_of(&owner, &house.ours().owner).await;
    let mut desk = house.operator(&owner).await;
    let mut ids = Vec::new();
    for counter in 1..=6 {
        let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
        write(&mut desk, &id, 1, &format!("{counter} @[{ben}]"), true).await;
        ids.push(id);
    }
    let all = async || {
        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let (items, next) = page(house, &agent, before).await;
            assert!(items.len() == 2 || next.is_none(), "a short page that says that it goes on");
            found.extend(items.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
            match next {
                Some(next) => before = Some(next),
                None => return found,
            }
        }
    };
    assert_eq!(all().await, ids.iter().rev().cloned().collect::<Vec<_>>());
    // The newest changes are those that are handed on and are Ben's to read no more.
    for id in ids.iter().skip(1).step_by(2) {
        house.assign(&owner, id, Some(&me)).await.is(200);
    }
    assert_eq!(all().await, [&ids[4], &ids[2], &ids[0]].map(String::clone));
    for id in &ids[2..] {
        house.assign(&owner, id, Some(&me)).await;
    }
    assert_eq!(all().await, [ids[0].clone()]);
}

async fn a_mention_in_a_hand_over_note_calls_whoever_reads_it_afterwards_and_nobody_else(on: On) {
    let house = House::shared(on);
    let owner = house.sign_in(&house.ours().owner).await;
    let ((agent, ben), (colleague, eva)) = (newcomer(house, &owner).await, newcomer(house, &owner).await);
    let me = house.id_of(&owner, &house.ours().owner).await;
    let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
    house.assign(&owner, &id, Some(&eva)).await.is(200);
    let (mut bens, mut evas) = (house.operator(&agent).await, house.operator(&colleague).await);
    bens.drain().await;
    evas.drain().await;
    let give = async |to: &Value, text: String| {
        let body = json!({ "operator": to, "note": { "sender": sender(), "text": text } });
        house.ask("PUT", &format!("/api/conversations/{id}/assignment")).by(&owner).json(&body).send().await.is(200);
    };
    // Judged by where it is afterwards: Eva has it before, and does not read it then; Ben is given it, and called once.
    give(&json!(ben), format!("@[{eva}] wusste nichts, @[{ben}] schon. @[{me}]")).await;
    let called: Vec<Value> = bens.drain().await.into_iter().filter(|frame| frame["type"] == "called").collect();
    assert_eq!(called.iter().map(|frame| frame["why"].as_str().unwrap()).collect::<Vec<_>>(), ["handed"]);
    assert!(evas.drain().await.iter().all(|frame| frame["type"] != "called"), "she reads it no more");
    assert!(is_there(&mentioned(house, &agent).await, &id) && !is_there(&mentioned(house, &colleague).await, &id));
    // Given to nobody, everybody reads it.
    give(&Value::Null, format!("@[{eva}]?")).await;
    let called = evas.expect_where("called", |frame| frame["conversation"] == id.as_str()).await;
    assert_eq!((&called["why"], &called["name"]), (&json!("mentioned"), &json!(house.ours().owner.name)));
    assert!(is_there(&mentioned(house, &colleague).await, &id));
}
