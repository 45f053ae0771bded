//! Whoever has the password and not the phone; and the colleague who helps where the phone is gone.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::{NEXT, OTHER, ask, code, hire, second_step, try_from, with_phone};
use crate::harness::{Caller, House, On, PASSWORD, on_both};

on_both! {
    a_second_factor_holds_on_every_path
    a_colleague_resets_a_second_factor_and_it_shows
}

async fn a_second_factor_holds_on_every_path(on: On) {
    let house = House::shared(on);
    let owner = house.sign_in(&house.ours().owner).await;
    let person = hire(house, "admin");
    let caller = house.sign_in(&person).await;
    let program = json!({
        "name": "Import", "rights": [{ "capability": "team", "level": "write" }],
        "days": 1, "password": PASSWORD,
    });
    let token = ask(house, &caller, "POST", "/api/programs", program).await.is(201).json()["token"].clone();
    let token = Caller::Program(token.as_str().unwrap().to_owned());
    let stolen = house.sign_in(&person).await;
    let mut window = house.operator(&stolen).await;
    let (secret, codes) = with_phone(house, &caller).await;
    // Whoever was there without it is not there any more.
    ask(house, &stolen, "GET", "/api/session", Value::Null).await.is(401);
    assert_eq!(window.fatal().await.0["code"], "unauthorised");

    // The password: half the way, and nothing that opens anything.
    let half = try_from(house, &person.email, PASSWORD, Ipv4Addr::LOCALHOST).await.is(202);
    assert_eq!(half.header("set-cookie"), None);
    let step = half.json()["token"].as_str().unwrap().to_owned();
    for planted in [Caller::Browser(step.clone()), Caller::Program(step.clone())] {
        ask(house, &planted, "GET", "/api/session", Value::Null).await.is(401);
        assert_eq!(house.operators_socket(&planted).await.err(), Some(401));
    }
    let id = house.id_of(&owner, &person).await;
    // A token that was made before: no way around either.
    for (method, path, body) in [
        ("POST", format!("/api/operators/{id}/link"), Value::Null),
        ("DELETE", format!("/api/operators/{id}/second-factor"), Value::Null),
        ("POST", "/api/second-factor/removal".to_owned(), json!({ "password": PASSWORD, "code": codes[0] })),
        ("PUT", "/api/password".to_owned(), json!({ "current": PASSWORD, "password": OTHER })),
    ] {
        assert_eq!(ask(house, &token, method, &path, body).await.status, 403, "{method} {path}");
    }
    // A link, made by somebody who may: another password, and still no session.
    let link = ask(house, &owner, "POST", &format!("/api/operators/{id}/link"), Value::Null).await.is(200).json();
    let link = link["url"].as_str().unwrap().split_once("#secret=").unwrap().1.to_owned();
    let body = json!({ "secret": link, "password": OTHER });
    let set = ask(house, &Caller::Nobody, "POST", "/api/link", body).await.is(204);
    assert_eq!(set.header("set-cookie"), None);
    second_step(house, &step, &code(&secret, NEXT)).await.is(401);
    let half = try_from(house, &person.email, OTHER, Ipv4Addr::LOCALHOST).await.is(202);
    let step = half.json()["token"].as_str().unwrap().to_owned();
    // Whoever sets a password by a link ends what was let in before, programs too.
    ask(house, &token, "GET", "/api/session", Value::Null).await.is(401);
    // Wrong, right, and once more.
    second_step(house, &step, "000000").await.is(401);
    let done = second_step(house, &step, &code(&secret, NEXT)).await.is(200);
    ask(house, &Caller::Browser(done.session()), "GET", "/api/session", Value::Null).await.is(200);
    assert!(done.head.contains("__Host-diskret-device="));
    second_step(house, &step, &code(&secret, NEXT)).await.is(401);
    second_step(house, &step, &codes[0]).await.is(200);
    second_step(house, &step, &codes[0]).await.is(401);
    assert!(!house.log().contains(&secret) && !house.log().contains(&step), "and no log has it");
}

async fn a_colleague_resets_a_second_factor_and_it_shows(on: On) {
    let house = House::shared(on);
    let owner = house.sign_in(&house.ours().owner).await;
    let (person, admin) = (hire(house, "manager"), hire(house, "admin"));
    let caller = house.sign_in(&person).await;
    with_phone(house, &caller).await;
    let path = format!("/api/operators/{}/second-factor", house.id_of(&owner, &person).await);
    // Not one's own without a code, and not that of somebody with more rights.
    ask(house, &caller, "DELETE", &path, Value::Null).await.is(409);
    ask(house, &house.sign_in(&admin).await, "DELETE", &path, Value::Null).await.is(403);
    try_from(house, &person.email, PASSWORD, Ipv4Addr::LOCALHOST).await.is(202);
    ask(house, &owner, "DELETE", &path, Value::Null).await.is(204);
    let back = house.sign_in(&person).await;
    let state = async || ask(house, &back, "GET", "/api/second-factor", Value::Null).await.is(200).json();
    assert_eq!((&state().await["on"], &state().await["recovery_codes"]), (&json!(false), &json!(0)));
    assert!(state().await["reset_at"].is_i64(), "they are told");
    with_phone(house, &back).await;
    assert_eq!(state().await, json!({ "on": true, "recovery_codes": 10, "reset_at": null }));
}
