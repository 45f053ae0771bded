//! Epochs and the state of their turn (design section 5): kept with the keys, so that it survives with them. Each step is
//! noted under the one before it: whoever lost the job to another node changes nothing any more.

mod copies;
mod restored;
mod rewrap;
mod tell;

pub use copies::Copy;
pub use rewrap::Found;

use domain::Timestamp;

use crate::engine::{Connection, Row, statements};
use crate::{Error, KeyStore, Result};

/// How far the life of an epoch key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It was made; nothing is wrapped with it.
    Made = 1,
    /// New keys are wrapped with it.
    Current = 2,
    /// Nothing new is wrapped with it; what was, is being wrapped anew.
    Replaced = 3,
    /// Nothing is wrapped with it: whoever holds it destroys it.
    Condemned = 4,
}

/// An epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// Its number.
    pub epoch: i64,
    /// How far its key is.
    pub state: State,
    /// The node that makes its key.
    pub made_by: i64,
    /// When another one took its place.
    pub replaced_at: Option<Timestamp>,
    /// Since when nobody holds a copy.
    pub destroyed_at: Option<Timestamp>,
}

/// The steps of a turn, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// No turn is under way.
    None = 0,
    /// The new key is made, in a file.
    Make = 1,
    /// Every other node gets it.
    HandOver = 2,
    /// The places get it, sealed to the recovery key.
    Recover = 3,
    /// From here on nothing new is wrapped with the old one.
    Fence = 4,
    /// Organisations' keys: new ones, or the same wrapped anew.
    Organisations = 5,
    /// Data keys of organisations that got a new one.
    Rewrap = 6,
    /// Every key is opened once.
    Verify = 7,
    /// The keys are backed up.
    BackUp = 8,
    /// The old key is destroyed wherever it can be reached.
    Destroy = 9,
    /// Whoever waits for it is told.
    Tell = 10,
}

impl Step {
    const ALL: [Self; 11] = [
        Self::None,
        Self::Make,
        Self::HandOver,
        Self::Recover,
        Self::Fence,
        Self::Organisations,
        Self::Rewrap,
        Self::Verify,
        Self::BackUp,
        Self::Destroy,
        Self::Tell,
    ];

    /// What comes behind it.
    pub fn next(self) -> Self {
        Self::ALL[(self as usize + 1) % Self::ALL.len()]
    }
}

/// The turn that is under way, or the last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The step that is due.
    pub step: Step,
    /// The epoch that ends.
    pub from: i64,
    /// The epoch that begins.
    pub to: i64,
    /// When it began.
    pub begun_at: Timestamp,
    /// When its step began.
    pub step_at: Timestamp,
    /// Organisations that got a new key.
    pub organisations: i64,
    /// Data keys that were wrapped anew.
    pub rewrapped: i64,
    /// Since when and until when nothing is destroyed.
    pub frozen: Option<(Timestamp, Timestamp)>,
    /// When somebody last asked for one.
    pub asked_at: Option<Timestamp>,
}

impl Turn {
    /// Whether nothing may be destroyed now.
    pub fn is_frozen(&self, now: Timestamp) -> bool {
        self.frozen.is_some_and(|(_, until)| now < until)
    }

    /// From when on a freeze counts that is asked for now: one that follows another, with nothing destroyed in between, is the
    /// same one. Otherwise many short ones would put the destruction off for ever.
    pub fn frozen_since(&self, now: Timestamp) -> Timestamp {
        match self.frozen {
            Some((from, until)) if self.step != Step::None || self.step_at < until => from,
            _ => now,
        }
    }

    fn read(row: &Row) -> Result<Self> {
        let step = row.int(0)?;
        let step = Step::ALL.into_iter().find(|known| *known as i64 == step);
        let frozen = row.int_or_null(7)?.zip(row.int_or_null(8)?);
        Ok(Self {
            step: step.ok_or_else(|| Error::Broken("a turn's step is none that this program knows".to_owned()))?,
            from: row.int(1)?,
            to: row.int(2)?,
            begun_at: Timestamp(row.int(3)?),
            step_at: Timestamp(row.int(4)?),
            organisations: row.int(5)?,
            rewrapped: row.int(6)?,
            frozen: frozen.map(|(from, until)| (Timestamp(from), Timestamp(until))),
            asked_at: row.int_or_null(9)?.map(Timestamp),
        })
    }
}

statements! {
    EPOCHS = "SELECT epoch, state, made_by, destroyed_at, replaced_at FROM epoch WHERE epoch >= $1 ORDER BY epoch";
    TURN =
        "SELECT step, from_epoch, to_epoch, begun_at, step_at, organisations, rewrapped, frozen_at, frozen_until,
            asked_at
        FROM turn WHERE id = 1";
    NEXT_EPOCH = "SELECT MAX(CASE WHEN state = 2 THEN epoch END), MAX(epoch) + 1 FROM epoch";
    MAKE_EPOCH = "INSERT INTO epoch (epoch, state, made_by, made_at) VALUES ($1, 1, $2, $3)";
    BEGIN =
        "UPDATE turn SET step = 1, from_epoch = $1, to_epoch = $2, begun_at = $3, step_at = $3, organisations = 0,
            rewrapped = 0
        WHERE id = 1 AND step = 0";
    ADVANCE = "UPDATE turn SET step = $1, step_at = $2 WHERE id = 1 AND step = $3 AND to_epoch = $4";
    COUNT_UP =
        "UPDATE turn SET organisations = organisations + $1, rewrapped = rewrapped + $2
        WHERE id = 1 AND step = $3 AND to_epoch = $4";
    MOVE_EPOCH = "UPDATE epoch SET state = $3 WHERE epoch = $1 AND state = $2";
    REPLACE_EPOCH = "UPDATE epoch SET state = 3, replaced_at = $2 WHERE epoch = $1 AND state = 2";
    // Around a mistake of this program, too: a key that something is wrapped with is not given up.
    CONDEMN =
        "UPDATE epoch SET state = 4 WHERE epoch = $1 AND state = 3
            AND NOT EXISTS (SELECT 1 FROM organisation_key k WHERE k.epoch <= $1)";
    ASK = "UPDATE turn SET asked_at = $1 WHERE id = 1";
    FREEZE = "UPDATE turn SET frozen_at = $1, frozen_until = $2 WHERE id = 1";
}

#[cfg(test)]
pub(crate) const EVERY: [&[&crate::engine::Statement]; 4] = [ALL, copies::ALL, restored::ALL, rewrap::ALL];
#[cfg(test)]
pub(crate) const DATA: &[&crate::engine::Statement] = tell::ALL;

/// The step is another's by now.
fn lost() -> Error {
    Error::Unavailable("the turn went on without us".to_owned())
}

async fn load(connection: &mut Connection) -> Result<Turn> {
    let rows = connection.query(&TURN, &[]).await?;
    Turn::read(rows.first().ok_or_else(|| Error::Broken("there is no turn".to_owned()))?)
}

async fn advance(connection: &mut Connection, turn: &Turn, to: Step, now: Timestamp) -> Result<()> {
    let values = [(to as i64).into(), now.into(), (turn.step as i64).into(), turn.to.into()];
    connection.execute(&ADVANCE, &values, 1).await.map_err(|_| lost())
}

impl KeyStore {
    /// The epochs from a number on, in their order.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn epochs(&self, from: i64) -> Result<Vec<Epoch>> {
        self.keys
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query(&EPOCHS, &[from.into()]).await?;
                    rows.iter()
                        .map(|row| {
                            Ok(Epoch {
                                epoch: row.int(0)?,
                                state: match row.int(1)? {
                                    1 => State::Made,
                                    2 => State::Current,
                                    3 => State::Replaced,
                                    4 => State::Condemned,
                                    _ => return Err(Error::Broken("an epoch's state is unknown".to_owned())),
                                },
                                made_by: row.int(2)?,
                                replaced_at: row.int_or_null(4)?.map(Timestamp),
                                destroyed_at: row.int_or_null(3)?.map(Timestamp),
                            })
                        })
                        .collect()
                })
            })
            .await
    }

    /// The turn that is under way, or the last one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn turn(&self) -> Result<Turn> {
        self.keys.read(|connection| Box::pin(load(connection))).await
    }

    /// Begins a turn where none is under way, to an epoch whose key `node` makes. The number is taken before there is a key:
    /// no two nodes make one of the same number. Gives back the turn that is under way then.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn begin_turn(&self, node: i64, now: Timestamp) -> Result<Turn> {
        self.keys
            .write(move |connection| {
                Box::pin(async move {
                    let rows = connection.query(&NEXT_EPOCH, &[]).await?;
                    let row = rows.first().ok_or_else(|| Error::Broken("there is no epoch".to_owned()))?;
                    let (from, to) = (row.int(0)?, row.int(1)?);
                    if connection.execute_any(&BEGIN, &[from.into(), to.into(), now.into()]).await? == 1 {
                        connection.execute(&MAKE_EPOCH, &[to.into(), node.into(), now.into()], 1).await?;
                    }
                    load(connection).await
                })
            })
            .await
    }

    /// Notes that the turn's step is done.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where somebody else did it meanwhile.
    pub async fn advance_turn(&self, turn: Turn, now: Timestamp) -> Result<()> {
        self.keys
            .write(move |connection| Box::pin(async move { advance(connection, &turn, turn.step.next(), now).await }))
            .await
    }

    /// Gives up a turn whose new key nobody has: nothing is wrapped with it yet.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where somebody else went on meanwhile.
    pub async fn abandon_turn(&self, turn: Turn, now: Timestamp) -> Result<()> {
        self.keys
            .write(move |connection| {
                Box::pin(async move {
                    let values = [turn.to.into(), (State::Made as i64).into(), (State::Condemned as i64).into()];
                    connection.execute(&MOVE_EPOCH, &values, 1).await.map_err(|_| lost())?;
                    advance(connection, &turn, Step::None, now).await
                })
            })
            .await
    }

    /// Lowers the fence: from here on no organisation's key is wrapped with the old epoch's. Waits for deletions that are
    /// under way: they belong to the epoch that they found.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where somebody else did it meanwhile.
    pub async fn fence_turn(&self, turn: Turn, now: Timestamp) -> Result<()> {
        self.keys
            .write(move |connection| {
                Box::pin(async move {
                    advance(connection, &turn, turn.step.next(), now).await?;
                    connection.execute(&REPLACE_EPOCH, &[turn.from.into(), now.into()], 1).await?;
                    let values = [turn.to.into(), (State::Made as i64).into(), (State::Current as i64).into()];
                    connection.execute(&MOVE_EPOCH, &values, 1).await
                })
            })
            .await
    }

    /// Gives the old key up: whoever holds it destroys it from here on.
    ///
    /// # Errors
    /// [`Error::Broken`] where something is still wrapped with it, [`Error::Unavailable`] where somebody else went on.
    pub async fn condemn_epoch(&self, turn: Turn, now: Timestamp) -> Result<()> {
        self.keys
            .write(move |connection| {
                Box::pin(async move {
                    advance(connection, &turn, turn.step.next(), now).await?;
                    connection.execute(&CONDEMN, &[turn.from.into()], 1).await
                })
            })
            .await
    }

    /// Notes that somebody wants a turn that begins from now on.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn ask_for_turn(&self, now: Timestamp) -> Result<()> {
        self.keys
            .write(move |connection| Box::pin(async move { connection.execute(&ASK, &[now.into()], 1).await }))
            .await
    }

    /// Freezes the epochs from one moment to another.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn freeze_epochs(&self, from: Timestamp, until: Timestamp) -> Result<()> {
        self.keys
            .write(move |connection| {
                Box::pin(async move { connection.execute(&FREEZE, &[from.into(), until.into()], 1).await })
            })
            .await
    }
}
