//! What is deleted or forgotten in great numbers goes in portions, so that whoever writes does not wait for it.

use std::time::Duration;

use diskret_store::erasure::{
    CONVERSATIONS_AT_ONCE, Erasure, FORGOTTEN_AT_ONCE, Open, PURGED_AT_ONCE, Request, Subject,
};
use diskret_store::job::{Claimed, Kind as Does, Lane};
use diskret_store::stub::EXPIRE_AT_ONCE;
use domain::conversation::Change;
use domain::erasure::{Cause, State as How};
use domain::limits::{BRAKE_WAIT, UNDO_MANY, UNDO_ONE};
use domain::{ConversationId, Timestamp};
use futures_util::future::join_all;

use crate::erasure::{ask, request};
use crate::fixture::{Chat, Fixture, IDLE, START, all, moment, somebody, stored};

on_both![
    conversations_are_deleted_fifty_at_a_time_and_nothing_of_them_stays,
    a_long_conversation_is_deleted_in_portions_and_its_neighbours_with_it,
    parts_are_deleted_together_and_the_rest_stays,
    grey_rows_are_forgotten_in_portions,
    a_rule_leaves_no_grey_rows,
    deletions_are_forgotten_after_three_years_and_not_before,
    what_was_taken_back_keeps_no_list_of_what_would_have_gone,
    what_lies_is_counted_and_what_somebody_holds_up_is_counted_apart,
    a_sweep_that_was_held_up_holds_nothing_up_a_day_later,
    whoever_lets_a_sweep_go_on_lets_go_what_was_held_up_beside_it,
];

const LEASE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn delete(at: &Fixture, ids: Vec<ConversationId>, cause: Cause) -> Erasure {
    let by = (cause == Cause::Operator).then(|| (at.ours.ada, all()));
    ask(at, request(Subject::Conversations(ids), by, cause, START)).await.unwrap()
}

async fn job(at: &Fixture, erasure: &Erasure, now: Timestamp) -> Claimed {
    let jobs = at.store.claim_jobs(Lane::Erasing, now, LEASE, 100).await.unwrap();
    let ours = jobs.into_iter().find(|job| job.kind == Does::Erase && job.subject == erasure.id.0).unwrap();
    // Whoever looks for one leaves the others to others.
    let others = format!("UPDATE job SET leased_until = 0 WHERE job_id <> {}", ours.id);
    at.place.data().await.run(&others).await;
    ours
}

/// Rows gone after each portion, of a table that says whose they are.
async fn purge(at: &Fixture, erasure: &Erasure, table: &str) -> Vec<i64> {
    let mut now = START.plus(UNDO_MANY);
    at.store.settle_erasure(job(at, erasure, now).await, now).await.unwrap();
    let (mut gone, mut left) = (Vec::new(), at.count(table).await);
    loop {
        now = now.plus(SECOND);
        let is_all = at.store.purge_erased(job(at, erasure, now).await, now).await.unwrap();
        let rest = at.count(table).await;
        gone.push(left - rest);
        left = rest;
        if is_all {
            return gone;
        }
    }
}

async fn conversations_are_deleted_fifty_at_a_time_and_nothing_of_them_stays(at: Fixture) {
    let mut going = Vec::new();
    for _ in 0..CONVERSATIONS_AT_ONCE * 2 + 7 {
        let chat = at.chat().await;
        stored(at.store.append(chat.note(at.ours.ada, 2, 1)).await);
        going.push(chat.id);
    }
    let stays = at.chat().await;
    // By the house: so many of somebody's at once would be held up.
    let erasure = delete(&at, going, Cause::Closing).await;
    let portion = CONVERSATIONS_AT_ONCE as i64;
    assert_eq!(purge(&at, &erasure, "conversation").await, [portion, portion, 7]);
    assert_eq!(at.entries(&stays).await.len(), 1);
    for table in ["conversation", "head", "message", "sender"] {
        assert_eq!(at.count(table).await, 1, "{table}");
    }
    for table in ["hidden_head", "hidden_message", "mention", "ended"] {
        assert_eq!(at.count(table).await, 0, "{table}");
    }
}

async fn long(at: &Fixture, messages: i64) -> Chat {
    let chat = at.chat().await;
    join_all((2..=messages).map(|counter| at.store.append(chat.visitor(1, counter)))).await.into_iter().for_each(
        |one| {
            stored(one);
        },
    );
    chat
}

async fn a_long_conversation_is_deleted_in_portions_and_its_neighbours_with_it(at: Fixture) {
    let (short, long, last) = (at.chat().await, long(&at, PURGED_AT_ONCE + 20).await, at.chat().await);
    let stays = at.chat().await;
    let erasure = delete(&at, vec![short.id, long.id, last.id], Cause::Operator).await;
    assert_eq!(purge(&at, &erasure, "message").await, [PURGED_AT_ONCE, 22]);
    assert_eq!((at.count("message").await, at.count("conversation").await), (1, 1));
    assert_eq!(at.entries(&stays).await.len(), 1);
}

async fn parts_are_deleted_together_and_the_rest_stays(at: Fixture) {
    let chat = long(&at, 9).await;
    let subject = Subject::Entries(chat.id, vec![2, 4, 8]);
    let erasure = ask(&at, request(subject, Some((at.ours.ada, all())), Cause::Operator, START)).await.unwrap();
    assert_eq!(at.count("hidden_message").await, 3);
    assert_eq!(purge(&at, &erasure, "hidden_message").await, [3]);
    let left = at.entries(&chat).await.into_iter().filter(|entry| entry.message.is_some()).count();
    assert_eq!(left, 6);
}

async fn grey_rows_are_forgotten_in_portions(at: Fixture) {
    let erasure = delete(&at, vec![at.chat().await.id], Cause::Operator).await;
    let raw = at.place.data().await;
    let many = EXPIRE_AT_ONCE * 2 + 200;
    raw.run(&format!(
        "INSERT INTO stub (organisation_id, conversation_id, public_id, position, state, cause, at, erasure_id)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {many})
        SELECT {}, 1000 + i, CAST('n' AS {}), i, 1, 'operator', {}, {} FROM n",
        at.ours.id,
        if at.is_postgres() { "BYTEA" } else { "BLOB" },
        START.0,
        erasure.id
    ))
    .await;
    let expire = async |now| at.store.expire_stubs(now).await.unwrap();
    assert_eq!(expire(START).await, 0, "not older than that");
    let later = START.plus(SECOND);
    let portions = [expire(later).await, expire(later).await, expire(later).await, expire(later).await];
    assert_eq!(portions, [EXPIRE_AT_ONCE, EXPIRE_AT_ONCE, 200, 0]);
    assert_eq!(at.count("stub").await, 1, "what can be taken back is none of them");
}

/// Makes it final, deletes its rows and says so.
async fn destroy(at: &Fixture, erasure: &Erasure) {
    purge(at, erasure, "message").await;
    let now = START.plus(UNDO_MANY).plus(HOUR);
    at.store.audited(somebody()).note_destroyed(job(at, erasure, now).await, now, |_: &[Change]| {}).await.unwrap();
}

async fn a_rule_leaves_no_grey_rows(at: Fixture) {
    let (over, deleted) = (at.chat().await, at.chat().await);
    let by = (at.ours.ada, all());
    at.store.audited(somebody()).set_ended(at.ours.id, over.id, by, true, START, START).await.unwrap();
    let (rule, person) =
        (delete(&at, vec![over.id], Cause::Retention).await, delete(&at, vec![deleted.id], Cause::Operator).await);
    let shown = async || {
        let stubs = at.store.stubs(at.ours.id, i64::MAX, 10).await.unwrap();
        stubs.into_iter().map(|stub| stub.conversation).collect::<Vec<_>>()
    };
    assert_eq!(shown().await, [deleted.id]);
    assert_eq!(at.count("stub").await, 2, "other nodes learn of it");
    destroy(&at, &rule).await;
    destroy(&at, &person).await;
    assert_eq!((shown().await, at.count("stub").await), (vec![deleted.id], 1));
}

async fn deletions_are_forgotten_after_three_years_and_not_before(at: Fixture) {
    let (through, undone, open) = (at.chat().await, at.chat().await, at.chat().await);
    let mut erasures = Vec::new();
    for chat in [&through, &undone, &open] {
        erasures.push(delete(&at, vec![chat.id], Cause::Operator).await);
    }
    let by = (at.ours.ada, all());
    let times = (START, START.plus(IDLE));
    at.store.audited(somebody()).undo_erasure(at.ours.id, erasures[1].name, by, times, |_| {}).await.unwrap();
    let raw = at.place.data().await;
    raw.run(&format!(
        "UPDATE erasure SET done_at = {}, state = 'done' WHERE erasure_id = {}",
        START.0 + 5,
        erasures[0].id
    ))
    .await;
    for (before, forgotten, left) in [(START, 0, 3), (moment(5), 1, 2), (moment(6), 1, 1)] {
        assert_eq!((at.store.forget_erasures(before).await.unwrap(), at.count("erasure").await), (forgotten, left));
    }
    assert!(at.store.erasure_named(at.ours.id, erasures[2].name).await.is_ok(), "what is not through stays");
    raw.run("UPDATE erasure SET state = 'undone'").await;
    raw.run(&format!(
        "INSERT INTO erasure (organisation_id, public_id, what, cause, requested_at, destroy_at, state, braked,
            conversations, messages, keys)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {FORGOTTEN_AT_ONCE})
        SELECT 1, CAST(CAST(i AS TEXT) AS {}), 'message', 'operator', {}, 0, 'undone', 0, 0, 0, 0 FROM n",
        if at.is_postgres() { "BYTEA" } else { "BLOB" },
        START.0
    ))
    .await;
    assert_eq!(at.store.forget_erasures(moment(6)).await.unwrap(), FORGOTTEN_AT_ONCE);
    assert_eq!(at.store.forget_erasures(moment(6)).await.unwrap(), 1);
}

async fn what_was_taken_back_keeps_no_list_of_what_would_have_gone(at: Fixture) {
    let erasure = delete(&at, vec![at.chat().await.id, at.chat().await.id], Cause::Operator).await;
    assert_eq!(at.count("erasure_item").await, 2);
    let (by, times) = ((at.ours.ada, all()), (START, START.plus(IDLE)));
    at.store.audited(somebody()).undo_erasure(at.ours.id, erasure.name, by, times, |_| {}).await.unwrap();
    assert_eq!((at.count("erasure_item").await, at.count("erasure").await), (0, 1));
}

async fn what_lies_is_counted_and_what_somebody_holds_up_is_counted_apart(at: Fixture) {
    let open = async || at.store.open_erasures(at.ours.id).await.unwrap();
    assert_eq!(open().await, Open::default());
    let erasure = delete(&at, vec![at.chat().await.id], Cause::Operator).await;
    let over = at.chat().await;
    let by = (at.ours.ada, all());
    at.store.audited(somebody()).set_ended(at.ours.id, over.id, by, true, START, START).await.unwrap();
    let sweep = request(Subject::Conversations(vec![over.id]), None, Cause::Retention, START);
    ask(&at, Request { braked: true, ..sweep }).await.unwrap();
    assert_eq!(open().await, Open { oldest_at: Some(START.plus(UNDO_ONE)), braked: 1 });
    let job = job(&at, &erasure, START.plus(UNDO_ONE)).await;
    at.store.settle_erasure(job, START.plus(UNDO_ONE)).await.unwrap();
    assert_eq!(open().await.oldest_at, Some(START.plus(UNDO_ONE)), "it is being worked on, and not destroyed");
    let raw = at.place.data().await;
    raw.run(&format!("UPDATE erasure SET shredded_at = 1 WHERE erasure_id = {}", erasure.id)).await;
    assert_eq!(open().await, Open { oldest_at: None, braked: 1 });
    assert_eq!(at.store.open_erasures(at.theirs.id).await.unwrap(), Open::default());
}

/// A sweep that is held up, `when` after the start.
async fn held_up(at: &Fixture, when: Duration) -> Erasure {
    let chat = at.chat().await;
    let (by, now) = ((at.ours.ada, all()), START.plus(when));
    at.store.audited(somebody()).set_ended(at.ours.id, chat.id, by, true, now, now).await.unwrap();
    let sweep = request(Subject::Conversations(vec![chat.id]), None, Cause::Retention, now);
    ask(at, Request { braked: true, ..sweep }).await.unwrap()
}

async fn is_braked(at: &Fixture, now: Timestamp) -> bool {
    at.store.is_sweep_braked(at.ours.id, now.minus(BRAKE_WAIT), now).await.unwrap()
}

async fn a_sweep_that_was_held_up_holds_nothing_up_a_day_later(at: Fixture) {
    // What falls due every hour, while nobody looks, is held up beside the first.
    for hour in 0..24 {
        assert_eq!(is_braked(&at, START.plus(HOUR * hour)).await, hour > 0, "{hour}");
        held_up(&at, HOUR * hour).await;
    }
    assert!(is_braked(&at, START.plus(DAY - SECOND)).await);
    assert!(!is_braked(&at, START.plus(DAY)).await, "it renews itself");
    held_up(&at, DAY + HOUR).await;
    assert!(is_braked(&at, START.plus(DAY + HOUR * 2)).await, "another one that is judged itself");
}

async fn whoever_lets_a_sweep_go_on_lets_go_what_was_held_up_beside_it(at: Fixture) {
    let (judged, beside) = (held_up(&at, Duration::ZERO).await, held_up(&at, HOUR).await);
    let later = held_up(&at, DAY * 2).await;
    let now = START.plus(HOUR * 2);
    at.store.audited(somebody()).release_erasure(at.ours.id, judged.name, (at.ours.ada, false), now).await.unwrap();
    assert!(!is_braked(&at, now).await);
    for (erasure, state) in [(&judged, How::Waiting), (&beside, How::Waiting), (&later, How::Braked)] {
        let found = at.store.erasure_named(at.ours.id, erasure.name).await.unwrap();
        assert_eq!((found.state, found.braked), (state, true));
        assert_eq!(found.destroy_at <= now, state == How::Waiting);
    }
    let due = at.store.claim_jobs(Lane::Erasing, now, LEASE, 10).await.unwrap();
    let mut due: Vec<i64> = due.iter().filter(|job| job.kind == Does::Erase).map(|job| job.subject).collect();
    due.sort_unstable();
    assert_eq!(due, [judged.id.0, beside.id.0], "at once, and not in a day");
}
