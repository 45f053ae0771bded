//! The countries in which data may lie (D5), over HTTP: what lies somewhere keeps its country allowed.

use serde_json::{Value, json};

use crate::harness::{Caller, House, On, Plan, on_both};

on_both! {
    a_country_in_which_something_lies_cannot_be_left_out_and_any_other_can
}

async fn set(house: &House, by: &Caller, countries: Value) -> crate::harness::Answer {
    house.ask("PUT", "/api/countries").by(by).json(&json!({ "countries": countries })).send().await
}

async fn shown(house: &House, by: &Caller) -> Value {
    house.ask("GET", "/api/countries").by(by).send().await.is(200).json()
}

async fn a_country_in_which_something_lies_cannot_be_left_out_and_any_other_can(on: On) {
    let disk = tempfile::tempdir().unwrap();
    let folder = |name: &str| disk.path().join(name).display().to_string();
    std::fs::create_dir(folder("a")).unwrap();
    std::fs::create_dir(folder("b")).unwrap();
    let place_a = format!("--place-a=file://{}?country=DE&site=Kiel&company=Us", folder("a"));
    let options = [place_a.as_str(), "--here=country=DE&site=Kiel&company=Us"];
    let house = House::new(&Plan { options: &options, ..Plan::on(on) });
    let officer = house.sign_in(&house.ours().officer).await;
    let used = json!([
        { "place": "place_a", "country": "DE", "site": "Kiel", "company": "Us" },
        { "place": null, "country": "DE", "site": "Kiel", "company": "Us" },
    ]);
    let begins = json!({ "allowed": ["DE"], "used": used });
    assert_eq!(shown(&house, &officer).await, begins);

    for (wrong, told) in [
        (json!(["AT"]), "`place_a` is in DE"),
        (json!([]), "at least one"),
        (json!(["DE", "XX"]), "ISO 3166"),
        (json!(["DE", "de"]), "ISO 3166"),
        (json!(["DE,US"]), "ISO 3166"),
    ] {
        let refused = set(&house, &officer, wrong).await.is(422).json();
        assert_eq!(refused["field"], "countries");
        assert!(refused["detail"].as_str().unwrap().contains(told), "{refused}");
    }
    assert_eq!(shown(&house, &officer).await, begins, "a refused request changes nothing");
    let both = json!({ "allowed": ["AT", "DE"], "used": used });
    assert_eq!(set(&house, &officer, json!(["DE", "AT", "DE"])).await.is(200).json(), both);
    set(&house, &officer, json!(["AT", "DE"])).await.is(200);
    let log = house.ask("GET", "/api/audit?kind=countries_changed").by(&officer).send().await.is(200).json();
    let told = json!([{ "what": "countries", "before": "DE", "after": "AT, DE" }]);
    assert_eq!((log["items"].as_array().unwrap().len(), &log["items"][0]["details"]), (1, &told));

    // From here on a place may lie there: for everybody whom this installation serves.
    for tenant in house.tenants.iter().skip(1) {
        let owner = house.sign_in(&tenant.owner).await;
        set(&house, &owner, json!(["AT", "DE"])).await.is(200);
    }
    house.terminate();
    let place_b = format!("--place-b=file://{}?country=AT&site=Wien&company=Them", folder("b"));
    let house = house.with(&[&place_b]);
    house.start();
    let refused = set(&house, &officer, json!(["DE"])).await.is(422).json();
    assert!(refused["detail"].as_str().unwrap().contains("`place_b` is in AT"), "{refused}");
    assert_eq!(shown(&house, &officer).await["allowed"], json!(["AT", "DE"]));
}
