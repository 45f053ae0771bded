//! Every operation and every frame against every role, as `expectations` says.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::expectations::{FRAMES, OPERATIONS, ROLES, Role, Whose};
use super::schema::misfits;
use super::world::{UNKNOWN, World};
use super::{bytes, document, frame, frames_offered};
use crate::harness::{Caller, Heard, On, hello_operator, hello_visitor, on_both};

on_both! {
    every_operation_answers_each_role_as_expected
    every_frame_is_answered_for_each_role_as_expected
}

/// What nobody can do in this house, where organisations share the installation, no place for backups is named and no deletion is
/// held up: `security`, `epoch.rs`, `backups.rs`, `brake.rs` and `closing.rs` have houses where somebody can.
const TRIED_ELSEWHERE: &[&str] = &[
    "post /api/setup",
    "post /api/backups",
    "post /api/epoch/turn",
    "put /api/epoch/freeze",
    "post /api/erasures/{id}/release",
    "post /api/organisation/closing",
    "delete /api/organisation/closing",
    "post /api/closing/receipt",
];

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

#[test]
fn every_operation_and_every_frame_has_expectations() {
    let expected = OPERATIONS.iter().map(|one| (one.method.to_owned(), one.path.to_owned())).collect();
    assert_eq!(offered(), expected, "left: offered, right: expected here");
    assert_eq!(frames_offered(), FRAMES.iter().map(|one| one.name.to_owned()).collect());
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
                let may = answer.status < 300 || TRIED_ELSEWHERE.contains(&what.as_str()) && answer.status == 409;
                assert!(may, "{what}: its own owner may: {}", answer.text());
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
                let is_json = answer.header("content-type") == Some("application/json");
                if expected < 300 && kind.is_object() && is_json {
                    assert_eq!(misfits(schemas, kind, &answer.json(), &what), Vec::<String>::new());
                }
                let is_known = matches!(whose, Whose::Unknown) || TRIED_ELSEWHERE.contains(&what.as_str());
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
                    "accepted" | "erased" => return (frame["type"].as_str().unwrap().to_owned(), String::new()),
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
                if one.name != "erase" {
                    world.house.assign(&world.owner, &world.own, None).await.is(200);
                }
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
