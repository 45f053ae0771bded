//! What a turn wraps anew: each organisation's key, and the data keys of those that got another one.

use domain::{KeyId, OrganisationId, Timestamp};

use super::{COUNT_UP, Turn, lost};
use crate::engine::{Connection, Row, Value, statements};
use crate::key::{INSERT_ORGANISATION_KEY, TURN_FENCE, WrappedDataKey, WrappedOrganisationKey};
use crate::{Error, KeyStore, Result, Scope, System};

/// An organisation's key as a turn finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The key.
    pub key: WrappedOrganisationKey,
    /// Whether new data keys are wrapped with it.
    pub is_current: bool,
    /// Whether one of the keys it wraps was deleted.
    pub is_spent: bool,
}

statements! {
    BEHIND =
        "SELECT organisation_id, version, epoch, key_wrapped, is_current, spent_at FROM organisation_key
        WHERE is_current = 1 AND epoch <> $1 AND organisation_id > $2 ORDER BY organisation_id LIMIT $3";
    OLD_VERSIONS =
        "SELECT organisation_id, version, epoch, key_wrapped, is_current, spent_at FROM organisation_key
        WHERE is_current = 0 ORDER BY organisation_id, version LIMIT 100";
    ORGANISATION_KEYS =
        "SELECT organisation_id, version, epoch, key_wrapped, is_current, spent_at FROM organisation_key
        WHERE organisation_id > $1 ORDER BY organisation_id, version LIMIT $2";
    REWRAP_ORGANISATION_KEY =
        "UPDATE organisation_key SET epoch = $3, key_wrapped = $4
        WHERE organisation_id = $1 AND version = $2 AND is_current = 1 AND spent_at IS NULL";
    WRAPPED_WITH =
        "SELECT organisation_id, key_id, organisation_key_version, key_wrapped FROM data_key
        WHERE organisation_id = $1 AND organisation_key_version = $2 AND key_id > $3 ORDER BY key_id LIMIT $4";
    DATA_KEYS =
        "SELECT organisation_id, key_id, organisation_key_version, key_wrapped FROM data_key
        WHERE key_id > $1 ORDER BY key_id LIMIT $2";
    REWRAP(organisation_id int, key_id int, old_version int, new_version int, key_wrapped bytes) =
        "UPDATE data_key SET organisation_key_version = input.new_version, key_wrapped = input.key_wrapped
        {from_input} WHERE data_key.key_id = input.key_id AND data_key.organisation_id = input.organisation_id
            AND data_key.organisation_key_version = input.old_version
        RETURNING data_key.key_id";
    // That nothing is wrapped with it any more is seen to by the reference of every data key.
    REMOVE_ORGANISATION_KEY =
        "DELETE FROM organisation_key WHERE organisation_id = $1 AND version = $2 AND is_current = 0";
}

fn found(row: &Row) -> Result<Found> {
    let key = WrappedOrganisationKey {
        organisation: OrganisationId(row.int(0)?),
        version: row.int(1)?,
        epoch: row.int(2)?,
        wrapped: row.bytes(3)?,
    };
    Ok(Found { key, is_current: row.int(4)? == 1, is_spent: row.int_or_null(5)?.is_some() })
}

fn data_key(row: &Row) -> Result<WrappedDataKey> {
    Ok(WrappedDataKey {
        organisation: OrganisationId(row.int(0)?),
        id: KeyId(row.int(1)?),
        version: row.int(2)?,
        wrapped: row.bytes(3)?,
    })
}

async fn count_up(connection: &mut Connection, turn: &Turn, organisations: i64, rewrapped: i64) -> Result<()> {
    let values = [organisations.into(), rewrapped.into(), (turn.step as i64).into(), turn.to.into()];
    connection.execute(&COUNT_UP, &values, 1).await.map_err(|_| lost())
}

impl KeyStore {
    /// Organisations' current keys that are not wrapped with the key of `epoch`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn keys_behind(&self, epoch: i64, after: OrganisationId, most: i64) -> Result<Vec<Found>> {
        self.found(&BEHIND, vec![epoch.into(), after.into(), most.into()]).await
    }

    /// Organisations' keys that another one replaced.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn old_versions(&self) -> Result<Vec<Found>> {
        self.found(&OLD_VERSIONS, Vec::new()).await
    }

    /// Every organisation's keys, in portions.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn organisation_keys(&self, after: OrganisationId, most: i64) -> Result<Vec<Found>> {
        self.found(&ORGANISATION_KEYS, vec![after.into(), most.into()]).await
    }

    async fn found(&self, which: &'static crate::engine::Statement, values: Vec<Value>) -> Result<Vec<Found>> {
        self.keys
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query_in(Scope::System(System::EpochTurn), which, &values).await?;
                    rows.iter().map(found).collect()
                })
            })
            .await
    }

    /// Wraps an organisation's key anew, as it is. Says whether: one of whose data keys was deleted needs another one.
    ///
    /// # Errors
    /// [`Error::Fence`] where the epoch is not the current one, [`Error::Unavailable`] where the turn went on.
    pub async fn rewrap_organisation_key(&self, turn: Turn, key: WrappedOrganisationKey) -> Result<bool> {
        self.keys
            .write(move |connection| {
                Box::pin(async move {
                    count_up(connection, &turn, 0, 0).await?;
                    let values = [key.organisation.into(), key.version.into(), key.epoch.into(), key.wrapped.into()];
                    Ok(connection.execute_any(&REWRAP_ORGANISATION_KEY, &values).await? == 1)
                })
            })
            .await
    }

    /// Puts an organisation's next key in the place of its current one and lowers the fence behind it: from here on the
    /// database refuses keys that are wrapped with the old one.
    ///
    /// # Errors
    /// [`Error::Fence`] where the current one is not the one before, [`Error::Unavailable`] where the turn went on.
    pub async fn replace_organisation_key(
        &self,
        turn: Option<Turn>,
        key: WrappedOrganisationKey,
        at: Timestamp,
    ) -> Result<()> {
        self.keys
            .write(move |connection| {
                Box::pin(async move {
                    if let Some(turn) = turn {
                        count_up(connection, &turn, 1, 0).await?;
                    }
                    let old = [key.organisation.into(), (key.version - 1).into()];
                    if connection.execute_any(&TURN_FENCE, &old).await? != 1 {
                        return Err(Error::Fence);
                    }
                    let values =
                        [key.organisation.into(), key.version.into(), key.epoch.into(), key.wrapped.into(), at.into()];
                    connection.execute(&INSERT_ORGANISATION_KEY, &values, 1).await
                })
            })
            .await
    }

    /// Data keys that a version of an organisation's key wraps, in portions.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn keys_wrapped_with(
        &self,
        organisation: OrganisationId,
        version: i64,
        after: KeyId,
        most: i64,
    ) -> Result<Vec<WrappedDataKey>> {
        self.keys
            .read(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), version.into(), after.into(), most.into()];
                    let rows = connection.query_in(organisation.into(), &WRAPPED_WITH, &values).await?;
                    rows.iter().map(data_key).collect()
                })
            })
            .await
    }

    /// Every data key, in portions.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn data_keys(&self, after: KeyId, most: i64) -> Result<Vec<WrappedDataKey>> {
        self.keys
            .read(move |connection| {
                Box::pin(async move {
                    let scope = Scope::System(System::EpochTurn);
                    let rows = connection.query_in(scope, &DATA_KEYS, &[after.into(), most.into()]).await?;
                    rows.iter().map(data_key).collect()
                })
            })
            .await
    }

    /// Puts keys that were wrapped anew in the place of what they were under `old`. Says how many: what was deleted meanwhile
    /// stays deleted.
    ///
    /// # Errors
    /// [`Error::Fence`] where their version is not the current one, [`Error::Unavailable`] where the turn went on.
    pub async fn rewrap_keys(&self, turn: Turn, old: i64, keys: Vec<WrappedDataKey>) -> Result<usize> {
        self.keys
            .write(move |connection| {
                Box::pin(async move {
                    let inputs: Vec<Vec<Value>> = keys
                        .into_iter()
                        .map(|key| {
                            vec![
                                key.organisation.into(),
                                key.id.into(),
                                old.into(),
                                key.version.into(),
                                key.wrapped.into(),
                            ]
                        })
                        .collect();
                    let touched = connection.query_each(&REWRAP, &inputs).await?.len();
                    count_up(connection, &turn, 0, i64::try_from(touched).unwrap_or(i64::MAX)).await?;
                    Ok(touched)
                })
            })
            .await
    }

    /// Deletes an organisation's key that another one replaced.
    ///
    /// # Errors
    /// [`Error::Conflict`] where a data key is still wrapped with it.
    pub async fn remove_organisation_key(&self, organisation: OrganisationId, version: i64) -> Result<()> {
        self.keys
            .write(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), version.into()];
                    connection.execute_any(&REMOVE_ORGANISATION_KEY, &values).await.map(drop)
                })
            })
            .await
    }
}
