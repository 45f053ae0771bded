//! Deletions as they are shown, and what stands in the place of what went.

use std::collections::BTreeSet;

use domain::erasure::State;
use domain::limits::PAGE_MOST;
use domain::{Capability, ErasureId, Level, Principal, PublicId, Reach};
use store::erasure::Erasure;
use store::stub::Stub;

use crate::{App, Error, Result};

/// A deletion, and which places it waits for.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The deletion.
    pub erasure: Erasure,
    /// Places and nodes that have not answered yet.
    pub pending: Vec<String>,
}

/// Pages of grey rows that are looked through for those that somebody may see.
const STUB_PAGES: usize = 20;

/// What deletions wait for outside the running system.
pub struct Pending {
    /// Up to which number of the journal each place is, by the name that a holder of keys has.
    journal: Vec<(String, i64)>,
    /// Who still holds the key of which epoch.
    copies: Vec<(String, i64)>,
    /// Up to which epoch nobody holds any.
    settled: i64,
}

impl Pending {
    /// Whom one deletion waits for, by name.
    fn of(&self, erasure: &Erasure) -> Vec<String> {
        let mut names = BTreeSet::new();
        if erasure.done_at.is_some() {
            return Vec::new();
        }
        if let Some(number) = erasure.journal_number {
            names.extend(self.journal.iter().filter(|(_, upto)| *upto < number).map(|(place, _)| place.clone()));
        }
        if let Some(epoch) = erasure.epoch.filter(|epoch| *epoch > self.settled) {
            names.extend(self.copies.iter().filter(|(_, held)| *held <= epoch).map(|(holder, _)| holder.clone()));
        }
        names.into_iter().collect()
    }
}

impl App {
    async fn pending(&self) -> Result<Pending> {
        let reached = self.journal_reached().await?.places;
        let journal = reached.into_iter().map(|reached| (reached.place, reached.upto)).collect();
        let copies = self.keyring.store().copies_left().await?;
        let copies = copies.into_iter().map(|copy| (self.holder_named(&copy.holder), copy.epoch)).collect();
        Ok(Pending { journal, copies, settled: self.keyring.store().settled_epoch().await? })
    }

    /// A page of deletions, newest first. Whoever does not reach everything sees those that they asked for.
    ///
    /// # Errors
    /// [`Error::Forbidden`], those of the store.
    pub async fn erasures(
        &self,
        principal: Principal,
        before: ErasureId,
        state: Option<State>,
        most: i64,
    ) -> Result<Vec<Listed>> {
        let access = principal.require(Capability::Erasing, Level::Read)?;
        let organisation = principal.organisation;
        let by = (access.reach != Reach::All).then_some(principal.operator);
        let found = self.store.erasures(organisation, before, state, by, most.clamp(1, PAGE_MOST)).await?;
        let pending = self.pending().await?;
        Ok(found.into_iter().map(|erasure| Listed { pending: pending.of(&erasure), erasure }).collect())
    }

    /// One deletion.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn erasure(&self, principal: Principal, name: PublicId) -> Result<Listed> {
        let access = principal.require(Capability::Erasing, Level::Read)?;
        let erasure = self.store.erasure_named(principal.organisation, name).await?;
        if access.reach != Reach::All && erasure.requested_by != Some(principal.operator) {
            return Err(Error::Forbidden);
        }
        Ok(Listed { pending: self.pending().await?.of(&erasure), erasure })
    }

    /// One deletion, for whoever has just taken it back: also where somebody else had asked for it.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn erasure_whoever_asks(&self, principal: Principal, name: PublicId) -> Result<Listed> {
        principal.require(Capability::Erasing, Level::Write)?;
        let erasure = self.store.erasure_named(principal.organisation, name).await?;
        Ok(Listed { pending: self.pending().await?.of(&erasure), erasure })
    }

    /// What stands in the place of conversations that went, newest first, for whoever could have read them.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn stubs(&self, principal: Principal) -> Result<Vec<Stub>> {
        let access = principal.require(Capability::Conversations, Level::Read)?;
        let (mut stubs, mut before) = (Vec::new(), i64::MAX);
        for _ in 0..STUB_PAGES {
            let page = self.store.stubs(principal.organisation, before, PAGE_MOST).await?;
            let Some(last) = page.last() else { break };
            before = last.position;
            stubs.extend(page.into_iter().filter(|stub| access.reaches(principal.operator, stub.hands)));
            if stubs.len() as i64 >= PAGE_MOST {
                break;
            }
        }
        stubs.truncate(usize::try_from(PAGE_MOST).unwrap_or(usize::MAX));
        Ok(stubs)
    }
}
