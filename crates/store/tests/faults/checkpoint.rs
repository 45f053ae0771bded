//! Faults below the checkpointer, which copies the log into the database beside everybody else: nobody hears of them, nothing
//! is lost by them, and once the disk is well it goes on by itself.

use std::time::Duration;

use diskret_store::append::{Append, Outcome};
use diskret_store::{Error, Settings, Store};
use faults::{Disk, Fault, Files, Operation, Rule, Setup, When};
use futures_util::future::join_all;
use privacy::Message;

use crate::fixture::{Chat, Fixture, Place, assert_gapless, content, entries, stored};

/// A message of 64 KiB: some dozens make the log long enough for a checkpoint.
pub(crate) fn large(chat: &Chat, counter: i64) -> Append {
    let mut append = chat.visitor(1, counter);
    let mut bytes = content(1, counter);
    bytes.resize(64 * 1024, 0x5a);
    append.message = Message::from_store(*append.message.identity(), bytes);
    append
}

/// Messages until a fault has struck; the number of the last one acknowledged.
async fn write_until_struck(store: &Store, chat: &Chat, disk: &Disk) -> i64 {
    let mut counter = 1;
    for _ in 0..10_000 {
        match store.append(large(chat, counter + 1)).await {
            Ok(Outcome::Stored(_)) => counter += 1,
            // After a crash nobody can write.
            Err(Error::Unavailable(_) | Error::Unknown(_)) if disk.struck() > 0 => return counter,
            other => panic!("{other:?}"),
        }
        // A few more, so that there is something to lose.
        if disk.struck() > 0 && counter % 10 == 0 {
            return counter;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("there is never a checkpoint");
}

async fn under(seed: u64, rule: Rule) {
    let place = Place::files();
    let Place::Files(folder) = &place else { panic!("files") };
    let disk = faults::disk(folder.path()).unwrap();
    disk.set(&Setup { seed, flush: false, ..Setup::default() });
    let mut at = Fixture::at(place).await;
    let chat = at.chat().await;
    disk.fail(rule);
    let mut known = write_until_struck(&at.store, &chat, &disk).await;
    let crashed = rule.fault == Fault::Crash;
    if !crashed {
        disk.heal();
        let synced = disk.count(Operation::Sync, Files::Main);
        while disk.count(Operation::Sync, Files::Main) == synced {
            known += 1;
            stored(at.store.append(large(&chat, known)).await);
            assert!(known < 10_000, "there is no checkpoint any more");
        }
        assert_eq!(at.entries(&chat).await.len() as i64, known);
    }
    disk.crash().unwrap();
    disk.restart();
    at.store = Store::open(&at.place.data_location(), Settings::default()).await.unwrap();
    let there = entries(&at.store, &chat).await;
    assert_gapless(&there);
    let count = there.len() as i64;
    assert!(count == known || (crashed && count == known + 1), "{count} of {known}: {rule:?}");
    assert_eq!(at.place.data().await.rows("PRAGMA integrity_check").await, [["ok"]], "{rule:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_that_fails_is_made_up_for() {
    faults::install();
    let rules = [
        (Operation::Write, When::Once(1), Fault::Io),
        (Operation::Write, When::Once(300), Fault::Full),
        (Operation::Write, When::From(200), Fault::Full),
    ];
    // Mostly they wait for the checkpointer.
    join_all(rules.map(|(operation, when, fault)| under(1, Rule { operation, files: Files::Main, when, fault }))).await;
}

/// Linux forgets what it could not write: a later sync succeeds without it. SQLite counts pages as copied that no sync has
/// covered yet, if a commit came in between, and never copies those again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_whose_sync_fails_is_made_again_from_the_beginning() {
    faults::install();
    let rule = |when| Rule { operation: Operation::Sync, files: Files::Main, when, fault: Fault::Io };
    let (once, lasting) = (rule(When::Once(1)), rule(When::From(1)));
    join_all([under(0, once), under(1, once), under(0, lasting), under(1, lasting)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_in_the_middle_of_a_checkpoint_loses_nothing_acknowledged() {
    faults::install();
    let before = |operation, nth| Rule { operation, files: Files::Main, when: When::Once(nth), fault: Fault::Crash };
    let writes = [1, 2, 50, 300, 600, 900].map(|nth| under(nth, before(Operation::Write, nth)));
    join_all(writes).await;
    under(1, before(Operation::Sync, 1)).await;
}
