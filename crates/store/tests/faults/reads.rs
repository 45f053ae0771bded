//! Reads that fail, and a file that is shorter than it should be: a clear error, never a wrong answer.
//!
//! Not here, because it cannot be told: a read in the middle of a file that gives less than was asked for *and is not asked
//! again*. SQLite's own file system does ask again; one that did not would be believed, and its zeros taken for content.

use diskret_store::{Error, Location, Settings, Store};
use faults::{Disk, Fault, Files, Operation, Rule, Setup, When};
use privacy::Message;

use crate::fixture::{Chat, Fixture, Place, assert_gapless, content, entries, stored};

const ENTRIES: usize = 300;

/// A database of many pages, all in the main file.
async fn begin() -> (Fixture, Chat, Disk) {
    faults::install();
    let place = Place::files();
    let Place::Files(folder) = &place else { panic!("files") };
    let disk = faults::disk(folder.path()).unwrap();
    disk.set(&Setup { flush: false, ..Setup::default() });
    let at = Fixture::at(place).await;
    let chat = at.chat().await;
    for counter in 2..=ENTRIES as i64 {
        let mut append = chat.visitor(1, counter);
        let mut bytes = content(1, counter);
        bytes.resize(800, 0x5a);
        append.message = Message::from_store(*append.message.identity(), bytes);
        stored(at.store.append(append).await);
    }
    at.place.data().await.rows("PRAGMA wal_checkpoint(TRUNCATE)").await;
    (at, chat, disk)
}

/// A store that has nothing in its cache yet, and one reader.
async fn anew(at: &Fixture) -> diskret_store::Result<Store> {
    Store::open(&at.place.data_location(), Settings { queue: 64, readers: 1, ..Settings::default() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_fails_is_told_and_the_next_one_goes_well() {
    let (at, chat, disk) = begin().await;
    let mut faults = 0;
    for nth in 1.. {
        let store = anew(&at).await.unwrap();
        let before = disk.struck();
        let when = When::Once(nth);
        disk.fail(Rule { operation: Operation::Read, files: Files::Main, when, fault: Fault::Io });
        let head = store.conversation(chat.tenant.id, chat.id).await;
        let read = store.entries_after(chat.tenant.id, chat.id, chat.names(), 0, 1000).await;
        disk.heal();
        if let Ok(head) = &head {
            assert_eq!(head.progress.last_sequence, ENTRIES as i64);
        }
        if let Ok(read) = &read {
            assert_eq!(read.len(), ENTRIES);
        }
        let errors: Vec<_> = [head.err(), read.err()].into_iter().flatten().collect();
        assert!(errors.iter().all(|error| matches!(error, Error::Unavailable(_))), "at {nth}: {errors:?}");
        let struck = disk.struck() > before;
        assert_eq!(errors.len(), usize::from(struck), "at {nth}: {errors:?}");
        let there = entries(&store, &chat).await;
        assert_gapless(&there);
        assert_eq!(there.len(), ENTRIES);
        if !struck {
            break;
        }
        faults += 1;
    }
    assert!(faults > 30, "{faults}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_lost_its_end_is_refused() {
    for pages in [1, 2, 50] {
        let (at, chat, disk) = begin().await;
        disk.crash().unwrap();
        let Location::File(path) = at.place.data_location() else { panic!("a file") };
        // Wholly copied; left, the store would mend the file from it.
        std::fs::remove_file(path.with_extension("db-wal")).unwrap();
        let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
        let length = file.metadata().unwrap().len();
        assert!(length > 60 * 4096, "{length}");
        file.set_len(length - pages * 4096).unwrap();
        disk.restart();
        let read = match anew(&at).await {
            Ok(store) => store.entries_after(chat.tenant.id, chat.id, chat.names(), 0, 1000).await,
            Err(error) => Err(error),
        };
        assert!(matches!(read, Err(Error::Broken(_))), "{pages}: {:?}", read.map(|read| read.len()));
    }
}
