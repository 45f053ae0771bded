//! Whoever has a program's token.

use serde_json::{Value, json};

use super::{ask, hire};
use crate::harness::{Caller, House, On, PASSWORD, Plan, on_both};

on_both! {
    a_program_does_no_more_than_it_was_given
    a_program_touches_no_sign_in
    a_program_cannot_erase_past_the_brake
}

async fn a_program_does_no_more_than_it_was_given(on: On) {
    let house = House::new(&Plan::on(on));
    let owner = house.sign_in(&house.ours().owner).await;
    let person = hire(&house, "manager");
    let manager = house.sign_in(&person).await;
    let make = async |caller: &Caller, rights: Value, days: i64| {
        let body = json!({ "name": "Import", "rights": rights, "days": days, "password": PASSWORD });
        ask(&house, caller, "POST", "/api/programs", body).await
    };
    let read = json!([{ "capability": "widgets", "level": "write" }, { "capability": "team", "level": "read" }]);
    // A manager has no say over the installation, and gives none; the audit log they read.
    make(&manager, json!([{ "capability": "installation", "level": "read" }]), 1).await.is(403);
    make(&manager, json!([{ "capability": "audit", "level": "write" }]), 1).await.is(403);
    for (rights, days) in [(read.clone(), 0), (read.clone(), 366), (json!([]), 1)] {
        make(&manager, rights, days).await.is(422);
    }
    let made = make(&manager, read, 365).await.is(201).json();
    let program = Caller::Program(made["token"].as_str().unwrap().to_owned());
    let status = async |method: &str, path: &str| ask(&house, &program, method, path, Value::Null).await.status;
    assert_eq!(status("GET", "/api/widgets").await, 200);
    assert_eq!(status("GET", "/api/operators").await, 200);
    assert_eq!(status("POST", "/api/groups").await, 415, "it has no body");
    let group = json!({ "name": "Neu" });
    ask(&house, &program, "POST", "/api/groups", group).await.is(403);
    assert_eq!(status("GET", "/api/conversations?list=mine").await, 403);
    assert_eq!(status("GET", "/api/programs").await, 403);
    // It is seen, with the day and without its secret.
    let listed = ask(&house, &owner, "GET", "/api/programs", Value::Null).await.is(200);
    assert!(!listed.text().contains(made["token"].as_str().unwrap()), "shown once");
    let listed = listed.json();
    let found = listed.as_array().unwrap().iter().find(|one| one["id"] == made["program"]["id"]).unwrap();
    assert_eq!((&found["name"], &found["operator"]["name"]), (&json!("Import"), &json!(person.name)));
    assert_eq!(found["used_day"].as_i64().unwrap() % (24 * 3600 * 1_000_000), 0);
    // What its operator loses, it loses; and with them it is back.
    let id = house.id_of(&owner, &person).await;
    ask(&house, &owner, "PATCH", &format!("/api/operators/{id}"), json!({ "role": "agent" })).await.is(200);
    assert_eq!((status("GET", "/api/widgets").await, status("GET", "/api/operators").await), (403, 200));
    ask(&house, &owner, "PATCH", &format!("/api/operators/{id}"), json!({ "role": "manager" })).await.is(200);
    assert_eq!(status("GET", "/api/widgets").await, 200);
    let path = format!("/api/programs/{}", made["program"]["id"].as_str().unwrap());
    ask(&house, &owner, "DELETE", &path, Value::Null).await.is(204);
    assert_eq!(status("GET", "/api/widgets").await, 401, "at once");
}

async fn a_program_touches_no_sign_in(on: On) {
    let house = House::shared(on);
    // All that an owner may: the token of the set-up.
    let program = house.program();
    ask(house, &program, "GET", "/api/operators", Value::Null).await.is(200);
    let proof = json!({ "password": PASSWORD, "code": "000000" });
    let id = "aaaaaaaaaaaaaaaaaaaaaaaaaa";
    for (method, path, body) in [
        ("GET", "/api/sessions".to_owned(), Value::Null),
        ("DELETE", "/api/sessions".to_owned(), Value::Null),
        ("DELETE", format!("/api/sessions/{id}"), Value::Null),
        ("PATCH", format!("/api/sessions/{id}"), json!({ "mine": true })),
        ("PUT", "/api/password".to_owned(), json!({ "current": PASSWORD, "password": PASSWORD })),
        ("GET", "/api/second-factor".to_owned(), Value::Null),
        ("POST", "/api/second-factor/draft".to_owned(), Value::Null),
        ("PUT", "/api/second-factor".to_owned(), json!({ "password": PASSWORD, "secret": "x", "code": "0" })),
        ("POST", "/api/second-factor/removal".to_owned(), proof.clone()),
        ("POST", "/api/second-factor/recovery-codes".to_owned(), proof),
        ("DELETE", format!("/api/operators/{id}/second-factor"), Value::Null),
        ("POST", format!("/api/operators/{id}/link"), Value::Null),
        ("POST", "/api/programs".to_owned(), json!({ "name": "x", "rights": [], "days": 1, "password": PASSWORD })),
        ("DELETE", format!("/api/programs/{id}"), Value::Null),
    ] {
        assert_eq!(ask(house, &program, method, &path, body).await.status, 403, "{method} {path}");
    }
}

async fn a_program_cannot_erase_past_the_brake(on: On) {
    let house = House::new(&Plan::on(on));
    let owner = house.sign_in(&house.ours().owner).await;
    let rights: Vec<Value> = ["conversations", "erasing", "privacy"]
        .map(|capability| json!({ "capability": capability, "level": "write" }))
        .to_vec();
    let body = json!({ "name": "Import", "rights": rights, "days": 1, "password": PASSWORD });
    let made = ask(&house, &owner, "POST", "/api/programs", body).await.is(201).json();
    let program = Caller::Program(made["token"].as_str().unwrap().to_owned());
    let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let wanted = json!({ "conversation": id, "entries": [1] });
    let erasure = ask(&house, &program, "POST", "/api/erasures", wanted).await.is(201).json();
    // Nothing that it deletes is gone before a person could have had it back.
    let now = format!("/api/erasures/{}/now", erasure["id"].as_str().unwrap());
    let rule = json!({ "kind": "content", "days": 1 });
    ask(&house, &program, "POST", &now, Value::Null).await.is(403);
    ask(&house, &program, "PUT", "/api/retention/rules", rule.clone()).await.is(403);
    ask(&house, &owner, "PUT", "/api/retention/rules", rule).await.is(200);
    ask(&house, &owner, "POST", &now, Value::Null).await.is(200);
}
