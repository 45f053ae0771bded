//! The moment from which a deletion cannot be taken back.

use domain::conversation::Change;
use domain::erasure::{State, Stub};
use domain::limits::BRAKE_WAIT;
use domain::{ConversationId, ErasureId, Timestamp};

use super::apart::{self, Apart};
use super::undo::set_state;
use super::{Erasure, ItemKind, items, locked};
use crate::engine::{Connection, statements};
use crate::hidden::lock_wherever;
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
                    let mut told = Vec::new();
                    if matches!(erasure.state, State::Waiting | State::Braked | State::Held) {
                        if erasure.destroy_at > at {
                            job::postpone(connection, &claimed, erasure.destroy_at).await?;
                            return Ok((Settled::Waits(erasure.destroy_at), Vec::new()));
                        }
                        let (until, changes) = hold_back(connection, &erasure, at).await?;
                        if let Some(until) = until {
                            set_state(connection, id, State::Held).await?;
                            job::postpone(connection, &claimed, until).await?;
                            return Ok((Settled::Waits(until), changes));
                        }
                        told = changes;
                        set_state(connection, id, State::Working).await?;
                    }
                    job::advance(connection, &claimed, claimed.step + 1, at).await?;
                    Ok((Settled::Final(Box::new(erasure)), told))
                })
            },
            move |(_, changes): &(Settled, Vec<Change>)| changes.iter().for_each(|change| listener.tell(change)),
        );
        Ok(settled.await?.0)
    }
}

/// Until when it must not be deleted, where it must not. Of many, each that must not becomes a deletion of its own, and the
/// others go on. Whoever sees the stub of one is told so.
async fn hold_back(
    connection: &mut Connection,
    erasure: &Erasure,
    at: Timestamp,
) -> Result<(Option<Timestamp>, Vec<Change>)> {
    let organisation = erasure.organisation;
    let items = items(connection, organisation, erasure.id).await?;
    if let Some(part) = items.first().filter(|item| item.kind != ItemKind::Conversation) {
        // Whoever says just now that it must be kept holds this, and only reads how far its parts are.
        lock_wherever(connection, organisation, part.conversation).await?;
    }
    let rows = connection.query_in(organisation.into(), &HELD, &[erasure.id.into(), at.into()]).await?;
    let mut held = Vec::with_capacity(rows.len());
    for row in &rows {
        let is_whole = row.int(1)? == ItemKind::Conversation.code();
        held.push((is_whole, ConversationId(row.int(2)?), Timestamp(row.int(3)?)));
    }
    let mut until = None;
    let mut restricted = Vec::new();
    let mut left = erasure.conversations;
    for (is_whole, conversation, its_until) in held {
        if is_whole {
            restricted.push((organisation, conversation));
        }
        if is_whole && left > 1 {
            let own = Apart { state: State::Held, run_at: its_until, ..Apart::as_before(erasure) };
            apart::take(connection, erasure, conversation, own, at).await?;
            left -= 1;
        } else {
            until = until.max(Some(its_until));
        }
    }
    // Once: whoever is told again learns nothing.
    if erasure.state == State::Held {
        restricted.clear();
    }
    let changes = stub::turn(connection, &restricted, Stub::Restricted, at).await?;
    Ok((until, changes))
}
