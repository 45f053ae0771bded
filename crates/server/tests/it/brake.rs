//! A flood of deletions is held up until somebody else lets it go on, over HTTP.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Caller, House, On, Plan, hello_visitor, run, sender};

const MANY: usize = 1_002;
const AT_ONCE: usize = 334;

async fn begin(house: &House, many: usize) {
    for _ in 0..many {
        let hello = hello_visitor(&house.ours().widget, &sender());
        let message = json!({ "type": "message", "counter": 1, "text": "Hallo" });
        house.visitors_frames("send", &[hello, message]).send().await.is(200).frame("accepted");
    }
}

async fn all(house: &House, by: &Caller) -> Vec<String> {
    let (mut ids, mut page) = (BTreeSet::new(), String::new());
    loop {
        let path = format!("/api/conversations?list=all&limit=200{page}");
        let found = house.ask("GET", &path).by(by).send().await.is(200).json();
        let items = found["items"].as_array().unwrap();
        ids.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        match found["next"].as_i64() {
            Some(next) => page = format!("&before={next}"),
            None => return ids.into_iter().collect(),
        }
    }
}

/// What an insider does on a Friday evening: everything, in portions that look small.
#[test]
fn nobody_lets_their_own_flood_go_on_and_somebody_else_does() {
    let options = [
        ["--address-requests", "100000"],
        ["--address-conversations", "100000"],
        ["--organisation-conversations", "100000"],
        ["--address-messages", "100000"],
        ["--organisation-messages", "100000"],
    ]
    .concat();
    let house = House::new(&Plan { options: &options, ..Plan::on(On::Sqlite) });
    run(async {
        let owner = house.sign_in(&house.ours().owner).await;
        begin(&house, MANY).await;
        let ids = all(&house, &owner).await;
        assert_eq!(ids.len(), MANY);
        let mut last = Value::Null;
        for portion in ids.chunks(AT_ONCE) {
            let body = json!({ "conversations": portion });
            last = house.ask("POST", "/api/erasures").by(&owner).json(&body).send().await.is(201).json();
        }
        assert_eq!(last["state"], "braked", "{last}");
        let path = |verb: &str| format!("/api/erasures/{}/{verb}", last["id"].as_str().unwrap());
        let release = async |by: &Caller| house.ask("POST", &path("release")).by(by).send().await;
        release(&owner).await.is(409);
        // Neither is it hastened.
        house.ask("POST", &path("now")).by(&owner).send().await.is(409);
        let manager = house.hire(&house.ours().organisation, "manager", "Mia", "mia@neu.example");
        let manager = house.sign_in(&manager).await;
        let officer = house.sign_in(&house.ours().officer).await;
        release(&officer).await.is(403);
        let went_on = release(&manager).await.is(200).json();
        assert_eq!((&went_on["state"], &went_on["released_by"]["name"]), (&json!("waiting"), &json!("Mia")));
        release(&manager).await.is(409);
        let log = house.ask("GET", "/api/audit?kind=erasure_released").by(&owner).send().await.is(200).json();
        assert_eq!(log["items"].as_array().unwrap().len(), 1);
        assert_eq!(log["items"][0]["actor"]["operator"]["name"], "Mia");
    });
}
