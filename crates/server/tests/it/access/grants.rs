//! Who gives which role to whom, and how somebody new comes in.

use serde_json::{Value, json};

use super::world::hire;
use crate::harness::{Caller, House, On, Plan, on_both};

on_both! {
    nobody_grants_what_they_lack_and_the_last_owner_stays
    each_role_is_described_as_it_acts
    a_link_sets_a_password_once
}

async fn nobody_grants_what_they_lack_and_the_last_owner_stays(on: On) {
    let house = House::new(&Plan::on(on));
    let owner = house.sign_in(&house.ours().owner).await;
    let (owners, agents) =
        (house.id_of(&owner, &house.ours().owner).await, house.id_of(&owner, &house.ours().agent).await);
    let (admin_person, manager_person) = (hire(&house, "admin"), hire(&house, "manager"));
    let (admin, manager) = (house.sign_in(&admin_person).await, house.sign_in(&manager_person).await);
    let patch = async |caller: &Caller, id: &str, body: Value| {
        house.ask("PATCH", &format!("/api/operators/{id}")).by(caller).json(&body).send().await
    };
    let grantable = async |caller: &Caller| {
        house.ask("GET", "/api/session").by(caller).send().await.is(200).json()["grantable"].clone()
    };
    let all = ["owner", "manager", "admin", "analyst", "staff", "agent", "officer"];
    assert_eq!(grantable(&owner).await, json!(all));
    assert_eq!(grantable(&manager).await, json!(&all[1..]));
    assert_eq!(grantable(&admin).await, json!(["admin", "analyst", "staff", "agent"]));
    for (caller, granted) in [(&admin, grantable(&admin).await), (&manager, grantable(&manager).await)] {
        for role in all {
            let may = granted.as_array().unwrap().contains(&json!(role));
            let answer = patch(caller, &agents, json!({ "role": role })).await;
            assert_eq!(answer.status, if may { 200 } else { 403 }, "{role}");
            let body = json!({ "name": "Neu", "email": format!("{:x}@neu.example", crate::harness::random()),
                "role": role, "language": "de" });
            let answer = house.ask("POST", "/api/operators").by(caller).json(&body).send().await;
            assert_eq!(answer.status, if may { 201 } else { 403 }, "{role}");
        }
        patch(&owner, &agents, json!({ "role": "agent" })).await.is(200);
    }
    // Not even oneself, and not by a link to somebody with more.
    let admins = house.id_of(&owner, &admin_person).await;
    patch(&admin, &admins, json!({ "role": "manager" })).await.is(403);
    house.ask("POST", &format!("/api/operators/{owners}/link")).by(&manager).send().await.is(403);
    for body in [json!({ "role": "manager" }), json!({ "active": false })] {
        assert!(patch(&owner, &owners, body.clone()).await.is(409).text().contains("another owner"), "{body}");
    }
    patch(&owner, &agents, json!({ "role": "owner" })).await.is(200);
    patch(&owner, &owners, json!({ "role": "manager" })).await.is(200);
    patch(&owner, &owners, json!({ "role": "owner" })).await.is(403);
}

/// What the overview says of a role is what its session says of itself.
async fn each_role_is_described_as_it_acts(on: On) {
    let house = House::new(&Plan::on(on));
    let owner = house.sign_in(&house.ours().owner).await;
    let roles = house.ask("GET", "/api/roles").by(&owner).send().await.is(200).json();
    let named: Vec<&str> = roles.as_array().unwrap().iter().filter_map(|one| one["role"].as_str()).collect();
    assert_eq!(named, ["owner", "manager", "admin", "analyst", "staff", "agent", "officer"]);
    let staff = json!({ "conversations": { "level": "write", "reach": "group" }, "snippets": "read", "team": "read",
        "widgets": "off", "audit": "off", "programs": "off", "installation": "off",
        "erasing": "write", "privacy": "off" });
    assert_eq!(roles[4]["rights"], staff);
    for described in roles.as_array().unwrap() {
        let caller = house.sign_in(&hire(&house, described["role"].as_str().unwrap())).await;
        let session = house.ask("GET", "/api/session").by(&caller).send().await.is(200).json();
        assert_eq!(session["rights"], described["rights"], "{}", described["role"]);
    }
}

async fn a_link_sets_a_password_once(on: On) {
    let house = House::new(&Plan::on(on));
    let owner = house.sign_in(&house.ours().owner).await;
    let body = json!({ "name": "Neu", "email": "neu@nordlicht.example", "role": "agent", "language": "en" });
    let invited = house.ask("POST", "/api/operators").by(&owner).json(&body).send().await.is(201).json();
    house.ask("POST", "/api/operators").by(&owner).json(&body).send().await.is(409);
    let url = invited["link"]["url"].as_str().unwrap();
    let secret = url.strip_prefix(&format!("{}/link#secret=", house.app_origin())).expect("behind the hash").to_owned();
    let sign_in = async |password: &str| {
        let body = json!({ "email": "neu@nordlicht.example", "password": password });
        house.ask("POST", "/api/session").by(&Caller::Browser(String::new())).json(&body).send().await.status
    };
    assert_eq!(sign_in("").await, 401, "nobody has a password that fits none");
    let set = async |secret: &str, password: &str| {
        let body = json!({ "secret": secret, "password": password });
        house.ask("POST", "/api/link").by(&Caller::Browser(String::new())).json(&body).send().await.status
    };
    let shown = async |secret: &str| {
        let body = json!({ "secret": secret });
        house.ask("POST", "/api/link/holder").by(&Caller::Browser(String::new())).json(&body).send().await
    };
    let holder = json!({ "organisation": "Nordlicht", "email": "neu@nordlicht.example" });
    assert_eq!(shown(&secret).await.is(200).json(), holder, "its holder learns where they are");
    let is_invited = async || {
        let team = house.ask("GET", "/api/operators").by(&owner).send().await.is(200).json();
        let team = team.as_array().unwrap().clone();
        let invited = team.iter().filter(|one| one["invited"] == true).map(|one| one["name"].clone());
        invited.collect::<Vec<_>>()
    };
    assert_eq!(is_invited().await, ["Neu"]);
    assert_eq!(set(&secret, "short").await, 422, "and the link is still good");
    assert_eq!(set(&secret, "a long enough secret").await, 204);
    assert_eq!(is_invited().await, [""; 0]);
    let nobody = shown("unknown").await.is(404).json();
    assert_eq!(shown(&secret).await.is(404).json(), nobody, "a used one tells no more than one that never was");
    assert_eq!(sign_in("a long enough secret").await, 200);
    assert_eq!(set(&secret, "another long secret").await, 404, "used");
    let path = format!("/api/operators/{}/link", invited["operator"]["id"].as_str().unwrap());
    let renewed = house.ask("POST", &path).by(&owner).send().await.is(200).json();
    let url = renewed["url"].as_str().unwrap().to_owned();
    let again = url.split_once("#secret=").unwrap().1;
    shown(again).await.is(200);
    house
        .ask("PATCH", path.trim_end_matches("/link"))
        .by(&owner)
        .json(&json!({ "active": false }))
        .send()
        .await
        .is(200);
    shown(again).await.is(404);
    house.ask("PATCH", path.trim_end_matches("/link")).by(&owner).json(&json!({ "active": true })).send().await.is(200);
    let renewed = house.ask("POST", &path).by(&owner).send().await.is(200).json();
    let url = renewed["url"].as_str().unwrap().to_owned();
    assert_eq!(sign_in("a long enough secret").await, 200, "until it is used the old one holds");
    assert_eq!(set(url.split_once("#secret=").unwrap().1, "another long secret").await, 204);
    assert_eq!((sign_in("a long enough secret").await, sign_in("another long secret").await), (401, 200));
    assert!(!house.log().contains(&secret), "and no log has it");
}
