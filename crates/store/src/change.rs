//! The change sweep: what other nodes committed, and what was committed without anybody having been told.
//!
//! Every change of a conversation takes the next *position*. A node that asks for positions past the last one it knows finds
//! everything – except that on PostgreSQL commits pass each other: 6 can be there before 5 is. A [`SweepCursor`] therefore
//! moves past a position only once no transaction can still commit one before it.

use domain::conversation::{Change, Progress, State};
use domain::{ConversationId, OperatorId, OrganisationId, Timestamp};

use crate::engine::{Connection, Row, statements};
use crate::{Error, Result, Scope, Store, System};

/// Rows read at once.
const PAGE: i64 = 1000;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT h.organisation_id, h.conversation_id, h.state, h.assignee, h.last_sequence, h.last_visible,
            h.last_message, h.unread, h.waiting_since, h.last_at, h.position, h.assigned_from ",
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

/// These three differ by database; the registry's test prepares each where it belongs.
pub(crate) static LAST_TAKEN_SQLITE: crate::engine::Statement =
    crate::engine::Statement::new("LAST_TAKEN_SQLITE", "SELECT value FROM change_position WHERE id = 1", &[]);
pub(crate) static LAST_TAKEN_POSTGRES: crate::engine::Statement = crate::engine::Statement::new(
    "LAST_TAKEN_POSTGRES",
    "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM change_position",
    &[],
);
pub(crate) static HORIZON_POSTGRES: crate::engine::Statement = crate::engine::Statement::new(
    "HORIZON_POSTGRES",
    "SELECT CAST(CAST(pg_snapshot_xmin(s) AS TEXT) AS BIGINT), CAST(CAST(pg_snapshot_xmax(s) AS TEXT) AS BIGINT)
        FROM pg_current_snapshot() AS s",
    &[],
);

/// Which transactions a reader could not see the end of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Horizon {
    /// Every transaction below this number has ended, and what it committed was seen.
    pub oldest: i64,
    /// No transaction from this number on had begun to write.
    pub next: i64,
}

/// What one look found.
#[derive(Debug)]
pub struct Swept {
    /// Changes past the cursor, oldest first within each organisation. The assignee before is the last one known.
    pub changes: Vec<Change>,
    /// What could not be seen yet.
    pub horizon: Horizon,
}

/// Up to which position everything was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepCursor {
    position: i64,
    /// Up to this position everything will have been seen once all transactions below that number have ended.
    pending: Option<(i64, i64)>,
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

    /// Moves on after a look. `last` is the last position that was taken *before* the look began: whoever took it had
    /// begun to write then, so it is below the horizon's `next`.
    pub fn look(&mut self, last: i64, horizon: Horizon) {
        if let Some((upto, ended)) = self.pending
            && horizon.oldest >= ended
        {
            self.position = self.position.max(upto);
            self.pending = None;
        }
        if horizon.oldest >= horizon.next {
            self.position = self.position.max(last);
            self.pending = None;
        } else if self.pending.is_none() && last > self.position {
            self.pending = Some((last, horizon.next));
        }
    }
}

fn change(row: &Row) -> Result<Change> {
    Ok(Change {
        organisation: OrganisationId(row.int(0)?),
        conversation: ConversationId(row.int(1)?),
        progress: Progress {
            state: State::from_code(row.int(2)?)
                .ok_or_else(|| Error::Broken("a conversation's state cannot be read".to_owned()))?,
            assignee: row.int_or_null(3)?.map(OperatorId),
            last_sequence: row.int(4)?,
            last_visible: row.int(5)?,
            last_message: row.int(6)?,
            unread: row.int(7)?,
            waiting_since: row.int_or_null(8)?.map(Timestamp),
        },
        at: Timestamp(row.int(9)?),
        position: row.int(10)?,
        previous_assignee: row.int_or_null(11)?.map(OperatorId),
        began: false,
    })
}

impl Store {
    /// The last position that was taken, whether or not its transaction is through.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn last_position_taken(&self) -> Result<i64> {
        self.data
            .read(|connection| {
                Box::pin(async move {
                    let statement = if connection.is_postgres() { &LAST_TAKEN_POSTGRES } else { &LAST_TAKEN_SQLITE };
                    let rows = connection.query(statement, &[]).await?;
                    rows.first().ok_or_else(|| Error::Broken("there are no change positions".to_owned()))?.int(0)
                })
            })
            .await
    }

    /// Changes of these organisations past a position, in one look.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn changes_after(&self, organisations: Vec<OrganisationId>, position: i64) -> Result<Swept> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    // First, so that nothing the look sees can have ended after it.
                    let horizon = horizon(connection).await?;
                    let mut changes = Vec::new();
                    for organisation in organisations {
                        let mut after = position;
                        loop {
                            let values = [organisation.into(), after.into(), PAGE.into()];
                            let rows = connection.query_in(organisation.into(), &CHANGES_AFTER, &values).await?;
                            for row in &rows {
                                changes.push(change(row)?);
                            }
                            if (rows.len() as i64) < PAGE {
                                break;
                            }
                            after = changes.last().map_or(after, |last: &Change| last.position);
                        }
                    }
                    Ok(Swept { changes, horizon })
                })
            })
            .await
    }

    /// Where these conversations stand. Those that are not there, or not that organisation's, are left out.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn changes_of(&self, conversations: Vec<(OrganisationId, ConversationId)>) -> Result<Vec<Change>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let inputs: Vec<_> = conversations.into_iter().map(|(of, id)| vec![of.into(), id.into()]).collect();
                    let rows = connection.query_each(&CHANGES_OF, &inputs).await?;
                    let scope = Scope::System(System::Sweep);
                    let changes: Vec<Change> = rows.iter().map(change).collect::<Result<_>>()?;
                    debug_assert!(changes.iter().all(|change| scope.covers(change.organisation)));
                    Ok(changes)
                })
            })
            .await
    }
}

async fn horizon(connection: &mut Connection) -> Result<Horizon> {
    if !connection.is_postgres() {
        // One writer: when a reader looks, nothing is half done before what it sees.
        return Ok(Horizon { oldest: 0, next: 0 });
    }
    let rows = connection.query(&HORIZON_POSTGRES, &[]).await?;
    let row = rows.first().ok_or_else(|| Error::Broken("the database has no snapshot".to_owned()))?;
    Ok(Horizon { oldest: row.int(0)?, next: row.int(1)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn horizon(oldest: i64, next: i64) -> Horizon {
        Horizon { oldest, next }
    }

    #[test]
    fn with_nobody_writing_everything_taken_was_seen() {
        let mut cursor = SweepCursor::behind(0);
        cursor.look(7, horizon(100, 100));
        assert_eq!(cursor.position(), 7);
    }

    #[test]
    fn a_transaction_that_is_still_open_holds_the_cursor_back_until_it_has_ended() {
        let mut cursor = SweepCursor::behind(3);
        // 5 and 6 are taken; 100 still runs and may hold either.
        cursor.look(6, horizon(100, 102));
        assert_eq!(cursor.position(), 3);
        // Newer ones run now, but 100 too.
        cursor.look(9, horizon(100, 110));
        assert_eq!(cursor.position(), 3);
        // 100 and 101 have ended; what runs now took nothing up to 6.
        cursor.look(12, horizon(102, 120));
        assert_eq!(cursor.position(), 6);
        cursor.look(15, horizon(121, 121));
        assert_eq!(cursor.position(), 15);
    }

    #[test]
    fn under_endless_load_the_cursor_follows() {
        let mut cursor = SweepCursor::behind(0);
        for step in 1..=50 {
            cursor.look(step * 10, horizon(step * 10 - 3, step * 10 + 1));
        }
        assert!(cursor.position() >= 480, "{cursor:?}");
    }

    #[test]
    fn a_cursor_never_goes_back() {
        let mut cursor = SweepCursor::behind(50);
        cursor.look(40, horizon(5, 5));
        assert_eq!(cursor.position(), 50);
    }
}
