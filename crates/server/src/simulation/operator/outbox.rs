//! `web/dashboard/src/socket/outbox.ts`: what was written and not yet acknowledged, a lane for each conversation.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

const GAP_PAUSE: Duration = Duration::from_millis(250);

#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) conversation: String,
    pub(super) counter: i64,
    pub(super) text: String,
    pub(super) note: bool,
    is_sent: bool,
}

#[derive(Debug, Default)]
struct Lane {
    last: i64,
    items: Vec<Item>,
    /// The operator may not write there: nothing more goes out.
    is_halted: bool,
}

#[derive(Debug, Default)]
pub(super) struct Outbox {
    pub(super) limit: usize,
    /// In the order in which they were first written in, as a browser's map is.
    lanes: Vec<(String, Lane)>,
    pub(super) paused_until: Option<Instant>,
}

impl Outbox {
    pub(super) fn add(&mut self, conversation: &str, text: String, note: bool) {
        if self.lane(conversation).is_none() {
            self.lanes.push((conversation.to_owned(), Lane::default()));
        }
        let Some(lane) = self.lane(conversation) else { return };
        lane.last += 1;
        let conversation = conversation.to_owned();
        lane.items.push(Item { conversation, counter: lane.last, text, note, is_sent: false });
    }

    /// What may be sent now; counts as on its way.
    pub(super) fn due(&mut self) -> Vec<Item> {
        if self.paused_until.is_some_and(|until| Instant::now() < until) {
            return Vec::new();
        }
        let mut room = self.limit.saturating_sub(self.items().filter(|item| item.is_sent).count());
        let mut due = Vec::new();
        for item in self.lanes.iter_mut().filter(|(_, lane)| !lane.is_halted).flat_map(|(_, lane)| &mut lane.items) {
            if room > 0 && !item.is_sent {
                item.is_sent = true;
                room -= 1;
                due.push(item.clone());
            }
        }
        due
    }

    /// The server has stored it.
    pub(super) fn settle(&mut self, conversation: &str, counter: i64) -> Option<Item> {
        let lane = self.lane(conversation)?;
        let index = lane.items.iter().position(|item| item.counter == counter)?;
        Some(lane.items.remove(index))
    }

    /// Takes a problem about a message; says whether it was about one.
    pub(super) fn refuse(&mut self, frame: &Value) -> bool {
        let (Some(conversation), Some(counter)) = (frame["conversation"].as_str(), frame["counter"].as_i64()) else {
            return false;
        };
        let Some(lane) = self.lane(conversation) else { return false };
        let wait = match frame["code"].as_str().unwrap_or_default() {
            "counter_gap" => {
                let expected = frame["expected"].as_i64().unwrap_or(counter);
                if lane.items.first().is_some_and(|first| expected < first.counter) {
                    lane.items.iter_mut().zip(expected..).for_each(|(item, counter)| item.counter = counter);
                    lane.last = expected + lane.items.len() as i64 - 1;
                }
                lane.items.iter_mut().for_each(|item| item.is_sent = false);
                GAP_PAUSE
            }
            "rate_limited" | "busy" | "unavailable" => {
                lane.items.iter_mut().filter(|item| item.counter >= counter).for_each(|item| item.is_sent = false);
                Duration::from_millis(frame["retry_after_ms"].as_u64().unwrap_or(1000))
            }
            _ => {
                lane.is_halted = true;
                return true;
            }
        };
        let until = Instant::now() + wait;
        self.paused_until = Some(self.paused_until.map_or(until, |known| known.max(until)));
        true
    }

    /// The connection is gone: nobody knows what arrived, so all of it goes again, under the same counters.
    pub(super) fn lost(&mut self) {
        self.lanes.iter_mut().flat_map(|(_, lane)| &mut lane.items).for_each(|item| item.is_sent = false);
    }

    /// How many wait that may still go out.
    pub(super) fn pending(&self) -> usize {
        self.items().count()
    }

    fn items(&self) -> impl Iterator<Item = &Item> {
        self.lanes.iter().filter(|(_, lane)| !lane.is_halted).flat_map(|(_, lane)| &lane.items)
    }

    fn lane(&mut self, conversation: &str) -> Option<&mut Lane> {
        self.lanes.iter_mut().find(|(name, _)| name == conversation).map(|(_, lane)| lane)
    }
}
