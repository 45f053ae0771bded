//! Group commit: what shares a transaction shares nothing else.

use diskret_store::Error;
use diskret_store::append::{Outcome, Target};
use domain::{ConversationId, PublicId, Role, WidgetId};
use futures_util::future::join_all;

use crate::fixture::{Fixture, START, assert_gapless, numbers, operator, somebody, stored};

on_both![
    one_batch_is_one_change_and_its_messages_are_in_order,
    a_message_and_its_retry_in_one_batch_are_one_message,
    a_gap_in_a_batch_is_refused_and_what_fills_it_is_stored,
    first_messages_with_one_token_in_one_batch_begin_one_conversation,
    a_first_message_that_is_refused_does_not_take_the_token_from_a_good_one_in_its_batch,
    the_same_first_message_twice_in_one_batch_is_one_message,
    a_poisoned_message_takes_nobody_with_it,
    a_poisoned_first_message_does_not_take_a_good_one_with_it,
    a_message_that_fails_late_does_not_take_conversations_that_begin_with_it,
    a_poisoned_call_takes_nobody_with_it,
    a_poisoned_call_leaves_nothing_behind,
    a_reply_and_the_visitors_next_message_in_one_batch_count_on,
];

async fn one_batch_is_one_change_and_its_messages_are_in_order(at: Fixture) {
    let chat = at.chat().await;
    let batch: Vec<_> = (2..=50).map(|counter| chat.visitor(1, counter)).collect();
    let outcomes: Vec<_> = at.append_together(batch).await.into_iter().map(stored).collect();
    let position = outcomes[0].change.position;
    assert!(outcomes.iter().all(|stored| stored.change.position == position), "they shared a transaction");
    let sequences: Vec<i64> = outcomes.iter().map(|stored| stored.numbers.sequence).collect();
    assert_eq!(sequences, (2..=50).collect::<Vec<i64>>());
    assert_eq!(outcomes[0].change.progress.last_sequence, 50, "told is the state after the batch");
    assert_gapless(&at.entries(&chat).await);
}

async fn a_message_and_its_retry_in_one_batch_are_one_message(at: Fixture) {
    let chat = at.chat().await;
    let batch = vec![chat.visitor(1, 2), chat.visitor(1, 3), chat.visitor(1, 2), chat.visitor(1, 1)];
    let outcomes = at.append_together(batch).await;
    let retried = |n| Ok(Outcome::Retried { conversation: chat.id, numbers: numbers(n, n), at: START });
    assert_eq!(outcomes[2], retried(2));
    assert_eq!(outcomes[3], retried(1));
    let [second, third] = <[_; 2]>::try_from(outcomes.into_iter().take(2).map(stored).collect::<Vec<_>>()).unwrap();
    assert_eq!((second.numbers, third.numbers), (numbers(2, 2), numbers(3, 3)));
    assert_eq!(second.change.position, third.change.position, "they shared a transaction");
    assert_eq!(at.entries(&chat).await.len(), 3);
}

async fn a_gap_in_a_batch_is_refused_and_what_fills_it_is_stored(at: Fixture) {
    let chat = at.chat().await;
    let outcomes = at.append_together(vec![chat.visitor(1, 3), chat.visitor(1, 2), chat.visitor(1, 3)]).await;
    assert_eq!(outcomes[0], Ok(Outcome::Gap { expected: 2 }));
    assert!(outcomes[1..].iter().all(|outcome| matches!(outcome, Ok(Outcome::Stored(_)))), "{outcomes:?}");
    assert_gapless(&at.entries(&chat).await);
}

async fn first_messages_with_one_token_in_one_batch_begin_one_conversation(at: Fixture) {
    let batch = (1..=5).map(|sender| at.ours.first([7; 32], sender, 1)).collect();
    let mut outcomes = at.append_together(batch).await;
    assert!(stored(outcomes.remove(0)).change.began, "the first one wins");
    assert!(outcomes.iter().all(|outcome| *outcome == Ok(Outcome::AlreadyBegun)), "{outcomes:?}");
    assert_eq!((at.count("conversation").await, at.count("message").await), (1, 1));
}

async fn a_first_message_that_is_refused_does_not_take_the_token_from_a_good_one_in_its_batch(at: Fixture) {
    let outcomes = at.append_together(vec![at.ours.first([7; 32], 1, 2), at.ours.first([7; 32], 2, 1)]).await;
    assert_eq!(outcomes[0], Ok(Outcome::AlreadyBegun));
    assert!(matches!(&outcomes[1], Ok(Outcome::Stored(stored)) if stored.change.began), "{outcomes:?}");
    assert_eq!((at.count("conversation").await, at.count("message").await), (1, 1));
}

async fn the_same_first_message_twice_in_one_batch_is_one_message(at: Fixture) {
    let (first, mut again) = (at.ours.first([7; 32], 1, 1), at.ours.first([7; 32], 1, 1));
    let identity = *first.message.identity();
    again.message = privacy::Message::from_store(identity, again.message.sealed().to_vec());
    again.key = first.key;
    let outcomes = at.append_together(vec![first, again]).await;
    assert!(matches!(&outcomes[0], Ok(Outcome::Stored(stored)) if stored.change.began), "{outcomes:?}");
    assert!(matches!(&outcomes[1], Ok(Outcome::Retried { numbers: n, .. }) if *n == numbers(1, 1)), "{outcomes:?}");
    assert_eq!(at.count("message").await, 1);
}

/// A first message that breaks a rule of the schema: there is no such widget.
fn poisoned(at: &Fixture) -> diskret_store::append::Append {
    let mut poisoned = at.ours.first([0xbb; 32], 1, 1);
    if let Target::New(beginning) = &mut poisoned.target {
        beginning.widget = WidgetId(at.ours.widget.0 + 1000);
    }
    poisoned
}

async fn a_poisoned_message_takes_nobody_with_it(at: Fixture) {
    let chat = at.chat().await;
    assert!(matches!(at.store.append(poisoned(&at)).await, Err(Error::Conflict(_))), "it is poison when alone too");
    let batch = vec![chat.visitor(1, 2), poisoned(&at), chat.visitor(1, 3), chat.operator(at.ours.ada, 1, 1)];
    let mut outcomes = at.append_together(batch).await;
    assert!(matches!(outcomes.remove(1), Err(Error::Conflict(_))));
    let sequences: Vec<_> = outcomes.into_iter().map(|outcome| stored(outcome).numbers.sequence).collect();
    assert_eq!(sequences, [2, 3, 5]);
    assert_gapless(&at.entries(&chat).await);
    assert_eq!(at.count("conversation").await, 1);
}

async fn a_poisoned_first_message_does_not_take_a_good_one_with_it(at: Fixture) {
    let (before, after) = (at.ours.first([1; 32], 1, 1), at.ours.first([2; 32], 1, 1));
    let names: Vec<PublicId> = [&before, &after].map(|first| first.message.identity().conversation).into();
    let mut outcomes = at.append_together(vec![before, poisoned(&at), after]).await;
    assert!(matches!(outcomes.remove(1), Err(Error::Conflict(_))));
    let begun: Vec<ConversationId> = outcomes.into_iter().map(|outcome| stored(outcome).change.conversation).collect();
    for (id, name) in begun.iter().zip(names) {
        assert_eq!(at.store.conversation_named(at.ours.id, name).await.unwrap().id, *id);
    }
    assert_eq!((at.count("conversation").await, at.count("message").await, at.count("job").await), (2, 2, 2));
}

async fn a_message_that_fails_late_does_not_take_conversations_that_begin_with_it(at: Fixture) {
    // A row in the way of this one's next message: everything before it in the batch has been done by then.
    let chat = at.chat().await;
    let raw = at.place.data().await;
    raw.run(&obstacle(&chat, 2)).await;
    let alone = at.store.append(chat.visitor(1, 2)).await;
    assert!(matches!(alone, Err(Error::Conflict(_))), "{alone:?}");
    let (before, after) = (at.ours.first([1; 32], 1, 1), at.ours.first([2; 32], 1, 1));
    let names: Vec<PublicId> = [&before, &after].map(|first| first.message.identity().conversation).into();
    let mut outcomes = at.append_together(vec![before, chat.visitor(1, 2), after]).await;
    let failed = outcomes.remove(1);
    assert!(matches!(failed, Err(Error::Conflict(_))), "{failed:?}");
    for (outcome, name) in outcomes.into_iter().zip(names) {
        let stored = stored(outcome);
        assert!(stored.change.began);
        assert_eq!(at.store.conversation_named(at.ours.id, name).await.unwrap().id, stored.change.conversation);
    }
    assert_eq!((at.count("conversation").await, at.count("job").await), (3, 3));
}

/// A row that a message will run into.
fn obstacle(chat: &crate::fixture::Chat, sequence: i64) -> String {
    format!(
        "INSERT INTO message (conversation_id, sequence, organisation_id, visible, kind, author, sender, counter,
            revision, created_at) VALUES ({}, {sequence}, {}, 3, 0, 0, 9, 1, 0, 0)",
        chat.id, chat.tenant.id
    )
}

async fn a_poisoned_call_takes_nobody_with_it(at: Fixture) {
    let (ours, twin) = (operator(at.ours.id, Role::Agent), operator(at.ours.id, Role::Agent));
    let twin = diskret_store::operator::Operator { email_index: ours.email_index, ..twin };
    let another = operator(at.ours.id, Role::Agent);
    let hold = at.plug(&at.store).await;
    let (outcomes, ()) = tokio::join!(
        join_all([
            at.store.audited(somebody()).insert_operator(ours, START),
            at.store.audited(somebody()).insert_operator(twin, START),
            at.store.audited(somebody()).insert_operator(another, START),
        ]),
        hold.release(),
    );
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok(), "{outcomes:?}");
    assert!(matches!(outcomes[1], Err(Error::Conflict(_))), "{outcomes:?}");
    assert_eq!(at.store.operators(at.ours.id).await.unwrap().len(), 4);
}

async fn a_poisoned_call_leaves_nothing_behind(at: Fixture) {
    // The job of the reopening is enqueued before the conversation's new state fails to be written.
    let chat = at.chat().await;
    let by = (at.ours.ada, crate::fixture::all());
    at.store.audited(somebody()).set_ended(at.ours.id, chat.id, by, true, START, START).await.unwrap().unwrap();
    let raw = at.place.data().await;
    raw.run("DELETE FROM job").await;
    // A row in the way of the event that comes next.
    raw.run(&obstacle(&chat, 3)).await;
    let failed = at.store.audited(somebody()).set_ended(at.ours.id, chat.id, by, false, START, START).await;
    assert!(matches!(failed, Err(Error::Conflict(_))), "{failed:?}");
    assert_eq!(at.count("job").await, 0, "the savepoint took the job back");
    raw.run("DELETE FROM message WHERE sequence = 3").await;
    at.store.audited(somebody()).set_ended(at.ours.id, chat.id, by, false, START, START).await.unwrap().unwrap();
    assert_eq!(at.count("job").await, 1);
}

async fn a_reply_and_the_visitors_next_message_in_one_batch_count_on(at: Fixture) {
    let chat = at.chat().await;
    let batch = vec![
        chat.visitor(1, 2),
        chat.operator(at.ours.ada, 1, 1),
        chat.note(at.ours.ben, 1, 1),
        chat.visitor(1, 3),
        chat.operator(at.ours.ben, 1, 2),
    ];
    let numbered: Vec<_> = at.append_together(batch).await.into_iter().map(|o| stored(o).numbers).collect();
    assert_eq!(numbered, [numbers(2, 2), numbers(4, 4), numbers(5, 4), numbers(6, 5), numbers(7, 6)]);
    assert_gapless(&at.entries(&chat).await);
    assert_eq!(at.head(&chat).await.progress.assignee, Some(at.ours.ada), "who wrote first");
}
