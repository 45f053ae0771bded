//! Snippets: for everybody or for oneself, and what becomes of them.

use serde_json::{Value, json};

use crate::harness::{Answer, Caller, House, On, Plan, on_both};

on_both! {
    a_shared_snippet_is_everybodys_and_ones_own_is_nobody_elses
    a_snippet_that_breaks_a_rule_is_refused_by_its_field
}

fn snippet(shared: bool, shortcut: &str) -> Value {
    let wording = json!({ "de": "Danke, {visitor}.", "en": "Thank you, {visitor}." });
    json!({ "shared": shared, "shortcut": shortcut, "title": "Thanks", "wording": wording })
}

async fn add(house: &House, by: &Caller, body: &Value) -> Answer {
    house.ask("POST", "/api/snippets").by(by).json(body).send().await
}

async fn words(house: &House, by: &Caller) -> Vec<String> {
    let listed = house.ask("GET", "/api/snippets").by(by).send().await.is(200).json();
    listed.as_array().unwrap().iter().map(|one| one["shortcut"].as_str().unwrap().to_owned()).collect()
}

async fn a_shared_snippet_is_everybodys_and_ones_own_is_nobody_elses(on: On) {
    let house = House::new(&Plan::on(on));
    let owner = house.sign_in(&house.ours().owner).await;
    let (agent, colleague) = (house.sign_in(&house.ours().agent).await, house.sign_in(&house.ours().colleague).await);
    let shared = add(&house, &owner, &snippet(true, "Danke")).await.is(201).json();
    assert_eq!((&shared["shortcut"], &shared["shared"]), (&json!("danke"), &json!(true)));
    let own = add(&house, &agent, &snippet(false, "mine")).await.is(201).json();
    assert_eq!(words(&house, &owner).await, ["danke"]);
    assert_eq!(words(&house, &agent).await, ["danke", "mine"]);
    assert_eq!(words(&house, &colleague).await, ["danke"], "not even an owner or a colleague sees it");

    let path = format!("/api/snippets/{}", own["id"].as_str().unwrap());
    let other = json!({ "shortcut": "hers", "title": "Thanks", "wording": { "de": null, "en": "Thanks" } });
    house.ask("PATCH", &path).by(&colleague).json(&other).send().await.is(404);
    house.ask("DELETE", &path).by(&owner).send().await.is(404);
    let changed = house.ask("PATCH", &path).by(&agent).json(&other).send().await.is(200).json();
    assert_eq!((&changed["shortcut"], &changed["wording"]), (&json!("hers"), &json!({ "de": null, "en": "Thanks" })));
    assert_eq!(words(&house, &agent).await, ["danke", "hers"]);

    // After a restart they are read from what is stored; what was deleted is not there.
    let path = format!("/api/snippets/{}", shared["id"].as_str().unwrap());
    house.ask("DELETE", &path).by(&owner).send().await.is(204);
    house.ask("DELETE", &path).by(&owner).send().await.is(404);
    assert!(house.terminate().success());
    house.start();
    let agent = house.sign_in(&house.ours().agent).await;
    assert_eq!(words(&house, &agent).await, ["hers"]);
}

async fn a_snippet_that_breaks_a_rule_is_refused_by_its_field(on: On) {
    let house = House::shared(on);
    let agent = house.sign_in(&house.ours().agent).await;
    for (field, key, value) in [
        ("shortcut", "shortcut", json!("two words")),
        ("shortcut", "shortcut", json!("x".repeat(33))),
        ("title", "title", json!(" ")),
        ("wording", "wording", json!({ "de": " ", "en": null })),
        ("wording", "wording", json!({ "de": "x".repeat(10_001) })),
    ] {
        let mut body = snippet(false, "word");
        body[key] = value;
        let refused = add(house, &agent, &body).await.is(422).json();
        assert_eq!(refused["field"], field);
    }
    add(house, &agent, &json!({ "shared": false, "shortcut": "a", "title": "b" })).await.is(422);
}
