//! What clients did and were told: what is held against the store in the end.

use std::collections::{BTreeMap, BTreeSet};

use domain::PublicId;
use serde_json::Value;

use super::house::Member;

/// A sender's side: a page load, and for operators its conversation.
#[derive(Clone, Debug, Default)]
pub(super) struct Sender {
    pub(super) is_visitor: bool,
    /// In the order of writing.
    pub(super) said: Vec<String>,
    pub(super) acknowledged: Vec<Acknowledged>,
}

/// What a client was told to be stored.
#[derive(Clone, Debug)]
pub(super) struct Acknowledged {
    pub(super) conversation: String,
    pub(super) number: i64,
    pub(super) text: String,
}

/// An entry that an operator was shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shown {
    pub(super) to: PublicId,
    pub(super) conversation: String,
    pub(super) sequence: i64,
    pub(super) what: String,
}

/// Everything that was said and told.
#[derive(Clone, Debug, Default)]
pub(super) struct Story {
    pub(super) senders: BTreeMap<String, Sender>,
    /// Conversations by visitor's token.
    pub(super) tokens: BTreeMap<String, BTreeSet<String>>,
    pub(super) shown: BTreeSet<Shown>,
    /// Rows of a colleague's that an agent was shown.
    pub(super) foreign: Vec<String>,
}

impl Story {
    pub(super) fn said(&mut self, sender: &str, is_visitor: bool, text: &str) {
        let sender = self.senders.entry(sender.to_owned()).or_default();
        sender.is_visitor = is_visitor;
        sender.said.push(text.to_owned());
    }

    pub(super) fn acknowledged(&mut self, sender: &str, conversation: &str, number: i64, text: &str) {
        let (conversation, text) = (conversation.to_owned(), text.to_owned());
        let acknowledged = Acknowledged { conversation, number, text };
        self.senders.entry(sender.to_owned()).or_default().acknowledged.push(acknowledged);
    }

    pub(super) fn begun(&mut self, token: &str, conversation: &str) {
        self.tokens.entry(token.to_owned()).or_default().insert(conversation.to_owned());
    }

    pub(super) fn shown(&mut self, to: &PublicId, conversation: &str, frame: &Value) {
        let sequence = frame["sequence"].as_i64().unwrap_or_default();
        self.shown.insert(Shown { to: *to, conversation: conversation.to_owned(), sequence, what: what(frame) });
    }

    pub(super) fn listed(&mut self, to: &Member, row: &Value) {
        let is_theirs = row["assignee"].is_null() || row["assignee"]["id"] == to.name.to_string().as_str();
        if !to.sees_all() && !is_theirs {
            self.foreign.push(format!("{} was shown the row of {}", to.name, row["id"]));
        }
    }
}

/// What an entry says, in a few words.
pub(super) fn what(entry: &Value) -> String {
    match entry["text"].as_str() {
        Some(text) => text.to_owned(),
        None => {
            let whom = entry["operator"]["name"].as_str().unwrap_or("nobody");
            format!("{} {whom} {}", entry["event"].as_str().unwrap_or("?"), entry["cause"].as_str().unwrap_or_default())
        }
    }
}
