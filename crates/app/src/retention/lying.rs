//! Deletions that should be through and are not. What is hidden already counts no more among what is past its rule: it counts
//! here.

use std::time::Duration;

use domain::OrganisationId;

use crate::{App, Result};

/// A deletion waits a minute for its places, and as long as leases last: one that takes longer than this lies.
const LYING: Duration = Duration::from_secs(15 * 60);

/// How the deletions stand that are under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lying {
    /// For how long the keys of the one should have been destroyed that waits longest, where that is longer than it takes.
    /// Those that somebody holds up, or that must not be destroyed yet, are not meant.
    pub unshredded: Duration,
    /// How many are held up until somebody lets them go on, because they are implausibly large.
    pub braked: i64,
}

impl App {
    /// How the deletions of an organisation stand.
    pub(super) async fn lying(&self, organisation: OrganisationId) -> Result<Lying> {
        let open = self.store.open_erasures(organisation).await?;
        let late = open.oldest_at.map_or(0, |oldest| (self.now().0 - oldest.0).max(0));
        let late = Duration::from_micros(late.unsigned_abs());
        Ok(Lying { unshredded: if late < LYING { Duration::ZERO } else { late }, braked: open.braked })
    }

    /// The same of the whole installation, for whoever runs it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn lying_everywhere(&self) -> Result<Lying> {
        let mut all = Lying::default();
        for organisation in self.store.organisations().await? {
            let lying = self.lying(organisation.id).await?;
            all.unshredded = all.unshredded.max(lying.unshredded);
            all.braked += lying.braked;
        }
        Ok(all)
    }
}
