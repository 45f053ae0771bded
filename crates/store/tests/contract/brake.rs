//! What is deleted beyond belief waits for a second pair of eyes, however it is cut up.

use std::time::Duration;

use diskret_store::Settings;
use diskret_store::erasure::{NOT_BRAKED, NOT_WAITING, ONES_OWN, PAST_THE_BRAKE, Settled, Subject};
use domain::erasure::{Cause, State as How};
use domain::limits::{BRAKE_FROM, BRAKE_LEAST, BRAKE_WAIT, UNDO_MANY, UNDO_ONE};
use domain::retention::{For, Kept};
use domain::{ConversationId, OperatorId, Timestamp};
use privacy::random;

use crate::erasure::{all_ended, ask, how, request, settle, undo};
use crate::fixture::{Fixture, START, acting, all, moment, somebody, stored};

on_both![
    nobody_releases_their_own_flood,
    a_flood_waits_for_ever_for_somebody_and_the_owner_alone_lets_it_go_on_a_day_later,
    a_large_organisation_is_braked_at_a_thousand_and_a_small_one_at_a_tenth,
    small_deletions_add_up_to_a_flood,
    messages_of_many_conversations_are_a_flood_too,
    whoever_is_past_the_brake_does_not_end_the_time_of_what_came_before_it,
    whoever_set_the_rule_does_not_release_its_flood,
    two_nodes_at_once_do_not_pass_the_brake_together,
];

const SECOND: Duration = Duration::from_secs(1);
const LEAST: usize = BRAKE_LEAST as usize;

/// So many conversations, without the trouble of writing in each.
async fn crowd(at: &Fixture, count: usize) -> Vec<ConversationId> {
    let mut ids = Vec::with_capacity(count);
    while ids.len() < count {
        let many = (ids.len()..count.min(ids.len() + 1_000)).map(|_| at.ours.first(random::bytes(), 1, 1)).collect();
        ids.extend(at.append_together(many).await.into_iter().map(|outcome| stored(outcome).change.conversation));
    }
    ids
}

/// Somebody deletes conversations; how far that is then.
async fn takes(at: &Fixture, by: OperatorId, ids: &[ConversationId], now: Timestamp) -> How {
    let subject = Subject::Conversations(ids.to_vec());
    ask(at, request(subject, Some((by, all())), Cause::Operator, now)).await.unwrap().state
}

async fn nobody_releases_their_own_flood(at: Fixture) {
    let ids = crowd(&at, LEAST).await;
    let ada = Some((at.ours.ada, all()));
    let flood = ask(&at, request(Subject::Conversations(ids), ada, Cause::Operator, START)).await.unwrap();
    assert_eq!((flood.state, flood.braked, flood.conversations), (How::Braked, true, BRAKE_LEAST));
    assert_eq!(flood.destroy_at, START.plus(UNDO_MANY).plus(BRAKE_WAIT));
    let release = |by| at.store.audited(somebody()).release_erasure(at.ours.id, flood.name, (by, false), moment(5));
    let hasten = |by| at.store.audited(somebody()).hasten_erasure(at.ours.id, flood.name, by, moment(5));
    assert_eq!(hasten(at.ours.ben).await, Err(NOT_WAITING), "not even at once");
    assert_eq!(release(at.ours.ada).await, Err(ONES_OWN));
    release(at.ours.ben).await.unwrap();
    let released = how(&at, &flood).await;
    assert_eq!((released.state, released.released_by), (How::Waiting, Some(at.ours.ben)));
    assert_eq!(released.destroy_at, START.plus(UNDO_MANY), "as it would have been");
    assert_eq!(release(at.ours.ben).await, Err(NOT_BRAKED));
    assert_eq!(settle(&at, &flood, START.plus(UNDO_MANY).minus(SECOND)).await, None);
    hasten(at.ours.ben).await.unwrap();
    assert!(matches!(settle(&at, &flood, moment(5)).await, Some(Settled::Final(_))));
}

async fn a_flood_waits_for_ever_for_somebody_and_the_owner_alone_lets_it_go_on_a_day_later(at: Fixture) {
    let ids = crowd(&at, LEAST).await;
    let ada = Some((at.ours.ada, all()));
    let flood = ask(&at, request(Subject::Conversations(ids), ada, Cause::Operator, START)).await.unwrap();
    let mut now = flood.destroy_at;
    for _ in 0..10 {
        let Some(Settled::Waits(again)) = settle(&at, &flood, now).await else { panic!("nobody let it go on") };
        assert_eq!(how(&at, &flood).await.state, How::Braked);
        now = again;
    }
    let release = |is_owner, now| {
        at.store.audited(somebody()).release_erasure(at.ours.id, flood.name, (at.ours.ada, is_owner), now)
    };
    assert_eq!(release(false, now).await, Err(ONES_OWN), "whoever is no owner waits for ever");
    assert_eq!(release(true, START.plus(BRAKE_WAIT).minus(SECOND)).await, Err(ONES_OWN), "a second before");
    release(true, now).await.unwrap();
    assert!(matches!(settle(&at, &flood, now).await, Some(Settled::Final(_))));
}

async fn a_large_organisation_is_braked_at_a_thousand_and_a_small_one_at_a_tenth(at: Fixture) {
    let ids = crowd(&at, LEAST * 10).await;
    assert_eq!(takes(&at, at.ours.ada, &ids[..LEAST - 1], START).await, How::Waiting);
    assert_eq!(takes(&at, at.ours.ada, &ids[LEAST - 1..LEAST], START).await, How::Braked, "a tenth of all there were");
    let raw = at.place.data().await;
    // As if somebody had deleted so many an hour ago, in an organisation where that is less than a tenth.
    raw.run("UPDATE erasure SET conversations = 1, state = 'undone'").await;
    raw.run(&format!("UPDATE erasure SET conversations = {}, state = 'done' WHERE erasure_id = 1", BRAKE_FROM - 2))
        .await;
    crowd(&at, BRAKE_FROM as usize * 9).await;
    assert_eq!(takes(&at, at.ours.ben, &ids[LEAST..=LEAST], START).await, How::Waiting);
    assert_eq!(takes(&at, at.ours.ben, &ids[LEAST + 1..LEAST + 2], START).await, How::Braked, "the thousandth");
}

async fn small_deletions_add_up_to_a_flood(at: Fixture) {
    let ids = crowd(&at, 1_000).await;
    let mut portions = ids.chunks(40);
    let mut asks = async |by, now| takes(&at, by, portions.next().unwrap(), now).await;
    assert_eq!(asks(at.ours.ada, START).await, How::Waiting);
    assert_eq!(asks(at.ours.ben, START.plus(SECOND)).await, How::Waiting);
    assert_eq!(asks(at.ours.ada, START.plus(BRAKE_WAIT)).await, How::Waiting, "the first was a day ago");
    assert_eq!(asks(at.ours.ada, START.plus(BRAKE_WAIT)).await, How::Braked, "whoever it was");
    // Another day, and what a rule or a visitor deletes is no flood of anybody's.
    let ids = crowd(&at, 200).await;
    all_ended(&at).await;
    let later = START.plus(BRAKE_WAIT * 3);
    for (cause, ids) in [(Cause::Retention, &ids[..100]), (Cause::Visitor, &ids[100..])] {
        let gone = request(Subject::Conversations(ids.to_vec()), None, cause, later);
        assert_eq!(ask(&at, gone).await.unwrap().state, How::Waiting);
    }
    assert_eq!(asks(at.ours.ada, later).await, How::Waiting);
}

async fn messages_of_many_conversations_are_a_flood_too(at: Fixture) {
    let chats = at.chat().await;
    stored(at.store.append(chats.visitor(1, 2)).await);
    stored(at.store.append(chats.visitor(1, 3)).await);
    let ids = crowd(&at, LEAST).await;
    let cut = async |id, sequence| {
        let subject = Subject::Entries(id, vec![sequence]);
        ask(&at, request(subject, Some((at.ours.ada, all())), Cause::Operator, START)).await.unwrap()
    };
    for sequence in 1..=3 {
        assert_eq!(cut(chats.id, sequence).await.state, How::Waiting, "one conversation, whatever is deleted of it");
    }
    for id in &ids[2..] {
        assert_eq!(cut(*id, 1).await.state, How::Waiting);
    }
    let last = cut(ids[0], 1).await;
    assert_eq!((last.state, last.conversations), (How::Braked, 0));
    // What is through is not known any more by its conversation, and counts all the same.
    let raw = at.place.data().await;
    raw.run("DELETE FROM erasure_item").await;
    assert_eq!(takes(&at, at.ours.ada, &ids[1..2], START).await, How::Braked);
    assert_eq!(
        settle(&at, &last, last.destroy_at).await.map(|settled| matches!(settled, Settled::Waits(_))),
        Some(true)
    );
}

async fn whoever_is_past_the_brake_does_not_end_the_time_of_what_came_before_it(at: Fixture) {
    let ids = crowd(&at, LEAST + 1).await;
    let ada = Some((at.ours.ada, all()));
    let wants = |ids: &[ConversationId]| request(Subject::Conversations(ids.to_vec()), ada, Cause::Operator, START);
    let hasten = |name, by| at.store.audited(somebody()).hasten_erasure(at.ours.id, name, by, moment(1));
    let first = ask(&at, wants(&ids[..1])).await.unwrap();
    hasten(first.name, at.ours.ada).await.unwrap();
    let second = ask(&at, wants(&ids[1..LEAST - 1])).await.unwrap();
    let third = ask(&at, wants(&ids[LEAST - 1..])).await.unwrap();
    assert_eq!((second.state, third.state), (How::Waiting, How::Braked));
    assert_eq!(hasten(second.name, at.ours.ada).await, Err(PAST_THE_BRAKE));
    hasten(second.name, at.ours.ben).await.unwrap();
    assert_eq!(how(&at, &second).await.destroy_at, moment(1));
    undo(&at, &third, (at.ours.ada, all()), moment(2)).await.unwrap();
    let fourth = ask(&at, wants(&ids[LEAST..])).await.unwrap();
    assert_eq!(fourth.state, How::Braked, "the day is not over");
    assert_eq!(fourth.destroy_at, START.plus(UNDO_ONE).plus(BRAKE_WAIT));
}

async fn whoever_set_the_rule_does_not_release_its_flood(at: Fixture) {
    let ids = crowd(&at, 3).await;
    all_ended(&at).await;
    let rule = (Kept::Content, For::All, Some(1));
    at.store.audited(acting(at.ours.ada)).set_retention(at.ours.id, rule, None).await.unwrap();
    let sweep = request(Subject::Conversations(ids), None, Cause::Retention, START.plus(SECOND));
    let flood = ask(&at, diskret_store::erasure::Request { braked: true, ..sweep }).await.unwrap();
    let release = |by| at.store.audited(somebody()).release_erasure(at.ours.id, flood.name, (by, false), moment(5));
    assert_eq!(release(at.ours.ada).await, Err(ONES_OWN));
    let away = (Kept::Content, For::All, None);
    at.store.audited(acting(at.ours.ada)).set_retention(at.ours.id, away, None).await.unwrap();
    assert_eq!(release(at.ours.ada).await, Err(ONES_OWN), "nor once the rule is gone again");
    release(at.ours.ben).await.unwrap();
}

async fn two_nodes_at_once_do_not_pass_the_brake_together(at: Fixture) {
    let other = at.node(Settings::default()).await;
    let ids = crowd(&at, LEAST).await;
    let (mine, theirs) = ids.split_at(LEAST / 2);
    for _ in 0..8 {
        let wants = |ids: &[ConversationId]| {
            request(Subject::Conversations(ids.to_vec()), Some((at.ours.ada, all())), Cause::Operator, START)
        };
        let (one, two) = tokio::join!(
            ask(&at, wants(mine)),
            other.audited(somebody()).request_erasure(at.ours.id, wants(theirs), |_| {}),
        );
        let (one, two) = (one.unwrap(), two.unwrap());
        assert!(one.braked != two.braked, "{one:?} {two:?}");
        for erasure in [one, two] {
            undo(&at, &erasure, (at.ours.ada, all()), START).await.unwrap();
        }
    }
}
