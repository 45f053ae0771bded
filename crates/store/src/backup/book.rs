//! Which backups were made and where they lie, for people to read. What counts is what lies at the places.

use domain::{OperatorId, PublicId, Timestamp};

use super::Which;
use crate::engine::{Row, statements};
use crate::{Result, Store};

/// A backup, as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// Its name.
    pub name: PublicId,
    /// Of what.
    pub which: Which,
    /// When it was begun.
    pub begun_at: Timestamp,
    /// When it was written, before it was taken anywhere.
    pub done_at: Option<Timestamp>,
    /// Bytes of all its parts.
    pub bytes: i64,
    /// Rows in it.
    pub rows: i64,
    /// Whoever asked for it, if it was not its time.
    pub asked_by: Option<OperatorId>,
    /// Why it was not made.
    pub failure: Option<String>,
    /// The places that have it, read back, and since when.
    pub places: Vec<(String, Timestamp)>,
}

/// What was written.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Bytes of all its parts.
    pub bytes: i64,
    /// Rows in it.
    pub rows: i64,
    /// The journal's last entry in it.
    pub journal: i64,
    /// The epoch whose key opens it, if it is of keys.
    pub epoch: Option<i64>,
}

/// When backups of a kind were begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// The first one of all.
    pub first: Option<Timestamp>,
    /// The last one that lies at a place.
    pub last_at_a_place: Option<Timestamp>,
}

statements! {
    TIMES =
        "SELECT MIN(b.begun_at), MAX(CASE WHEN EXISTS (SELECT 1 FROM backup_place p WHERE p.backup_id = b.backup_id)
            THEN b.begun_at END)
        FROM backup b WHERE b.kind = $1";
    BEGIN_BACKUP =
        "INSERT INTO backup (public_id, kind, begun_at, bytes, rows, journal_number, asked_by) VALUES ($1, $2, $3, 0, 0, 0, $4)";
    END_BACKUP =
        "UPDATE backup SET done_at = $2, bytes = $3, rows = $4, journal_number = $5, epoch = $6 WHERE public_id = $1";
    FAIL_BACKUP = "UPDATE backup SET failure = $2 WHERE public_id = $1";
    NOTE_PLACE =
        "INSERT INTO backup_place (backup_id, place, state, at) SELECT backup_id, $2, 'verified', $3 FROM backup
        WHERE public_id = $1 ON CONFLICT (backup_id, place) DO UPDATE SET at = excluded.at";
    FORGET_PLACE =
        "DELETE FROM backup_place WHERE place = $2 AND backup_id IN (SELECT backup_id FROM backup WHERE public_id = $1)";
    LATEST =
        "SELECT public_id, kind, begun_at, done_at, bytes, rows, asked_by, failure, backup_id FROM backup
        WHERE kind = $1 ORDER BY backup_id DESC LIMIT $2";
    PLACES_OF = "SELECT place, at FROM backup_place WHERE backup_id = $1 ORDER BY place";
    NOTE_STATE =
        "INSERT INTO place_state (place, country, site, company, seen_at, failed_at, failure) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (place) DO UPDATE SET country = excluded.country, site = excluded.site, company = excluded.company,
            seen_at = COALESCE(excluded.seen_at, place_state.seen_at), failed_at = excluded.failed_at,
            failure = excluded.failure";
    STATES =
        "SELECT place, country, site, company, seen_at, failed_at, failure, sealed_for, broken FROM place_state ORDER BY place";
    NOTE_SEALED =
        "INSERT INTO place_state (place, country, site, company, sealed_for) VALUES ($1, '', '', '', $2)
        ON CONFLICT (place) DO UPDATE SET sealed_for = excluded.sealed_for";
    BEGIN_READING =
        "UPDATE place_state SET read_at = $2 WHERE place = $1 AND (read_at IS NULL OR read_at <= $3 OR read_at > $2)";
    END_READING = "UPDATE place_state SET broken = $2 WHERE place = $1";
    READ_AGAIN = "UPDATE place_state SET read_at = NULL WHERE place = $1";
    GENERATION =
        "SELECT 1 FROM backup b JOIN backup_place p ON p.backup_id = b.backup_id
        WHERE b.kind = 'keys' AND b.epoch >= $2 AND p.place = $1 LIMIT 1";
}

/// A place, as it was when it was last asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceState {
    /// Its name.
    pub place: String,
    /// Country, site and company.
    pub within: [String; 3],
    /// When it last answered.
    pub seen_at: Option<Timestamp>,
    /// Since it last did not: when, and why.
    pub failed: Option<(Timestamp, String)>,
    /// The public half of the recovery key that what lies there is sealed to.
    pub sealed_for: Option<[u8; 32]>,
    /// The file that was not as it was written when the newest backups there were last read.
    pub broken: Option<String>,
}

impl Which {
    const fn code(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Keys => "keys",
        }
    }
}

impl Store {
    /// Notes that a backup was begun.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn begin_backup(
        &self,
        name: PublicId,
        which: Which,
        asked_by: Option<OperatorId>,
        now: Timestamp,
    ) -> Result<()> {
        let values = [name.into(), which.code().into(), now.into(), asked_by.into()];
        self.data
            .write(move |connection| Box::pin(async move { connection.execute(&BEGIN_BACKUP, &values, 1).await }))
            .await
    }

    /// Notes that it was written.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn end_backup(&self, name: PublicId, size: Size, now: Timestamp) -> Result<()> {
        let values =
            [name.into(), now.into(), size.bytes.into(), size.rows.into(), size.journal.into(), size.epoch.into()];
        self.data
            .write(move |connection| {
                Box::pin(async move { connection.execute_any(&END_BACKUP, &values).await.map(drop) })
            })
            .await
    }

    /// Notes why it was not made.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn fail_backup(&self, name: PublicId, why: String) -> Result<()> {
        self.data
            .write(move |connection| {
                let values = [name.into(), why.into()];
                Box::pin(async move { connection.execute_any(&FAIL_BACKUP, &values).await.map(drop) })
            })
            .await
    }

    /// Notes that a place has it, read back; or that it has it no longer.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn note_backup_place(&self, name: PublicId, place: String, now: Option<Timestamp>) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let touched = match now {
                        Some(now) => {
                            connection.execute_any(&NOTE_PLACE, &[name.into(), place.into(), now.into()]).await
                        }
                        None => connection.execute_any(&FORGET_PLACE, &[name.into(), place.into()]).await,
                    };
                    touched.map(drop)
                })
            })
            .await
    }

    /// The latest backups, the last one first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn backups(&self, which: Which, most: i64) -> Result<Vec<Noted>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query(&LATEST, &[which.code().into(), most.into()]).await?;
                    let mut found = Vec::with_capacity(rows.len());
                    for row in rows {
                        let places = connection.query(&PLACES_OF, &[row.int(8)?.into()]).await?;
                        found.push(Noted {
                            name: row.public_id(0)?,
                            which,
                            begun_at: Timestamp(row.int(2)?),
                            done_at: row.int_or_null(3)?.map(Timestamp),
                            bytes: row.int(4)?,
                            rows: row.int(5)?,
                            asked_by: row.int_or_null(6)?.map(OperatorId),
                            failure: row.text_or_null(7)?,
                            places: places
                                .iter()
                                .map(|row| Ok((row.text(0)?, Timestamp(row.int(1)?))))
                                .collect::<Result<_>>()?,
                        });
                    }
                    Ok(found)
                })
            })
            .await
    }

    /// When backups of a kind were begun.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn backup_times(&self, which: Which) -> Result<Times> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query(&TIMES, &[which.code().into()]).await?;
                    let time = |index| rows.first().map_or(Ok(None), |row| row.int_or_null(index));
                    Ok(Times { first: time(0)?.map(Timestamp), last_at_a_place: time(1)?.map(Timestamp) })
                })
            })
            .await
    }

    /// Notes that a place answered at this time, or why it did not.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn note_place(
        &self,
        place: String,
        within: [String; 3],
        failure: Option<String>,
        now: Timestamp,
    ) -> Result<()> {
        let [country, site, company] = within;
        let (seen, failed) = if failure.is_some() { (None, Some(now)) } else { (Some(now), None) };
        self.data
            .write(move |connection| {
                let values = [
                    place.into(),
                    country.into(),
                    site.into(),
                    company.into(),
                    seen.into(),
                    failed.into(),
                    failure.into(),
                ];
                Box::pin(async move { connection.execute_any(&NOTE_STATE, &values).await.map(drop) })
            })
            .await
    }

    /// Notes which recovery key it is that what lies at a place is sealed to.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn note_sealed_for(&self, place: String, recovery_public: [u8; 32]) -> Result<()> {
        let values = [place.into(), recovery_public.into()];
        self.data
            .write(move |connection| Box::pin(async move { connection.execute(&NOTE_SEALED, &values, 1).await }))
            .await
    }

    /// Begins to read what lies at a place, where that was not done since `before`; says whether: of several nodes one does it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn begin_reading(&self, place: String, before: Timestamp, now: Timestamp) -> Result<bool> {
        let values = [place.into(), now.into(), before.into()];
        self.data
            .write(move |connection| {
                Box::pin(async move { Ok(connection.execute_any(&BEGIN_READING, &values).await? == 1) })
            })
            .await
    }

    /// Notes which file at a place was not as it was written, if any.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn end_reading(&self, place: String, broken: Option<String>) -> Result<()> {
        let values = [place.into(), broken.into()];
        self.data
            .write(move |connection| {
                Box::pin(async move { connection.execute_any(&END_READING, &values).await.map(drop) })
            })
            .await
    }

    /// Has a place read again that did not answer.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn read_again(&self, place: String) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move { connection.execute_any(&READ_AGAIN, &[place.into()]).await.map(drop) })
            })
            .await
    }

    /// Whether a place has a backup of the keys of this epoch or a later one, read back.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn has_generation(&self, place: String, epoch: i64) -> Result<bool> {
        let values = [place.into(), epoch.into()];
        self.data
            .read(move |connection| {
                Box::pin(async move { Ok(!connection.query(&GENERATION, &values).await?.is_empty()) })
            })
            .await
    }

    /// How the places were when they were last asked.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn place_states(&self) -> Result<Vec<PlaceState>> {
        let state = |row: &Row| {
            Ok(PlaceState {
                place: row.text(0)?,
                within: [row.text(1)?, row.text(2)?, row.text(3)?],
                seen_at: row.int_or_null(4)?.map(Timestamp),
                failed: row.int_or_null(5)?.map(Timestamp).zip(row.text_or_null(6)?),
                sealed_for: row.bytes_or_null(7)?.and_then(|key| key.try_into().ok()),
                broken: row.text_or_null(8)?,
            })
        };
        self.data
            .read(move |connection| {
                Box::pin(async move { connection.query(&STATES, &[]).await?.iter().map(state).collect() })
            })
            .await
    }
}
