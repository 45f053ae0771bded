//! The heads of conversations, written: how far each has come, and its place in the order of changes.

use domain::GroupNumber;
use domain::conversation::{Change, Progress, State};

use super::ended::{FILE, UNFILE};
use super::guest;
use crate::engine::{Connection, Statement, Value, statements};
use crate::{Error, Result};

statements! {
    BEGIN(conversation_id int, organisation_id int, state int, assignee int, last_sequence int, last_visible int,
        last_message int, unread int, waiting_since int, last_at int, position int, group_number int) =
        "INSERT INTO head (conversation_id, organisation_id, state, assignee, last_sequence, last_visible, last_message,
            unread, waiting_since, visitor_seen, team_seen, team_seen_visible, last_at, position, assigned_position,
            group_number)
        SELECT input.conversation_id, input.organisation_id, input.state, input.assignee, input.last_sequence,
            input.last_visible, input.last_message, input.unread, input.waiting_since, 0, 0, 0, input.last_at,
            input.position, 0, input.group_number {from_input}";
    // Without state and assignee, which most messages leave as they are: SQLite writes the index of a column that is set.
    MOVE(conversation_id int, last_sequence int, last_visible int, last_message int, unread int, waiting_since int,
        last_at int, position int) =
        "UPDATE head SET last_sequence = input.last_sequence, last_visible = input.last_visible,
            last_message = input.last_message, unread = input.unread, waiting_since = input.waiting_since,
            last_at = input.last_at, position = input.position
        {from_input} WHERE head.conversation_id = input.conversation_id";
    TURN(conversation_id int, last_sequence int, last_visible int, last_message int, unread int, waiting_since int,
        last_at int, position int, state int, assignee int, group_number int, is_handed_over int, topic_bits int,
        snoozed_until int, returned_at int, guests text) =
        "UPDATE head SET state = input.state, assignee = input.assignee, group_number = input.group_number,
            topic_bits = input.topic_bits, snoozed_until = input.snoozed_until, returned_at = input.returned_at,
            guests = input.guests,
            guests_from = CASE WHEN input.is_handed_over = 1 THEN head.guests ELSE head.guests_from END,
            assigned_from = CASE WHEN input.is_handed_over = 1 THEN head.assignee ELSE head.assigned_from END,
            group_from = CASE WHEN input.is_handed_over = 1 THEN head.group_number ELSE head.group_from END,
            assigned_position = CASE WHEN input.is_handed_over = 1
                THEN input.position ELSE head.assigned_position END,
            last_sequence = input.last_sequence, last_visible = input.last_visible,
            last_message = input.last_message, unread = input.unread, waiting_since = input.waiting_since,
            last_at = input.last_at, position = input.position
        {from_input} WHERE head.conversation_id = input.conversation_id";
}

/// Only PostgreSQL has sequences; the registry's test prepares each of these two where it belongs.
pub(crate) static TAKE_POSITIONS_SQLITE: Statement = Statement::new(
    "TAKE_POSITIONS_SQLITE",
    "UPDATE change_position SET value = value + $1 WHERE id = 1 RETURNING value",
    &[],
);
pub(crate) static TAKE_POSITIONS_POSTGRES: Statement = Statement::new(
    "TAKE_POSITIONS_POSTGRES",
    "SELECT nextval('change_position') FROM generate_series(1, $1::bigint)",
    &[],
);

/// A conversation that moved, and where it stood before.
pub(crate) struct Moved {
    pub(crate) change: Change,
    pub(crate) from: Progress,
}

/// Writes the new state of conversations, together with what else is to be written, and gives each change its place in the
/// order of changes: one of `positions`, or of those that are taken now where there are not enough. Whoever calls this holds
/// the conversations' locks, so that its transaction has a number before it takes a position: the change sweep relies on it.
pub(crate) async fn write_heads(
    connection: &mut Connection,
    moved: Vec<Moved>,
    mut positions: Vec<i64>,
    beside: &[(&'static Statement, &[Vec<Value>])],
) -> Result<Vec<Change>> {
    if positions.len() < moved.len() {
        positions = take_positions(connection, moved.len()).await?;
    }
    let (mut begun, mut same, mut turned) = (Vec::new(), Vec::new(), Vec::new());
    let (mut ended, mut taken_up) = (Vec::new(), Vec::new());
    let mut changes = Vec::with_capacity(moved.len());
    for (Moved { mut change, from }, position) in moved.into_iter().zip(positions) {
        change.position = position;
        let progress = &change.progress;
        let numbers: [Value; 7] = [
            progress.last_sequence.into(),
            progress.last_visible.into(),
            progress.last_message.into(),
            progress.unread.into(),
            progress.waiting_since.into(),
            change.at.into(),
            position.into(),
        ];
        let id: Value = change.conversation.into();
        match (from.state == State::Ended, progress.state == State::Ended) {
            (true, false) => taken_up.push(vec![id.clone()]),
            (was, true) => {
                // How long it is kept counts from the last word, not from its end, and may depend on what it is about.
                if !was || (from.last_message, from.topics) != (progress.last_message, progress.topics) {
                    ended.push(vec![id.clone(), progress.last_message.into(), progress.topics.bits().into()]);
                }
            }
            (false, false) => {}
        }
        let turn: [Value; 2] = [progress.state.code().into(), progress.assignee.into()];
        let group: Value = progress.group.map(GroupNumber::number).into();
        if change.began {
            let organisation: Value = change.organisation.into();
            begun.push([id, organisation].into_iter().chain(turn).chain(numbers).chain([group]).collect());
        } else if progress.stays_as_filed(&from) {
            same.push([id].into_iter().chain(numbers).collect());
        } else {
            let is_handed_over = i64::from(progress.hands() != from.hands()).into();
            let filed: [Value; 6] = [
                group,
                is_handed_over,
                progress.topics.bits().into(),
                progress.snoozed_until.into(),
                progress.returned_at.into(),
                guest::written(&progress.guests),
            ];
            turned.push([id].into_iter().chain(numbers).chain(turn).chain(filed).collect());
        }
        changes.push(change);
    }
    let mut writes = beside.to_vec();
    writes.extend([
        (&BEGIN, begun.as_slice()),
        (&MOVE, same.as_slice()),
        (&TURN, turned.as_slice()),
        (&FILE, ended.as_slice()),
    ]);
    connection.execute_all(&writes).await?;
    connection.query_each(&UNFILE, &taken_up).await?;
    Ok(changes)
}

pub(crate) async fn take_positions(connection: &mut Connection, wanted: usize) -> Result<Vec<i64>> {
    if wanted == 0 {
        return Ok(Vec::new());
    }
    let wanted = wanted as i64;
    let statement = if connection.is_postgres() { &TAKE_POSITIONS_POSTGRES } else { &TAKE_POSITIONS_SQLITE };
    let rows = connection.query(statement, &[wanted.into()]).await?;
    if connection.is_postgres() {
        return rows.iter().map(|row| row.int(0)).collect();
    }
    let last = rows.first().ok_or_else(|| Error::Broken("there are no change positions".to_owned()))?.int(0)?;
    Ok((last - wanted + 1..=last).collect())
}
