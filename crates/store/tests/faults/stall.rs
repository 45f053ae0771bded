//! A disk that stalls for two seconds (SR4): what waits is bounded, reading goes on, and afterwards all is as before.

use std::time::{Duration, Instant};

use diskret_store::append::Outcome;
use diskret_store::{Error, Settings};
use faults::{Fault, Files, Operation, Rule, When};
use futures_util::future::join_all;

use crate::fixture::{Chat, Fixture, Place, assert_gapless, entries, stored};

const STALL: Duration = Duration::from_secs(2);
/// What an answer may take on a disk that works, on a machine that has other things to do.
const SOON: Duration = Duration::from_millis(500);

/// A store with a conversation, and its disk.
async fn begin(queue: usize) -> (Fixture, diskret_store::Store, Chat, faults::Disk) {
    faults::install();
    let place = Place::files();
    let Place::Files(folder) = &place else { panic!("files") };
    let disk = faults::disk(folder.path()).unwrap();
    let at = Fixture::at(place).await;
    let chat = at.chat().await;
    let store = at.node(Settings { queue, readers: 2, ..Settings::default() }).await;
    (at, store, chat, disk)
}

fn stall(files: Files) -> Rule {
    Rule { operation: Operation::Sync, files, when: When::Once(1), fault: Fault::Stall(STALL) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_commit_stalls_the_queue_is_bounded_and_reading_goes_on() {
    const QUEUE: usize = 8;
    let (at, store, chat, disk) = begin(QUEUE).await;
    disk.fail(stall(Files::Log));
    let begun = Instant::now();
    let held = tokio::spawn(store.append(chat.visitor(1, 2)));
    testkit::eventually(SOON, "the disk stalls", async || disk.struck() == 1).await;
    let given: Vec<_> = (1..=100).map(|sender| store.append(chat.visitor(100 + sender, 1))).collect();
    let mut reads = 0;
    while begun.elapsed() < STALL * 3 / 4 {
        let asked = Instant::now();
        assert_eq!(entries(&store, &chat).await.len(), 1, "what is not committed is not there");
        assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
        reads += 1;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(reads > 20, "{reads}");
    stored(held.await.unwrap());
    assert!(begun.elapsed() >= STALL, "it did wait for the disk");
    let (mut kept, mut refused) = (0, 0);
    for outcome in join_all(given).await {
        match outcome {
            Ok(Outcome::Stored(_)) => kept += 1,
            Err(Error::Busy) => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((kept, refused), (QUEUE, 100 - QUEUE));
    let asked = Instant::now();
    stored(store.append(chat.visitor(1, 3)).await);
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    let there = at.entries(&chat).await;
    assert_gapless(&there);
    assert_eq!(there.len(), 3 + QUEUE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_checkpoint_holds_up_nobody() {
    let (at, store, chat, disk) = begin(64).await;
    // One program serves a folder, so one looks after its log: two would take turns, and hold the writer up for each other.
    at.store.close().await;
    disk.fail(stall(Files::Main));
    let mut counter = 1;
    while disk.struck() == 0 {
        counter += 1;
        stored(store.append(crate::checkpoint::large(&chat, counter)).await);
        // Time for a checkpoint to catch up, so that it is its sync that stalls and not that of a log begun anew.
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(counter < 10_000, "there is never a checkpoint");
    }
    let begun = Instant::now();
    let mut longest = Duration::ZERO;
    while begun.elapsed() < STALL / 2 {
        let asked = Instant::now();
        counter += 1;
        stored(store.append(crate::checkpoint::large(&chat, counter)).await);
        longest = longest.max(asked.elapsed());
    }
    assert!(longest < SOON, "{longest:?}");
}
