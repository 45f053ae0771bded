//! Deletes rows, a portion in a transaction, until there are none.

use domain::{ErasureId, OrganisationId, Timestamp};

use super::item_state::{PURGED, SHREDDED};
use super::{Item, ItemKind, items};
use crate::engine::{Connection, Value, statements};
use crate::{Error, Result, Store, job};

/// Rows deleted in one transaction, about: what else waits for the database comes in between.
pub const PURGED_AT_ONCE: i64 = 500;

statements! {
    LENGTH = "SELECT organisation_id, last_sequence FROM hidden_head WHERE conversation_id = $1";
    MESSAGES = "DELETE FROM message WHERE conversation_id = $1 AND sequence > $2 AND sequence <= $3";
    TEXTS = "DELETE FROM hidden_message WHERE conversation_id = $1";
    SENDERS = "DELETE FROM sender WHERE conversation_id = $1";
    MENTIONS = "DELETE FROM mention WHERE conversation_id = $1";
    ENDED = "DELETE FROM ended WHERE conversation_id = $1";
    HEAD = "DELETE FROM hidden_head WHERE conversation_id = $1";
    CONVERSATION = "DELETE FROM conversation WHERE conversation_id = $1";
    TEXT = "DELETE FROM hidden_message WHERE conversation_id = $1 AND sequence = $2 AND erasure_id = $3";
    MENTION = "DELETE FROM mention WHERE conversation_id = $1 AND sequence = $2";
    ITEM = "UPDATE erasure_item SET upto = $3, state = $4 WHERE erasure_id = $1 AND number = $2";
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
                    let mut room = PURGED_AT_ONCE;
                    for item in items(connection, claimed.organisation, id).await? {
                        if item.state == PURGED {
                            continue;
                        }
                        if room <= 0 {
                            job::advance(connection, &claimed, claimed.step, at).await?;
                            return Ok(false);
                        }
                        room -= match item.kind {
                            ItemKind::Conversation => {
                                conversation(connection, claimed.organisation, id, &item, room).await?
                            }
                            ItemKind::Message | ItemKind::Passage => part(connection, id, &item).await?,
                        };
                    }
                    if room <= 0 {
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

async fn conversation(
    connection: &mut Connection,
    organisation: OrganisationId,
    id: ErasureId,
    item: &Item,
    room: i64,
) -> Result<i64> {
    let subject: Value = item.conversation.into();
    let rows = connection.query_in(organisation.into(), &LENGTH, std::slice::from_ref(&subject)).await?;
    // A second key of the same conversation, or a portion that was deleted before.
    let Some(row) = rows.first() else { return mark(connection, id, item, item.upto, PURGED).await.map(|()| 1) };
    let last = row.int(1)?;
    let upto = last.min(item.upto + room);
    // Numbered without a gap: another count would mean that something is left, or that another's went.
    let expected = u64::try_from(upto - item.upto).unwrap_or(0);
    connection.execute(&MESSAGES, &[subject.clone(), item.upto.into(), upto.into()], expected).await?;
    if upto < last {
        mark(connection, id, item, upto, SHREDDED).await?;
        return Ok(room);
    }
    for rest in [&TEXTS, &SENDERS, &MENTIONS, &ENDED] {
        connection.execute_any(rest, std::slice::from_ref(&subject)).await?;
    }
    for row in [&HEAD, &CONVERSATION] {
        connection.execute(row, std::slice::from_ref(&subject), 1).await?;
    }
    let touched = upto - item.upto;
    mark(connection, id, item, upto, PURGED).await?;
    Ok(touched + 1)
}

async fn part(connection: &mut Connection, id: ErasureId, item: &Item) -> Result<i64> {
    let sequence = item.sequence.ok_or_else(|| Error::Broken("an entry to be deleted has no number".to_owned()))?;
    // Nothing where the whole conversation went meanwhile.
    connection.execute_any(&TEXT, &[item.conversation.into(), sequence.into(), id.into()]).await?;
    if item.kind == ItemKind::Message {
        connection.execute_any(&MENTION, &[item.conversation.into(), sequence.into()]).await?;
    }
    mark(connection, id, item, item.upto, PURGED).await?;
    Ok(1)
}

async fn mark(connection: &mut Connection, id: ErasureId, item: &Item, upto: i64, state: i64) -> Result<()> {
    connection.execute(&ITEM, &[id.into(), item.number.into(), upto.into(), state.into()], 1).await
}
