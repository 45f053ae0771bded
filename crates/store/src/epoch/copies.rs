//! Who holds a copy of an epoch's key, and who destroyed theirs. Noted before a copy is made: none is forgotten.

use domain::Timestamp;

use crate::engine::{Row, Statement, Value, statements};
use crate::{KeyStore, Result};

/// A copy of an epoch's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Of which epoch.
    pub epoch: i64,
    /// Who holds it: `node:7`, `place:a`.
    pub holder: String,
    /// On what: a file system, or a kind of place.
    pub medium: String,
    /// Of a place: country, site and company.
    pub within: Option<[String; 3]>,
    /// When it was destroyed, where it was.
    pub destroyed_at: Option<Timestamp>,
    /// When somebody declared it lost: nobody saw it destroyed.
    pub lost_at: Option<Timestamp>,
}

statements! {
    // One that is written again where it was destroyed or given up is there again.
    HOLD =
        "INSERT INTO epoch_copy (epoch, holder, medium, held_since, country, site, company)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (epoch, holder) DO UPDATE SET medium = excluded.medium, country = excluded.country,
            site = excluded.site, company = excluded.company, destroyed_at = NULL, lost_at = NULL";
    DESTROYED =
        "UPDATE epoch_copy SET destroyed_at = $3 WHERE epoch = $1 AND holder = $2 AND destroyed_at IS NULL";
    // What the epoch's destruction ended is over for good: a copy that turns up later is destroyed, and named by nobody.
    SETTLE =
        "UPDATE epoch SET destroyed_at = $1 WHERE state = 4 AND destroyed_at IS NULL
            AND NOT EXISTS (
                SELECT 1 FROM epoch_copy c WHERE c.epoch = epoch.epoch AND c.destroyed_at IS NULL AND c.lost_at IS NULL
            )";
    SETTLED =
        "SELECT COALESCE(MIN(CASE WHEN destroyed_at IS NULL THEN epoch END), MAX(epoch) + 1) - 1 FROM epoch";
    SETTLED_AT = "SELECT MAX(destroyed_at) FROM epoch WHERE epoch <= $1";
    LOSE = "UPDATE epoch_copy SET lost_at = $2 WHERE holder = $1 AND destroyed_at IS NULL AND lost_at IS NULL";
    COPIES =
        "SELECT epoch, holder, medium, destroyed_at, lost_at, country, site, company FROM epoch_copy
        WHERE epoch >= $1 AND epoch <= $2 ORDER BY epoch, holder";
    // What opened anything at that moment or afterwards.
    SINCE =
        "SELECT epoch, holder, medium, destroyed_at, lost_at, country, site, company FROM epoch_copy
        WHERE epoch <= $1 AND (epoch = $1 OR destroyed_at IS NULL OR destroyed_at >= $2) ORDER BY epoch, holder";
    LEFT =
        "SELECT c.epoch, c.holder, c.medium, c.destroyed_at, c.lost_at, c.country, c.site, c.company
        FROM epoch_copy c JOIN epoch e ON e.epoch = c.epoch
        WHERE e.state = 4 AND c.destroyed_at IS NULL AND c.lost_at IS NULL ORDER BY c.epoch, c.holder";
    OLDEST_LEFT =
        "SELECT MIN(e.replaced_at) FROM epoch_copy c JOIN epoch e ON e.epoch = c.epoch
        WHERE e.state = 4 AND c.destroyed_at IS NULL AND c.lost_at IS NULL";
    OF_HOLDER =
        "SELECT epoch, holder, medium, destroyed_at, lost_at, country, site, company FROM epoch_copy
        WHERE holder = $1 AND destroyed_at IS NULL AND lost_at IS NULL ORDER BY epoch";
}

impl KeyStore {
    /// Notes that somebody is about to hold a copy; of a place, also in which country, at which site and with which company.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn hold_epoch(
        &self,
        epoch: i64,
        holder: String,
        medium: String,
        within: Option<[String; 3]>,
        now: Timestamp,
    ) -> Result<()> {
        let [country, site, company] = within.map_or_else(Default::default, |within| within.map(Some));
        self.keys
            .write(move |connection| {
                Box::pin(async move {
                    let values = [
                        epoch.into(),
                        holder.into(),
                        medium.into(),
                        now.into(),
                        country.into(),
                        site.into(),
                        company.into(),
                    ];
                    connection.execute(&HOLD, &values, 1).await
                })
            })
            .await
    }

    /// Notes that somebody destroyed theirs, and which epochs nobody holds any more; says how many these are.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn destroyed_epoch(&self, epoch: i64, holder: String, now: Timestamp) -> Result<u64> {
        self.keys
            .write(move |connection| {
                Box::pin(async move {
                    connection.execute_any(&DESTROYED, &[epoch.into(), holder.into(), now.into()]).await?;
                    connection.execute_any(&SETTLE, &[now.into()]).await
                })
            })
            .await
    }

    /// The last epoch up to which nobody holds any: what was deleted in it or before is noise everywhere. 0 where there is none.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn settled_epoch(&self) -> Result<i64> {
        self.keys
            .read(|connection| {
                Box::pin(async move { connection.query(&SETTLED, &[]).await?.first().map_or(Ok(0), |row| row.int(0)) })
            })
            .await
    }

    /// Since when nobody holds any of an epoch or of those before it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn settled_at(&self, epoch: i64) -> Result<Option<Timestamp>> {
        self.keys
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query(&SETTLED_AT, &[epoch.into()]).await?;
                    Ok(rows.first().map(|row| row.int_or_null(0)).transpose()?.flatten().map(Timestamp))
                })
            })
            .await
    }

    /// Gives up what a holder has: nobody will see it destroyed, and whoever waits for it waits no longer. Says how many copies
    /// these are, and how many epochs nobody holds any more by that.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn lose_copies(&self, holder: String, now: Timestamp) -> Result<(u64, u64)> {
        self.keys
            .write(move |connection| {
                Box::pin(async move {
                    let lost = connection.execute_any(&LOSE, &[holder.into(), now.into()]).await?;
                    Ok((lost, connection.execute_any(&SETTLE, &[now.into()]).await?))
                })
            })
            .await
    }

    /// The copies that a holder has.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn copies_of(&self, holder: String) -> Result<Vec<Copy>> {
        self.copies(&OF_HOLDER, vec![holder.into()]).await
    }

    /// The copies of an epoch and of those before it that were there at a moment or afterwards.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn epoch_copies_since(&self, epoch: i64, since: Timestamp) -> Result<Vec<Copy>> {
        self.copies(&SINCE, vec![epoch.into(), since.into()]).await
    }

    /// The copies of epochs from one number to another.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn epoch_copies(&self, from: i64, to: i64) -> Result<Vec<Copy>> {
        self.copies(&COPIES, vec![from.into(), to.into()]).await
    }

    /// The copies that are still to be destroyed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn copies_left(&self) -> Result<Vec<Copy>> {
        self.copies(&LEFT, Vec::new()).await
    }

    /// Since when the oldest of them is to be destroyed; nothing where there is none.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn oldest_copy_left(&self) -> Result<Option<Timestamp>> {
        self.keys
            .read(|connection| {
                Box::pin(async move {
                    let rows = connection.query(&OLDEST_LEFT, &[]).await?;
                    Ok(rows.first().map_or(Ok(None), |row| row.int_or_null(0))?.map(Timestamp))
                })
            })
            .await
    }

    async fn copies(&self, which: &'static Statement, values: Vec<Value>) -> Result<Vec<Copy>> {
        self.keys
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query(which, &values).await?;
                    rows.iter().map(copy).collect()
                })
            })
            .await
    }
}

fn copy(row: &Row) -> Result<Copy> {
    let within = match (row.text_or_null(5)?, row.text_or_null(6)?, row.text_or_null(7)?) {
        (Some(country), Some(site), Some(company)) => Some([country, site, company]),
        _ => None,
    };
    Ok(Copy {
        epoch: row.int(0)?,
        holder: row.text(1)?,
        medium: row.text(2)?,
        within,
        destroyed_at: row.int_or_null(3)?.map(Timestamp),
        lost_at: row.int_or_null(4)?.map(Timestamp),
    })
}
