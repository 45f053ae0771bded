//! What must not be deleted yet keeps itself, and nothing else; whoever holds and whoever destroys a part wait for each other.

use std::time::Duration;

use diskret_store::Error;
use diskret_store::erasure::{Erasure, Request, Settled, Subject, TOO_LATE};
use diskret_store::hold::Hold;
use diskret_store::job::{Kind as Job, Lane};
use domain::erasure::{Cause, HoldReason, State as How, Stub, What};
use domain::limits::{BRAKE_WAIT, UNDO_MANY, UNDO_ONE};
use domain::{ErasureId, Timestamp};
use privacy::random;

use crate::erasure::{all_ended, answered, ask, delete, delete_entries, how, request, settle, undo};
use crate::fixture::{Chat, Fixture, START, acting, all, somebody};

on_both![
    a_hold_on_one_of_many_keeps_that_one_and_no_other,
    where_each_of_many_is_held_each_waits_for_its_own_day,
    a_hold_that_ends_lets_a_message_go,
    a_part_that_is_being_destroyed_is_not_held,
    whoever_makes_a_part_final_waits_for_whoever_holds_its_conversation,
    a_visitor_has_the_time_ended_of_their_own_and_of_no_other,
    a_conversation_that_a_restore_went_over_stays_gone_and_the_others_come_back,
];

const DAY: Duration = Duration::from_secs(24 * 3600);
const SECOND: Duration = Duration::from_secs(1);

async fn hold(at: &Fixture, chat: &Chat, until: Timestamp) -> Result<Hold, Error> {
    let by = at.store.audited(acting(at.ours.ada));
    by.set_hold(at.ours.id, chat.name, random::public_id(), HoldReason::Claim, until).await
}

/// The newest deletion.
async fn newest(at: &Fixture) -> Erasure {
    at.store.erasures(at.ours.id, ErasureId(i64::MAX), None, None, 1).await.unwrap().remove(0)
}

async fn items(at: &Fixture, erasure: &Erasure) -> usize {
    at.store.erasure(at.ours.id, erasure.id).await.unwrap().1.len()
}

async fn a_hold_on_one_of_many_keeps_that_one_and_no_other(at: Fixture) {
    for (cause, braked) in [(Cause::Operator, false), (Cause::Retention, false), (Cause::Retention, true)] {
        let chats = [at.chat().await, at.chat().await, at.chat().await];
        all_ended(&at).await;
        let by = (cause == Cause::Operator).then_some((at.ours.ada, all()));
        let ids = chats.iter().map(|chat| chat.id).collect();
        let wanted = Request { braked, ..request(Subject::Conversations(ids), by, cause, START) };
        let erasure = ask(&at, wanted).await.unwrap();
        assert_eq!((erasure.what, erasure.conversations, erasure.messages), (What::Many, 3, 3));
        let until = START.plus(DAY * 300);
        assert!(hold(&at, &chats[1], until).await.unwrap().is_restricted);
        let Some(Settled::Final(_)) = settle(&at, &erasure, erasure.destroy_at).await else { panic!("{erasure:?}") };
        let rest = how(&at, &erasure).await;
        assert_eq!((rest.state, rest.conversations, rest.messages, rest.keys), (How::Working, 2, 2, 2));
        let held = newest(&at).await;
        assert_eq!((held.state, held.cause, held.requested_by), (How::Held, cause, erasure.requested_by));
        assert_eq!((held.what, held.conversations, held.messages, held.keys), (What::Conversation, 1, 1, 1));
        assert_eq!((items(&at, &rest).await, items(&at, &held).await), (2, 1));
        let stubs = at.store.stubs(at.ours.id, i64::MAX, 10).await.unwrap();
        let stub = stubs.iter().find(|stub| stub.conversation == chats[1].id).unwrap();
        assert_eq!((stub.gone.stub, stub.erasure), (Stub::Restricted, held.name));
        for by in [at.ours.ada, at.ours.ben] {
            assert_eq!(undo(&at, &held, (by, all()), erasure.destroy_at).await, Err(TOO_LATE));
        }
        assert_eq!(settle(&at, &held, until.minus(SECOND)).await, None);
        assert!(matches!(settle(&at, &held, until).await, Some(Settled::Final(_))));
        at.place.data().await.run("DELETE FROM job").await;
    }
}

async fn where_each_of_many_is_held_each_waits_for_its_own_day(at: Fixture) {
    let (sooner, later) = (at.chat().await, at.chat().await);
    let erasure = delete(&at, &[&later, &sooner]).await;
    hold(&at, &sooner, START.plus(DAY * 10)).await.unwrap();
    hold(&at, &later, START.plus(DAY * 20)).await.unwrap();
    let Some(Settled::Waits(_)) = settle(&at, &erasure, START.plus(UNDO_MANY)).await else { panic!("both are held") };
    let all = at.store.erasures(at.ours.id, ErasureId(i64::MAX), None, None, 9).await.unwrap();
    assert_eq!(all.iter().map(|one| (one.state, one.conversations)).collect::<Vec<_>>(), [(How::Held, 1); 2]);
    let due = async |now| at.store.claim_jobs(Lane::Erasing, now, SECOND, 10).await.unwrap().len();
    assert_eq!(due(START.plus(DAY * 10 - SECOND)).await, 0);
    assert_eq!(due(START.plus(DAY * 10)).await, 1);
    assert_eq!(due(START.plus(DAY * 20)).await, 2);
}

async fn a_hold_that_ends_lets_a_message_go(at: Fixture) {
    let chat = answered(&at).await;
    let part = delete_entries(&at, &chat, &[3]).await;
    let until = START.plus(DAY * 300);
    let held = hold(&at, &chat, until).await.unwrap();
    assert!(!held.is_restricted, "the rest of it is there");
    let end = START.plus(UNDO_ONE);
    assert_eq!(settle(&at, &part, end).await, Some(Settled::Waits(until)));
    assert_eq!(settle(&at, &part, end.plus(DAY)).await, None);
    at.store.audited(acting(at.ours.ada)).end_hold(at.ours.id, held.name).await.unwrap();
    assert!(matches!(settle(&at, &part, end.plus(DAY)).await, Some(Settled::Final(_))));
}

async fn a_part_that_is_being_destroyed_is_not_held(at: Fixture) {
    let chat = answered(&at).await;
    let until = START.plus(DAY);
    let first = hold(&at, &chat, until).await.unwrap();
    at.store.audited(acting(at.ours.ada)).end_hold(at.ours.id, first.name).await.unwrap();
    let part = delete_entries(&at, &chat, &[3]).await;
    assert!(matches!(settle(&at, &part, START.plus(UNDO_ONE)).await, Some(Settled::Final(_))));
    let late = hold(&at, &chat, until).await;
    assert!(matches!(late, Err(Error::Conflict(_))), "it would not be kept: {late:?}");
    // What went before is no reason not to keep the rest.
    at.place.data().await.run("UPDATE erasure SET state = 'destroyed'").await;
    hold(&at, &chat, until).await.unwrap();
}

/// Whoever holds it has said so, and has not committed: whoever makes a part final waits, and sees it then.
async fn whoever_makes_a_part_final_waits_for_whoever_holds_its_conversation(at: Fixture) {
    let chat = answered(&at).await;
    let part = delete_entries(&at, &chat, &[3]).await;
    let (end, until) = (START.plus(UNDO_ONE), START.plus(DAY));
    let job = at.store.claim_jobs(Lane::Erasing, end, DAY, 9).await.unwrap();
    let job = job.into_iter().find(|job| job.kind == Job::Erase && job.subject == part.id.0).unwrap();
    let raw = at.place.data().await;
    let name = if at.is_postgres() { "decode('00', 'hex')" } else { "x'00'" };
    raw.run(if at.is_postgres() { "BEGIN" } else { "BEGIN IMMEDIATE" }).await;
    raw.run(&format!("UPDATE head SET last_at = last_at WHERE conversation_id = {}", chat.id)).await;
    let held = format!(
        "INSERT INTO hold (organisation_id, public_id, conversation_id, reason, until, set_at)
        VALUES ({}, {name}, {}, 'claim', {}, 0)",
        at.ours.id, chat.id, until.0
    );
    raw.run(&held).await;
    let other = crate::fixture::Hold::new(raw);
    let store = at.store.clone();
    let settled = tokio::spawn(async move { store.settle_erasure(job, end).await });
    other.until_somebody_waits(1).await;
    other.release().await;
    assert_eq!(settled.await.unwrap(), Ok(Settled::Waits(until)));
}

async fn a_visitor_has_the_time_ended_of_their_own_and_of_no_other(at: Fixture) {
    let erase = async |chat: &Chat, now| at.store.audited(somebody()).erase_hidden(at.ours.id, chat.token, now).await;
    let (first, second, alone) = (at.chat().await, at.chat().await, at.chat().await);
    let now = START.plus(SECOND);
    assert_eq!(erase(&first, now).await, Err(Error::NotFound), "nobody has hidden it");
    let (many, one) = (delete(&at, &[&first, &second]).await, delete(&at, &[&alone]).await);
    let gone = erase(&first, now).await.unwrap();
    assert!(gone.id != many.id && (gone.cause, gone.conversations, gone.destroy_at) == (Cause::Visitor, 1, now));
    assert_eq!(erase(&first, now.plus(SECOND)).await.unwrap(), gone, "once");
    let rest = how(&at, &many).await;
    assert_eq!((rest.cause, rest.conversations, rest.destroy_at), (Cause::Operator, 1, many.destroy_at));
    assert_eq!(undo(&at, &gone, (at.ours.ada, all()), now).await, Err(TOO_LATE));
    undo(&at, &many, (at.ours.ada, all()), now).await.unwrap();
    assert_eq!(at.head(&second).await.id, second.id);
    assert!(at.store.conversation(at.ours.id, first.id).await.is_err());
    let gone = erase(&alone, now).await.unwrap();
    assert_eq!((gone.id, gone.cause, gone.destroy_at), (one.id, Cause::Visitor, now));
    assert_eq!(undo(&at, &one, (at.ours.ada, all()), now).await, Err(TOO_LATE));
    assert!(matches!(settle(&at, &gone, now).await, Some(Settled::Final(_))));
    let theirs = at.store.audited(somebody()).erase_hidden(at.theirs.id, alone.token, now).await;
    assert_eq!(theirs, Err(Error::NotFound));
    // Held up as a part of a flood: this one is not somebody's.
    let (own, other) = (at.chat().await, at.chat().await);
    all_ended(&at).await;
    let ids = Subject::Conversations(vec![own.id, other.id]);
    let flood = Request { braked: true, ..request(ids, None, Cause::Retention, START) };
    let flood = ask(&at, flood).await.unwrap();
    let gone = erase(&own, now).await.unwrap();
    assert_eq!((gone.state, gone.braked, gone.destroy_at), (How::Waiting, false, now));
    let rest = how(&at, &flood).await;
    assert_eq!((rest.state, rest.conversations), (How::Braked, 1));
    assert_eq!(rest.destroy_at, START.plus(BRAKE_WAIT));
}

async fn a_conversation_that_a_restore_went_over_stays_gone_and_the_others_come_back(at: Fixture) {
    let (gone, back) = (at.chat().await, at.chat().await);
    let many = delete(&at, &[&gone, &back]).await;
    let raw = at.place.data().await;
    for table in ["hidden_head", "stub", "message", "sender", "conversation"] {
        raw.run(&format!("DELETE FROM {table} WHERE conversation_id = {}", gone.id)).await;
    }
    undo(&at, &many, (at.ours.ada, all()), START).await.unwrap();
    assert_eq!(at.head(&back).await.id, back.id);
    let alone = delete(&at, &[&back]).await;
    raw.run("DELETE FROM hidden_head").await;
    assert_eq!(undo(&at, &alone, (at.ours.ada, all()), START).await, Err(TOO_LATE));
}
