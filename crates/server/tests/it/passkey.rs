//! Attacks on passkeys, through the door that everybody comes in by. What hangs on time and on who somebody is to the
//! database stands with the application's tests.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use testkit::Authenticator;

use crate::harness::{Answer, Ask, Caller, House, On, PASSWORD, Person, on_both, random};

on_both! {
    somebody_signs_in_with_a_passkey_and_no_more_when_it_is_removed
    whatever_is_wrong_with_a_passkey_the_answer_is_the_same
    an_answer_is_taken_once
    the_site_is_the_configured_one_whatever_a_request_says
    a_new_passkey_is_told_of_in_open_windows
    a_password_by_a_link_and_leaving_end_passkeys
    a_program_touches_no_passkey
    only_the_dashboard_may_ask_for_passkeys
}

/// A device before the dashboard of a house.
pub(crate) fn device(house: &House) -> Authenticator {
    Authenticator::new(&house.app_origin(), "app.localhost")
}

/// Adds a passkey for whoever asks.
pub(crate) async fn add(house: &House, caller: &Caller, device: &Authenticator) -> Answer {
    let draft = ask(house, caller, "POST", "/api/passkeys/draft", json!({ "password": PASSWORD })).await.is(200).json();
    let made = device.register(draft["challenge"].as_str().unwrap());
    let body = json!({
        "name": "Schlüssel",
        "client_data": BASE64URL_NOPAD.encode(&made.client_data),
        "attestation": BASE64URL_NOPAD.encode(&made.attestation),
    });
    ask(house, caller, "POST", "/api/passkeys", body).await
}

fn asked(house: &House, caller: &Caller, method: &str, path: &str, body: Value) -> Ask {
    let ask = house.ask(method, path).by(caller);
    if body.is_null() { ask } else { ask.json(&body) }
}

async fn ask(house: &House, caller: &Caller, method: &str, path: &str, body: Value) -> Answer {
    asked(house, caller, method, path, body).send().await
}

fn hire(house: &House) -> Person {
    let email = format!("{:x}@schluessel.example", random());
    house.hire(&house.ours().organisation, "agent", &email, &email)
}

/// Somebody with a session and a passkey, and by what the device knows them.
async fn somebody(house: &House, device: &Authenticator) -> (Person, Caller, String) {
    let person = hire(house);
    let caller = house.sign_in(&person).await;
    let draft =
        ask(house, &caller, "POST", "/api/passkeys/draft", json!({ "password": PASSWORD })).await.is(200).json();
    add(house, &caller, device).await.is(201);
    let user = draft["user"].as_str().unwrap().to_owned();
    (person, caller, user)
}

async fn question(house: &House) -> String {
    let asked = ask(house, &Caller::Nobody, "POST", "/api/session/passkey/question", Value::Null).await.is(200).json();
    assert_eq!(asked["site"], "app.localhost");
    asked["challenge"].as_str().unwrap().to_owned()
}

fn answer(device: &Authenticator, user: &str, challenge: &str) -> Value {
    let signed = device.sign(challenge);
    json!({
        "id": BASE64URL_NOPAD.encode(&device.id),
        "user": user,
        "client_data": BASE64URL_NOPAD.encode(&signed.client_data),
        "authenticator_data": BASE64URL_NOPAD.encode(&signed.authenticator_data),
        "signature": BASE64URL_NOPAD.encode(&signed.signature),
    })
}

async fn sign_in(house: &House, device: &Authenticator, user: &str) -> Answer {
    let body = answer(device, user, &question(house).await);
    ask(house, &Caller::Nobody, "POST", "/api/session/passkey", body).await
}

async fn somebody_signs_in_with_a_passkey_and_no_more_when_it_is_removed(on: On) {
    let house = House::shared(on);
    let device = device(house);
    let (person, caller, user) = somebody(house, &device).await;
    let done = sign_in(house, &device, &user).await.is(200);
    assert!(done.head.contains("Secure; HttpOnly; SameSite=Strict") && done.device().len() >= 43);
    let there = Caller::Browser(done.session());
    let shown = ask(house, &there, "GET", "/api/session", Value::Null).await.is(200).json();
    assert_eq!(shown["operator"]["name"], person.email);
    let all = ask(house, &there, "GET", "/api/passkeys", Value::Null).await.is(200).json();
    assert_eq!((all.as_array().unwrap().len(), &all[0]["name"]), (1, &json!("Schlüssel")));
    assert!(all[0]["used_day"].is_i64() && all[0]["copied"] == false);
    let path = format!("/api/passkeys/{}", all[0]["id"].as_str().unwrap());
    ask(house, &caller, "PATCH", &path, json!({ "name": "Telefon" })).await.is(204);
    sign_in(house, &device, &user).await.is(200);
    ask(house, &caller, "DELETE", &path, Value::Null).await.is(204);
    sign_in(house, &device, &user).await.is(401);
    ask(house, &there, "GET", "/api/session", Value::Null).await.is(200);
    house.sign_in(&person).await;
}

async fn whatever_is_wrong_with_a_passkey_the_answer_is_the_same(on: On) {
    let house = House::shared(on);
    let mut device = device(house);
    let (_, _, user) = somebody(house, &device).await;
    sign_in(house, &device, &user).await.is(200);
    let stranger = self::device(house);
    let unknown = sign_in(house, &stranger, &user).await.is(401);
    let without_date = |answer: &Answer| {
        let lines = answer.head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("date:"));
        (lines.collect::<Vec<_>>().join("\n"), answer.text())
    };
    let same = async |what: &str, body: Value| {
        let refused = ask(house, &Caller::Nobody, "POST", "/api/session/passkey", body).await.is(401);
        assert_eq!(without_date(&refused), without_date(&unknown), "{what}");
    };
    let mut forged = answer(&stranger, &user, &question(house).await);
    forged["id"] = json!(BASE64URL_NOPAD.encode(&device.id));
    same("a wrong signature", forged).await;
    same("nobody's handle", answer(&device, "AAAA", &question(house).await)).await;
    same("a challenge of nobody", answer(&device, &user, "AAAA")).await;
    type Lie = fn(&mut Authenticator);
    let lies: [(&str, Lie); 5] = [
        ("another origin", |device| device.origin = "http://evil.example".to_owned()),
        ("the widget's origin", |device| device.origin = device.origin.replace("app.", "widget.")),
        ("another site", |device| device.place = "localhost".to_owned()),
        ("nobody verified", |device| device.verified = false),
        ("nobody there", |device| device.present = false),
    ];
    for (what, lie) in lies {
        let (origin, place) = (device.origin.clone(), device.place.clone());
        lie(&mut device);
        same(what, answer(&device, &user, &question(house).await)).await;
        (device.origin, device.place, device.present, device.verified) = (origin, place, true, true);
        sign_in(house, &device, &user).await.is(200);
    }
    for (field, value) in [("signature", json!("not base64!")), ("id", json!(7)), ("more", json!(1))] {
        let mut body = answer(&device, &user, &question(house).await);
        body[field] = value;
        ask(house, &Caller::Nobody, "POST", "/api/session/passkey", body).await.is(422);
    }
    device.counter = 1;
    sign_in(house, &device, &user).await.is(200);
    same("counts backwards", answer(&device, &user, &question(house).await)).await;
}

async fn an_answer_is_taken_once(on: On) {
    let house = House::shared(on);
    let device = device(house);
    let (_, caller, user) = somebody(house, &device).await;
    let body = answer(&device, &user, &question(house).await);
    ask(house, &Caller::Nobody, "POST", "/api/session/passkey", body.clone()).await.is(200);
    ask(house, &Caller::Nobody, "POST", "/api/session/passkey", body).await.is(401);
    let body = answer(&device, &user, &question(house).await);
    let at_once = (0..8).map(|_| asked(house, &Caller::Nobody, "POST", "/api/session/passkey", body.clone()).send());
    let answers = futures_util::future::join_all(at_once).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 401)));
    let draft =
        ask(house, &caller, "POST", "/api/passkeys/draft", json!({ "password": PASSWORD })).await.is(200).json();
    let body = answer(&device, &user, draft["challenge"].as_str().unwrap());
    ask(house, &Caller::Nobody, "POST", "/api/session/passkey", body).await.is(401);
    let wrong = ask(house, &caller, "POST", "/api/passkeys/draft", json!({ "password": "not my password" })).await;
    assert_eq!(wrong.is(422).json()["field"], "current");
    add(house, &caller, &device).await.is(409);
}

async fn the_site_is_the_configured_one_whatever_a_request_says(on: On) {
    let house = House::shared(on);
    let path = "/api/session/passkey/question";
    for (host, status) in [("evil.example", 421), ("app.localhost", 421)] {
        house.ask("POST", path).by(&Caller::Nobody).host(host).send().await.is(status);
    }
    let forwarded = house.ask("POST", path).by(&Caller::Nobody).header("x-forwarded-host", "evil.example");
    assert_eq!(forwarded.send().await.is(200).json()["site"], "app.localhost");
}

async fn a_new_passkey_is_told_of_in_open_windows(on: On) {
    let house = House::shared(on);
    let person = hire(house);
    let (here, there) = (house.sign_in(&person).await, house.sign_in(&person).await);
    let mut window = house.operator(&here).await;
    let told = window.drain().await;
    assert!(!told.iter().any(|frame| frame["type"] == "signed_in"), "{told:?}");
    let id = add(house, &there, &device(house)).await.is(201).json()["id"].as_str().unwrap().to_owned();
    window.expect("signed_in").await;
    let is_new = async |by: &Caller| ask(house, by, "GET", "/api/passkeys", Value::Null).await.json()[0]["new"].clone();
    assert_eq!((is_new(&here).await, is_new(&there).await), (json!(true), json!(false)));
    let path = format!("/api/passkeys/{id}");
    ask(house, &there, "PATCH", &path, json!({ "mine": true })).await.is(409);
    ask(house, &here, "PATCH", &path, json!({ "mine": true })).await.is(204);
    assert_eq!(is_new(&here).await, json!(false));
    ask(house, &there, "DELETE", &path, Value::Null).await.is(204);
    window.expect("signed_in").await;
    // Said of one that was not: it goes.
    add(house, &there, &device(house)).await.is(201);
    let all = ask(house, &here, "GET", "/api/passkeys", Value::Null).await.json();
    let path = format!("/api/passkeys/{}", all[0]["id"].as_str().unwrap());
    ask(house, &here, "PATCH", &path, json!({ "mine": false })).await.is(204);
    assert_eq!(ask(house, &here, "GET", "/api/passkeys", Value::Null).await.json(), json!([]));
}

async fn a_password_by_a_link_and_leaving_end_passkeys(on: On) {
    let house = House::shared(on);
    let owner = house.sign_in(&house.ours().owner).await;
    let device = device(house);
    let (person, _, user) = somebody(house, &device).await;
    let id = house.id_of(&owner, &person).await;
    let path = format!("/api/operators/{id}");
    let link = ask(house, &owner, "POST", &format!("{path}/link"), Value::Null).await.is(200).json();
    sign_in(house, &device, &user).await.is(200);
    let url = link["url"].as_str().unwrap();
    let secret = url.rsplit(['#', '/', '=']).next().unwrap();
    let body = json!({ "secret": secret, "password": PASSWORD });
    let set = ask(house, &Caller::Nobody, "POST", "/api/link", body).await;
    assert!(set.status < 300, "{}", set.text());
    sign_in(house, &device, &user).await.is(401);
    let caller = house.sign_in(&person).await;
    add(house, &caller, &device).await.is(201);
    sign_in(house, &device, &user).await.is(200);
    ask(house, &owner, "PATCH", &path, json!({ "active": false })).await.is(200);
    sign_in(house, &device, &user).await.is(401);
    ask(house, &owner, "PATCH", &path, json!({ "active": true })).await.is(200);
    sign_in(house, &device, &user).await.is(401);
}

async fn a_program_touches_no_passkey(on: On) {
    let house = House::shared(on);
    let owner = house.sign_in(&house.ours().owner).await;
    let program = json!({
        "name": "Import", "rights": [{ "capability": "team", "level": "write" }],
        "days": 1, "password": PASSWORD,
    });
    let made = ask(house, &owner, "POST", "/api/programs", program).await.is(201).json();
    let program = Caller::Program(made["token"].as_str().unwrap().to_owned());
    ask(house, &program, "GET", "/api/operators", Value::Null).await.is(200);
    let unknown = "/api/passkeys/aaaaaaaaaaaaaaaaaaaaaaaaaa";
    for (method, path, body) in [
        ("GET", "/api/passkeys", Value::Null),
        ("POST", "/api/passkeys/draft", json!({ "password": PASSWORD })),
        ("POST", "/api/passkeys", json!({ "name": "x", "client_data": "e30", "attestation": "AAAA" })),
        ("PATCH", unknown, json!({ "mine": true })),
        ("DELETE", unknown, Value::Null),
    ] {
        ask(house, &program, method, path, body).await.is(403);
    }
}

async fn only_the_dashboard_may_ask_for_passkeys(on: On) {
    let house = House::shared(on);
    let policy = |answer: &Answer| answer.header("permissions-policy").unwrap_or_default().to_owned();
    let page = policy(&house.ask("GET", "/").send().await);
    for feature in ["publickey-credentials-get=(self)", "publickey-credentials-create=(self)", "camera=()"] {
        assert!(page.contains(feature), "{page}");
    }
    let widget = house.widget_origin();
    let host = widget.split_once("://").unwrap().1;
    for path in ["/", "/loader.js"] {
        let elsewhere = policy(&house.ask("GET", path).host(host).send().await);
        assert!(!elsewhere.contains("(self)"), "{elsewhere}");
    }
}
