//! A visitor whose conversation somebody else has deleted, and who wants it gone for good: nobody takes that back any more.

use domain::audit::{Detail, Kind as Did};
use domain::erasure::{Cause, State};
use domain::{ConversationId, ErasureId, OrganisationId, Timestamp};

use super::apart::{self, Apart};
use super::{Erasure, locked};
use crate::audit::{Audited, Fact};
use crate::engine::statements;
use crate::{Error, Result, job};

statements! {
    OF_TOKEN =
        "SELECT organisation_id, conversation_id, erasure_id FROM hidden_head
        WHERE organisation_id = $1 AND token_hash = $2";
    TAKE_OVER =
        "UPDATE erasure SET cause = 'visitor', state = 'waiting', braked = 0, destroy_at = $2 WHERE erasure_id = $1";
}

impl Audited<'_> {
    /// Ends the time in which the deletion of a visitor's conversation can be taken back, for this one alone where there are
    /// more in it. One that is final already, or must not be destroyed yet, stays as it is.
    ///
    /// # Errors
    /// [`Error::NotFound`] where nothing of theirs is hidden.
    pub async fn erase_hidden(
        self,
        organisation: OrganisationId,
        token_hash: [u8; 32],
        at: Timestamp,
    ) -> Result<Erasure> {
        self.write(move |connection| {
            Box::pin(async move {
                let of_token = [organisation.into(), token_hash.into()];
                let rows = connection.query_in(organisation.into(), &OF_TOKEN, &of_token).await?;
                let row = rows.first().ok_or(Error::NotFound)?;
                let (conversation, id) = (ConversationId(row.int(1)?), ErasureId(row.int(2)?));
                let erasure = locked(connection, organisation, id).await?.ok_or(Error::NotFound)?;
                // Behind the lock: it may have been taken back, or apart.
                let rows = connection.query_in(organisation.into(), &OF_TOKEN, &of_token).await?;
                if rows.first().map(|row| row.int(2)).transpose()? != Some(id.0) {
                    return Err(Error::NotFound);
                }
                if erasure.cause == Cause::Visitor || !matches!(erasure.state, State::Waiting | State::Braked) {
                    return Ok((erasure, Vec::new()));
                }
                let gone = if erasure.conversations > 1 {
                    let before = Apart::as_before(&erasure);
                    let own = Apart {
                        cause: Cause::Visitor,
                        state: State::Waiting,
                        braked: false,
                        destroy_at: at,
                        run_at: at,
                        ..before
                    };
                    apart::take(connection, &erasure, conversation, own, at).await?
                } else {
                    connection.execute(&TAKE_OVER, &[id.into(), at.into()], 1).await?;
                    job::reschedule(connection, organisation, job::Kind::Erase, id.0, at, at).await?;
                    locked(connection, organisation, id).await?.ok_or(Error::NotFound)?
                };
                let details = [Detail::is("erasure", gone.name), Detail::is("cause", Cause::Visitor.code())];
                let fact = Fact::new(organisation, Did::ErasureHastened, details);
                Ok((gone, vec![fact]))
            })
        })
        .await
    }
}
