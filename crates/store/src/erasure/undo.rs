//! What people decide about a deletion that is not final yet: it is taken back, let go on where it was held up, or made final at
//! once. Whoever comes first wins: all three lock the deletion, and so does the job that makes it final.

use domain::audit::{Detail, Kind as Did};
use domain::conversation::{Author, Change};
use domain::erasure::{Cause, State, What};
use domain::limits::BRAKE_WAIT;
use domain::{Access, ConversationId, ErasureId, OperatorId, OrganisationId, PublicId, Reach, Timestamp};

use super::finish::FORGET_ITEMS;
use super::{Erasure, Item, ItemKind, LOCK_NAMED, beside, brake, erasure, items};
use crate::audit::{Audited, Fact};
use crate::conversation::head::take_positions;
use crate::conversation::locked;
use crate::engine::{Connection, statements};
use crate::hidden::{are_hidden, ids, show, show_texts};
use crate::{Error, Result, change, job, retention, stub};

statements! {
    SET_STATE = "UPDATE erasure SET state = $2 WHERE erasure_id = $1";
    RELEASE = "UPDATE erasure SET state = 'waiting', released_by = $2, destroy_at = $3 WHERE erasure_id = $1";
    END_WINDOW = "UPDATE erasure SET destroy_at = $2 WHERE erasure_id = $1";
}

/// It cannot be taken back any more, or was.
pub const TOO_LATE: Error = Error::Conflict("this deletion cannot be taken back any more");
/// It is not held up.
pub const NOT_BRAKED: Error = Error::Conflict("this deletion is not held up");
/// Four eyes are two people's.
pub const ONES_OWN: Error = Error::Conflict("somebody else must let this deletion go on: you asked for it");
/// So much was deleted within a day that whoever asked for some of it does not also end the time to take it back.
pub const PAST_THE_BRAKE: Error =
    Error::Conflict("so much was deleted within a day that somebody else must have this destroyed at once");
/// It is held up, or final already.
pub const NOT_WAITING: Error = Error::Conflict("this deletion does not wait for its time");

async fn found(connection: &mut Connection, organisation: OrganisationId, name: PublicId) -> Result<Erasure> {
    let rows = connection.query_in(organisation.into(), &LOCK_NAMED, &[organisation.into(), name.into()]).await?;
    erasure(rows.first().ok_or(Error::NotFound)?)
}

pub(super) fn fact(erasure: &Erasure, kind: Did) -> Vec<Fact> {
    vec![Fact::new(erasure.organisation, kind, [Detail::is("erasure", erasure.name)])]
}

/// Whose every conversation is, that was hidden.
async fn must_reach(
    connection: &mut Connection,
    erasure: &Erasure,
    items: &[Item],
    (operator, access): (OperatorId, Access),
) -> Result<()> {
    if access.reach == Reach::All || erasure.requested_by == Some(operator) {
        return Ok(());
    }
    let named: Vec<_> = items.iter().map(|item| vec![erasure.organisation.into(), item.conversation.into()]).collect();
    let stubs = stub::of(connection, &named).await?;
    // Of a conversation that is there only parts go.
    if let (Some(part), true) = (items.first().filter(|item| item.kind != ItemKind::Conversation), stubs.is_empty()) {
        return locked(connection, erasure.organisation, part.conversation, Some((operator, access))).await.map(drop);
    }
    let reaches = stubs.len() == items.len() && stubs.iter().all(|stub| access.reaches(operator, stub.hands));
    if reaches { Ok(()) } else { Err(Error::OutOfReach) }
}

impl Audited<'_> {
    /// Takes a deletion back: everything is where it was. A visitor who has begun another conversation meanwhile does not find
    /// this one again, the team does.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::OutOfReach`] for whoever neither asked for it nor reaches all of it; [`TOO_LATE`].
    pub async fn undo_erasure(
        self,
        organisation: OrganisationId,
        name: PublicId,
        by: (OperatorId, Access),
        (at, idle_at): (Timestamp, Timestamp),
        then: impl FnOnce(&[Change]) + Send + 'static,
    ) -> Result<()> {
        let listener = self.store().listener.clone();
        self.write_then(
            move |connection| {
                Box::pin(async move {
                    let erasure = found(connection, organisation, name).await?;
                    // Visitors mean it at once; a rule that was held up is another matter.
                    let can_be_undone = erasure.cause.can_be_undone() || erasure.braked;
                    if !can_be_undone || !matches!(erasure.state, State::Waiting | State::Braked) {
                        return Err(TOO_LATE);
                    }
                    let items = items(connection, organisation, erasure.id).await?;
                    must_reach(connection, &erasure, &items, by).await?;
                    connection.execute(&SET_STATE, &[erasure.id.into(), State::Undone.code().into()], 1).await?;
                    let changes = put_back(connection, &erasure, &items, by.0, at, idle_at).await?;
                    connection.execute_any(&FORGET_ITEMS, &[erasure.id.into()]).await?;
                    Ok((changes, fact(&erasure, Did::ErasureUndone)))
                })
            },
            move |changes: &Vec<Change>| {
                then(changes);
                changes.iter().for_each(|change| listener.tell(change));
            },
        )
        .await
        .map(drop)
    }

    /// Lets a deletion go on that was held up: its time to be taken back is what it would have been. Nobody does so for their
    /// own, but for an owner whom nobody has helped for a day; and nobody for what a rule deletes that they set themselves.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`NOT_BRAKED`], [`ONES_OWN`].
    pub async fn release_erasure(
        self,
        organisation: OrganisationId,
        name: PublicId,
        (by, is_owner): (OperatorId, bool),
        at: Timestamp,
    ) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                let erasure = found(connection, organisation, name).await?;
                if erasure.state != State::Braked {
                    return Err(NOT_BRAKED);
                }
                let waited = is_owner && at >= erasure.requested_at.plus(BRAKE_WAIT);
                if !waited && is_ones_own(connection, &erasure, by).await? {
                    return Err(ONES_OWN);
                }
                let destroy_at = erasure.destroy_at.minus(BRAKE_WAIT).max(at);
                connection.execute(&RELEASE, &[erasure.id.into(), by.into(), destroy_at.into()], 1).await?;
                wake(connection, &erasure, destroy_at, at).await?;
                let mut facts = fact(&erasure, Did::ErasureReleased);
                facts.extend(beside::release(connection, &erasure, by, at).await?);
                Ok(((), facts))
            })
        })
        .await
    }

    /// Ends the time in which a deletion can be taken back.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`NOT_WAITING`]; [`PAST_THE_BRAKE`] for one's own.
    pub async fn hasten_erasure(
        self,
        organisation: OrganisationId,
        name: PublicId,
        by: OperatorId,
        at: Timestamp,
    ) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                brake::lock(connection, organisation).await?;
                let erasure = found(connection, organisation, name).await?;
                if erasure.state != State::Waiting || erasure.what == What::Organisation {
                    return Err(NOT_WAITING);
                }
                if erasure.requested_by == Some(by) && brake::is_on(connection, organisation, 0, None, at).await? {
                    return Err(PAST_THE_BRAKE);
                }
                connection.execute(&END_WINDOW, &[erasure.id.into(), at.into()], 1).await?;
                wake(connection, &erasure, at, at).await?;
                Ok(((), fact(&erasure, Did::ErasureHastened)))
            })
        })
        .await
    }
}

/// Whether somebody asked for a deletion themselves, or set a rule lately because of which the sweep asked for it.
async fn is_ones_own(connection: &mut Connection, erasure: &Erasure, by: OperatorId) -> Result<bool> {
    if erasure.cause == Cause::Retention {
        let since = erasure.requested_at.minus(BRAKE_WAIT);
        return retention::has_set_rule(connection, erasure.organisation, by, since).await;
    }
    Ok(erasure.requested_by == Some(by))
}

async fn wake(connection: &mut Connection, erasure: &Erasure, run_at: Timestamp, at: Timestamp) -> Result<()> {
    job::reschedule(connection, erasure.organisation, job::Kind::Erase, erasure.id.0, run_at, at).await
}

async fn put_back(
    connection: &mut Connection,
    erasure: &Erasure,
    items: &[Item],
    by: OperatorId,
    at: Timestamp,
    idle_at: Timestamp,
) -> Result<Vec<Change>> {
    let organisation = erasure.organisation;
    let parts: Vec<&Item> = items.iter().filter(|item| item.kind != ItemKind::Conversation).collect();
    if let Some(first) = parts.first() {
        let sequences: Vec<i64> = parts.iter().filter_map(|item| item.sequence).collect();
        // The conversation itself may be hidden by another deletion: its texts come back with it.
        let found = match locked(connection, organisation, first.conversation, None).await {
            Err(Error::NotFound) => {
                return Err(Error::Conflict("its conversation is being deleted: take that back first"));
            }
            found => found?,
        };
        let author = Author::Operator(by);
        return Ok(vec![show_texts(connection, erasure.id, found, author, &sequences, at).await?]);
    }
    let mut numbers: Vec<ConversationId> = items.iter().map(|item| item.conversation).collect();
    numbers.sort_unstable();
    // One of which a part was going has an item for each of its two keys.
    numbers.dedup();
    // A restore may have gone over one that was destroyed by itself since the backup.
    let numbers = are_hidden(connection, &numbers).await?;
    if numbers.is_empty() {
        return Err(TOO_LATE);
    }
    let positions = take_positions(connection, numbers.len()).await?;
    let placed: Vec<(ConversationId, i64)> = numbers.iter().copied().zip(positions).collect();
    show(connection, &placed).await?;
    stub::take_away(connection, &ids(&numbers)).await?;
    // What their jobs waited for may have come meanwhile; those that were there found nothing and ended.
    for id in &numbers {
        job::enqueue(connection, organisation, job::Kind::EndIdle, id.0, idle_at, at).await?;
        job::enqueue(connection, organisation, job::Kind::Return, id.0, at, at).await?;
    }
    let each: Vec<_> = numbers.iter().map(|id| vec![organisation.into(), (*id).into()]).collect();
    change::of(connection, &each).await
}

/// The next state of a deletion that the caller has locked.
pub(super) async fn set_state(connection: &mut Connection, id: ErasureId, state: State) -> Result<()> {
    connection.execute(&SET_STATE, &[id.into(), state.code().into()], 1).await
}
