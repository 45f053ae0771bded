//! What is to be deleted is hidden at once, from everything; and is back as it was where that is taken back.

use std::time::Duration;

use diskret_store::append::Outcome;
use diskret_store::conversation::{List, Written};
use diskret_store::erasure::{Erasure, Request, Settled, Subject, TOO_LATE};
use diskret_store::job::{Kind as Does, Lane};
use diskret_store::{Error, Result, Settings};
use domain::access::{Access, Level, Reach};
use domain::conversation::{Change, Event, Kind, Of, State};
use domain::erasure::{Cause, State as How, Stub, What};
use domain::limits::{BRAKE_WAIT, UNDO_MANY, UNDO_ONE};
use domain::{ConversationId, ErasureId, Groups, OperatorId, Timestamp};
use privacy::message::Identity;
use privacy::{Message, random};

use crate::fixture::{Chat, Fixture, IDLE, START, all, assert_gapless, moment, own, somebody, stored};

on_both![
    what_is_to_be_deleted_is_nowhere_from_that_moment,
    undo_gives_back_everything_as_it_was,
    a_visitor_whose_conversation_is_hidden_begins_a_new_one_and_keeps_it,
    a_second_before_its_time_it_can_be_taken_back_and_a_second_after_it_is_final,
    undo_and_the_end_of_its_time_have_one_winner,
    visitors_and_rules_wait_for_nobody,
    nobody_deletes_or_takes_back_what_is_out_of_reach_or_anothers_organisation,
    whoever_names_something_that_is_not_there_deletes_nothing,
    two_who_delete_the_same_at_once_do_it_once,
    a_message_that_is_deleted_is_gone_and_the_visitor_waits_again,
    a_message_that_is_taken_back_stands_where_it_stood,
    a_passage_leaves_the_rest_of_its_message,
    a_conversation_with_a_deleted_message_is_hidden_and_shown_again_with_it,
    a_group_that_hidden_conversations_are_for_stays,
    hidden_head_has_every_column_of_head,
    every_node_learns_of_it_by_the_sweep,
    who_asked_is_in_the_log_and_what_was_said_is_not,
];

const LEASE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn request(subject: Subject, by: Option<(OperatorId, Access)>, cause: Cause, at: Timestamp) -> Request {
    Request { name: random::public_id(), cause, by, subject, braked: false, at }
}

pub(crate) async fn ask(at: &Fixture, request: Request) -> Result<Erasure> {
    at.store.audited(somebody()).request_erasure(at.ours.id, request, |_| {}).await
}

/// Ada deletes conversations.
pub(crate) async fn delete(at: &Fixture, chats: &[&Chat]) -> Erasure {
    let ids = chats.iter().map(|chat| chat.id).collect();
    let request = request(Subject::Conversations(ids), Some((at.ours.ada, all())), Cause::Operator, START);
    ask(at, request).await.unwrap()
}

pub(crate) async fn undo(at: &Fixture, erasure: &Erasure, by: (OperatorId, Access), now: Timestamp) -> Result<()> {
    let times = (now, now.plus(IDLE));
    at.store.audited(somebody()).undo_erasure(at.ours.id, erasure.name, by, times, |_| {}).await
}

pub(crate) async fn settle(at: &Fixture, erasure: &Erasure, now: Timestamp) -> Option<Settled> {
    let jobs = at.store.claim_jobs(Lane::Erasing, now, LEASE, 100).await.unwrap();
    let job = jobs.into_iter().find(|job| job.kind == Does::Erase && job.subject == erasure.id.0)?;
    Some(at.store.settle_erasure(job, now).await.unwrap())
}

async fn listed(at: &Fixture) -> Vec<ConversationId> {
    let found = at.store.conversations(at.ours.id, List::All, true, i64::MAX, 100).await.unwrap();
    found.iter().map(|found| found.id).collect()
}

pub(crate) async fn how(at: &Fixture, erasure: &Erasure) -> Erasure {
    at.store.erasure_named(at.ours.id, erasure.name).await.unwrap()
}

async fn what_is_to_be_deleted_is_nowhere_from_that_moment(at: Fixture) {
    let (chat, other) = (at.chat().await, at.chat().await);
    stored(at.store.append(chat.operator(at.ours.ada, 5, 1)).await);
    let (id, ours) = (chat.id, at.ours.id);
    assert!(at.store.conversation_of_token(ours, chat.token).await.is_ok());
    let erasure = delete(&at, &[&chat]).await;
    assert_eq!((erasure.what, erasure.cause, erasure.state), (What::Conversation, Cause::Operator, How::Waiting));
    assert_eq!((erasure.conversations, erasure.messages, erasure.keys), (1, 2, 1));
    assert_eq!((erasure.requested_by, erasure.destroy_at), (Some(at.ours.ada), START.plus(UNDO_ONE)));

    assert_eq!(listed(&at).await, [other.id]);
    assert_eq!(at.store.conversation(ours, id).await.unwrap_err(), Error::NotFound);
    assert_eq!(at.store.conversation_named(ours, chat.name).await.unwrap_err(), Error::NotFound);
    assert_eq!(at.store.conversation_of_token(ours, chat.token).await.unwrap_err(), Error::NotFound);
    assert_eq!(at.store.conversations_named(ours, vec![chat.name]).await.unwrap_err(), Error::NotFound);
    assert!(at.entries(&chat).await.is_empty(), "also not for whoever knows its number");
    assert!(at.store.entries_before(ours, id, chat.names(), i64::MAX, 10).await.unwrap().is_empty());
    assert!(at.store.entries_at(ours, vec![(id, chat.names(), 1)]).await.unwrap().is_empty());
    for late in [chat.visitor(1, 2), chat.operator(at.ours.ada, 5, 2), chat.note(at.ours.ada, 6, 1)] {
        assert_eq!(at.store.append(late).await, Ok(Outcome::NotFound));
    }
    let ada = (at.ours.ada, all());
    assert_eq!(at.store.snooze(ours, id, ada, Some(moment(9)), START).await.unwrap_err(), Error::NotFound);
    assert_eq!(at.store.alter(ours, (id, 3), ada, None, START, || {}).await.unwrap_err(), Error::NotFound);
    assert_eq!(at.store.counts(ours).await.unwrap().iter().map(|(_, count)| count).sum::<i64>(), 1);
    // The other one is not touched, and what is hidden is still there.
    assert_eq!(at.entries(&other).await.len(), 1);
    assert_eq!((at.count("message").await, at.count("conversation").await, at.count("hidden_head").await), (4, 2, 1));
}

async fn undo_gives_back_everything_as_it_was(at: Fixture) {
    let (first, second) = (at.chat().await, at.chat().await);
    let ada = (at.ours.ada, all());
    stored(at.store.append(first.operator(at.ours.ada, 5, 1)).await);
    at.store.audited(somebody()).invite(at.ours.id, first.id, ada, at.ours.ben, START).await.unwrap().unwrap();
    at.store.snooze(at.ours.id, second.id, ada, Some(moment(500)), START).await.unwrap().unwrap();
    let before = [at.head(&first).await, at.head(&second).await];
    let said = [at.entries(&first).await.len(), at.entries(&second).await.len()];
    let erasure = delete(&at, &[&first, &second]).await;
    assert_eq!((erasure.what, erasure.destroy_at), (What::Many, START.plus(UNDO_MANY)));
    undo(&at, &erasure, ada, moment(1)).await.unwrap();
    for (chat, before) in [&first, &second].into_iter().zip(before) {
        let mut head = at.head(chat).await;
        assert!(head.position > before.position, "news for every list");
        head.position = before.position;
        assert_eq!(head, before);
        assert_eq!(at.store.conversation_of_token(at.ours.id, chat.token).await.unwrap().id, chat.id);
    }
    assert_eq!([at.entries(&first).await.len(), at.entries(&second).await.len()], said);
    stored(at.store.append(first.visitor(1, 2)).await);
    assert_gapless(&at.entries(&first).await);
    for table in ["hidden_head", "hidden_message", "stub"] {
        assert_eq!(at.count(table).await, 0, "{table}");
    }
    assert_eq!(how(&at, &erasure).await.state, How::Undone);
    assert_eq!(undo(&at, &erasure, ada, moment(2)).await, Err(TOO_LATE), "once");
    assert_eq!(settle(&at, &erasure, START.plus(UNDO_MANY)).await, Some(Settled::Over));
    assert_eq!(at.entries(&first).await.len(), said[0] + 1);
}

async fn a_visitor_whose_conversation_is_hidden_begins_a_new_one_and_keeps_it(at: Fixture) {
    let chat = at.chat().await;
    let erasure = delete(&at, &[&chat]).await;
    // What the visitor sends is a first message to the store: they were told that their conversation is no more.
    let first = at.ours.first(chat.token, 1, 1);
    let begun = stored(at.store.append(first).await).change.conversation;
    assert_ne!(begun, chat.id);
    undo(&at, &erasure, (at.ours.ada, all()), moment(1)).await.unwrap();
    assert_eq!(at.head(&chat).await.id, chat.id, "the team has it again");
    assert_eq!(at.store.conversation_of_token(at.ours.id, chat.token).await.unwrap().id, begun, "and they the new one");
}

async fn a_second_before_its_time_it_can_be_taken_back_and_a_second_after_it_is_final(at: Fixture) {
    let ada = (at.ours.ada, all());
    let (early, late) = (at.chat().await, at.chat().await);
    let end = START.plus(UNDO_ONE);
    let (taken, stays) = (delete(&at, &[&early]).await, delete(&at, &[&late]).await);
    assert_eq!(settle(&at, &taken, end.minus(SECOND)).await, None, "its job is not due");
    undo(&at, &taken, ada, end.minus(SECOND)).await.unwrap();
    let settled = settle(&at, &stays, end).await;
    assert!(matches!(settled, Some(Settled::Final(_))), "{settled:?}");
    assert_eq!(undo(&at, &stays, ada, end).await, Err(TOO_LATE));
    assert_eq!(how(&at, &stays).await.state, How::Working);
    assert_eq!(listed(&at).await, [early.id]);
}

async fn undo_and_the_end_of_its_time_have_one_winner(at: Fixture) {
    let other = at.node(Settings::default()).await;
    for _ in 0..8 {
        let chat = at.chat().await;
        let erasure = delete(&at, &[&chat]).await;
        let end = START.plus(UNDO_ONE);
        let job = other.claim_jobs(Lane::Erasing, end, LEASE, 10).await.unwrap();
        let job = job.into_iter().find(|job| job.subject == erasure.id.0).unwrap();
        let (undone, settled) =
            tokio::join!(undo(&at, &erasure, (at.ours.ada, all()), end), other.settle_erasure(job, end));
        let is_back = at.store.conversation(at.ours.id, chat.id).await.is_ok();
        match settled.unwrap() {
            Settled::Over => assert!(undone.is_ok() && is_back),
            Settled::Final(_) => assert!(undone == Err(TOO_LATE) && !is_back),
            Settled::Waits(_) => panic!("its time had come"),
        }
    }
}

/// Rules delete nothing that is not over.
pub(crate) async fn all_ended(at: &Fixture) {
    at.place.data().await.run("UPDATE head SET state = 3").await;
}

async fn visitors_and_rules_wait_for_nobody(at: Fixture) {
    for cause in [Cause::Visitor, Cause::Retention] {
        let chat = at.chat().await;
        all_ended(&at).await;
        let erasure = ask(&at, request(Subject::Conversations(vec![chat.id]), None, cause, START)).await.unwrap();
        assert_eq!((erasure.destroy_at, erasure.requested_by), (START, None));
        assert_eq!(undo(&at, &erasure, (at.ours.ada, all()), START).await, Err(TOO_LATE), "not even for a moment");
        assert!(matches!(settle(&at, &erasure, START).await, Some(Settled::Final(_))));
    }
    // A rule means those that are still there; an alarm may hold it up all the same.
    let (chat, gone) = (at.chat().await, at.chat().await);
    delete(&at, &[&gone]).await;
    all_ended(&at).await;
    let wanted = Subject::Conversations(vec![gone.id, chat.id]);
    let braked = Request { braked: true, ..request(wanted, None, Cause::Retention, START) };
    let erasure = ask(&at, braked).await.unwrap();
    assert_eq!((erasure.conversations, erasure.state), (1, How::Braked));
    assert_eq!(settle(&at, &erasure, START.plus(BRAKE_WAIT - SECOND)).await, None);
    assert!(matches!(settle(&at, &erasure, START.plus(BRAKE_WAIT)).await, Some(Settled::Final(_))));
}

async fn nobody_deletes_or_takes_back_what_is_out_of_reach_or_anothers_organisation(at: Fixture) {
    let (mine, hers) = (at.chat().await, at.chat().await);
    stored(at.store.append(hers.operator(at.ours.ada, 5, 1)).await);
    let ben = Some((at.ours.ben, own()));
    let both = || Subject::Conversations(vec![mine.id, hers.id]);
    assert_eq!(ask(&at, request(both(), ben, Cause::Operator, START)).await, Err(Error::OutOfReach));
    let entry = Subject::Entries(hers.id, vec![1]);
    assert_eq!(ask(&at, request(entry, ben, Cause::Operator, START)).await, Err(Error::OutOfReach));
    let theirs = at.store.audited(somebody()).request_erasure(
        at.theirs.id,
        request(both(), Some((at.theirs.ada, all())), Cause::Operator, START),
        |_| {},
    );
    assert_eq!(theirs.await, Err(Error::NotFound));
    assert_eq!((listed(&at).await.len(), at.count("erasure").await), (2, 0), "all or nothing");

    let erasure = ask(&at, request(both(), Some((at.ours.ada, all())), Cause::Operator, START)).await.unwrap();
    assert_eq!(undo(&at, &erasure, (at.ours.ben, own()), START).await, Err(Error::OutOfReach));
    let store = at.store.audited(somebody());
    let theirs = store.undo_erasure(at.theirs.id, erasure.name, (at.theirs.ada, all()), (START, START), |_| {}).await;
    assert_eq!(theirs, Err(Error::NotFound));
    assert_eq!(at.store.erasure_named(at.theirs.id, erasure.name).await, Err(Error::NotFound));
    // Whoever asked for it may take it back whatever they reach by now.
    undo(&at, &erasure, (at.ours.ada, own()), START).await.unwrap();
    assert_eq!(listed(&at).await.len(), 2);
    // And one's own may be deleted by whoever reaches no more.
    let erasure = ask(&at, request(Subject::Conversations(vec![mine.id]), ben, Cause::Operator, START)).await.unwrap();
    undo(&at, &erasure, (at.ours.ben, own()), START).await.unwrap();
}

async fn whoever_names_something_that_is_not_there_deletes_nothing(at: Fixture) {
    let chat = at.chat().await;
    let by_ada = (at.ours.ada, all());
    let ada = Some(by_ada);
    let nowhere = ConversationId(chat.id.0 + 1000);
    for subject in [
        Subject::Conversations(vec![chat.id, nowhere]),
        Subject::Conversations(vec![]),
        Subject::Entries(chat.id, vec![1, 99]),
        Subject::Entries(nowhere, vec![1]),
    ] {
        assert_eq!(ask(&at, request(subject, ada, Cause::Operator, START)).await, Err(Error::NotFound));
    }
    at.store.audited(somebody()).set_ended(at.ours.id, chat.id, by_ada, true, START, START).await.unwrap();
    let event = ask(&at, request(Subject::Entries(chat.id, vec![2]), ada, Cause::Operator, START)).await;
    assert_eq!(event, Err(Error::NotFound), "an event has no text");
    assert_eq!((at.count("erasure").await, at.count("stub").await, at.entries(&chat).await.len()), (0, 0, 2));
    assert!(at.entries(&chat).await[0].message.is_some());
}

async fn two_who_delete_the_same_at_once_do_it_once(at: Fixture) {
    let other = at.node(Settings::default()).await;
    for _ in 0..8 {
        let (first, second) = (at.chat().await, at.chat().await);
        let wants = |ids: Vec<ConversationId>| {
            request(Subject::Conversations(ids), Some((at.ours.ada, all())), Cause::Operator, START)
        };
        let (one, two) = tokio::join!(
            ask(&at, wants(vec![first.id, second.id])),
            other.audited(somebody()).request_erasure(at.ours.id, wants(vec![second.id, first.id]), |_| {}),
        );
        assert_eq!(i32::from(one.is_ok()) + i32::from(two.is_ok()), 1, "{one:?} {two:?}");
        assert!(one.is_ok() || one == Err(Error::NotFound));
    }
}

/// A conversation that Ada has answered: 1 is the visitor's, 2 that she took it, 3 her answer.
pub(crate) async fn answered(at: &Fixture) -> Chat {
    let chat = at.chat().await;
    stored(at.store.append(chat.operator(at.ours.ada, 5, 1)).await);
    chat
}

pub(crate) async fn delete_entries(at: &Fixture, chat: &Chat, sequences: &[i64]) -> Erasure {
    let subject = Subject::Entries(chat.id, sequences.to_vec());
    ask(at, request(subject, Some((at.ours.ada, all())), Cause::Operator, START)).await.unwrap()
}

async fn a_message_that_is_deleted_is_gone_and_the_visitor_waits_again(at: Fixture) {
    let chat = answered(&at).await;
    stored(at.store.append(chat.note(at.ours.ada, 6, 1)).await);
    let erasure = delete_entries(&at, &chat, &[3, 4]).await;
    assert_eq!((erasure.what, erasure.conversations, erasure.messages, erasure.keys), (What::Message, 0, 2, 1));
    let entries = at.entries(&chat).await;
    assert_gapless_but(&entries, &[3, 4]);
    let events: Vec<Kind> = entries[4..].iter().map(|entry| entry.kind).collect();
    let of = |sequence, note| Kind::Event(Event::Erased(Of { sequence, note }));
    assert_eq!(events, [of(3, false), of(4, true)]);
    assert_eq!(entries[5].numbers.visible, entries[4].numbers.visible, "no visitor could tell that there was a note");
    let progress = at.head(&chat).await.progress;
    assert_eq!((progress.state, progress.last_message), (State::Open, 1));
    assert_eq!(progress.waiting_since, Some(entries[0].at));
    // A second time there is nothing to delete.
    let again = request(Subject::Entries(chat.id, vec![3]), Some((at.ours.ada, all())), Cause::Operator, START);
    assert!(matches!(ask(&at, again).await, Err(Error::Conflict(_))));
    let ada = (at.ours.ada, all());
    assert_eq!(at.store.alter(at.ours.id, (chat.id, 3), ada, None, START, || {}).await.unwrap_err(), Error::NotFound);
    // The visitor's own last word: nobody waits for an answer to what is not there.
    delete_entries(&at, &chat, &[1]).await;
    let progress = at.head(&chat).await.progress;
    assert_eq!((progress.last_message, progress.waiting_since), (0, None));
}

/// Numbered without a gap, and these without a text.
#[track_caller]
fn assert_gapless_but(entries: &[diskret_store::message::Entry], without: &[i64]) {
    for (entry, sequence) in entries.iter().zip(1..) {
        assert_eq!(entry.numbers.sequence, sequence);
        let has_text = !matches!(entry.kind, Kind::Event(_)) && !without.contains(&sequence);
        assert_eq!(entry.message.is_some(), has_text, "at {sequence}");
    }
}

async fn a_message_that_is_taken_back_stands_where_it_stood(at: Fixture) {
    let chat = answered(&at).await;
    let before = at.entries(&chat).await;
    let erasure = delete_entries(&at, &chat, &[1, 3]).await;
    undo(&at, &erasure, (at.ours.ada, all()), moment(1)).await.unwrap();
    let entries = at.entries(&chat).await;
    assert_gapless_but(&entries, &[]);
    for (is, was) in entries.iter().zip(&before) {
        assert_eq!((is.numbers, is.revision, is.kind), (was.numbers, was.revision, was.kind));
        assert_eq!(is.message.as_ref().map(Message::sealed), was.message.as_ref().map(Message::sealed));
    }
    let of = |sequence| Kind::Event(Event::Edited(Of { sequence, note: false }));
    assert_eq!(entries[5..].iter().map(|entry| entry.kind).collect::<Vec<_>>(), [of(1), of(3)]);
    let progress = at.head(&chat).await.progress;
    assert_eq!((progress.last_message, progress.waiting_since), (3, None));
    assert_eq!(at.count("hidden_message").await, 0);
    // It can be deleted again.
    delete_entries(&at, &chat, &[3]).await;
}

/// What is left of a message.
pub(crate) async fn rest(at: &Fixture, chat: &Chat, sequence: i64, sealed: &[u8]) -> Written {
    let entries = at.entries(chat).await;
    let entry = entries.iter().find(|entry| entry.numbers.sequence == sequence).unwrap();
    let identity = *entry.message.as_ref().unwrap().identity();
    let identity = Identity { revision: entry.revision + 1, ..identity };
    chat.written(Message::from_store(identity, sealed.to_vec()), Vec::new())
}

async fn a_passage_leaves_the_rest_of_its_message(at: Fixture) {
    let chat = answered(&at).await;
    let ada = (at.ours.ada, all());
    let left = rest(&at, &chat, 1, b"the rest").await;
    let passage = Subject::Passage(chat.id, 1, left);
    let erasure = ask(&at, request(passage, Some(ada), Cause::Operator, START)).await.unwrap();
    assert_eq!((erasure.what, erasure.messages), (What::Passage, 1));
    let entries = at.entries(&chat).await;
    assert_eq!((entries[0].revision, entries[0].message.as_ref().unwrap().sealed()), (1, b"the rest".as_slice()));
    assert_eq!(entries[3].kind, Kind::Event(Event::Edited(Of { sequence: 1, note: false })));
    assert_eq!(at.head(&chat).await.progress.last_message, 3);
    // Sealed for what stood there before, or with another key: whoever sealed it tries again.
    let stale = Subject::Passage(chat.id, 3, Written { key: domain::KeyId(1), ..rest(&at, &chat, 3, b"x").await });
    assert_eq!(ask(&at, request(stale, Some(ada), Cause::Operator, START)).await, Err(Error::Rekeyed));
    let stale = rest(&at, &chat, 3, b"x").await;
    let newer = rest(&at, &chat, 3, b"newer").await;
    at.store.alter(at.ours.id, (chat.id, 3), ada, Some(newer), START, || {}).await.unwrap();
    let stale = Subject::Passage(chat.id, 3, stale);
    assert_eq!(ask(&at, request(stale, Some(ada), Cause::Operator, START)).await, Err(Error::Rekeyed));

    undo(&at, &erasure, ada, moment(1)).await.unwrap();
    let entry = &at.entries(&chat).await[0];
    assert_eq!((entry.revision, entry.message.as_ref().unwrap().sealed()), (0, b"sealed 1/1".as_slice()));
}

async fn a_conversation_with_a_deleted_message_is_hidden_and_shown_again_with_it(at: Fixture) {
    let chat = answered(&at).await;
    let ada = (at.ours.ada, all());
    let part = delete_entries(&at, &chat, &[3]).await;
    let whole = delete(&at, &[&chat]).await;
    assert_eq!(whole.messages, 1, "the other one is counted already");
    let hidden = undo(&at, &part, ada, moment(1)).await;
    assert!(matches!(hidden, Err(Error::Conflict(_))), "{hidden:?}");
    undo(&at, &whole, ada, moment(2)).await.unwrap();
    assert_gapless_but(&at.entries(&chat).await, &[3]);
    undo(&at, &part, ada, moment(3)).await.unwrap();
    assert_gapless_but(&at.entries(&chat).await, &[]);
}

async fn a_group_that_hidden_conversations_are_for_stays(at: Fixture) {
    let by = at.store.audited(somebody());
    let group = by.insert_group(at.ours.id, random::public_id(), "Returns".to_owned(), START).await.unwrap().number;
    let chat = at.chat().await;
    let to = diskret_store::conversation::To::Group(Some(group));
    let ada = (at.ours.ada, all());
    at.store.audited(somebody()).hand_over(at.ours.id, chat.id, ada, to, None, START).await.unwrap().unwrap();
    let erasure = delete(&at, &[&chat]).await;
    let gone = at.store.audited(somebody()).delete_group(at.ours.id, group).await;
    assert!(matches!(gone, Err(Error::Conflict(_))), "the next group would get it: {gone:?}");
    undo(&at, &erasure, ada, moment(1)).await.unwrap();
    assert_eq!(at.head(&chat).await.progress.group, Some(group));
}

async fn hidden_head_has_every_column_of_head(at: Fixture) {
    let raw = at.place.data().await;
    let columns = async |table: &str| {
        let text = if at.is_postgres() {
            format!("SELECT column_name FROM information_schema.columns WHERE table_name = '{table}' ORDER BY 1")
        } else {
            format!("SELECT name FROM pragma_table_info('{table}') ORDER BY 1")
        };
        raw.rows(&text).await.concat()
    };
    let (head, hidden) = (columns("head").await, columns("hidden_head").await);
    assert!(head.len() > 20, "{head:?}");
    let beside = ["erasure_id", "hidden_at", "token_hash"].map(str::to_owned);
    let mut expected = [head.as_slice(), &beside].concat();
    expected.sort_unstable();
    assert_eq!(hidden, expected);
    // And that each is carried over, not just there: a head in which nothing is empty comes back the same.
    let chat = at.chat().await;
    let filled = "UPDATE head SET assignee = 1, assigned_from = 1, assigned_position = 3, waiting_since = 4,
        visitor_seen = 5, team_seen = 6, team_seen_visible = 7, group_number = 2, group_from = 3, topic_bits = 9,
        snoozed_until = 10, returned_at = 11, guests = ',1,', guests_from = ',2,'";
    raw.run(filled).await;
    let row = format!(
        "SELECT {} FROM head",
        head.iter().filter(|name| *name != "position").cloned().collect::<Vec<_>>().join(", ")
    );
    let before = raw.rows(&row).await;
    let erasure = delete(&at, &[&chat]).await;
    assert!(raw.rows(&row).await.is_empty());
    undo(&at, &erasure, (at.ours.ada, all()), START).await.unwrap();
    assert_eq!(raw.rows(&row).await, before);
}

async fn every_node_learns_of_it_by_the_sweep(at: Fixture) {
    let chat = answered(&at).await;
    let before = at.head(&chat).await.position;
    let erasure = delete(&at, &[&chat]).await;
    let sweep = async |past| -> Vec<Change> {
        let found = at.store.changes_after(vec![at.ours.id], past).await.unwrap();
        found.into_iter().map(|found| found.told_past(past)).collect()
    };
    let told = sweep(before).await;
    assert_eq!(told.len(), 1);
    let gone = told[0].gone.unwrap();
    assert_eq!((gone.name, gone.stub, gone.cause), (chat.name, Stub::Hidden, Cause::Operator));
    assert_eq!(told[0].previous.assignee, Some(at.ours.ada), "whoever had it hears of it");
    assert_eq!(at.store.changes_of(vec![(at.ours.id, chat.id)]).await.unwrap()[0].change, told[0]);
    assert!(at.store.changes_of(vec![(at.theirs.id, chat.id)]).await.unwrap().is_empty());
    let stubs = at.store.stubs(at.ours.id, i64::MAX, 10).await.unwrap();
    assert_eq!((stubs[0].erasure, stubs[0].gone), (erasure.name, gone));
    assert!(at.store.stubs(at.theirs.id, i64::MAX, 10).await.unwrap().is_empty());

    undo(&at, &erasure, (at.ours.ada, all()), moment(1)).await.unwrap();
    let back = sweep(told[0].position).await;
    assert_eq!((back.len(), back[0].gone, back[0].progress.last_sequence), (1, None, 3));
}

async fn who_asked_is_in_the_log_and_what_was_said_is_not(at: Fixture) {
    let chat = answered(&at).await;
    let erasure = delete(&at, &[&chat]).await;
    undo(&at, &erasure, (at.ours.ada, all()), moment(1)).await.unwrap();
    let all = at.store.erasures(at.ours.id, ErasureId(i64::MAX), None, None, 10).await.unwrap();
    assert_eq!(all.len(), 1);
    let raw = at.place.data().await;
    for (kind, count) in [("erasure_asked", 1), ("erasure_undone", 1), ("erasure_braked", 0)] {
        assert_eq!(
            raw.number(&format!("SELECT COUNT(*) FROM audit_entry WHERE kind = '{kind}'")).await,
            count,
            "{kind}"
        );
    }
    let waiting = |state| at.store.erasures(at.ours.id, ErasureId(i64::MAX), Some(state), None, 10);
    assert_eq!(waiting(How::Waiting).await.unwrap().len(), 0);
    assert_eq!(waiting(How::Undone).await.unwrap().len(), 1);
    let of = |who| at.store.erasures(at.ours.id, ErasureId(i64::MAX), None, Some(who), 10);
    assert_eq!((of(at.ours.ada).await.unwrap().len(), of(at.ours.ben).await.unwrap().len()), (1, 0));
    assert!(at.store.erasures(at.theirs.id, ErasureId(i64::MAX), None, None, 10).await.unwrap().is_empty());
    // Groups reach what is theirs.
    let group = Access { level: Level::Write, reach: Reach::Group, groups: Groups::default() };
    let free = at.chat().await;
    let erasure = delete(&at, &[&free]).await;
    undo(&at, &erasure, (at.ours.ben, group), moment(1)).await.unwrap();
}
