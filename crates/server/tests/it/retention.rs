//! How long things are kept, over HTTP: what a screen shows before a rule is set, and after.

use serde_json::{Value, json};

use crate::harness::{Answer, Caller, House, On, Plan, on_both};

on_both! {
    a_rule_is_shown_before_it_is_set_and_after
    what_makes_no_sense_is_refused_by_its_field
    a_hold_is_shown_where_it_holds_until_it_is_taken_back
}

const DAY: i64 = 24 * 3600 * 1_000_000;

async fn put(house: &House, by: &Caller, body: &Value) -> Answer {
    house.ask("PUT", "/api/retention/rules").by(by).json(body).send().await
}

async fn get(house: &House, by: &Caller, path: &str) -> Value {
    house.ask("GET", path).by(by).send().await.is(200).json()
}

async fn a_rule_is_shown_before_it_is_set_and_after(on: On) {
    let house = House::new(&Plan::on(on));
    let officer = house.sign_in(&house.ours().officer).await;
    let owner = house.sign_in(&house.ours().owner).await;
    let begins = get(&house, &officer, "/api/retention").await;
    assert_eq!((&begins["rules"][0]["kind"], &begins["rules"][0]["days"]), (&json!("content"), &json!(180)));
    for zero in ["oldest_past_rule_seconds", "oldest_undestroyed_seconds", "braked", "held"] {
        assert_eq!(begins[zero], 0, "{zero}");
    }
    let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
    house.set_state(&owner, &id, "ended").await.is(200);
    // It is over in a day, so it goes within a day.
    let wanted = json!({ "kind": "content", "widget": house.ours().widget, "days": 1 });
    let preview = house.ask("POST", "/api/retention/preview").by(&officer).json(&wanted).send().await.is(200).json();
    assert_eq!((&preview["conversations"], &preview["above_36_months"]), (&json!(1), &json!(false)));
    assert_eq!(preview["by_widget"][0]["widget"]["id"], house.ours().widget.as_str());
    assert!(preview["oldest_at"].is_i64());
    assert_eq!(get(&house, &officer, "/api/retention").await["rules"].as_array().unwrap().len(), 1, "nothing was set");
    assert_eq!(put(&house, &officer, &wanted).await.is(200).json(), preview);
    let after = get(&house, &officer, "/api/retention").await;
    assert_eq!((&after["tonight"]["conversations"], after["rules"].as_array().unwrap().len()), (&json!(1), 2));
    let due = get(&house, &owner, &format!("/api/conversations/{id}/retention")).await;
    assert_eq!((&due["rule"]["days"], &due["rule"]["widget"]), (&json!(1), &json!(house.ours().widget)));
    assert_eq!(due["deletes_at"].as_i64().unwrap(), preview["oldest_at"].as_i64().unwrap() + DAY);
    let long = json!({ "kind": "content", "days": 1_096 });
    assert_eq!(put(&house, &officer, &long).await.is(200).json()["above_36_months"], true);
    let long = json!({ "kind": "content", "days": 1_095 });
    assert_eq!(put(&house, &officer, &long).await.is(200).json()["above_36_months"], false);
    let none = json!({ "kind": "content", "widget": house.ours().widget, "days": null });
    put(&house, &officer, &none).await.is(200);
    let due = get(&house, &owner, &format!("/api/conversations/{id}/retention")).await;
    assert_eq!((&due["rule"]["days"], &due["rule"]["widget"]), (&json!(1_095), &Value::Null));
    let log = get(&house, &owner, "/api/audit?kind=retention_changed").await;
    assert_eq!(log["items"].as_array().unwrap().len(), 4);
    assert_eq!(log["items"][0]["actor"]["operator"]["name"], house.ours().officer.name.as_str());
}

async fn what_makes_no_sense_is_refused_by_its_field(on: On) {
    let house = House::shared(on);
    let officer = house.sign_in(&house.ours().officer).await;
    let foreign = &house.theirs().widget;
    for (body, wrong) in [
        (json!({ "kind": "content", "days": 0 }), Some("days")),
        (json!({ "kind": "content", "days": 3_651 }), Some("days")),
        (json!({ "kind": "content", "widget": foreign, "days": 30 }), Some("widget")),
        (json!({ "kind": "content", "widget": foreign, "topic": foreign, "days": 30 }), Some("topic")),
        (json!({ "kind": "content", "topic": foreign, "days": 30 }), Some("topic")),
        (json!({ "kind": "contacts", "days": 30 }), Some("kind")),
        (json!({ "kind": "content" }), None),
        (json!({ "kind": "everything", "days": 30 }), None),
        (json!({ "kind": "content", "days": 1.5 }), None),
    ] {
        let refused = put(house, &officer, &body).await.is(422).json();
        assert_eq!(refused["field"].as_str(), wrong, "{body}");
        house.ask("POST", "/api/retention/preview").by(&officer).json(&body).send().await.is(422);
    }
    let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
    for until in [0, i64::MAX] {
        let hold = json!({ "conversation": id, "reason": "claim", "until": until });
        let refused = house.ask("POST", "/api/holds").by(&officer).json(&hold).send().await.is(422).json();
        assert_eq!(refused["field"], "until");
    }
}

async fn a_hold_is_shown_where_it_holds_until_it_is_taken_back(on: On) {
    let house = House::new(&Plan::on(on));
    let officer = house.sign_in(&house.ours().officer).await;
    let owner = house.sign_in(&house.ours().owner).await;
    let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let due = get(&house, &owner, &format!("/api/conversations/{id}/retention")).await;
    let until = due["deletes_at"].as_i64().unwrap() + DAY * 100;
    let hold = json!({ "conversation": id, "reason": "business_letter", "until": until });
    let made = house.ask("POST", "/api/holds").by(&officer).json(&hold).send().await.is(201).json();
    assert_eq!((&made["conversation"], &made["restricted"]), (&json!(id), &json!(false)));
    assert_eq!(made["set_by"]["name"], house.ours().officer.name.as_str());
    assert_eq!(get(&house, &officer, "/api/holds").await, json!([made]));
    assert_eq!(get(&house, &officer, "/api/retention").await["held"], 1);
    let held = get(&house, &owner, &format!("/api/conversations/{id}/retention")).await;
    assert_eq!((&held["held"], &held["deletes_at"]), (&json!(until), &json!(until)));
    let path = format!("/api/holds/{}", made["id"].as_str().unwrap());
    house.ask("DELETE", &path).by(&officer).send().await.is(204);
    house.ask("DELETE", &path).by(&officer).send().await.is(404);
    assert_eq!(get(&house, &officer, "/api/holds").await, json!([]));
    assert_eq!(get(&house, &owner, &format!("/api/conversations/{id}/retention")).await, due);
}

#[test]
fn whoever_has_it_counted_without_end_is_slowed_down_and_nobody_else_is() {
    crate::harness::run(async {
        let house = House::new(&Plan::on(On::Sqlite));
        let officer = house.sign_in(&house.ours().officer).await;
        let owner = house.sign_in(&house.ours().owner).await;
        let wanted = json!({ "kind": "content", "days": 30 });
        let preview = async |by: &Caller| house.ask("POST", "/api/retention/preview").by(by).json(&wanted).send().await;
        preview(&officer).await.is(200);
        let mut statuses = Vec::new();
        for _ in 0..60 {
            statuses.push(preview(&officer).await.status);
        }
        assert!(statuses[..20].iter().all(|status| *status == 200), "whoever types is not slowed down: {statuses:?}");
        assert!(statuses.contains(&429), "{statuses:?}");
        let refused = house.ask("GET", "/api/retention").by(&officer).send().await.is(429);
        assert!(refused.header("retry-after").is_some(), "{}", refused.head);
        preview(&owner).await.is(200);
    });
}
