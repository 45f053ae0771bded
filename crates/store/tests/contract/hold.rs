//! What must not be deleted until a day.

use std::time::Duration;

use diskret_store::Error;
use diskret_store::audit::Filter;
use diskret_store::hold::Hold;
use diskret_store::job::{Kind as Job, Lane};
use domain::PublicId;
use domain::audit::{Detail, Kind};
use domain::erasure::HoldReason;
use privacy::random;

use crate::fixture::{Chat, Fixture, START, acting};

on_both![
    a_hold_counts_until_its_end_and_the_log_says_who_set_it,
    another_organisations_conversation_or_hold_is_not_there,
    a_conversation_that_is_hidden_can_be_held_and_one_that_is_being_destroyed_cannot,
    ending_a_hold_has_what_waited_for_it_go_on,
    whoever_deletes_and_whoever_holds_wait_for_each_other,
    holds_are_forgotten_a_while_after_their_end,
];

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn hold(at: &Fixture, conversation: PublicId, until: domain::Timestamp) -> Result<Hold, Error> {
    let by = at.store.audited(acting(at.ours.ada));
    by.set_hold(at.ours.id, conversation, random::public_id(), HoldReason::BusinessLetter, until).await
}

async fn a_hold_counts_until_its_end_and_the_log_says_who_set_it(at: Fixture) {
    let (first, second) = (at.chat().await, at.chat().await);
    let later = hold(&at, first.name, START.plus(DAY * 2)).await.unwrap();
    let sooner = hold(&at, second.name, START.plus(DAY)).await.unwrap();
    let again = hold(&at, second.name, START.plus(DAY * 3)).await.unwrap();
    assert_eq!((later.conversation, later.is_restricted, later.set_by), (first.id, false, Some(at.ours.ada)));
    let listed = async |now| at.store.holds(at.ours.id, now, 10).await.unwrap();
    assert_eq!(listed(START).await, [sooner.clone(), later.clone(), again.clone()]);
    assert_eq!(at.store.count_held(at.ours.id, START).await.unwrap(), 2, "conversations, not holds");
    assert_eq!(listed(START.plus(DAY - SECOND)).await.len(), 3, "a second before its end");
    assert_eq!(listed(START.plus(DAY)).await, [later.clone(), again.clone()]);
    at.store.audited(acting(at.ours.ben)).end_hold(at.ours.id, later.name).await.unwrap();
    assert_eq!(listed(START.plus(DAY)).await, [again]);
    let ended = at.store.audited(acting(at.ours.ben)).end_hold(at.ours.id, later.name).await;
    assert!(matches!(ended, Err(Error::NotFound)), "it is over: {ended:?}");
    let kinds = vec![Kind::HoldSet, Kind::HoldEnded];
    let log = at.store.audit_after(at.ours.id, 0, Filter { kinds, ..Filter::default() }, 10).await.unwrap();
    let until = START.plus(DAY * 2).utc();
    let set =
        [Detail::is("conversation", first.name), Detail::is("reason", "business_letter"), Detail::is("until", &until)];
    assert_eq!(log[0].content.details(), set);
    let ended = Detail { what: "until".to_owned(), before: Some(until), after: None };
    assert_eq!(log[3].content.details(), [Detail::is("conversation", first.name), ended]);
    assert_eq!(log.len(), 4);
}

async fn another_organisations_conversation_or_hold_is_not_there(at: Fixture) {
    let theirs = at.chat_of(&at.theirs).await;
    assert!(matches!(hold(&at, theirs.name, START.plus(DAY)).await, Err(Error::NotFound)));
    assert!(matches!(hold(&at, random::public_id(), START.plus(DAY)).await, Err(Error::NotFound)));
    let ours = at.chat().await;
    let held = hold(&at, ours.name, START.plus(DAY)).await.unwrap();
    let ended = at.store.audited(acting(at.theirs.ada)).end_hold(at.theirs.id, held.name).await;
    assert!(matches!(ended, Err(Error::NotFound)));
    assert_eq!(at.store.holds(at.theirs.id, START, 10).await.unwrap(), []);
    assert_eq!(at.store.holds(at.ours.id, START, 10).await.unwrap(), [held]);
}

/// A deletion that a conversation waits for, in this state, as whoever deletes writes it.
async fn erasure(at: &Fixture, chat: &Chat, number: i64, state: &str) {
    let raw = at.place.data().await;
    let bytes = |text: String| if at.is_postgres() { format!("decode('{text}', 'hex')") } else { format!("x'{text}'") };
    let (name, other) = (bytes(format!("{number:032x}")), bytes(format!("{:032x}", number + 1_000)));
    raw.run(&format!(
        "INSERT INTO erasure (organisation_id, erasure_id, public_id, what, cause, requested_at, destroy_at, state, braked,
            conversations, messages, keys)
        VALUES ({}, {number}, {name}, 'conversation', 'operator', 0, 0, '{state}', 0, 1, 1, 1)",
        chat.tenant.id
    ))
    .await;
    raw.run(&format!(
        "INSERT INTO erasure_item (erasure_id, number, organisation_id, kind, subject, name, upto, state)
        VALUES ({number}, 1, {}, 1, {}, {other}, 0, 0)",
        chat.tenant.id, chat.id
    ))
    .await;
}

async fn a_conversation_that_is_hidden_can_be_held_and_one_that_is_being_destroyed_cannot(at: Fixture) {
    for (number, state, can) in [
        (1, "waiting", true),
        (2, "braked", true),
        (3, "held", true),
        (4, "undone", true),
        (5, "working", false),
        (6, "destroyed", false),
    ] {
        let chat = at.chat().await;
        erasure(&at, &chat, number, state).await;
        if state != "undone" {
            at.place.data().await.run(&format!("DELETE FROM head WHERE conversation_id = {}", chat.id)).await;
        }
        let held = hold(&at, chat.name, START.plus(DAY)).await;
        match held {
            Ok(held) => assert!(can && held.is_restricted == (state != "undone"), "{state}"),
            Err(error) => assert!(!can && matches!(error, Error::Conflict(_)), "{state}: {error:?}"),
        }
    }
    let restricted: Vec<bool> =
        at.store.holds(at.ours.id, START, 10).await.unwrap().iter().map(|hold| hold.is_restricted).collect();
    assert_eq!(restricted, [true, true, true, false]);
}

async fn ending_a_hold_has_what_waited_for_it_go_on(at: Fixture) {
    let (held, waiting) = (at.chat().await, at.chat().await);
    let hold = hold(&at, held.name, START.plus(DAY * 30)).await.unwrap();
    erasure(&at, &held, 1, "held").await;
    erasure(&at, &waiting, 2, "waiting").await;
    let due = async |now| {
        let claimed = at.store.claim_jobs(Lane::Erasing, now, SECOND, 10).await.unwrap();
        claimed.into_iter().map(|job| (job.kind, job.subject)).collect::<Vec<_>>()
    };
    for erasure in [1, 2] {
        at.store.reschedule_job(at.ours.id, Job::Erase, erasure, START.plus(DAY * 30), START).await.unwrap();
    }
    assert_eq!(due(START.plus(DAY)).await, []);
    at.store.audited(acting(at.ours.ada)).end_hold(at.ours.id, hold.name).await.unwrap();
    assert_eq!(due(START.plus(DAY)).await, [(Job::Erase, 1)]);
}

/// Whoever deletes has hidden it, and has not committed: the hold waits, and is judged by what it finds then.
async fn whoever_deletes_and_whoever_holds_wait_for_each_other(at: Fixture) {
    let chat = at.chat().await;
    erasure(&at, &chat, 1, "waiting").await;
    let raw = at.place.data().await;
    raw.run(if at.is_postgres() { "BEGIN" } else { "BEGIN IMMEDIATE" }).await;
    raw.run("UPDATE erasure SET state = 'working' WHERE erasure_id = 1").await;
    let other = crate::fixture::Hold::new(raw);
    let (store, name, organisation, by) = (at.store.clone(), chat.name, at.ours.id, acting(at.ours.ada));
    let asked = tokio::spawn(async move {
        let by = store.audited(by);
        by.set_hold(organisation, name, random::public_id(), HoldReason::Claim, START.plus(DAY)).await
    });
    other.until_somebody_waits(1).await;
    other.release().await;
    assert!(matches!(asked.await.unwrap(), Err(Error::Conflict(_))));
}

async fn holds_are_forgotten_a_while_after_their_end(at: Fixture) {
    let chat = at.chat().await;
    hold(&at, chat.name, START.plus(DAY)).await.unwrap();
    at.store.delete_ended_holds(START.plus(DAY - SECOND)).await.unwrap();
    assert_eq!(at.count("hold").await, 1);
    at.store.delete_ended_holds(START.plus(DAY)).await.unwrap();
    assert_eq!(at.count("hold").await, 0);
}
