//! Several nodes, one installation: what others tell, and the sweep for what nobody told.
//!
//! What another node says is not believed: it names conversations, and the store says where they stand. The sweep asks the
//! store every second for changes past its cursor, so that a lost notice, a cut bus or a crash between a commit and its
//! telling cost a second and nothing else.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bus::Notice;
use domain::conversation::Change;
use parking_lot::Mutex;
use store::change::SweepCursor;

use crate::{App, Result};

/// How often the store is swept.
pub const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// How often nodes tell each other who is there.
pub const PRESENCE_EVERY: Duration = Duration::from_secs(5);
/// How far behind the last position a node begins: more than transactions that are under way can have taken.
const UNDER_WAY: i64 = 65_536;
/// Positions remembered as told; beyond them some news are told twice, which receivers see by their numbers.
const TOLD: usize = 262_144;

/// What this node knows of the order of changes.
#[derive(Default)]
pub(crate) struct Sweep {
    /// Set with the first sweep, before anybody is served here: what came before is read by clients when they come.
    cursor: tokio::sync::Mutex<Option<SweepCursor>>,
    /// Positions past the cursor that the sockets here were told of.
    told: Mutex<BTreeSet<i64>>,
}

impl Sweep {
    /// Notes that a change was told here; says whether it is news.
    pub(crate) fn tells(&self, position: i64) -> bool {
        let mut told = self.told.lock();
        while told.len() >= TOLD {
            told.pop_first();
        }
        told.insert(position)
    }

    fn forget(&self, upto: i64) {
        let mut told = self.told.lock();
        let rest = told.split_off(&(upto + 1));
        *told = rest;
    }
}

impl App {
    /// Looks once for changes that nobody here was told of, and tells them. Says how many there were. To be called once
    /// before anybody is served, and then every [`SWEEP_EVERY`].
    ///
    /// # Errors
    /// Those of the store; what was missed is found the next time.
    pub async fn sweep(&self) -> Result<usize> {
        let mut cursor = self.sweep.cursor.lock().await;
        let last = self.store.last_position_taken().await?;
        // With nobody writing, the first look moves it to the last position. Otherwise it waits for whoever had taken an earlier
        // one by then: they may commit when somebody listens here.
        let cursor = cursor.get_or_insert_with(|| SweepCursor::behind((last - UNDER_WAY).max(0)));
        if last == cursor.position() {
            return Ok(0);
        }
        let swept = self.store.changes_after(self.bus.organisations(), cursor.position()).await?;
        let mut found = 0;
        for change in swept.changes {
            if self.sweep.tells(change.position) {
                self.bus.tell_here(&change);
                found += 1;
            }
        }
        cursor.look(last, swept.horizon);
        self.sweep.forget(cursor.position());
        Ok(found)
    }

    /// Takes what other nodes told until the program ends. To be run once, as a task of its own.
    pub async fn hear_others(self: Arc<Self>) {
        loop {
            self.bus.inbox().wait().await;
            let news = self.bus.inbox().take();
            if news.is_back {
                self.tell_presence();
                self.ask_presence();
            }
            for notice in news.notices {
                match notice {
                    Notice::Widget(name) => self.widgets.forget_named(name),
                    other => self.hear_presence(other),
                }
            }
            if news.changed.is_empty() {
                continue;
            }
            // What waits meanwhile is merged and read together with the next.
            match self.store.changes_of(news.changed.into_iter().collect()).await {
                Ok(changes) => changes.iter().for_each(|change| self.tell_from_elsewhere(change)),
                Err(error) => tracing::warn!(%error, "what another node changed cannot be read; the sweep finds it"),
            }
        }
    }

    /// Tells what another node changed. Told even where the position is known: that somebody has seen something moves none.
    fn tell_from_elsewhere(&self, change: &Change) {
        self.sweep.tells(change.position);
        self.bus.tell_here(change);
    }

    /// Keeps what is known about other nodes true. To be called every [`PRESENCE_EVERY`].
    pub fn keep_in_touch(&self) {
        if self.bus.is_joined() {
            self.tell_presence();
            self.forget_silent_nodes();
        }
    }
}
