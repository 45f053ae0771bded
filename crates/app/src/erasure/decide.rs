//! Takes a deletion back, lets it go on, or makes it final at once.

use std::sync::Arc;

use domain::{Capability, Level, Principal, PublicId};

use crate::{App, Result};

impl App {
    /// Takes a deletion back while that is possible.
    ///
    /// # Errors
    /// [`crate::Error::Forbidden`] for whoever neither asked for it nor reaches all of it; [`crate::Error::NotFound`];
    /// [`crate::Error::Conflict`] where it is too late.
    pub async fn undo_erasure(self: &Arc<Self>, principal: Principal, name: PublicId) -> Result<()> {
        let access = principal.require(Capability::Erasing, Level::Write)?;
        let (by, now) = ((principal.operator, access), self.now());
        let times = (now, now.plus(self.options.end_idle_after));
        let store = self.store.audited(self.by(principal));
        Ok(store.undo_erasure(principal.organisation, name, by, times, self.forgetting()).await?)
    }

    /// Lets a deletion go on that was held up because it is implausibly large: somebody else than who asked for it, who reaches
    /// everything that may be in it.
    ///
    /// # Errors
    /// [`crate::Error::Forbidden`], [`crate::Error::NotFound`]; [`crate::Error::Conflict`] for one's own, and for one that is
    /// not held up.
    pub async fn release_erasure(&self, principal: Principal, name: PublicId) -> Result<()> {
        let access = principal.require(Capability::Erasing, Level::Write)?;
        if access.reach != domain::Reach::All {
            return Err(crate::Error::Forbidden);
        }
        let store = self.store.audited(self.by(principal));
        Ok(store.release_erasure(principal.organisation, name, principal.operator, self.now()).await?)
    }

    /// Ends the time in which a deletion can be taken back: somebody wants their data gone now.
    ///
    /// # Errors
    /// [`crate::Error::Forbidden`], [`crate::Error::NotFound`]; [`crate::Error::Conflict`] where it does not wait for its time.
    pub async fn hasten_erasure(&self, principal: Principal, name: PublicId) -> Result<()> {
        principal.require(Capability::Privacy, Level::Write)?;
        let store = self.store.audited(self.by(principal));
        Ok(store.hasten_erasure(principal.organisation, name, self.now()).await?)
    }
}
