//! What every place promises, asked of each kind.

#![expect(clippy::unwrap_used, reason = "a test may be blunt")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use diskret_places::s3::{Credentials, S3};
use diskret_places::{Disk, Error, LARGEST, Memory, Object, Place, Write};
use domain::clock::SystemClock;
use testkit::ObjectStore;

fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

async fn keeps_its_promises(place: &dyn Place) {
    place.check().await.unwrap();
    assert_eq!(place.list("").await.unwrap(), []);
    assert_eq!(place.get("keys/epoch").await.unwrap(), None);

    // What was written is read, whatever its length.
    for (name, content) in
        [("data/1/0001.part", bytes("one")), ("data/1/0002.part", bytes("")), ("data/10/x", bytes("ten"))]
    {
        place.put(name, content.clone(), Write::Create).await.unwrap();
        assert_eq!(place.get(name).await.unwrap(), Some(content));
    }
    let large = Bytes::from((0..5_000_000).map(|index: u32| (index % 251) as u8).collect::<Vec<_>>());
    place.put("data/1/0003.part", large.clone(), Write::Create).await.unwrap();
    assert!(place.get("data/1/0003.part").await.unwrap().unwrap() == large);

    // Created once; replaced as often as one likes.
    assert_eq!(place.put("data/1/0001.part", bytes("other"), Write::Create).await, Err(Error::Exists));
    assert_eq!(place.get("data/1/0001.part").await.unwrap(), Some(bytes("one")));
    for content in ["first", "second, longer", "3rd"] {
        place.put("keys/epoch", bytes(content), Write::Replace).await.unwrap();
        assert_eq!(place.get("keys/epoch").await.unwrap(), Some(bytes(content)));
    }

    // Listed by how their names begin, in order.
    let listed = async |beginning| {
        place.list(beginning).await.unwrap().into_iter().map(|Object { name, bytes }| (name, bytes)).collect::<Vec<_>>()
    };
    let all = [("data/1/0001.part", 3), ("data/1/0002.part", 0), ("data/1/0003.part", 5_000_000), ("data/10/x", 3)];
    let all: Vec<_> = all.map(|(name, bytes)| (name.to_owned(), bytes)).into();
    assert_eq!(listed("data/").await, all);
    assert_eq!(listed("data/1/").await, all[..3]);
    assert_eq!(listed("data/1").await, all);
    assert_eq!(listed("data/1/0002").await, all[1..2]);
    assert_eq!(listed("nothing/").await, []);
    assert_eq!(listed("").await.len(), 5);

    // Deleted is gone, and may be created again.
    for _ in 0..2 {
        place.delete("data/1/0001.part").await.unwrap();
        assert_eq!(place.get("data/1/0001.part").await.unwrap(), None);
    }
    place.put("data/1/0001.part", bytes("again"), Write::Create).await.unwrap();

    // Of many who create the same at once, one does.
    let race = (0..8).map(|_| place.put("journal/00000000000000000001", bytes("mine"), Write::Create));
    let outcomes = futures_util::future::join_all(race).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Err(Error::Exists)).count(), 7, "{outcomes:?}");

    // More objects than a listing says at once.
    for number in 0..1_100 {
        place.put(&format!("many/{number:04}"), bytes("x"), Write::Create).await.unwrap();
    }
    let many = listed("many/").await;
    assert_eq!((many.len(), &*many[0].0, &*many[1_099].0), (1_100, "many/0000", "many/1099"));

    for name in ["../outside", "", "a b", ".new/x"] {
        assert!(matches!(place.put(name, bytes("x"), Write::Replace).await, Err(Error::Unfit(_))), "{name:?}");
        assert!(matches!(place.get(name).await, Err(Error::Unfit(_))), "{name:?}");
        assert!(matches!(place.delete(name).await, Err(Error::Unfit(_))), "{name:?}");
    }
    let too_large = Bytes::from(vec![0; LARGEST + 1]);
    assert!(matches!(place.put("large", too_large, Write::Create).await, Err(Error::Unfit(_))));
}

#[tokio::test]
async fn a_folder_keeps_its_promises() {
    let folder = tempfile::tempdir().unwrap();
    keeps_its_promises(&Disk::new(folder.path())).await;
}

/// The store of these tests, with an empty bucket in it.
async fn bucket(store: &ObjectStore, secret: &str) -> S3 {
    let credentials = Credentials { id: ObjectStore::ID.to_owned(), secret: secret.to_owned().into() };
    let clock = Arc::new(SystemClock);
    let place = S3::new(&store.endpoint(), "eu-1", &ObjectStore::bucket(), "of/ours", credentials, clock).unwrap();
    if secret == ObjectStore::SECRET {
        place.make_bucket().await.unwrap();
    }
    place
}

#[tokio::test]
async fn an_object_store_keeps_its_promises() {
    let store = ObjectStore::start();
    let place = bucket(&store, ObjectStore::SECRET).await;
    keeps_its_promises(&place).await;

    // A bucket that keeps versions keeps keys that are over.
    let keeps = bucket(&store, ObjectStore::SECRET).await;
    keeps.check().await.unwrap();
    for status in ["Enabled", "Suspended"] {
        keeps.set_versioning(status).await.unwrap();
        let refused = keeps.check().await;
        assert!(matches!(&refused, Err(Error::Unfit(why)) if why.contains("versioning")), "{status}: {refused:?}");
    }

    // Whoever has another key, and what is not there.
    let stranger = bucket(&store, "another").await;
    for refused in [stranger.check().await, stranger.get("keys/epoch").await.map(drop)] {
        assert!(matches!(&refused, Err(Error::Unfit(why)) if why.contains("403")), "{refused:?}");
    }
    let nowhere = bucket(&store, "another").await;
    assert!(nowhere.get("keys/epoch").await.is_err(), "a bucket that is not there is not an empty one");

    store.kill();
    let away = place.get("keys/epoch").await;
    assert!(matches!(away, Err(Error::Away(_))), "{away:?}");
    store.revive();
    // It answers before all of it stands again.
    let is_there = async || matches!(place.get("keys/epoch").await, Ok(Some(_)));
    testkit::eventually(Duration::from_secs(60), "what was answered with Ok is there after a crash", is_there).await;
}

#[tokio::test]
async fn memory_keeps_its_promises() {
    keeps_its_promises(&Memory::default()).await;
}
