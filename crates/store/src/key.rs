//! Wrapped keys. Every insert names the version of the organisation's key it was wrapped with; the schema refuses any but
//! the current one (the fence of design section 5).

use domain::{KeyId, OrganisationId, Timestamp};

use crate::engine::{Row, Value, statements};
use crate::{Error, KeyStore, Result, Scope, Store, System};

/// An organisation's key, wrapped with the epoch key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedOrganisationKey {
    /// Whose.
    pub organisation: OrganisationId,
    /// Which of theirs, from 1.
    pub version: i64,
    /// The epoch whose key wraps it.
    pub epoch: i64,
    /// The wrapped key.
    pub wrapped: Vec<u8>,
}

/// A data key, wrapped with an organisation's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedDataKey {
    /// Whose.
    pub organisation: OrganisationId,
    /// Its number.
    pub id: KeyId,
    /// Version of the organisation's key that wraps it.
    pub version: i64,
    /// The wrapped key.
    pub wrapped: Vec<u8>,
}

statements! {
    INSERT_ORGANISATION_KEY =
        "INSERT INTO organisation_key (organisation_id, version, epoch, is_current, key_wrapped, created_at)
        VALUES ($1, $2, $3, 1, $4, $5)";
    CURRENT_ORGANISATION_KEY =
        "SELECT organisation_id, version, epoch, key_wrapped FROM organisation_key
        WHERE organisation_id = $1 AND is_current = 1";
    ORGANISATION_KEY =
        "SELECT organisation_id, version, epoch, key_wrapped FROM organisation_key
        WHERE organisation_id = $1 AND version = $2";
    INSERT_KEYS(organisation_id int, key_id int, organisation_key_version int, key_wrapped bytes, created_at int) =
        "INSERT INTO data_key (organisation_id, key_id, organisation_key_version, key_wrapped, created_at)
        {rows}";
    DATA_KEY =
        "SELECT organisation_id, key_id, organisation_key_version, key_wrapped FROM data_key
        WHERE organisation_id = $1 AND key_id = $2";
    ANY_KEY = "SELECT organisation_id FROM organisation_key LIMIT 1";
    NAME_SECRETS =
        "INSERT INTO secrets (id, digest) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET digest = excluded.digest
        WHERE NOT EXISTS (SELECT 1 FROM organisation_key)";
    RENAME_SECRETS = "UPDATE secrets SET digest = $2 WHERE id = 1 AND digest = $1";
    NAMED_SECRETS = "SELECT digest FROM secrets WHERE id = 1";
    OLD_KEYS =
        "SELECT organisation_id, key_id, created_at FROM data_key
        WHERE created_at < $1 AND (created_at, key_id) > ($2, $3) ORDER BY created_at, key_id LIMIT $4";
    // Held until the deletion is committed: the turn's fence waits for it, so that it belongs to one epoch or the other.
    CURRENT_EPOCH = "SELECT h.epoch FROM epoch h WHERE h.state = 2 {for_share}";
    DELETE_KEYS(key_id int, organisation_id int) =
        "DELETE FROM data_key WHERE key_id IN (
            SELECT d.key_id FROM data_key d {and_input}
            WHERE d.key_id = input.key_id AND d.organisation_id = input.organisation_id
        ) RETURNING key_id";
    SPEND =
        "UPDATE organisation_key SET spent_at = COALESCE(spent_at, $2) WHERE organisation_id = $1 AND is_current = 1";
    TURN_FENCE =
        "UPDATE organisation_key SET is_current = 0 WHERE organisation_id = $1 AND version = $2 AND is_current = 1";
}

impl KeyStore {
    /// Names the digest of the installation's secrets. Once there are keys, the one that is named stays.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn name_secrets(&self, digest: [u8; 32]) -> Result<()> {
        self.keys
            .write(move |connection| {
                Box::pin(async move { connection.execute_any(&NAME_SECRETS, &[digest.into()]).await.map(drop) })
            })
            .await
    }

    /// Names the secrets by another digest, where they are named by `before`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn rename_secrets(&self, before: [u8; 32], digest: [u8; 32]) -> Result<()> {
        self.keys
            .write(move |connection| {
                Box::pin(async move {
                    connection.execute_any(&RENAME_SECRETS, &[before.into(), digest.into()]).await.map(drop)
                })
            })
            .await
    }

    /// The digest that is named, if one is.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn named_secrets(&self) -> Result<Option<Vec<u8>>> {
        self.keys
            .read(|connection| {
                Box::pin(async move {
                    connection.query(&NAMED_SECRETS, &[]).await?.first().map(|row| row.bytes(0)).transpose()
                })
            })
            .await
    }

    /// Stores an organisation's first key.
    ///
    /// # Errors
    /// [`Error::Conflict`] where it has one.
    pub async fn insert_organisation_key(&self, key: WrappedOrganisationKey, at: Timestamp) -> Result<()> {
        self.keys
            .write(move |connection| {
                Box::pin(async move {
                    let values =
                        [key.organisation.into(), key.version.into(), key.epoch.into(), key.wrapped.into(), at.into()];
                    connection.execute(&INSERT_ORGANISATION_KEY, &values, 1).await
                })
            })
            .await
    }

    /// An organisation's key of a version, or its current one.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none.
    pub async fn organisation_key(
        &self,
        organisation: OrganisationId,
        version: Option<i64>,
    ) -> Result<WrappedOrganisationKey> {
        self.keys
            .read(move |connection| {
                Box::pin(async move {
                    let scope = Scope::Organisation(organisation);
                    let rows = match version {
                        None => connection.query_in(scope, &CURRENT_ORGANISATION_KEY, &[organisation.into()]).await?,
                        Some(version) => {
                            let values = [organisation.into(), version.into()];
                            connection.query_in(scope, &ORGANISATION_KEY, &values).await?
                        }
                    };
                    let row = rows.first().ok_or(Error::NotFound)?;
                    Ok(WrappedOrganisationKey {
                        organisation,
                        version: row.int(1)?,
                        epoch: row.int(2)?,
                        wrapped: row.bytes(3)?,
                    })
                })
            })
            .await
    }

    /// Stores data keys ahead of their use.
    ///
    /// # Errors
    /// [`Error::Fence`] where one is wrapped with a key that is no longer the current one.
    pub async fn insert_keys(&self, keys: Vec<WrappedDataKey>, at: Timestamp) -> Result<()> {
        self.keys
            .write(move |connection| {
                Box::pin(async move {
                    let inputs: Vec<Vec<Value>> = keys
                        .into_iter()
                        .map(|key| {
                            vec![
                                key.organisation.into(),
                                key.id.into(),
                                key.version.into(),
                                key.wrapped.into(),
                                at.into(),
                            ]
                        })
                        .collect();
                    connection.execute_each(&INSERT_KEYS, &inputs).await
                })
            })
            .await
    }

    /// A data key.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it was shredded, or is another organisation's.
    pub async fn data_key(&self, organisation: OrganisationId, id: KeyId) -> Result<WrappedDataKey> {
        self.keys
            .read(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), id.into()];
                    let rows = connection.query_in(organisation.into(), &DATA_KEY, &values).await?;
                    let row = rows.first().ok_or(Error::NotFound)?;
                    Ok(WrappedDataKey { organisation, id, version: row.int(2)?, wrapped: row.bytes(3)? })
                })
            })
            .await
    }

    /// Keys made before `before`, in the order of their making, behind one of them: for the sweep of orphans. Gives the place of
    /// each in that order.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn keys_before(
        &self,
        before: Timestamp,
        after: (Timestamp, KeyId),
        most: i64,
    ) -> Result<Vec<(OrganisationId, (Timestamp, KeyId))>> {
        self.keys
            .read(move |connection| {
                Box::pin(async move {
                    let values = [before.into(), after.0.into(), after.1.into(), most.into()];
                    let rows = connection.query_in(Scope::System(System::KeySweep), &OLD_KEYS, &values).await?;
                    let read =
                        |row: &Row| Ok((OrganisationId(row.int(0)?), (Timestamp(row.int(2)?), KeyId(row.int(1)?))));
                    rows.iter().map(read).collect()
                })
            })
            .await
    }

    /// Whether there are keys of any organisation.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn has_keys(&self) -> Result<bool> {
        self.keys
            .read(move |connection| {
                Box::pin(async move {
                    Ok(!connection.query_in(Scope::System(System::SetUp), &ANY_KEY, &[]).await?.is_empty())
                })
            })
            .await
    }

    /// Deletes keys, and notes in the same transaction that their organisation's key opens what is to be gone: the turn of the
    /// epoch that is current now makes the deletion final. Says how many were there, and which epoch it is.
    ///
    /// # Errors
    /// [`Error::Fence`] where the epoch turned in this very moment: to be tried again.
    pub async fn delete_keys(
        &self,
        organisation: OrganisationId,
        ids: Vec<KeyId>,
        now: Timestamp,
    ) -> Result<(usize, i64)> {
        self.keys
            .write(move |connection| {
                Box::pin(async move {
                    let epoch = connection.query(&CURRENT_EPOCH, &[]).await?;
                    let epoch = epoch.first().ok_or(Error::Fence)?.int(0)?;
                    let inputs: Vec<Vec<Value>> =
                        ids.into_iter().map(|id| vec![id.into(), organisation.into()]).collect();
                    let deleted = connection.query_each(&DELETE_KEYS, &inputs).await?.len();
                    if deleted > 0 {
                        connection.execute(&SPEND, &[organisation.into(), now.into()], 1).await?;
                    }
                    Ok((deleted, epoch))
                })
            })
            .await
    }
}

/// Which keys the data refers to stands in the other database.
pub(crate) mod used {
    use crate::engine::statements;

    statements! {
        USED_KEYS(key_id int) =
            "SELECT input.key_id {from_input} WHERE EXISTS (SELECT 1 FROM conversation c WHERE c.key_id = input.key_id)
            OR EXISTS (SELECT 1 FROM conversation c WHERE c.old_key_id = input.key_id)
            OR EXISTS (SELECT 1 FROM operator o WHERE o.key_id = input.key_id)
            OR EXISTS (SELECT 1 FROM snippet s WHERE s.key_id = input.key_id)";
    }

    pub(super) static STATEMENT: &crate::engine::Statement = &USED_KEYS;
}

impl Store {
    /// Which of these keys something refers to.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn used_keys(&self, ids: Vec<KeyId>) -> Result<Vec<KeyId>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let inputs: Vec<Vec<Value>> = ids.into_iter().map(|id| vec![id.into()]).collect();
                    let rows = connection.query_each(used::STATEMENT, &inputs).await?;
                    rows.iter().map(|row| Ok(KeyId(row.int(0)?))).collect()
                })
            })
            .await
    }
}
