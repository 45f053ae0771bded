//! Deletions (requirement C1). What somebody wants gone is hidden in the transaction that asks for it, with the job that
//! destroys it once nobody can take that back any more. `request` asks, `undo` takes back and lets go on, `settle` makes it
//! final, `rekey` is for parts of a conversation, `purge` deletes rows, `finish` says so, `beside` is for sweeps that are held up,
//! and `expire` forgets. `closing` is the end of a whole organisation.

pub(crate) mod apart;
mod beside;
mod brake;
pub mod closing;
mod evidence;
mod expire;
mod finish;
mod purge;
mod rekey;
mod request;
mod settle;
mod undo;
mod visitor;

use domain::erasure::{Cause, State, What};
use domain::{ConversationId, ErasureId, KeyId, OperatorId, OrganisationId, PublicId, Timestamp};

pub use self::evidence::{Evidence, Held};
pub use self::expire::{FORGOTTEN_AT_ONCE, Open};
pub use self::purge::{CONVERSATIONS_AT_ONCE, PURGED_AT_ONCE};
pub use self::rekey::{Resealed, Text};
pub use self::request::{ONE_IS_HELD, Request, Subject};
pub use self::settle::Settled;
pub use self::undo::{NOT_BRAKED, NOT_WAITING, ONES_OWN, PAST_THE_BRAKE, TOO_LATE};
use crate::engine::{Connection, Row, statements};
use crate::{Error, Result, Store};

/// The statements of all its files.
#[cfg(test)]
pub(crate) static EVERY: &[&[&crate::engine::Statement]] = &[
    ALL,
    apart::ALL,
    beside::ALL,
    brake::ALL,
    closing::ALL,
    closing::purge::ALL,
    closing::steps::ALL,
    evidence::ALL,
    expire::ALL,
    finish::ALL,
    purge::ALL,
    rekey::ALL,
    request::ALL,
    settle::ALL,
    undo::ALL,
    visitor::ALL,
];

/// A deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// The tenant.
    pub organisation: OrganisationId,
    /// Its number inside.
    pub id: ErasureId,
    /// Its name outside: the receipt's number.
    pub name: PublicId,
    /// What goes.
    pub what: What,
    /// Who or what caused it.
    pub cause: Cause,
    /// Who asked for it.
    pub requested_by: Option<OperatorId>,
    /// When.
    pub requested_at: Timestamp,
    /// Until when it can be taken back.
    pub destroy_at: Timestamp,
    /// How far it is.
    pub state: State,
    /// Whether it was held up because it is implausibly large.
    pub braked: bool,
    /// Who let it go on then.
    pub released_by: Option<OperatorId>,
    /// How many conversations.
    pub conversations: i64,
    /// How many messages and notes.
    pub messages: i64,
    /// How many keys.
    pub keys: i64,
    /// Its number in the journal.
    pub journal_number: Option<i64>,
    /// When its keys were destroyed.
    pub shredded_at: Option<Timestamp>,
    /// The epoch that had begun then, whose key opens what was copied of them.
    pub epoch: Option<i64>,
    /// When its rows were deleted.
    pub purged_at: Option<Timestamp>,
    /// When the places for backups had it in their journal.
    pub placed_at: Option<Timestamp>,
    /// When it was through.
    pub done_at: Option<Timestamp>,
}

/// What a part of a deletion is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// A conversation.
    Conversation,
    /// A message or note.
    Message,
    /// A part of one.
    Passage,
}

impl ItemKind {
    pub(crate) const fn code(self) -> i64 {
        match self {
            Self::Conversation => 1,
            Self::Message => 2,
            Self::Passage => 3,
        }
    }

    fn from_code(code: i64) -> Option<Self> {
        [Self::Conversation, Self::Message, Self::Passage].into_iter().find(|kind| kind.code() == code)
    }
}

/// How far an item is.
pub(crate) mod item_state {
    pub(crate) const WAITS: i64 = 0;
    pub(crate) const RESEALED: i64 = 2;
    pub(crate) const SHREDDED: i64 = 3;
    pub(crate) const PURGED: i64 = 4;
}

/// One thing that goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its number within the deletion.
    pub number: i64,
    /// What it is.
    pub kind: ItemKind,
    /// The conversation's number.
    pub conversation: ConversationId,
    /// The conversation's name outside.
    pub name: PublicId,
    /// Which entry, where it is one.
    pub sequence: Option<i64>,
    /// The key that goes with it.
    pub key: Option<KeyId>,
    /// The key that the rest of the conversation is sealed with instead.
    pub next_key: Option<KeyId>,
    /// Sealed anew, or deleted, up to this sequence.
    pub upto: i64,
    /// How far it is.
    pub(crate) state: i64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT h.organisation_id, h.erasure_id, h.public_id, h.what, h.cause, h.requested_by, h.requested_at,
            h.destroy_at, h.state, h.braked, h.released_by, h.conversations, h.messages, h.keys, h.journal_number,
            h.shredded_at, h.epoch, h.purged_at, h.placed_at, h.done_at FROM erasure h ",
            $rest
        )
    };
}

use select;

statements! {
    BY_NAME = select!("WHERE h.organisation_id = $1 AND h.public_id = $2");
    LOCK_NAMED = select!("WHERE h.organisation_id = $1 AND h.public_id = $2 {for_update}");
    BY_ID = select!("WHERE h.organisation_id = $1 AND h.erasure_id = $2");
    LOCK = select!("WHERE h.organisation_id = $1 AND h.erasure_id = $2 {for_update}");
    LIST =
        select!("WHERE h.organisation_id = $1 AND h.erasure_id < $2
            AND (CAST($3 AS TEXT) = '' OR h.state = CAST($3 AS TEXT))
            AND (CAST($4 AS BIGINT) = 0 OR h.requested_by = CAST($4 AS BIGINT))
        ORDER BY h.erasure_id DESC LIMIT $5");
    ITEMS =
        "SELECT organisation_id, number, kind, subject, name, sequence, key_id, next_key_id, upto, state FROM erasure_item
        WHERE erasure_id = $1 ORDER BY number";
}

fn erasure(row: &Row) -> Result<Erasure> {
    let broken = || Error::Broken("a deletion cannot be read".to_owned());
    let at = |column| row.int_or_null(column).map(|at| at.map(Timestamp));
    Ok(Erasure {
        organisation: OrganisationId(row.int(0)?),
        id: ErasureId(row.int(1)?),
        name: row.public_id(2)?,
        what: What::from_code(&row.text(3)?).ok_or_else(broken)?,
        cause: Cause::from_code(&row.text(4)?).ok_or_else(broken)?,
        requested_by: row.int_or_null(5)?.map(OperatorId),
        requested_at: Timestamp(row.int(6)?),
        destroy_at: Timestamp(row.int(7)?),
        state: State::from_code(&row.text(8)?).ok_or_else(broken)?,
        braked: row.int(9)? != 0,
        released_by: row.int_or_null(10)?.map(OperatorId),
        conversations: row.int(11)?,
        messages: row.int(12)?,
        keys: row.int(13)?,
        journal_number: row.int_or_null(14)?,
        shredded_at: at(15)?,
        epoch: row.int_or_null(16)?,
        purged_at: at(17)?,
        placed_at: at(18)?,
        done_at: at(19)?,
    })
}

fn item(row: &Row) -> Result<Item> {
    let broken = || Error::Broken("a part of a deletion cannot be read".to_owned());
    Ok(Item {
        number: row.int(1)?,
        kind: ItemKind::from_code(row.int(2)?).ok_or_else(broken)?,
        conversation: ConversationId(row.int(3)?),
        name: row.public_id(4)?,
        sequence: row.int_or_null(5)?,
        key: row.int_or_null(6)?.map(KeyId),
        next_key: row.int_or_null(7)?.map(KeyId),
        upto: row.int(8)?,
        state: row.int(9)?,
    })
}

/// A deletion, locked until the transaction ends: before anything else of it.
pub(crate) async fn locked(
    connection: &mut Connection,
    organisation: OrganisationId,
    id: ErasureId,
) -> Result<Option<Erasure>> {
    let rows = connection.query_in(organisation.into(), &LOCK, &[organisation.into(), id.into()]).await?;
    rows.first().map(erasure).transpose()
}

pub(crate) async fn items(
    connection: &mut Connection,
    organisation: OrganisationId,
    id: ErasureId,
) -> Result<Vec<Item>> {
    connection.query_in(organisation.into(), &ITEMS, &[id.into()]).await?.iter().map(item).collect()
}

impl Store {
    /// A deletion by its name outside.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn erasure_named(&self, organisation: OrganisationId, name: PublicId) -> Result<Erasure> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), name.into()];
                    let rows = connection.query_in(organisation.into(), &BY_NAME, &values).await?;
                    erasure(rows.first().ok_or(Error::NotFound)?)
                })
            })
            .await
    }

    /// A deletion with what goes, for whoever works on it.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn erasure(&self, organisation: OrganisationId, id: ErasureId) -> Result<(Erasure, Vec<Item>)> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), id.into()];
                    let rows = connection.query_in(organisation.into(), &BY_ID, &values).await?;
                    let found = erasure(rows.first().ok_or(Error::NotFound)?)?;
                    Ok((found, items(connection, organisation, id).await?))
                })
            })
            .await
    }

    /// A page of deletions, newest first, of numbers before `before`: all, or those in one state, or of one operator.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn erasures(
        &self,
        organisation: OrganisationId,
        before: ErasureId,
        state: Option<State>,
        by: Option<OperatorId>,
        most: i64,
    ) -> Result<Vec<Erasure>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [
                        organisation.into(),
                        before.into(),
                        state.map_or("", State::code).into(),
                        by.map_or(0, |by| by.0).into(),
                        most.into(),
                    ];
                    connection.query_in(organisation.into(), &LIST, &values).await?.iter().map(erasure).collect()
                })
            })
            .await
    }
}
