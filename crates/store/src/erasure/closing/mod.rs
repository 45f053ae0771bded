//! The end of an organisation (requirement C5): asked for, taken back until its day, and then durable like every deletion. It
//! is a deletion of its own kind, and the only one whose row outlives what it is about: nobody of that organisation can sign
//! in any more, so its receipt has to be found without them.

pub(crate) mod purge;
pub(crate) mod steps;

use domain::audit::{Detail, Kind as Did};
use domain::erasure::{Cause, State, What};
use domain::limits::{CLOSING, COPY_COUNTS};
use domain::{OperatorId, OrganisationId, PublicId, Timestamp};
use privacy::random;
use privacy::receipt::commitment;

pub use self::purge::{GONE, STAYS};
pub use self::steps::{Ending, Shown};
use super::undo::set_state;
use super::{BY_ID, Erasure, erasure, select};
use crate::audit::{Audited, Fact};
use crate::engine::{Connection, statements};
use crate::{Error, Result, Scope, Store, System, job};

/// It was asked for before.
pub const CLOSES_ALREADY: Error = Error::Conflict("the organisation is being closed already");
/// Nobody asked for it.
pub const STAYS_OPEN: Error = Error::Conflict("the organisation is not being closed");
/// Its day has come.
pub const OVER: Error = Error::Conflict("the organisation's day has come: it cannot be kept any more");
/// The copy comes first.
pub const NO_COPY: Error = Error::Conflict("take a copy of the organisation first, or say that none is wanted");

/// How an organisation is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The deletion's name outside.
    pub name: PublicId,
    /// Who or what caused it.
    pub cause: Cause,
    /// Who asks for it.
    pub by: Option<OperatorId>,
    /// Whether they said that they want no copy.
    pub without_copy: bool,
    /// When.
    pub at: Timestamp,
}

/// Where an organisation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its deletion, where somebody asked for one.
    pub closing: Option<Erasure>,
    /// When a copy of all of it was last taken to its end.
    pub copied_at: Option<Timestamp>,
    /// Conversations that must not be deleted yet.
    pub held: i64,
    /// Until when the last of them must not.
    pub held_until: Option<Timestamp>,
}

statements! {
    LOCK_ORGANISATION =
        "SELECT h.organisation_id, h.public_id, h.closing_at, h.copied_at FROM organisation h
        WHERE h.organisation_id = $1 {for_update}";
    COPIED_AT = "SELECT organisation_id, copied_at FROM organisation WHERE organisation_id = $1";
    COPIED = "UPDATE organisation SET copied_at = $2 WHERE organisation_id = $1";
    CLOSES = "UPDATE organisation SET closing_at = $2 WHERE organisation_id = $1";
    CLOSING_AT = "SELECT organisation_id, closing_at FROM organisation WHERE organisation_id = $1";
    HOW_MANY = "SELECT organisation_id, COUNT(*) FROM head WHERE organisation_id = $1 GROUP BY organisation_id";
    INSERT =
        "INSERT INTO erasure (organisation_id, public_id, what, cause, requested_by, requested_at, destroy_at, state,
            braked, conversations, messages, keys, salt, organisation_name, acknowledged)
        VALUES ($1, $2, 'organisation', $3, $4, $5, $6, 'waiting', 0, $7, 0, 0, $8, $9, $10)
        RETURNING organisation_id, erasure_id";
    OF_ORGANISATION =
        select!("WHERE h.organisation_id = $1 AND h.what = 'organisation' AND h.state <> 'undone'
        ORDER BY h.erasure_id DESC");
    LOCK_CLOSING =
        select!("WHERE h.organisation_id = $1 AND h.what = 'organisation' AND h.state <> 'undone' {for_update}");
    HELD =
        "SELECT organisation_id, COUNT(DISTINCT conversation_id), MAX(until) FROM hold
        WHERE organisation_id = $1 AND until > $2
            AND EXISTS (SELECT 1 FROM conversation c WHERE c.conversation_id = hold.conversation_id)
        GROUP BY organisation_id";
    FORGET_JOB = "DELETE FROM job WHERE kind = 'close' AND subject = $1";
    RECEIPT =
        "SELECT organisation_id, receipt FROM erasure
        WHERE public_id = $1 AND what = 'organisation' AND state <> 'undone'";
}

/// How many conversations of an organisation must not be deleted yet, and until when the last of them.
async fn held(
    connection: &mut Connection,
    organisation: OrganisationId,
    at: Timestamp,
) -> Result<(i64, Option<Timestamp>)> {
    let rows = connection.query_in(organisation.into(), &HELD, &[organisation.into(), at.into()]).await?;
    rows.first().map_or(Ok((0, None)), |row| Ok((row.int(1)?, row.int_or_null(2)?.map(Timestamp))))
}

impl Store {
    /// Where an organisation stands.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn closing(&self, organisation: OrganisationId, now: Timestamp) -> Result<Standing> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let scope = Scope::Organisation(organisation);
                    let rows = connection.query_in(scope, &COPIED_AT, &[organisation.into()]).await?;
                    let copied_at = rows.first().ok_or(Error::NotFound)?.int_or_null(1)?.map(Timestamp);
                    let rows = connection.query_in(scope, &OF_ORGANISATION, &[organisation.into()]).await?;
                    let closing = rows.first().map(erasure).transpose()?;
                    let (held, held_until) = held(connection, organisation, now).await?;
                    Ok(Standing { closing, copied_at, held, held_until })
                })
            })
            .await
    }

    /// The day on which an organisation ends, where somebody asked for that.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn closing_at(&self, organisation: OrganisationId) -> Result<Option<Timestamp>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query_in(organisation.into(), &CLOSING_AT, &[organisation.into()]).await?;
                    Ok(rows.first().ok_or(Error::NotFound)?.int_or_null(1)?.map(Timestamp))
                })
            })
            .await
    }

    /// Notes that a copy of the whole organisation was sent to its end.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn note_copied(&self, organisation: OrganisationId, at: Timestamp) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move { connection.execute(&COPIED, &[organisation.into(), at.into()], 1).await })
            })
            .await
    }

    /// The final receipt of an organisation that ended, by its number; `None` until it is there. Whoever has the number has the
    /// acknowledgement: there is nobody else left to ask.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn receipt_of_closing(&self, number: PublicId) -> Result<Option<String>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query_in(Scope::System(System::Care), &RECEIPT, &[number.into()]).await?;
                    rows.first().ok_or(Error::NotFound)?.text_or_null(1)
                })
            })
            .await
    }
}

impl Audited<'_> {
    /// Gives an organisation notice: it begins no conversation from here on, and ends on its day unless it is kept.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`CLOSES_ALREADY`], [`NO_COPY`].
    pub async fn close_organisation(self, organisation: OrganisationId, request: Request) -> Result<Erasure> {
        self.write(move |connection| {
            Box::pin(async move {
                let Request { name, cause, by, without_copy, at } = request;
                let scope = Scope::Organisation(organisation);
                let rows = connection.query_in(scope, &LOCK_ORGANISATION, &[organisation.into()]).await?;
                let row = rows.first().ok_or(Error::NotFound)?;
                if row.int_or_null(2)?.is_some() {
                    return Err(CLOSES_ALREADY);
                }
                let has_copy = row.int_or_null(3)?.is_some_and(|copied| copied >= at.minus(COPY_COUNTS).0);
                if !has_copy && !without_copy {
                    return Err(NO_COPY);
                }
                let own_name = row.public_id(1)?;
                let rows = connection.query_in(scope, &HOW_MANY, &[organisation.into()]).await?;
                let conversations = rows.first().map_or(Ok(0), |row| row.int(1))?;
                let ends_at = at.plus(CLOSING);
                // The keys are counted on its day: what is acknowledged binds none yet, and the final receipt says that it does not.
                let salt = random::bytes::<32>();
                let acknowledged = commitment(&salt, &[]);
                let values = [
                    organisation.into(),
                    name.into(),
                    cause.code().into(),
                    by.into(),
                    at.into(),
                    ends_at.into(),
                    conversations.into(),
                    salt.into(),
                    own_name.into(),
                    acknowledged.into(),
                ];
                let rows = connection.query_in(scope, &INSERT, &values).await?;
                let id = rows.first().ok_or_else(|| Error::Broken("a deletion has no number".to_owned()))?.int(1)?;
                connection.execute(&CLOSES, &[organisation.into(), ends_at.into()], 1).await?;
                job::enqueue(connection, organisation, job::Kind::Close, id, ends_at, at).await?;
                let rows = connection.query_in(scope, &BY_ID, &[organisation.into(), id.into()]).await?;
                let closing = erasure(rows.first().ok_or(Error::NotFound)?)?;
                let details = [
                    Detail::is("erasure", name),
                    Detail::is("until", ends_at.utc()),
                    Detail::is("conversations", conversations),
                    Detail::is("copy", if has_copy { "taken" } else { "not_wanted" }),
                ];
                Ok((closing, vec![Fact::new(organisation, Did::OrganisationClosing, details)]))
            })
        })
        .await
    }

    /// Takes that back: everything goes on as before.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`STAYS_OPEN`], [`OVER`].
    pub async fn keep_organisation(self, organisation: OrganisationId) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                let scope = Scope::Organisation(organisation);
                let rows = connection.query_in(scope, &LOCK_ORGANISATION, &[organisation.into()]).await?;
                rows.first().ok_or(Error::NotFound)?;
                let rows = connection.query_in(scope, &LOCK_CLOSING, &[organisation.into()]).await?;
                let closing = erasure(rows.first().ok_or(STAYS_OPEN)?)?;
                if closing.state != State::Waiting || closing.what != What::Organisation {
                    return Err(OVER);
                }
                set_state(connection, closing.id, State::Undone).await?;
                connection.execute_any(&CLOSES, &[organisation.into(), None::<Timestamp>.into()]).await?;
                connection.execute_any(&FORGET_JOB, &[closing.id.into()]).await?;
                let details = [Detail::is("erasure", closing.name)];
                Ok(((), vec![Fact::new(organisation, Did::OrganisationKept, details)]))
            })
        })
        .await
    }
}
