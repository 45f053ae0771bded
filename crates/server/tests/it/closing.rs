//! The end of an organisation over HTTP and the widget's socket: who may ask for it, what comes first, and what visitors hear.

use serde_json::{Value, json};

use crate::harness::{Answer, Caller, House, On, PASSWORD, Plan, on_both};

on_both! {
    a_copy_comes_first_and_a_program_closes_nothing
    visitors_hear_that_no_conversation_begins
}

const PATH: &str = "/api/organisation/closing";

async fn close(house: &House, by: &Caller, without_copy: bool) -> Answer {
    let name = house.ask("GET", "/api/session").by(by).send().await.is(200).json()["organisation"]["name"].clone();
    let body = json!({ "name": name, "without_copy": without_copy, "password": PASSWORD });
    house.ask("POST", PATH).by(by).json(&body).send().await
}

async fn a_copy_comes_first_and_a_program_closes_nothing(on: On) {
    let house = House::new(&Plan { tenants: 2, ..Plan::on(on) });
    let owner = house.sign_in(&house.ours().owner).await;
    let shown = house.ask("GET", PATH).by(&owner).send().await.is(200).json();
    assert_eq!((&shown["state"], &shown["has_copy"]), (&json!("open"), &json!(false)));
    close(&house, &owner, false).await.is(409);
    // A table is not the whole of it, and a copy that was broken off is none.
    house.ask("GET", "/api/organisation/export?format=csv").by(&owner).send().await.is(200);
    close(&house, &owner, false).await.is(409);
    let program = house.program();
    close(&house, &program, true).await.is(403);
    house.ask("DELETE", PATH).by(&program).send().await.is(403);

    house.ask("GET", "/api/organisation/export?format=jsonl").by(&owner).send().await.is(200);
    assert_eq!(house.ask("GET", PATH).by(&owner).send().await.is(200).json()["has_copy"], json!(true));
    let closing = close(&house, &owner, false).await.is(201).json();
    assert_eq!((&closing["state"], &closing["held"]), (&json!("waiting"), &json!(0)));
    let session = house.ask("GET", "/api/session").by(&owner).send().await.is(200).json();
    assert_eq!(session["closing_at"], closing["ends_at"]);
    let path = format!("/api/erasures/{}/receipt", closing["erasure"].as_str().unwrap());
    let receipt = house.ask("GET", &path).by(&owner).send().await.is(200).text();
    // Whoever has it may ask; it is too early.
    let asked =
        house.ask("POST", "/api/closing/receipt").with_own_origin().json(&json!({ "receipt": receipt })).send().await;
    asked.is(409);
    let theirs = house.sign_in(&house.theirs().owner).await;
    let others = house.ask("GET", "/api/session").by(&theirs).send().await.is(200).json();
    assert_eq!(others["closing_at"], Value::Null, "another organisation");
    close(&house, &owner, true).await.is(409);
    house.ask("DELETE", PATH).by(&owner).send().await.is(204);
    assert_eq!(house.ask("GET", PATH).by(&owner).send().await.is(200).json()["state"], json!("open"));
}

async fn visitors_hear_that_no_conversation_begins(on: On) {
    let house = House::new(&Plan { tenants: 2, ..Plan::on(on) });
    let owner = house.sign_in(&house.ours().owner).await;
    let (mut begun, _) = house.conversation(house.ours(), "Guten Tag").await;
    let mut late = house.visitor(house.ours()).await;
    close(&house, &owner, true).await.is(201);
    let counter = late.send("Ist da jemand?").await;
    let problem = late.socket.expect("problem").await;
    assert_eq!((&problem["code"], &problem["counter"]), (&json!("forbidden"), &json!(counter)));
    begun.write("Eine Frage noch").await;
    house.ask("DELETE", PATH).by(&owner).send().await.is(204);
    house.visitor(house.ours()).await.write("Und jetzt?").await;
}
