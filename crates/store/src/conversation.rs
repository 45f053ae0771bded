//! Conversations: heads, lists, and what happens to them besides messages.

use domain::conversation::{Author, Change, Event, Kind, Progress, State};
use domain::{Access, ConversationId, KeyId, Language, OperatorId, OrganisationId, PublicId, Timestamp, WidgetId};

use crate::append::{event, insert_messages};
use crate::engine::{Connection, Row, Value, statements};
use crate::{Error, Result, Scope, Store, job};

/// Everything about a conversation but what was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// The tenant.
    pub organisation: OrganisationId,
    /// Its number inside.
    pub id: ConversationId,
    /// Its name outside.
    pub name: PublicId,
    /// The chat surface it began on.
    pub widget: WidgetId,
    /// The key it is sealed with.
    pub key: KeyId,
    /// The visitor's language.
    pub language: Language,
    /// How far it has come.
    pub progress: Progress,
    /// Up to which visible number the visitor has seen it.
    pub visitor_seen: i64,
    /// Up to which visible number the team has seen it.
    pub team_seen_visible: i64,
    /// When it began.
    pub started_at: Timestamp,
    /// When something was last said or done.
    pub last_at: Timestamp,
    /// Its last change, in the order of changes.
    pub position: i64,
}

/// Which conversations a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// Those of one operator.
    Mine(OperatorId),
    /// Those that nobody has taken.
    Unassigned,
    /// All.
    All,
}

/// Who has seen what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The visitor, up to a visible number.
    Visitor(i64),
    /// The team, up to a sequence.
    Team(i64),
}

/// What [`conversation`] reads, from `c`.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT c.organisation_id, c.conversation_id, c.public_id, c.widget_id, c.key_id, c.language, c.state,
            c.assignee, c.last_sequence, c.last_visible, c.last_message, c.unread, c.waiting_since, c.visitor_seen,
            c.team_seen_visible, c.started_at, c.last_at, c.position
        FROM conversation c ",
            $rest
        )
    };
}

statements! {
    BY_ID =
        select!("WHERE c.organisation_id = $1 AND c.conversation_id = $2 {for_update}");
    READ_BY_ID =
        select!("WHERE c.organisation_id = $1 AND c.conversation_id = $2");
    BY_NAME =
        select!("WHERE c.organisation_id = $1 AND c.public_id = $2");
    BY_TOKEN =
        select!("WHERE c.organisation_id = $1 AND c.token_hash = $2");
    LIST_MINE =
        select!("WHERE c.organisation_id = $1 AND c.assignee = $2 AND (c.state <> 3 OR CAST($3 AS BIGINT) = 1) AND c.position < $4
        ORDER BY c.position DESC LIMIT $5");
    LIST_UNASSIGNED =
        select!("WHERE c.organisation_id = $1 AND c.assignee IS NULL AND (c.state <> 3 OR CAST($2 AS BIGINT) = 1) AND c.position < $3
        ORDER BY c.position DESC LIMIT $4");
    LIST_ALL =
        select!("WHERE c.organisation_id = $1 AND (c.state <> 3 OR CAST($2 AS BIGINT) = 1) AND c.position < $3
        ORDER BY c.position DESC LIMIT $4");
    COUNT =
        "SELECT organisation_id, assignee, COUNT(*) FROM conversation
        WHERE organisation_id = $1 AND state <> 3 GROUP BY organisation_id, assignee";
    UPDATE(conversation_id int, state int, assignee int, last_sequence int, last_visible int, last_message int,
        unread int, waiting_since int, last_at int, position int) =
        "UPDATE conversation SET state = input.state, assignee = input.assignee,
            assigned_from = CASE WHEN conversation.assignee IS DISTINCT FROM input.assignee
                THEN conversation.assignee ELSE conversation.assigned_from END,
            last_sequence = input.last_sequence, last_visible = input.last_visible,
            last_message = input.last_message, unread = input.unread, waiting_since = input.waiting_since,
            last_at = input.last_at, position = input.position
        FROM {input} WHERE conversation.conversation_id = input.conversation_id";
    SEE_VISITOR =
        "UPDATE conversation SET visitor_seen = $3
        WHERE organisation_id = $1 AND conversation_id = $2 AND visitor_seen < $3 AND last_visible >= $3";
    SEE_TEAM =
        "UPDATE conversation SET team_seen = $3, team_seen_visible = $4,
            unread = (SELECT COUNT(*) FROM message m WHERE m.conversation_id = $2 AND m.sequence > $3
                AND m.author = 0 AND m.kind = 0)
        WHERE organisation_id = $1 AND conversation_id = $2 AND team_seen < $3 AND last_sequence >= $3";
    VISIBLE_AT =
        "SELECT organisation_id, visible FROM message
        WHERE conversation_id = $1 AND sequence <= $2 ORDER BY sequence DESC LIMIT 1";
    WORKS_HERE =
        "SELECT organisation_id FROM operator WHERE organisation_id = $1 AND operator_id = $2";
    LAST_POSITION =
        "SELECT organisation_id, position FROM conversation WHERE organisation_id = $1
        ORDER BY position DESC LIMIT 1";
}

/// Only PostgreSQL has sequences; the registry's test prepares each of these two where it belongs.
pub(crate) static TAKE_POSITIONS_SQLITE: crate::engine::Statement = crate::engine::Statement::new(
    "TAKE_POSITIONS_SQLITE",
    "UPDATE change_position SET value = value + $1 WHERE id = 1 RETURNING value",
    &[],
);
pub(crate) static TAKE_POSITIONS_POSTGRES: crate::engine::Statement = crate::engine::Statement::new(
    "TAKE_POSITIONS_POSTGRES",
    "SELECT nextval('change_position') FROM generate_series(1, $1::bigint)",
    &[],
);

fn conversation(row: &Row) -> Result<Conversation> {
    let broken = || Error::Broken("a conversation cannot be read".to_owned());
    Ok(Conversation {
        organisation: OrganisationId(row.int(0)?),
        id: ConversationId(row.int(1)?),
        name: row.public_id(2)?,
        widget: WidgetId(row.int(3)?),
        key: KeyId(row.int(4)?),
        language: Language::from_code(&row.text(5)?).ok_or_else(broken)?,
        progress: Progress {
            state: State::from_code(row.int(6)?).ok_or_else(broken)?,
            assignee: row.int_or_null(7)?.map(OperatorId),
            last_sequence: row.int(8)?,
            last_visible: row.int(9)?,
            last_message: row.int(10)?,
            unread: row.int(11)?,
            waiting_since: row.int_or_null(12)?.map(Timestamp),
        },
        visitor_seen: row.int(13)?,
        team_seen_visible: row.int(14)?,
        started_at: Timestamp(row.int(15)?),
        last_at: Timestamp(row.int(16)?),
        position: row.int(17)?,
    })
}

/// Writes the new state of conversations and gives each change its place in the order of changes.
pub(crate) async fn write_changes(connection: &mut Connection, mut changes: Vec<Change>) -> Result<Vec<Change>> {
    if changes.is_empty() {
        return Ok(changes);
    }
    let positions = take_positions(connection, changes.len() as i64).await?;
    let mut inputs = Vec::with_capacity(changes.len());
    for (change, position) in changes.iter_mut().zip(positions) {
        change.position = position;
        let progress = &change.progress;
        inputs.push(vec![
            change.conversation.into(),
            progress.state.code().into(),
            progress.assignee.into(),
            progress.last_sequence.into(),
            progress.last_visible.into(),
            progress.last_message.into(),
            progress.unread.into(),
            progress.waiting_since.into(),
            change.at.into(),
            position.into(),
        ]);
    }
    connection.execute_each(&UPDATE, &inputs).await?;
    Ok(changes)
}

async fn take_positions(connection: &mut Connection, wanted: i64) -> Result<Vec<i64>> {
    let statement = if connection.is_postgres() { &TAKE_POSITIONS_POSTGRES } else { &TAKE_POSITIONS_SQLITE };
    let rows = connection.query(statement, &[wanted.into()]).await?;
    if connection.is_postgres() {
        return rows.iter().map(|row| row.int(0)).collect();
    }
    let last = rows.first().ok_or_else(|| Error::Broken("there are no change positions".to_owned()))?.int(0)?;
    Ok((last - wanted + 1..=last).collect())
}

async fn locked(
    connection: &mut Connection,
    organisation: OrganisationId,
    id: ConversationId,
    reach: Option<(OperatorId, Access)>,
) -> Result<Conversation> {
    let rows = connection.query_in(organisation.into(), &BY_ID, &[organisation.into(), id.into()]).await?;
    let found = conversation(rows.first().ok_or(Error::NotFound)?)?;
    match reach {
        Some((operator, access)) if !access.reaches(operator, found.progress.assignee) => Err(Error::OutOfReach),
        _ => Ok(found),
    }
}

/// Puts an event into a conversation and writes its new state.
async fn happen(
    connection: &mut Connection,
    found: Conversation,
    author: Author,
    what: Event,
    at: Timestamp,
) -> Result<Change> {
    let mut progress = found.progress;
    let kind = Kind::Event(what);
    let numbers = progress.advance(author, kind, at);
    insert_messages(connection, &[event(found.id, found.organisation, author, kind, numbers, at)]).await?;
    let change = Change {
        organisation: found.organisation,
        conversation: found.id,
        progress,
        previous_assignee: found.progress.assignee,
        began: false,
        at,
        position: 0,
    };
    let changes = write_changes(connection, vec![change]).await?;
    changes.into_iter().next().ok_or_else(|| Error::Broken("a change was not written".to_owned()))
}

impl Store {
    /// A conversation by its number.
    ///
    /// # Errors
    /// [`Error::NotFound`] where this organisation has none.
    pub async fn conversation(&self, organisation: OrganisationId, id: ConversationId) -> Result<Conversation> {
        self.one(organisation, &READ_BY_ID, id.into()).await
    }

    /// A conversation by its name outside.
    ///
    /// # Errors
    /// [`Error::NotFound`] where this organisation has none: another's answers the same.
    pub async fn conversation_named(&self, organisation: OrganisationId, name: PublicId) -> Result<Conversation> {
        self.one(organisation, &BY_NAME, name.into()).await
    }

    /// The conversation of a visitor's token.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the visitor has not written yet.
    pub async fn conversation_of_token(&self, organisation: OrganisationId, hash: [u8; 32]) -> Result<Conversation> {
        self.one(organisation, &BY_TOKEN, hash.into()).await
    }

    async fn one(
        &self,
        organisation: OrganisationId,
        statement: &'static crate::engine::Statement,
        key: Value,
    ) -> Result<Conversation> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query_in(organisation.into(), statement, &[organisation.into(), key]).await?;
                    conversation(rows.first().ok_or(Error::NotFound)?)
                })
            })
            .await
    }

    /// A page of a list, newest change first, of changes before `before`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn conversations(
        &self,
        organisation: OrganisationId,
        list: List,
        with_ended: bool,
        before: i64,
        most: i64,
    ) -> Result<Vec<Conversation>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let scope = Scope::Organisation(organisation);
                    let ended = Value::from(with_ended);
                    let rows = match list {
                        List::Mine(operator) => {
                            let values = [organisation.into(), operator.into(), ended, before.into(), most.into()];
                            connection.query_in(scope, &LIST_MINE, &values).await?
                        }
                        List::Unassigned => {
                            let values = [organisation.into(), ended, before.into(), most.into()];
                            connection.query_in(scope, &LIST_UNASSIGNED, &values).await?
                        }
                        List::All => {
                            let values = [organisation.into(), ended, before.into(), most.into()];
                            connection.query_in(scope, &LIST_ALL, &values).await?
                        }
                    };
                    rows.iter().map(conversation).collect()
                })
            })
            .await
    }

    /// How many conversations are not ended, by operator; `None` stands for nobody.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn counts(&self, organisation: OrganisationId) -> Result<Vec<(Option<OperatorId>, i64)>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query_in(organisation.into(), &COUNT, &[organisation.into()]).await?;
                    rows.iter().map(|row| Ok((row.int_or_null(1)?.map(OperatorId), row.int(2)?))).collect()
                })
            })
            .await
    }

    /// The last change of an organisation, 0 where there is none.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn last_position(&self, organisation: OrganisationId) -> Result<i64> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query_in(organisation.into(), &LAST_POSITION, &[organisation.into()]).await?;
                    rows.first().map_or(Ok(0), |row| row.int(1))
                })
            })
            .await
    }

    /// Gives a conversation to an operator, or to nobody; nothing happens where it is so already.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for an operator of another organisation, and [`Error::OutOfReach`] where `by` may not
    /// touch it.
    pub async fn assign(
        &self,
        organisation: OrganisationId,
        id: ConversationId,
        by: (OperatorId, Access),
        to: Option<OperatorId>,
        at: Timestamp,
    ) -> Result<Option<Change>> {
        let listener = self.listener.clone();
        self.data
            .write_then(
                move |connection| {
                    Box::pin(async move {
                        let found = locked(connection, organisation, id, Some(by)).await?;
                        if found.progress.assignee == to {
                            return Ok(None);
                        }
                        if let Some(to) = to {
                            let values = [organisation.into(), to.into()];
                            if connection.query_in(organisation.into(), &WORKS_HERE, &values).await?.is_empty() {
                                return Err(Error::NotFound);
                            }
                        }
                        happen(connection, found, Author::Operator(by.0), Event::Assigned(to), at).await.map(Some)
                    })
                },
                move |change: &Option<Change>| change.iter().for_each(|change| listener.tell(change)),
            )
            .await
    }

    /// Ends a conversation or takes it up again; nothing happens where it is so already.
    ///
    /// # Errors
    /// [`Error::NotFound`], and [`Error::OutOfReach`] where `by` may not touch it.
    pub async fn set_ended(
        &self,
        organisation: OrganisationId,
        id: ConversationId,
        by: (OperatorId, Access),
        ended: bool,
        at: Timestamp,
        idle_at: Timestamp,
    ) -> Result<Option<Change>> {
        let listener = self.listener.clone();
        self.data
            .write_then(
                move |connection| {
                    Box::pin(async move {
                        let found = locked(connection, organisation, id, Some(by)).await?;
                        if (found.progress.state == State::Ended) == ended {
                            return Ok(None);
                        }
                        let what = if ended { Event::Ended } else { Event::Reopened };
                        if !ended {
                            job::enqueue(connection, organisation, job::Kind::EndIdle, id.0, idle_at, at).await?;
                        }
                        happen(connection, found, Author::Operator(by.0), what, at).await.map(Some)
                    })
                },
                move |change: &Option<Change>| change.iter().for_each(|change| listener.tell(change)),
            )
            .await
    }

    /// Notes what was seen. `None` where that is known already or ahead of what is there. For the team the answer is the
    /// visible number that the visitor may be told.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn see(&self, organisation: OrganisationId, id: ConversationId, seen: Seen) -> Result<Option<i64>> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    match seen {
                        Seen::Visitor(visible) => {
                            let values = [organisation.into(), id.into(), visible.into()];
                            let touched = connection.execute_any(&SEE_VISITOR, &values).await?;
                            Ok((touched == 1).then_some(visible))
                        }
                        Seen::Team(sequence) => {
                            // Locked first: the messages that are still unread are counted by a statement that must
                            // see what was stored while it waited.
                            match locked(connection, organisation, id, None).await {
                                Err(Error::NotFound) => return Ok(None),
                                found => found?,
                            };
                            let scope = Scope::Organisation(organisation);
                            let rows = connection.query_in(scope, &VISIBLE_AT, &[id.into(), sequence.into()]).await?;
                            let Some(row) = rows.first() else { return Ok(None) };
                            let visible = row.int(1)?;
                            let values = [organisation.into(), id.into(), sequence.into(), visible.into()];
                            let touched = connection.execute_any(&SEE_TEAM, &values).await?;
                            Ok((touched == 1).then_some(visible))
                        }
                    }
                })
            })
            .await
    }

    /// Ends a conversation in which nobody has written since `quiet_since`; the outcome of its job either way.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn end_if_idle(
        &self,
        claimed: job::Claimed,
        idle: std::time::Duration,
        at: Timestamp,
    ) -> Result<Option<Change>> {
        let listener = self.listener.clone();
        self.data
            .write_then(
                move |connection| {
                    Box::pin(async move {
                        let id = ConversationId(claimed.subject);
                        let found = match locked(connection, claimed.organisation, id, None).await {
                            Err(Error::NotFound) => None,
                            found => Some(found?),
                        };
                        let Some(found) = found.filter(|found| found.progress.state != State::Ended) else {
                            job::finish(connection, &claimed).await?;
                            return Ok(None);
                        };
                        let due = found.last_at.plus(idle);
                        if due > at {
                            job::postpone(connection, &claimed, due).await?;
                            return Ok(None);
                        }
                        let change = happen(connection, found, Author::System, Event::EndedIdle, at).await?;
                        job::finish(connection, &claimed).await?;
                        Ok(Some(change))
                    })
                },
                move |change: &Option<Change>| change.iter().for_each(|change| listener.tell(change)),
            )
            .await
    }
}
