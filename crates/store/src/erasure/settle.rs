//! The moment from which a deletion cannot be taken back.

use domain::conversation::Change;
use domain::erasure::{State, Stub};
use domain::limits::BRAKE_WAIT;
use domain::{ConversationId, ErasureId, Timestamp};

use super::undo::set_state;
use super::{Erasure, ItemKind, locked};
use crate::engine::{Connection, statements};
use crate::{Result, Store, job, stub};

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is final.
    Final(Box<Erasure>),
    /// Not yet: its time has not come, or something of it must not be deleted until then.
    Waits(Timestamp),
    /// There is nothing to do: it was taken back.
    Over,
}

statements! {
    // Whoever says that something must not be deleted holds the deletion's lock, too.
    HELD =
        "SELECT i.organisation_id, i.kind, i.subject, MAX(d.until) FROM erasure_item i
            JOIN hold d ON d.conversation_id = i.subject AND d.until > $2
        WHERE i.erasure_id = $1 GROUP BY i.organisation_id, i.kind, i.subject";
}

impl Store {
    /// Makes a deletion final whose time has come, and marks that step of its job as done; puts the job off, or ends it, where
    /// there is nothing to make final.
    ///
    /// # Errors
    /// Those of the database, and where the job's lease ran out.
    pub async fn settle_erasure(&self, claimed: job::Claimed, at: Timestamp) -> Result<Settled> {
        let listener = self.listener.clone();
        let settled = self.data.write_then(
            move |connection| {
                Box::pin(async move {
                    let id = ErasureId(claimed.subject);
                    let found = locked(connection, claimed.organisation, id).await?;
                    let erasure = match found {
                        Some(found) if !matches!(found.state, State::Undone | State::Done) => found,
                        _ => {
                            job::finish(connection, &claimed).await?;
                            return Ok((Settled::Over, Vec::new()));
                        }
                    };
                    // What people ask for beyond belief waits for somebody, for as long as it takes; what a rule deletes comes
                    // to its end by itself, since nobody may keep it.
                    if erasure.state == State::Braked && erasure.cause.can_be_undone() {
                        let again = erasure.destroy_at.max(at.plus(BRAKE_WAIT));
                        tracing::warn!(erasure = %erasure.name, "an implausibly large deletion waits for somebody to let it go on");
                        job::postpone(connection, &claimed, again).await?;
                        return Ok((Settled::Waits(again), Vec::new()));
                    }
                    if matches!(erasure.state, State::Waiting | State::Braked | State::Held) {
                        if erasure.destroy_at > at {
                            job::postpone(connection, &claimed, erasure.destroy_at).await?;
                            return Ok((Settled::Waits(erasure.destroy_at), Vec::new()));
                        }
                        if let Some((until, changes)) = held(connection, &erasure, at).await? {
                            set_state(connection, id, State::Held).await?;
                            job::postpone(connection, &claimed, until).await?;
                            return Ok((Settled::Waits(until), changes));
                        }
                        set_state(connection, id, State::Working).await?;
                    }
                    job::advance(connection, &claimed, claimed.step + 1, at).await?;
                    Ok((Settled::Final(Box::new(erasure)), Vec::new()))
                })
            },
            move |(_, changes): &(Settled, Vec<Change>)| changes.iter().for_each(|change| listener.tell(change)),
        );
        Ok(settled.await?.0)
    }
}

/// Until when something of it must not be deleted, where it must not: whoever sees its stub is told so.
async fn held(
    connection: &mut Connection,
    erasure: &Erasure,
    at: Timestamp,
) -> Result<Option<(Timestamp, Vec<Change>)>> {
    let values = [erasure.id.into(), at.into()];
    let rows = connection.query_in(erasure.organisation.into(), &HELD, &values).await?;
    let mut until = None;
    let mut restricted = Vec::new();
    for row in &rows {
        until = until.max(Some(row.int(3)?));
        if row.int(1)? == ItemKind::Conversation.code() {
            restricted.push((erasure.organisation, ConversationId(row.int(2)?)));
        }
    }
    let Some(until) = until else { return Ok(None) };
    // Once: whoever is told again learns nothing.
    if erasure.state == State::Held {
        restricted.clear();
    }
    let changes = stub::turn(connection, &restricted, Stub::Restricted, at).await?;
    Ok(Some((Timestamp(until), changes)))
}
