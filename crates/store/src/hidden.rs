//! What is hidden before it is destroyed. A conversation's head is moved aside: every list, count, message and reading goes by
//! the head, so that what has none is not there for any of them, and none of them had to learn of it. A text is taken out of its
//! message. Both can be put back as they were.

use domain::conversation::{Author, Change, Event, Kind, Of};
use domain::{ConversationId, ErasureId, OrganisationId, Timestamp};
use privacy::{Message, Sealed, random};

use crate::conversation::Conversation;
use crate::conversation::alter::misses;
use crate::conversation::ended;
use crate::conversation::happen::happen;
use crate::engine::{Connection, Value, statements};
use crate::{Error, Result};

/// Somebody corrected it, or took it back.
const CHANGED_SINCE: Error = Error::Conflict("the message was changed since a part of it was deleted: that stays so");

/// A head as it is, but for its position, which is a new one when it comes back. A test compares with the table.
macro_rules! head {
    () => {
        "conversation_id, organisation_id, state, assignee, assigned_from, assigned_position, last_sequence, last_visible,
            last_message, unread, waiting_since, visitor_seen, team_seen, team_seen_visible, last_at, group_number,
            group_from, topic_bits, snoozed_until, returned_at, guests, guests_from"
    };
}

statements! {
    HIDE(hidden int, erasure int, now int) =
        concat!("INSERT INTO hidden_head (", head!(), ", position, erasure_id, token_hash, hidden_at)
        SELECT ", head!(), ", position, input.erasure,
            (SELECT c.token_hash FROM conversation c WHERE c.conversation_id = input.hidden), input.now
        FROM head {and_input} WHERE conversation_id = input.hidden");
    LEAVE(hidden int) = "DELETE FROM head WHERE conversation_id IN (SELECT input.hidden {from_input})";
    SHOW(hidden int, place int) =
        concat!("INSERT INTO head (", head!(), ", position)
        SELECT ", head!(), ", input.place FROM hidden_head {and_input} WHERE conversation_id = input.hidden");
    // Its visitor is at no conversation now, and may begin another one.
    TAKE_TOKENS(hidden int, token bytes) =
        "UPDATE conversation SET token_hash = input.token {from_input} WHERE conversation.conversation_id = input.hidden";
    GIVE_TOKENS_BACK(hidden int) =
        "UPDATE conversation SET token_hash = h.token_hash FROM hidden_head h {and_input}
        WHERE h.conversation_id = input.hidden AND conversation.conversation_id = h.conversation_id
            AND NOT EXISTS (SELECT 1 FROM conversation o WHERE o.token_hash = h.token_hash)
        RETURNING conversation.organisation_id";
    FORGET_HEADS(hidden int) = "DELETE FROM hidden_head WHERE conversation_id IN (SELECT input.hidden {from_input})";
    LOCK_HEAD =
        "SELECT h.organisation_id FROM head h WHERE h.organisation_id = $1 AND h.conversation_id = $2 {for_update}";
    LOCK_HIDDEN =
        "SELECT h.organisation_id FROM hidden_head h
        WHERE h.organisation_id = $1 AND h.conversation_id = $2 {for_update}";
    ARE_HIDDEN(hidden int) =
        "SELECT h.conversation_id FROM hidden_head h {and_input} WHERE h.conversation_id = input.hidden";
    TEXT =
        "SELECT organisation_id, kind, text_sealed, revision,
            (SELECT COUNT(*) FROM hidden_message x WHERE x.conversation_id = $1 AND x.sequence = $2)
        FROM message WHERE conversation_id = $1 AND sequence = $2";
    HIDE_TEXT =
        "INSERT INTO hidden_message (conversation_id, sequence, organisation_id, erasure_id, revision, text_sealed)
        SELECT conversation_id, sequence, organisation_id, CAST($3 AS BIGINT), revision, text_sealed
        FROM message WHERE conversation_id = $1 AND sequence = $2";
    // The next revision, so that nobody who read the text before takes it for the newer one.
    PUT_TEXT =
        "UPDATE message SET text_sealed = $3, revision = revision + 1 WHERE conversation_id = $1 AND sequence = $2";
    // Only over what was put there then: what somebody wrote since, or took back, is theirs.
    PUT_TEXT_BACK =
        "UPDATE message SET revision = h.revision, text_sealed = h.text_sealed FROM hidden_message h
        WHERE h.conversation_id = $1 AND h.sequence = $2 AND h.erasure_id = $3
            AND message.conversation_id = $1 AND message.sequence = $2 AND message.revision = h.revision + 1";
    FORGET_TEXT = "DELETE FROM hidden_message WHERE conversation_id = $1 AND sequence = $2 AND erasure_id = $3";
}

/// Moves the heads of conversations aside, which the caller has locked.
pub(crate) async fn hide(
    connection: &mut Connection,
    erasure: ErasureId,
    conversations: &[ConversationId],
    at: Timestamp,
) -> Result<()> {
    let moved: Vec<_> = conversations.iter().map(|id| vec![(*id).into(), erasure.into(), at.into()]).collect();
    let ids = ids(conversations);
    let tokens: Vec<_> = conversations.iter().map(|id| vec![(*id).into(), random::bytes::<32>().into()]).collect();
    connection
        .execute_all(&[(&HIDE, moved.as_slice()), (&LEAVE, ids.as_slice()), (&TAKE_TOKENS, tokens.as_slice())])
        .await?;
    ended::out_of_sight(connection, &ids).await
}

/// Moves them back, each under a new position. A visitor who has begun another conversation meanwhile stays there.
pub(crate) async fn show(connection: &mut Connection, conversations: &[(ConversationId, i64)]) -> Result<()> {
    let placed: Vec<_> = conversations.iter().map(|(id, position)| vec![(*id).into(), (*position).into()]).collect();
    connection.execute_each(&SHOW, &placed).await?;
    let ids = ids(&conversations.iter().map(|(id, _)| *id).collect::<Vec<_>>());
    connection.query_each(&GIVE_TOKENS_BACK, &ids).await?;
    ended::in_sight(connection, &ids).await?;
    connection.execute_each(&FORGET_HEADS, &ids).await
}

/// Locks a conversation wherever it is: nobody hides it or puts it back then. Whether it is hidden; nothing where it is gone.
pub(crate) async fn lock_wherever(
    connection: &mut Connection,
    organisation: OrganisationId,
    id: ConversationId,
) -> Result<Option<bool>> {
    // It may move between the two while this waits for whoever moves it.
    for _ in 0..3 {
        for (statement, is_hidden) in [(&LOCK_HEAD, false), (&LOCK_HIDDEN, true)] {
            let found = connection.query_in(organisation.into(), statement, &[organisation.into(), id.into()]).await?;
            if !found.is_empty() {
                return Ok(Some(is_hidden));
            }
        }
    }
    Ok(None)
}

/// Those that are hidden.
pub(crate) async fn are_hidden(connection: &mut Connection, all: &[ConversationId]) -> Result<Vec<ConversationId>> {
    let rows = connection.query_each(&ARE_HIDDEN, &ids(all)).await?;
    rows.iter().map(|row| row.int(0).map(ConversationId)).collect()
}

/// Each in a row.
pub(crate) fn ids(conversations: &[ConversationId]) -> Vec<Vec<Value>> {
    conversations.iter().map(|id| vec![(*id).into()]).collect()
}

/// A message or note with a text.
async fn text_of(
    connection: &mut Connection,
    organisation: OrganisationId,
    (id, sequence): (ConversationId, i64),
) -> Result<(Of, i64)> {
    let rows = connection.query_in(organisation.into(), &TEXT, &[id.into(), sequence.into()]).await?;
    let row = rows.first().ok_or(Error::NotFound)?;
    let note = match Kind::from_code(row.int(1)?, None) {
        Some(Kind::Message) => false,
        Some(Kind::Note) => true,
        _ => return Err(Error::NotFound),
    };
    if row.int(4)? > 0 {
        return Err(Error::Conflict("a part of this message is being deleted already"));
    }
    if row.bytes_or_null(2)?.is_none() {
        return Err(Error::NotFound);
    }
    Ok((Of { sequence, note }, row.int(3)?))
}

/// Takes texts out of their messages in a conversation that the caller has locked; puts `instead` there where it is a passage
/// that goes.
pub(crate) async fn hide_texts(
    connection: &mut Connection,
    erasure: ErasureId,
    found: Conversation,
    author: Author,
    sequences: &[i64],
    instead: Option<&Message<Sealed>>,
    at: Timestamp,
) -> Result<Change> {
    let (organisation, id) = (found.organisation, found.id);
    let mut events = Vec::with_capacity(sequences.len());
    for sequence in sequences {
        let (of, revision) = text_of(connection, organisation, (id, *sequence)).await?;
        if instead.is_some_and(|text| text.identity().revision != revision + 1) {
            return Err(Error::Rekeyed);
        }
        connection.execute(&HIDE_TEXT, &[id.into(), (*sequence).into(), erasure.into()], 1).await?;
        let text = instead.map_or(Value::Null, |text| text.sealed().into());
        connection.execute(&PUT_TEXT, &[id.into(), (*sequence).into(), text], 1).await?;
        events.push(if instead.is_some() { Event::Edited(of) } else { Event::Erased(of) });
    }
    tell(connection, found, author, &events, at).await
}

/// Puts the texts back.
pub(crate) async fn show_texts(
    connection: &mut Connection,
    erasure: ErasureId,
    found: Conversation,
    author: Author,
    sequences: &[i64],
    at: Timestamp,
) -> Result<Change> {
    let mut events = Vec::with_capacity(sequences.len());
    for sequence in sequences {
        let values = [found.id.into(), (*sequence).into(), erasure.into()];
        if connection.execute_any(&PUT_TEXT_BACK, &values).await? == 0 {
            return Err(CHANGED_SINCE);
        }
        connection.execute(&FORGET_TEXT, &values, 1).await?;
        events.push(Event::Edited(text_of(connection, found.organisation, (found.id, *sequence)).await?.0));
    }
    tell(connection, found, author, &events, at).await
}

/// Adds events behind texts that went or came.
async fn tell(
    connection: &mut Connection,
    found: Conversation,
    author: Author,
    events: &[Event],
    at: Timestamp,
) -> Result<Change> {
    let mut left = found.progress;
    misses(connection, found.organisation, found.id, &mut left).await?;
    happen(connection, left, found, author, events, at).await
}
