//! Deletes rows, a portion in a transaction, until there are none. In statements over many: the writer that does it commits
//! everybody's messages as well.

use std::collections::{BTreeMap, BTreeSet};

use domain::{ErasureId, OrganisationId, Timestamp};

use super::item_state::{PURGED, SHREDDED};
use super::{Item, ItemKind, items};
use crate::engine::{Connection, Value, statements};
use crate::{Error, Result, Store, job};

/// Messages deleted in one transaction at most: what else waits for the database comes in between.
pub const PURGED_AT_ONCE: i64 = 500;
/// Conversations deleted in one transaction at most, each of which has rows in eight tables.
pub const CONVERSATIONS_AT_ONCE: usize = 50;

statements! {
    LENGTHS(conversation_id int) =
        "SELECT organisation_id, h.conversation_id, last_sequence FROM hidden_head h {and_input}
        WHERE h.conversation_id = input.conversation_id";
    MESSAGES = "DELETE FROM message WHERE conversation_id = $1 AND sequence > $2 AND sequence <= $3";
    ALL_MESSAGES(conversation_id int) =
        "DELETE FROM message WHERE conversation_id IN (SELECT input.conversation_id {from_input})";
    TEXTS(conversation_id int) =
        "DELETE FROM hidden_message WHERE conversation_id IN (SELECT input.conversation_id {from_input})";
    SENDERS(conversation_id int) =
        "DELETE FROM sender WHERE conversation_id IN (SELECT input.conversation_id {from_input})";
    MENTIONS(conversation_id int) =
        "DELETE FROM mention WHERE conversation_id IN (SELECT input.conversation_id {from_input})";
    ENDED(conversation_id int) =
        "DELETE FROM ended WHERE conversation_id IN (SELECT input.conversation_id {from_input})";
    HEADS(conversation_id int) =
        "DELETE FROM hidden_head WHERE conversation_id IN (SELECT input.conversation_id {from_input})";
    CONVERSATIONS(conversation_id int) =
        "DELETE FROM conversation WHERE conversation_id IN (SELECT input.conversation_id {from_input})";
    TEXT(conversation_id int, sequence int, erasure_id int) =
        "DELETE FROM hidden_message WHERE (conversation_id, sequence, erasure_id) IN
            (SELECT input.conversation_id, input.sequence, input.erasure_id {from_input})";
    MENTION(conversation_id int, sequence int) =
        "DELETE FROM mention WHERE (conversation_id, sequence) IN
            (SELECT input.conversation_id, input.sequence {from_input})";
    ITEMS_ARE(erasure_id int, number int, upto int, state int) =
        "UPDATE erasure_item SET upto = input.upto, state = input.state {from_input}
        WHERE erasure_item.erasure_id = input.erasure_id AND erasure_item.number = input.number";
    PURGED_AT = "UPDATE erasure SET purged_at = COALESCE(purged_at, $2) WHERE erasure_id = $1";
}

impl Store {
    /// Deletes a portion of rows; where nothing is left, marks that step of the job as done, or else has it come again.
    ///
    /// # Errors
    /// Those of the database, and where the job's lease ran out.
    pub async fn purge_erased(&self, claimed: job::Claimed, at: Timestamp) -> Result<bool> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let id = ErasureId(claimed.subject);
                    let mut left = items(connection, claimed.organisation, id).await?;
                    left.retain(|item| item.state != PURGED);
                    let (whole, parts): (Vec<Item>, Vec<Item>) =
                        left.into_iter().partition(|item| item.kind == ItemKind::Conversation);
                    let is_all = conversations(connection, claimed.organisation, id, whole).await?;
                    delete_parts(connection, id, &parts).await?;
                    if !is_all {
                        job::advance(connection, &claimed, claimed.step, at).await?;
                        return Ok(false);
                    }
                    connection.execute(&PURGED_AT, &[id.into(), at.into()], 1).await?;
                    job::advance(connection, &claimed, claimed.step + 1, at).await?;
                    Ok(true)
                })
            })
            .await
    }
}

/// Deletes conversations, as many as a portion has room for; says whether those were all.
async fn conversations(
    connection: &mut Connection,
    organisation: OrganisationId,
    id: ErasureId,
    items: Vec<Item>,
) -> Result<bool> {
    let portion = &items[..items.len().min(CONVERSATIONS_AT_ONCE)];
    let named: BTreeSet<i64> = portion.iter().map(|item| item.conversation.0).collect();
    let lengths = lengths(connection, organisation, &named).await?;
    let (mut room, mut marks, mut gone) = (PURGED_AT_ONCE, Vec::new(), BTreeSet::new());
    let (mut expected, mut is_full) = (0, false);
    for item in portion {
        let number = item.conversation.0;
        // A second key of the same conversation, or a portion that was deleted before.
        let Some(last) = lengths.get(&number).filter(|_| !gone.contains(&number)) else {
            marks.push(mark(id, item, item.upto, PURGED));
            continue;
        };
        let rest = last - item.upto;
        if rest <= room {
            room -= rest;
            expected += rest;
            gone.insert(number);
            marks.push(mark(id, item, *last, PURGED));
            continue;
        }
        // Numbered without a gap: another count would mean that something is left, or that another's went.
        let upto = item.upto + room;
        let values = [number.into(), item.upto.into(), upto.into()];
        connection.execute(&MESSAGES, &values, u64::try_from(room).unwrap_or(0)).await?;
        marks.push(mark(id, item, upto, SHREDDED));
        is_full = true;
        break;
    }
    let gone = rows(&gone);
    let touched = connection.execute_many(&ALL_MESSAGES, &gone).await?;
    if i64::try_from(touched) != Ok(expected) {
        return Err(Error::Broken(format!("{touched} messages were to be deleted, and {expected} are there")));
    }
    for rest in [&TEXTS, &SENDERS, &MENTIONS, &ENDED] {
        connection.execute_many(rest, &gone).await?;
    }
    connection.execute_all(&[(&HEADS, &gone), (&CONVERSATIONS, &gone), (&ITEMS_ARE, &marks)]).await?;
    Ok(!is_full && portion.len() == items.len())
}

async fn lengths(
    connection: &mut Connection,
    organisation: OrganisationId,
    conversations: &BTreeSet<i64>,
) -> Result<BTreeMap<i64, i64>> {
    let mut lengths = BTreeMap::new();
    for row in connection.query_each(&LENGTHS, &rows(conversations)).await? {
        if row.int(0)? != organisation.0 {
            return Err(Error::Broken("a deletion names a conversation of another organisation".to_owned()));
        }
        lengths.insert(row.int(1)?, row.int(2)?);
    }
    Ok(lengths)
}

fn rows(conversations: &BTreeSet<i64>) -> Vec<Vec<Value>> {
    conversations.iter().map(|number| vec![(*number).into()]).collect()
}

/// Deletes what was taken out of messages. Nothing where the whole conversation went meanwhile.
async fn delete_parts(connection: &mut Connection, id: ErasureId, parts: &[Item]) -> Result<()> {
    let (mut texts, mut mentions, mut marks) = (Vec::new(), Vec::new(), Vec::new());
    for item in parts {
        let sequence = item.sequence.ok_or_else(|| Error::Broken("an entry to be deleted has no number".to_owned()))?;
        texts.push(vec![item.conversation.into(), sequence.into(), id.into()]);
        if item.kind == ItemKind::Message {
            mentions.push(vec![item.conversation.into(), sequence.into()]);
        }
        marks.push(mark(id, item, item.upto, PURGED));
    }
    connection.execute_many(&TEXT, &texts).await?;
    connection.execute_many(&MENTION, &mentions).await?;
    connection.execute_each(&ITEMS_ARE, &marks).await
}

fn mark(id: ErasureId, item: &Item, upto: i64, state: i64) -> Vec<Value> {
    vec![id.into(), item.number.into(), upto.into(), state.into()]
}
