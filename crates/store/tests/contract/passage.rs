//! A passage or message that is taken back comes over nothing that was done since, and by whoever reaches it.

use std::time::Duration;

use diskret_store::Error;
use diskret_store::erasure::{Erasure, Subject};
use diskret_store::job::{Claimed, Lane};
use domain::erasure::{Cause, State as How};
use domain::limits::{UNDO_MANY, UNDO_ONE};

use crate::erasure::{answered, ask, delete, delete_entries, how, request, rest, undo};
use crate::fixture::{Fixture, Hold, START, all, moment, own, somebody};

on_both![
    a_passage_that_is_taken_back_undoes_nothing_that_was_done_since,
    a_colleague_who_reaches_the_conversation_takes_a_part_of_it_back,
    whoever_seals_the_rest_anew_waits_for_whoever_puts_a_hidden_conversation_back,
    whoever_says_that_something_is_gone_locks_it_before_a_position_is_taken,
];

async fn a_passage_that_is_taken_back_undoes_nothing_that_was_done_since(at: Fixture) {
    let ada = (at.ours.ada, all());
    for edited in [true, false] {
        let chat = answered(&at).await;
        let text = async || {
            let entries = at.entries(&chat).await;
            entries[2].message.as_ref().map(|message| message.sealed().to_vec())
        };
        let passage = Subject::Passage(chat.id, 3, rest(&at, &chat, 3, b"the rest").await);
        let erasure = ask(&at, request(passage, Some(ada), Cause::Operator, START)).await.unwrap();
        let newer = rest(&at, &chat, 3, b"newer").await;
        at.store.alter(at.ours.id, (chat.id, 3), ada, edited.then_some(newer), START, || {}).await.unwrap();
        let now = edited.then(|| b"newer".to_vec());
        assert_eq!(text().await, now);
        let undone = undo(&at, &erasure, ada, moment(1)).await;
        assert!(matches!(undone, Err(Error::Conflict(_))), "{undone:?}");
        assert_eq!(text().await, now, "and nobody reads again what its author took back");
        assert_eq!(how(&at, &erasure).await.state, How::Waiting, "it goes its way");
    }
}

async fn a_colleague_who_reaches_the_conversation_takes_a_part_of_it_back(at: Fixture) {
    let (free, hers) = (at.chat().await, answered(&at).await);
    let [of_free, of_hers] = [delete_entries(&at, &free, &[1]).await, delete_entries(&at, &hers, &[1]).await];
    assert_eq!(undo(&at, &of_hers, (at.ours.ben, own()), START).await, Err(Error::OutOfReach));
    undo(&at, &of_free, (at.ours.ben, own()), START).await.unwrap();
    assert!(at.entries(&free).await[0].message.is_some());
}

async fn job_of(at: &Fixture, erasure: &Erasure) -> Claimed {
    let due = at.store.claim_jobs(Lane::Erasing, START.plus(UNDO_MANY), Duration::from_secs(60), 9).await.unwrap();
    due.into_iter().find(|job| job.subject == erasure.id.0).unwrap()
}

/// A text must not move between the two places at which it is looked for.
async fn whoever_seals_the_rest_anew_waits_for_whoever_puts_a_hidden_conversation_back(at: Fixture) {
    let chat = answered(&at).await;
    let part = delete_entries(&at, &chat, &[3]).await;
    delete(&at, &[&chat]).await;
    let job = job_of(&at, &part).await;
    let raw = at.place.data().await;
    raw.run(if at.is_postgres() { "BEGIN" } else { "BEGIN IMMEDIATE" }).await;
    raw.run(&format!("UPDATE hidden_head SET hidden_at = hidden_at WHERE conversation_id = {}", chat.id)).await;
    let other = Hold::new(raw);
    let (store, id) = (at.store.clone(), chat.id);
    let sealed = tokio::spawn(async move { store.reseal(job, id, 3, Vec::new(), START.plus(UNDO_ONE)).await });
    other.until_somebody_waits(1).await;
    assert!(!sealed.is_finished());
    other.release().await;
    sealed.await.unwrap().unwrap();
}

/// Other nodes pass a position by only where they see nobody under way before it.
async fn whoever_says_that_something_is_gone_locks_it_before_a_position_is_taken(at: Fixture) {
    let chat = at.chat().await;
    let erasure = delete(&at, &[&chat]).await;
    let job = job_of(&at, &erasure).await;
    let (raw, looks) = (at.place.data().await, at.place.data().await);
    // SQLite has one writer, and its positions are taken in a table.
    let taken =
        async || if at.is_postgres() { looks.number("SELECT last_value FROM change_position").await } else { 0 };
    raw.run(if at.is_postgres() { "BEGIN" } else { "BEGIN IMMEDIATE" }).await;
    raw.run("UPDATE erasure SET state = state").await;
    let other = Hold::new(raw);
    let (before, store) = (taken().await, at.store.clone());
    let told = tokio::spawn(async move { store.audited(somebody()).note_destroyed(job, START, |_| {}).await });
    other.until_somebody_waits(1).await;
    assert_eq!(taken().await, before);
    other.release().await;
    told.await.unwrap().unwrap();
    assert_eq!(how(&at, &erasure).await.state, How::Destroyed);
}
