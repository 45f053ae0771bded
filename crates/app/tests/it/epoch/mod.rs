//! Epochs: their keys at every node, and the turn that makes what was deleted noise (design section 5).

mod guarded;
mod kill;
mod nodes;
mod places;
mod secrets;
mod turn;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use diskret_app::App;
use domain::{KeyId, OrganisationId, PublicId};
use privacy::keys::{EpochKey, OrganisationKey, RawKey};
use store::epoch::Step;
use store::key::{WrappedDataKey, WrappedOrganisationKey};

use crate::{House, SECOND};

/// Has the epoch turn, the clock going on as it is waited for; tells the other nodes to keep theirs.
pub(crate) async fn turned(house: &House, others: &[&Arc<App>]) {
    house.app.keep_epochs().await.unwrap();
    house.app.ask_for_turn().await.unwrap();
    finished(house, &house.app, others).await;
}

/// Goes on until no turn is under way and it was told.
pub(crate) async fn finished(house: &House, app: &Arc<App>, others: &[&Arc<App>]) {
    for _ in 0..2_000 {
        while app.work().await.unwrap() > 0 {}
        if app.status_of_epochs().await.unwrap().turn.step == Step::None {
            // Told of, and whoever came back late.
            house.clock.advance(SECOND);
            while app.work().await.unwrap() > 0 {}
            return;
        }
        house.clock.advance(SECOND);
        for app in others {
            app.keep_epochs().await.unwrap();
        }
    }
    panic!("the turn does not end: {:?}", app.status_of_epochs().await.unwrap().turn);
}

/// The keys in a folder of secrets, by their epoch.
fn epoch_keys(folder: &Path) -> BTreeMap<i64, RawKey> {
    let files = std::fs::read_dir(folder.join("secrets")).unwrap().map(|entry| entry.unwrap());
    files
        .filter_map(|file| {
            let epoch = file.file_name().to_str()?.strip_prefix("epoch-")?.strip_suffix(".key")?.parse().ok()?;
            let bytes: [u8; 32] = std::fs::read(file.path()).unwrap().try_into().unwrap();
            Some((epoch, RawKey::from_bytes(bytes)))
        })
        .collect()
}

/// A copy of what lies in the key database: what a thief took last week.
struct Stolen {
    name: PublicId,
    organisation: WrappedOrganisationKey,
    key: WrappedDataKey,
}

impl Stolen {
    async fn take(house: &House, key: KeyId) -> Self {
        let ours = house.done.principal.organisation;
        let key = house.keys.data_key(ours, key).await.unwrap();
        let organisation = house.keys.organisation_key(ours, Some(key.version)).await.unwrap();
        Self { name: house.done.organisation, organisation, key }
    }

    /// Whether it opens with one of these keys, tried as any epoch.
    fn opens(&self, keys: &BTreeMap<i64, RawKey>) -> bool {
        let (organisation, version) = (self.organisation.organisation, self.organisation.version);
        keys.values().any(|raw| {
            let epoch = EpochKey::new(self.organisation.epoch, raw);
            epoch.unwrap(self.name, version, &self.organisation.wrapped).is_ok_and(|raw| {
                OrganisationKey::new(organisation, version, &raw).unwrap(self.key.id, &self.key.wrapped).is_ok()
            })
        })
    }
}

/// The key of the conversation in which a visitor wrote.
async fn key_of(house: &House, conversation: PublicId) -> KeyId {
    let ours: OrganisationId = house.done.principal.organisation;
    house.store.conversation_named(ours, conversation).await.unwrap().key
}
