//! Deletes every row of an organisation, a portion in a transaction. A test holds the lists to the schema: no table is
//! forgotten.

use domain::erasure::State;
use domain::{ErasureId, OrganisationId, Timestamp};

use super::super::PURGED_AT_ONCE;
use super::super::purge::PURGED_AT;
use super::super::undo::set_state;
use crate::engine::{Connection, Statement, Value, statements};
use crate::{Result, Store, job};

/// The tables whose rows go.
pub const GONE: &[&str] = &[
    "message",
    "hidden_message",
    "sender",
    "mention",
    "ended",
    "hold",
    "stub",
    "head",
    "hidden_head",
    "conversation",
    "snippet",
    "session",
    "api_token",
    "sign_in_link",
    "known_device",
    "recovery_code",
    "passkey",
    "topic",
    "team_group",
    "retention_rule",
    "tally",
    "erasure_item",
    "erasure",
    "widget",
    "operator",
    "job",
    "audit_head",
    "audit_entry",
    "audit_checkpoint",
    "audit_once",
    "organisation",
];

/// The table that names an organisation and stays, with the reason.
pub const STAYS: &[(&str, &str)] =
    &[("journal", "numbered for the installation: a restore does it again, also this end")];

statements! {
    NEXT =
        "SELECT organisation_id, conversation_id FROM head WHERE organisation_id = $1 ORDER BY position LIMIT 1";
    NEXT_HIDDEN = "SELECT organisation_id, conversation_id FROM hidden_head WHERE organisation_id = $1 LIMIT 1";
    MESSAGES =
        "DELETE FROM message WHERE conversation_id = $1 AND sequence IN (
            SELECT sequence FROM message WHERE conversation_id = $1 ORDER BY sequence LIMIT $2
        )";
    TEXTS = "DELETE FROM hidden_message WHERE conversation_id = $1";
    SENDERS = "DELETE FROM sender WHERE conversation_id = $1";
    MENTIONS = "DELETE FROM mention WHERE conversation_id = $1";
    HEAD = "DELETE FROM head WHERE conversation_id = $1";
    HIDDEN_HEAD = "DELETE FROM hidden_head WHERE conversation_id = $1";
    CONVERSATION = "DELETE FROM conversation WHERE conversation_id = $1";
    ENDED =
        "DELETE FROM ended WHERE conversation_id IN (
            SELECT conversation_id FROM ended WHERE organisation_id = $1 LIMIT $2
        )";
    HOLDS = "DELETE FROM hold WHERE hold_id IN (SELECT hold_id FROM hold WHERE organisation_id = $1 LIMIT $2)";
    STUBS =
        "DELETE FROM stub WHERE conversation_id IN (SELECT conversation_id FROM stub WHERE organisation_id = $1 LIMIT $2)";
    SNIPPETS =
        "DELETE FROM snippet WHERE public_id IN (SELECT public_id FROM snippet WHERE organisation_id = $1 LIMIT $2)";
    SESSIONS =
        "DELETE FROM session WHERE token_hash IN (SELECT token_hash FROM session WHERE organisation_id = $1 LIMIT $2)";
    PROGRAMS =
        "DELETE FROM api_token WHERE token_hash IN (
            SELECT token_hash FROM api_token WHERE organisation_id = $1 LIMIT $2
        )";
    LINKS =
        "DELETE FROM sign_in_link WHERE token_hash IN (
            SELECT token_hash FROM sign_in_link WHERE organisation_id = $1 LIMIT $2
        )";
    DEVICES =
        "DELETE FROM known_device WHERE (device_hash, operator_id) IN (
            SELECT device_hash, operator_id FROM known_device WHERE organisation_id = $1 LIMIT $2
        )";
    CODES =
        "DELETE FROM recovery_code WHERE code_hash IN (
            SELECT code_hash FROM recovery_code WHERE organisation_id = $1 LIMIT $2
        )";
    PASSKEYS =
        "DELETE FROM passkey WHERE credential_hash IN (
            SELECT credential_hash FROM passkey WHERE organisation_id = $1 LIMIT $2
        )";
    TOPICS =
        "DELETE FROM topic WHERE organisation_id = $1 AND number IN (
            SELECT number FROM topic WHERE organisation_id = $1 LIMIT $2
        )";
    GROUPS =
        "DELETE FROM team_group WHERE organisation_id = $1 AND number IN (
            SELECT number FROM team_group WHERE organisation_id = $1 LIMIT $2
        )";
    RULES =
        "DELETE FROM retention_rule WHERE organisation_id = $1 AND (kind, widget_id, topic) IN (
            SELECT kind, widget_id, topic FROM retention_rule WHERE organisation_id = $1 LIMIT $2
        )";
    TALLIES =
        "DELETE FROM tally WHERE organisation_id = $1 AND (day, widget_id, what, node) IN (
            SELECT day, widget_id, what, node FROM tally WHERE organisation_id = $1 LIMIT $2
        )";
    ITEMS =
        "DELETE FROM erasure_item WHERE (erasure_id, number) IN (
            SELECT erasure_id, number FROM erasure_item WHERE organisation_id = $1 LIMIT $2
        )";
    // That of the organisation itself is its receipt, and stays as long as receipts do.
    ERASURES =
        "DELETE FROM erasure WHERE erasure_id IN (
            SELECT erasure_id FROM erasure
            WHERE organisation_id = $1 AND (what <> 'organisation' OR state = 'undone') LIMIT $2
        )";
    WIDGETS =
        "DELETE FROM widget WHERE widget_id IN (SELECT widget_id FROM widget WHERE organisation_id = $1 LIMIT $2)";
    OPERATORS =
        "DELETE FROM operator WHERE operator_id IN (
            SELECT operator_id FROM operator WHERE organisation_id = $1 LIMIT $2
        )";
    // What ends the organisation ends itself.
    JOBS =
        "DELETE FROM job WHERE job_id IN (
            SELECT job_id FROM job WHERE organisation_id = $1 AND kind <> 'close' LIMIT $2
        )";
    // First the end of the log: whoever is about to add to it is waited for, and nobody adds behind.
    AUDIT_HEAD =
        "DELETE FROM audit_head WHERE organisation_id IN (
            SELECT organisation_id FROM audit_head WHERE organisation_id = $1 LIMIT $2
        )";
    AUDIT =
        "DELETE FROM audit_entry WHERE organisation_id = $1 AND number IN (
            SELECT number FROM audit_entry WHERE organisation_id = $1 LIMIT $2
        )";
    CHECKPOINTS =
        "DELETE FROM audit_checkpoint WHERE organisation_id = $1 AND number IN (
            SELECT number FROM audit_checkpoint WHERE organisation_id = $1 LIMIT $2
        )";
    OCCASIONS =
        "DELETE FROM audit_once WHERE organisation_id = $1 AND (operator_id, kind, subject, hour) IN (
            SELECT operator_id, kind, subject, hour FROM audit_once WHERE organisation_id = $1 LIMIT $2
        )";
    ORGANISATION =
        "DELETE FROM organisation WHERE organisation_id IN (
            SELECT organisation_id FROM organisation WHERE organisation_id = $1 LIMIT $2
        )";
}

/// Behind the conversations, each before what its rows refer to.
const REST: [&Statement; 24] = [
    &ENDED,
    &HOLDS,
    &STUBS,
    &SNIPPETS,
    &SESSIONS,
    &PROGRAMS,
    &LINKS,
    &DEVICES,
    &CODES,
    &PASSKEYS,
    &TOPICS,
    &GROUPS,
    &RULES,
    &TALLIES,
    &ITEMS,
    &ERASURES,
    &WIDGETS,
    &OPERATORS,
    &JOBS,
    &AUDIT_HEAD,
    &AUDIT,
    &CHECKPOINTS,
    &OCCASIONS,
    &ORGANISATION,
];

/// Deletes a portion; says whether nothing is left.
pub(crate) async fn portion(connection: &mut Connection, organisation: OrganisationId) -> Result<bool> {
    let mut room = PURGED_AT_ONCE;
    for next in [&NEXT, &NEXT_HIDDEN] {
        while let Some(row) = connection.query_in(organisation.into(), next, &[organisation.into()]).await?.first() {
            room -= conversation(connection, row.int(1)?, room).await?;
            if room <= 0 {
                return Ok(false);
            }
        }
    }
    for rest in REST {
        let deleted = connection.execute_any(rest, &[organisation.into(), room.into()]).await?;
        room -= i64::try_from(deleted).unwrap_or(room);
        if room <= 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Says how many rows went, about; as many as there was room for where not all of it is gone.
async fn conversation(connection: &mut Connection, id: i64, room: i64) -> Result<i64> {
    let subject: Value = id.into();
    let deleted = connection.execute_any(&MESSAGES, &[subject.clone(), room.into()]).await?;
    if deleted >= u64::try_from(room).unwrap_or(0) {
        return Ok(room);
    }
    for rest in [&TEXTS, &SENDERS, &MENTIONS, &HEAD, &HIDDEN_HEAD] {
        connection.execute_any(rest, std::slice::from_ref(&subject)).await?;
    }
    connection.execute(&CONVERSATION, &[subject], 1).await?;
    Ok(i64::try_from(deleted).unwrap_or(room) + 1)
}

impl Store {
    /// Deletes a portion of an organisation's rows; where nothing is left, marks that step of the job as done, or else has it
    /// come again.
    ///
    /// # Errors
    /// Those of the database, and where the job's lease ran out.
    pub async fn purge_organisation(&self, claimed: job::Claimed, at: Timestamp) -> Result<bool> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let id = ErasureId(claimed.subject);
                    if !portion(connection, claimed.organisation).await? {
                        job::advance(connection, &claimed, claimed.step, at).await?;
                        return Ok(false);
                    }
                    connection.execute(&PURGED_AT, &[id.into(), at.into()], 1).await?;
                    set_state(connection, id, State::Destroyed).await?;
                    job::advance(connection, &claimed, claimed.step + 1, at).await?;
                    Ok(true)
                })
            })
            .await
    }

    /// The same without a job, after a restore: everything that the backup still had of an organisation that ended.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn replay_organisation(&self, organisation: OrganisationId) -> Result<()> {
        while !self.data.write(move |connection| Box::pin(portion(connection, organisation))).await? {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_that_goes_has_its_statement() {
        let deletes = |table: &&str| ALL.iter().any(|one| one.text.starts_with(&format!("DELETE FROM {table} ")));
        let missing: Vec<_> = GONE.iter().filter(|table| !deletes(table)).collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert_eq!(ALL.iter().filter(|one| one.text.starts_with("DELETE")).count(), GONE.len());
    }
}
