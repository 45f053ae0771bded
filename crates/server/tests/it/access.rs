//! Who may do what, over every operation and every frame (law L5, SZ1–SZ5). The expectations stand here, written by hand;
//! what the server offers is asked of the server. Whatever has no expectations fails, and `docs/access.md` prints them.

use std::collections::BTreeSet;

use diskret_server::http::openapi;
use serde_json::{Map, Value, json};

use crate::harness::{
    Answer, Caller, Heard, House, On, PASSWORD, Plan, Visitor, hello_operator, hello_visitor, on_both,
};

on_both! {
    every_operation_answers_each_role_as_expected
    every_frame_is_answered_for_each_role_as_expected
    no_body_can_name_a_tenant_an_owner_or_a_role
    lists_counts_and_what_is_told_stop_at_the_tenant
    whoever_loses_a_conversation_hears_no_more_of_it
    a_foreign_operator_cannot_be_given_a_conversation
}

/// Who asks, in the order of the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Owner,
    Agent,
    Officer,
    Visitor,
    Nobody,
}

const ROLES: [Role; 5] = [Role::Owner, Role::Agent, Role::Officer, Role::Visitor, Role::Nobody];

/// Whose conversation or widget a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// None.
    None,
    /// One of the organisation that nobody or the caller has taken; a visitor's own.
    Own,
    /// One of the organisation that another agent has taken.
    Colleagues,
    /// Another organisation's.
    Foreign,
    /// One that is not there.
    Unknown,
}

impl Whose {
    const fn title(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Own => "own or nobody's",
            Self::Colleagues => "a colleague's",
            Self::Foreign => "another organisation's",
            Self::Unknown => "unknown",
        }
    }
}

/// What is expected of an operation: a status per role, in the order of [`ROLES`].
struct Operation {
    method: &'static str,
    path: &'static str,
    query: &'static str,
    expected: &'static [(Whose, [u16; 5])],
}

const fn plain(method: &'static str, path: &'static str, expected: &'static [(Whose, [u16; 5])]) -> Operation {
    Operation { method, path, query: "", expected }
}

const CONVERSATION: &[(Whose, [u16; 5])] = &[
    (Whose::Own, [200, 200, 403, 401, 401]),
    (Whose::Colleagues, [200, 403, 403, 401, 401]),
    (Whose::Foreign, [404, 404, 403, 401, 401]),
    (Whose::Unknown, [404, 404, 403, 401, 401]),
];

const OPERATIONS: &[Operation] = &[
    plain("get", "/api/setup", &[(Whose::None, [200; 5])]),
    // It works once, for whoever holds the code: see `security`.
    plain("post", "/api/setup", &[(Whose::None, [409; 5])]),
    plain("post", "/api/recovery-key/confirmation", &[(Whose::None, [204, 403, 403, 401, 401])]),
    plain("get", "/api/session", &[(Whose::None, [200, 200, 200, 401, 401])]),
    plain("post", "/api/session", &[(Whose::None, [200; 5])]),
    plain("patch", "/api/session", &[(Whose::None, [200, 200, 200, 401, 401])]),
    plain("delete", "/api/session", &[(Whose::None, [204; 5])]),
    Operation {
        query: "?list=mine",
        ..plain("get", "/api/conversations", &[(Whose::None, [200, 200, 403, 401, 401])])
    },
    Operation {
        query: "?list=unassigned",
        ..plain("get", "/api/conversations", &[(Whose::None, [200, 200, 403, 401, 401])])
    },
    Operation { query: "?list=all", ..plain("get", "/api/conversations", &[(Whose::None, [200, 403, 403, 401, 401])]) },
    plain("get", "/api/conversations/{id}", CONVERSATION),
    plain("get", "/api/conversations/{id}/entries", CONVERSATION),
    plain("put", "/api/conversations/{id}/assignment", CONVERSATION),
    plain("put", "/api/conversations/{id}/state", CONVERSATION),
    plain("get", "/api/operators", &[(Whose::None, [200, 200, 200, 401, 401])]),
    plain("get", "/api/widgets", &[(Whose::None, [200, 403, 200, 401, 401])]),
    plain(
        "patch",
        "/api/widgets/{id}",
        &[
            (Whose::Own, [200, 403, 403, 401, 401]),
            (Whose::Foreign, [404, 403, 403, 401, 401]),
            (Whose::Unknown, [404, 403, 403, 401, 401]),
        ],
    ),
];

/// What is expected of a frame: an answer per role, in the order of [`ROLES`]. `quiet` is none, `401` no socket at all;
/// an officer is turned away at hello.
struct Frame {
    name: &'static str,
    expected: &'static [(Whose, [&'static str; 5])],
}

const OFF: &str = "forbidden";

const FRAMES: &[Frame] = &[
    Frame { name: "hello", expected: &[(Whose::None, ["welcome", "welcome", OFF, "welcome", "401"])] },
    Frame { name: "ping", expected: &[(Whose::None, ["pong", "pong", OFF, "pong", "401"])] },
    Frame { name: "watch", expected: &[(Whose::None, ["quiet", "quiet", OFF, OFF, "401"])] },
    Frame {
        name: "message",
        expected: &[
            (Whose::None, ["malformed", "malformed", OFF, "accepted", "401"]),
            (Whose::Own, ["accepted", "accepted", OFF, OFF, "401"]),
            (Whose::Colleagues, ["accepted", OFF, OFF, OFF, "401"]),
            (Whose::Foreign, ["not_found", "not_found", OFF, OFF, "401"]),
            (Whose::Unknown, ["not_found", "not_found", OFF, OFF, "401"]),
        ],
    },
    Frame {
        name: "typing",
        expected: &[
            (Whose::None, ["malformed", "malformed", OFF, "quiet", "401"]),
            (Whose::Own, ["quiet", "quiet", OFF, OFF, "401"]),
            (Whose::Colleagues, ["quiet", OFF, OFF, OFF, "401"]),
            (Whose::Foreign, ["not_found", "not_found", OFF, OFF, "401"]),
            (Whose::Unknown, ["not_found", "not_found", OFF, OFF, "401"]),
        ],
    },
    Frame {
        name: "seen",
        expected: &[
            (Whose::None, ["malformed", "malformed", OFF, "quiet", "401"]),
            (Whose::Own, ["quiet", "quiet", OFF, OFF, "401"]),
            (Whose::Colleagues, ["quiet", OFF, OFF, OFF, "401"]),
            (Whose::Foreign, ["not_found", "not_found", OFF, OFF, "401"]),
            (Whose::Unknown, ["not_found", "not_found", OFF, OFF, "401"]),
        ],
    },
    Frame {
        name: "follow",
        expected: &[
            (Whose::Own, ["current", "current", OFF, OFF, "401"]),
            (Whose::Colleagues, ["current", OFF, OFF, OFF, "401"]),
            (Whose::Foreign, ["not_found", "not_found", OFF, OFF, "401"]),
            (Whose::Unknown, ["not_found", "not_found", OFF, OFF, "401"]),
        ],
    },
    // What is not followed cannot be left: nothing is said about any of them.
    Frame {
        name: "unfollow",
        expected: &[
            (Whose::Own, ["quiet", "quiet", OFF, OFF, "401"]),
            (Whose::Colleagues, ["quiet", "quiet", OFF, OFF, "401"]),
            (Whose::Foreign, ["quiet", "quiet", OFF, OFF, "401"]),
            (Whose::Unknown, ["quiet", "quiet", OFF, OFF, "401"]),
        ],
    },
];

/// Operations that change nothing when nothing in the body changes.
fn body(world: &World, method: &str, path: &str, whose: Whose) -> Option<Value> {
    let house = world.house;
    match (method, path) {
        ("post", "/api/setup") => Some(json!({
            "code": "x", "organisation": "Neu", "name": "Neu", "email": "neu@neu.example", "password": PASSWORD,
            "language": "de",
        })),
        ("post", "/api/recovery-key/confirmation") => Some(json!({ "key": house.ours().recovery_key })),
        ("post", "/api/session") => Some(json!({ "email": house.ours().agent.email, "password": PASSWORD })),
        ("patch", "/api/session") => Some(json!({ "language": "de" })),
        ("put", "/api/conversations/{id}/assignment") if whose == Whose::Colleagues => {
            Some(json!({ "operator": world.colleague }))
        }
        ("put", "/api/conversations/{id}/assignment") => Some(json!({ "operator": null })),
        ("put", "/api/conversations/{id}/state") => Some(json!({ "state": "open" })),
        ("patch", "/api/widgets/{id}") => Some(json!({ "greeting": "Guten Tag!" })),
        _ => None,
    }
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

/// The matrix on paper.
mod generated {
    use std::fmt::Write as _;

    use super::{FRAMES, OPERATIONS};

    #[test]
    fn the_access_page_is_current() {
        let mut page = String::from(
            "# Who may do what\n\n\
             <!-- Generated by `cargo xtask regenerate` from crates/server/tests/it/access.rs, whose tests ask a running\n\
             \x20    server on both databases each of these questions. -->\n\n\
             Agents reach their own conversations and those that nobody has taken; owners reach all. What belongs to \
             another\norganisation is answered like what is not there, byte for byte. A visitor has a token and reaches one \
             conversation: their\nown. `nobody` is a request without session, token or cookie.\n\n\
             ## HTTP operations\n\n\
             | operation | conversation or widget | owner | agent | officer | visitor | nobody |\n\
             | --- | --- | --- | --- | --- | --- | --- |\n",
        );
        for one in OPERATIONS {
            for (whose, expected) in one.expected {
                let method = one.method.to_uppercase();
                write!(page, "| `{method} {}{}` | {} |", one.path, one.query, whose.title()).unwrap();
                expected.iter().for_each(|status| write!(page, " {status} |").unwrap());
                page.push('\n');
            }
        }
        page.push_str(
            "\nOutside this list, open to everybody: `/health`, `/ready`, `/api/openapi.json`, the dashboard's files, and on \
             the widget's\norigin its scripts, its page and its published configuration.\n\n\
             ## Frames of the socket\n\n\
             `quiet` means done without an answer; `401` that there is no socket at all.\n\n\
             | frame | names which conversation | owner | agent | officer | visitor | nobody |\n\
             | --- | --- | --- | --- | --- | --- | --- |\n",
        );
        for one in FRAMES {
            for (whose, expected) in one.expected {
                write!(page, "| `{}` | {} |", one.name, whose.title()).unwrap();
                expected.iter().for_each(|answer| write!(page, " {answer} |").unwrap());
                page.push('\n');
            }
        }
        crate::generated::check("access.md", &page);
    }
}

/// Somebody of each role, and a conversation of each kind.
struct World {
    house: &'static House,
    owner: Caller,
    agent: Caller,
    officer: Caller,
    visitor: Visitor,
    colleague: String,
    colleagues_session: Caller,
    foreign_owner: Caller,
    own: String,
    colleagues: String,
    foreign: String,
}

const UNKNOWN: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaa";

impl World {
    async fn new(on: On) -> Self {
        let house = House::shared(on);
        let owner = house.sign_in(&house.ours().owner).await;
        let colleague = house.id_of(&owner, &house.ours().colleague).await;
        let (visitor, own) = house.conversation(house.ours(), "Hallo").await;
        let (_, colleagues) = house.conversation(house.ours(), "Hallo").await;
        let (_, foreign) = house.conversation(house.theirs(), "Hallo").await;
        house.assign(&owner, &colleagues, Some(&colleague)).await.is(200);
        Self {
            agent: house.sign_in(&house.ours().agent).await,
            officer: house.sign_in(&house.ours().officer).await,
            colleagues_session: house.sign_in(&house.ours().colleague).await,
            foreign_owner: house.sign_in(&house.theirs().owner).await,
            house,
            owner,
            visitor,
            colleague,
            own,
            colleagues,
            foreign,
        }
    }

    fn caller(&self, role: Role) -> Caller {
        match role {
            Role::Owner => self.owner.clone(),
            Role::Agent => self.agent.clone(),
            Role::Officer => self.officer.clone(),
            Role::Visitor => Caller::Program(self.visitor.token.clone()),
            Role::Nobody => Caller::Nobody,
        }
    }

    fn id(&self, whose: Whose) -> &str {
        match whose {
            Whose::None => "",
            Whose::Own => &self.own,
            Whose::Colleagues => &self.colleagues,
            Whose::Foreign => &self.foreign,
            Whose::Unknown => UNKNOWN,
        }
    }

    async fn ask(&self, operation: &Operation, whose: Whose, caller: &Caller) -> Answer {
        let id = match (operation.path, whose) {
            ("/api/widgets/{id}", Whose::Own) => &self.house.ours().widget,
            ("/api/widgets/{id}", Whose::Foreign) => &self.house.theirs().widget,
            _ => self.id(whose),
        };
        let path = format!("{}{}", operation.path.replace("{id}", id), operation.query);
        let ask = self.house.ask(&operation.method.to_uppercase(), &path).by(caller);
        match body(self, operation.method, operation.path, whose) {
            Some(body) => ask.json(&body).send().await,
            None => ask.send().await,
        }
    }
}

/// How a value differs from its schema: what is missing, what is of another kind, and what nobody described (SZ7).
fn misfits(schemas: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(target) = schema["$ref"].as_str() {
        return misfits(schemas, &schemas[target.rsplit('/').next().unwrap()], value, at);
    }
    if let Some(alternatives) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        let tried: Vec<_> = alternatives.iter().map(|one| misfits(schemas, one, value, at)).collect();
        return tried.into_iter().min_by_key(Vec::len).unwrap();
    }
    let (mut properties, mut required) = (Map::new(), BTreeSet::new());
    gather(schemas, schema, &mut properties, &mut required);
    match value {
        Value::Object(fields) if !properties.is_empty() => {
            let missing = required
                .iter()
                .filter(|name| !fields.contains_key(*name))
                .map(|name| format!("{at}.{name} is missing"));
            let wrong = fields.iter().flat_map(|(name, value)| match properties.get(name) {
                Some(schema) => misfits(schemas, schema, value, &format!("{at}.{name}")),
                None => vec![format!("{at}.{name} is not described")],
            });
            missing.chain(wrong).collect()
        }
        Value::Array(items) if schema["items"].is_object() => {
            items.iter().flat_map(|item| misfits(schemas, &schema["items"], item, &format!("{at}[]"))).collect()
        }
        _ => {
            let kind = match value {
                Value::Null => "null",
                Value::Bool(_) => "boolean",
                Value::Number(_) => "integer",
                Value::String(_) => "string",
                Value::Array(_) => "array",
                Value::Object(_) => "object",
            };
            let allowed = [&schema["type"], &schema["enum"]];
            let of_kind =
                schema["type"] == kind || schema["type"].as_array().is_some_and(|all| all.contains(&kind.into()));
            let of_value = schema["enum"].as_array().is_none_or(|all| all.contains(value))
                && schema.get("const").is_none_or(|only| only == value);
            if of_kind && of_value { Vec::new() } else { vec![format!("{at} is a {kind}, not {allowed:?}")] }
        }
    }
}

/// The fields of a schema and of all that it is made of.
fn gather(schemas: &Value, schema: &Value, properties: &mut Map<String, Value>, required: &mut BTreeSet<String>) {
    if let Some(target) = schema["$ref"].as_str() {
        gather(schemas, &schemas[target.rsplit('/').next().unwrap()], properties, required);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        gather(schemas, part, properties, required);
    }
    properties.extend(schema["properties"].as_object().cloned().unwrap_or_default());
    required.extend(schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
}

#[test]
fn the_comparison_with_the_schema_finds_what_is_planted() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let schema = json!({ "$ref": "#/components/schemas/EntryPage" });
    let good = json!({ "first": null, "items": [{ "type": "event", "conversation": "x", "sequence": 1, "visible": 1, "at": 1,
        "event": "ended", "operator": null, "cause": "idle" }] });
    assert_eq!(misfits(schemas, &schema, &good, ""), Vec::<String>::new());
    for (field, value) in [("hash", json!("x")), ("sequence", json!("1")), ("event", json!("exploded"))] {
        let mut bad = good.clone();
        bad["items"][0][field] = value;
        assert_eq!(misfits(schemas, &schema, &bad, "").len(), 1, "{field}");
    }
    let mut bad = good;
    bad["items"][0].as_object_mut().unwrap().remove("at");
    assert_eq!(misfits(schemas, &schema, &bad, "").len(), 1);
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
                assert_eq!(answer.status, 200, "{what}: its own owner may");
                permitted = true;
            }
            for (role, expected) in ROLES.into_iter().zip(*expected) {
                let caller = match (role, signs_out) {
                    (Role::Owner, true) => world.house.sign_in(&world.house.ours().owner).await,
                    (Role::Agent, true) => world.house.sign_in(&world.house.ours().agent).await,
                    (Role::Officer, true) => world.house.sign_in(&world.house.ours().officer).await,
                    // A program has no session to end, and no page to come from.
                    (Role::Visitor, true) => Caller::Browser(world.visitor.token.clone()),
                    _ => world.caller(role),
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
                if *whose == Whose::Foreign {
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
    // What was refused left no trace: one message of the owner's and one of the colleague's, and none of others'.
    let texts = |entries: Vec<Value>| entries.iter().filter(|entry| entry["text"] == "Text").count();
    assert_eq!(texts(world.house.entries(&world.owner, &world.colleagues).await), 2);
    assert_eq!(texts(world.house.entries(&world.foreign_owner, &world.foreign).await), 1);
}

async fn no_body_can_name_a_tenant_an_owner_or_a_role(on: On) {
    let world = World::new(on).await;
    let theirs = world.house.theirs();
    let document = document();
    let mut refused = 0;
    for operation in OPERATIONS {
        let Some(body) = body(&world, operation.method, operation.path, Whose::Own) else { continue };
        let described = &document["paths"][operation.path][operation.method]["requestBody"];
        assert!(described.is_object(), "{}: a body that nobody describes", operation.path);
        let id = if operation.path.contains("widgets") { &world.house.ours().widget } else { &world.own };
        let ask = |body: &Value| {
            let path = operation.path.replace("{id}", id);
            world.house.ask(&operation.method.to_uppercase(), &path).by(&world.owner).json(body).send()
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
        let mut frame = frame(name, if ["ping", "watch"].contains(&&**name) { "" } else { &world.own });
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
