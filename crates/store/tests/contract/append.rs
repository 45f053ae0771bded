//! The way of a message into the store (laws L1, L2, L4).

use std::collections::{HashSet, VecDeque};

use diskret_store::append::{Outcome, Target};
use diskret_store::{Error, Settings};
use domain::conversation::{Author, Event, Kind, State};
use domain::{ConversationId, Language, SenderId};
use futures_util::future::join_all;

use crate::fixture::{Fixture, START, all, assert_gapless, content, moment, numbers, own, somebody, stored};

on_both![
    a_first_message_begins_a_conversation_in_one_commit,
    messages_are_numbered_without_a_gap,
    a_message_that_comes_again_is_answered_with_its_first_numbers_and_not_stored_again,
    a_message_that_comes_again_after_a_restart_is_recognised,
    a_message_whose_predecessor_is_missing_is_refused_until_it_came,
    a_first_message_whose_predecessor_is_missing_leaves_no_empty_conversation,
    a_counter_below_one_is_refused_and_shows_nobody_elses_entry,
    two_page_loads_of_a_visitor_count_for_themselves,
    parallel_first_messages_with_one_token_begin_one_conversation,
    two_hundred_senders_with_eight_messages_under_way_are_stored_gapless_and_each_in_order,
    an_operator_writes_to_nobody_elses_conversation,
    an_operator_without_access_writes_nothing,
    another_organisations_conversation_number_is_not_found,
    a_message_sealed_for_another_conversation_is_not_found,
    a_conversation_that_is_not_there_is_not_found,
    a_note_leaves_the_visitors_numbers_gapless,
    an_operators_first_reply_takes_the_conversation,
    an_operators_note_does_not_take_the_conversation,
    a_message_reopens_an_ended_conversation_and_watches_it_again,
    a_note_does_not_reopen_an_ended_conversation,
    a_full_queue_says_busy_and_nothing_of_it_is_stored,
    the_waiting_time_begins_with_the_visitors_first_unanswered_message,
];

async fn a_first_message_begins_a_conversation_in_one_commit(at: Fixture) {
    assert_eq!((at.count("conversation").await, at.count("message").await, at.count("job").await), (0, 0, 0));
    let first = at.ours.first([7; 32], 1, 1);
    let (name, key) = (first.message.identity().conversation, first.key);
    let stored = stored(at.store.append(first).await);
    assert_eq!(stored.numbers, numbers(1, 1));
    assert!(stored.change.began && stored.change.position > 0);

    let head = at.store.conversation(at.ours.id, stored.change.conversation).await.unwrap();
    assert_eq!((head.name, head.widget, head.key), (name, at.ours.widget, key));
    assert_eq!((head.language, head.progress.state, head.progress.unread), (Language::En, State::New, 1));
    assert_eq!((head.progress.last_sequence, head.progress.last_visible, head.progress.last_message), (1, 1, 1));
    assert_eq!(head.position, stored.change.position);
    assert_eq!(at.store.conversation_named(at.ours.id, name).await, Ok(head.clone()));
    assert_eq!(at.store.conversation_of_token(at.ours.id, [7; 32]).await, Ok(head));
    assert_eq!((at.count("conversation").await, at.count("message").await, at.count("job").await), (1, 1, 1));
}

async fn messages_are_numbered_without_a_gap(at: Fixture) {
    let chat = at.chat().await;
    for counter in 2..=5 {
        let stored = stored(at.store.append(chat.visitor(1, counter)).await);
        assert_eq!(stored.numbers, numbers(counter, counter));
        assert!(!stored.change.began);
    }
    let entries = at.entries(&chat).await;
    assert_eq!(entries.len(), 5);
    assert_gapless(&entries);
}

async fn a_message_that_comes_again_is_answered_with_its_first_numbers_and_not_stored_again(at: Fixture) {
    let chat = at.chat().await;
    let mut second = chat.visitor(1, 2);
    second.at = moment(5);
    assert_eq!(stored(at.store.append(second).await).numbers, numbers(2, 2));
    stored(at.store.append(chat.visitor(1, 3)).await);
    let mut again = chat.visitor(1, 2);
    again.at = moment(99);
    let expected = Outcome::Retried { conversation: chat.id, numbers: numbers(2, 2), at: moment(5) };
    assert_eq!(at.store.append(again).await, Ok(expected));
    let before = at.head(&chat).await;
    assert_eq!(
        at.store.append(chat.visitor(1, 1)).await.map(|outcome| matches!(outcome, Outcome::Retried { .. })),
        Ok(true)
    );
    assert_eq!(at.head(&chat).await, before, "a retry changes nothing");
    assert_eq!(at.entries(&chat).await.len(), 3);
}

async fn a_message_that_comes_again_after_a_restart_is_recognised(mut at: Fixture) {
    let chat = at.chat().await;
    stored(at.store.append(chat.visitor(1, 2)).await);
    at.restart().await;
    let again = at.store.append(chat.visitor(1, 2)).await.unwrap();
    assert!(matches!(again, Outcome::Retried { numbers: n, .. } if n == numbers(2, 2)), "{again:?}");
    assert_eq!(stored(at.store.append(chat.visitor(1, 3)).await).numbers, numbers(3, 3));
    assert_gapless(&at.entries(&chat).await);
}

async fn a_message_whose_predecessor_is_missing_is_refused_until_it_came(at: Fixture) {
    let chat = at.chat().await;
    assert_eq!(at.store.append(chat.visitor(1, 3)).await, Ok(Outcome::Gap { expected: 2 }));
    assert_eq!(at.store.append(chat.visitor(2, 2)).await, Ok(Outcome::Gap { expected: 1 }), "of a sender never seen");
    assert_eq!(at.entries(&chat).await.len(), 1, "nothing was stored");
    for counter in 2..=3 {
        stored(at.store.append(chat.visitor(1, counter)).await);
    }
    assert_gapless(&at.entries(&chat).await);
}

async fn a_first_message_whose_predecessor_is_missing_leaves_no_empty_conversation(at: Fixture) {
    for counter in [2, 0, -1] {
        let outcome = at.store.append(at.ours.first([7; 32], 1, counter)).await;
        assert_eq!(outcome, Ok(Outcome::Gap { expected: 1 }));
    }
    assert_eq!((at.count("conversation").await, at.count("job").await), (0, 0));
    assert_eq!(stored(at.store.append(at.ours.first([7; 32], 1, 1)).await).numbers, numbers(1, 1));
    assert_eq!((at.count("conversation").await, at.count("job").await), (1, 1));
}

async fn a_counter_below_one_is_refused_and_shows_nobody_elses_entry(at: Fixture) {
    let chat = at.chat().await;
    // An event is stored under its author with sender 0 and counter 0: the one that a forged retry could hit.
    stored(at.store.append(chat.operator(at.ours.ada, 5, 1)).await);
    assert_eq!(at.entries(&chat).await[1].counter, 0, "the event is there");
    for counter in [0, -1, i64::MIN] {
        assert_eq!(at.store.append(chat.operator(at.ours.ada, 0, counter)).await, Ok(Outcome::Gap { expected: 1 }));
        assert_eq!(at.store.append(chat.visitor(1, counter)).await, Ok(Outcome::Gap { expected: 2 }));
    }
    assert_eq!(at.store.append(chat.visitor(1, i64::MAX)).await, Ok(Outcome::Gap { expected: 2 }));
}

async fn two_page_loads_of_a_visitor_count_for_themselves(at: Fixture) {
    let chat = at.chat().await;
    assert_eq!(stored(at.store.append(chat.visitor(2, 1)).await).numbers, numbers(2, 2));
    assert_eq!(stored(at.store.append(chat.visitor(1, 2)).await).numbers, numbers(3, 3));
    assert_eq!(stored(at.store.append(chat.visitor(i64::MIN, 1)).await).numbers, numbers(4, 4));
    let senders: Vec<SenderId> = at.entries(&chat).await.iter().map(|entry| entry.sender).collect();
    assert_eq!(senders, [1, 2, 1, i64::MIN].map(SenderId));
}

async fn parallel_first_messages_with_one_token_begin_one_conversation(at: Fixture) {
    let outcomes = join_all((1..=20).map(|sender| at.store.append(at.ours.first([7; 32], sender, 1)))).await;
    let begun = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Outcome::Stored(stored)) if stored.change.began));
    assert_eq!(begun.count(), 1);
    let told = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Outcome::AlreadyBegun)));
    assert_eq!(told.count(), 19);
    assert_eq!((at.count("conversation").await, at.count("message").await), (1, 1));
    // The other organisation cannot be answered with ours either.
    assert_eq!(at.store.append(at.theirs.first([7; 32], 1, 1)).await, Ok(Outcome::AlreadyBegun));
    assert_eq!(at.store.conversation_of_token(at.theirs.id, [7; 32]).await, Err(Error::NotFound));
}

async fn two_hundred_senders_with_eight_messages_under_way_are_stored_gapless_and_each_in_order(at: Fixture) {
    const SENDERS: i64 = 200;
    const EACH: i64 = 12;
    let chat = at.chat().await;
    let senders = (0..SENDERS).map(|sender| {
        let (store, chat) = (at.store.clone(), chat.clone());
        tokio::spawn(async move {
            let mut under_way = VecDeque::new();
            let mut last = 0;
            for counter in 1..=EACH {
                under_way.push_back(tokio::spawn(store.append(chat.visitor(100 + sender, counter))));
                if under_way.len() == 8 || counter == EACH {
                    while under_way.len() > if counter == EACH { 0 } else { 7 } {
                        let now = stored(under_way.pop_front().unwrap().await.unwrap()).numbers.sequence;
                        assert!(now > last, "in the order in which they were given");
                        last = now;
                    }
                }
            }
        })
    });
    for sender in join_all(senders).await {
        sender.unwrap();
    }
    let entries = at.entries(&chat).await;
    assert_eq!(entries.len() as i64, 1 + SENDERS * EACH);
    assert_gapless(&entries);
    let head = at.head(&chat).await;
    assert_eq!((head.progress.last_sequence, head.progress.unread), (1 + SENDERS * EACH, 1 + SENDERS * EACH));
}

async fn an_operator_writes_to_nobody_elses_conversation(at: Fixture) {
    let chat = at.chat().await;
    let mut from_ben = chat.operator(at.ours.ben, 1, 1);
    from_ben.access = Some(own());
    stored(at.store.append(from_ben).await);
    let before = at.head(&chat).await;
    assert_eq!(before.progress.assignee, Some(at.ours.ben), "an agent may take what nobody has");
    stored(at.store.append(chat.operator(at.ours.ada, 1, 1)).await);

    let change =
        at.store.audited(somebody()).assign(at.ours.id, chat.id, (at.ours.ada, all()), Some(at.ours.ada), moment(9));
    change.await.unwrap().unwrap();
    let before = at.head(&chat).await;
    for note in [false, true] {
        let mut from_ben = if note { chat.note(at.ours.ben, 1, 2) } else { chat.operator(at.ours.ben, 1, 2) };
        from_ben.access = Some(own());
        assert_eq!(at.store.append(from_ben).await, Ok(Outcome::OutOfReach));
    }
    assert_eq!(at.head(&chat).await, before, "nothing was stored");
}

async fn an_operator_without_access_writes_nothing(at: Fixture) {
    let chat = at.chat().await;
    let mut from_ada = chat.operator(at.ours.ada, 1, 1);
    from_ada.access = None;
    assert_eq!(at.store.append(from_ada).await, Ok(Outcome::OutOfReach));
    assert_eq!(at.entries(&chat).await.len(), 1);
    stored(at.store.append(chat.operator(at.ours.ada, 1, 1)).await);
}

async fn another_organisations_conversation_number_is_not_found(at: Fixture) {
    let chat = at.chat().await;
    // SZ4: everything is right but the tenant, down to the conversation's secret name.
    let mut foreign = chat.visitor(1, 2);
    foreign.organisation = at.theirs.id;
    assert_eq!(at.store.append(foreign).await, Ok(Outcome::NotFound));
    let mut foreign = chat.operator(at.theirs.ada, 1, 1);
    foreign.organisation = at.theirs.id;
    assert_eq!(at.store.append(foreign).await, Ok(Outcome::NotFound));
    // A retry would tell that it is there.
    let mut foreign = chat.visitor(1, 1);
    foreign.organisation = at.theirs.id;
    assert_eq!(at.store.append(foreign).await, Ok(Outcome::NotFound));
    assert_eq!(at.entries(&chat).await.len(), 1);
    stored(at.store.append(chat.visitor(1, 2)).await);
}

async fn a_message_sealed_for_another_conversation_is_not_found(at: Fixture) {
    let (chat, other) = (at.chat().await, at.chat().await);
    let mut moved = chat.visitor(1, 2);
    moved.target = Target::Conversation(other.id);
    assert_eq!(at.store.append(moved).await, Ok(Outcome::NotFound));
    assert_eq!((at.entries(&chat).await.len(), at.entries(&other).await.len()), (1, 1));
    stored(at.store.append(chat.visitor(1, 2)).await);
}

async fn a_conversation_that_is_not_there_is_not_found(at: Fixture) {
    let chat = at.chat().await;
    for id in [0, -1, chat.id.0 + 1, i64::MAX] {
        let mut lost = chat.visitor(1, 2);
        lost.target = Target::Conversation(ConversationId(id));
        assert_eq!(at.store.append(lost).await, Ok(Outcome::NotFound));
    }
}

async fn a_note_leaves_the_visitors_numbers_gapless(at: Fixture) {
    let chat = at.chat().await;
    assert_eq!(stored(at.store.append(chat.note(at.ours.ada, 1, 1)).await).numbers, numbers(2, 1));
    assert_eq!(stored(at.store.append(chat.note(at.ours.ada, 1, 2)).await).numbers, numbers(3, 1));
    assert_eq!(stored(at.store.append(chat.visitor(1, 2)).await).numbers, numbers(4, 2));
    let entries = at.entries(&chat).await;
    assert_gapless(&entries);
    let kinds: Vec<Kind> = entries.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [Kind::Message, Kind::Note, Kind::Note, Kind::Message]);
    assert!(entries[1].message.as_ref().unwrap().identity().note, "the seal knows that it is a note");
    let seen: Vec<i64> = entries.iter().filter(|e| e.kind.is_visible()).map(|e| e.numbers.visible).collect();
    assert_eq!(seen, [1, 2], "what the visitor counts");
    assert_eq!(at.head(&chat).await.progress.last_message, 4);
}

async fn an_operators_first_reply_takes_the_conversation(at: Fixture) {
    let chat = at.chat().await;
    assert_eq!(at.head(&chat).await.progress.assignee, None);
    let stored = stored(at.store.append(chat.operator(at.ours.ada, 1, 1)).await);
    assert_eq!(stored.numbers, numbers(3, 3), "the event comes before it");
    assert_eq!((stored.change.previous.assignee, stored.change.progress.assignee), (None, Some(at.ours.ada)));
    let entries = at.entries(&chat).await;
    assert_gapless(&entries);
    assert_eq!(entries[1].kind, Kind::Event(Event::Assigned(Some(at.ours.ada))));
    assert_eq!((entries[1].author, entries[1].message.is_none()), (Author::Operator(at.ours.ada), true));
    assert_eq!((entries[2].kind, entries[2].author), (Kind::Message, Author::Operator(at.ours.ada)));
    let head = at.head(&chat).await;
    assert_eq!((head.progress.state, head.progress.assignee), (State::Pending, Some(at.ours.ada)));
    // The second reply brings no second event.
    assert_eq!(self::stored(at.store.append(chat.operator(at.ours.ada, 1, 2)).await).numbers, numbers(4, 4));
}

async fn an_operators_note_does_not_take_the_conversation(at: Fixture) {
    let chat = at.chat().await;
    stored(at.store.append(chat.note(at.ours.ada, 1, 1)).await);
    let head = at.head(&chat).await;
    assert_eq!((head.progress.assignee, head.progress.state), (None, State::New));
}

async fn a_message_reopens_an_ended_conversation_and_watches_it_again(at: Fixture) {
    let chat = at.chat().await;
    stored(at.store.append(chat.operator(at.ours.ada, 1, 1)).await);
    let by = (at.ours.ada, all());
    at.store.audited(somebody()).set_ended(at.ours.id, chat.id, by, true, moment(5), moment(6)).await.unwrap().unwrap();
    at.place.data().await.run("DELETE FROM job").await;
    assert_eq!(at.head(&chat).await.progress.state, State::Ended);

    let mut message = chat.visitor(1, 2);
    (message.at, message.idle_at) = (moment(7), moment(8));
    stored(at.store.append(message).await);
    let head = at.head(&chat).await;
    assert_eq!((head.progress.state, head.progress.assignee), (State::Open, Some(at.ours.ada)));
    assert_eq!(head.last_at, moment(7));
    let jobs = at.place.data().await.rows("SELECT kind, subject, run_at FROM job").await;
    assert_eq!(jobs, [["end_idle".to_owned(), chat.id.to_string(), moment(8).0.to_string()]]);
}

async fn a_note_does_not_reopen_an_ended_conversation(at: Fixture) {
    let chat = at.chat().await;
    let by = (at.ours.ada, all());
    at.store.audited(somebody()).set_ended(at.ours.id, chat.id, by, true, moment(5), moment(6)).await.unwrap().unwrap();
    at.place.data().await.run("DELETE FROM job").await;
    stored(at.store.append(chat.note(at.ours.ada, 1, 1)).await);
    assert_eq!(at.head(&chat).await.progress.state, State::Ended);
    assert_eq!(at.count("job").await, 0);
}

async fn a_full_queue_says_busy_and_nothing_of_it_is_stored(at: Fixture) {
    const GIVEN: i64 = 40;
    let chat = at.chat().await;
    let small = at.node(Settings { queue: 4, readers: 1, ..Settings::default() }).await;
    let hold = at.plug(&small).await;
    let outcomes: Vec<_> = (1..=GIVEN).map(|sender| small.append(chat.visitor(100 + sender, 1))).collect();
    assert_eq!(
        small.audited(somebody()).install([1; 32], [9; 32], vec![]).await,
        Err(Error::Busy),
        "calls wait in the same queue"
    );
    hold.release().await;
    let outcomes = join_all(outcomes).await;
    assert!(outcomes[..4].iter().all(|outcome| matches!(outcome, Ok(Outcome::Stored(_)))), "{outcomes:?}");
    assert!(outcomes[4..].iter().all(|outcome| *outcome == Err(Error::Busy)), "{outcomes:?}");
    assert_eq!(at.store.installation().await, Ok(None));
    let there: HashSet<SenderId> = at.entries(&chat).await.iter().map(|entry| entry.sender).collect();
    for (sender, outcome) in (101..).zip(&outcomes) {
        assert_eq!(there.contains(&SenderId(sender)), outcome.is_ok(), "{sender}: {outcome:?}");
    }
    // Who heard "busy" tries again.
    self::stored(at.store.append(chat.visitor(100 + GIVEN, 1)).await);
}

async fn the_waiting_time_begins_with_the_visitors_first_unanswered_message(at: Fixture) {
    let chat = at.chat().await;
    let mut second = chat.visitor(1, 2);
    second.at = moment(50);
    stored(at.store.append(second).await);
    assert_eq!(at.head(&chat).await.progress.waiting_since, Some(START));
    stored(at.store.append(chat.operator(at.ours.ada, 1, 1)).await);
    assert_eq!(at.head(&chat).await.progress.waiting_since, None);
    let mut third = chat.visitor(1, 3);
    third.at = moment(70);
    stored(at.store.append(third).await);
    assert_eq!(at.head(&chat).await.progress.waiting_since, Some(moment(70)));
    assert_eq!(at.entries(&chat).await[0].message.as_ref().unwrap().sealed(), content(1, 1));
}
