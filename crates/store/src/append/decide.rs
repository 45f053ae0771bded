//! Decides what becomes of a message: next, retry or gap, and by whom it may be written.

use domain::ConversationId;
use domain::Timestamp;
use domain::conversation::{Author, Counted, Event, Kind, Numbers, State, count};

use super::{Append, Desk, Outcome, Stored, event, message};
use crate::engine::{Connection, Value, statements};
use crate::{Error, Result, mention};

statements! {
    // From the end: what is sent again was sent a moment ago.
    FIND_RETRIED =
        "SELECT organisation_id, sequence, visible, created_at FROM message
        WHERE conversation_id = $1 AND author = $2 AND sender = $3 AND counter = $4 ORDER BY sequence DESC LIMIT 1";
}

pub(super) async fn decide(
    connection: &mut Connection,
    place: Option<ConversationId>,
    append: &Append,
    desk: &mut Desk,
) -> Result<Outcome> {
    let Some(id) = place else {
        return Ok(Outcome::NotFound);
    };
    let identity = *append.message.identity();
    let Some(conversation) = desk.conversations.get_mut(&id) else {
        return Ok(Outcome::NotFound);
    };
    // Law L4: what belongs to another organisation is not there. A seal made for another name would never open.
    if conversation.change.organisation != append.organisation || conversation.known.name != identity.conversation {
        return Ok(Outcome::NotFound);
    }
    if let Author::Operator(operator) = identity.author
        && !append.access.is_some_and(|access| access.reaches(operator, conversation.change.progress.hands()))
    {
        return Ok(Outcome::OutOfReach);
    }
    let key = (id, identity.author.code(), identity.sender);
    let last = desk.counters.get(&key).copied().unwrap_or(0);
    if identity.counter < 1 {
        // No message has such a counter: it is no retry of one, and an event (counter 0) is nobody's.
        return Ok(Outcome::Gap { expected: last + 1 });
    }
    match count(last, identity.counter) {
        Counted::Retry => return retried(connection, id, append, desk).await,
        // A retry is one whatever it is sealed with; anything new would be lost with the old key. Before gaps: the message
        // before this one may have been sent back for the same reason.
        Counted::Next | Counted::Gap { .. } if conversation.known.key != append.key => return Ok(Outcome::Rekeyed),
        Counted::Gap { expected } => return Ok(Outcome::Gap { expected }),
        Counted::Next => {}
    }
    let kind = if identity.note { Kind::Note } else { Kind::Message };
    if kind == Kind::Message {
        let to = (append.organisation, conversation.known.widget, append.at);
        desk.tally.message(to, identity.author, &conversation.change.progress);
    }
    let progress = &mut conversation.change.progress;
    if progress.state == State::Ended && kind == Kind::Message {
        desk.watched.insert(id, (append.organisation, append.idle_at, append.at));
    }
    if let Author::Operator(operator) = identity.author
        && progress.is_taken_by_writing(identity.author, kind)
    {
        let taken = Kind::Event(Event::Assigned(Some(operator)));
        let numbers = progress.advance(identity.author, taken, append.at);
        desk.messages.push(event(id, append.organisation, identity.author, taken, numbers, append.at));
    }
    let numbers = progress.advance(identity.author, kind, append.at);
    desk.messages.push(message(id, append.organisation, &append.message, numbers, append.at));
    let hands = progress.hands();
    desk.named.extend(mention::rows(append.organisation, id, numbers.sequence, &append.named, hands));
    if let Some(ask_at) = append.ask_at.filter(|_| kind == Kind::Message) {
        desk.asked.insert(id, (append.organisation, ask_at, append.at));
    }
    conversation.touched = true;
    conversation.change.at = append.at;
    desk.counters.insert(key, identity.counter);
    desk.counted.insert(key, (append.organisation, identity.counter));
    Ok(Outcome::Stored(Stored { numbers, change: conversation.change.clone() }))
}

async fn retried(connection: &mut Connection, id: ConversationId, append: &Append, desk: &Desk) -> Result<Outcome> {
    let identity = append.message.identity();
    // It may stand in this very batch.
    let same = |row: &&Vec<Value>| {
        row[0] == id.into()
            && row[5] == identity.author.code().into()
            && row[7] == identity.sender.into()
            && row[8] == identity.counter.into()
    };
    if let Some(row) = desk.messages.iter().find(same) {
        let row = crate::engine::Row(row.clone());
        let numbers = Numbers { sequence: row.int(1)?, visible: row.int(3)? };
        return Ok(Outcome::Retried { conversation: id, numbers, at: Timestamp(row.int(11)?) });
    }
    let values = [id.into(), identity.author.code().into(), identity.sender.into(), identity.counter.into()];
    let rows = connection.query_in(append.organisation.into(), &FIND_RETRIED, &values).await?;
    let row = rows.first().ok_or_else(|| Error::Broken("a counted message is not there".to_owned()))?;
    let numbers = Numbers { sequence: row.int(1)?, visible: row.int(2)? };
    Ok(Outcome::Retried { conversation: id, numbers, at: Timestamp(row.int(3)?) })
}
