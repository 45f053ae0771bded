//! Does again, after a restore, what the journal of deletions says was done after the backup.

use domain::erasure::What;
use domain::{ConversationId, ErasureId, KeyId, OrganisationId, PublicId, Timestamp};

use crate::engine::{Connection, statements};
use crate::erasure::apart::{self, Apart};
use crate::erasure::{self, ItemKind};
use crate::journal::Entry;
use crate::{Error, Result, Store, job};

statements! {
    FIND = "SELECT conversation_id, key_id, old_key_id FROM conversation WHERE public_id = $1";
    ORGANISATION = "SELECT organisation_id FROM organisation WHERE public_id = $1";
    MESSAGES = "DELETE FROM message WHERE conversation_id = $1";
    HIDDEN_MESSAGES = "DELETE FROM hidden_message WHERE conversation_id = $1";
    SENDERS = "DELETE FROM sender WHERE conversation_id = $1";
    MENTIONS = "DELETE FROM mention WHERE conversation_id = $1";
    ENDED = "DELETE FROM ended WHERE conversation_id = $1";
    STUB = "DELETE FROM stub WHERE conversation_id = $1";
    JOBS = "DELETE FROM job WHERE kind IN ('end_idle', 'return') AND subject = $1";
    // Nothing is left of it that could be kept, and nobody would find it to end it.
    HOLDS = "DELETE FROM hold WHERE conversation_id = $1";
    HEAD = "DELETE FROM head WHERE conversation_id = $1";
    HIDDEN_HEAD = "DELETE FROM hidden_head WHERE conversation_id = $1";
    CONVERSATION = "DELETE FROM conversation WHERE conversation_id = $1";
    ERASURE = "SELECT organisation_id, erasure_id FROM erasure WHERE public_id = $1";
    GOES_ON =
        "UPDATE erasure SET state = 'working', journal_number = $2
        WHERE erasure_id = $1 AND state IN ('waiting', 'braked', 'held', 'working')";
}

/// What a replay did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Conversations that had come back with the backup and went again.
    pub conversations: u64,
    /// Conversations of which only a part was deleted, and whose rest was sealed with the key that was destroyed for it: a
    /// backup from before cannot give that back.
    pub rest_lost: u64,
}

impl Store {
    /// Deletes the conversations that an entry names. The deletion that it is about may have been waiting in the backup: it
    /// cannot be taken back any more, and goes on to its receipt under its number in the journal.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn replay(&self, number: i64, entry: Entry, now: Timestamp) -> Result<Replayed> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let mut replayed = Replayed::default();
                    go_on(connection, number, &entry, now).await?;
                    for name in &entry.conversations {
                        if let Some((conversation, _)) = find(connection, *name).await? {
                            purge(connection, conversation).await?;
                            replayed.conversations += 1;
                        }
                    }
                    for (name, _) in &entry.entries {
                        let Some((conversation, keys)) = find(connection, *name).await? else { continue };
                        if keys.iter().any(|key| entry.keys.contains(key)) {
                            purge(connection, conversation).await?;
                            replayed.rest_lost += 1;
                        }
                    }
                    Ok(replayed)
                })
            })
            .await
    }

    /// The number that an organisation has here, by its name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn organisation_number(&self, name: PublicId) -> Result<Option<OrganisationId>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query(&ORGANISATION, &[name.into()]).await?;
                    rows.first().map(|row| row.int(0).map(OrganisationId)).transpose()
                })
            })
            .await
    }
}

/// Has the deletion go on that an entry is about, where the backup knows of it. What went apart from it since the backup was
/// made was not destroyed with it, and becomes a deletion of its own again.
async fn go_on(connection: &mut Connection, number: i64, entry: &Entry, now: Timestamp) -> Result<()> {
    let rows = connection.query(&ERASURE, &[entry.erasure.into()]).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let (organisation, id) = (OrganisationId(row.int(0)?), ErasureId(row.int(1)?));
    let erasure = erasure::locked(connection, organisation, id).await?.ok_or(Error::NotFound)?;
    let mut others: Vec<ConversationId> = erasure::items(connection, organisation, id)
        .await?
        .iter()
        .filter(|item| item.kind == ItemKind::Conversation && !entry.conversations.contains(&item.name))
        .map(|item| item.conversation)
        .collect();
    others.sort_unstable();
    others.dedup();
    for other in others {
        apart::take(connection, &erasure, other, Apart::as_before(&erasure), now).await?;
    }
    if connection.execute_any(&GOES_ON, &[id.into(), number.into()]).await? == 1 {
        let kind = if erasure.what == What::Organisation { job::Kind::Close } else { job::Kind::Erase };
        job::reschedule(connection, organisation, kind, id.0, now, now).await?;
    }
    Ok(())
}

async fn find(connection: &mut Connection, name: PublicId) -> Result<Option<(i64, Vec<KeyId>)>> {
    let rows = connection.query(&FIND, &[name.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let keys = [Some(row.int(1)?), row.int_or_null(2)?].into_iter().flatten().map(KeyId).collect();
    Ok(Some((row.int(0)?, keys)))
}

async fn purge(connection: &mut Connection, conversation: i64) -> Result<()> {
    let tables = [
        &MESSAGES,
        &HIDDEN_MESSAGES,
        &SENDERS,
        &MENTIONS,
        &ENDED,
        &STUB,
        &JOBS,
        &HOLDS,
        &HEAD,
        &HIDDEN_HEAD,
        &CONVERSATION,
    ];
    for statement in tables {
        connection.execute_any(statement, &[conversation.into()]).await?;
    }
    Ok(())
}
