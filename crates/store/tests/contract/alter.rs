//! What was written is corrected or taken back, as long as the visitor has not seen it.

use diskret_store::conversation::{Altered, Seen};
use diskret_store::{Error, Result};
use domain::conversation::{Change, Event, Kind, Of, State};
use domain::{Access, OperatorId};
use privacy::message::Identity;
use privacy::{Message, Sealed};

use crate::fixture::{Chat, Fixture, all, moment, numbers, own, somebody, stored};

on_both![
    a_correction_replaces_the_text_and_is_an_entry_of_its_own,
    what_is_taken_back_is_gone_and_the_visitor_waits_again,
    only_the_last_answer_that_is_left_counts_as_one,
    a_note_is_changed_at_any_time_and_no_visitor_could_tell,
    what_the_visitor_has_seen_stays_as_it_is,
    seeing_and_taking_back_at_once_have_one_winner,
    nobody_changes_what_another_wrote,
    nobody_changes_what_is_out_of_reach_or_anothers_organisation,
    events_and_what_is_not_there_cannot_be_changed,
    two_windows_that_correct_at_once_do_not_undo_each_other,
    what_is_over_can_still_be_corrected,
];

const NEWER: &[u8] = b"sealed anew";

/// A text sealed for this revision of an entry.
async fn text(at: &Fixture, chat: &Chat, sequence: i64, revision: i64) -> Message<Sealed> {
    let entries = at.entries(chat).await;
    let entry = entries.iter().find(|entry| entry.numbers.sequence == sequence).unwrap();
    let identity = Identity { revision, ..*entry.message.as_ref().unwrap().identity() };
    Message::from_store(identity, NEWER.to_vec())
}

async fn alter(
    at: &Fixture,
    chat: &Chat,
    sequence: i64,
    by: (OperatorId, Access),
    text: Option<Message<Sealed>>,
) -> Result<Altered> {
    let text = text.map(|text| chat.written(text, Vec::new()));
    at.store.alter(chat.tenant.id, (chat.id, sequence), by, text, moment(50), || {}).await
}

#[track_caller]
fn done(altered: Result<Altered>) -> Change {
    match altered {
        Ok(Altered::Done(change)) => change,
        other => panic!("nothing was changed: {other:?}"),
    }
}

/// A conversation that Ada has answered: 1 is the visitor's, 2 that she took it, 3 her answer.
async fn answered(at: &Fixture) -> Chat {
    let chat = at.chat().await;
    assert_eq!(stored(at.store.append(chat.operator(at.ours.ada, 5, 1)).await).numbers, numbers(3, 3));
    chat
}

async fn a_correction_replaces_the_text_and_is_an_entry_of_its_own(at: Fixture) {
    let chat = answered(&at).await;
    let (ada, before) = ((at.ours.ada, all()), at.head(&chat).await);
    let change = done(alter(&at, &chat, 3, ada, Some(text(&at, &chat, 3, 1).await)).await);
    let entries = at.entries(&chat).await;
    assert_eq!((entries[2].revision, entries[2].message.as_ref().unwrap().sealed()), (1, NEWER));
    let of = Of { sequence: 3, note: false };
    assert_eq!((entries[3].numbers, entries[3].kind), (numbers(4, 4), Kind::Event(Event::Edited(of))));
    assert!(entries[3].message.is_none(), "the text stands in one place");
    assert!(change.position > before.position);
    assert_eq!(change.progress.last_message, 3, "it is still the last message");
    assert_eq!((change.progress.state, change.progress.waiting_since), (State::Pending, None));
    // Again, and the row holds the newest alone.
    done(alter(&at, &chat, 3, ada, Some(text(&at, &chat, 3, 2).await)).await);
    assert_eq!(at.place.data().await.number("SELECT COUNT(*) FROM message WHERE text_sealed IS NOT NULL").await, 2);
    // A retry of the message itself is still known.
    let again = at.store.append(chat.operator(at.ours.ada, 5, 1)).await.unwrap();
    assert!(matches!(again, diskret_store::append::Outcome::Retried { numbers: found, .. } if found == numbers(3, 3)));
}

async fn what_is_taken_back_is_gone_and_the_visitor_waits_again(at: Fixture) {
    let chat = answered(&at).await;
    assert_eq!(at.head(&chat).await.progress.waiting_since, None);
    let change = done(alter(&at, &chat, 3, (at.ours.ada, all()), None).await);
    let left = at.place.data().await;
    assert_eq!(left.number("SELECT COUNT(*) FROM message WHERE sequence = 3 AND text_sealed IS NULL").await, 1);
    let entries = at.entries(&chat).await;
    assert!(entries[2].message.is_none());
    assert_eq!(entries[3].kind, Kind::Event(Event::Recalled(Of { sequence: 3, note: false })));
    assert_eq!((change.progress.state, change.progress.last_message), (State::Open, 1));
    assert_eq!(change.progress.waiting_since, Some(entries[0].at));
    assert_eq!(at.head(&chat).await.progress, change.progress);
    let again = alter(&at, &chat, 3, (at.ours.ada, all()), None).await;
    assert_eq!(again, Err(Error::NotFound), "there is nothing left to take back");
}

async fn only_the_last_answer_that_is_left_counts_as_one(at: Fixture) {
    let chat = answered(&at).await;
    stored(at.store.append(chat.operator(at.ours.ada, 5, 2)).await);
    let change = done(alter(&at, &chat, 4, (at.ours.ada, all()), None).await);
    assert_eq!((change.progress.state, change.progress.waiting_since), (State::Pending, None));
    assert_eq!(change.progress.last_message, 3);
}

async fn a_note_is_changed_at_any_time_and_no_visitor_could_tell(at: Fixture) {
    let chat = answered(&at).await;
    stored(at.store.append(chat.note(at.ours.ada, 5, 2)).await);
    stored(at.store.append(chat.operator(at.ours.ada, 5, 3)).await);
    at.store.see(at.ours.id, chat.id, Seen::Visitor(4)).await.unwrap().unwrap();
    let (ada, before) = ((at.ours.ada, all()), at.head(&chat).await.progress);
    done(alter(&at, &chat, 4, ada, Some(text(&at, &chat, 4, 1).await)).await);
    let change = done(alter(&at, &chat, 4, ada, None).await);
    assert_eq!(change.progress.last_visible, before.last_visible, "the visitor's count stands still");
    assert_eq!((change.progress.last_message, change.progress.state), (before.last_message, before.state));
    let entries = at.entries(&chat).await;
    assert!(entries[5..].iter().all(|entry| !entry.kind.is_visible()));
    assert!(entries[3].message.is_none());
}

async fn what_the_visitor_has_seen_stays_as_it_is(at: Fixture) {
    let chat = answered(&at).await;
    let ada = (at.ours.ada, all());
    at.store.see(at.ours.id, chat.id, Seen::Visitor(2)).await.unwrap().unwrap();
    done(alter(&at, &chat, 3, ada, Some(text(&at, &chat, 3, 1).await)).await);
    at.store.see(at.ours.id, chat.id, Seen::Visitor(3)).await.unwrap().unwrap();
    let before = at.entries(&chat).await;
    assert_eq!(alter(&at, &chat, 3, ada, Some(text(&at, &chat, 3, 2).await)).await, Ok(Altered::Seen));
    assert_eq!(alter(&at, &chat, 3, ada, None).await, Ok(Altered::Seen));
    let after = at.entries(&chat).await;
    assert_eq!(after.len(), before.len());
    assert_eq!(after[2].message.as_ref().unwrap().sealed(), NEWER);
}

async fn seeing_and_taking_back_at_once_have_one_winner(at: Fixture) {
    let other = at.node(diskret_store::Settings::default()).await;
    let (mut seen_first, mut recalled_first) = (0, 0);
    for round in 0..20 {
        let chat = answered(&at).await;
        let recall = alter(&at, &chat, 3, (at.ours.ada, all()), None);
        let see = other.see(at.ours.id, chat.id, Seen::Visitor(3));
        let (recalled, seen) = if round % 2 == 0 {
            tokio::join!(recall, see)
        } else {
            let (seen, recalled) = tokio::join!(see, recall);
            (recalled, seen)
        };
        assert_eq!(seen, Ok(Some(3)), "what the page has shown is noted, whatever became of it");
        let is_gone = at.entries(&chat).await[2].message.is_none();
        match recalled {
            Ok(Altered::Done(_)) => {
                recalled_first += 1;
                assert!(is_gone);
            }
            Ok(Altered::Seen) => {
                seen_first += 1;
                assert!(!is_gone);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(seen_first + recalled_first, 20);
    other.close().await;
}

async fn nobody_changes_what_another_wrote(at: Fixture) {
    let chat = answered(&at).await;
    let ben = (at.ours.ben, all());
    let words = text(&at, &chat, 3, 1).await;
    assert_eq!(alter(&at, &chat, 3, ben, Some(words)).await, Ok(Altered::NotTheirs), "a colleague's");
    assert_eq!(alter(&at, &chat, 3, ben, None).await, Ok(Altered::NotTheirs));
    for by in [ben, (at.ours.ada, all())] {
        assert_eq!(alter(&at, &chat, 1, by, None).await, Ok(Altered::NotTheirs), "the visitor's");
    }
    assert_eq!(at.entries(&chat).await.len(), 3);
    done(alter(&at, &chat, 3, (at.ours.ada, all()), None).await);
}

async fn nobody_changes_what_is_out_of_reach_or_anothers_organisation(at: Fixture) {
    let chat = at.chat().await;
    stored(at.store.append(chat.operator(at.ours.ben, 5, 1)).await);
    at.store
        .audited(somebody())
        .assign(at.ours.id, chat.id, (at.ours.ada, all()), Some(at.ours.ada), moment(1))
        .await
        .unwrap()
        .unwrap();
    let gone = alter(&at, &chat, 3, (at.ours.ben, own()), None).await;
    assert_eq!(gone, Err(Error::OutOfReach), "it is Ada's now");
    let theirs = at.store.alter(at.theirs.id, (chat.id, 3), (at.ours.ben, all()), None, moment(1), || {}).await;
    assert_eq!(theirs, Err(Error::NotFound));
    done(alter(&at, &chat, 3, (at.ours.ben, all()), None).await);
}

async fn events_and_what_is_not_there_cannot_be_changed(at: Fixture) {
    let chat = answered(&at).await;
    for sequence in [2, 4, 0, -1, i64::MAX] {
        let refused = alter(&at, &chat, sequence, (at.ours.ada, all()), None).await;
        assert_eq!(refused, Err(Error::NotFound), "{sequence}");
    }
}

async fn two_windows_that_correct_at_once_do_not_undo_each_other(at: Fixture) {
    let chat = answered(&at).await;
    let ada = (at.ours.ada, all());
    let (one, two) = (text(&at, &chat, 3, 1).await, text(&at, &chat, 3, 1).await);
    done(alter(&at, &chat, 3, ada, Some(one)).await);
    assert_eq!(alter(&at, &chat, 3, ada, Some(two)).await, Ok(Altered::Overtaken), "a seal names its revision");
    assert_eq!(at.entries(&chat).await.len(), 4);
}

async fn what_is_over_can_still_be_corrected(at: Fixture) {
    let chat = answered(&at).await;
    let ada = (at.ours.ada, all());
    at.store
        .audited(somebody())
        .set_ended(at.ours.id, chat.id, ada, true, moment(1), moment(2))
        .await
        .unwrap()
        .unwrap();
    let change = done(alter(&at, &chat, 3, ada, None).await);
    assert_eq!((change.progress.state, change.progress.waiting_since), (State::Ended, None));
}
