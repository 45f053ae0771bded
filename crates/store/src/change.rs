//! The change sweep: what other nodes committed, and what was committed without anybody having been told.
//!
//! Every change of a conversation takes the next *position*. A node that asks for positions past the last one it knows finds
//! everything – except that on PostgreSQL commits pass each other: 6 can be there before 5 is. A [`SweepCursor`] therefore
//! moves past a position only once every transaction that may have taken one before it has ended. Which these are, a
//! [`Mark`] tells: after the last position was read, it takes a transaction number of its own. Whoever took that position or
//! an earlier one had begun to write before, and so has a lower number. (The snapshot's own upper end would not do: it is
//! the last *ended* transaction's, and running ones lie above it.)

use domain::conversation::{Change, Progress, State};
use domain::{ConversationId, GroupNumber, Hands, OperatorId, OrganisationId, Timestamp, Topics};

use crate::conversation::guest;
use crate::engine::{Connection, Row, Statement, Value, statements};
use crate::stub::{self, Stub};
use crate::{Error, Result, Store};

/// Rows read at once.
const PAGE: i64 = 1000;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT h.organisation_id, h.conversation_id, h.state, h.assignee, h.last_sequence, h.last_visible,
            h.last_message, h.unread, h.waiting_since, h.last_at, h.position, h.assigned_from, h.assigned_position,
            h.group_number, h.group_from, h.topic_bits, h.snoozed_until, h.returned_at, h.guests, h.guests_from ",
            $rest
        )
    };
}

statements! {
    CHANGES_OF(organisation_id int, conversation_id int) =
        select!("FROM head h {and_input} WHERE h.conversation_id = input.conversation_id
            AND h.organisation_id = input.organisation_id");
    CHANGES_AFTER =
        select!("FROM head h WHERE h.organisation_id = $1 AND h.position > $2 ORDER BY h.position LIMIT $3");
}

/// These four differ by database; the registry's test prepares each where it belongs.
pub(crate) static LAST_TAKEN_SQLITE: Statement =
    Statement::new("LAST_TAKEN_SQLITE", "SELECT value FROM change_position WHERE id = 1", &[]);
pub(crate) static LAST_TAKEN_POSTGRES: Statement = Statement::new(
    "LAST_TAKEN_POSTGRES",
    "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM change_position",
    &[],
);
pub(crate) static MARK_POSTGRES: Statement =
    Statement::new("MARK_POSTGRES", "SELECT CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)", &[]);
pub(crate) static OLDEST_POSTGRES: Statement = Statement::new(
    "OLDEST_POSTGRES",
    "SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)",
    &[],
);

/// A place in the order of changes that can be moved past once those who were under way then have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The last position that was taken.
    pub last: i64,
    /// Whoever took it, or one before it, has a lower number than this transaction.
    pub transaction: i64,
}

/// A change that was found, not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where the conversation stands. Names its assignee as the one before, too: whether there was another one within what
    /// is looked at, only the finder knows.
    pub change: Change,
    /// Whose it was before the last hand-over.
    pub handed_from: Hands,
    /// That hand-over's position, 0 where there was none.
    pub assigned_position: i64,
}

impl Found {
    /// The change as it is to be told to whoever has seen everything up to a position: a hand-over past it is news, and
    /// whoever lost the conversation must hear of it.
    pub const fn told_past(self, position: i64) -> Change {
        let mut change = self.change;
        if self.assigned_position > position {
            change.previous = self.handed_from;
        }
        change
    }
}

/// Up to which position everything was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepCursor {
    position: i64,
    /// Can be moved past once the oldest open transaction is younger than its own.
    pending: Option<Mark>,
}

impl SweepCursor {
    /// Begins behind a position: what came before is not looked for.
    pub const fn behind(position: i64) -> Self {
        Self { position, pending: None }
    }

    /// Where to look from.
    pub const fn position(&self) -> i64 {
        self.position
    }

    /// Moves on after a look that began when `oldest` was the oldest open transaction, which was asked for after `mark` was
    /// made.
    pub fn look(&mut self, mark: Mark, oldest: i64) {
        for reached in self.pending.into_iter().chain([mark]) {
            if oldest > reached.transaction {
                self.position = self.position.max(reached.last);
                self.pending = None;
            }
        }
        if self.pending.is_none() && mark.last > self.position {
            self.pending = Some(mark);
        }
    }
}

impl From<Stub> for Found {
    fn from(stub: Stub) -> Self {
        Self { change: stub.change(), handed_from: stub.hands, assigned_position: 0 }
    }
}

fn found(row: &Row) -> Result<Found> {
    let assignee = row.int_or_null(3)?.map(OperatorId);
    let mut change = Change {
        organisation: OrganisationId(row.int(0)?),
        conversation: ConversationId(row.int(1)?),
        progress: Progress {
            state: State::from_code(row.int(2)?)
                .ok_or_else(|| Error::Broken("a conversation's state cannot be read".to_owned()))?,
            assignee,
            last_sequence: row.int(4)?,
            last_visible: row.int(5)?,
            last_message: row.int(6)?,
            unread: row.int(7)?,
            waiting_since: row.int_or_null(8)?.map(Timestamp),
            group: row.int_or_null(13)?.and_then(GroupNumber::new),
            guests: guest::read(row, 18)?,
            topics: Topics::from_bits(row.int(15)?),
            snoozed_until: row.int_or_null(16)?.map(Timestamp),
            returned_at: row.int_or_null(17)?.map(Timestamp),
        },
        at: Timestamp(row.int(9)?),
        position: row.int(10)?,
        gone: None,
        previous: Hands::default(),
        began: false,
    };
    let handed_from = Hands {
        assignee: row.int_or_null(11)?.map(OperatorId),
        group: row.int_or_null(14)?.and_then(GroupNumber::new),
        guests: guest::read(row, 19)?,
    };
    change.previous = change.progress.hands();
    Ok(Found { change, handed_from, assigned_position: row.int(12)? })
}

/// Where conversations stand, each named with its organisation.
pub(crate) async fn of(connection: &mut Connection, conversations: &[Vec<Value>]) -> Result<Vec<Change>> {
    let rows = connection.query_each(&CHANGES_OF, conversations).await?;
    rows.iter().map(|row| found(row).map(|found| found.change)).collect()
}

impl Store {
    /// Marks the last position that was taken, whether or not its transaction is through; nothing where that is `known`
    /// already.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn mark(&self, known: i64) -> Result<Option<Mark>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let statement = if connection.is_postgres() { &LAST_TAKEN_POSTGRES } else { &LAST_TAKEN_SQLITE };
                    let last = only(connection, statement).await?;
                    if last == known {
                        return Ok(None);
                    }
                    // SQLite has one writer: what is taken and can be read has ended.
                    let is_shared = connection.is_postgres();
                    let transaction = if is_shared { only(connection, &MARK_POSTGRES).await? } else { 0 };
                    Ok(Some(Mark { last, transaction }))
                })
            })
            .await
    }

    /// The oldest transaction that has not ended; every one below it is seen by whoever looks from now on.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn oldest_open(&self) -> Result<i64> {
        self.data
            .read(|connection| {
                Box::pin(async move {
                    if connection.is_postgres() { only(connection, &OLDEST_POSTGRES).await } else { Ok(1) }
                })
            })
            .await
    }

    /// Changes of these organisations past a position, oldest first within each; then what is deleted.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn changes_after(&self, organisations: Vec<OrganisationId>, position: i64) -> Result<Vec<Found>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let mut changes = Vec::new();
                    for organisation in organisations {
                        let mut after = position;
                        loop {
                            let values = [organisation.into(), after.into(), PAGE.into()];
                            let rows = connection.query_in(organisation.into(), &CHANGES_AFTER, &values).await?;
                            for row in &rows {
                                changes.push(found(row)?);
                            }
                            if (rows.len() as i64) < PAGE {
                                break;
                            }
                            after = changes.last().map_or(after, |last: &Found| last.change.position);
                        }
                        let mut after = position;
                        loop {
                            let stubs = stub::after(connection, organisation, after, PAGE).await?;
                            let is_last = (stubs.len() as i64) < PAGE;
                            changes.extend(stubs.into_iter().map(Found::from));
                            if is_last {
                                break;
                            }
                            after = changes.last().map_or(after, |last: &Found| last.change.position);
                        }
                    }
                    Ok(changes)
                })
            })
            .await
    }

    /// Where these conversations stand, those that are deleted included. Those that never were there, or are not that
    /// organisation's, are left out.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn changes_of(&self, conversations: Vec<(OrganisationId, ConversationId)>) -> Result<Vec<Found>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let inputs: Vec<_> = conversations.into_iter().map(|(of, id)| vec![of.into(), id.into()]).collect();
                    let rows = connection.query_each(&CHANGES_OF, &inputs).await?;
                    let mut changes = rows.iter().map(found).collect::<Result<Vec<_>>>()?;
                    if changes.len() < inputs.len() {
                        // Between two statements one may have been hidden, or be back: the newer one counts where it is told.
                        changes.extend(stub::of(connection, &inputs).await?.into_iter().map(Found::from));
                    }
                    Ok(changes)
                })
            })
            .await
    }
}

/// The number in the only row.
pub(crate) async fn only(connection: &mut Connection, statement: &'static Statement) -> Result<i64> {
    let rows = connection.query(statement, &[]).await?;
    rows.first().ok_or_else(|| Error::Broken(format!("{} found nothing", statement.name)))?.int(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn mark(last: i64, transaction: i64) -> Mark {
        Mark { last, transaction }
    }

    #[test]
    fn with_nobody_writing_everything_taken_was_seen() {
        let mut cursor = SweepCursor::behind(0);
        cursor.look(mark(7, 100), 101);
        assert_eq!(cursor.position(), 7);
    }

    #[test]
    fn a_transaction_that_is_still_open_holds_the_cursor_back_until_it_has_ended() {
        let mut cursor = SweepCursor::behind(3);
        // 5 and 6 are taken; 100 still runs and may hold either.
        cursor.look(mark(6, 102), 100);
        assert_eq!(cursor.position(), 3);
        // Newer ones run now, but 100 too.
        cursor.look(mark(9, 110), 100);
        assert_eq!(cursor.position(), 3);
        // 100 and 101 have ended; what runs now took nothing up to 6.
        cursor.look(mark(12, 120), 103);
        assert_eq!(cursor.position(), 6);
        cursor.look(mark(15, 130), 131);
        assert_eq!(cursor.position(), 15);
    }

    #[test]
    fn under_endless_load_the_cursor_follows() {
        let mut cursor = SweepCursor::behind(0);
        for step in 1..=50 {
            cursor.look(mark(step * 10, step * 10), step * 10 - 3);
        }
        assert!(cursor.position() >= 480, "{cursor:?}");
    }

    #[test]
    fn a_cursor_never_goes_back() {
        let mut cursor = SweepCursor::behind(50);
        cursor.look(mark(40, 5), 6);
        assert_eq!(cursor.position(), 50);
    }
}
