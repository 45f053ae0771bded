//! A panic on a thread of the store: whoever it was made for hears of it, the others are served, and the thread goes on.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::fixture::{Fixture, stored};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_that_panics_ends_neither_the_writer_nor_the_answer() {
    let at = Fixture::sqlite().await;
    let chat = at.chat().await;
    let panics = AtomicBool::new(true);
    at.store.on_change(move |_| assert!(!panics.swap(false, Ordering::Relaxed), "a listener panics"));
    stored(at.store.append(chat.visitor(1, 2)).await);
    stored(at.store.append(chat.visitor(1, 3)).await);
    assert_eq!(at.entries(&chat).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_done_after_a_commit_may_panic_without_taking_the_others_with_it() {
    let at = Fixture::sqlite().await;
    let chat = at.chat().await;
    let hold = at.plug(&at.store).await;
    let culprit = at.store.append_then(chat.visitor(1, 2), |_| panic!("the one behind the commit"));
    let other = at.store.append(chat.visitor(2, 1));
    hold.release().await;
    stored(other.await);
    let _ = culprit.await;
    stored(at.store.append(chat.visitor(1, 3)).await);
    assert_eq!(at.entries(&chat).await.len(), 4, "it was stored all the same");
}
