//! `web/dashboard/src/conversation/rows.svelte.ts`: the rows that this page knows.

use std::collections::BTreeMap;

use serde_json::Value;

#[derive(Debug, Default)]
pub(in crate::simulation) struct Rows {
    all: BTreeMap<String, Value>,
    touched: BTreeMap<String, u64>,
    clock: u64,
    pub(super) position: i64,
}

fn position(row: &Value) -> i64 {
    row["position"].as_i64().unwrap_or_default()
}

impl Rows {
    /// An older picture of a conversation never replaces a newer one, whichever way it came.
    pub(super) fn put(&mut self, row: &Value) {
        let id = row["id"].as_str().unwrap_or_default();
        if self.all.get(id).is_some_and(|known| position(row) < position(known)) {
            return;
        }
        self.position = self.position.max(position(row));
        self.clock += 1;
        self.touched.insert(id.to_owned(), self.clock);
        self.all.insert(id.to_owned(), row.clone());
    }

    pub(super) fn remove(&mut self, id: &str) {
        self.all.remove(id);
        self.touched.remove(id);
    }

    /// When a list is asked for: what is told meanwhile is newer.
    pub(super) const fn clock(&self) -> u64 {
        self.clock
    }

    /// Takes a whole list; what it does not name and nobody told meanwhile has left it.
    pub(super) fn take(&mut self, list: &[Value], belongs: impl Fn(&Value) -> bool, asked: u64) {
        let is_named = |id: &str| list.iter().any(|row| row["id"] == id);
        let touched = &self.touched;
        self.all
            .retain(|id, row| !belongs(row) || is_named(id) || touched.get(id).is_some_and(|touched| *touched > asked));
        list.iter().for_each(|row| self.put(row));
    }

    pub(in crate::simulation) const fn all(&self) -> &BTreeMap<String, Value> {
        &self.all
    }
}
