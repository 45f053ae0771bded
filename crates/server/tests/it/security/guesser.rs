//! Whoever guesses: who has an account, the code of the first start, the secrets of an installation.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use super::session;
use crate::harness::{Caller, House, On, PASSWORD, Plan, Server, on_both};

on_both! {
    known_and_unknown_accounts_answer_alike
    set_up_works_once_and_only_with_the_code
}

async fn known_and_unknown_accounts_answer_alike(on: On) {
    let house = House::shared(on);
    let ask = async |email: &str, password: &str| {
        let body = json!({ "email": email, "password": password });
        let answer = house.ask("POST", "/api/session").with_own_origin().json(&body).send().await.is(401);
        let head: Vec<&str> = answer.head.lines().filter(|line| !line.starts_with("date:")).collect();
        (head.join("\n"), answer.body.clone())
    };
    let unknown = ask("niemand@nordlicht.example", "falsches Passwort").await;
    assert_eq!(ask(&house.ours().agent.email, "falsches Passwort").await, unknown, "same bytes");
    // What is no address, and a password beyond all measure.
    for email in ["", "kein @", "x"] {
        assert_eq!(ask(email, PASSWORD).await, unknown);
    }
    for email in [&house.ours().agent.email, "niemand@x.de"] {
        assert_eq!(ask(email, &"x".repeat(600)).await, unknown);
    }
}

async fn set_up_works_once_and_only_with_the_code(on: On) {
    let house = House::new(&Plan { tenants: 0, ..Plan::on(on) });
    let greeting = house.greeting();
    let (address, code) = greeting.split_once("#code=").expect("the code is in the fragment, which no server sees");
    assert!(address.ends_with(&format!("{}/setup", house.app_origin())), "{greeting}");
    assert!(code.len() >= 22, "128 bits");
    let body = |code: &str| {
        json!({ "code": code, "organisation": "Neu", "name": "Nina Neu", "email": "nina@neu.example",
            "password": PASSWORD, "language": "de" })
    };
    let ask = async |code: &str| house.ask("POST", "/api/setup").with_own_origin().json(&body(code)).send().await;
    let needed = async || house.ask("GET", "/api/setup").send().await.is(200).json()["needed"].clone();
    assert_eq!(needed().await, true);
    for wrong in ["", "raten", &code[1..], &code.to_uppercase()] {
        ask(wrong).await.is(403);
    }
    // A body that breaks a rule does not spend the code.
    let mut short = body(code);
    short["password"] = "kurz".into();
    let answer = house.ask("POST", "/api/setup").with_own_origin().json(&short).send().await.is(422);
    assert_eq!(answer.json()["field"], "password");
    assert_eq!(needed().await, true);
    // Two browsers at once: one of them.
    let (one, other) = tokio::join!(ask(code), ask(code));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    let done = if one.status == 201 { one } else { other };
    assert!(done.json()["recovery_key"].as_str().is_some_and(|key| key.len() > 40));
    session(&house, &Caller::Browser(done.session())).await.is(200);
    ask(code).await.is(409);
    assert_eq!(needed().await, false);
    let spent = || !house.data().join("secrets/setup-code").exists();
    assert!(spent(), "a code that was used is deleted");
    assert!(house.terminate().success());
    house.start();
    assert!(spent(), "and not made anew");
    assert!(!house.greeting().contains("code"), "no code is told any more: {}", house.greeting());
}

#[test]
fn secrets_are_made_and_never_guessed() {
    let new = || House::closed(&Plan { tenants: 1, ..Plan::on(On::Sqlite) });
    let bare = [(); 2].map(|()| House::new(&Plan { tenants: 0, ..Plan::on(On::Sqlite) }));
    let names = ["epoch-1.key", "visitor-tokens.key", "blind-index.key", "setup-code"];
    for name in names {
        let [one, other] = bare.each_ref().map(|house| fs::read(house.data().join("secrets").join(name)).unwrap());
        assert_ne!(one, other, "{name} is this installation's own");
        let mode = fs::metadata(bare[0].data().join("secrets").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert_eq!(fs::metadata(bare[0].data()).unwrap().permissions().mode() & 0o777, 0o700);
    let started = |house: &House| Server::start(&house.folder, &house.flags(), "");
    assert!(started(&new()).is_ok(), "untouched it starts");
    for name in &names[..3] {
        for placeholder in ["", "changeme", "changemechangemechangemechangeme", &"\0".repeat(32), &"x".repeat(64)] {
            let house = new();
            fs::write(house.data().join("secrets").join(name), placeholder).unwrap();
            let said = started(&house).map(|_| ()).unwrap_err();
            assert!(said.contains(name), "{placeholder:?}: {said}");
        }
        let house = new();
        let path = house.data().join("secrets").join(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let said = started(&house).map(|_| ()).unwrap_err();
        assert!(said.contains(name) && said.contains("chmod 600"), "{said}");
        fs::remove_file(&path).unwrap();
        let said = started(&house).map(|_| ()).unwrap_err();
        // Another node could hand over the key of the current epoch; here is none.
        let told = if name.starts_with("epoch-") { "the key of the current epoch is not in the folder" } else { name };
        assert!(said.contains(told), "a missing key is not made anew beside old data: {said}");
    }
}
