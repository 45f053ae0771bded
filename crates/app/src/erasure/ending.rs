//! How an organisation ends (law L8): the ordered list. What is still to be seen is hidden first, by deletions like any other,
//! so that everybody who looks at it is told; once nothing of it must be kept, everybody is shut out, and then all its keys and
//! all its rows go, whether or not those deletions came to their ends.

use std::sync::Arc;
use std::time::Duration;

use domain::erasure::Cause;
use domain::limits::ERASED_AT_ONCE;
use domain::{ErasureId, OrganisationId};
use privacy::receipt::commitment;
use store::erasure::Erasure;
use store::erasure::closing::Shown;
use store::job::Claimed;
use store::journal;

use super::steps::OUTLIVES;
use crate::{App, Error, Result};

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Its day has come.
    Settle,
    /// What is visible is hidden.
    Hide,
    /// Nothing must be kept any more: everybody is shut out.
    Shut,
    /// No node has anybody's session or anything to seal with at hand any more.
    Leave,
    /// It is written down, here and at the places, so that no restored backup brings it back.
    Journal,
    /// The places have that, or it is waited for no longer.
    Offer,
    /// Which keys go is bound for the receipt.
    Count,
    /// All keys go, those of the organisation itself last.
    Shred,
    /// No node has them at hand any more.
    Outlive,
    /// All rows go.
    Purge,
    /// All places have it in their journal.
    Placed,
    /// The key is destroyed under which copies of the keys still lie in backups, logs and free pages.
    Turned,
    /// The final receipt is signed.
    Receipt,
}

/// In this order.
const STEPS: [Step; 13] = [
    Step::Settle,
    Step::Hide,
    Step::Shut,
    Step::Leave,
    Step::Journal,
    Step::Offer,
    Step::Count,
    Step::Shred,
    Step::Outlive,
    Step::Purge,
    Step::Placed,
    Step::Turned,
    Step::Receipt,
];

/// Portions between which others of the same lane come, each far within the job's lease.
const PORTIONS: usize = 20;
/// How long it is waited for those who were shut out: sockets ask for their session every two seconds.
const LEAVES: Duration = Duration::from_secs(5);
/// How often keys are deleted again where the epoch turned in that very moment.
const TRIES: usize = 3;

impl App {
    /// One step of it.
    pub(crate) async fn end_organisation(self: &Arc<Self>, job: Claimed) -> Result<()> {
        let now = self.now();
        let step = usize::try_from(job.step).ok().and_then(|step| STEPS.get(step)).copied();
        let step = step.ok_or_else(|| {
            tracing::error!(step = job.step, "the end of an organisation is at a step that this program does not know");
            Error::Internal
        })?;
        match step {
            Step::Settle => return Ok(self.store.settle_closing(job, now).await.map(drop)?),
            Step::Hide => return self.hide_all(job).await,
            Step::Shut => return Ok(self.store.shut(job, now).await.map(drop)?),
            Step::Leave => return Ok(self.store.advance_job(&job, job.step + 1, now.plus(LEAVES)).await?),
            Step::Count => return self.count_keys(job).await,
            Step::Purge => return self.purge_all(job).await,
            _ => {}
        }
        let (erasure, _) = self.store.erasure(job.organisation, ErasureId(job.subject)).await?;
        match step {
            Step::Journal => {
                let entry = self.end_entry(&erasure).await?;
                self.store.note_journalled(job, entry, now).await?;
                Ok(())
            }
            Step::Offer => self.offer(job, &erasure, now).await,
            Step::Shred => self.shred_all(job, &erasure).await,
            Step::Outlive => match erasure.shredded_at.map(|at| at.plus(OUTLIVES)) {
                Some(until) if until > now => Ok(self.store.advance_job(&job, job.step, until).await?),
                _ => self.go_on(&job, now).await,
            },
            Step::Placed => self.placed(job, &erasure, now).await,
            Step::Turned => self.epoch_over(job, &erasure, now).await,
            _ => {
                let receipt = self.final_receipt(&erasure).await?;
                Ok(self.store.end_erasure(job, erasure.journal_number, receipt.to_text(), now).await?)
            }
        }
    }

    /// Hides a few portions. What must not be deleted yet goes by itself: it would hold the others up.
    async fn hide_all(self: &Arc<Self>, job: Claimed) -> Result<()> {
        let organisation = job.organisation;
        for _ in 0..PORTIONS {
            let now = self.now();
            let shown = self.store.shown(organisation, now, ERASED_AT_ONCE as i64).await?;
            if shown.is_empty() {
                return self.go_on(&job, now).await;
            }
            let (held, free): (Vec<Shown>, Vec<Shown>) = shown.into_iter().partition(|one| one.is_held);
            for portion in std::iter::once(free.as_slice()).chain(held.chunks(1)).filter(|portion| !portion.is_empty())
            {
                let ids = portion.iter().map(|one| one.id).collect();
                self.erase_unasked(organisation, Cause::Closing, ids, false).await?;
            }
        }
        Ok(self.store.advance_job(&job, job.step, self.now()).await?)
    }

    /// No conversation and no key by name: all of them, whatever a restored backup has of them.
    async fn end_entry(&self, erasure: &Erasure) -> Result<journal::Entry> {
        let evidence = self.store.erasure_evidence(erasure.organisation, erasure.id, self.now()).await?;
        Ok(journal::Entry {
            organisation: (erasure.organisation, evidence.organisation.ok_or(Error::Internal)?),
            at: self.now(),
            erasure: erasure.name,
            what: erasure.what,
            conversations: Vec::new(),
            entries: Vec::new(),
            keys: Vec::new(),
        })
    }

    /// Before the first one goes: whoever goes on after a kill finds fewer.
    async fn count_keys(&self, job: Claimed) -> Result<()> {
        let keys = self.keyring.store().keys_of_organisation(job.organisation).await?;
        let evidence = self.store.erasure_evidence(job.organisation, ErasureId(job.subject), self.now()).await?;
        let numbers: Vec<i64> = keys.iter().map(|key| key.0).collect();
        let bound = commitment(&evidence.salt.unwrap_or_default(), &numbers);
        Ok(self.store.note_counted(job, numbers.len() as i64, bound, self.now()).await?)
    }

    async fn shred_all(&self, job: Claimed, erasure: &Erasure) -> Result<()> {
        let evidence = self.store.erasure_evidence(erasure.organisation, erasure.id, self.now()).await?;
        for _ in 0..PORTIONS {
            let (is_all, epoch) = self.shred_portion(job.organisation).await?;
            if is_all {
                self.keyring.forget_organisation(job.organisation);
                let bound = evidence.commitment.unwrap_or_default();
                return Ok(self.store.note_shredded(job, epoch, bound, self.now()).await?);
            }
        }
        Ok(self.store.advance_job(&job, job.step, self.now()).await?)
    }

    async fn purge_all(&self, job: Claimed) -> Result<()> {
        let widgets = self.store.widgets(job.organisation).await?;
        self.store.purge_organisation(job, self.now()).await?;
        widgets.iter().for_each(|widget| self.forget_widget(widget));
        Ok(())
    }

    async fn shred_portion(&self, organisation: OrganisationId) -> Result<(bool, i64)> {
        for _ in 0..TRIES {
            match self.keyring.store().delete_organisation_keys(organisation).await {
                // The epoch turned, or somebody made a key in this very moment.
                Err(store::Error::Fence | store::Error::Conflict(_)) => {}
                deleted => return Ok(deleted?),
            }
        }
        Err(Error::Unavailable)
    }
}
