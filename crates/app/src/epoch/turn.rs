//! The turn of the epoch: a durable process (law L8) whose state lies with the keys, so that it survives with them. A new key is
//! made and handed over, a fence keeps the old one from being used, everything is wrapped anew and opened once, and only
//! then is the old key destroyed. From there on, what was deleted before is noise in every old copy of the key database.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use domain::Timestamp;
use domain::limits::TURN_EVERY;
use store::epoch::{Step, Turn};
use store::job::{Claimed, Kind};

use super::hand_over::secrets_error;
use crate::{App, Error, Result};

/// Other nodes have this long to take the new key; whoever has not comes for it later, and serves nothing until then.
const HAND_OVER: Duration = Duration::from_secs(300);
/// Other nodes have this long to destroy the old one before they are told of as pending.
const DESTROYED_WITHIN: Duration = Duration::from_secs(30);
/// A job is given back after this long, so that it is not taken for one that died.
const AT_ONCE: Duration = Duration::from_secs(10);
/// A lease is renewed when it is as old as this.
const RENEWED: Duration = Duration::from_secs(20);
const LEASE: Duration = Duration::from_secs(60);
/// How often somebody who is away is tried again.
const TRIED_AGAIN: Duration = Duration::from_secs(60);

/// The job, in the hands of this worker.
pub(super) struct Held<'a> {
    app: &'a App,
    job: Claimed,
    since: Instant,
}

impl Held<'_> {
    /// Leaves the database to others for as long as it was worked for, and keeps the job.
    pub(super) async fn rest(&mut self, worked: Duration) -> Result<()> {
        tokio::time::sleep(worked).await;
        if self.since.elapsed() >= RENEWED {
            self.app.store.renew_job(&mut self.job, self.app.now(), LEASE).await?;
            self.since = Instant::now();
        }
        Ok(())
    }
}

/// What came of a step.
enum Went {
    /// On to the next one.
    On,
    /// Somebody is waited for.
    Wait(Duration),
    /// There is no key to turn to: from the beginning.
    Over,
}

/// What the job's step says beside the turn's own: which turn it works on, and whether that was told.
const fn under_way(turn: &Turn) -> i64 {
    turn.to * 2
}

const fn told(turn: &Turn) -> i64 {
    turn.to * 2 + 1
}

impl App {
    /// Sees to it that the epoch turns, from the first organisation on.
    pub(super) async fn schedule_turns(&self) -> Result<()> {
        if self.epochs.is_due.load(Ordering::Relaxed) || self.store.installation().await?.is_none() {
            return Ok(());
        }
        self.ensure_turn().await?;
        self.epochs.is_due.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// The same now and then, for a clock that was wrong meanwhile; says in the log where turns are late.
    pub(crate) async fn tidy_turns(&self) -> Result<()> {
        if self.store.installation().await?.is_none() {
            return Ok(());
        }
        self.ensure_turn().await?;
        if self.is_late(&self.keys().turn().await?).await? {
            tracing::error!("what was deleted is not final yet, and should be: see `diskret epoch status`");
        }
        Ok(())
    }

    async fn ensure_turn(&self) -> Result<()> {
        let now = self.now();
        Ok(self.store.ensure_job(Kind::Turn, now.plus(TURN_EVERY), TURN_EVERY + HAND_OVER, now).await?)
    }

    /// Whether so much time went by since a moment, or it lies ahead: then the clock was wrong, and nothing is waited for.
    fn is_past(&self, since: Timestamp, span: Duration) -> bool {
        let now = self.now();
        now >= since.plus(span) || now < since
    }

    /// Goes on with the turn: for the worker.
    pub(crate) async fn turn_epoch(&self, job: Claimed) -> Result<()> {
        let mut held = Held { app: self, job, since: Instant::now() };
        let begun = Instant::now();
        loop {
            let turn = self.keys().turn().await?;
            let wait = match (turn.step, held.job.step) {
                (Step::None, 0) if turn.is_frozen(self.now()) => return self.put_off(&held, 0, TRIED_AGAIN).await,
                (Step::None, 0) => {
                    let turn = self.keys().begin_turn(self.epochs.node(), self.now()).await?;
                    return self.put_off(&held, under_way(&turn), Duration::ZERO).await;
                }
                (Step::None, _) => return self.turned(&held, &turn).await,
                // Killed right after it began: from here on the job knows which turn it works on, and begins no other.
                (_, step) if step != under_way(&turn) => {
                    return self.put_off(&held, under_way(&turn), Duration::ZERO).await;
                }
                _ => match self.turn_step(&turn, &mut held).await? {
                    Went::On if begun.elapsed() < AT_ONCE => continue,
                    Went::On => Duration::ZERO,
                    Went::Wait(span) => span,
                    Went::Over => return self.put_off(&held, 0, Duration::ZERO).await,
                },
            };
            return self.put_off(&held, under_way(&turn), wait).await;
        }
    }

    async fn put_off(&self, held: &Held<'_>, step: i64, wait: Duration) -> Result<()> {
        Ok(self.store.advance_job(&held.job, step, self.now().plus(wait)).await?)
    }

    async fn turn_step(&self, turn: &Turn, held: &mut Held<'_>) -> Result<Went> {
        if self.epochs.keys.get(turn.to).is_none()
            && let Some(went) = self.make_key(turn).await?
        {
            return Ok(went);
        }
        match turn.step {
            Step::HandOver => {
                let nodes = self.keys().nodes().await?;
                self.give(&nodes, &self.live_epochs().await?).await?;
                let left: Vec<i64> =
                    self.others(&nodes).filter(|node| node.epoch < turn.to).map(|node| node.node).collect();
                if !left.is_empty() && !self.is_past(turn.step_at, HAND_OVER) {
                    return Ok(Went::Wait(Duration::from_secs(1)));
                }
                if !left.is_empty() {
                    tracing::warn!(
                        ?left,
                        "nodes have not come for the new epoch's key: they serve nothing until they have"
                    );
                }
            }
            Step::Recover if !self.recover().await? => return Ok(Went::Wait(TRIED_AGAIN)),
            Step::Fence => {
                self.keys().fence_turn(turn.clone(), self.now()).await?;
                return Ok(Went::On);
            }
            Step::Organisations if self.turn_organisations(turn).await? => return Ok(Went::On),
            Step::Rewrap if self.rewrap(turn, held).await? => return Ok(Went::On),
            Step::Verify => self.verify_keys(turn, held).await?,
            Step::BackUp if !self.back_up_for_turn().await? => return Ok(Went::Wait(TRIED_AGAIN)),
            Step::Destroy if turn.is_frozen(self.now()) => return Ok(Went::Wait(TRIED_AGAIN)),
            Step::Destroy => {
                self.keys().condemn_epoch(turn.clone(), self.now()).await?;
                return Ok(Went::On);
            }
            Step::Tell => {
                self.destroy_condemned().await?;
                self.destroy_at_places().await?;
                let nodes = self.keys().nodes().await?;
                let running: Vec<String> = self.others(&nodes).map(|node| format!("node:{}", node.node)).collect();
                let left = self.keys().copies_left().await?;
                let is_awaited = left.iter().any(|copy| running.contains(&copy.holder));
                if is_awaited && !self.is_past(turn.step_at, DESTROYED_WITHIN) {
                    return Ok(Went::Wait(Duration::from_secs(1)));
                }
            }
            _ => {}
        }
        self.keys().advance_turn(turn.clone(), self.now()).await?;
        Ok(Went::On)
    }

    /// Makes the new key where it is this node's to make; otherwise whoever has it hands it over. Nothing where it is here then.
    async fn make_key(&self, turn: &Turn) -> Result<Option<Went>> {
        let epoch = self.keys().epochs(turn.to).await?.into_iter().next().ok_or(Error::Internal)?;
        // What was made, but is in no file here, was lost with a disk: it is not made a second time.
        if turn.step == Step::Make && epoch.made_by == self.epochs.node() {
            self.note_copy(turn.to).await?;
            self.epochs.keys.make(turn.to).map_err(secrets_error)?;
            return Ok(None);
        }
        // Before the fence nothing hangs on it.
        if turn.step <= Step::Fence && self.is_past(turn.step_at, HAND_OVER) {
            tracing::warn!(epoch = turn.to, "nobody hands the new epoch's key over: the turn begins anew");
            self.keys().abandon_turn(turn.clone(), self.now()).await?;
            return Ok(Some(Went::Over));
        }
        Ok(Some(Went::Wait(Duration::from_secs(5))))
    }

    /// The turn is through. Tells of it once, then goes on with places that were away, until the next one is due.
    async fn turned(&self, held: &Held<'_>, turn: &Turn) -> Result<()> {
        let now = self.now();
        let is_asked = turn.asked_at.is_some_and(|asked| asked > turn.begun_at);
        let next = if is_asked { now } else { turn.begun_at.min(now).plus(TURN_EVERY).max(now) };
        let left = self.keys().copies_left().await?;
        if held.job.step != told(turn) {
            self.wake_settled().await?;
            let organisations = self.store.organisations().await?.into_iter().map(|found| found.id).collect();
            let left = left.into_iter().map(|copy| copy.holder).collect();
            let told = told(turn);
            self.store.audited(self.by_house()).epoch_turned(&held.job, turn, left, organisations, told).await?;
            return Ok(());
        }
        // Whoever comes back gets rid of old keys first.
        let is_all = self.destroy_at_places().await?;
        if is_all || next <= now {
            return Ok(self.store.advance_job(&held.job, 0, next).await?);
        }
        self.put_off(held, told(turn), TRIED_AGAIN).await
    }
}
