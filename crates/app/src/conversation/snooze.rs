//! Puts a conversation off, and brings it back at its time.

use domain::limits::SNOOZE_LONGEST;
use domain::{Capability, Level, Principal, PublicId, Timestamp};
use store::job::Claimed;

use crate::{App, Error, Result};

impl App {
    /// Puts a conversation off until a moment, or (`None`) takes it up again before its time.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`] for a moment that is past or too far ahead,
    /// [`Error::Conflict`] for a conversation that is over.
    pub async fn snooze(&self, principal: Principal, name: PublicId, until: Option<Timestamp>) -> Result<()> {
        let access = principal.require(Capability::Conversations, Level::Write)?;
        let found = self.store.conversation_named(principal.organisation, name).await?;
        let now = self.now();
        if until.is_some_and(|until| until <= now || until > now.plus(SNOOZE_LONGEST)) {
            let detail = "must be a moment to come, within a year".to_owned();
            return Err(Error::Invalid { field: "until", detail });
        }
        self.store.snooze(principal.organisation, found.id, (principal.operator, access), until, now).await.map_err(
            |error| match error {
                store::Error::Conflict(_) => Error::Conflict("the conversation is over: take it up again first"),
                other => other.into(),
            },
        )?;
        Ok(())
    }

    /// The durable process behind it (law L8): one step.
    pub(crate) async fn return_snoozed(&self, job: Claimed) -> Result<()> {
        self.store.return_if_due(job, self.now()).await?;
        Ok(())
    }
}
