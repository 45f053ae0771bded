//! Acknowledged means on stable storage (law L1).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use diskret_store::append::Outcome;
use diskret_store::{Error, Settings, Store};
use futures_util::future::join_all;

use crate::fixture::{Chat, Fixture, PATIENCE, Place, assert_gapless, entries, stored};

on_both![
    what_was_acknowledged_is_there_after_a_restart,
    what_was_given_before_closing_is_answered_and_kept,
    a_store_that_is_dropped_unclosed_has_kept_what_it_acknowledged,
];

async fn what_was_acknowledged_is_there_after_a_restart(mut at: Fixture) {
    let chat = at.chat().await;
    for counter in 2..=20 {
        stored(at.store.append(chat.visitor(1, counter)).await);
    }
    stored(at.store.append(chat.operator(at.ours.ada, 1, 1)).await);
    let before = at.head(&chat).await;
    at.restart().await;
    assert_eq!(at.head(&chat).await, before);
    let entries = at.entries(&chat).await;
    assert_eq!(entries.len(), 22);
    assert_gapless(&entries);
    assert!(stored(at.store.append(chat.visitor(1, 21)).await).change.position > before.position);
}

async fn what_was_given_before_closing_is_answered_and_kept(mut at: Fixture) {
    let chat = at.chat().await;
    let given: Vec<_> = (2..=200).map(|counter| at.store.append(chat.visitor(1, counter))).collect();
    let (_, outcomes) = tokio::join!(at.store.close(), join_all(given));
    for outcome in outcomes {
        stored(outcome);
    }
    at.store = at.node(Settings::default()).await;
    assert_eq!(at.entries(&chat).await.len(), 200);
}

async fn a_store_that_is_dropped_unclosed_has_kept_what_it_acknowledged(at: Fixture) {
    let chat = at.chat().await;
    let node = at.node(Settings::default()).await;
    stored(node.append(chat.visitor(1, 2)).await);
    let unheard = node.append(chat.visitor(1, 3));
    drop(node);
    // Its answer comes nevertheless; whatever it is, it is true.
    let outcome = unheard.await;
    let there = at.entries(&chat).await.len();
    assert_eq!(there, if matches!(outcome, Ok(Outcome::Stored(_))) { 3 } else { 2 }, "{outcome:?}");
}

/// Sends messages one by one, each until it is acknowledged; says how often it heard of trouble.
pub(crate) async fn send_until(store: Store, chat: Chat, sender: i64, stop: Arc<AtomicBool>) -> (i64, i64) {
    let (mut counter, mut troubles) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        counter += 1;
        loop {
            match store.append(chat.visitor(sender, counter)).await {
                Ok(Outcome::Stored(_) | Outcome::Retried { .. }) => break,
                Err(Error::Unavailable(_) | Error::Unknown(_) | Error::Busy) => {
                    troubles += 1;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                other => panic!("{other:?}"),
            }
        }
    }
    (counter, troubles)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_is_killed_loses_nothing_acknowledged_and_the_store_goes_on_by_itself() {
    const SENDERS: i64 = 8;
    let server = testkit::Postgres::durable();
    let at = Fixture::at(Place::on(&server)).await;
    let chat = at.chat().await;
    let stop = Arc::new(AtomicBool::new(false));
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| tokio::spawn(send_until(at.store.clone(), chat.clone(), 100 + sender, Arc::clone(&stop))))
        .collect();
    let store = at.store.clone();
    let reach = async |more: i64| {
        let from = store.conversation(chat.tenant.id, chat.id).await.map_or(0, |head| head.progress.last_sequence);
        testkit::eventually(PATIENCE, "messages are stored", async || {
            let head = store.conversation(chat.tenant.id, chat.id).await;
            head.is_ok_and(|head| from > 0 && head.progress.last_sequence > from + more)
        })
        .await;
    };
    for _ in 0..2 {
        reach(100).await;
        server.kill();
        assert!(matches!(at.store.ping().await, Err(Error::Unavailable(_))), "it is away");
        server.revive();
        testkit::eventually(PATIENCE, "the store is back", async || at.store.ping().await.is_ok()).await;
    }
    reach(100).await;
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = HashMap::new();
    let mut troubles = 0;
    for (sender, task) in (100..).zip(senders) {
        let (counter, trouble) = task.await.unwrap();
        acknowledged.insert(sender, counter);
        troubles += trouble;
    }
    assert!(troubles >= SENDERS, "the kill was felt");
    let entries = entries(&at.store, &chat).await;
    assert_gapless(&entries);
    for (sender, counter) in acknowledged {
        let there = entries.iter().filter(|entry| entry.sender.0 == sender).count() as i64;
        assert_eq!(there, counter, "each acknowledged message of {sender} once");
    }
}
