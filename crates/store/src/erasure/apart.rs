//! Takes one conversation of a deletion of many apart: it becomes a deletion of its own, and what it waits for, nothing else
//! waits for.

use domain::erasure::{Cause, State};
use domain::{ConversationId, ErasureId, PublicId, Timestamp};
use privacy::random;

use super::{BY_ID, Erasure, erasure};
use crate::engine::{Connection, statements};
use crate::{Error, Result, job};

statements! {
    // With the same evidence: whoever was shown what the acknowledgement bound can tell by it that this key was among them.
    INSERT =
        "INSERT INTO erasure (organisation_id, public_id, what, cause, requested_by, requested_at, destroy_at, state, braked,
            released_by, conversations, messages, keys, salt, acknowledged, opened_at)
        SELECT e.organisation_id, $2, 'conversation', CAST($3 AS TEXT), e.requested_by, e.requested_at,
            CAST($4 AS BIGINT), CAST($5 AS TEXT), CAST(CAST($6 AS BIGINT) AS INTEGER), e.released_by, 1,
            (SELECT COUNT(*) FROM message m
                WHERE m.conversation_id = $7 AND m.kind IN (0, 1) AND m.text_sealed IS NOT NULL),
            (SELECT COUNT(*) FROM erasure_item i WHERE i.erasure_id = $1 AND i.kind = 1 AND i.subject = $7),
            e.salt, e.acknowledged, e.opened_at
        FROM erasure e WHERE e.erasure_id = $1 RETURNING organisation_id, erasure_id";
    LESSEN =
        "UPDATE erasure SET conversations = conversations - 1, messages = messages - $2, keys = keys - $3
        WHERE erasure_id = $1";
    ITEMS = "UPDATE erasure_item SET erasure_id = $2 WHERE erasure_id = $1 AND kind = 1 AND subject = $3";
    HEAD = "UPDATE hidden_head SET erasure_id = $2 WHERE erasure_id = $1 AND conversation_id = $3";
    STUB = "UPDATE stub SET erasure_id = $2 WHERE erasure_id = $1 AND conversation_id = $3";
}

/// What it is then.
pub(crate) struct Apart {
    /// Its name outside.
    pub(crate) name: PublicId,
    /// Who or what causes it.
    pub(crate) cause: Cause,
    /// How far it is.
    pub(crate) state: State,
    /// Whether it was held up.
    pub(crate) braked: bool,
    /// Until when it can be taken back.
    pub(crate) destroy_at: Timestamp,
    /// When it is looked at next.
    pub(crate) run_at: Timestamp,
}

impl Apart {
    /// As it was with the others.
    pub(crate) fn as_before(erasure: &Erasure) -> Self {
        Self {
            name: random::public_id(),
            cause: erasure.cause,
            state: erasure.state,
            braked: erasure.braked,
            destroy_at: erasure.destroy_at,
            run_at: erasure.destroy_at,
        }
    }
}

/// Takes a conversation out of a deletion that the caller has locked, and gives it one of its own.
pub(crate) async fn take(
    connection: &mut Connection,
    erasure: &Erasure,
    conversation: ConversationId,
    apart: Apart,
    at: Timestamp,
) -> Result<Erasure> {
    let organisation = erasure.organisation;
    let values = [
        erasure.id.into(),
        apart.name.into(),
        apart.cause.code().into(),
        apart.destroy_at.into(),
        apart.state.code().into(),
        apart.braked.into(),
        conversation.into(),
    ];
    let rows = connection.query_in(organisation.into(), &INSERT, &values).await?;
    let id = ErasureId(rows.first().ok_or(Error::NotFound)?.int(1)?);
    let rows = connection.query_in(organisation.into(), &BY_ID, &[organisation.into(), id.into()]).await?;
    let taken = self::erasure(rows.first().ok_or(Error::NotFound)?)?;
    let lessen = [erasure.id.into(), taken.messages.into(), taken.keys.into()];
    connection.execute(&LESSEN, &lessen, 1).await?;
    for statement in [&ITEMS, &HEAD, &STUB] {
        connection.execute_any(statement, &[erasure.id.into(), id.into(), conversation.into()]).await?;
    }
    job::enqueue(connection, organisation, job::Kind::Erase, id.0, apart.run_at, at).await?;
    Ok(taken)
}
