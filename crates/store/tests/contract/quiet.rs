//! Conversations in which nobody writes: asked once, and ended.

use std::time::Duration;

use diskret_store::append::Append;
use diskret_store::conversation::{Quiet, Written};
use domain::conversation::{Author, Event, Kind, State};
use domain::{SenderId, Timestamp};
use privacy::Message;
use privacy::message::Identity;

use crate::fixture::{Chat, Fixture, IDLE, START, content, stored};

on_both![
    the_visitor_is_asked_once_and_then_it_ends,
    whoever_answers_is_asked_again_at_the_next_silence,
    nobody_is_asked_whose_turn_it_is_not,
    a_question_for_another_moment_is_not_asked,
    an_operators_message_brings_the_question_forward_where_it_is_wanted,
];

const ASK: Duration = Duration::from_secs(300);
const LEASE: Duration = Duration::from_secs(60);
const QUIET: Quiet = Quiet { ask: Some(ASK), ..Quiet::ends(IDLE) };

fn question(chat: &Chat, counter: i64) -> Written {
    let identity = Identity {
        organisation: chat.tenant.name,
        conversation: chat.name,
        author: Author::System,
        sender: SenderId(0),
        counter,
        note: false,
        revision: 0,
    };
    chat.written(Message::from_store(identity, content(0, counter)), Vec::new())
}

/// An operator's answer, after which the visitor is to be asked.
fn answer(at: &Fixture, chat: &Chat, counter: i64, now: Timestamp) -> Append {
    Append { ask_at: Some(now.plus(ASK)), at: now, ..chat.operator(at.ours.ada, 2, counter) }
}

/// Does what is due, as the worker does: with a question for the moment that it has just read.
async fn work(at: &Fixture, chat: &Chat, now: Timestamp) {
    for _ in 0..3 {
        for job in at.store.claim_jobs(diskret_store::job::Lane::Quick, now, LEASE, 10).await.unwrap() {
            let next = at.head(chat).await.progress.last_sequence + 1;
            at.store.end_if_idle(job, QUIET, Some(question(chat, next)), now).await.unwrap();
        }
    }
}

/// What the house did: questions and events, by their sequence.
async fn done(at: &Fixture, chat: &Chat) -> Vec<(i64, Kind)> {
    let entries = at.entries(chat).await;
    let house = entries.iter().filter(|entry| entry.author == Author::System);
    house.map(|entry| (entry.numbers.sequence, entry.kind)).collect()
}

async fn the_visitor_is_asked_once_and_then_it_ends(at: Fixture) {
    let chat = at.chat().await;
    stored(at.store.append(answer(&at, &chat, 1, START)).await);
    // 1 is the visitor's, 2 says who has taken it, 3 is the answer.
    work(&at, &chat, START.plus(ASK - Duration::from_secs(1))).await;
    assert_eq!(done(&at, &chat).await, [], "a second before");
    work(&at, &chat, START.plus(ASK)).await;
    assert_eq!(done(&at, &chat).await, [(4, Kind::Message)]);
    let progress = at.head(&chat).await.progress;
    assert_eq!(
        (progress.state, progress.last_message, progress.last_visible, progress.unread),
        (State::Pending, 4, 4, 1)
    );
    let asked = at.entries(&chat).await.pop().unwrap();
    assert_eq!(asked.message.unwrap().identity(), question(&chat, 4).message.identity(), "its seal will open");
    work(&at, &chat, START.plus(ASK + IDLE - Duration::from_secs(1))).await;
    assert_eq!(done(&at, &chat).await.len(), 1, "once, and not over yet");
    work(&at, &chat, START.plus(ASK + IDLE)).await;
    assert_eq!(done(&at, &chat).await, [(4, Kind::Message), (5, Kind::Event(Event::EndedIdle))]);
    assert_eq!(at.count("job").await, 0);
}

async fn whoever_answers_is_asked_again_at_the_next_silence(at: Fixture) {
    let chat = at.chat().await;
    stored(at.store.append(answer(&at, &chat, 1, START)).await);
    work(&at, &chat, START.plus(ASK)).await;
    let later = START.plus(ASK * 2);
    stored(at.store.append(Append { at: later, ..chat.visitor(1, 2) }).await);
    work(&at, &chat, later.plus(ASK)).await;
    assert_eq!(done(&at, &chat).await.len(), 1, "it is the team's turn");
    stored(at.store.append(answer(&at, &chat, 2, later.plus(ASK))).await);
    work(&at, &chat, later.plus(ASK * 2)).await;
    assert_eq!(done(&at, &chat).await.len(), 2);
}

async fn nobody_is_asked_whose_turn_it_is_not(at: Fixture) {
    let (waits, put_off) = (at.chat().await, at.chat().await);
    stored(at.store.append(answer(&at, &put_off, 1, START)).await);
    let until = START.plus(ASK * 3);
    let by = (at.ours.ada, crate::fixture::all());
    at.store.snooze(at.ours.id, put_off.id, by, Some(until), START).await.unwrap();
    for job in at.store.claim_jobs(diskret_store::job::Lane::Quick, START.plus(ASK * 2), LEASE, 10).await.unwrap() {
        let chat = if job.subject == waits.id.0 { &waits } else { &put_off };
        let next = at.head(chat).await.progress.last_sequence + 1;
        at.store.end_if_idle(job, QUIET, Some(question(chat, next)), START.plus(ASK * 2)).await.unwrap();
    }
    work(&at, &waits, START.plus(ASK * 2)).await;
    assert_eq!((done(&at, &waits).await, done(&at, &put_off).await), (Vec::new(), Vec::new()));
}

async fn a_question_for_another_moment_is_not_asked(at: Fixture) {
    let chat = at.chat().await;
    stored(at.store.append(answer(&at, &chat, 1, START)).await);
    let now = START.plus(ASK);
    for given in [Some(question(&chat, 3)), Some(question(&chat, 5)), None] {
        let job = at.store.claim_jobs(diskret_store::job::Lane::Quick, now, LEASE, 10).await.unwrap().remove(0);
        assert_eq!(at.store.end_if_idle(job, QUIET, given, now).await, Ok(None));
    }
    // Nor is what somebody else wrote told as the house's.
    let job = at.store.claim_jobs(diskret_store::job::Lane::Quick, now, LEASE, 10).await.unwrap().remove(0);
    let forged = chat.operator(at.ours.ada, 0, 4).message;
    assert_eq!(at.store.end_if_idle(job, QUIET, Some(chat.written(forged, Vec::new())), now).await, Ok(None));
    assert_eq!(done(&at, &chat).await, []);
    work(&at, &chat, now).await;
    assert_eq!(done(&at, &chat).await, [(4, Kind::Message)], "it comes again at once");
}

async fn an_operators_message_brings_the_question_forward_where_it_is_wanted(at: Fixture) {
    let (wanted, unwanted) = (at.chat().await, at.chat().await);
    stored(at.store.append(answer(&at, &wanted, 1, START)).await);
    stored(at.store.append(unwanted.operator(at.ours.ada, 2, 1)).await);
    // A note is nothing that the visitor could answer.
    let note = Append { ask_at: Some(START), ..unwanted.note(at.ours.ada, 2, 2) };
    stored(at.store.append(note).await);
    let due = at.store.claim_jobs(diskret_store::job::Lane::Quick, START.plus(ASK), LEASE, 10).await.unwrap();
    assert_eq!(due.iter().map(|job| job.subject).collect::<Vec<_>>(), [wanted.id.0]);
}
