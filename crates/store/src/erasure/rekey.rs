//! A part of a conversation goes: the conversation gets another key, what is left is sealed anew with that, and the one that
//! opens the part dies. Meanwhile everybody reads and writes: what is written is sealed with the new key or refused
//! (`append`), what is read is opened with either.

use domain::conversation::Author;
use domain::{ConversationId, ErasureId, KeyId, OrganisationId, SenderId, Timestamp};
use privacy::message::Identity;

use super::item_state::RESEALED;
use crate::engine::{Value, statements};
use crate::hidden::lock_wherever;
use crate::message::Names;
use crate::{Error, Result, Store, job};

/// Texts sealed anew in one transaction.
const AT_ONCE: i64 = 200;

/// A stored text.
#[derive(Debug)]
pub struct Text {
    /// Its entry.
    pub sequence: i64,
    /// What its seal is bound to.
    pub identity: Identity,
    /// As it is sealed.
    pub sealed: Vec<u8>,
}

/// One that was sealed anew.
#[derive(Debug)]
pub struct Resealed {
    /// Its entry.
    pub sequence: i64,
    /// As it was.
    pub before: Vec<u8>,
    /// As it is now.
    pub after: Vec<u8>,
}

statements! {
    WAITS =
        "SELECT c.organisation_id FROM conversation c WHERE c.organisation_id = $1 AND c.conversation_id = $2
            AND (c.old_key_id IS NOT NULL OR NOT EXISTS (SELECT 1 FROM head h WHERE h.conversation_id = $2))";
    KEYS = "SELECT organisation_id, key_id, old_key_id FROM conversation WHERE conversation_id = $1";
    REKEY =
        "UPDATE conversation SET old_key_id = key_id, key_id = $2 WHERE conversation_id = $1 AND old_key_id IS NULL";
    NOTE_KEYS = "UPDATE erasure_item SET key_id = $2, next_key_id = $3 WHERE erasure_id = $1";
    // Those that other deletions hide included: they may come back. Our own hidden ones die with the key.
    TEXTS =
        "SELECT m.organisation_id, m.sequence, m.kind, m.author, m.sender, m.counter, m.revision, m.text_sealed
        FROM message m WHERE m.conversation_id = $1 AND m.sequence > $2 AND m.text_sealed IS NOT NULL
            AND m.sequence <= $4
        UNION ALL
        SELECT x.organisation_id, x.sequence, m.kind, m.author, m.sender, m.counter, x.revision, x.text_sealed
        FROM hidden_message x JOIN message m ON m.conversation_id = x.conversation_id AND m.sequence = x.sequence
        WHERE x.conversation_id = $1 AND x.sequence > $2 AND x.sequence <= $4 AND x.erasure_id <> $3";
    // A portion ends with a whole entry: a passage that is being deleted has two texts under one sequence.
    PORTION =
        "SELECT m.organisation_id, MAX(m.sequence) FROM (
            SELECT organisation_id, sequence FROM message WHERE conversation_id = $1 AND sequence > $2
            ORDER BY sequence LIMIT $3) m GROUP BY m.organisation_id";
    // By what stood there: somebody may have changed it, hidden it or put it back meanwhile.
    RESEAL = "UPDATE message SET text_sealed = $4 WHERE conversation_id = $1 AND sequence = $2 AND text_sealed = $3";
    RESEAL_HIDDEN =
        "UPDATE hidden_message SET text_sealed = $4
        WHERE conversation_id = $1 AND sequence = $2 AND text_sealed = $3";
    PROGRESS = "UPDATE erasure_item SET upto = $2 WHERE erasure_id = $1";
    FORGET_OLD = "UPDATE conversation SET old_key_id = NULL WHERE conversation_id = $1 AND key_id = $2";
    ARE_RESEALED = "UPDATE erasure_item SET state = $2 WHERE erasure_id = $1 AND state < $2";
}

impl Store {
    /// Whether [`Self::rekey`] would have to wait: to be asked before a key is made.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn waits_for_rekey(&self, organisation: OrganisationId, conversation: ConversationId) -> Result<bool> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), conversation.into()];
                    Ok(!connection.query_in(organisation.into(), &WAITS, &values).await?.is_empty())
                })
            })
            .await
    }

    /// Gives the conversation of a deletion of parts another key, and marks that step of its job as done. `false` where it has
    /// to wait: while the conversation is hidden by another deletion, or another part of it goes just now.
    ///
    /// # Errors
    /// Those of the database, and where the job's lease ran out.
    pub async fn rekey(
        &self,
        claimed: job::Claimed,
        conversation: ConversationId,
        key: KeyId,
        at: Timestamp,
    ) -> Result<bool> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let (organisation, id) = (claimed.organisation, ErasureId(claimed.subject));
                    let present = lock_wherever(connection, organisation, conversation).await? == Some(false);
                    let rows = connection.query_in(organisation.into(), &KEYS, &[conversation.into()]).await?;
                    let Some(row) = rows.first() else {
                        // The whole conversation went meanwhile, and every key of it.
                        job::advance(connection, &claimed, claimed.step + 1, at).await?;
                        return Ok(true);
                    };
                    if !present || row.int_or_null(2)?.is_some() {
                        return Ok(false);
                    }
                    let old = row.int(1)?;
                    connection.execute(&REKEY, &[conversation.into(), key.into()], 1).await?;
                    connection.execute_any(&NOTE_KEYS, &[id.into(), old.into(), key.into()]).await?;
                    job::advance(connection, &claimed, claimed.step + 1, at).await?;
                    Ok(true)
                })
            })
            .await
    }

    /// The next portion of a conversation's texts that may still be sealed with the key before, and up to which sequence it
    /// goes; nothing where there is none.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn texts_after(
        &self,
        organisation: OrganisationId,
        conversation: ConversationId,
        names: Names,
        except: ErasureId,
        after: i64,
    ) -> Result<Option<(i64, Vec<Text>)>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [conversation.into(), after.into(), AT_ONCE.into()];
                    let rows = connection.query_in(organisation.into(), &PORTION, &values).await?;
                    let Some(row) = rows.first() else { return Ok(None) };
                    let upto = row.int(1)?;
                    let values = [conversation.into(), after.into(), except.into(), upto.into()];
                    let rows = connection.query_in(organisation.into(), &TEXTS, &values).await?;
                    let texts = rows.iter().map(|row| {
                        let broken = || Error::Broken("an entry cannot be read".to_owned());
                        let identity = Identity {
                            organisation: names.organisation,
                            conversation: names.conversation,
                            author: Author::from_code(row.int(3)?).ok_or_else(broken)?,
                            sender: SenderId(row.int(4)?),
                            counter: row.int(5)?,
                            note: row.int(2)? == 1,
                            revision: row.int(6)?,
                        };
                        Ok(Text { sequence: row.int(1)?, identity, sealed: row.bytes(7)? })
                    });
                    Ok(Some((upto, texts.collect::<Result<_>>()?)))
                })
            })
            .await
    }

    /// Stores texts that were sealed anew, and how far that is.
    ///
    /// # Errors
    /// Those of the database, and where the job's lease ran out.
    pub async fn reseal(
        &self,
        claimed: job::Claimed,
        conversation: ConversationId,
        upto: i64,
        texts: Vec<Resealed>,
        at: Timestamp,
    ) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    // Behind the lock that hiding a text and putting it back take: it must not move between the two tries.
                    lock_wherever(connection, claimed.organisation, conversation).await?;
                    for text in texts {
                        let values: [Value; 4] =
                            [conversation.into(), text.sequence.into(), text.before.into(), text.after.into()];
                        if connection.execute_any(&RESEAL, &values).await? == 0 {
                            connection.execute_any(&RESEAL_HIDDEN, &values).await?;
                        }
                    }
                    connection.execute_any(&PROGRESS, &[claimed.subject.into(), upto.into()]).await?;
                    job::advance(connection, &claimed, claimed.step, at).await
                })
            })
            .await
    }

    /// Everything that is left is sealed with the new key: the one before opens only what goes.
    ///
    /// # Errors
    /// Those of the database, and where the job's lease ran out.
    pub async fn end_reseal(
        &self,
        claimed: job::Claimed,
        conversation: ConversationId,
        key: Option<KeyId>,
        at: Timestamp,
    ) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    if let Some(key) = key {
                        connection.execute_any(&FORGET_OLD, &[conversation.into(), key.into()]).await?;
                    }
                    connection.execute_any(&ARE_RESEALED, &[claimed.subject.into(), RESEALED.into()]).await?;
                    job::advance(connection, &claimed, claimed.step + 1, at).await
                })
            })
            .await
    }
}
