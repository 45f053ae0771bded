//! Two organisations in one house: neither names, counts, hears or hires what is the other's.

use serde_json::{Map, Value, json};

use super::expectations::{OPERATIONS, Role, Whose};
use super::world::{UNKNOWN, World};
use super::{bytes, document, frame, frames_offered};
use crate::harness::{Answer, Caller, House, On, Plan, on_both};

on_both! {
    no_body_can_name_a_tenant_an_owner_or_a_role
    lists_counts_and_what_is_told_stop_at_the_tenant
    a_foreign_operator_cannot_be_given_a_conversation
}

async fn no_body_can_name_a_tenant_an_owner_or_a_role(on: On) {
    let world = World::new(on).await;
    let theirs = world.house.theirs();
    let document = document();
    let mut refused = 0;
    for operation in OPERATIONS {
        // What no body is right for in this house says nothing about a body with more in it.
        let is_refused = |expected: &[u16]| expected[0] == 422;
        if operation.expected.iter().all(|(whose, expected)| *whose == Whose::Unknown || is_refused(expected)) {
            continue;
        }
        let Some(body) = world.body(operation.method, operation.path, Whose::Own) else { continue };
        let described = &document["paths"][operation.path][operation.method]["requestBody"];
        assert!(described.is_object(), "{}: a body that nobody describes", operation.path);
        let owner = world.caller_for(operation, Role::Owner).await;
        let id = world.names(operation, Whose::Own, &owner).await;
        let sequence = world.noted(&owner, &world.own).await.to_string();
        let ask = |body: &Value| {
            let path = operation.path.replace("{id}", &id).replace("{sequence}", &sequence);
            world.house.ask(&operation.method.to_uppercase(), &path).by(&owner).json(body).send()
        };
        assert!(matches!(ask(&body).await.status, 200..300 | 409), "{}: the plain body is fine", operation.path);
        for (key, value) in [
            ("organisation_id", &theirs.organisation),
            ("organisation", &theirs.organisation),
            ("account_id", &theirs.organisation),
            ("tenant", &theirs.organisation),
            ("owner", &world.colleague),
            ("operator_id", &world.colleague),
            ("role", &"owner".to_owned()),
            ("conversation", &world.foreign),
        ] {
            let mut body: Map<String, Value> = body.as_object().unwrap().clone();
            if body.insert(key.to_owned(), value.as_str().into()).is_none() {
                let answer = ask(&body.into()).await;
                assert_eq!(answer.status, 422, "{} {}, {key}: {}", operation.method, operation.path, answer.text());
                refused += 1;
            }
        }
    }
    assert!(refused > 40, "{refused}");
    for query in ["organisation_id", "organisation", "operator", "tenant"] {
        let path = format!("/api/conversations?list=all&{query}={}", theirs.organisation);
        world.house.ask("GET", &path).by(&world.owner).send().await.is(400);
    }
    for name in frames_offered().iter().filter(|name| !["hello", "erase"].contains(&&***name)) {
        let mut socket = world.house.operator(&world.owner).await;
        let mut frame = frame(name, if ["ping", "watch", "away"].contains(&&**name) { "" } else { &world.own });
        socket.say(frame.clone()).await;
        let came = socket.drain().await;
        assert!(!came.iter().any(|frame| frame["type"] == "problem"), "{name} is fine without: {came:?}");
        frame["organisation"] = theirs.organisation.as_str().into();
        socket.say(frame).await;
        assert_eq!(socket.fatal().await.0["code"], "malformed", "{name}");
    }
}

async fn lists_counts_and_what_is_told_stop_at_the_tenant(on: On) {
    let house = House::new(&Plan { tenants: 2, ..Plan::on(on) });
    let ours = house.program();
    let theirs = Caller::Program(house.theirs().token.clone());
    let mut operator = house.operator(&ours).await;
    operator.say(json!({ "type": "watch", "list": "all" })).await;
    operator.drain().await;
    let mut stranger = house.visitor(house.theirs()).await;
    assert_eq!(stranger.welcome["presence"], false, "our team is not theirs");
    let accepted = stranger.write("Fremdes Geheimnis").await;
    stranger.socket.say(json!({ "type": "typing", "on": true })).await;
    let foreign = accepted["conversation"].as_str().unwrap();
    let mut desk = house.follower(&theirs, foreign).await;
    desk.say(json!({ "type": "message", "conversation": foreign, "counter": 1, "text": "Fremde Antwort" })).await;
    desk.expect("accepted").await;
    stranger.socket.expect("message").await;

    let (mut visitor, own) = house.conversation(house.ours(), "Eigenes").await;
    let row = operator.expect("conversation").await;
    assert_eq!(row["id"], own.as_str(), "the first row that came is ours");
    assert_eq!(operator.expect("counts").await["all"], 1);
    let frames = [operator.drain().await, visitor.socket.drain().await].concat();
    let told = format!("{frames:?}");
    assert!(!told.contains(foreign) && !told.contains("Fremd"), "{told}");
    for list in ["mine", "unassigned", "all"] {
        let path = format!("/api/conversations?ended=true&list={list}");
        let mine = house.ask("GET", &path).by(&ours).send().await.is(200);
        assert!(!mine.text().contains(foreign) && !mine.text().contains("Fremd"), "{list}");
        assert_eq!(mine.json()["counts"], json!({ "mine": 0, "unassigned": 1, "all": 1 }));
    }
    let all = house.ask("GET", "/api/conversations?list=all").by(&theirs).send().await.is(200);
    assert!(all.text().contains(foreign), "it is there, for those whose it is");
    for path in ["/api/operators", "/api/widgets"] {
        let (one, other) =
            (house.ask("GET", path).by(&ours).send().await, house.ask("GET", path).by(&theirs).send().await);
        let ids = |answer: &Answer| -> Vec<String> {
            answer.json().as_array().unwrap().iter().map(|row| row["id"].to_string()).collect()
        };
        assert!(!ids(&one).is_empty() && !ids(&other).is_empty());
        assert!(ids(&one).iter().all(|id| !ids(&other).contains(id)), "{path}");
    }
}

async fn a_foreign_operator_cannot_be_given_a_conversation(on: On) {
    let world = World::new(on).await;
    let house = world.house;
    let stranger = house.id_of(&world.foreign_owner, &house.theirs().agent).await;
    let officer = house.id_of(&world.owner, &house.ours().officer).await;
    house.assign(&world.owner, &world.own, Some(&world.colleague)).await.is(200);
    let foreign = house.assign(&world.owner, &world.own, Some(&stranger)).await.is(422);
    let unknown = house.assign(&world.owner, &world.own, Some(UNKNOWN)).await.is(422);
    assert_eq!(bytes(&foreign), bytes(&unknown));
    assert_eq!(house.assign(&world.owner, &world.own, Some(&officer)).await.is(422).json()["field"], "operator");
    assert_eq!(house.row(&world.owner, &world.own).await["assignee"]["id"], world.colleague.as_str());
}
