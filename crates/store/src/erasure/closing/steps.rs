//! What the process writes that ends an organisation. Whatever is visible is hidden first, as with every deletion: visitors
//! and operators are told by it, and what must not be deleted yet stays behind there.

use std::time::Duration;

use domain::erasure::{State, What};
use domain::{ConversationId, ErasureId, KeyId, OrganisationId, Timestamp};

use super::super::undo::set_state;
use super::super::{Erasure, locked};
use super::held;
use crate::engine::{Connection, statements};
use crate::key::CURRENT_EPOCH;
use crate::{Error, KeyStore, Result, Store, job};

/// How often it is looked whether the last hold is over: one may end before its time.
const LOOKED_AGAIN: Duration = Duration::from_secs(3600);
/// Keys that are read or deleted in one transaction.
const KEYS: i64 = 500;

/// What became of an organisation on its day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Its day has not come, or something of it must not be deleted until then.
    Waits(Timestamp),
    /// There is nothing to do: it is kept, or gone.
    Over,
    /// The next step is due.
    GoesOn,
    /// Something of it is visible again: it is hidden first.
    Shows,
}

/// A conversation that is still to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its number.
    pub id: ConversationId,
    /// Whether it must not be deleted yet.
    pub is_held: bool,
}

statements! {
    SHOWN =
        "SELECT h.organisation_id, h.conversation_id,
            CASE WHEN EXISTS (SELECT 1 FROM hold d WHERE d.conversation_id = h.conversation_id AND d.until > $2)
                THEN 1 ELSE 0 END
        FROM head h WHERE h.organisation_id = $1 ORDER BY h.position LIMIT $3";
    IS_SHOWN = "SELECT organisation_id FROM head WHERE organisation_id = $1 LIMIT 1";
    // Whoever holds a conversation that waits to be deleted locks its deletion: they and the end wait for each other.
    LOCK_WAITING =
        "SELECT h.organisation_id FROM erasure h
        WHERE h.organisation_id = $1 AND h.what <> 'organisation' AND h.state IN ('waiting', 'braked', 'held')
        ORDER BY h.erasure_id {for_update}";
    ALL_FINAL =
        "UPDATE erasure SET state = 'working'
        WHERE organisation_id = $1 AND what <> 'organisation' AND state IN ('waiting', 'braked', 'held')";
    // What was hidden for it, as it was counted then; not less where a portion of that was forgotten meanwhile.
    COUNT =
        "UPDATE erasure SET
            conversations = CASE WHEN s.conversations > erasure.conversations THEN s.conversations
                ELSE erasure.conversations END,
            messages = CASE WHEN s.messages > erasure.messages THEN s.messages ELSE erasure.messages END
        FROM (SELECT CAST(COALESCE(SUM(conversations), 0) AS BIGINT) AS conversations,
                CAST(COALESCE(SUM(messages), 0) AS BIGINT) AS messages
            FROM erasure WHERE organisation_id = $1 AND cause = 'closing' AND what <> 'organisation') s
        WHERE erasure.erasure_id = $2";
    // From here on nobody of it gets in, and nobody who is in stays: sockets ask for their session every two seconds.
    SHUT_OPERATORS = "UPDATE operator SET deactivated_at = $2 WHERE organisation_id = $1 AND deactivated_at IS NULL";
    SHUT_SESSIONS = "DELETE FROM session WHERE organisation_id = $1";
    SHUT_PROGRAMS = "DELETE FROM api_token WHERE organisation_id = $1";
    SHUT_LINKS = "DELETE FROM sign_in_link WHERE organisation_id = $1";
    COUNTED = "UPDATE erasure SET keys = $2, commitment = $3 WHERE erasure_id = $1 AND commitment IS NULL";
}

/// The statements of the key database.
pub(crate) mod keys {
    use crate::engine::statements;

    statements! {
        // In the order of the index, whatever the keys of others are.
        KEYS_OF =
            "SELECT organisation_id, organisation_key_version, key_id FROM data_key
            WHERE organisation_id = $1 AND (organisation_key_version, key_id) > ($2, $3)
            ORDER BY organisation_key_version, key_id LIMIT $4";
        DELETE_SOME =
            "DELETE FROM data_key WHERE key_id IN (
                SELECT key_id FROM data_key WHERE organisation_id = $1
                ORDER BY organisation_key_version, key_id LIMIT $2
            )";
        DELETE_ORGANISATION_KEYS = "DELETE FROM organisation_key WHERE organisation_id = $1";
    }
}

async fn is_shown(connection: &mut Connection, organisation: OrganisationId) -> Result<bool> {
    Ok(!connection.query_in(organisation.into(), &IS_SHOWN, &[organisation.into()]).await?.is_empty())
}

impl Store {
    /// Makes it final on its day: from here on the organisation cannot be kept.
    ///
    /// # Errors
    /// Those of the database, and where the job's lease ran out.
    pub async fn settle_closing(&self, claimed: job::Claimed, at: Timestamp) -> Result<Ending> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let id = ErasureId(claimed.subject);
                    let closing = match locked(connection, claimed.organisation, id).await? {
                        Some(found) if found.what == What::Organisation && !is_over(&found) => found,
                        _ => {
                            job::finish(connection, &claimed).await?;
                            return Ok(Ending::Over);
                        }
                    };
                    if closing.destroy_at > at {
                        job::postpone(connection, &claimed, closing.destroy_at).await?;
                        return Ok(Ending::Waits(closing.destroy_at));
                    }
                    if closing.state == State::Waiting {
                        set_state(connection, id, State::Working).await?;
                    }
                    job::advance(connection, &claimed, claimed.step + 1, at).await?;
                    Ok(Ending::GoesOn)
                })
            })
            .await
    }

    /// Conversations of an organisation that are still to be seen, a portion.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn shown(&self, organisation: OrganisationId, now: Timestamp, most: i64) -> Result<Vec<Shown>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), now.into(), most.into()];
                    let rows = connection.query_in(organisation.into(), &SHOWN, &values).await?;
                    rows.iter()
                        .map(|row| Ok(Shown { id: ConversationId(row.int(1)?), is_held: row.int(2)? == 1 }))
                        .collect()
                })
            })
            .await
    }

    /// Shuts everybody out, where nothing of the organisation has to be kept any more.
    ///
    /// # Errors
    /// Those of the database, and where the job's lease ran out.
    pub async fn shut(&self, claimed: job::Claimed, at: Timestamp) -> Result<Ending> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let (organisation, id) = (claimed.organisation, ErasureId(claimed.subject));
                    let own = [organisation.into()];
                    locked(connection, organisation, id).await?.ok_or(Error::NotFound)?;
                    connection.query_in(organisation.into(), &LOCK_WAITING, &own).await?;
                    if is_shown(connection, organisation).await? {
                        job::advance(connection, &claimed, claimed.step - 1, at).await?;
                        return Ok(Ending::Shows);
                    }
                    if let (1.., Some(until)) = held(connection, organisation, at).await? {
                        set_state(connection, id, State::Held).await?;
                        let again = until.min(at.plus(LOOKED_AGAIN));
                        job::advance(connection, &claimed, claimed.step, again).await?;
                        return Ok(Ending::Waits(until));
                    }
                    connection.execute_any(&ALL_FINAL, &own).await?;
                    connection.execute(&COUNT, &[organisation.into(), id.into()], 1).await?;
                    connection.execute_any(&SHUT_OPERATORS, &[organisation.into(), at.into()]).await?;
                    for shut in [&SHUT_SESSIONS, &SHUT_PROGRAMS, &SHUT_LINKS] {
                        connection.execute_any(shut, &own).await?;
                    }
                    set_state(connection, id, State::Working).await?;
                    job::advance(connection, &claimed, claimed.step + 1, at).await?;
                    Ok(Ending::GoesOn)
                })
            })
            .await
    }

    /// Notes which keys are about to be destroyed, once: what is left of them after a kill is fewer.
    ///
    /// # Errors
    /// Those of the database, and where the job's lease ran out.
    pub async fn note_counted(
        &self,
        claimed: job::Claimed,
        keys: i64,
        commitment: [u8; 32],
        at: Timestamp,
    ) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let values = [claimed.subject.into(), keys.into(), commitment.into()];
                    connection.execute_any(&COUNTED, &values).await?;
                    job::advance(connection, &claimed, claimed.step + 1, at).await
                })
            })
            .await
    }
}

const fn is_over(closing: &Erasure) -> bool {
    matches!(closing.state, State::Undone | State::Done)
}

impl KeyStore {
    /// The numbers of all data keys of an organisation, ascending.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn keys_of_organisation(&self, organisation: OrganisationId) -> Result<Vec<KeyId>> {
        let (mut all, mut after) = (Vec::new(), (i64::MIN, i64::MIN));
        loop {
            let portion = self
                .keys
                .read(move |connection| {
                    Box::pin(async move {
                        let values = [organisation.into(), after.0.into(), after.1.into(), KEYS.into()];
                        let rows = connection.query_in(organisation.into(), &keys::KEYS_OF, &values).await?;
                        rows.iter().map(|row| Ok((row.int(1)?, row.int(2)?))).collect::<Result<Vec<_>>>()
                    })
                })
                .await?;
            let Some(last) = portion.last() else { break };
            after = *last;
            all.extend(portion.into_iter().map(|(_, id)| KeyId(id)));
        }
        all.sort_unstable();
        Ok(all)
    }

    /// Deletes a portion of an organisation's data keys, and with the last of them its own keys. Says whether nothing is left,
    /// and which epoch it is: whoever holds its key may still open copies.
    ///
    /// # Errors
    /// [`Error::Fence`] where the epoch turned in this very moment, [`Error::Conflict`] where a key was made in it: to be
    /// tried again.
    pub async fn delete_organisation_keys(&self, organisation: OrganisationId) -> Result<(bool, i64)> {
        self.keys
            .write(move |connection| {
                Box::pin(async move {
                    let epoch = connection.query(&CURRENT_EPOCH, &[]).await?;
                    let epoch = epoch.first().ok_or(Error::Fence)?.int(0)?;
                    let values = [organisation.into(), KEYS.into()];
                    let deleted = connection.execute_any(&keys::DELETE_SOME, &values).await?;
                    if deleted == KEYS as u64 {
                        return Ok((false, epoch));
                    }
                    connection.execute_any(&keys::DELETE_ORGANISATION_KEYS, &[organisation.into()]).await?;
                    Ok((true, epoch))
                })
            })
            .await
    }
}
