//! Several nodes on one database: what holds in one process holds between them (law L1).

use diskret_store::append::Outcome;
use diskret_store::conversation::Seen;
use diskret_store::{Settings, Store};
use futures_util::future::join_all;

use crate::fixture::{Chat, Fixture, Hold, START, all, assert_gapless, numbers, somebody, stored};

on_both![
    a_message_that_reaches_two_nodes_at_once_is_stored_once,
    a_retry_at_another_node_is_recognised_although_it_had_to_wait,
    a_visitor_message_that_is_stored_while_the_team_looks_stays_unread,
    first_messages_with_one_token_at_two_nodes_begin_one_conversation,
    two_nodes_number_one_conversation_without_a_gap,
    two_nodes_that_write_to_the_same_conversations_do_not_block_each_other,
    a_reassignment_at_another_node_is_seen_by_the_message_that_waited_for_it,
];

/// Makes whoever touches this conversation wait.
async fn hold(at: &Fixture, chat: &Chat) -> Hold {
    let hold = Hold::new(at.place.data().await);
    let text = if at.is_postgres() {
        format!("BEGIN; SELECT 1 FROM head WHERE conversation_id = {} FOR UPDATE", chat.id)
    } else {
        "BEGIN IMMEDIATE".to_owned()
    };
    hold.raw().run(&text).await;
    hold
}

async fn a_message_that_reaches_two_nodes_at_once_is_stored_once(at: Fixture) {
    let chat = at.chat().await;
    let other = at.node(Settings::default()).await;
    for counter in 2..=40 {
        let both = join_all([at.store.append(chat.visitor(1, counter)), other.append(chat.visitor(1, counter))]).await;
        let stored = both.iter().filter(|outcome| matches!(outcome, Ok(Outcome::Stored(_)))).count();
        let retried = both.iter().filter(|outcome| matches!(outcome, Ok(Outcome::Retried { .. }))).count();
        assert_eq!((stored, retried), (1, 1), "{both:?}");
    }
    let entries = at.entries(&chat).await;
    assert_eq!(entries.len(), 40);
    assert_gapless(&entries);
}

async fn a_retry_at_another_node_is_recognised_although_it_had_to_wait(at: Fixture) {
    let chat = at.chat().await;
    let other = at.node(Settings::default()).await;
    let hold = hold(&at, &chat).await;
    let first = tokio::spawn(at.store.append(chat.visitor(5, 1)));
    hold.until_somebody_waits(1).await;
    let second = tokio::spawn(other.append(chat.visitor(5, 1)));
    hold.until_somebody_waits(2).await;
    hold.release().await;
    let both = [first.await.unwrap(), second.await.unwrap()];
    assert!(both.iter().any(|outcome| matches!(outcome, Ok(Outcome::Stored(_)))), "{both:?}");
    assert!(both.iter().any(|outcome| matches!(outcome, Ok(Outcome::Retried { .. }))), "{both:?}");
    let entries = at.entries(&chat).await;
    assert_eq!(entries.len(), 2);
    assert_gapless(&entries);
}

async fn a_visitor_message_that_is_stored_while_the_team_looks_stays_unread(at: Fixture) {
    let chat = at.chat().await;
    let other = at.node(Settings::default()).await;
    let hold = hold(&at, &chat).await;
    let message = tokio::spawn(at.store.append(chat.visitor(1, 2)));
    hold.until_somebody_waits(1).await;
    let (ours, id) = (at.ours.id, chat.id);
    let seen = tokio::spawn(async move { other.see(ours, id, Seen::Team(1)).await });
    hold.until_somebody_waits(2).await;
    hold.release().await;
    stored(message.await.unwrap());
    assert_eq!(seen.await.unwrap(), Ok(Some(1)));
    assert_eq!(at.head(&chat).await.progress.unread, 1, "the second message was not seen");
}

async fn first_messages_with_one_token_at_two_nodes_begin_one_conversation(at: Fixture) {
    let other = at.node(Settings::default()).await;
    for token in 0..20_u8 {
        let both = join_all([
            at.store.append(at.ours.first([token; 32], 1, 1)),
            other.append(at.ours.first([token; 32], 2, 1)),
        ])
        .await;
        let begun = both.iter().filter(|outcome| matches!(outcome, Ok(Outcome::Stored(_)))).count();
        let told = both.iter().filter(|outcome| **outcome == Ok(Outcome::AlreadyBegun)).count();
        assert_eq!((begun, told), (1, 1), "{both:?}");
    }
    assert_eq!((at.count("conversation").await, at.count("message").await), (20, 20));
}

async fn two_nodes_number_one_conversation_without_a_gap(at: Fixture) {
    let chat = at.chat().await;
    let other = at.node(Settings::default()).await;
    let senders = (0..20).map(|sender| {
        let (store, chat) = (if sender % 2 == 0 { at.store.clone() } else { other.clone() }, chat.clone());
        tokio::spawn(async move {
            for counter in 1..=20 {
                stored(store.append(chat.visitor(100 + sender, counter)).await);
            }
        })
    });
    for sender in join_all(senders).await {
        sender.unwrap();
    }
    let entries = at.entries(&chat).await;
    assert_eq!(entries.len(), 401);
    assert_gapless(&entries);
}

async fn two_nodes_that_write_to_the_same_conversations_do_not_block_each_other(at: Fixture) {
    let mut chats = Vec::new();
    for _ in 0..12 {
        chats.push(at.chat().await);
    }
    let other = at.node(Settings::default()).await;
    let nodes: [(Store, i64); 2] = [(at.store.clone(), 100), (other, 200)];
    let writers = nodes.into_iter().map(|(store, sender)| {
        // One goes through them forwards, the other backwards: the worst order of locks.
        let mut chats = chats.clone();
        if sender == 200 {
            chats.reverse();
        }
        tokio::spawn(async move {
            for counter in 1..=25 {
                let batch: Vec<_> = chats.iter().map(|chat| store.append(chat.visitor(sender, counter))).collect();
                for outcome in join_all(batch).await {
                    stored(outcome);
                }
            }
        })
    });
    for writer in join_all(writers).await {
        writer.unwrap();
    }
    for chat in &chats {
        let entries = at.entries(chat).await;
        assert_eq!(entries.len(), 51);
        assert_gapless(&entries);
    }
}

async fn a_reassignment_at_another_node_is_seen_by_the_message_that_waited_for_it(at: Fixture) {
    let chat = at.chat().await;
    at.store
        .audited(somebody())
        .assign(at.ours.id, chat.id, (at.ours.ada, all()), Some(at.ours.ben), START)
        .await
        .unwrap()
        .unwrap();
    let other = at.node(Settings::default()).await;
    let hold = hold(&at, &chat).await;
    let (store, ours, id, ada) = (at.store.clone(), at.ours.id, chat.id, at.ours.ada);
    let given =
        tokio::spawn(async move { store.audited(somebody()).assign(ours, id, (ada, all()), Some(ada), START).await });
    hold.until_somebody_waits(1).await;
    if !at.is_postgres() {
        // SQLite wakes waiters in no order: let the reassignment go first.
        hold.release().await;
        given.await.unwrap().unwrap().unwrap();
        let mut from_ben = chat.operator(at.ours.ben, 1, 1);
        from_ben.access = Some(crate::fixture::own());
        assert_eq!(other.append(from_ben).await, Ok(Outcome::OutOfReach));
        return;
    }
    let mut from_ben = chat.operator(at.ours.ben, 1, 1);
    from_ben.access = Some(crate::fixture::own());
    let message = tokio::spawn(other.append(from_ben));
    hold.until_somebody_waits(2).await;
    hold.release().await;
    assert_eq!(given.await.unwrap().unwrap().unwrap().progress.last_sequence, 3);
    assert_eq!(message.await.unwrap(), Ok(Outcome::OutOfReach));
    assert_eq!(at.entries(&chat).await.last().unwrap().numbers, numbers(3, 3));
}
