//! What must not be deleted until a day (C2; Art. 18 GDPR): deleting such a conversation hides it from everybody, and destroys
//! it when the hold is over. A hold counts until its end and then stays a year as evidence.

use domain::audit::{Detail, Kind as Did};
use domain::erasure::{HoldReason, State};
use domain::{ConversationId, OperatorId, OrganisationId, PublicId, Timestamp};

use crate::audit::{Audited, Fact};
use crate::engine::{Connection, Row, statements};
use crate::hidden::lock_wherever;
use crate::job::Kind;
use crate::{Error, Result, Store, job};

/// A hold as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Its name outside.
    pub name: PublicId,
    /// The conversation's number.
    pub conversation: ConversationId,
    /// The conversation's name outside.
    pub conversation_name: PublicId,
    /// Whether it is hidden already, because its time was over or somebody deleted it.
    pub is_restricted: bool,
    /// Why.
    pub reason: HoldReason,
    /// Until when.
    pub until: Timestamp,
    /// Who said so.
    pub set_by: Option<OperatorId>,
    /// When.
    pub set_at: Timestamp,
}

statements! {
    OF_ORGANISATION =
        "SELECT d.organisation_id, d.public_id, d.conversation_id, c.public_id, d.reason, d.until, d.set_by, d.set_at,
            CASE WHEN EXISTS (SELECT 1 FROM head h WHERE h.conversation_id = d.conversation_id) THEN 0 ELSE 1 END
        FROM hold d JOIN conversation c ON c.conversation_id = d.conversation_id
        WHERE d.organisation_id = $1 AND d.until > $2 ORDER BY d.until, d.hold_id LIMIT $3";
    HELD =
        "SELECT organisation_id, COUNT(DISTINCT conversation_id) FROM hold
        WHERE organisation_id = $1 AND until > $2 GROUP BY organisation_id";
    NAMED =
        "SELECT h.organisation_id, h.public_id, h.conversation_id, c.public_id, h.reason, h.until, h.set_by, h.set_at, 0
        FROM hold h JOIN conversation c ON c.conversation_id = h.conversation_id
        WHERE h.organisation_id = $1 AND h.public_id = $2 {for_update}";
    CONVERSATION = "SELECT organisation_id, conversation_id FROM conversation WHERE organisation_id = $1 AND public_id = $2";
    // Whoever deletes a conversation takes this row away: they wait for each other, and the second sees what the first did.
    LOCK_HEAD = "SELECT h.organisation_id FROM head h WHERE h.organisation_id = $1 AND h.conversation_id = $2 {for_update}";
    // Whoever destroys it looks for holds behind this lock. Of its parts it is only read how far they are: whoever takes one
    // back has locked its deletion, and waits for the conversation.
    PARTS =
        "SELECT h.organisation_id, h.erasure_id, h.state FROM erasure h
        WHERE h.organisation_id = $1 AND h.done_at IS NULL AND h.state <> 'undone' AND h.erasure_id IN
            (SELECT i.erasure_id FROM erasure_item i WHERE i.kind IN (2, 3) AND i.subject = $2)
        ORDER BY h.erasure_id";
    LOCK_ERASURES =
        "SELECT h.organisation_id, h.erasure_id, h.state FROM erasure h
        WHERE h.organisation_id = $1 AND h.done_at IS NULL AND h.state <> 'undone' AND h.erasure_id IN
            (SELECT i.erasure_id FROM erasure_item i WHERE i.kind = 1 AND i.subject = $2)
        ORDER BY h.erasure_id {for_update}";
    INSERT =
        "INSERT INTO hold (organisation_id, public_id, conversation_id, reason, until, set_by, set_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    END = "UPDATE hold SET until = $3 WHERE organisation_id = $1 AND public_id = $2";
    FORGET = "DELETE FROM hold WHERE until <= $1";
}

fn hold(row: &Row) -> Result<Hold> {
    Ok(Hold {
        name: row.public_id(1)?,
        conversation: ConversationId(row.int(2)?),
        conversation_name: row.public_id(3)?,
        reason: HoldReason::from_code(&row.text(4)?)
            .ok_or_else(|| Error::Broken("a hold's reason cannot be read".to_owned()))?,
        until: Timestamp(row.int(5)?),
        set_by: row.int_or_null(6)?.map(OperatorId),
        set_at: Timestamp(row.int(7)?),
        is_restricted: row.int(8)? == 1,
    })
}

/// How a conversation stands.
struct Stands {
    is_hidden: bool,
    /// Deletions of it, locked until the end of the transaction.
    wholes: Vec<(i64, State)>,
    /// Deletions of parts of it: as long as the conversation is locked, none of them goes on.
    parts: Vec<(i64, State)>,
}

/// Locks a conversation and finds out how it stands.
async fn stands(
    connection: &mut Connection,
    organisation: OrganisationId,
    conversation: ConversationId,
) -> Result<Stands> {
    let values = [organisation.into(), conversation.into()];
    let state = |row: &Row| {
        State::from_code(&row.text(2)?).ok_or_else(|| Error::Broken("a deletion's state cannot be read".to_owned()))
    };
    let states = |rows: Vec<Row>| rows.iter().map(|row| Ok((row.int(1)?, state(row)?))).collect::<Result<Vec<_>>>();
    let is_there = !connection.query_in(organisation.into(), &LOCK_HEAD, &values).await?.is_empty();
    let wholes = states(connection.query_in(organisation.into(), &LOCK_ERASURES, &values).await?)?;
    // It may have been taken back while this waited for the deletion.
    let is_hidden = !is_there && lock_wherever(connection, organisation, conversation).await? != Some(false);
    let parts = states(connection.query_in(organisation.into(), &PARTS, &values).await?)?;
    Ok(Stands { is_hidden, wholes, parts })
}

impl Store {
    /// The holds of an organisation that count, those that end first before the others.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn holds(&self, organisation: OrganisationId, now: Timestamp, most: i64) -> Result<Vec<Hold>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), now.into(), most.into()];
                    let rows = connection.query_in(organisation.into(), &OF_ORGANISATION, &values).await?;
                    rows.iter().map(hold).collect()
                })
            })
            .await
    }

    /// How many conversations of an organisation are held.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn count_held(&self, organisation: OrganisationId, now: Timestamp) -> Result<i64> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), now.into()];
                    let rows = connection.query_in(organisation.into(), &HELD, &values).await?;
                    rows.first().map_or(Ok(0), |row| row.int(1))
                })
            })
            .await
    }

    /// Forgets holds that ended before a moment.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_ended_holds(&self, before: Timestamp) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move { connection.execute_any(&FORGET, &[before.into()]).await.map(drop) })
            })
            .await
    }
}

impl Audited<'_> {
    /// Says that a conversation must not be deleted until a moment: also one that is hidden already, as long as nothing of it
    /// is destroyed.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] where it is too late.
    pub async fn set_hold(
        self,
        organisation: OrganisationId,
        conversation: PublicId,
        name: PublicId,
        reason: HoldReason,
        until: Timestamp,
    ) -> Result<Hold> {
        let by = self.by;
        self.write(move |connection| {
            Box::pin(async move {
                let scope = organisation.into();
                let rows =
                    connection.query_in(scope, &CONVERSATION, &[organisation.into(), conversation.into()]).await?;
                let id = ConversationId(rows.first().ok_or(Error::NotFound)?.int(1)?);
                // Each of them may go on as soon as these locks are given back, and sees the hold then. What is destroyed is not
                // saved by it any more.
                let stands = stands(connection, organisation, id).await?;
                let is_late = |state: &State| !matches!(state, State::Waiting | State::Braked | State::Held);
                if stands.wholes.iter().any(|(_, state)| is_late(state)) {
                    return Err(Error::Conflict("the conversation is being destroyed already"));
                }
                if stands.parts.iter().any(|(_, state)| *state == State::Working) {
                    return Err(Error::Conflict("a part of the conversation is being destroyed just now"));
                }
                let is_restricted = stands.is_hidden;
                let set_by = by.actor.operator();
                let values = [
                    organisation.into(),
                    name.into(),
                    id.into(),
                    reason.code().into(),
                    until.into(),
                    set_by.map(|operator| operator.0).into(),
                    by.at.into(),
                ];
                connection.execute(&INSERT, &values, 1).await?;
                let details = [
                    Detail::is("conversation", conversation),
                    Detail::is("reason", reason.code()),
                    Detail::is("until", until.utc()),
                ];
                let fact = Fact::new(organisation, Did::HoldSet, details);
                let set_at = by.at;
                let (conversation, conversation_name) = (id, conversation);
                let hold = Hold { name, conversation, conversation_name, is_restricted, reason, until, set_by, set_at };
                Ok((hold, vec![fact]))
            })
        })
        .await
    }

    /// Ends a hold before its time. What waited for it goes on.
    ///
    /// # Errors
    /// [`Error::NotFound`], also where it is over.
    pub async fn end_hold(self, organisation: OrganisationId, name: PublicId) -> Result<()> {
        let at = self.by.at;
        self.write(move |connection| {
            Box::pin(async move {
                let values = [organisation.into(), name.into()];
                let rows = connection.query_in(organisation.into(), &NAMED, &values).await?;
                let found = hold(rows.first().ok_or(Error::NotFound)?)?;
                if found.until <= at {
                    return Err(Error::NotFound);
                }
                connection.execute(&END, &[organisation.into(), name.into(), at.into()], 1).await?;
                let stands = stands(connection, organisation, found.conversation).await?;
                for (erasure, state) in stands.wholes.into_iter().chain(stands.parts) {
                    if state == State::Held {
                        job::reschedule(connection, organisation, Kind::Erase, erasure, at, at).await?;
                    }
                }
                let details = [
                    Detail::is("conversation", found.conversation_name),
                    Detail { what: "until".to_owned(), before: Some(found.until.utc()), after: None },
                ];
                Ok(((), vec![Fact::new(organisation, Did::HoldEnded, details)]))
            })
        })
        .await
    }
}
