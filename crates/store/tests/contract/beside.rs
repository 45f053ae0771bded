//! Two nodes on one PostgreSQL: what everybody meets is locked last, so that neither waits for what the other waits for.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use diskret_store::conversation::Seen;
use diskret_store::erasure::{Erasure, Subject};
use diskret_store::job::{Claimed, Kind as Does, Lane};
use diskret_store::journal::Entry;
use diskret_store::{Settings, Store};
use domain::erasure::Cause;
use domain::limits::UNDO_ONE;
use tokio::time::timeout;

use crate::erasure::{ask, request};
use crate::fixture::{Chat, Fixture, Hold, PATIENCE, START, all, stored};

/// Whoever touches this conversation waits.
async fn hold(at: &Fixture, chat: &Chat) -> Hold {
    let hold = Hold::new(at.place.data().await);
    let text = format!("BEGIN; SELECT 1 FROM head WHERE conversation_id = {} FOR UPDATE", chat.id);
    hold.raw().run(&text).await;
    hold
}

/// Whatever this node is given until the hold is let go goes into one transaction, without a lock on conversations.
async fn plug(at: &Fixture, store: &Store) -> Hold {
    let hold = Hold::new(at.place.data().await);
    hold.raw().run("BEGIN; LOCK TABLE session IN ACCESS EXCLUSIVE MODE").await;
    let store = store.clone();
    tokio::spawn(async move { store.use_session([0xff; 32], START).await });
    hold.until_somebody_waits(1).await;
    hold
}

/// Begins with it, and says whether it has to wait.
async fn waits<T>(mut work: Pin<&mut impl Future<Output = T>>) -> bool {
    poll_fn(|context| Poll::Ready(work.as_mut().poll(context).is_pending())).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_counted_behind_all_that_its_transaction_waits_for() {
    let at = Fixture::postgres().await;
    let (first, held, second) = (at.chat().await, at.chat().await, at.chat().await);
    let other = at.node(Settings::default()).await;
    let hold = hold(&at, &held).await;
    let plug = plug(&at, &at.store).await;
    let (store, ours, id) = (at.store.clone(), at.ours.id, held.id);
    let message = at.store.append(first.visitor(1, 2));
    let mut look = Box::pin(async move { store.see(ours, id, Seen::Team(1)).await });
    assert!(waits(look.as_mut()).await, "it is in the queue, behind the message");
    plug.release().await;
    hold.until_somebody_waits(1).await;
    // The same day, the same chat surface, and the same node's number: the worst case.
    stored(timeout(PATIENCE, other.append(second.visitor(1, 2))).await.expect("it waits for another conversation"));
    hold.release().await;
    stored(message.await);
    look.await.unwrap();
    let counted = at.store.tallies(ours, i64::MIN, i64::MAX).await.unwrap();
    assert_eq!((counted[0].begun, counted[0].visitors), (3, 5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_count_beside_each_other() {
    let at = Fixture::postgres().await;
    let chat = at.chat().await;
    let other = at.node(Settings::default()).await;
    at.store.counts_as(i64::MAX);
    other.counts_as(7);
    for (store, counter) in [(&at.store, 2), (&other, 3)] {
        stored(store.append(chat.visitor(1, counter)).await);
    }
    let hold = Hold::new(at.place.data().await);
    hold.raw().run(&format!("BEGIN; SELECT 1 FROM tally WHERE node = {} FOR UPDATE", i64::MAX)).await;
    stored(timeout(PATIENCE, other.append(chat.visitor(1, 4))).await.expect("it waits for another node's row"));
    hold.release().await;
    assert_eq!(at.count("(SELECT DISTINCT node FROM tally) AS nodes").await, 3, "1 had what came before it was told");
    let counted = at.store.tallies(at.ours.id, i64::MIN, i64::MAX).await.unwrap();
    assert_eq!((counted[0].begun, counted[0].visitors), (1, 4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_is_journalled_behind_all_that_its_transaction_waits_for() {
    let at = Fixture::postgres().await;
    let held = at.chat().await;
    let mut jobs: Vec<(Claimed, Entry)> = Vec::new();
    let mut erasures: Vec<Erasure> = Vec::new();
    for _ in 0..2 {
        let chat = at.chat().await;
        let subject = Subject::Conversations(vec![chat.id]);
        let erasure = ask(&at, request(subject, Some((at.ours.ada, all())), Cause::Operator, START)).await.unwrap();
        erasures.push(erasure);
    }
    let over = START.plus(UNDO_ONE);
    for job in at.store.claim_jobs(Lane::Erasing, over, PATIENCE, 10).await.unwrap() {
        let erasure = erasures.iter().find(|erasure| job.kind == Does::Erase && erasure.id.0 == job.subject).unwrap();
        let entry = Entry {
            organisation: (at.ours.id, at.ours.name),
            at: over,
            erasure: erasure.name,
            what: erasure.what,
            conversations: Vec::new(),
            entries: Vec::new(),
            keys: Vec::new(),
        };
        jobs.push((job, entry));
    }
    let other = at.node(Settings::default()).await;
    let hold = hold(&at, &held).await;
    let plug = plug(&at, &at.store).await;
    let (store, ours, id) = (at.store.clone(), at.ours.id, held.id);
    let ((job, entry), (second, second_entry)) = (jobs.remove(0), jobs.remove(0));
    let mut first =
        Box::pin(
            async move { tokio::join!(store.note_journalled(job, entry, over), store.see(ours, id, Seen::Team(1))) },
        );
    assert!(waits(first.as_mut()).await, "both are in the queue, in this order");
    plug.release().await;
    hold.until_somebody_waits(1).await;
    let noted = timeout(PATIENCE, other.note_journalled(second, second_entry, over)).await;
    noted.expect("it waits for another's conversation").unwrap();
    hold.release().await;
    let (noted, seen) = first.await;
    noted.unwrap();
    seen.unwrap();
    let mut numbers = Vec::new();
    for erasure in &erasures {
        numbers.push(at.store.erasure_named(at.ours.id, erasure.name).await.unwrap().journal_number);
    }
    numbers.sort_unstable();
    assert_eq!(numbers, [Some(1), Some(2)]);
    assert_eq!(at.store.journal_head().await.unwrap().number, 2);
}
