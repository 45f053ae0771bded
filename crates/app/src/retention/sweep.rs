//! The sweep: a durable process (law L8) for each organisation with rules. Every ten minutes it looks for what is over and has
//! it deleted, in portions, each in one deletion of its own. What it has not come to is found again.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::erasure::is_large_part;
use domain::limits::{BRAKE_LEAST, BRAKE_WAIT, ERASED_AT_ONCE};
use domain::{ConversationId, Timestamp};
use store::job::Claimed;
use store::retention::{SetRule, Spoken};

use crate::{App, Result};

const EVERY: Duration = Duration::from_secs(600);
/// Portions between which others of the same lane come.
const PORTIONS: usize = 10;
/// Conversations that are looked through at once, and how many times that is done every ten minutes.
const FILED_PAGE: i64 = 2_000;
const FILED_AT_ONCE: usize = 10;
/// How long it can be seen that something was held.
const HOLDS_KEPT: Duration = Duration::from_secs(365 * 24 * 3600);
/// A sweep that comes this late was not late by itself: the machine was off, or its clock is wrong.
const JUMP: Duration = Duration::from_secs(24 * 3600);

/// How far a sweep is: what was judged plausible at its beginning is so until its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Begin = 0,
    GoOn = 1,
}

impl App {
    /// Sees to it that every sweep comes, and forgets holds that ended a year ago.
    pub(crate) async fn tidy_retention(&self) -> Result<()> {
        let now = self.now();
        self.store.wake_retention(now, now.plus(EVERY)).await?;
        self.file_ended().await?;
        Ok(self.store.delete_ended_holds(now.minus(HOLDS_KEPT)).await?)
    }

    /// Looks through some of all conversations, and goes on there the next time: what nobody filed is filed within days.
    async fn file_ended(&self) -> Result<()> {
        let mut after = ConversationId(self.filed.load(Ordering::Relaxed));
        for _ in 0..FILED_AT_ONCE {
            let (wrong, last) = self.store.file_ended(after, FILED_PAGE).await?;
            if wrong > 0 {
                tracing::info!(wrong, "conversations were filed by how long they are kept");
            }
            after = last.unwrap_or(ConversationId(0));
            self.filed.store(after.0, Ordering::Relaxed);
            if last.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// One step of the sweep.
    pub(crate) async fn retain(self: &Arc<Self>, job: Claimed) -> Result<()> {
        let (organisation, now) = (job.organisation, self.now());
        let set = self.store.retention_rules(organisation).await?;
        let rules: Vec<_> = set.iter().map(|one| one.rule).collect();
        let most = PORTIONS * ERASED_AT_ONCE;
        let mut over: Vec<Spoken> = Vec::new();
        self.each_ended(organisation, &rules, now, |spoken, _| {
            over.push(spoken);
            if over.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
        .await?;
        let braked = self.is_braked(&job, &set, over.len(), now).await?;
        // One that must not be deleted yet goes by itself: it would hold the others up.
        let (held, free): (Vec<_>, Vec<_>) = over.iter().partition(|spoken| spoken.held_until.is_some());
        let ids = |portion: &[Spoken]| portion.iter().map(|spoken| spoken.id).collect::<Vec<ConversationId>>();
        for portion in free.chunks(ERASED_AT_ONCE).chain(held.chunks(1)) {
            self.erase_kept(organisation, ids(portion), braked).await?;
        }
        let (step, at) = if over.len() < most { (Step::Begin, now.plus(EVERY)) } else { (Step::GoOn, now) };
        Ok(self.store.advance_job(&job, step as i64, at).await?)
    }

    /// Whether it waits for somebody, as what operators delete does where it is implausible.
    async fn is_braked(&self, job: &Claimed, set: &[SetRule], over: usize, now: Timestamp) -> Result<bool> {
        let organisation = job.organisation;
        // As long as nobody has looked at what was held up, nothing goes on beside it.
        if over > 0 && self.store.is_sweep_braked(organisation, now.minus(BRAKE_WAIT), now).await? {
            return Ok(true);
        }
        if job.step == Step::GoOn as i64 {
            return Ok(false);
        }
        if over > 0 && now > job.run_at.plus(JUMP) {
            tracing::warn!(%organisation, "a sweep comes more than a day late: what it deletes waits for somebody");
            return Ok(true);
        }
        // Whoever sets a rule has seen what it deletes; nobody else has. So much at once waits for somebody else, or for a day. A
        // rule that was set step by step is judged by all of its steps.
        let is_new = self.store.rules_changed_since(organisation, now.minus(BRAKE_WAIT)).await?;
        let lately = if is_new { self.store.swept_since(organisation, now.minus(BRAKE_WAIT)).await? } else { 0 };
        if lately + (over as i64) < BRAKE_LEAST {
            return Ok(false);
        }
        let rules: Vec<_> = set.iter().map(|one| one.rule).collect();
        let look = self.look(organisation, &rules, None, now).await?;
        let left = self.store.count_conversations(organisation).await?;
        let is_flood = is_large_part(lately + look.conversations, lately + left);
        if is_flood {
            tracing::warn!(%organisation, conversations = look.conversations, "a sweep deletes implausibly much: it waits");
        }
        Ok(is_flood)
    }
}
