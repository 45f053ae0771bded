//! Keys in use: unwrapped when they are needed, under a lease, wiped when they go. New conversations take theirs from a
//! small pool that was committed ahead, so that a first message costs one commit.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::limits::{POOLED_KEY_LIFE, POOLED_KEY_USE};
use domain::{Clock, KeyId, OrganisationId, PublicId, Timestamp};
use parking_lot::Mutex;
use privacy::keys::{DataKey, EpochKey, OrganisationKey, RawKey};
use privacy::random;
use store::epoch::State;
use store::key::{WrappedDataKey, WrappedOrganisationKey};
use store::{KeyStore, Store};

use crate::epoch::EpochKeys;
use crate::leased::Leased;
use crate::secrets::Secrets;
use crate::{Error, Result};

/// Unwrapped data keys held at once.
const KEYS: usize = 16_384;
/// Unwrapped organisation keys held at once.
const ORGANISATIONS: usize = 256;
/// Keys committed ahead per organisation.
const POOL: usize = 64;
/// Keys deleted in one transaction.
const PORTION: usize = 500;
/// How often the sweep looks at every key.
const SWEPT_WHOLE: Duration = Duration::from_secs(24 * 3600);
/// So much of what it looked at it looks at again.
const SWEPT_AGAIN: Duration = Duration::from_secs(3600);
/// How often something is read again that a turn of the epoch changed between two readings.
const TRIES: usize = 3;

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

/// How far the sweep of orphans has come: keys made before these times were looked at.
#[derive(Clone, Copy)]
struct Swept {
    upto: Timestamp,
    whole: Timestamp,
}

/// Unwraps, caches, makes and sweeps keys.
pub struct Keyring {
    store: Store,
    keys: KeyStore,
    clock: Arc<dyn Clock>,
    epochs: Arc<EpochKeys>,
    /// Which version of an organisation's key is the current one. Two are in use while the epoch turns.
    current: Leased<OrganisationId, i64>,
    organisations: Leased<(OrganisationId, i64), Arc<OrganisationKey>>,
    data: Leased<KeyId, Arc<DataKey>>,
    /// What was deleted lately: whoever read such a key before must not keep it after.
    shredded: Leased<KeyId, ()>,
    /// What another node says was deleted, with a number that is another one each time.
    told: Leased<KeyId, u64>,
    tellings: AtomicU64,
    pools: Mutex<HashMap<OrganisationId, Arc<Pool>>>,
    swept: Mutex<Option<Swept>>,
}

impl Keyring {
    pub(crate) fn new(store: Store, keys: KeyStore, clock: Arc<dyn Clock>, epochs: Arc<EpochKeys>) -> Self {
        Self {
            store,
            keys,
            clock,
            epochs,
            current: Leased::new(ORGANISATIONS),
            organisations: Leased::new(ORGANISATIONS),
            data: Leased::new(KEYS),
            shredded: Leased::new(KEYS),
            told: Leased::new(KEYS),
            tellings: AtomicU64::default(),
            pools: Mutex::default(),
            swept: Mutex::default(),
        }
    }

    pub(crate) const fn store(&self) -> &KeyStore {
        &self.keys
    }

    /// Whether either database is half restored.
    pub(crate) async fn is_half_restored(&self) -> Result<bool> {
        Ok(self.store.is_half_restored().await? || self.keys.is_half_restored().await?)
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
        self.current.wipe_expired();
        self.shredded.wipe_expired();
        self.told.wipe_expired();
        let oldest = self.clock.now().minus(POOLED_KEY_USE);
        self.pools.lock().retain(|_, pool| {
            let mut keys = pool.keys.lock();
            keys.retain(|pooled| pooled.made_at > oldest);
            !keys.is_empty()
        });
    }

    /// Names the secrets of this node as those of the installation, where none are named, or where they are named as they were
    /// before there was more than one epoch.
    pub(crate) async fn name_secrets(&self, secrets: &Secrets) -> Result<()> {
        self.keys.name_secrets(secrets.digest()).await?;
        match secrets.first_digest() {
            Some(before) => Ok(self.keys.rename_secrets(before, secrets.digest()).await?),
            None => Ok(()),
        }
    }

    /// Whether other secrets than these are named.
    pub(crate) async fn names_others(&self, secrets: &Secrets) -> Result<bool> {
        let ours = [Some(secrets.digest()), secrets.first_digest()];
        let named = self.keys.named_secrets().await?;
        Ok(named.is_some_and(|named| !ours.iter().flatten().any(|digest| *digest == named[..])))
    }

    /// Makes an organisation's first key.
    pub(crate) async fn found(&self, organisation: OrganisationId, name: PublicId) -> Result<()> {
        let key = RawKey::generate();
        for _ in 0..TRIES {
            let epoch = self.current_epoch().await?;
            let wrapped = epoch.wrap(name, 1, &key);
            let wrapped = WrappedOrganisationKey { organisation, version: 1, epoch: epoch.version(), wrapped };
            match self.keys.insert_organisation_key(wrapped, self.clock.now()).await {
                Err(store::Error::Fence) => {}
                other => return Ok(other?),
            }
        }
        Err(Error::Unavailable)
    }

    /// The key that organisations' keys are wrapped with now.
    async fn current_epoch(&self) -> Result<EpochKey> {
        let epochs = self.keys.epochs(self.epochs.held().first().copied().unwrap_or(0)).await?;
        let current = epochs.into_iter().find(|epoch| epoch.state == State::Current);
        current.and_then(|current| self.epochs.get(current.epoch)).ok_or(Error::Unavailable)
    }

    /// A data key, ready for use.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it was shredded.
    pub(crate) async fn data_key(&self, organisation: OrganisationId, id: KeyId) -> Result<Arc<DataKey>> {
        if let Some(key) = self.data.get(&id) {
            return Ok(key);
        }
        for _ in 0..TRIES {
            let told = self.told.get(&id);
            let wrapped = self.keys.data_key(organisation, id).await?;
            match self.organisation_key(organisation, Some(wrapped.version)).await {
                Ok(key) => {
                    let key = DataKey::new(id, &key.unwrap(id, &wrapped.wrapped)?);
                    if let Some(key) = self.keep_unless_told(Arc::new(key), told)? {
                        return Ok(key);
                    }
                }
                // It was wrapped anew meanwhile, and what wrapped it before is gone.
                Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::Unavailable)
    }

    /// Keeps a key for a lease, unless it was shredded since it was read.
    fn keep(&self, key: Arc<DataKey>) -> Result<Arc<DataKey>> {
        self.data.insert(key.id(), Arc::clone(&key));
        if self.shredded.get(&key.id()).is_some() {
            self.data.remove(&key.id());
            return Err(Error::NotFound);
        }
        Ok(key)
    }

    /// The same; nothing where another node has said since that it was deleted: whoever read it before that asks again.
    fn keep_unless_told(&self, key: Arc<DataKey>, told: Option<u64>) -> Result<Option<Arc<DataKey>>> {
        let key = self.keep(key)?;
        if self.told.get(&key.id()) == told {
            return Ok(Some(key));
        }
        self.data.remove(&key.id());
        Ok(None)
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
                match self.keep(pooled.key) {
                    Err(Error::NotFound) => continue,
                    kept => return kept,
                }
            }
            let _turn = pool.filling.lock().await;
            if pool.keys.lock().is_empty() {
                let made_at = self.clock.now();
                let made = self.make(organisation, POOL).await?;
                pool.keys.lock().extend(made.into_iter().map(|key| Pooled { key, made_at }));
            }
        }
    }

    /// Deletes keys: what they sealed cannot be read here from now on, at other nodes when they are told or their lease ends.
    /// Gives back the epoch whose end makes it final: until then, whoever holds an old copy of the key database and the keys of
    /// today can undo it. To be repeated after a failure; what is gone already does no harm.
    pub(crate) async fn shred(&self, organisation: OrganisationId, ids: &[KeyId]) -> Result<i64> {
        let mut settles = 0;
        // Also with nothing to delete it says which epoch it is.
        let empty = ids.is_empty().then_some(ids);
        for portion in ids.chunks(PORTION).chain(empty) {
            settles = settles.max(self.delete(organisation, portion).await?.1);
        }
        Ok(settles)
    }

    async fn delete(&self, organisation: OrganisationId, ids: &[KeyId]) -> Result<(usize, i64)> {
        for _ in 0..TRIES {
            match self.keys.delete_keys(organisation, ids.to_vec(), self.clock.now()).await {
                Err(store::Error::Fence) => {}
                other => {
                    let deleted = other?;
                    self.forget(ids);
                    return Ok(deleted);
                }
            }
        }
        Err(Error::Unavailable)
    }

    /// Wipes keys that were deleted, here or at another node, and keeps out whoever read one just before.
    pub(crate) fn forget(&self, ids: &[KeyId]) {
        for id in ids {
            self.shredded.insert(*id, ());
            self.data.remove(id);
        }
    }

    /// Wipes keys that another node says were deleted. That is not believed: whoever needs one asks the store again.
    pub(crate) fn wipe(&self, ids: &[KeyId]) {
        let telling = self.tellings.fetch_add(1, Ordering::Relaxed);
        for id in ids {
            self.told.insert(*id, telling);
            self.data.remove(id);
        }
    }

    /// Deletes keys that were made ahead, never used, and are too old to be. Looks at those that came of age since the last time,
    /// and once a day at all: what a deletion left behind is found then.
    ///
    /// # Errors
    /// Those of the stores.
    pub async fn sweep(&self) -> Result<usize> {
        // While data are put back, keys that they use look unused.
        if self.is_half_restored().await? {
            return Err(Error::Unavailable);
        }
        let before = self.clock.now().minus(POOLED_KEY_LIFE);
        let swept = *self.swept.lock();
        let is_whole = swept.is_none_or(|swept| before >= swept.whole.plus(SWEPT_WHOLE));
        // Transactions that were under way when it was looked, and a clock that was put right, come in between.
        let from = swept.filter(|_| !is_whole).map_or(i64::MIN, |swept| swept.upto.minus(SWEPT_AGAIN).0);
        let (mut after, mut count) = ((Timestamp(from), KeyId(i64::MIN)), 0);
        loop {
            let page = self.keys.keys_before(before, after, 500).await?;
            let Some((_, last)) = page.last() else { break };
            after = *last;
            let ids: Vec<KeyId> = page.iter().map(|(_, (_, id))| *id).collect();
            let used = self.store.used_keys(ids).await?;
            let mut unused: BTreeMap<OrganisationId, Vec<KeyId>> = BTreeMap::new();
            for (organisation, (_, id)) in page {
                if !used.contains(&id) {
                    unused.entry(organisation).or_default().push(id);
                }
            }
            for (organisation, ids) in unused {
                // Data and keys must belong together, or every key would look unused: an organisation's key opens only
                // with the random name that this data gives it.
                if self.organisation_key(organisation, None).await.is_err() {
                    tracing::error!(%organisation, "keys of an organisation that these data do not know are left alone");
                    return Ok(count);
                }
                count += self.delete(organisation, &ids).await?.0;
            }
        }
        let whole = swept.filter(|_| !is_whole).map_or(before, |swept| swept.whole);
        *self.swept.lock() = Some(Swept { upto: before, whole });
        Ok(count)
    }

    /// Wipes organisations' keys: the epoch that wrapped some of them is over.
    pub(crate) fn forget_organisations(&self) {
        self.organisations.remove_where(|_| true);
        self.current.remove_where(|_| true);
    }

    /// Wipes what was made ahead for an organisation that ended, and its own keys. Other nodes have them for as long as they
    /// keep any: nobody of it is left to use one.
    pub(crate) fn forget_organisation(&self, organisation: OrganisationId) {
        self.pools.lock().remove(&organisation);
        self.forget_organisations();
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
                    self.current.remove(&organisation);
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
        let known = version.or_else(|| self.current.get(&organisation));
        if let Some(key) = known.and_then(|version| self.organisations.get(&(organisation, version))) {
            return Ok(key);
        }
        let name = self.store.organisation(organisation).await?.name;
        for _ in 0..TRIES {
            let wrapped = self.keys.organisation_key(organisation, version).await?;
            // Where it is not here: the epoch turned since it was read, or another node is about to hand its key over.
            let Some(epoch) = self.epochs.get(wrapped.epoch) else { continue };
            let raw = epoch.unwrap(name, wrapped.version, &wrapped.wrapped)?;
            let key = Arc::new(OrganisationKey::new(organisation, wrapped.version, &raw));
            self.organisations.insert((organisation, wrapped.version), Arc::clone(&key));
            if version.is_none() {
                self.current.insert(organisation, wrapped.version);
            }
            return Ok(key);
        }
        tracing::warn!(%organisation, "its key is wrapped with the key of an epoch that this node does not have yet");
        Err(Error::Unavailable)
    }
}

#[cfg(test)]
mod tests;
