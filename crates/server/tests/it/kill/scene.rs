//! What all clients of an act share.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;
use testkit::{Nats, Postgres};

use super::checker::{Side, Stored, Story};
use crate::harness::{Caller, House, Person};

/// The nodes and what they stand on.
pub(crate) struct Stage {
    /// Dropped first.
    pub(crate) nodes: Vec<House>,
    /// Where clients come in, where that is not at a node of their own.
    pub(crate) door: Option<House>,
    pub(crate) database: Option<Postgres>,
    pub(crate) bus: Option<Nats>,
}

/// An act: new clients, who begin new conversations.
pub(super) struct Scene {
    pub(super) stage: Arc<Stage>,
    pub(super) story: RefCell<Story>,
    /// Cleared when nobody shall write anything new.
    pub(super) busy: Cell<bool>,
    /// Whose every message was acknowledged.
    pub(super) settled: RefCell<HashSet<String>>,
    /// The last numbers of each conversation, known once everybody has settled: who has not heard so far goes on
    /// listening, so that what is stored but never told is noticed.
    pub(super) last: RefCell<HashMap<String, (i64, i64)>>,
    /// The conversations of this act.
    pub(super) ids: RefCell<Vec<String>>,
}

/// Counters of one client in one conversation that were sent and not acknowledged, and how far it has come.
#[derive(Default)]
pub(super) struct Line {
    pub(super) acknowledged: i64,
    /// The next counter to be sent on this connection.
    pub(super) next: i64,
    pub(super) held: i64,
}

impl Scene {
    pub(super) fn new(stage: &Arc<Stage>) -> Self {
        Self {
            stage: Arc::clone(stage),
            story: RefCell::default(),
            busy: Cell::new(true),
            settled: RefCell::default(),
            last: RefCell::default(),
            ids: RefCell::default(),
        }
    }

    /// Where a client that has come so often comes in: at the next node each time.
    pub(super) fn house(&self, turn: usize) -> &House {
        self.stage.door.as_ref().unwrap_or_else(|| &self.stage.nodes[turn % self.stage.nodes.len()])
    }

    pub(super) fn owner(&self) -> Caller {
        Caller::Program(self.stage.nodes[0].ours().token.clone())
    }

    /// The people with a list on the screen, to whom conversations are given.
    pub(super) fn people(&self) -> [&Person; 2] {
        let ours = self.stage.nodes[0].ours();
        [&ours.agent, &ours.colleague]
    }

    pub(super) fn side<T>(&self, client: &str, id: &str, change: impl FnOnce(&mut Side) -> T) -> T {
        let mut story = self.story.borrow_mut();
        change(story.sides.entry((client.to_owned(), id.to_owned())).or_default())
    }

    /// An entry came, or an acknowledgement, under this number; whatever is told twice is a fault.
    pub(super) fn arrived(&self, client: &str, id: &str, line: &mut Line, number: i64, text: Option<String>) {
        line.held = number;
        self.side(client, id, |side| side.received.push((number, text)));
    }

    pub(super) fn acknowledged(&self, client: &str, id: &str, line: &mut Line, counter: i64, number: i64) {
        let text = self.side(client, id, |side| {
            side.acknowledged.push((counter, number));
            side.sent[counter as usize - 1].clone()
        });
        line.acknowledged = line.acknowledged.max(counter);
        // What came while we were away is acknowledged once more, under its old number.
        if number > line.held {
            self.arrived(client, id, line, number, Some(text));
        }
    }

    /// A client is told what cannot be true together with what it was told before.
    pub(super) fn contradiction(&self, what: String) {
        let known = &mut self.story.borrow_mut().contradictions;
        if !known.contains(&what) {
            known.push(what);
        }
    }

    /// A message was refused because one before it is missing: that must not be an acknowledged one.
    pub(super) fn refused(&self, client: &str, line: &Line, problem: &Value) {
        let expected = number(problem, "expected");
        if problem["code"] == "counter_gap" && expected <= line.acknowledged {
            self.contradiction(format!("{client}: message {expected} was acknowledged and is expected again"));
        }
    }

    pub(super) fn is_acknowledged(&self, line: &Line, sent: usize) -> bool {
        !self.busy.get() && line.acknowledged as usize == sent
    }

    /// Reads what is stored, through the API.
    pub(super) async fn read(&self) {
        let (owner, house) = (self.owner(), self.house(0));
        let ids = self.ids.borrow().clone();
        for id in ids {
            if house.ask("GET", &format!("/api/conversations/{id}")).by(&owner).send().await.status == 404 {
                self.story.borrow_mut().stored.insert(id, Vec::new());
                continue;
            }
            let entries = house.entries(&owner, &id).await;
            let stored = entries.iter().map(|entry| Stored {
                sequence: entry["sequence"].as_i64().unwrap(),
                visible: entry["visible"].as_i64().unwrap(),
                text: text_of(entry),
                assigned: entry["operator"]["name"].as_str().map(str::to_owned),
            });
            self.story.borrow_mut().stored.insert(id, stored.collect());
        }
    }

    /// A list as it is when it is read anew: conversations with their last entries. Nothing where it cannot be had now.
    pub(super) async fn list(&self, house: &House, caller: &Caller, name: &str) -> Option<BTreeMap<String, i64>> {
        let (mut all, mut before) = (BTreeMap::new(), String::new());
        loop {
            let path = format!("/api/conversations?list={name}&ended=true&limit=200{before}");
            let answer = house.ask("GET", &path).by(caller).try_send().await.filter(|answer| answer.status == 200)?;
            let page = answer.json();
            let rows = page["items"].as_array().unwrap();
            all.extend(rows.iter().map(|row| (row["id"].as_str().unwrap().to_owned(), number(row, "last_sequence"))));
            match page["next"].as_i64() {
                Some(next) => before = format!("&before={next}"),
                None => return Some(all),
            }
        }
    }
}

pub(super) fn number(frame: &Value, name: &str) -> i64 {
    frame[name].as_i64().unwrap_or_default()
}

pub(super) fn text_of(frame: &Value) -> Option<String> {
    (frame["type"] == "message").then(|| frame["text"].as_str().unwrap().to_owned())
}
