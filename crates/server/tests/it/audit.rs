//! The audit log over HTTP: what is in it and what never is, who sees whose, copies, and checks that find what was done to it
//! (D1, SP11).

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::Canary;

use crate::harness::{Caller, House, On, PASSWORD, Plan, on_both};

on_both! {
    reading_a_conversation_that_is_a_colleagues_or_nobodys_is_recorded_once_an_hour
    a_snippet_is_recorded_by_its_title_and_never_by_its_text
    what_was_done_is_recorded_with_before_and_after_and_no_content
    looking_is_recorded_once_an_hour
    everybody_sees_what_is_recorded_about_them
    two_organisations_see_nothing_of_each_other
    a_copy_runs_nothing_in_a_spreadsheet
    what_was_done_to_the_log_is_found_from_the_command_line
}

async fn log(house: &House, caller: &Caller, words: &str) -> Vec<Value> {
    let page = house.ask("GET", &format!("/api/audit?limit=200{words}")).by(caller).send().await.is(200).json();
    page["items"].as_array().unwrap().clone()
}

/// Kinds of the entries of a log, the oldest first.
fn kinds(entries: &[Value]) -> Vec<&str> {
    entries.iter().rev().map(|entry| entry["kind"].as_str().unwrap()).collect()
}

fn last<'e>(entries: &'e [Value], kind: &str) -> &'e Value {
    entries.iter().find(|entry| entry["kind"] == kind).unwrap_or_else(|| panic!("no {kind} in {entries:?}"))
}

async fn what_was_done_is_recorded_with_before_and_after_and_no_content(on: On) {
    let house = House::new(&Plan::on(on));
    let ours = house.ours();
    let (said, mistyped) = (Canary::new().as_str().to_owned(), Canary::new().as_str().to_owned());
    let body = json!({ "email": ours.owner.email, "password": PASSWORD });
    let windows = "Mozilla/5.0 (Windows NT 10.0) Secret/1.0";
    let ask = house.ask("POST", "/api/session").with_own_origin().header("user-agent", windows);
    let owner = Caller::Browser(ask.json(&body).send().await.is(200).session());
    let body = json!({ "email": ours.agent.email, "password": mistyped });
    for _ in 0..3 {
        house.ask("POST", "/api/session").with_own_origin().json(&body).send().await.is(401);
    }
    let agents = house.id_of(&owner, &ours.agent).await;
    let (_, id) = house.conversation(ours, &said).await;
    house.assign(&owner, &id, Some(&agents)).await.is(200);
    house.set_state(&owner, &id, "ended").await.is(200);
    let agent = house.sign_in(&ours.agent).await;
    assert!(format!("{:?}", house.entries(&agent, &id).await).contains(&said));
    house.entries(&agent, &id).await;
    house.follower(&agent, &id).await;
    let path = format!("/api/operators/{agents}");
    house.ask("PATCH", &path).by(&owner).json(&json!({ "role": "staff" })).send().await.is(200);
    let path = format!("/api/widgets/{}", ours.widget);
    let program = Caller::Program(ours.token.clone());
    let before = house.ask("GET", "/api/widgets").by(&owner).send().await.is(200).json()[0]["greeting"].clone();
    house.ask("PATCH", &path).by(&program).json(&json!({ "greeting": "Moin" })).send().await.is(200);
    house.ask("DELETE", "/api/session").by(&agent).send().await.is(204);
    let key = json!({ "key": ours.recovery_key });
    house.ask("POST", "/api/recovery-key/confirmation").by(&owner).json(&key).send().await.is(204);

    let failed =
        async || kinds(&log(&house, &owner, "").await).iter().filter(|kind| **kind == "sign_in_failed").count();
    // Nobody waits for it.
    for _ in 0..100 {
        if failed().await > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(failed().await, 1, "three attempts are one entry");
    let all = log(&house, &owner, "").await;
    let count = |kind: &str| all.iter().filter(|entry| entry["kind"] == kind).count();
    assert_eq!((count("conversation_opened"), count("conversation_ended")), (1, 1), "{all:?}");
    assert_eq!((count("operator_added"), count("program_made"), count("signed_in")), (4, 1, 2));
    assert_eq!((count("signed_out"), count("recovery_key_confirmed"), count("audit_viewed")), (1, 1, 1));
    let numbers: Vec<i64> = all.iter().rev().map(|entry| entry["number"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=all.len() as i64).collect::<Vec<_>>());
    let changed = last(&all, "operator_changed");
    assert_eq!(changed["details"], json!([{ "what": "role", "before": "agent", "after": "staff" }]));
    assert_eq!((&changed["origin"], &changed["area"]), (&json!("windows"), &json!("team")));
    assert_eq!(
        changed["actor"],
        json!({ "kind": "operator", "operator": {
        "id": house.id_of(&owner, &ours.owner).await, "name": ours.owner.name } })
    );
    assert_eq!(changed["subject"], json!({ "id": agents, "name": ours.agent.name }));
    let greeting = last(&all, "widget_changed");
    assert_eq!((&greeting["actor"]["kind"], &greeting["origin"]), (&json!("program"), &json!("program")));
    assert_eq!(greeting["details"][1], json!({ "what": "greeting", "before": before, "after": "Moin" }));
    let assigned = last(&all, "conversation_assigned");
    assert_eq!(assigned["details"][1], json!({ "what": "assignee", "before": null, "after": ours.agent.name }));
    assert_eq!(
        last(&all, "conversation_opened")["details"],
        json!([{ "what": "conversation", "before": null, "after": id }])
    );
    assert_eq!(last(&all, "operator_added")["origin"], "command_line");
    assert_eq!(last(&all, "sign_in_failed")["actor"], json!({ "kind": "anybody", "operator": null }));

    let copy = house.ask("GET", "/api/audit/export?format=jsonl").by(&owner).send().await.is(200).text();
    assert!(copy.contains("widget_changed") && copy.contains("Moin"), "settings are in it");
    let Caller::Browser(session) = &owner else { unreachable!() };
    for never in [PASSWORD, "Secret/1.0", "127.0.0.1", &said, &mistyped, session, &ours.token, &ours.agent.email] {
        assert!(!copy.contains(never), "{never}");
    }
    house.terminate();
    // Nor do the names of people stand in the tables: they are looked up when it is shown.
    if on == On::Sqlite {
        let never = ["Secret/1.0", &said, &mistyped, &ours.agent.name];
        assert!(testkit::search(house.data(), &never).is_empty());
        assert!(
            !testkit::search(house.data(), &["conversation_opened"]).is_empty(),
            "the log is where it is looked for"
        );
    }
}

async fn reading_a_conversation_that_is_a_colleagues_or_nobodys_is_recorded_once_an_hour(on: On) {
    let house = House::new(&Plan::on(on));
    let ours = house.ours();
    let (owner, agent) = (house.sign_in(&ours.owner).await, house.sign_in(&ours.agent).await);
    let (owners, agents) = (house.id_of(&owner, &ours.owner).await, house.id_of(&owner, &ours.agent).await);
    let (mut visitor, id) = house.conversation(ours, "Hallo").await;
    let opened = async |whose: &str| {
        let all = log(&house, &owner, "&kind=conversation_opened").await;
        all.iter().filter(|entry| entry["actor"]["operator"]["id"] == whose).count()
    };
    house.row(&agent, &id).await;
    assert_eq!(opened(&agents).await, 0, "a row of the list is not its conversation");
    house.entries(&agent, &id).await;
    house.follower(&agent, &id).await;
    assert_eq!(opened(&agents).await, 1, "nobody is on it yet");
    house.assign(&owner, &id, Some(&agents)).await.is(200);
    assert_eq!(opened(&owners).await, 0, "who gives it to somebody has not seen it");
    let mut theirs = house.follower(&agent, &id).await;
    let mut overseen = house.follower(&owner, &id).await;
    for _ in 0..3 {
        visitor.write("Ist noch jemand da?").await;
        theirs.expect("message").await;
        overseen.expect("message").await;
    }
    house.entries(&owner, &id).await;
    assert_eq!((opened(&agents).await, opened(&owners).await), (1, 1), "one each, however much is read");
    // Whoever was on it reads on when a colleague takes it.
    let (mut visitor, id) = house.conversation(ours, "Hallo?").await;
    house.assign(&owner, &id, Some(&owners)).await.is(200);
    let mut window = house.follower(&owner, &id).await;
    assert_eq!(opened(&owners).await, 1, "it is theirs");
    house.assign(&owner, &id, Some(&agents)).await.is(200);
    visitor.write("Und jetzt?").await;
    window.expect_where("message", |entry| entry["text"] == "Und jetzt?").await;
    assert_eq!(opened(&owners).await, 2, "it is a colleague's now");
}

async fn a_snippet_is_recorded_by_its_title_and_never_by_its_text(on: On) {
    let house = House::new(&Plan::on(on));
    let (owner, agent) = (house.sign_in(&house.ours().owner).await, house.sign_in(&house.ours().agent).await);
    let (said, private) = (Canary::new().as_str().to_owned(), Canary::new().as_str().to_owned());
    let shared = json!({ "shared": true, "shortcut": "danke", "title": "Dank", "wording": { "de": said } });
    let own = json!({ "shared": false, "shortcut": "meins", "title": private, "wording": { "de": said } });
    let add = async |caller: &Caller, snippet: &Value| {
        house.ask("POST", "/api/snippets").by(caller).json(snippet).send().await.is(201).json()["id"].clone()
    };
    let id = add(&owner, &shared).await;
    add(&agent, &own).await;
    let path = format!("/api/snippets/{}", id.as_str().unwrap());
    let longer = json!({ "shortcut": "danke", "title": "Dank", "wording": { "de": format!("{said}!") } });
    house.ask("PATCH", &path).by(&owner).json(&longer).send().await.is(200);
    house.ask("PATCH", &path).by(&owner).json(&longer).send().await.is(200);
    let all = log(&house, &owner, "&area=snippets").await;
    assert_eq!(kinds(&all), ["snippet_added", "snippet_added", "snippet_changed"], "the same once more is no change");
    let said_of = |entry: &Value| entry["details"].as_array().unwrap().clone();
    let is = |what: &str, after: &Value| json!({ "what": what, "before": null, "after": after });
    let (shared, title, no) = (is("shared", &json!("true")), is("title", &json!("Dank")), json!("false"));
    assert_eq!(said_of(&all[0]), [is("snippet", &id), shared.clone(), is("changed", &json!("wording")), title.clone()]);
    assert_eq!(said_of(&all[1])[1..], [is("shared", &no)], "what a colleague's own is called is theirs");
    assert_eq!(said_of(&all[2]), [is("snippet", &id), shared.clone(), title]);
    let mine = house.ask("GET", "/api/audit/mine").by(&agent).send().await.is(200).text();
    assert!(mine.contains(&private) && !mine.contains(&said), "one's own one sees by its title");
    house.ask("DELETE", &path).by(&owner).send().await.is(204);
    let all = log(&house, &owner, "&area=snippets").await;
    assert_eq!(
        (all[0]["kind"].as_str(), said_of(&all[0])),
        (Some("snippet_removed"), vec![is("snippet", &id), shared])
    );
    let copy = house.ask("GET", "/api/audit/export?format=jsonl").by(&owner).send().await.is(200).text();
    assert!(copy.contains("snippet_added") && !copy.contains(&said) && !copy.contains(&private));
    house.terminate();
    if on == On::Sqlite {
        assert!(testkit::search(house.data(), &[&said, &private]).is_empty());
    }
}

async fn looking_is_recorded_once_an_hour(on: On) {
    let house = House::new(&Plan::on(on));
    let (owner, officer) = (house.sign_in(&house.ours().owner).await, house.sign_in(&house.ours().officer).await);
    let agents = house.id_of(&owner, &house.ours().agent).await;
    for _ in 0..3 {
        log(&house, &owner, "").await;
        log(&house, &officer, "").await;
        log(&house, &owner, &format!("&actor={agents}")).await;
        house.ask("GET", "/api/audit/mine").by(&owner).send().await.is(200);
    }
    let all = log(&house, &owner, "&area=audit").await;
    assert_eq!(kinds(&all), ["audit_viewed"; 3], "one each, and one for looking at somebody");
    assert_eq!(all.iter().filter(|entry| entry["subject"]["id"] == agents.as_str()).count(), 1);
    house.ask("GET", "/api/audit/export?format=csv").by(&owner).send().await.is(200);
    let body = json!({});
    let verified = house.ask("POST", "/api/audit/verify").by(&owner).json(&body).send().await.is(200).json();
    assert_eq!(verified["broken"], Value::Null);
    assert_eq!(verified["checkpoint"]["number"], verified["entries"].as_i64().unwrap() + 1, "and that it was checked");
    let all = log(&house, &owner, "&area=audit").await;
    assert_eq!(kinds(&all)[3..], ["audit_exported", "audit_verified"]);
    let kept = house.ask("GET", "/api/audit/checkpoints").by(&officer).send().await.is(200).json();
    assert_eq!(kept[0], verified["checkpoint"]);
    for (words, status) in [
        ("?kind=signed_in&area=team", 422),
        ("?actor=aaaaaaaaaaaaaaaaaaaaaaaaaa", 422),
        ("?kind=nonsense", 400),
        ("?text=x", 400),
    ] {
        house.ask("GET", &format!("/api/audit{words}")).by(&owner).send().await.is(status);
    }
    let page = house.ask("GET", "/api/audit?limit=2").by(&owner).send().await.is(200).json();
    let next = page["next"].as_i64().unwrap();
    assert_eq!(page["items"][1]["number"], next);
    let older = house.ask("GET", &format!("/api/audit?limit=2&before={next}")).by(&owner).send().await.is(200).json();
    assert_eq!(older["items"][0]["number"], next - 1);
}

async fn everybody_sees_what_is_recorded_about_them(on: On) {
    let house = House::new(&Plan::on(on));
    let ours = house.ours();
    let (owner, agent) = (house.sign_in(&ours.owner).await, house.sign_in(&ours.agent).await);
    let (agents, colleagues) = (house.id_of(&owner, &ours.agent).await, house.id_of(&owner, &ours.colleague).await);
    let (_, id) = house.conversation(ours, "Hallo").await;
    house.assign(&owner, &id, Some(&agents)).await.is(200);
    log(&house, &owner, &format!("&actor={colleagues}")).await;
    log(&house, &owner, &format!("&actor={agents}")).await;
    let mine = house.ask("GET", "/api/audit/mine").by(&agent).send().await.is(200).json();
    let mine = mine["items"].as_array().unwrap();
    assert_eq!(kinds(mine), ["operator_added", "signed_in", "conversation_assigned", "audit_viewed"]);
    assert_eq!(mine[0]["subject"]["id"], agents.as_str(), "who looked at a colleague is the colleague's to see");
    assert_eq!(mine[1]["actor"]["operator"]["name"], ours.owner.name.as_str());
    log(&house, &owner, "").await;
    let mine = house.ask("GET", "/api/audit/mine?limit=1").by(&agent).send().await.is(200).json();
    assert_eq!(mine["items"][0]["subject"], Value::Null, "who looked at everybody's is everybody's");
    assert!(mine["next"].is_i64());
    house.ask("GET", "/api/audit").by(&agent).send().await.is(403);
}

async fn two_organisations_see_nothing_of_each_other(on: On) {
    let house = House::new(&Plan { tenants: 2, ..Plan::on(on) });
    let (ours, theirs) = (house.sign_in(&house.ours().owner).await, house.sign_in(&house.theirs().owner).await);
    let foreign = house.id_of(&theirs, &house.theirs().agent).await;
    house.ask("GET", &format!("/api/audit?actor={foreign}")).by(&ours).send().await.is(422);
    let names = [&house.theirs().owner.name, &house.theirs().agent.name];
    for path in ["/api/audit", "/api/audit/mine", "/api/audit/export?format=csv", "/api/audit/export?format=jsonl"] {
        let text = house.ask("GET", path).by(&ours).send().await.is(200).text();
        assert!(text.contains(&house.ours().owner.name), "{path}");
        assert!(!names.iter().any(|name| text.contains(*name)), "{path}: {text}");
        let text = house.ask("GET", path).by(&theirs).send().await.is(200).text();
        assert!(text.contains(&house.theirs().owner.name), "{path}: their own is theirs");
    }
    let body = json!({});
    let checkpoint =
        house.ask("POST", "/api/audit/verify").by(&theirs).json(&body).send().await.is(200).json()["checkpoint"]
            .clone();
    let body = json!({ "checkpoints": [checkpoint] });
    house.ask("POST", "/api/audit/verify").by(&theirs).json(&body).send().await.is(200);
    let answer = house.ask("POST", "/api/audit/verify").by(&ours).json(&body).send().await.is(200).json();
    assert_eq!(answer["broken"]["fault"], "checkpoint", "another log's");
}

async fn a_copy_runs_nothing_in_a_spreadsheet(on: On) {
    let house = House::new(&Plan::on(on));
    let owner = house.sign_in(&house.ours().owner).await;
    let person = house.hire(&house.ours().organisation, "agent", "=HYPERLINK(\"https://evil.example\")", "x@x.example");
    house.sign_in(&person).await;
    let path = "/api/audit/export?format=csv&area=access";
    let answer = house.ask("GET", path).by(&owner).send().await.is(200);
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    assert!(answer.header("content-disposition").unwrap().starts_with("attachment"));
    let text = answer.text();
    assert!(text.starts_with("\"number\",\"at\",\"kind\""), "{text}");
    assert!(text.contains(",\"'=HYPERLINK(\"\"https://evil.example\"\")\","), "{text}");
    assert!(text.contains("signed_in") && !text.contains("operator_added"), "only what was asked for: {text}");
    let lines = house.ask("GET", "/api/audit/export?format=jsonl").by(&owner).send().await.is(200).text();
    let numbers = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["number"].as_i64().unwrap());
    assert!(numbers.clone().count() > 5 && numbers.enumerate().all(|(at, number)| number == at as i64 + 1));
}

async fn what_was_done_to_the_log_is_found_from_the_command_line(on: On) {
    let house = House::new(&Plan::on(on));
    let owner = house.sign_in(&house.ours().owner).await;
    let whose = house.ours().organisation.as_str();
    let made = house.command(&["audit", "checkpoint", "--organisation", whose]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let file = house.folder.join("kept.json");
    fs::write(&file, &made.stdout).unwrap();
    let kept: Value = serde_json::from_slice(&made.stdout).unwrap();
    let number = kept["number"].as_i64().unwrap();
    house.ask("POST", "/api/groups").by(&owner).json(&json!({ "name": "Gruppe" })).send().await.is(201);
    house.terminate();
    let verify = |more: &[&str]| {
        let words =
            [&["audit", "verify", "--organisation", whose, "--checkpoint", file.to_str().unwrap()], more].concat();
        let output = house.command(&words);
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let (whole, said) = verify(&["--key", kept["key"].as_str().unwrap()]);
    assert!(whole && said.contains("intact") && said.contains(&format!("{} entries", number + 1)), "{said}");
    let (whole, said) = verify(&["--key", &"00".repeat(32)]);
    assert!(!whole && said.contains("not signed with this key"), "{said}");
    let Some(databases) = house.databases.as_deref() else { return };
    databases.0.run("CREATE TABLE old AS SELECT * FROM audit_entry");
    databases.0.run("UPDATE audit_entry SET details = '[]' WHERE number = 3");
    let (whole, said) = verify(&[]);
    assert!(!whole && said.contains("broken at entry 3: altered"), "{said}");
    databases.0.run("DELETE FROM audit_entry; INSERT INTO audit_entry SELECT * FROM old");
    assert!(verify(&[]).0, "put back as it was");
    // Cut off so that nothing else shows it.
    databases.0.run(&format!(
        "DELETE FROM audit_checkpoint; DELETE FROM audit_entry WHERE number >= {number}; \
         UPDATE audit_head SET number = {number} - 1, hash = (SELECT hash FROM audit_entry WHERE number = {number} - 1)"
    ));
    let (whole, said) = verify(&[]);
    assert!(!whole && said.contains(&format!("broken at entry {number}: truncated")), "{said}");
}
