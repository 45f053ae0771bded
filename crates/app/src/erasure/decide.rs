//! Takes a deletion back, lets it go on, or makes it final at once.

use std::sync::Arc;

use domain::audit::Origin;
use domain::{Capability, Level, Principal, PublicId, Role};

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

    /// Lets a deletion go on that was held up because it is implausibly large: somebody else than who asked for it, or who set
    /// the rule that did, who reaches everything that may be in it; or the owner a day later. No program: four eyes are people's.
    ///
    /// # Errors
    /// [`crate::Error::Forbidden`], [`crate::Error::NotFound`]; [`crate::Error::Conflict`] for one's own, and for one that is
    /// not held up.
    pub async fn release_erasure(&self, principal: Principal, name: PublicId) -> Result<()> {
        let access = principal.require(Capability::Erasing, Level::Write)?;
        if access.reach != domain::Reach::All || principal.origin == Origin::Program {
            return Err(crate::Error::Forbidden);
        }
        let by = (principal.operator, principal.role == Role::Owner);
        let store = self.store.audited(self.by(principal));
        Ok(store.release_erasure(principal.organisation, name, by, self.now()).await?)
    }

    /// Ends the time in which a deletion can be taken back: somebody wants their data gone now. No program does: what one
    /// deletes can be had back.
    ///
    /// # Errors
    /// [`crate::Error::Forbidden`], [`crate::Error::NotFound`]; [`crate::Error::Conflict`] where it does not wait for its time,
    /// and for one's own where so much was deleted within a day that somebody else must.
    pub async fn hasten_erasure(&self, principal: Principal, name: PublicId) -> Result<()> {
        principal.require(Capability::Privacy, Level::Write)?;
        principal.require(Capability::Erasing, Level::Read)?;
        if principal.origin == Origin::Program {
            return Err(crate::Error::Forbidden);
        }
        let store = self.store.audited(self.by(principal));
        Ok(store.hasten_erasure(principal.organisation, name, principal.operator, self.now()).await?)
    }
}
