//! The turn of the epoch and its freezing, over HTTP.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::eventually;

use crate::harness::{Caller, House, On, Plan, on_both};

on_both! {
    an_officer_has_the_epoch_turn_and_sees_it_end
}

async fn status(house: &House, caller: &Caller) -> Value {
    house.ask("GET", "/api/epoch").by(caller).send().await.is(200).json()
}

async fn an_officer_has_the_epoch_turn_and_sees_it_end(on: On) {
    let house = House::new(&Plan::on(on));
    let officer = house.sign_in(&house.ours().officer).await;
    let (_visitor, id) = house.conversation(house.ours(), "before the turn").await;
    let before = status(&house, &officer).await;
    assert_eq!((&before["pending"], &before["late"]), (&json!([]), &json!(false)));
    if on == On::Sqlite {
        // Organisations share this house: each turn wraps the keys of all anew.
        house.ask("POST", "/api/epoch/turn").by(&officer).send().await.is(409);
        assert!(house.command(&["epoch", "turn"]).status.success());
    } else {
        house.ask("POST", "/api/epoch/turn").by(&officer).send().await.is(202);
        house.ask("POST", "/api/epoch/turn").by(&officer).send().await.is(409);
    }
    eventually(Duration::from_secs(30), "the epoch turns", async || {
        let now = status(&house, &officer).await;
        let turned = now["current"].as_i64() > before["current"].as_i64() && now["step"].is_null();
        turned && now["settled"] == before["current"] && now["pending"] == json!([])
    })
    .await;
    let after = status(&house, &officer).await;
    let next = after["next_at"].as_i64().unwrap() - after["turned_at"].as_i64().unwrap();
    assert_eq!((next, &after["late"]), (12 * 3_600_000_000, &false.into()), "the next one is due twelve hours later");
    let owner = house.sign_in(&house.ours().owner).await;
    let entries = format!("{:?}", house.entries(&owner, &id).await);
    assert!(entries.contains("before the turn"), "what was said is read as before");
    house.kill();
    house.start();
    let entries = format!("{:?}", house.entries(&owner, &id).await);
    assert!(entries.contains("before the turn"), "also after a restart, with the new key alone");
    assert!(!house.data().join("secrets").join(format!("epoch-{}.key", before["current"])).exists());
}

#[test]
fn whoever_shares_an_installation_freezes_nothing_and_whoever_does_not_does_so_with_a_reason() {
    let house = House::new(&Plan::on(On::Postgres));
    crate::harness::run(async {
        let officer = house.sign_in(&house.ours().officer).await;
        let freeze = async |body: Value| house.ask("PUT", "/api/epoch/freeze").by(&officer).json(&body).send().await;
        let before = status(&house, &officer).await;
        assert_eq!(
            (&before["frozen"], &before["may_freeze"], &before["late"]),
            (&Value::Null, &true.into(), &false.into())
        );
        freeze(json!({ "days": 7, "reason": "an intruder deleted things" })).await.is(204);
        let owner = house.sign_in(&house.ours().owner).await;
        let frozen = status(&house, &owner).await["frozen"].clone();
        assert_eq!(frozen["until"].as_i64().unwrap() - frozen["since"].as_i64().unwrap(), 7 * 24 * 3_600_000_000);
        assert_eq!(frozen["reason"], "an intruder deleted things", "whoever looks sees why");
        assert_eq!(frozen["by"]["name"], house.ours().officer.name.as_str(), "and by whom");
        freeze(json!({ "days": 8, "reason": "an intruder" })).await.is(422);
        freeze(json!({ "days": 0, "reason": "an intruder" })).await.is(422);
        freeze(json!({ "days": 1, "reason": "  " })).await.is(422);
        freeze(json!({ "reason": "forgot to say for how long" })).await.is(422);
        assert_eq!(status(&house, &officer).await["frozen"], frozen, "a refused request changes nothing");
        freeze(json!({ "days": null, "reason": "it was a colleague" })).await.is(204);
        assert!(status(&house, &officer).await["frozen"].is_null());
        let log = house.ask("GET", "/api/audit").by(&officer).send().await.is(200).text();
        assert!(log.contains("epoch_frozen") && log.contains("an intruder deleted things"), "{log}");
    });
    let shared = House::shared(On::Sqlite);
    crate::harness::run(async {
        let officer = shared.sign_in(&shared.ours().officer).await;
        let body = json!({ "days": 1, "reason": "mine alone" });
        shared.ask("PUT", "/api/epoch/freeze").by(&officer).json(&body).send().await.is(409);
        assert_eq!(status(shared, &officer).await["may_freeze"], false);
    });
}
