//! A backup that somebody asks for at the dashboard, over HTTP.

use std::time::Duration;

use serde_json::json;
use testkit::eventually;

use crate::harness::{House, On, Plan, on_both, run};

on_both! {
    what_somebody_asks_for_is_backed_up_at_both_places_and_not_again_at_once
}

async fn what_somebody_asks_for_is_backed_up_at_both_places_and_not_again_at_once(on: On) {
    let disk = tempfile::tempdir().unwrap();
    let place = |name: &str| {
        let folder = disk.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        format!("--place-{name}=file://{}?country=DE&site={name}&company=Us", folder.display())
    };
    let (place_a, place_b) = (place("a"), place("b"));
    let house = House::new(&Plan { options: &[&place_a, &place_b], ..Plan::on(on) });
    let officer = house.sign_in(&house.ours().officer).await;
    let ask = async || house.ask("POST", "/api/backups").by(&officer).send().await;
    let shown = async || house.ask("GET", "/api/backups").by(&officer).send().await.is(200).json();
    assert_eq!(shown().await["data"], json!([]));
    house.ask("POST", "/api/backups").by(&house.sign_in(&house.ours().agent).await).send().await.is(403);
    ask().await.is(202);
    eventually(Duration::from_secs(60), "a backup lies at both places", async || {
        let found = shown().await;
        let places = found["data"][0]["places"].as_array().cloned().unwrap_or_default();
        let mut names: Vec<_> = places.iter().filter_map(|place| place["place"].as_str()).collect();
        names.sort_unstable();
        names == ["place_a", "place_b"] && found["data"][0]["failed"] == false
    })
    .await;
    let found = shown().await;
    assert!(found["data"][0]["rows"].as_i64().unwrap() > 0, "{found}");
    let states = found["places"].as_array().unwrap();
    assert_eq!(states.iter().map(|place| &place["site"]).collect::<Vec<_>>(), [&json!("a"), &json!("b")]);
    assert!(states.iter().all(|place| place["seen_at"].is_i64() && place["failed_at"].is_null()), "{states:?}");
    // Neither impatience nor malice fills the places.
    let refused = ask().await.is(409).json();
    assert!(refused["detail"].as_str().unwrap().contains("ten minutes"), "{refused}");
    assert_eq!(shown().await["data"].as_array().unwrap().len(), 1);
}

#[test]
fn where_no_place_is_named_nothing_is_backed_up_and_whoever_asks_is_told() {
    run(async {
        let house = House::shared(On::Sqlite);
        let officer = house.sign_in(&house.ours().officer).await;
        let found = house.ask("GET", "/api/backups").by(&officer).send().await.is(200).json();
        assert_eq!((&found["places"], &found["late"]), (&json!([]), &json!(false)));
        let refused = house.ask("POST", "/api/backups").by(&officer).send().await.is(409).json();
        assert!(refused["detail"].as_str().unwrap().contains("place"), "{refused}");
    });
}
