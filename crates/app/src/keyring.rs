//! Keys in use: unwrapped when they are needed, under a lease, wiped when they go. New conversations take theirs from a
//! small pool that was committed ahead, so that a first message costs one commit.

use std::collections::HashMap;
use std::sync::Arc;

use domain::limits::{POOLED_KEY_LIFE, POOLED_KEY_USE};
use domain::{Clock, KeyId, OrganisationId, PublicId, Timestamp};
use parking_lot::Mutex;
use privacy::keys::{DataKey, EpochKey, OrganisationKey, RawKey};
use privacy::random;
use store::key::{WrappedDataKey, WrappedOrganisationKey};
use store::{KeyStore, Store};

use crate::leased::Leased;
use crate::{Error, Result};

/// Unwrapped data keys held at once.
const KEYS: usize = 16_384;
/// Unwrapped organisation keys held at once.
const ORGANISATIONS: usize = 256;
/// Keys committed ahead per organisation.
const POOL: usize = 64;

struct Pooled {
    key: Arc<DataKey>,
    made_at: Timestamp,
}

/// An organisation's pool: its keys, and the turn to fill it.
#[derive(Default)]
struct Pool {
    keys: Mutex<Vec<Pooled>>,
    filling: tokio::sync::Mutex<()>,
}

/// Unwraps, caches, makes and sweeps keys.
pub struct Keyring {
    store: Store,
    keys: KeyStore,
    clock: Arc<dyn Clock>,
    epoch: EpochKey,
    organisations: Leased<OrganisationId, Arc<OrganisationKey>>,
    data: Leased<KeyId, Arc<DataKey>>,
    pools: Mutex<HashMap<OrganisationId, Arc<Pool>>>,
}

impl Keyring {
    pub(crate) fn new(store: Store, keys: KeyStore, clock: Arc<dyn Clock>, epoch: EpochKey) -> Self {
        Self {
            store,
            keys,
            clock,
            epoch,
            organisations: Leased::new(ORGANISATIONS),
            data: Leased::new(KEYS),
            pools: Mutex::default(),
        }
    }

    pub(crate) async fn ping(&self) -> Result<()> {
        Ok(self.keys.ping().await?)
    }

    pub(crate) async fn close(&self) {
        self.keys.close().await;
    }

    pub(crate) fn wipe_expired(&self) {
        self.data.wipe_expired();
        self.organisations.wipe_expired();
        let oldest = self.clock.now().minus(POOLED_KEY_USE);
        self.pools.lock().retain(|_, pool| {
            let mut keys = pool.keys.lock();
            keys.retain(|pooled| pooled.made_at > oldest);
            !keys.is_empty()
        });
    }

    /// Names the secrets of this node as those of the installation, where none are named.
    pub(crate) async fn name_secrets(&self, digest: [u8; 32]) -> Result<()> {
        Ok(self.keys.name_secrets(digest).await?)
    }

    /// Whether other secrets than these are named.
    pub(crate) async fn names_others(&self, digest: [u8; 32]) -> Result<bool> {
        Ok(self.keys.named_secrets().await?.is_some_and(|named| named != digest))
    }

    /// Makes an organisation's first key.
    pub(crate) async fn found(&self, organisation: OrganisationId, name: PublicId) -> Result<()> {
        let key = RawKey::generate();
        let wrapped = WrappedOrganisationKey {
            organisation,
            version: 1,
            epoch: self.epoch.version(),
            wrapped: self.epoch.wrap(name, 1, &key),
        };
        Ok(self.keys.insert_organisation_key(wrapped, self.clock.now()).await?)
    }

    /// A data key, ready for use.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it was shredded.
    pub(crate) async fn data_key(&self, organisation: OrganisationId, id: KeyId) -> Result<Arc<DataKey>> {
        if let Some(key) = self.data.get(&id) {
            return Ok(key);
        }
        let wrapped = self.keys.data_key(organisation, id).await?;
        let organisation_key = self.organisation_key(organisation, Some(wrapped.version)).await?;
        let key = Arc::new(DataKey::new(id, &organisation_key.unwrap(id, &wrapped.wrapped)?));
        self.data.insert(id, Arc::clone(&key));
        Ok(key)
    }

    /// A key of its own for something new, stored before it is used.
    pub(crate) async fn new_key(&self, organisation: OrganisationId) -> Result<Arc<DataKey>> {
        let mut made = self.make(organisation, 1).await?;
        made.pop().ok_or(Error::Internal)
    }

    /// A key from the pool, for a conversation that begins.
    pub(crate) async fn pooled_key(&self, organisation: OrganisationId) -> Result<Arc<DataKey>> {
        let pool = Arc::clone(self.pools.lock().entry(organisation).or_default());
        loop {
            let oldest = self.clock.now().minus(POOLED_KEY_USE);
            let taken = {
                let mut keys = pool.keys.lock();
                keys.retain(|pooled| pooled.made_at > oldest);
                keys.pop()
            };
            if let Some(pooled) = taken {
                self.data.insert(pooled.key.id(), Arc::clone(&pooled.key));
                return Ok(pooled.key);
            }
            let _turn = pool.filling.lock().await;
            if pool.keys.lock().is_empty() {
                let made_at = self.clock.now();
                let made = self.make(organisation, POOL).await?;
                pool.keys.lock().extend(made.into_iter().map(|key| Pooled { key, made_at }));
            }
        }
    }

    /// Deletes a key: what it sealed cannot be read from here on, at other nodes when their lease ends.
    pub(crate) async fn shred(&self, organisation: OrganisationId, id: KeyId) -> Result<()> {
        self.keys.delete_key(organisation, id).await?;
        self.data.remove(&id);
        Ok(())
    }

    /// Deletes keys that were made ahead, never used, and are too old to be.
    ///
    /// # Errors
    /// Those of the stores.
    pub async fn sweep(&self) -> Result<u64> {
        let before = self.clock.now().minus(POOLED_KEY_LIFE);
        let (mut after, mut swept) = (KeyId(i64::MIN), 0);
        loop {
            let page = self.keys.keys_before(before, after, 500).await?;
            let Some((_, last)) = page.last() else { return Ok(swept) };
            after = *last;
            let ids: Vec<KeyId> = page.iter().map(|(_, id)| *id).collect();
            let used = self.store.used_keys(ids).await?;
            for (organisation, id) in page {
                if used.contains(&id) {
                    continue;
                }
                // Data and keys must belong together, or every key would look unused: an organisation's key opens only
                // with the random name that this data gives it.
                if self.organisation_key(organisation, None).await.is_err() {
                    tracing::error!(%organisation, "keys of an organisation that these data do not know are left alone");
                    return Ok(swept);
                }
                if self.keys.delete_key(organisation, id).await? {
                    self.data.remove(&id);
                    swept += 1;
                }
            }
        }
    }

    async fn make(&self, organisation: OrganisationId, count: usize) -> Result<Vec<Arc<DataKey>>> {
        let mut turned = false;
        loop {
            let organisation_key = self.organisation_key(organisation, None).await?;
            let mut keys = Vec::with_capacity(count);
            let mut wrapped = Vec::with_capacity(count);
            for _ in 0..count {
                let (id, key) = (KeyId(random::number()), RawKey::generate());
                wrapped.push(WrappedDataKey {
                    organisation,
                    id,
                    version: organisation_key.version(),
                    wrapped: organisation_key.wrap(id, &key),
                });
                keys.push(Arc::new(DataKey::new(id, &key)));
            }
            match self.keys.insert_keys(wrapped, self.clock.now()).await {
                Ok(()) => return Ok(keys),
                // The organisation's key turned since it was cached: once more with the new one.
                Err(store::Error::Fence) if !turned => {
                    turned = true;
                    self.organisations.remove(&organisation);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether this node's epoch key opens an organisation's current key.
    pub(crate) async fn can_open(&self, organisation: OrganisationId) -> Result<()> {
        self.organisation_key(organisation, None).await.map(drop)
    }

    /// An organisation's key of a version, or its current one.
    async fn organisation_key(
        &self,
        organisation: OrganisationId,
        version: Option<i64>,
    ) -> Result<Arc<OrganisationKey>> {
        if let Some(key) = self.organisations.get(&organisation)
            && version.is_none_or(|version| version == key.version())
        {
            return Ok(key);
        }
        let name = self.store.organisation(organisation).await?.name;
        let wrapped = self.keys.organisation_key(organisation, version).await?;
        let raw = self.epoch.unwrap(name, wrapped.version, &wrapped.wrapped)?;
        let key = Arc::new(OrganisationKey::new(organisation, wrapped.version, &raw));
        self.organisations.insert(organisation, Arc::clone(&key));
        Ok(key)
    }
}
