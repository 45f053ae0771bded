//! A visitor and an operator talk, and nothing is lost whatever happens to their connections (L1, SR7, SR8).

mod counters;
mod talk;

use serde_json::Value;

/// Numbers and texts of messages, in order.
fn said(frames: &[Value]) -> Vec<(i64, String)> {
    let messages = frames.iter().filter(|frame| frame["type"] == "message");
    messages.map(|frame| (frame["sequence"].as_i64().unwrap(), frame["text"].as_str().unwrap().to_owned())).collect()
}
