//! A note names colleagues, who find its conversation until they have looked.

use diskret_store::conversation::{List, To};
use domain::{ConversationId, Groups, OperatorId, Role};
use privacy::Message;
use privacy::message::Identity;

use crate::fixture::{Chat, Fixture, access, all, moment, own, somebody, stored};

on_both![
    whoever_is_named_finds_the_conversation_until_they_have_looked,
    whoever_may_not_read_it_is_not_named,
    a_corrected_note_names_anew_and_one_taken_back_nobody,
    a_note_that_is_sent_again_names_nobody_twice,
    nobody_looks_for_somebody_else_or_another_organisation,
    a_note_of_a_hand_over_names_whoever_reads_it_afterwards,
];

async fn mentioned(at: &Fixture, who: OperatorId) -> Vec<ConversationId> {
    let found = at.store.conversations(at.ours.id, List::Mentioned(who), false, i64::MAX, 10).await.unwrap();
    let listed: Vec<ConversationId> = found.iter().map(|found| found.id).collect();
    let named = at.store.named_in(at.ours.id, who).await.unwrap();
    assert_eq!(named.len(), listed.len());
    assert!(listed.iter().all(|id| named.contains(id)));
    listed
}

async fn note(at: &Fixture, chat: &Chat, counter: i64, named: &[OperatorId]) -> i64 {
    let mut note = chat.note(at.ours.ada, 5, counter);
    note.named = named.iter().map(|who| (*who, own())).collect();
    stored(at.store.append(note).await).numbers.sequence
}

async fn whoever_is_named_finds_the_conversation_until_they_have_looked(at: Fixture) {
    let (chat, other) = (at.chat().await, at.chat().await);
    let sequence = note(&at, &chat, 1, &[at.ours.ben]).await;
    note(&at, &other, 1, &[]).await;
    assert_eq!(mentioned(&at, at.ours.ben).await, [chat.id]);
    assert_eq!(mentioned(&at, at.ours.ada).await, []);
    at.store.looked(at.ours.id, chat.id, at.ours.ben, sequence - 1).await.unwrap();
    assert_eq!(mentioned(&at, at.ours.ben).await, [chat.id], "not as far as the note");
    let later = note(&at, &chat, 2, &[at.ours.ben, at.ours.ben]).await;
    at.store.looked(at.ours.id, chat.id, at.ours.ben, sequence).await.unwrap();
    assert_eq!(mentioned(&at, at.ours.ben).await, [chat.id], "there is a newer one");
    at.store.looked(at.ours.id, chat.id, at.ours.ben, later).await.unwrap();
    assert_eq!(mentioned(&at, at.ours.ben).await, []);
}

async fn whoever_may_not_read_it_is_not_named(at: Fixture) {
    let chat = at.chat().await;
    let mine = To::Operator(Some(at.ours.ada));
    at.store
        .audited(somebody())
        .hand_over(at.ours.id, chat.id, (at.ours.ada, all()), mine, None, moment(1))
        .await
        .unwrap()
        .unwrap();
    note(&at, &chat, 1, &[at.ours.ben]).await;
    assert_eq!(mentioned(&at, at.ours.ben).await, [], "it is Ada's, and Ben reads his own alone");
    let mut wide = chat.note(at.ours.ada, 5, 2);
    wide.named = vec![(at.ours.ben, access(Role::Manager, Groups::default()))];
    stored(at.store.append(wide).await);
    assert_eq!(mentioned(&at, at.ours.ben).await, [chat.id]);
}

async fn a_corrected_note_names_anew_and_one_taken_back_nobody(at: Fixture) {
    let chat = at.chat().await;
    let by = (at.ours.ada, all());
    let sequence = note(&at, &chat, 1, &[at.ours.ben]).await;
    let text = |revision| {
        let identity = Identity { revision, ..*chat.note(at.ours.ada, 5, 1).message.identity() };
        Message::from_store(identity, b"sealed anew".to_vec())
    };
    let alter = |text, micros| at.store.alter(at.ours.id, (chat.id, sequence), by, text, moment(micros), || {});
    alter(Some(chat.written(text(1), Vec::new())), 1).await.unwrap();
    assert_eq!(mentioned(&at, at.ours.ben).await, []);
    for micros in [2, 3] {
        alter(Some(chat.written(text(micros), vec![(at.ours.ben, own())])), micros).await.unwrap();
        assert_eq!(mentioned(&at, at.ours.ben).await, [chat.id]);
    }
    alter(None, 4).await.unwrap();
    assert_eq!(mentioned(&at, at.ours.ben).await, []);
    assert_eq!(at.count("mention").await, 0);
}

async fn a_note_that_is_sent_again_names_nobody_twice(at: Fixture) {
    let chat = at.chat().await;
    let sequence = note(&at, &chat, 1, &[at.ours.ben]).await;
    at.store.looked(at.ours.id, chat.id, at.ours.ben, sequence).await.unwrap();
    let mut again = chat.note(at.ours.ada, 5, 1);
    again.named = vec![(at.ours.ben, own())];
    at.store.append(again).await.unwrap();
    assert_eq!(mentioned(&at, at.ours.ben).await, [], "they have looked");
}

async fn nobody_looks_for_somebody_else_or_another_organisation(at: Fixture) {
    let chat = at.chat().await;
    let sequence = note(&at, &chat, 1, &[at.ours.ben]).await;
    at.store.looked(at.ours.id, chat.id, at.ours.ada, sequence).await.unwrap();
    at.store.looked(at.theirs.id, chat.id, at.ours.ben, sequence).await.unwrap();
    assert_eq!(mentioned(&at, at.ours.ben).await, [chat.id]);
    let theirs = at.store.conversations(at.theirs.id, List::Mentioned(at.ours.ben), false, i64::MAX, 10).await;
    assert_eq!(theirs.unwrap(), []);
    assert!(at.store.named_in(at.theirs.id, at.ours.ben).await.unwrap().is_empty());
}

async fn a_note_of_a_hand_over_names_whoever_reads_it_afterwards(at: Fixture) {
    let (chat, by) = (at.chat().await, (at.ours.ada, all()));
    let hand = async |to: Option<OperatorId>, sender: i64, micros: i64| {
        let named = vec![(at.ours.ben, own()), (at.ours.ben, own())];
        let with = Some(chat.written(chat.note(at.ours.ada, sender, 1).message, named));
        let store = at.store.audited(somebody());
        store.hand_over(at.ours.id, chat.id, by, To::Operator(to), with, moment(micros)).await.unwrap()
    };
    // Nobody's before, so that Ben could read it: not where it goes.
    hand(Some(at.ours.ada), 70, 1).await.unwrap();
    assert_eq!(mentioned(&at, at.ours.ben).await, []);
    // Ada's before; Ben's afterwards.
    let change = hand(Some(at.ours.ben), 71, 2).await.unwrap();
    assert_eq!(mentioned(&at, at.ours.ben).await, [chat.id]);
    assert_eq!(at.count("mention").await, 1);
    let note = change.progress.last_sequence - 1;
    at.store.looked(at.ours.id, chat.id, at.ours.ben, note - 1).await.unwrap();
    assert_eq!(mentioned(&at, at.ours.ben).await, [chat.id], "not as far as the note");
    at.store.looked(at.ours.id, chat.id, at.ours.ben, note).await.unwrap();
    assert_eq!(mentioned(&at, at.ours.ben).await, []);
    // Sent again, it names nobody anew.
    assert_eq!(hand(Some(at.ours.ben), 71, 3).await, None);
    assert_eq!(mentioned(&at, at.ours.ben).await, []);
    // A note alone, where nothing else changes.
    hand(Some(at.ours.ben), 72, 4).await.unwrap();
    assert_eq!(mentioned(&at, at.ours.ben).await, [chat.id]);
}
