//! What stands in the place of a conversation that is deleted: that there was one, whose it was, and why it went. It takes
//! positions in the order of changes as the conversation did, so that every node learns of it by the same sweep.

use domain::conversation::{Change, Gone, Progress};
use domain::erasure::{Cause, Stub as What};
use domain::{ConversationId, ErasureId, GroupNumber, Hands, OperatorId, OrganisationId, PublicId, Timestamp};

use crate::conversation::guest;
use crate::conversation::head::take_positions;
use crate::engine::{Connection, Row, Value, statements};
use crate::{Error, Result, Store};

/// How many are forgotten in one transaction.
pub const EXPIRE_AT_ONCE: u64 = 500;

/// What stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stub {
    /// The tenant.
    pub organisation: OrganisationId,
    /// Its number inside.
    pub conversation: ConversationId,
    /// What became of it, and its name outside.
    pub gone: Gone,
    /// Since when.
    pub at: Timestamp,
    /// The deletion's name outside.
    pub erasure: PublicId,
    /// Whose it was.
    pub hands: Hands,
    /// Its place in the order of changes.
    pub position: i64,
}

impl Stub {
    /// As it is told.
    pub fn change(&self) -> Change {
        let hands = self.hands;
        Change {
            organisation: self.organisation,
            conversation: self.conversation,
            progress: Progress {
                assignee: hands.assignee,
                group: hands.group,
                guests: hands.guests,
                ..Progress::default()
            },
            previous: hands,
            began: false,
            at: self.at,
            position: self.position,
            gone: Some(self.gone),
        }
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT s.organisation_id, s.conversation_id, s.public_id, s.position, s.state, s.cause, s.at, e.public_id,
            s.assignee, s.group_number, s.guests FROM stub s JOIN erasure e ON e.erasure_id = s.erasure_id ",
            $rest
        )
    };
}

statements! {
    PUT(organisation_id int, conversation_id int, public_id bytes, position int, state int, cause text, at int,
        erasure_id int, assignee int, group_number int, guests text) =
        "INSERT INTO stub (organisation_id, conversation_id, public_id, position, state, cause, at, erasure_id, assignee,
            group_number, guests) {rows}";
    TAKE_AWAY(hidden int) = "DELETE FROM stub WHERE conversation_id IN (SELECT input.hidden {from_input})";
    TURN(hidden int, place int, state int, now int) =
        "UPDATE stub SET state = input.state, position = input.place, at = input.now {from_input}
        WHERE stub.conversation_id = input.hidden RETURNING stub.organisation_id";
    OF(organisation_id int, hidden int) =
        select!("{and_input} WHERE s.conversation_id = input.hidden AND s.organisation_id = input.organisation_id");
    AFTER = select!("WHERE s.organisation_id = $1 AND s.position > $2 ORDER BY s.position LIMIT $3");
    // What a rule deletes goes without a trace, but for what must be kept: nobody did it, and there may be a million of them.
    NEWEST =
        select!("WHERE s.organisation_id = $1 AND s.position < $2 AND (s.cause <> 'retention' OR s.state = 2)
        ORDER BY s.position DESC LIMIT $3");
    EXPIRE =
        "DELETE FROM stub WHERE conversation_id IN (
            SELECT conversation_id FROM stub WHERE state = 1 AND at < $1 ORDER BY at LIMIT $2)";
}

const fn code(stub: What) -> i64 {
    match stub {
        What::Hidden => 0,
        What::Erased => 1,
        What::Restricted => 2,
    }
}

pub(crate) fn stub(row: &Row) -> Result<Stub> {
    let broken = || Error::Broken("a stub cannot be read".to_owned());
    let state = row.int(4)?;
    let stub = What::ALL.iter().copied().find(|stub| code(*stub) == state).ok_or_else(broken)?;
    let cause = Cause::from_code(&row.text(5)?).ok_or_else(broken)?;
    Ok(Stub {
        organisation: OrganisationId(row.int(0)?),
        conversation: ConversationId(row.int(1)?),
        gone: Gone { name: row.public_id(2)?, stub, cause },
        at: Timestamp(row.int(6)?),
        erasure: row.public_id(7)?,
        hands: Hands {
            assignee: row.int_or_null(8)?.map(OperatorId),
            group: row.int_or_null(9)?.and_then(GroupNumber::new),
            guests: guest::read(row, 10)?,
        },
        position: row.int(3)?,
    })
}

/// Puts stubs where conversations were.
pub(crate) async fn put(
    connection: &mut Connection,
    (erasure, name): (ErasureId, PublicId),
    cause: Cause,
    gone: Vec<(OrganisationId, ConversationId, PublicId, Hands)>,
    at: Timestamp,
) -> Result<Vec<Stub>> {
    let positions = take_positions(connection, gone.len()).await?;
    let stubs: Vec<Stub> = gone
        .into_iter()
        .zip(positions)
        .map(|((organisation, conversation, own, hands), position)| {
            let gone = Gone { name: own, stub: What::Hidden, cause };
            Stub { organisation, conversation, gone, at, erasure: name, hands, position }
        })
        .collect();
    let rows: Vec<Vec<Value>> = stubs
        .iter()
        .map(|stub| {
            vec![
                stub.organisation.into(),
                stub.conversation.into(),
                stub.gone.name.into(),
                stub.position.into(),
                code(stub.gone.stub).into(),
                cause.code().into(),
                at.into(),
                erasure.into(),
                stub.hands.assignee.into(),
                stub.hands.group.map(GroupNumber::number).into(),
                guest::written(&stub.hands.guests),
            ]
        })
        .collect();
    connection.execute_each(&PUT, &rows).await?;
    Ok(stubs)
}

/// Takes them away again.
pub(crate) async fn take_away(connection: &mut Connection, conversations: &[Vec<Value>]) -> Result<()> {
    connection.execute_each(&TAKE_AWAY, conversations).await
}

/// Takes them away for good; gives back what they said. No matter whether they are there.
pub(crate) async fn forget(
    connection: &mut Connection,
    conversations: &[(OrganisationId, ConversationId)],
) -> Result<Vec<Change>> {
    let named: Vec<Vec<Value>> = conversations.iter().map(|(of, id)| vec![(*of).into(), (*id).into()]).collect();
    let stubs = of(connection, &named).await?;
    let ids: Vec<Vec<Value>> = conversations.iter().map(|(_, id)| vec![(*id).into()]).collect();
    connection.execute_many(&TAKE_AWAY, &ids).await?;
    Ok(stubs.iter().map(Stub::change).collect())
}

/// Has them say something else, under new positions. Where a restore went over it, there is none.
pub(crate) async fn turn(
    connection: &mut Connection,
    conversations: &[(OrganisationId, ConversationId)],
    to: What,
    at: Timestamp,
) -> Result<Vec<Change>> {
    let positions = take_positions(connection, conversations.len()).await?;
    let rows: Vec<Vec<Value>> = conversations
        .iter()
        .zip(positions)
        .map(|((_, id), position)| vec![(*id).into(), position.into(), code(to).into(), at.into()])
        .collect();
    connection.query_each(&TURN, &rows).await?;
    let ids: Vec<Vec<Value>> = conversations.iter().map(|(of, id)| vec![(*of).into(), (*id).into()]).collect();
    of(connection, &ids).await.map(|stubs| stubs.iter().map(Stub::change).collect())
}

/// Those of conversations, each named with its organisation.
pub(crate) async fn of(connection: &mut Connection, conversations: &[Vec<Value>]) -> Result<Vec<Stub>> {
    connection.query_each(&OF, conversations).await?.iter().map(stub).collect()
}

/// A page of those that changed past a position.
pub(crate) async fn after(
    connection: &mut Connection,
    organisation: OrganisationId,
    position: i64,
    most: i64,
) -> Result<Vec<Stub>> {
    let values = [organisation.into(), position.into(), most.into()];
    connection.query_in(organisation.into(), &AFTER, &values).await?.iter().map(stub).collect()
}

impl Store {
    /// What stands where conversations were, newest first, of positions before one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn stubs(&self, organisation: OrganisationId, before: i64, most: i64) -> Result<Vec<Stub>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), before.into(), most.into()];
                    connection.query_in(organisation.into(), &NEWEST, &values).await?.iter().map(stub).collect()
                })
            })
            .await
    }

    /// Forgets that there was something, where that was so long ago that nobody looks for it: a portion. Says how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn expire_stubs(&self, before: Timestamp) -> Result<u64> {
        self.data
            .write(move |connection| {
                let most = i64::try_from(EXPIRE_AT_ONCE).unwrap_or(i64::MAX);
                Box::pin(async move { connection.execute_any(&EXPIRE, &[before.into(), most.into()]).await })
            })
            .await
    }
}
