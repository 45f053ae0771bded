//! Who may do what, over every operation and every frame (law L5, SZ1–SZ5). The expectations stand in `expectations`, written by hand;
//! what the server offers is asked of the server. Whatever has no expectations fails, and `docs/access.md` prints them.

mod api_page;
mod expectations;
mod page;
mod policies;
mod schema;
mod world;

use std::collections::BTreeSet;

use diskret_server::http::openapi;
use serde_json::{Map, Value, json};

use self::expectations::{FRAMES, OPERATIONS, ROLES, Role, Whose};
use self::schema::misfits;
use self::world::{UNKNOWN, World, hire};
use crate::harness::{Answer, Caller, Heard, House, On, Plan, hello_operator, hello_visitor, on_both};

on_both! {
    every_operation_answers_each_role_as_expected
    every_frame_is_answered_for_each_role_as_expected
    no_body_can_name_a_tenant_an_owner_or_a_role
    lists_counts_and_what_is_told_stop_at_the_tenant
    whoever_loses_a_conversation_hears_no_more_of_it
    a_foreign_operator_cannot_be_given_a_conversation
    a_change_of_role_acts_on_open_windows_within_five_seconds
    nobody_grants_what_they_lack_and_the_last_owner_stays
    each_role_is_described_as_it_acts
    a_link_sets_a_password_once
    whoever_leaves_gives_back_what_they_were_on
}

fn document() -> Value {
    serde_json::to_value(openapi::description()).unwrap()
}

/// Everything that the server offers, as it says itself.
fn offered() -> BTreeSet<(String, String)> {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let methods = |(path, item): (&String, &Value)| {
        let path = path.clone();
        item.as_object().unwrap().keys().map(move |method| (method.clone(), path.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(methods).collect()
}

fn frames_offered() -> BTreeSet<String> {
    fn kind(part: &Value) -> Option<String> {
        let own = part["properties"]["type"]["enum"][0].as_str().or(part["properties"]["type"]["const"].as_str());
        let inside = || part["allOf"].as_array()?.iter().find_map(kind);
        own.map(str::to_owned).or_else(inside)
    }
    let document = document();
    let schemas = &document["components"]["schemas"];
    let frames = schemas["ClientFrame"]["oneOf"].as_array().unwrap();
    frames.iter().map(|frame| kind(frame).expect("each frame has a type")).collect()
}

#[test]
fn every_operation_and_every_frame_has_expectations() {
    let expected = OPERATIONS.iter().map(|one| (one.method.to_owned(), one.path.to_owned())).collect();
    assert_eq!(offered(), expected, "left: offered, right: expected here");
    assert_eq!(frames_offered(), FRAMES.iter().map(|one| one.name.to_owned()).collect());
}

/// Everything of an answer that could tell one id from another.
fn bytes(answer: &Answer) -> (String, Vec<u8>) {
    let head = answer.head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("date:"));
    (head.collect::<Vec<_>>().join("\n"), answer.body.clone())
}

async fn every_operation_answers_each_role_as_expected(on: On) {
    let world = World::new(on).await;
    let document = document();
    for operation in OPERATIONS {
        let what = format!("{} {}{}", operation.method, operation.path, operation.query);
        // Signing out would end the session that the next question needs.
        let signs_out = what == "delete /api/session";
        for (whose, expected) in operation.expected {
            let mut permitted = false;
            if matches!(whose, Whose::Foreign) {
                let answer = world.ask(operation, *whose, &world.foreign_owner).await;
                assert!(answer.status < 300, "{what}: its own owner may: {}", answer.text());
                permitted = true;
            }
            if operation.path.starts_with("/api/snippets/") && matches!(whose, Whose::Colleagues) {
                let answer = world.ask(operation, *whose, &world.colleagues_session).await;
                assert!(answer.status < 300, "{what}: the colleague may: {}", answer.text());
                permitted = true;
            }
            for (role, expected) in ROLES.into_iter().zip(*expected) {
                let caller = match (role, signs_out) {
                    // A program has no session to end, and no page to come from.
                    (Role::Visitor, true) => Caller::Browser(world.visitor.token.clone()),
                    (Role::Nobody, true) => Caller::Nobody,
                    // A session of its own: nobody's but this question's.
                    (_, true) => world.house.sign_in(&world.house.ours().agent).await,
                    _ => world.caller_for(operation, role).await,
                };
                let answer = world.ask(operation, *whose, &caller).await;
                assert_eq!(answer.status, expected, "{what}, {whose:?}, {role:?}: {}", answer.text());
                permitted |= answer.status < 300;
                let described = &document["paths"][operation.path][operation.method]["responses"][expected.to_string()];
                assert!(described.is_object(), "{what}: {expected} is not described");
                let (kind, schemas) =
                    (&described["content"]["application/json"]["schema"], &document["components"]["schemas"]);
                if expected < 300 && kind.is_object() {
                    assert_eq!(misfits(schemas, kind, &answer.json(), &what), Vec::<String>::new());
                }
                let is_known = matches!(whose, Whose::Unknown) || what == "post /api/setup";
                assert!(
                    permitted || is_known,
                    "{what}, {whose:?}: nobody could do it before it was refused to {role:?}"
                );
                if role == Role::Visitor && !signs_out {
                    // The token is no more use as a cookie.
                    let planted = Caller::Browser(world.visitor.token.clone());
                    assert_eq!(world.ask(operation, *whose, &planted).await.status, expected, "{what}, as a cookie");
                }
                let is_hidden = *whose == Whose::Colleagues && operation.path.starts_with("/api/snippets/");
                if *whose == Whose::Foreign || is_hidden {
                    let unknown = world.ask(operation, Whose::Unknown, &caller).await;
                    assert_eq!(bytes(&answer), bytes(&unknown), "{what}, {role:?}: foreign and unknown differ");
                }
                if expected >= 400 {
                    let problem = answer.json();
                    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{what}");
                    assert_eq!(problem["status"], expected, "{what}");
                    assert!(!answer.text().contains(&world.house.theirs().organisation), "{what}");
                }
            }
        }
    }
    // Ids that cannot be any are answered like unknown ones.
    let unknown =
        world.house.ask("GET", &format!("/api/conversations/{UNKNOWN}")).by(&world.owner).send().await.is(404);
    for odd in [world.own.to_uppercase(), "1".to_owned(), "..%2fsession".to_owned(), format!("{}a", world.own)] {
        let answer = world.house.ask("GET", &format!("/api/conversations/{odd}")).by(&world.owner).send().await;
        assert_eq!(bytes(&answer), bytes(&unknown), "{odd}");
    }
}

fn frame(name: &str, id: &str) -> Value {
    let mut frame = match name {
        "message" => json!({ "type": "message", "counter": 1, "text": "Text" }),
        "typing" => json!({ "type": "typing", "on": true }),
        "seen" => json!({ "type": "seen", "sequence": 1 }),
        "follow" => json!({ "type": "follow", "after": 0 }),
        "away" => json!({ "type": "away", "on": true }),
        "watch" => json!({ "type": "watch", "list": "all" }),
        other => json!({ "type": other }),
    };
    if !id.is_empty() {
        frame["conversation"] = id.into();
    }
    frame
}

impl World {
    /// Sends one frame on a socket of its own and says what came of it, and the problem's bytes without the id.
    async fn say(&self, name: &str, id: &str, role: Role, caller: &Caller) -> (String, String) {
        let (mut socket, hello) = if role == Role::Visitor {
            let mut hello = hello_visitor(&self.visitor.widget, &crate::harness::sender());
            hello["token"] = self.visitor.token.as_str().into();
            (self.house.visitors_socket().await, hello)
        } else {
            match self.house.operators_socket(caller).await {
                Ok(socket) => (socket, hello_operator()),
                Err(status) => return (status.to_string(), String::new()),
            }
        };
        socket.say(hello).await;
        if name != "hello" {
            socket.say(frame(name, id)).await;
        }
        socket.say(json!({ "type": "ping" })).await;
        loop {
            match socket.hear().await {
                Heard::Frame(frame) => match frame["type"].as_str().unwrap() {
                    "welcome" if name == "hello" => return ("welcome".to_owned(), String::new()),
                    "problem" => {
                        let code = frame["code"].as_str().unwrap().to_owned();
                        return (code, frame.to_string().replace(id, "ID"));
                    }
                    "accepted" => return ("accepted".to_owned(), String::new()),
                    // A visitor who says hello is told where they are, too.
                    "current" if name == "follow" && role != Role::Visitor => {
                        return ("current".to_owned(), String::new());
                    }
                    "pong" if name == "ping" => return ("pong".to_owned(), String::new()),
                    // A message is answered when it is stored.
                    "pong" if name == "message" => {}
                    "pong" => return ("quiet".to_owned(), String::new()),
                    _ => {}
                },
                Heard::End(code) => panic!("{name} by {role:?}: the end, {code:?}"),
            }
        }
    }
}

async fn every_frame_is_answered_for_each_role_as_expected(on: On) {
    let world = World::new(on).await;
    for one in FRAMES {
        for (whose, expected) in one.expected {
            let id = world.id(*whose);
            match whose {
                Whose::Foreign => {
                    let (said, _) = world.say(one.name, id, Role::Owner, &world.foreign_owner).await;
                    assert_ne!(said, "not_found", "{}: its own owner may", one.name);
                }
                Whose::Colleagues => {
                    let (said, _) = world.say(one.name, id, Role::Agent, &world.colleagues_session).await;
                    assert_ne!(said, "forbidden", "{}: the one who has taken it may", one.name);
                }
                _ => {}
            }
            for (role, expected) in ROLES.into_iter().zip(*expected) {
                // Whoever writes takes the conversation; the next one finds it as it was.
                world.house.assign(&world.owner, &world.own, None).await.is(200);
                let caller = world.caller(role);
                let (said, problem) = world.say(one.name, id, role, &caller).await;
                assert_eq!(said, expected, "{}, {whose:?}, {role:?}: {problem}", one.name);
                if *whose == Whose::Foreign {
                    let (_, unknown) = world.say(one.name, UNKNOWN, role, &caller).await;
                    assert_eq!(problem, unknown, "{}, {role:?}: foreign and unknown differ", one.name);
                }
            }
        }
    }
    // What was refused left no trace: a message of each who reaches all and one of the colleague's, and none of others'.
    let texts = |entries: Vec<Value>| entries.iter().filter(|entry| entry["text"] == "Text").count();
    assert_eq!(texts(world.house.entries(&world.owner, &world.colleagues).await), 4);
    assert_eq!(texts(world.house.entries(&world.foreign_owner, &world.foreign).await), 1);
}

async fn no_body_can_name_a_tenant_an_owner_or_a_role(on: On) {
    let world = World::new(on).await;
    let theirs = world.house.theirs();
    let document = document();
    let mut refused = 0;
    for operation in OPERATIONS {
        if operation.expected.iter().all(|(whose, _)| *whose == Whose::Unknown) {
            continue;
        }
        let Some(body) = world.body(operation.method, operation.path, Whose::Own) else { continue };
        let described = &document["paths"][operation.path][operation.method]["requestBody"];
        assert!(described.is_object(), "{}: a body that nobody describes", operation.path);
        let owner = world.caller_for(operation, Role::Owner).await;
        let id = world.names(operation, Whose::Own, &owner).await;
        let sequence = world.noted(&owner, &world.own).await.to_string();
        let ask = |body: &Value| {
            let path = operation.path.replace("{id}", &id).replace("{sequence}", &sequence);
            world.house.ask(&operation.method.to_uppercase(), &path).by(&owner).json(body).send()
        };
        assert!(matches!(ask(&body).await.status, 200..300 | 409), "{}: the plain body is fine", operation.path);
        for (key, value) in [
            ("organisation_id", &theirs.organisation),
            ("organisation", &theirs.organisation),
            ("account_id", &theirs.organisation),
            ("tenant", &theirs.organisation),
            ("owner", &world.colleague),
            ("operator_id", &world.colleague),
            ("role", &"owner".to_owned()),
            ("conversation", &world.foreign),
        ] {
            let mut body: Map<String, Value> = body.as_object().unwrap().clone();
            if body.insert(key.to_owned(), value.as_str().into()).is_none() {
                let answer = ask(&body.into()).await;
                assert_eq!(answer.status, 422, "{} {}, {key}: {}", operation.method, operation.path, answer.text());
                refused += 1;
            }
        }
    }
    assert!(refused > 40, "{refused}");
    for query in ["organisation_id", "organisation", "operator", "tenant"] {
        let path = format!("/api/conversations?list=all&{query}={}", theirs.organisation);
        world.house.ask("GET", &path).by(&world.owner).send().await.is(400);
    }
    for name in frames_offered().iter().filter(|name| *name != "hello") {
        let mut socket = world.house.operator(&world.owner).await;
        let mut frame = frame(name, if ["ping", "watch", "away"].contains(&&**name) { "" } else { &world.own });
        socket.say(frame.clone()).await;
        let came = socket.drain().await;
        assert!(!came.iter().any(|frame| frame["type"] == "problem"), "{name} is fine without: {came:?}");
        frame["organisation"] = theirs.organisation.as_str().into();
        socket.say(frame).await;
        assert_eq!(socket.fatal().await.0["code"], "malformed", "{name}");
    }
}

async fn lists_counts_and_what_is_told_stop_at_the_tenant(on: On) {
    let house = House::new(&Plan { tenants: 2, ..Plan::on(on) });
    let ours = Caller::Program(house.ours().token.clone());
    let theirs = Caller::Program(house.theirs().token.clone());
    let mut operator = house.operator(&ours).await;
    operator.say(json!({ "type": "watch", "list": "all" })).await;
    operator.drain().await;
    let mut stranger = house.visitor(house.theirs()).await;
    assert_eq!(stranger.welcome["presence"], false, "our team is not theirs");
    let accepted = stranger.write("Fremdes Geheimnis").await;
    stranger.socket.say(json!({ "type": "typing", "on": true })).await;
    let foreign = accepted["conversation"].as_str().unwrap();
    let mut desk = house.follower(&theirs, foreign).await;
    desk.say(json!({ "type": "message", "conversation": foreign, "counter": 1, "text": "Fremde Antwort" })).await;
    desk.expect("accepted").await;
    stranger.socket.expect("message").await;

    let (mut visitor, own) = house.conversation(house.ours(), "Eigenes").await;
    let row = operator.expect("conversation").await;
    assert_eq!(row["id"], own.as_str(), "the first row that came is ours");
    assert_eq!(operator.expect("counts").await["all"], 1);
    let frames = [operator.drain().await, visitor.socket.drain().await].concat();
    let told = format!("{frames:?}");
    assert!(!told.contains(foreign) && !told.contains("Fremd"), "{told}");
    for list in ["mine", "unassigned", "all"] {
        let path = format!("/api/conversations?ended=true&list={list}");
        let mine = house.ask("GET", &path).by(&ours).send().await.is(200);
        assert!(!mine.text().contains(foreign) && !mine.text().contains("Fremd"), "{list}");
        assert_eq!(mine.json()["counts"], json!({ "mine": 0, "unassigned": 1, "all": 1 }));
    }
    let all = house.ask("GET", "/api/conversations?list=all").by(&theirs).send().await.is(200);
    assert!(all.text().contains(foreign), "it is there, for those whose it is");
    for path in ["/api/operators", "/api/widgets"] {
        let (one, other) =
            (house.ask("GET", path).by(&ours).send().await, house.ask("GET", path).by(&theirs).send().await);
        let ids = |answer: &Answer| -> Vec<String> {
            answer.json().as_array().unwrap().iter().map(|row| row["id"].to_string()).collect()
        };
        assert!(!ids(&one).is_empty() && !ids(&other).is_empty());
        assert!(ids(&one).iter().all(|id| !ids(&other).contains(id)), "{path}");
    }
}

async fn whoever_loses_a_conversation_hears_no_more_of_it(on: On) {
    let world = World::new(on).await;
    let house = world.house;
    let (mut visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let mut agent = house.follower(&world.agent, &id).await;
    // An agent's reach is no wider for asking.
    agent.say(json!({ "type": "watch", "list": "all" })).await;
    let write = |counter: i64| json!({ "type": "message", "conversation": id, "counter": counter, "text": "Antwort" });
    agent.say(write(1)).await;
    agent.expect("accepted").await;
    visitor.write("vorher").await;
    assert_eq!(agent.expect_where("message", |frame| frame["text"] == "vorher").await["sequence"], 4);

    house.assign(&world.owner, &id, Some(&world.colleague)).await.is(200);
    agent.expect_where("removed", |frame| frame["conversation"] == id.as_str()).await;
    visitor.write("nachher").await;
    visitor.socket.say(json!({ "type": "typing", "on": true })).await;
    let mut colleague = house.follower(&world.colleagues_session, &id).await;
    assert!(colleague.drain().await.iter().any(|frame| frame["text"] == "nachher"));
    let heard = format!("{:?}", agent.drain().await);
    assert!(
        !heard.contains("nachher") && !heard.contains("visitor_typing") && !heard.contains("\"typing\""),
        "{heard}"
    );
    for frame in [write(2), frame("typing", &id), frame("seen", &id), frame("follow", &id)] {
        agent.say(frame).await;
        assert_eq!(agent.expect("problem").await["code"], "forbidden");
    }
    house.ask("GET", &format!("/api/conversations/{id}/entries")).by(&world.agent).send().await.is(403);
    house.assign(&world.agent, &id, None).await.is(403);
    // Who gives away what they could see because it was theirs gets no row back.
    house
        .assign(&world.colleagues_session, &id, Some(&house.id_of(&world.owner, &house.ours().agent).await))
        .await
        .is(204);
    agent.say(frame("follow", &id)).await;
    agent.expect("current").await;
    assert!(agent.drain().await.iter().any(|frame| frame["text"] == "nachher"), "with the right comes the text");
}

async fn a_foreign_operator_cannot_be_given_a_conversation(on: On) {
    let world = World::new(on).await;
    let house = world.house;
    let stranger = house.id_of(&world.foreign_owner, &house.theirs().agent).await;
    let officer = house.id_of(&world.owner, &house.ours().officer).await;
    house.assign(&world.owner, &world.own, Some(&world.colleague)).await.is(200);
    let foreign = house.assign(&world.owner, &world.own, Some(&stranger)).await.is(422);
    let unknown = house.assign(&world.owner, &world.own, Some(UNKNOWN)).await.is(422);
    assert_eq!(bytes(&foreign), bytes(&unknown));
    assert_eq!(house.assign(&world.owner, &world.own, Some(&officer)).await.is(422).json()["field"], "operator");
    assert_eq!(house.row(&world.owner, &world.own).await["assignee"]["id"], world.colleague.as_str());
}

/// Whoever is let into less hears of it in their open window within five seconds (SA5, SZ5), and of more just as soon.
async fn a_change_of_role_acts_on_open_windows_within_five_seconds(on: On) {
    let world = World::new(on).await;
    let house = world.house;
    let person = hire(house, "staff");
    let session = house.sign_in(&person).await;
    let id = house.id_of(&world.owner, &person).await;
    let change = async |body: Value| {
        house.ask("PATCH", &format!("/api/operators/{id}")).by(&world.owner).json(&body).send().await.is(200)
    };
    for (body, code) in [
        (json!({ "role": "agent" }), "unauthorised"),
        (json!({ "groups": [world.group] }), "unauthorised"),
        (json!({ "role": "officer" }), "unauthorised"),
    ] {
        let mut socket = house.operator(&session).await;
        let since = std::time::Instant::now();
        change(body.clone()).await;
        assert_eq!(socket.fatal().await.0["code"], code, "{body}");
        assert!(since.elapsed() < std::time::Duration::from_secs(5), "{:?} for {body}", since.elapsed());
        change(json!({ "role": "staff", "groups": [] })).await;
    }
    let mut socket = house.operator(&session).await;
    house.ask("GET", "/api/session").by(&session).send().await.is(200);
    let since = std::time::Instant::now();
    change(json!({ "active": false })).await;
    house.ask("GET", "/api/session").by(&session).send().await.is(401);
    assert_eq!(socket.fatal().await.0["code"], "unauthorised");
    assert!(since.elapsed() < std::time::Duration::from_secs(5), "{:?}", since.elapsed());
    let body = json!({ "email": person.email, "password": crate::harness::PASSWORD });
    house.ask("POST", "/api/session").by(&Caller::Browser(String::new())).json(&body).send().await.is(401);
    change(json!({ "active": true })).await;
    house.sign_in(&person).await;
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
        "widgets": "off", "audit": "off", "programs": "off", "installation": "off" });
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
    assert_eq!(set(&secret, "short").await, 422, "and the link is still good");
    assert_eq!(set(&secret, "a long enough secret").await, 204);
    assert_eq!(sign_in("a long enough secret").await, 200);
    assert_eq!(set(&secret, "another long secret").await, 404, "used");
    let path = format!("/api/operators/{}/link", invited["operator"]["id"].as_str().unwrap());
    let renewed = house.ask("POST", &path).by(&owner).send().await.is(200).json();
    let url = renewed["url"].as_str().unwrap().to_owned();
    assert_eq!(sign_in("a long enough secret").await, 200, "until it is used the old one holds");
    assert_eq!(set(url.split_once("#secret=").unwrap().1, "another long secret").await, 204);
    assert_eq!((sign_in("a long enough secret").await, sign_in("another long secret").await), (401, 200));
    assert!(!house.log().contains(&secret), "and no log has it");
}

async fn whoever_leaves_gives_back_what_they_were_on(on: On) {
    let world = World::new(on).await;
    let house = world.house;
    let person = hire(house, "agent");
    let id = house.id_of(&world.owner, &person).await;
    let (_, first) = house.conversation(house.ours(), "Hallo").await;
    house.assign(&world.owner, &first, Some(&id)).await.is(200);
    let (_, ended) = house.conversation(house.ours(), "Hallo").await;
    house.assign(&world.owner, &ended, Some(&id)).await.is(200);
    let path = format!("/api/conversations/{ended}/state");
    house.ask("PUT", &path).by(&world.owner).json(&json!({ "state": "ended" })).send().await.is(200);
    // A role that reads no conversations looks after none.
    let person = hire(house, "agent");
    let other = house.id_of(&world.owner, &person).await;
    let (_, open) = house.conversation(house.ours(), "Hallo").await;
    house.assign(&world.owner, &open, Some(&other)).await.is(200);
    let path = format!("/api/operators/{other}");
    house.ask("PATCH", &path).by(&world.owner).json(&json!({ "role": "analyst" })).send().await.is(200);
    assert_eq!(house.row(&world.owner, &open).await["assignee"], Value::Null);
    house
        .ask("PATCH", &format!("/api/operators/{id}"))
        .by(&world.owner)
        .json(&json!({ "active": false }))
        .send()
        .await
        .is(200);
    for id in [&first, &ended] {
        assert_eq!(house.row(&world.owner, id).await["assignee"], Value::Null);
    }
    assert_eq!(house.assign(&world.owner, &first, Some(&id)).await.is(422).json()["field"], "operator");
}
