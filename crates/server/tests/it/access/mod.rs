//! Who may do what, over every operation and every frame (law L5, SZ1–SZ5). The expectations stand in `expectations`, written by hand;
//! what the server offers is asked of the server. Whatever has no expectations fails, and `docs/access.md` prints them.

mod api_page;
mod expectations;
mod grants;
mod matrix;
mod page;
mod policies;
mod schema;
mod taken_away;
mod tenants;
mod world;

use std::collections::BTreeSet;

use diskret_server::http::openapi;
use serde_json::{Value, json};

use crate::harness::Answer;

/// The description of the API.
fn document() -> Value {
    serde_json::to_value(openapi::description()).unwrap()
}

/// Every frame that clients may send, as the description says itself.
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

/// Everything of an answer that could tell one id from another.
fn bytes(answer: &Answer) -> (String, Vec<u8>) {
    let head = answer.head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("date:"));
    (head.collect::<Vec<_>>().join("\n"), answer.body.clone())
}

/// A frame of this name, about this conversation where there is one.
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
