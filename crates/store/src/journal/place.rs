//! How far each place has the journal, and when it was seen there.

use domain::{OrganisationId, Timestamp};

use super::{HEAD_FOR_UPDATE, head};
use crate::engine::{Connection, statements};
use crate::job::{self, Claimed, Kind};
use crate::{Result, Store};

statements! {
    PLACES = "SELECT place, upto, at FROM journal_place ORDER BY place";
    // Never backwards: two nodes may bring the same place up to date.
    NOTE_PLACE =
        "INSERT INTO journal_place (place, upto, at) VALUES ($1, $2, $3)
        ON CONFLICT (place) DO UPDATE SET upto = excluded.upto, at = excluded.at WHERE journal_place.upto < excluded.upto";
    // Only for a receipt that is still to be signed; the first time counts.
    NOTE_SEEN =
        "INSERT INTO journal_seen (number, place, at)
        SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($3 AS BIGINT)
        WHERE EXISTS (SELECT 1 FROM erasure WHERE journal_number = $1 AND done_at IS NULL)
        ON CONFLICT (number, place) DO NOTHING";
    SEEN = "SELECT place, at FROM journal_seen WHERE number = $1 ORDER BY place";
    FORGET_SEEN = "DELETE FROM journal_seen WHERE number = $1";
    // Those that wait for the places. Another one asks again whether its time has come.
    WAKE =
        "UPDATE job SET run_at = $2 WHERE kind IN ('erase', 'close') AND run_at > $2 AND subject IN (
            SELECT erasure_id FROM erasure WHERE done_at IS NULL AND placed_at IS NULL AND journal_number <= $1
        )";
}

/// Has the places brought up to date at once, in the transaction that added an entry.
pub(crate) async fn carry(connection: &mut Connection, now: Timestamp) -> Result<()> {
    job::reschedule(connection, OrganisationId(0), Kind::Journal, 0, now, now).await
}

/// Forgets when the places had an entry, once its receipt says so.
pub(crate) async fn forget_seen(connection: &mut Connection, number: i64) -> Result<()> {
    connection.execute_any(&FORGET_SEEN, &[number.into()]).await.map(drop)
}

impl Store {
    /// Up to which number each place is known to have it, and since when.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn journal_places(&self) -> Result<Vec<(String, i64, Timestamp)>> {
        self.data
            .read(|connection| {
                Box::pin(async move {
                    let rows = connection.query(&PLACES, &[]).await?;
                    rows.iter().map(|row| Ok((row.text(0)?, row.int(1)?, Timestamp(row.int(2)?)))).collect()
                })
            })
            .await
    }

    /// Notes that a place has these entries and all before, and when each was read back there.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn note_journal_place(&self, place: String, seen: Vec<(i64, Timestamp)>) -> Result<()> {
        let Some((upto, last)) = seen.last().copied() else { return Ok(()) };
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    for (number, at) in &seen {
                        let values = [(*number).into(), place.clone().into(), (*at).into()];
                        connection.execute_any(&NOTE_SEEN, &values).await?;
                    }
                    let values = [place.clone().into(), upto.into(), last.into()];
                    connection.execute_any(&NOTE_PLACE, &values).await.map(drop)
                })
            })
            .await
    }

    /// When each place had an entry for which a receipt is still to be signed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn journal_seen(&self, number: i64) -> Result<Vec<(String, Timestamp)>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query(&SEEN, &[number.into()]).await?;
                    rows.iter().map(|row| Ok((row.text(0)?, Timestamp(row.int(1)?)))).collect()
                })
            })
            .await
    }

    /// Has deletions go on that waited for the places to have the journal up to this number.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn wake_placed(&self, upto: i64, now: Timestamp) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move { connection.execute_any(&WAKE, &[upto.into(), now.into()]).await.map(drop) })
            })
            .await
    }

    /// The places were brought up to date as far as they can be reached: comes again at `next`, or at once where something was
    /// added behind `known` meanwhile.
    ///
    /// # Errors
    /// Those of the database, and where the job's lease ran out.
    pub async fn end_journal_round(&self, job: &Claimed, known: i64, next: Timestamp, now: Timestamp) -> Result<()> {
        let job = job.clone();
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    // Whoever adds an entry has the job run at once, under the same lock.
                    let last = head(&connection.query(&HEAD_FOR_UPDATE, &[]).await?)?;
                    job::advance(connection, &job, 0, if last.number > known { now } else { next }).await
                })
            })
            .await
    }
}
