//! Writes what a batch decided.

use std::collections::HashMap;

use domain::conversation::{Author, Change, Kind, Numbers};
use domain::{ConversationId, OrganisationId, Timestamp};
use privacy::{Message, Sealed};

use super::{Desk, Loaded};
use crate::conversation::head::{Moved, write_heads};
use crate::engine::{Connection, Value, statements};
use crate::mention::NAME_THEM;
use crate::tally::TALLY;
use crate::{Result, conversation, job};

statements! {
    UNBEGIN_CONVERSATION = "DELETE FROM conversation WHERE conversation_id = $1";
    INSERT_MESSAGES(conversation_id int, sequence int, organisation_id int, visible int, kind int, author int,
        subject int, sender int, counter int, revision int, text_sealed bytes, created_at int) =
        "INSERT INTO message (conversation_id, sequence, organisation_id, visible, kind, author, subject, sender,
            counter, revision, text_sealed, created_at) {rows}";
    COUNT_SENDERS(conversation_id int, author int, sender int, organisation_id int, counter int) =
        "INSERT INTO sender (conversation_id, author, sender, organisation_id, counter) {rows}
        ON CONFLICT (conversation_id, author, sender) DO UPDATE SET counter = excluded.counter";
}

/// An event's row, as [`INSERT_MESSAGES`] takes it.
pub(crate) fn event(
    id: ConversationId,
    organisation: OrganisationId,
    author: Author,
    kind: Kind,
    numbers: Numbers,
    at: Timestamp,
) -> Vec<Value> {
    let (code, subject) = kind.code();
    vec![
        id.into(),
        numbers.sequence.into(),
        organisation.into(),
        numbers.visible.into(),
        code.into(),
        author.code().into(),
        subject.into(),
        0_i64.into(),
        0_i64.into(),
        0_i64.into(),
        Value::Null,
        at.into(),
    ]
}

/// A message's row, as [`INSERT_MESSAGES`] takes it.
pub(crate) fn message(
    id: ConversationId,
    organisation: OrganisationId,
    message: &Message<Sealed>,
    numbers: Numbers,
    at: Timestamp,
) -> Vec<Value> {
    let identity = message.identity();
    let kind = if identity.note { Kind::Note } else { Kind::Message };
    vec![
        id.into(),
        numbers.sequence.into(),
        organisation.into(),
        numbers.visible.into(),
        kind.code().0.into(),
        identity.author.code().into(),
        Value::Null,
        identity.sender.into(),
        identity.counter.into(),
        identity.revision.into(),
        message.sealed().into(),
        at.into(),
    ]
}

pub(super) async fn write(
    connection: &mut Connection,
    mut desk: Desk,
    tallied: &[Vec<Value>],
) -> Result<HashMap<ConversationId, Change>> {
    // Where the message that should have begun it was refused, nothing has begun.
    for (id, loaded) in &desk.conversations {
        if loaded.change.began && !loaded.touched {
            connection.execute(&UNBEGIN_CONVERSATION, &[(*id).into()], 1).await?;
            desk.watched.remove(id);
        }
    }
    let counted: Vec<Vec<Value>> = desk
        .counted
        .into_iter()
        .map(|((id, author, sender), (organisation, counter))| {
            vec![id.into(), author.into(), sender.into(), organisation.into(), counter.into()]
        })
        .collect();
    for (id, (organisation, idle_at, at)) in desk.watched {
        conversation::watch(connection, organisation, id, idle_at, at).await?;
    }
    for (id, (organisation, ask_at, at)) in desk.asked {
        job::reschedule(connection, organisation, job::Kind::EndIdle, id.0, ask_at, at).await?;
    }
    let touched = desk.conversations.into_values().filter(|loaded| loaded.touched);
    let moved = touched.map(|Loaded { change, from, .. }| Moved { change, from }).collect();
    let beside = [
        (&INSERT_MESSAGES, desk.messages.as_slice()),
        (&COUNT_SENDERS, counted.as_slice()),
        (&NAME_THEM, desk.named.as_slice()),
        (&TALLY, tallied),
    ];
    let changes = write_heads(connection, moved, desk.positions, &beside).await?;
    Ok(changes.into_iter().map(|change| (change.conversation, change)).collect())
}
