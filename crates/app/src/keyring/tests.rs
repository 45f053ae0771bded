use domain::clock::ManualClock;
use store::{Settings, files_in};

use super::*;

async fn house() -> (Keyring, OrganisationId, Arc<ManualClock>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (data, keys) = files_in(folder.path());
    let store = Store::open(&data, Settings::default()).await.unwrap();
    let keys = KeyStore::open(&keys, Settings::default()).await.unwrap();
    let clock = Arc::new(ManualClock::at(Timestamp(1_800_000_000_000_000)));
    let secrets = Secrets::load(&folder.path().join("secrets"), true).unwrap();
    let ours = store.insert_organisation(random::public_id(), "Ours".to_owned(), clock.now()).await.unwrap();
    let keyring = Keyring::new(store, keys, Arc::clone(&clock) as Arc<_>, Arc::clone(secrets.epochs()));
    keyring.found(ours.id, ours.name).await.unwrap();
    (keyring, ours.id, clock, folder)
}

#[tokio::test]
async fn a_reader_who_fetched_the_key_just_before_does_not_keep_it() {
    let (keyring, ours, _clock, _folder) = house().await;
    let id = keyring.new_key(ours).await.unwrap().id();
    let fetched = keyring.data_key(ours, id).await.unwrap();
    assert_eq!(keyring.keep(Arc::clone(&fetched)).unwrap().id(), id, "before, it may");
    assert_eq!(keyring.shred(ours, &[id]).await, Ok(1));
    assert_eq!(keyring.data_key(ours, id).await.err(), Some(Error::NotFound));
    // The row was read before the deletion, and comes to be kept behind it.
    assert_eq!(keyring.keep(fetched).err(), Some(Error::NotFound));
    assert!(keyring.data.get(&id).is_none());
}

/// On another node, which is told.
#[tokio::test]
async fn a_reader_who_fetched_it_before_another_node_deleted_it_does_not_keep_it_either() {
    let (keyring, ours, _clock, _folder) = house().await;
    let key = keyring.new_key(ours).await.unwrap();
    let (id, told) = (key.id(), keyring.told.get(&key.id()));
    let kept = keyring.keep_unless_told(Arc::clone(&key), told).unwrap();
    assert!(kept.is_some(), "before, it may");
    keyring.keys.delete_keys(ours, vec![id], keyring.clock.now()).await.unwrap();
    keyring.wipe(&[id]);
    // The row was read before the deletion, and comes to be kept behind it.
    assert!(keyring.keep_unless_told(key, told).unwrap().is_none());
    assert!(keyring.data.get(&id).is_none());
    assert_eq!(keyring.data_key(ours, id).await.err(), Some(Error::NotFound));
    // Whoever says so of one that is there costs a reading, and no more.
    let there = keyring.new_key(ours).await.unwrap().id();
    for _ in 0..5 {
        keyring.wipe(&[there]);
        assert!(keyring.data_key(ours, there).await.is_ok());
    }
}

#[tokio::test]
async fn many_keys_are_shredded_in_portions_and_again_after_a_failure() {
    let (keyring, ours, _clock, _folder) = house().await;
    let mut ids: Vec<KeyId> = Vec::new();
    for _ in 0..3 {
        ids.extend(keyring.make(ours, 400).await.unwrap().iter().map(|key| key.id()));
    }
    let kept = keyring.new_key(ours).await.unwrap().id();
    assert_eq!(keyring.shred(ours, &ids).await, Ok(1));
    for id in &ids {
        assert_eq!(keyring.data_key(ours, *id).await.err(), Some(Error::NotFound));
    }
    assert!(keyring.data_key(ours, kept).await.is_ok());
    assert_eq!(keyring.shred(ours, &ids).await, Ok(1));
    assert_eq!(keyring.shred(ours, &[]).await, Ok(1), "which epoch it is, it always says");
}

#[tokio::test]
async fn a_pooled_key_that_was_shredded_is_given_to_nobody() {
    let (keyring, ours, _clock, _folder) = house().await;
    keyring.pooled_key(ours).await.unwrap();
    let pooled: Vec<KeyId> = keyring.pools.lock()[&ours].keys.lock().iter().map(|pooled| pooled.key.id()).collect();
    assert!(pooled.len() > 10);
    keyring.shred(ours, &pooled).await.unwrap();
    let given = keyring.pooled_key(ours).await.unwrap().id();
    assert!(!pooled.contains(&given));
    assert!(keyring.data_key(ours, given).await.is_ok());
}

#[tokio::test]
async fn the_sweep_looks_at_what_came_of_age_and_once_a_day_at_all() {
    let (keyring, ours, clock, _folder) = house().await;
    let there = async |id| keyring.keys.data_key(ours, id).await.is_ok();
    let first = keyring.make(ours, 3).await.unwrap();
    clock.advance(POOLED_KEY_LIFE);
    assert_eq!(keyring.sweep().await, Ok(0), "not before their time is over");
    clock.advance(Duration::from_secs(1));
    assert_eq!(keyring.sweep().await, Ok(3));
    assert!(!there(first[0].id()).await);
    // One that came of age hours ago, when something used it, and is used by nothing now.
    let old = keyring.clock.now().minus(POOLED_KEY_LIFE + Duration::from_secs(2 * 3600));
    let key = keyring.organisation_key(ours, None).await.unwrap();
    let id = KeyId(4711);
    let wrapped = WrappedDataKey { organisation: ours, id, version: 1, wrapped: key.wrap(id, &RawKey::generate()) };
    keyring.keys.insert_keys(vec![wrapped], old).await.unwrap();
    let recent = keyring.make(ours, 1).await.unwrap()[0].id();
    clock.advance(SWEPT_WHOLE - Duration::from_secs(2));
    assert_eq!(keyring.sweep().await, Ok(0));
    assert!(there(id).await && there(recent).await);
    clock.advance(Duration::from_secs(3));
    assert_eq!(keyring.sweep().await, Ok(2), "the whole sweep finds it, and the other came of age");
    assert!(!there(id).await && !there(recent).await);
}
