//! Whoever signed in and should be so no longer: seen, told of and ended.

use std::net::Ipv4Addr;
use std::time::Instant;

use serde_json::{Value, json};

use super::{CLOSES_WITHIN, NEXT, OTHER, ask, code, hire, second_step, try_from, with_phone};
use crate::harness::{Caller, House, On, PASSWORD, on_both};

on_both! {
    whoever_has_left_is_refused_on_every_path
    a_session_is_ended_from_another_one_and_its_socket_with_it
    a_new_browser_is_told_of_in_open_windows
    a_new_password_ends_all_other_sessions
}

async fn whoever_has_left_is_refused_on_every_path(on: On) {
    let house = House::shared(on);
    let owner = house.sign_in(&house.ours().owner).await;
    let person = hire(house, "admin");
    let id = house.id_of(&owner, &person).await;
    let caller = house.sign_in(&person).await;
    let program = json!({
        "name": "Import", "rights": [{ "capability": "team", "level": "read" }],
        "days": 1, "password": PASSWORD,
    });
    let token = ask(house, &caller, "POST", "/api/programs", program).await.is(201).json()["token"].clone();
    let token = Caller::Program(token.as_str().unwrap().to_owned());
    let (secret, codes) = with_phone(house, &caller).await;
    let half = try_from(house, &person.email, PASSWORD, Ipv4Addr::LOCALHOST).await.is(202);
    let step = half.json()["token"].as_str().unwrap().to_owned();
    let link = ask(house, &owner, "POST", &format!("/api/operators/{id}/link"), Value::Null).await.is(200).json();
    let link = link["url"].as_str().unwrap().split_once("#secret=").unwrap().1.to_owned();
    ask(house, &token, "GET", "/api/operators", Value::Null).await.is(200);
    let mut window = house.operator(&caller).await;

    ask(house, &owner, "PATCH", &format!("/api/operators/{id}"), json!({ "active": false })).await.is(200);
    let since = Instant::now();
    for one in [&caller, &token] {
        ask(house, one, "GET", "/api/session", Value::Null).await.is(401);
        assert_eq!(house.operators_socket(one).await.err(), Some(401));
    }
    assert_eq!(window.fatal().await.0["code"], "unauthorised");
    assert!(since.elapsed() < CLOSES_WITHIN, "{:?}", since.elapsed());
    try_from(house, &person.email, PASSWORD, Ipv4Addr::LOCALHOST).await.is(401);
    second_step(house, &step, &code(&secret, NEXT)).await.is(401);
    second_step(house, &step, &codes[0]).await.is(401);
    let body = json!({ "secret": link, "password": OTHER });
    ask(house, &Caller::Nobody, "POST", "/api/link", body).await.is(404);
    // Back again, nothing of before comes back by itself.
    ask(house, &owner, "PATCH", &format!("/api/operators/{id}"), json!({ "active": true })).await.is(200);
    for one in [&caller, &token] {
        ask(house, one, "GET", "/api/session", Value::Null).await.is(401);
    }
    try_from(house, &person.email, PASSWORD, Ipv4Addr::LOCALHOST).await.is(202);
}

async fn sessions(house: &House, caller: &Caller) -> Vec<Value> {
    ask(house, caller, "GET", "/api/sessions", Value::Null).await.is(200).json().as_array().unwrap().clone()
}

async fn a_session_is_ended_from_another_one_and_its_socket_with_it(on: On) {
    let house = House::shared(on);
    let person = hire(house, "agent");
    let body = json!({ "email": person.email, "password": PASSWORD });
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let here = house.ask("POST", "/api/session").with_own_origin().header("user-agent", agent).json(&body);
    let here = Caller::Browser(here.send().await.is(200).session());
    let there = house.sign_in(&person).await;
    let mut window = house.operator(&there).await;
    let all = sessions(house, &here).await;
    assert_eq!(all.len(), 2);
    assert_eq!(
        (&all[0]["current"], &all[0]["browser"], &all[0]["platform"]),
        (&json!(true), &json!("firefox"), &json!("linux"))
    );
    assert_eq!(
        (&all[1]["current"], &all[1]["browser"], &all[1]["platform"]),
        (&json!(false), &json!("other"), &json!("other"))
    );
    assert!(!format!("{all:?}").contains("Gecko"), "what else a browser says is kept nowhere");
    let path = format!("/api/sessions/{}", all[1]["id"].as_str().unwrap());
    // Not a colleague's to end, however they may call it.
    let owner = house.sign_in(&house.ours().owner).await;
    ask(house, &owner, "DELETE", &path, Value::Null).await.is(404);
    ask(house, &there, "GET", "/api/session", Value::Null).await.is(200);
    let since = Instant::now();
    ask(house, &here, "DELETE", &path, Value::Null).await.is(204);
    ask(house, &there, "GET", "/api/session", Value::Null).await.is(401);
    assert_eq!(window.fatal().await.0["code"], "unauthorised");
    assert!(since.elapsed() < CLOSES_WITHIN, "{:?}", since.elapsed());
    ask(house, &here, "DELETE", &path, Value::Null).await.is(404);
    // All others at once.
    let others = [house.sign_in(&person).await, house.sign_in(&person).await];
    ask(house, &here, "DELETE", "/api/sessions", Value::Null).await.is(204);
    for other in &others {
        ask(house, other, "GET", "/api/session", Value::Null).await.is(401);
    }
    assert_eq!(sessions(house, &here).await.len(), 1);
}

async fn a_new_browser_is_told_of_in_open_windows(on: On) {
    let house = House::shared(on);
    let person = hire(house, "agent");
    let first = try_from(house, &person.email, PASSWORD, Ipv4Addr::LOCALHOST).await.is(200);
    let (here, cookie) = (Caller::Browser(first.session()), first.device());
    let mut window = house.operator(&here).await;
    // The same browser again: nothing to tell.
    let body = json!({ "email": person.email, "password": PASSWORD });
    let known = format!("__Host-diskret-device={cookie}");
    let again = house.ask("POST", "/api/session").with_own_origin().header("cookie", &known).json(&body);
    again.send().await.is(200);
    let told = window.drain().await;
    assert!(!told.iter().any(|frame| frame["type"] == "signed_in"), "{told:?}");
    let strange = house.sign_in(&person).await;
    window.expect("signed_in").await;
    let new = async || sessions(house, &here).await.into_iter().find(|one| one["new"] == true);
    let path = format!("/api/sessions/{}", new().await.expect("told of")["id"].as_str().unwrap());
    // Whoever sits there does not say that it is fine.
    ask(house, &strange, "PATCH", &path, json!({ "mine": true })).await.is(409);
    ask(house, &here, "PATCH", &path, json!({ "mine": true })).await.is(204);
    assert_eq!(new().await, None);
    ask(house, &strange, "GET", "/api/session", Value::Null).await.is(200);
}

async fn a_new_password_ends_all_other_sessions(on: On) {
    let house = House::shared(on);
    let person = hire(house, "officer");
    let (here, there) = (house.sign_in(&person).await, house.sign_in(&person).await);
    let change = async |current: &str, new: &str| {
        ask(house, &here, "PUT", "/api/password", json!({ "current": current, "password": new })).await
    };
    assert_eq!(change("not my password", OTHER).await.is(422).json()["field"], "current");
    assert_eq!(change(PASSWORD, "short").await.is(422).json()["field"], "password");
    ask(house, &there, "GET", "/api/session", Value::Null).await.is(200);
    change(PASSWORD, OTHER).await.is(204);
    ask(house, &there, "GET", "/api/session", Value::Null).await.is(401);
    ask(house, &here, "GET", "/api/session", Value::Null).await.is(200);
    try_from(house, &person.email, PASSWORD, Ipv4Addr::LOCALHOST).await.is(401);
    try_from(house, &person.email, OTHER, Ipv4Addr::LOCALHOST).await.is(200);
    // A stolen session does not try passwords for long.
    let mut tried = 0;
    while change("not my password", OTHER).await.status == 422 {
        tried += 1;
        assert!(tried < 20);
    }
    assert_eq!(change("not my password", OTHER).await.status, 429);
}
