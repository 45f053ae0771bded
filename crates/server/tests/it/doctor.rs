//! `diskret doctor`, where something would keep what is deleted.

use serde_json::json;
use testkit::Postgres;

use crate::harness::{House, On, Plan, run};

fn told(house: &House) -> String {
    let output = house.command(&["doctor"]);
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[test]
fn an_organisation_without_a_rule_is_named_and_one_with_a_rule_is_not() {
    let house = House::new(&Plan::on(On::Sqlite));
    let unruled = |tenant: usize| format!("the organisation {} has no rule", house.tenants[tenant].organisation);
    let said = told(&house);
    assert!(!said.contains("has no rule"), "{said}");
    run(async {
        let owner = house.sign_in(&house.ours().owner).await;
        let none = json!({ "kind": "content", "days": null });
        house.ask("PUT", "/api/retention/rules").by(&owner).json(&none).send().await.is(200);
        // That of one widget leaves the others without.
        let one = json!({ "kind": "content", "widget": house.ours().widget, "days": 30 });
        house.ask("PUT", "/api/retention/rules").by(&owner).json(&one).send().await.is(200);
    });
    let said = told(&house);
    assert!(said.contains(&unruled(0)) && !said.contains(&unruled(1)), "{said}");
    assert!(said.contains("epoch keys are replaced and destroyed in time"), "{said}");
}

#[test]
fn a_database_that_writes_what_it_is_given_to_its_log_is_told_of() {
    let quiet = House::closed(&Plan::on(On::Postgres));
    let said = told(&quiet);
    assert!(said.contains("both databases answer") && !said.contains("to its log"), "{said}");
    let server = Postgres::talkative();
    let house = House::closed(&Plan { server: Some(&server), ..Plan::on(On::Postgres) });
    let said = told(&house);
    for what in ["`database`: PostgreSQL writes what is said", "`key_database`: PostgreSQL writes keys, wrapped"] {
        assert!(said.contains(what), "{said}");
    }
    assert!(said.contains("log_min_duration_statement = 0, log_statement = all"), "{said}");
}
