//! What is written of a deletion once something of it is done: that its keys are destroyed, its rows deleted, backups settled.

use domain::audit::{Detail, Kind as Did};
use domain::conversation::Change;
use domain::erasure::{Cause, State, Stub as StubState};
use domain::{ConversationId, ErasureId, OrganisationId, Timestamp};

use super::item_state::SHREDDED;
use super::undo::set_state;
use super::{ItemKind, items, locked};
use crate::audit::{Audited, Fact};
use crate::engine::{Late, statements};
use crate::{Error, Result, Store, job, journal, stub};

statements! {
    ARE_SHREDDED = "UPDATE erasure_item SET state = $2 WHERE erasure_id = $1 AND state < $2";
    // The first moment and the last epoch: a repeated shred finds nothing, but may fall into a later epoch.
    SHREDDED_AT =
        "UPDATE erasure SET shredded_at = COALESCE(shredded_at, $2),
            epoch = CASE WHEN COALESCE(epoch, 0) < $3 THEN $3 ELSE epoch END,
            commitment = COALESCE(commitment, $4), salt = CASE WHEN opened_at IS NULL THEN salt ELSE NULL END
        WHERE erasure_id = $1";
    PLACED_AT = "UPDATE erasure SET placed_at = COALESCE(placed_at, $2) WHERE erasure_id = $1";
    DONE_AT =
        "UPDATE erasure SET done_at = $2, state = 'done', salt = NULL, receipt = $3 WHERE erasure_id = $1 AND done_at IS NULL";
    FORGET_ITEMS = "DELETE FROM erasure_item WHERE erasure_id = $1";
}

impl Store {
    /// Adds a deletion to the journal, where it is not there yet: at the end of the transaction, because whoever has the end of
    /// the journal must wait for nothing else.
    ///
    /// # Errors
    /// Those of the database, and where the job's lease ran out.
    pub async fn note_journalled(&self, claimed: job::Claimed, entry: journal::Entry, at: Timestamp) -> Result<()> {
        self.data
            .write_late(
                move |connection| {
                    Box::pin(async move {
                        entry.check()?;
                        let id = ErasureId(claimed.subject);
                        let found = locked(connection, claimed.organisation, id).await?.ok_or(Error::NotFound)?;
                        job::advance(connection, &claimed, claimed.step + 1, at).await?;
                        Ok(found.journal_number.is_none().then(|| Box::new(journal::Journalled { erasure: id, entry })))
                    })
                },
                |late| late.take().into_iter().map(Late::Journal).collect(),
                |_| {},
            )
            .await
            .map(drop)
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
                    // Before positions are taken: other nodes must see by its lock that this is still under way.
                    let found = locked(connection, organisation, id).await?.ok_or(Error::NotFound)?;
                    let mut gone: Vec<(OrganisationId, ConversationId)> = items(connection, organisation, id)
                        .await?
                        .iter()
                        .filter(|item| item.kind == ItemKind::Conversation)
                        .map(|item| (organisation, item.conversation))
                        .collect();
                    gone.sort_unstable();
                    gone.dedup();
                    // Nobody misses what a rule deleted: it leaves no trace, and nobody is told once more.
                    let is_quiet = found.cause == Cause::Retention;
                    let changes = if is_quiet {
                        stub::forget(connection, &gone).await?
                    } else {
                        stub::turn(connection, &gone, StubState::Erased, at).await?
                    };
                    set_state(connection, id, State::Destroyed).await?;
                    job::advance(connection, &claimed, claimed.step + 1, at).await?;
                    let details = [
                        Detail::is("erasure", found.name),
                        Detail::is("conversations", found.conversations),
                        Detail::is("messages", found.messages),
                    ];
                    Ok(((is_quiet, changes), vec![Fact::new(organisation, Did::ErasureDone, details)]))
                })
            },
            move |(is_quiet, changes): &(bool, Vec<Change>)| {
                then(changes);
                changes.iter().filter(|_| !is_quiet).for_each(|change| listener.tell(change));
            },
        )
        .await
        .map(drop)
    }
}
