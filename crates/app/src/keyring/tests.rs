use domain::clock::ManualClock;
use store::{Settings, files_in};

use super::*;

async fn house() -> (Keyring, OrganisationId, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (data, keys) = files_in(folder.path());
    let store = Store::open(&data, Settings::default()).await.unwrap();
    let keys = KeyStore::open(&keys, Settings::default()).await.unwrap();
    let clock = Arc::new(ManualClock::at(Timestamp(1_800_000_000_000_000)));
    let secrets = Secrets::load(&folder.path().join("secrets"), true).unwrap();
    let ours = store.insert_organisation(random::public_id(), "Ours".to_owned(), clock.now()).await.unwrap();
    let keyring = Keyring::new(store, keys, clock, Arc::clone(secrets.epochs()));
    keyring.found(ours.id, ours.name).await.unwrap();
    (keyring, ours.id, folder)
}

#[tokio::test]
async fn a_reader_who_fetched_the_key_just_before_does_not_keep_it() {
    let (keyring, ours, _folder) = house().await;
    let id = keyring.new_key(ours).await.unwrap().id();
    let fetched = keyring.data_key(ours, id).await.unwrap();
    assert_eq!(keyring.keep(Arc::clone(&fetched)).unwrap().id(), id, "before, it may");
    assert_eq!(keyring.shred(ours, &[id]).await, Ok(1));
    assert_eq!(keyring.data_key(ours, id).await.err(), Some(Error::NotFound));
    // The row was read before the deletion, and comes to be kept behind it.
    assert_eq!(keyring.keep(fetched).err(), Some(Error::NotFound));
    assert!(keyring.data.get(&id).is_none());
}

#[tokio::test]
async fn many_keys_are_shredded_in_portions_and_again_after_a_failure() {
    let (keyring, ours, _folder) = house().await;
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
    let (keyring, ours, _folder) = house().await;
    keyring.pooled_key(ours).await.unwrap();
    let pooled: Vec<KeyId> = keyring.pools.lock()[&ours].keys.lock().iter().map(|pooled| pooled.key.id()).collect();
    assert!(pooled.len() > 10);
    keyring.shred(ours, &pooled).await.unwrap();
    let given = keyring.pooled_key(ours).await.unwrap().id();
    assert!(!pooled.contains(&given));
    assert!(keyring.data_key(ours, given).await.is_ok());
}
