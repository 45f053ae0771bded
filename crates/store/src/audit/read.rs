//! Reading the log, its expiry and its signed states.

use domain::audit::{KEPT, Kind};
use domain::{OperatorId, OrganisationId, Timestamp};

use super::chain::{Entry, Head, entry, head};
use crate::engine::{Row, Statement, Value, statements};
use crate::{Error, Result, Store};

/// Entries read at once by whoever walks along the whole log.
const PAGE: i64 = 1_000;
/// Entries that expire in one transaction: nobody's message waits behind a year's log.
pub const EXPIRE_AT_ONCE: u64 = 1_000;

/// Which entries are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of whom; everybody where there is none.
    pub actor: Option<OperatorId>,
    /// Of which kinds; all where there are none.
    pub kinds: Vec<Kind>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

/// A signed state of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Its last entry then.
    pub number: i64,
    /// The hash of that.
    pub hash: Vec<u8>,
    /// When it was signed.
    pub at: Timestamp,
    /// By the installation's key.
    pub signature: Vec<u8>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT organisation_id, number, at, kind, commitment, hash, salt, actor_kind, actor, subject, origin, details
        FROM audit_entry WHERE organisation_id = $1 ",
            $rest
        )
    };
}

statements! {
    BEFORE = select!(
        "AND number < $2 AND (CAST($3 AS BIGINT) = 0 OR actor = $3) AND (CAST($4 AS TEXT) = '' OR $4 LIKE '%|' || kind || '|%')
            AND at >= $5 AND at < $6
        ORDER BY number DESC LIMIT $7"
    );
    AFTER = select!(
        "AND number > $2 AND (CAST($3 AS BIGINT) = 0 OR actor = $3) AND (CAST($4 AS TEXT) = '' OR $4 LIKE '%|' || kind || '|%')
            AND at >= $5 AND at < $6
        ORDER BY number LIMIT $7"
    );
    // Also who looked at everybody's. Each by an index, and no further than a page: one condition for all of them would
    // walk along the whole log.
    ABOUT = select!(
        "AND number IN (
            SELECT number FROM (SELECT number FROM audit_entry WHERE organisation_id = $1 AND actor = $3
                AND number < $2 ORDER BY number DESC LIMIT $4) theirs
            UNION SELECT number FROM (SELECT number FROM audit_entry WHERE organisation_id = $1 AND subject = $3
                AND number < $2 ORDER BY number DESC LIMIT $4) of_them
            UNION SELECT number FROM (SELECT number FROM audit_entry WHERE organisation_id = $1
                AND kind = 'audit_viewed' AND subject IS NULL AND number < $2 ORDER BY number DESC LIMIT $4) views
            UNION SELECT number FROM (SELECT number FROM audit_entry WHERE organisation_id = $1
                AND kind = 'audit_exported' AND subject IS NULL AND number < $2 ORDER BY number DESC LIMIT $4) copies)
        ORDER BY number DESC LIMIT $4"
    );
    HEAD = "SELECT organisation_id, number, hash FROM audit_head WHERE organisation_id = $1";
    EXPIRE =
        "UPDATE audit_entry
        SET salt = NULL, actor_kind = NULL, actor = NULL, subject = NULL, origin = NULL, details = NULL
        WHERE salt IS NOT NULL AND (organisation_id, number) IN (
            SELECT e.organisation_id, e.number FROM audit_entry e
            WHERE e.salt IS NOT NULL AND e.at <= $1 ORDER BY e.at LIMIT $2)";
    SIGN =
        "INSERT INTO audit_checkpoint (organisation_id, number, hash, at, signature) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (organisation_id, number) DO NOTHING";
    SIGNED =
        "SELECT organisation_id, number, hash, at, signature FROM audit_checkpoint
        WHERE organisation_id = $1 ORDER BY number";
    LAST_SIGNED =
        "SELECT organisation_id, number, hash, at, signature FROM audit_checkpoint
        WHERE organisation_id = $1 ORDER BY number DESC LIMIT 1";
    NAME_KEY = "UPDATE installation SET audit_public = COALESCE(audit_public, $1) WHERE id = 1 RETURNING audit_public";
}

fn values(organisation: OrganisationId, edge: i64, filter: &Filter, most: i64) -> [Value; 7] {
    let kinds = match filter.kinds.as_slice() {
        [] => String::new(),
        kinds => kinds.iter().fold("|".to_owned(), |words, kind| words + kind.code() + "|"),
    };
    [
        organisation.into(),
        edge.into(),
        filter.actor.map_or(0, |actor| actor.0).into(),
        kinds.into(),
        filter.from.map_or(i64::MIN, |from| from.0).into(),
        filter.to.map_or(i64::MAX, |to| to.0).into(),
        most.into(),
    ]
}

fn signed(row: &Row) -> Result<Signed> {
    Ok(Signed { number: row.int(1)?, hash: row.bytes(2)?, at: Timestamp(row.int(3)?), signature: row.bytes(4)? })
}

impl Store {
    /// A page of the log before a number, the newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn audit_before(
        &self,
        organisation: OrganisationId,
        before: i64,
        filter: Filter,
        most: i64,
    ) -> Result<Vec<Entry>> {
        self.audit_rows(organisation, &BEFORE, values(organisation, before, &filter, most), entry).await
    }

    /// A page of the log after a number, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn audit_after(
        &self,
        organisation: OrganisationId,
        after: i64,
        filter: Filter,
        most: i64,
    ) -> Result<Vec<Entry>> {
        self.audit_rows(organisation, &AFTER, values(organisation, after, &filter, most), entry).await
    }

    /// What is recorded of an operator, as who acted or whom it is about, and who looked at everybody's: the newest first. Who
    /// looked at what a colleague did has not looked at this.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn audit_about(
        &self,
        organisation: OrganisationId,
        operator: OperatorId,
        before: i64,
        most: i64,
    ) -> Result<Vec<Entry>> {
        let values = [organisation.into(), before.into(), operator.into(), most.into()];
        self.audit_rows(organisation, &ABOUT, values, entry).await
    }

    /// How far a log has come.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none.
    pub async fn audit_head(&self, organisation: OrganisationId) -> Result<Head> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query_in(organisation.into(), &HEAD, &[organisation.into()]).await?;
                    head(rows.first().ok_or(Error::NotFound)?)
                })
            })
            .await
    }

    /// Shows every entry of a log after a number in order, and where the log should end. In pages of their own, so that a long log neither
    /// runs into the limit of one read nor keeps a reader from everybody else; what is added meanwhile is shown, too.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn audit_walk<S>(
        &self,
        organisation: OrganisationId,
        mut after: i64,
        mut walker: S,
        see: fn(&mut S, Entry),
    ) -> Result<(Option<Head>, S)> {
        loop {
            let page = self.audit_after(organisation, after, Filter::default(), PAGE).await?;
            let is_last = page.is_empty();
            for found in page {
                after = found.number;
                see(&mut walker, found);
            }
            // An end that is read behind the entries is never behind them, unless somebody moved it.
            let end = match self.audit_head(organisation).await {
                Err(Error::NotFound) => None,
                head => Some(head?),
            };
            if is_last || end.is_some_and(|end| end.number <= after) {
                return Ok((end, walker));
            }
        }
    }

    /// Takes away what entries say whose time is over, of [`EXPIRE_AT_ONCE`] at most; says of how many. What proves the chain
    /// stays. Whoever is cut off goes on where it was.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn expire_audit(&self, now: Timestamp) -> Result<u64> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let most = i64::try_from(EXPIRE_AT_ONCE).unwrap_or(i64::MAX);
                    connection.execute_any(&EXPIRE, &[now.minus(KEPT).into(), most.into()]).await
                })
            })
            .await
    }

    /// Keeps a signed state; one that is there already stays.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn insert_checkpoint(&self, organisation: OrganisationId, signed: Signed) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let values = [
                        organisation.into(),
                        signed.number.into(),
                        signed.hash.into(),
                        signed.at.into(),
                        signed.signature.into(),
                    ];
                    connection.execute_any(&SIGN, &values).await.map(drop)
                })
            })
            .await
    }

    /// The signed states of a log, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn checkpoints(&self, organisation: OrganisationId) -> Result<Vec<Signed>> {
        self.audit_rows(organisation, &SIGNED, [organisation.into()], signed).await
    }

    /// The last signed state of a log.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn last_checkpoint(&self, organisation: OrganisationId) -> Result<Option<Signed>> {
        Ok(self.audit_rows(organisation, &LAST_SIGNED, [organisation.into()], signed).await?.pop())
    }

    async fn audit_rows<T: Send + 'static, const N: usize>(
        &self,
        organisation: OrganisationId,
        statement: &'static Statement,
        values: [Value; N],
        row: fn(&Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    connection.query_in(organisation.into(), statement, &values).await?.iter().map(row).collect()
                })
            })
            .await
    }

    /// Names the public half of the key that signs, the first time; says which one is named. None before the set-up.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn name_audit_key(&self, public: [u8; 32]) -> Result<Option<Vec<u8>>> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let rows = connection.query(&NAME_KEY, &[public.into()]).await?;
                    rows.first().map(|row| row.bytes(0)).transpose()
                })
            })
            .await
    }
}
