//! Several nodes, one installation: what others tell, and the sweep for what nobody told.
//!
//! What another node says is not believed: it names conversations, and the store says where they stand. The sweep asks the
//! store every second for changes past its cursor, so that a lost notice, a cut bus or a crash between a commit and its
//! telling cost a second and nothing else.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use bus::Notice;
use domain::conversation::Change;
use parking_lot::Mutex;
use store::change::{Found, SweepCursor};

use crate::{App, Result};

/// From here on a difference between the clocks is told.
const OFF_BY_MUCH: Duration = Duration::from_secs(5);

/// How often the store is swept.
pub const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// How often nodes tell each other who is there.
pub const PRESENCE_EVERY: Duration = Duration::from_secs(5);
/// How often a node asks what time it is where they meet.
pub const TIME_EVERY: Duration = Duration::from_secs(30);
/// How far behind the last position a node begins: more than transactions that are under way can have taken.
const UNDER_WAY: i64 = 65_536;
/// Organisations looked at in one go: many of them must not make a look so long that it is given up.
const ORGANISATIONS: usize = 256;
/// Positions remembered as told; beyond them some news are told twice, which receivers see by their numbers.
const TOLD: usize = 262_144;

/// What this node knows of the order of changes.
#[derive(Default)]
pub(crate) struct Sweep {
    /// Set with the first sweep, before anybody is served here: what came before is read by clients when they come.
    cursor: tokio::sync::Mutex<Option<SweepCursor>>,
    /// Positions past the cursor that the sockets here were told of.
    told: Mutex<BTreeSet<i64>>,
    /// Up to here everything was seen, hand-overs too.
    seen: AtomicI64,
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
        let known = cursor.as_ref().map_or(-1, SweepCursor::position);
        let Some(mark) = self.store.mark(known).await? else { return Ok(0) };
        // With nobody writing, the first look moves it to the last position. Otherwise it waits for whoever had taken an earlier
        // one by then: they may commit when somebody listens here.
        let begin = || SweepCursor::behind((mark.last - UNDER_WAY).max(0));
        let cursor = cursor.get_or_insert_with(begin);
        if mark.last < cursor.position() {
            tracing::warn!("the order of changes went back: the database was restored, or another one took its place");
            *cursor = begin();
            self.sweep.told.lock().clear();
        }
        // In this order: what had ended by `oldest` is seen by every look from here on, also by those who come to listen after
        // the organisations were listed.
        let oldest = self.store.oldest_open().await?;
        let mut told = 0;
        for organisations in self.bus.organisations().chunks(ORGANISATIONS) {
            for found in self.store.changes_after(organisations.to_vec(), cursor.position()).await? {
                // A hand-over may stand behind a later change that this node told by itself.
                let is_news = self.sweep.tells(found.change.position);
                let hands_over =
                    found.assigned_position > cursor.position() && self.sweep.tells(found.assigned_position);
                if is_news || hands_over {
                    self.forget_previewed(&found.change);
                    self.bus.tell_here(&found.told_past(cursor.position()));
                    told += 1;
                }
            }
        }
        cursor.look(mark, oldest);
        self.sweep.forget(cursor.position());
        self.sweep.seen.store(cursor.position(), Ordering::Relaxed);
        Ok(told)
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
                    Notice::Shred(keys) => self.keyring.wipe(&keys),
                    Notice::Widget(name) => self.widgets.forget_named(name),
                    other => self.hear_presence(other),
                }
            }
            if news.changed.is_empty() {
                continue;
            }
            // What waits meanwhile is merged and read together with the next.
            match self.store.changes_of(news.changed.into_iter().collect()).await {
                Ok(found) => found.into_iter().for_each(|found| self.tell_from_elsewhere(found)),
                Err(error) => tracing::warn!(%error, "what another node changed cannot be read; the sweep finds it"),
            }
        }
    }

    /// Tells what another node changed. Told even where the position is known: that somebody has seen something moves none.
    fn tell_from_elsewhere(&self, found: Found) {
        let seen = self.sweep.seen.load(Ordering::Relaxed);
        self.sweep.tells(found.change.position);
        if found.assigned_position > seen {
            self.sweep.tells(found.assigned_position);
        }
        self.forget_previewed(&found.change);
        self.bus.tell_here(&found.told_past(seen));
    }

    /// The last message is what lists show, and may be what another node changed. Every other entry is read anew by whoever
    /// opens the event that says so.
    fn forget_previewed(&self, change: &Change) {
        if change.gone.is_some() {
            self.forget_conversations(&[change.conversation]);
        } else {
            self.opened.remove(change.conversation, change.progress.last_message);
        }
    }

    /// Keeps this node's time that of the database, so that nothing ends early or late where a machine's clock is off (SR5).
    /// To be called once before anything is done, and then every [`TIME_EVERY`].
    ///
    /// # Errors
    /// Those of the store; the time is kept as it was.
    pub async fn keep_time(&self) -> Result<()> {
        let asked = Instant::now();
        if let Some(theirs) = self.store.time().await? {
            let off_by = self.clock.agree(theirs, asked.elapsed());
            // Whichever of the two is wrong: what ends by time ends by the database's from now on.
            if off_by > OFF_BY_MUCH {
                tracing::warn!(seconds = off_by.as_secs(), "the database's clock is off from ours: its time counts");
            }
        }
        Ok(())
    }

    /// Keeps what is known about other nodes true. To be called every [`PRESENCE_EVERY`].
    pub fn keep_in_touch(&self) {
        if self.bus.is_joined() {
            self.tell_presence();
            self.forget_silent_nodes();
        }
    }
}
