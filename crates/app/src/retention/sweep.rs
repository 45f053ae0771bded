//! The sweep: a durable process (law L8) for each organisation with rules. Every ten minutes it looks for what is over and has
//! it deleted, in portions, each in one deletion of its own. What it has not come to is found again.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use domain::limits::{BRAKE_FROM, BRAKE_SHARE, BRAKE_WAIT, ERASED_AT_ONCE};
use domain::{ConversationId, OrganisationId, Timestamp};
use store::job::Claimed;
use store::retention::{SetRule, Spoken};

use crate::{App, Result};

const EVERY: Duration = Duration::from_secs(600);
/// Portions between which others of the same lane come.
const PORTIONS: usize = 10;
/// How long it can be seen that something was held.
const HOLDS_KEPT: Duration = Duration::from_secs(365 * 24 * 3600);
/// A sweep that comes this late was not late by itself: the machine was off, or its clock is wrong.
const JUMP: Duration = Duration::from_secs(24 * 3600);

/// How far a sweep is: what was judged at its beginning holds until its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Begin = 0,
    GoOn = 1,
    GoOnBraked = 2,
}

impl App {
    /// Sees to it that every sweep comes, and forgets holds that ended a year ago.
    pub(crate) async fn tidy_retention(&self) -> Result<()> {
        let now = self.now();
        self.store.wake_retention(now, now.plus(EVERY)).await?;
        Ok(self.store.delete_ended_holds(now.minus(HOLDS_KEPT)).await?)
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
        let braked = match job.step {
            step if step == Step::GoOn as i64 => false,
            step if step == Step::GoOnBraked as i64 => true,
            _ if now > job.run_at.plus(JUMP) => {
                tracing::warn!(%organisation, "the sweep comes more than a day late: what it deletes can be taken back");
                true
            }
            _ => self.is_implausible(organisation, &set, over.len(), now).await?,
        };
        // One that must not be deleted yet goes by itself: it would hold the others up.
        let (held, free): (Vec<_>, Vec<_>) = over.iter().partition(|spoken| spoken.held_until.is_some());
        let ids = |portion: &[Spoken]| portion.iter().map(|spoken| spoken.id).collect::<Vec<ConversationId>>();
        for portion in free.chunks(ERASED_AT_ONCE).chain(held.chunks(1)) {
            self.erase_over(organisation, ids(portion), braked).await?;
        }
        let (step, at) = match (over.len() < most, braked) {
            (true, _) => (Step::Begin, now.plus(EVERY)),
            (false, false) => (Step::GoOn, now),
            (false, true) => (Step::GoOnBraked, now),
        };
        Ok(self.store.advance_job(&job, step as i64, at).await?)
    }

    /// Whether this is more than rules and the passing of time explain: then it waits for somebody, as what operators delete
    /// does. What whoever set a rule was shown, and set it nevertheless, is explained.
    async fn is_implausible(
        &self,
        organisation: OrganisationId,
        set: &[SetRule],
        over: usize,
        now: Timestamp,
    ) -> Result<bool> {
        if (over as i64) < BRAKE_FROM {
            return Ok(false);
        }
        let rules: Vec<_> = set.iter().map(|one| one.rule).collect();
        let look = self.look(organisation, &rules, None, now).await?;
        let is_new = |one: &&SetRule| now <= one.set_at.plus(BRAKE_WAIT);
        let expected: i64 = set.iter().filter(is_new).filter_map(|one| one.expects).sum();
        let all = self.store.count_conversations(organisation).await?;
        Ok(look.conversations > expected + expected / 10 && look.conversations > all / BRAKE_SHARE)
    }

    /// Has these deleted: the one door from the sweep to what deletes.
    async fn erase_over(
        self: &Arc<Self>,
        organisation: OrganisationId,
        over: Vec<ConversationId>,
        braked: bool,
    ) -> Result<()> {
        self.erase_kept(organisation, over, braked).await
    }
}
