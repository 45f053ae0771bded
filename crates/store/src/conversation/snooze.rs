//! Puts conversations off, and brings them back at their time (law L8): the moment and the job that waits for it are written
//! in one transaction, and so are what the job does and its end. A worker that dies between claiming and doing leaves both for
//! the next.

use domain::conversation::{Author, Change, Event, State};
use domain::{Access, ConversationId, OperatorId, OrganisationId, Timestamp};

use super::happen::happen;
use super::locked;
use crate::{Error, Result, Store, job};

impl Store {
    /// Puts a conversation off until a moment, or takes it up again before its time; nothing happens where it is so already.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::OutOfReach`] where `by` may not touch it, [`Error::Conflict`] where it is over.
    pub async fn snooze(
        &self,
        organisation: OrganisationId,
        id: ConversationId,
        by: (OperatorId, Access),
        until: Option<Timestamp>,
        at: Timestamp,
    ) -> Result<Option<Change>> {
        let listener = self.listener.clone();
        self.data
            .write_then(
                move |connection| {
                    Box::pin(async move {
                        let found = locked(connection, organisation, id, Some(by)).await?;
                        if found.progress.snoozed_until == until {
                            return Ok(None);
                        }
                        if found.progress.state == State::Ended {
                            return Err(Error::Conflict("the conversation is over"));
                        }
                        if let Some(until) = until {
                            job::reschedule(connection, organisation, job::Kind::Return, id.0, until, at).await?;
                        }
                        happen(connection, found.progress, found, Author::Operator(by.0), &[Event::Snoozed(until)], at)
                            .await
                            .map(Some)
                    })
                },
                move |change: &Option<Change>| change.iter().for_each(|change| listener.tell(change)),
            )
            .await
    }

    /// Brings back a conversation whose time has come; the outcome of its job either way.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn return_if_due(&self, claimed: job::Claimed, at: Timestamp) -> Result<Option<Change>> {
        let listener = self.listener.clone();
        self.data
            .write_then(
                move |connection| {
                    Box::pin(async move {
                        let id = ConversationId(claimed.subject);
                        let found = match locked(connection, claimed.organisation, id, None).await {
                            Err(Error::NotFound) => None,
                            found => Some(found?),
                        };
                        // Ended, written in, or taken up by hand meanwhile: there is nothing left to wait for.
                        let waits = found.and_then(|found| Some((found.progress.snoozed_until?, found)));
                        let Some((until, found)) = waits else {
                            job::finish(connection, &claimed).await?;
                            return Ok(None);
                        };
                        if until > at {
                            job::postpone(connection, &claimed, until).await?;
                            return Ok(None);
                        }
                        let change =
                            happen(connection, found.progress, found, Author::System, &[Event::Returned], at).await?;
                        job::finish(connection, &claimed).await?;
                        Ok(Some(change))
                    })
                },
                move |change: &Option<Change>| change.iter().for_each(|change| listener.tell(change)),
            )
            .await
    }
}
