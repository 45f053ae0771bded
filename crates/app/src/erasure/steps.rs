//! How a deletion is done (law L8): the ordered list, and nothing else. Each step can be repeated, and ends by noting in one
//! transaction what it did and that it is done; what is not in this database is done before that is noted, and a repetition
//! finds it done. Whatever is stored later, such as search terms and files, adds its step here.

use std::time::Duration;

use domain::limits::{JOURNAL_WITHIN, LEASE};
use domain::{ErasureId, KeyId, Timestamp};
use privacy::receipt::commitment;
use store::erasure::{Erasure, Item, ItemKind};
use store::job::Claimed;
use store::journal;

use crate::{App, Error, Result};
use std::sync::Arc;

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It cannot be taken back any more, and nothing holds it.
    Settle,
    /// A part goes: the rest gets another key.
    Rekey,
    /// The rest is sealed with that.
    Reseal,
    /// It is written down, here and at the places, so that no restored backup brings it back.
    Journal,
    /// The places have that, or it is waited for no longer.
    Offer,
    /// The keys go.
    Shred,
    /// No node has them at hand any more.
    Outlive,
    /// The rows go.
    Purge,
    /// Everybody is told.
    Forget,
    /// All places have it in their journal.
    Placed,
    /// The key is destroyed under which copies of the keys still lie in backups, logs and free pages.
    Turned,
    /// The final receipt is signed.
    Receipt,
}

/// In this order.
pub(super) const STEPS: [Step; 12] = [
    Step::Settle,
    Step::Rekey,
    Step::Reseal,
    Step::Journal,
    Step::Offer,
    Step::Shred,
    Step::Outlive,
    Step::Purge,
    Step::Forget,
    Step::Placed,
    Step::Turned,
    Step::Receipt,
];

/// More than any lease lasts, and any reading that was under way: whoever read a key just before keeps it from then.
pub(super) const OUTLIVES: Duration = Duration::from_secs(LEASE.as_secs() + 15);
/// How often it is looked how far the places are before keys go, and afterwards. Whoever brings it there wakes those who wait.
const LOOK_SOON: Duration = Duration::from_secs(5);
const LOOK_LATER: Duration = Duration::from_secs(600);
/// How often it is looked whether the epoch has turned.
const LOOK_AGAIN: Duration = Duration::from_secs(600);

impl App {
    /// One step of a deletion.
    pub(crate) async fn erase(self: &Arc<Self>, job: Claimed) -> Result<()> {
        let now = self.now();
        let step = usize::try_from(job.step).ok().and_then(|step| STEPS.get(step)).copied();
        let step = step.ok_or_else(|| {
            tracing::error!(step = job.step, "a deletion is at a step that this program does not know");
            Error::Internal
        })?;
        if step == Step::Settle {
            self.store.settle_erasure(job, now).await?;
            return Ok(());
        }
        let (erasure, items) = self.store.erasure(job.organisation, ErasureId(job.subject)).await?;
        let part = items.first().filter(|item| item.kind != ItemKind::Conversation);
        match (step, part) {
            (Step::Rekey, Some(item)) => self.rekey(job, &erasure, item, now).await,
            (Step::Reseal, Some(item)) => self.reseal(job, item, now).await,
            (Step::Settle | Step::Rekey | Step::Reseal, _) => self.go_on(&job, now).await,
            (Step::Journal, _) => {
                let entry = self.journal_entry(&erasure, &items).await?;
                self.store.note_journalled(job, entry, now).await?;
                Ok(())
            }
            (Step::Offer, _) => self.offer(job, &erasure, now).await,
            (Step::Shred, _) => self.shred_keys(job, &erasure, &items).await,
            // Counted from when it was noted, on this node's clock and by the database's time.
            (Step::Outlive, _) => match erasure.shredded_at.map(|at| at.plus(OUTLIVES)) {
                Some(until) if until > now => Ok(self.store.advance_job(&job, job.step, until).await?),
                _ => self.go_on(&job, now).await,
            },
            (Step::Purge, _) => {
                self.store.purge_erased(job, now).await?;
                Ok(())
            }
            (Step::Forget, _) => {
                let store = self.store.audited(self.by_house());
                Ok(store.note_destroyed(job, now, self.forgetting()).await?)
            }
            (Step::Placed, _) => self.placed(job, &erasure, now).await,
            (Step::Turned, _) => self.epoch_over(job, &erasure, now).await,
            (Step::Receipt, _) => {
                let receipt = self.final_receipt(&erasure).await?;
                Ok(self.store.end_erasure(job, erasure.journal_number, receipt.to_text(), now).await?)
            }
        }
    }

    pub(super) async fn go_on(&self, job: &Claimed, now: Timestamp) -> Result<()> {
        Ok(self.store.advance_job(job, job.step + 1, now).await?)
    }

    async fn journal_entry(&self, erasure: &Erasure, items: &[Item]) -> Result<journal::Entry> {
        let organisation = (erasure.organisation, self.organisation_name(erasure.organisation).await?);
        let mut conversations: Vec<_> =
            items.iter().filter(|item| item.kind == ItemKind::Conversation).map(|item| item.name).collect();
        conversations.dedup();
        let entries = items.iter().filter_map(|item| Some((item.name, item.sequence?))).collect();
        Ok(journal::Entry {
            organisation,
            at: self.now(),
            erasure: erasure.name,
            what: erasure.what,
            conversations,
            entries,
            keys: keys(items),
        })
    }

    /// Waits a minute at most: what the places lack is named until they have it, but nobody who wants something gone waits for a
    /// place that is away. No place is asked here: one that hangs would hold up whoever stands behind.
    pub(super) async fn offer(&self, job: Claimed, erasure: &Erasure, now: Timestamp) -> Result<()> {
        let number = erasure.journal_number.ok_or(Error::Internal)?;
        if self.journal_reached().await?.is_everywhere(number) {
            return self.go_on(&job, now).await;
        }
        let waited_since = self.store.journal_time(number).await?.unwrap_or(now);
        let until = waited_since.plus(JOURNAL_WITHIN);
        if now >= until {
            return self.go_on(&job, now).await;
        }
        Ok(self.store.advance_job(&job, job.step, until.min(now.plus(LOOK_SOON))).await?)
    }

    async fn shred_keys(&self, job: Claimed, erasure: &Erasure, items: &[Item]) -> Result<()> {
        let keys = keys(items);
        let epoch = self.keyring.shred(job.organisation, &keys).await?;
        for portion in keys.chunks(500) {
            self.bus.tell_others(&bus::Notice::Shred(portion.to_vec()));
        }
        let salt =
            self.store.erasure_evidence(erasure.organisation, erasure.id, self.now()).await?.salt.unwrap_or_default();
        let numbers: Vec<i64> = keys.iter().map(|key| key.0).collect();
        // When it was done, and not when it began: whatever waits for the keys to be nowhere at hand counts from here.
        Ok(self.store.note_shredded(job, epoch, commitment(&salt, &numbers), self.now()).await?)
    }

    pub(super) async fn placed(&self, job: Claimed, erasure: &Erasure, now: Timestamp) -> Result<()> {
        let number = erasure.journal_number.ok_or(Error::Internal)?;
        if self.journal_reached().await?.is_everywhere(number) {
            return Ok(self.store.note_placed(job, now).await?);
        }
        Ok(self.store.advance_job(&job, job.step, now.plus(LOOK_LATER)).await?)
    }

    pub(super) async fn epoch_over(&self, job: Claimed, erasure: &Erasure, now: Timestamp) -> Result<()> {
        if erasure.epoch.ok_or(Error::Internal)? <= self.keyring.store().settled_epoch().await? {
            return self.go_on(&job, now).await;
        }
        Ok(self.store.advance_job(&job, job.step, now.plus(LOOK_AGAIN)).await?)
    }
}

/// The keys that go, ascending.
pub(super) fn keys(items: &[Item]) -> Vec<KeyId> {
    let mut keys: Vec<KeyId> = items.iter().filter_map(|item| item.key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}
