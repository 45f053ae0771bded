//! A disk that is full, on SQLite: a small file system of its own, in a child process with its own mount namespace, so
//! that nothing stays mounted however the test ends.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use diskret_store::append::Outcome;
use diskret_store::key::{WrappedDataKey, WrappedOrganisationKey};
use diskret_store::{Error, Location, Settings, Store};
use domain::KeyId;
use futures_util::future::join_all;
use privacy::Message;

use crate::fixture::{Chat, Fixture, Place, START, all, assert_gapless, content, entries, somebody};

const FOLDER: &str = "DISKRET_TEST_SMALL_DISK";
const SENDERS: i64 = 6;

#[test]
fn a_full_disk_loses_nothing_acknowledged_and_the_store_goes_on_when_there_is_room() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        return runtime.block_on(fill(PathBuf::from(folder)));
    }
    let folder = tempfile::tempdir().unwrap();
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let own_namespace = if root { &["--mount"][..] } else { &["--mount", "--map-root-user"][..] };
    let child = Command::new("unshare")
        .args(own_namespace)
        .args(["sh", "-ec", "mount -t tmpfs -o size=14m tmpfs \"$1\"; shift; exec \"$@\"", "small-disk"])
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "disk::a_full_disk_loses_nothing_acknowledged_and_the_store_goes_on_when_there_is_room"])
        .arg("--nocapture")
        .env(FOLDER, folder.path())
        .output()
        .expect("the program unshare (util-linux)");
    let told = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && told.contains("1 passed"),
        "in a file system of 14 MiB (which takes root, or a kernel with user namespaces):\n{told}\n{}",
        String::from_utf8_lossy(&child.stderr)
    );
}

/// A message of 16 KiB.
fn large(chat: &Chat, sender: i64, counter: i64) -> diskret_store::append::Append {
    let mut append = chat.visitor(sender, counter);
    let mut bytes = content(sender, counter);
    bytes.resize(16 * 1024, 0x5a);
    append.message = Message::from_store(*append.message.identity(), bytes);
    append
}

/// What is known of each sender: how many were acknowledged.
type Known = BTreeMap<i64, i64>;

/// One more message of each sender, all at once. Whether all were acknowledged.
async fn round(store: &Store, chat: &Chat, known: &mut Known) -> bool {
    let given: Vec<_> = (0..SENDERS)
        .map(|sender| store.append(large(chat, sender + 10, known.get(&sender).unwrap_or(&0) + 1)))
        .collect();
    let mut all = true;
    for (sender, outcome) in (0..SENDERS).zip(join_all(given).await) {
        match outcome {
            Ok(Outcome::Stored(_) | Outcome::Retried { .. }) => *known.entry(sender).or_default() += 1,
            Err(Error::Unavailable(_) | Error::Unknown(_)) => all = false,
            other => panic!("{other:?}"),
        }
    }
    all
}

/// Asserts that everything acknowledged is there; what was not may be, once.
async fn assert_kept(store: &Store, chat: &Chat, known: &Known) {
    let entries = entries(store, chat).await;
    assert_gapless(&entries);
    for (sender, acknowledged) in known {
        let there = entries.iter().filter(|entry| entry.sender.0 == sender + 10).count() as i64;
        assert!(there == *acknowledged || there == acknowledged + 1, "{there} of {acknowledged} of {sender}");
    }
}

async fn fill(folder: PathBuf) {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(mounts.contains(folder.to_str().unwrap()), "this must not fill the machine's own disk");
    let ballast = folder.join("ballast");
    std::fs::write(&ballast, vec![0xff; 3 * 1024 * 1024]).unwrap();
    std::fs::create_dir(folder.join("store")).unwrap();
    let place = Place::Files(tempfile::tempdir_in(folder.join("store")).unwrap());
    let at = Fixture::at(place).await;
    let chat = at.chat().await;
    assert!(reserve(&at).exists());
    let keys = at.keys().await;
    let wrapped =
        |version| WrappedOrganisationKey { organisation: at.ours.id, version, epoch: 1, wrapped: vec![7; 60] };
    keys.insert_organisation_key(wrapped(1), START).await.unwrap();
    let key = |id| WrappedDataKey { organisation: at.ours.id, id: KeyId(id), version: 1, wrapped: vec![8; 60] };
    keys.insert_keys((1..=50).map(key).collect(), START).await.unwrap();
    let mut known = Known::new();

    let mut rounds = 0;
    while round(&at.store, &chat, &mut known).await {
        rounds += 1;
        assert!(rounds < 10_000, "the disk never fills");
    }
    assert!(rounds > 2, "it took something first");
    assert!(!reserve(&at).exists(), "the disk was full: the reserve was given up");
    assert_kept(&at.store, &chat, &known).await;

    // It stays full: everything is refused, nothing is lost, and the store is not damaged by being asked again.
    for _ in 0..5 {
        assert!(!round(&at.store, &chat, &mut known).await);
    }
    assert_kept(&at.store, &chat, &known).await;

    // What frees and what ends goes on (SR3): keys are shredded, conversations ended, for as long as it takes.
    for id in 1..=50 {
        assert_eq!(keys.delete_keys(at.ours.id, vec![KeyId(id)], START).await, Ok((1, 1)));
    }
    for turn in 0..20 {
        let ended = at
            .store
            .audited(somebody())
            .set_ended(at.ours.id, chat.id, (at.ours.ada, all()), turn % 2 == 0, START, START)
            .await;
        assert!(matches!(ended, Ok(Some(_))), "{ended:?}");
    }
    assert!(!round(&at.store, &chat, &mut known).await, "what adds is still refused");

    // What a restart on the full disk would find.
    if let Ok(again) = Store::open(&location(&at), Settings::default()).await {
        assert_kept(&again, &chat, &known).await;
    }

    std::fs::remove_file(&ballast).unwrap();
    // Room is looked for every second.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let mut recovered = 0;
    for _ in 0..10 {
        recovered += usize::from(round(&at.store, &chat, &mut known).await);
    }
    assert!(recovered >= 9, "{recovered} of 10 rounds went well with room again");
    assert!(reserve(&at).exists(), "for the next time");
    assert_kept(&at.store, &chat, &known).await;
    at.store.close().await;
    let anew = Store::open(&location(&at), Settings::default()).await.unwrap();
    assert_kept(&anew, &chat, &known).await;
    assert_intact(&location(&at));
}

fn location(at: &Fixture) -> Location {
    at.place.data_location()
}

fn reserve(at: &Fixture) -> PathBuf {
    let Location::File(path) = location(at) else { panic!("SQLite") };
    path.with_extension("db-reserve")
}

fn assert_intact(location: &Location) {
    let Location::File(path) = location else { panic!("SQLite") };
    let path: &Path = path;
    let raw = rusqlite::Connection::open(path).unwrap();
    let verdict: String = raw.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}
