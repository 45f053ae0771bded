//! A conversation is handed over with a note: both, or nothing.

use diskret_store::conversation::To;
use diskret_store::{Error, Result};
use domain::OperatorId;
use domain::conversation::{Author, Change, Event, Kind};
use privacy::{Message, Sealed};

use crate::fixture::{Chat, Fixture, all, assert_gapless, moment, numbers, own, somebody, stored};

on_both![
    a_note_stands_before_the_hand_over_it_goes_with,
    what_cannot_be_handed_over_leaves_no_note,
    a_second_try_stores_nothing_twice,
    a_note_alone_is_stored_where_nothing_else_changes,
    the_visitor_sees_no_gap_where_the_note_stands,
];

fn note(chat: &Chat, by: OperatorId, sender: i64) -> Message<Sealed> {
    chat.note(by, sender, 1).message
}

async fn hand(at: &Fixture, chat: &Chat, to: To, sender: i64) -> Result<Option<Change>> {
    let with = Some(chat.written(note(chat, at.ours.ada, sender), Vec::new()));
    at.store.audited(somebody()).hand_over(at.ours.id, chat.id, (at.ours.ada, all()), to, with, moment(5)).await
}

async fn a_note_stands_before_the_hand_over_it_goes_with(at: Fixture) {
    let chat = at.chat().await;
    let change = hand(&at, &chat, To::Operator(Some(at.ours.ben)), 70).await.unwrap().unwrap();
    assert_eq!(change.progress.assignee, Some(at.ours.ben));
    let entries = at.entries(&chat).await;
    assert_gapless(&entries);
    assert_eq!((entries[1].kind, entries[1].author), (Kind::Note, Author::Operator(at.ours.ada)));
    assert_eq!(entries[2].kind, Kind::Event(Event::Assigned(Some(at.ours.ben))));
    assert_eq!((change.progress.last_sequence, change.progress.last_message), (3, 1));
    let group = hand(&at, &chat, To::Group(None), 71).await.unwrap().unwrap();
    assert_eq!((group.progress.assignee, at.entries(&chat).await.len()), (None, 6));
}

async fn what_cannot_be_handed_over_leaves_no_note(at: Fixture) {
    let chat = at.chat().await;
    let stranger = hand(&at, &chat, To::Operator(Some(at.theirs.ada)), 70).await;
    assert_eq!(stranger, Err(Error::NotFound));
    at.store
        .audited(somebody())
        .assign(at.ours.id, chat.id, (at.ours.ada, all()), Some(at.ours.ada), moment(1))
        .await
        .unwrap()
        .unwrap();
    let with = Some(chat.written(note(&chat, at.ours.ben, 71), Vec::new()));
    let to = To::Operator(Some(at.ours.ben));
    let reached =
        at.store.audited(somebody()).hand_over(at.ours.id, chat.id, (at.ours.ben, own()), to, with, moment(2)).await;
    assert_eq!(reached, Err(Error::OutOfReach));
    let with = Some(chat.written(note(&chat, at.ours.ada, 72), Vec::new()));
    let theirs = at
        .store
        .audited(somebody())
        .hand_over(at.theirs.id, chat.id, (at.theirs.ada, all()), to, with, moment(2))
        .await;
    assert_eq!(theirs, Err(Error::NotFound));
    assert!(at.entries(&chat).await.iter().all(|entry| entry.kind != Kind::Note));
    assert_eq!(at.count("sender").await, 1, "the visitor's alone");
}

async fn a_second_try_stores_nothing_twice(at: Fixture) {
    let chat = at.chat().await;
    let to = To::Operator(Some(at.ours.ben));
    hand(&at, &chat, to, 70).await.unwrap().unwrap();
    assert_eq!(hand(&at, &chat, to, 70).await, Ok(None));
    // It was given on meanwhile, and then the answer was missed once more: the note is still the same.
    hand(&at, &chat, To::Operator(None), 71).await.unwrap().unwrap();
    hand(&at, &chat, to, 70).await.unwrap().unwrap();
    let entries = at.entries(&chat).await;
    assert_eq!(entries.iter().filter(|entry| entry.kind == Kind::Note).count(), 2);
    assert_gapless(&entries);
}

async fn a_note_alone_is_stored_where_nothing_else_changes(at: Fixture) {
    let chat = at.chat().await;
    let change = hand(&at, &chat, To::Operator(None), 70).await.unwrap().unwrap();
    assert_eq!((change.progress.last_sequence, change.progress.assignee), (2, None));
    assert_eq!(at.entries(&chat).await[1].kind, Kind::Note);
}

async fn the_visitor_sees_no_gap_where_the_note_stands(at: Fixture) {
    let chat = at.chat().await;
    hand(&at, &chat, To::Operator(Some(at.ours.ben)), 70).await.unwrap().unwrap();
    assert_eq!(stored(at.store.append(chat.visitor(1, 2)).await).numbers, numbers(4, 3));
}
