//! Attacks on signing in and on what one's own account holds: guessing, a stolen password, a stolen session, a stolen token
//! (SA1, SA2, SA5, SB4). The matrix of roles asks the same operations without a story.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use domain::Clock as _;
use domain::clock::SystemClock;
use privacy::totp::TotpSecret;
use serde_json::{Value, json};

use crate::harness::{Answer, Caller, House, On, PASSWORD, Person, Plan, on_both, random};

on_both! {
    the_victim_signs_in_while_an_attacker_guesses_from_elsewhere
    a_known_browser_signs_in_while_everybody_guesses
    known_and_unknown_accounts_take_the_same_time
    a_second_factor_holds_on_every_path
    whoever_has_left_is_refused_on_every_path
    a_session_is_ended_from_another_one_and_its_socket_with_it
    a_new_browser_is_told_of_in_open_windows
    a_new_password_ends_all_other_sessions
    a_colleague_resets_a_second_factor_and_it_shows
    a_program_does_no_more_than_it_was_given
    a_program_touches_no_sign_in
}

const OTHER: &str = "another long secret of mine";
const CLOSES_WITHIN: Duration = Duration::from_secs(5);

fn hire(house: &House, role: &str) -> Person {
    let email = format!("{:x}@konto.example", random());
    house.hire(&house.ours().organisation, role, &email, &email)
}

/// An address of this machine that no other test guesses from.
fn elsewhere() -> Ipv4Addr {
    let number = random();
    Ipv4Addr::new(127, 66 + (number % 100) as u8, (number >> 8) as u8, ((number >> 16) % 254) as u8 + 1)
}

async fn try_from(house: &House, email: &str, password: &str, from: Ipv4Addr) -> Answer {
    let body = json!({ "email": email, "password": password });
    house.ask("POST", "/api/session").with_own_origin().from(from).json(&body).send().await
}

/// What a phone shows now, or a while later.
fn code(secret: &str, later: Duration) -> String {
    TotpSecret::from_text(secret).unwrap().code_at(SystemClock.now().plus(later))
}

const NEXT: Duration = Duration::from_secs(30);

async fn ask(house: &House, caller: &Caller, method: &str, path: &str, body: Value) -> Answer {
    let ask = house.ask(method, path).by(caller);
    if body.is_null() { ask.send().await } else { ask.json(&body).send().await }
}

/// Turns somebody's second factor on: the secret and the recovery codes.
async fn with_phone(house: &House, caller: &Caller) -> (String, Vec<String>) {
    let draft = ask(house, caller, "POST", "/api/second-factor/draft", Value::Null).await.is(200).json();
    let secret = draft["secret"].as_str().unwrap().to_owned();
    let body = json!({ "password": PASSWORD, "secret": secret, "code": code(&secret, Duration::ZERO) });
    let on = ask(house, caller, "PUT", "/api/second-factor", body).await.is(200).json();
    let codes = on["codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    (secret, codes)
}

async fn second_step(house: &House, token: &str, code: &str) -> Answer {
    let body = json!({ "token": token, "code": code });
    ask(house, &Caller::Nobody, "POST", "/api/session/code", body).await
}

async fn the_victim_signs_in_while_an_attacker_guesses_from_elsewhere(on: On) {
    let house = House::shared(on);
    let (victim, attacker) = (hire(house, "agent"), elsewhere());
    let (mut wrong, mut slowed) = (0, 0);
    for number in 0..30 {
        match try_from(house, &victim.email, &format!("a wrong guess, number {number}"), attacker).await.status {
            401 => wrong += 1,
            429 => slowed += 1,
            other => panic!("{other}"),
        }
    }
    assert!(wrong <= 14 && slowed >= 16, "{wrong} guesses, {slowed} refused");
    let refused = try_from(house, &victim.email, PASSWORD, attacker).await;
    if refused.status == 429 {
        assert!(refused.header("retry-after").is_some(), "{}", refused.head);
    }
    try_from(house, &victim.email, PASSWORD, Ipv4Addr::LOCALHOST).await.is(200);
    // Nor does it hinder whoever shares the attacker's address.
    try_from(house, &hire(house, "agent").email, PASSWORD, attacker).await.is(200);
}

async fn a_known_browser_signs_in_while_everybody_guesses(on: On) {
    let house = House::shared(on);
    let victim = hire(house, "agent");
    let cookie = try_from(house, &victim.email, PASSWORD, elsewhere()).await.is(200).device();
    assert!(cookie.len() >= 43, "256 bits");
    let mut guessed = 0;
    while try_from(house, &victim.email, "a wrong guess of many", elsewhere()).await.status == 401 {
        guessed += 1;
        assert!(guessed < 100, "somewhere it ends");
    }
    let body = json!({ "email": victim.email, "password": PASSWORD });
    let with_cookie = |cookie: &str| {
        let cookie = format!("__Host-diskret-device={cookie}");
        house.ask("POST", "/api/session").with_own_origin().from(elsewhere()).header("cookie", &cookie).json(&body)
    };
    let again = with_cookie(&cookie).send().await.is(200);
    assert_eq!(again.device(), cookie, "it stays the one of all who share the browser");
    let planted = with_cookie(&"A".repeat(43)).send().await;
    if planted.status == 200 {
        assert_ne!(planted.device(), "A".repeat(43), "what somebody planted is not taken over");
    }
}

/// The middle of what two kinds of requests take, asked in turns so that what else goes on touches both alike.
async fn medians<A: AsyncFnMut(usize) -> Duration, B: AsyncFnMut(usize) -> Duration>(
    rounds: usize,
    mut one: A,
    mut other: B,
) -> f64 {
    let (mut ones, mut others) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        if round % 2 == 0 {
            ones.push(one(round).await);
            others.push(other(round).await);
        } else {
            others.push(other(round).await);
            ones.push(one(round).await);
        }
    }
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    };
    median(ones) / median(others)
}

async fn known_and_unknown_accounts_take_the_same_time(on: On) {
    const ROUNDS: usize = 40;
    const MEASUREMENTS: usize = 12;
    let alike = |ratio: f64| (0.95..=1.05).contains(&ratio);
    let house = House::shared(on);
    let known = hire(house, "agent");
    let wrong = async |email: &str, password: &str| {
        let since = Instant::now();
        let answer = try_from(house, email, password, elsewhere()).await.is(401);
        let head: Vec<&str> = answer.head.lines().filter(|line| !line.starts_with("date:")).collect();
        ((head.join("\n"), answer.body.clone()), since.elapsed())
    };
    let unknown = || format!("{:x}@konto.example", random());
    assert_eq!(wrong(&known.email, "a wrong guess").await.0, wrong(&unknown(), "a wrong guess").await.0, "same bytes");
    let mut ratios = Vec::new();
    // Other tests run beside this one: what is alike is found to be so some time, what is not never is.
    while ratios.len() < MEASUREMENTS && !ratios.last().is_some_and(|ratio| alike(*ratio)) {
        let ratio = medians(
            ROUNDS,
            async |round| {
                if round % 16 == 0 {
                    // The account's guesses are counted: the right one begins anew.
                    try_from(house, &known.email, PASSWORD, elsewhere()).await.is(200);
                }
                wrong(&known.email, "a wrong guess").await.1
            },
            async |_| wrong(&unknown(), "a wrong guess").await.1,
        )
        .await;
        ratios.push(ratio);
    }
    assert!(alike(ratios[ratios.len() - 1]), "{ratios:?}");
    // Planted: a password that is too long for anybody is not hashed. The same measurement finds that every time.
    let long = "x".repeat(600);
    for _ in 0..3 {
        let planted = medians(
            8,
            async |_| wrong(&unknown(), &long).await.1,
            async |_| wrong(&unknown(), "a wrong guess").await.1,
        )
        .await;
        assert!(!alike(planted), "an early return was not found: {planted}");
    }
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
    let program = Caller::Program(house.ours().token.clone());
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
