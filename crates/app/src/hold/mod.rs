//! What must not be deleted until a day (requirement C2; Art. 18 GDPR).

use domain::erasure::HoldReason;
use domain::limits::{HOLD_LONGEST, PAGE_MOST};
use domain::{Capability, Level, Principal, PublicId, Timestamp};
use privacy::random;
use store::hold::Hold;

use crate::{App, Error, Result};

impl App {
    /// What must not be deleted yet, what may be soonest first.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn holds(&self, principal: Principal) -> Result<Vec<Hold>> {
        principal.require(Capability::Privacy, Level::Read)?;
        Ok(self.store.holds(principal.organisation, self.now(), PAGE_MOST * 5).await?)
    }

    /// Says that a conversation must not be deleted until a moment.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`] for a moment that is past or too far ahead,
    /// [`Error::Conflict`] where it is too late.
    pub async fn set_hold(
        &self,
        principal: Principal,
        conversation: PublicId,
        reason: HoldReason,
        until: Timestamp,
    ) -> Result<Hold> {
        principal.require(Capability::Privacy, Level::Write)?;
        let now = self.now();
        if until <= now || until > now.plus(HOLD_LONGEST) {
            let detail = "must be a moment to come, within eleven years".to_owned();
            return Err(Error::Invalid { field: "until", detail });
        }
        let by = self.by(principal);
        let name = random::public_id();
        Ok(self.store.audited(by).set_hold(principal.organisation, conversation, name, reason, until).await?)
    }

    /// Ends a hold before its time: what was to be deleted meanwhile is.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn end_hold(&self, principal: Principal, name: PublicId) -> Result<()> {
        principal.require(Capability::Privacy, Level::Write)?;
        Ok(self.store.audited(self.by(principal)).end_hold(principal.organisation, name).await?)
    }
}
