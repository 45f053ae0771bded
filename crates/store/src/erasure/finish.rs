//! What is written of a deletion once something of it is done: that its keys are destroyed, its rows deleted, backups settled.

use domain::audit::{Detail, Kind as Did};
use domain::conversation::Change;
use domain::erasure::{State, Stub as StubState};
use domain::{ConversationId, ErasureId, OrganisationId, Timestamp};

use super::item_state::SHREDDED;
use super::undo::set_state;
use super::{BY_ID, Erasure, ItemKind, erasure, items, locked};
use crate::audit::{Audited, Fact};
use crate::engine::statements;
use crate::{Error, Result, Store, job, journal, stub};

statements! {
    JOURNALLED = "UPDATE erasure SET journal_number = $2 WHERE erasure_id = $1";
    ARE_SHREDDED = "UPDATE erasure_item SET state = $2 WHERE erasure_id = $1 AND state < $2";
    // The first moment and the last epoch: a repeated shred finds nothing, but may fall into a later epoch.
    SHREDDED_AT =
        "UPDATE erasure SET shredded_at = COALESCE(shredded_at, $2),
            epoch = CASE WHEN COALESCE(epoch, 0) < $3 THEN $3 ELSE epoch END,
            commitment = COALESCE(commitment, $4)
        WHERE erasure_id = $1";
    PLACED_AT = "UPDATE erasure SET placed_at = COALESCE(placed_at, $2) WHERE erasure_id = $1";
    DONE_AT =
        "UPDATE erasure SET done_at = $2, state = 'done', salt = NULL, receipt = $3 WHERE erasure_id = $1 AND done_at IS NULL";
    FORGET_ITEMS = "DELETE FROM erasure_item WHERE erasure_id = $1";
}

impl Store {
    /// Adds a deletion to the journal, where it is not there yet.
    ///
    /// # Errors
    /// Those of the database, and where the job's lease ran out.
    pub async fn note_journalled(&self, claimed: job::Claimed, entry: journal::Entry, at: Timestamp) -> Result<i64> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let id = ErasureId(claimed.subject);
                    let found = locked(connection, claimed.organisation, id).await?.ok_or(Error::NotFound)?;
                    let number = match found.journal_number {
                        Some(number) => number,
                        None => {
                            let number = journal::append(connection, &entry).await?.number;
                            journal::carry(connection, at).await?;
                            number
                        }
                    };
                    connection.execute(&JOURNALLED, &[id.into(), number.into()], 1).await?;
                    job::advance(connection, &claimed, claimed.step + 1, at).await?;
                    Ok(number)
                })
            })
            .await
    }

    /// The keys are destroyed: notes when, and in which epoch.
    ///
    /// # Errors
    /// Those of the database, and where the job's lease ran out.
    pub async fn note_shredded(
        &self,
        claimed: job::Claimed,
        epoch: i64,
        commitment: [u8; 32],
        at: Timestamp,
    ) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    connection.execute_any(&ARE_SHREDDED, &[claimed.subject.into(), SHREDDED.into()]).await?;
                    let values = [claimed.subject.into(), at.into(), epoch.into(), commitment.into()];
                    connection.execute(&SHREDDED_AT, &values, 1).await?;
                    job::advance(connection, &claimed, claimed.step + 1, at).await
                })
            })
            .await
    }

    /// The places for backups have it in their journal, or there is none.
    ///
    /// # Errors
    /// Those of the database, and where the job's lease ran out.
    pub async fn note_placed(&self, claimed: job::Claimed, at: Timestamp) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    connection.execute(&PLACED_AT, &[claimed.subject.into(), at.into()], 1).await?;
                    job::advance(connection, &claimed, claimed.step + 1, at).await
                })
            })
            .await
    }

    /// Nobody can read it any more, whatever they have: what was still known of the single things that went is forgotten, and
    /// its job ends.
    ///
    /// # Errors
    /// Those of the database, and where the job's lease ran out.
    pub async fn end_erasure(
        &self,
        claimed: job::Claimed,
        number: Option<i64>,
        receipt: String,
        at: Timestamp,
    ) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    connection.execute(&DONE_AT, &[claimed.subject.into(), at.into(), receipt.into()], 1).await?;
                    connection.execute_any(&FORGET_ITEMS, &[claimed.subject.into()]).await?;
                    if let Some(number) = number {
                        journal::forget_seen(connection, number).await?;
                    }
                    job::finish(connection, &claimed).await
                })
            })
            .await
    }
}

impl Audited<'_> {
    /// The running system has nothing of it left: says so to everybody, and in the log.
    ///
    /// # Errors
    /// Those of the database, and where the job's lease ran out.
    pub async fn note_destroyed(
        self,
        claimed: job::Claimed,
        at: Timestamp,
        then: impl FnOnce(&[Change]) + Send + 'static,
    ) -> Result<()> {
        let listener = self.store().listener.clone();
        self.write_then(
            move |connection| {
                Box::pin(async move {
                    let (organisation, id) = (claimed.organisation, ErasureId(claimed.subject));
                    let rows =
                        connection.query_in(organisation.into(), &BY_ID, &[organisation.into(), id.into()]).await?;
                    let found: Erasure = erasure(rows.first().ok_or(Error::NotFound)?)?;
                    let mut gone: Vec<(OrganisationId, ConversationId)> = items(connection, organisation, id)
                        .await?
                        .iter()
                        .filter(|item| item.kind == ItemKind::Conversation)
                        .map(|item| (organisation, item.conversation))
                        .collect();
                    gone.sort_unstable();
                    gone.dedup();
                    let changes = stub::turn(connection, &gone, StubState::Erased, at).await?;
                    set_state(connection, id, State::Destroyed).await?;
                    job::advance(connection, &claimed, claimed.step + 1, at).await?;
                    let details = [
                        Detail::is("erasure", found.name),
                        Detail::is("conversations", found.conversations),
                        Detail::is("messages", found.messages),
                    ];
                    Ok((changes, vec![Fact::new(organisation, Did::ErasureDone, details)]))
                })
            },
            move |changes: &Vec<Change>| {
                then(changes);
                changes.iter().for_each(|change| listener.tell(change));
            },
        )
        .await
        .map(drop)
    }
}
