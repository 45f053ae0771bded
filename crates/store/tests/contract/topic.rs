//! Topics: what conversations are about, and what becomes of a number.

use std::collections::BTreeSet;

use diskret_store::topic::Topic;
use diskret_store::{Error, Settings};
use domain::access::{Access, Level, Reach};
use domain::conversation::{Author, Event, Kind};
use domain::limits::TOPICS_EACH;
use domain::{Groups, Topics};
use futures_util::future::join_all;
use privacy::random;

use crate::fixture::{Chat, Fixture, START, Tenant, all, assert_gapless, somebody, stored};

on_both![
    topics_are_numbered_and_a_number_is_given_again_only_if_it_was_never_used,
    topics_added_at_once_get_different_numbers,
    a_conversation_comes_to_be_about_topics_and_is_so_no_more,
    what_changes_nothing_is_no_change,
    a_conversation_has_no_more_topics_than_it_may,
    an_archived_topic_stays_where_it_is_and_comes_nowhere_else,
    a_topic_that_is_not_there_or_another_organisations_changes_nothing,
    whoever_may_not_touch_a_conversation_does_not_file_it,
    a_message_changes_no_topic_and_the_sweep_finds_them,
    a_topic_deleted_while_it_is_given_is_either_deleted_or_given,
];

const NONE: Topics = Topics::from_bits(0);

async fn topic_of(at: &Fixture, tenant: &Tenant, title: &str) -> Topic {
    at.store.audited(somebody()).insert_topic(tenant.id, random::public_id(), title.to_owned(), 3, START).await.unwrap()
}

async fn topic(at: &Fixture, title: &str) -> Topic {
    topic_of(at, &at.ours, title).await
}

fn set(topics: &[&Topic]) -> Topics {
    topics.iter().map(|topic| topic.number).collect()
}

async fn file(at: &Fixture, chat: &Chat, add: Topics, remove: Topics) -> Result<bool, Error> {
    let by = (at.ours.ada, all());
    at.store
        .audited(somebody())
        .set_topics(at.ours.id, chat.id, by, (add, remove), START)
        .await
        .map(|change| change.is_some())
}

async fn topics_are_numbered_and_a_number_is_given_again_only_if_it_was_never_used(at: Fixture) {
    let (returns, invoice) = (topic(&at, "Returns").await, topic(&at, "Invoice").await);
    assert_eq!((returns.number.number(), invoice.number.number()), (0, 1));
    let chat = at.chat().await;
    assert_eq!(file(&at, &chat, set(&[&returns]), NONE).await, Ok(true));
    assert_eq!(file(&at, &chat, NONE, set(&[&returns])).await, Ok(true));
    let refused = at.store.audited(somebody()).delete_topic(at.ours.id, returns.number).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "its event still stands there: {refused:?}");
    at.store.audited(somebody()).delete_topic(at.ours.id, invoice.number).await.unwrap();
    assert_eq!(topic(&at, "Warranty").await.number, invoice.number);
    let changed = Topic { title: "Refunds".to_owned(), colour: 5, is_archived: true, is_used: true, ..returns };
    at.store.audited(somebody()).change_topic(changed.clone()).await.unwrap();
    assert_eq!(at.store.topics(at.ours.id).await.unwrap()[0], changed);
    for number in 2..Topics::MOST {
        assert_eq!(topic(&at, "Another").await.number.number(), number);
    }
    let full =
        at.store.audited(somebody()).insert_topic(at.ours.id, random::public_id(), "More".to_owned(), 0, START).await;
    assert!(matches!(full, Err(Error::Conflict(_))), "{full:?}");
    assert_eq!(topic_of(&at, &at.theirs, "Returns").await.number.number(), 0, "each organisation has its own");
}

async fn topics_added_at_once_get_different_numbers(at: Fixture) {
    let other = at.node(Settings::default()).await;
    let made = join_all((0..20).map(|index| {
        let store = if index % 2 == 0 { &at.store } else { &other };
        store.audited(somebody()).insert_topic(at.ours.id, random::public_id(), "Topic".to_owned(), 0, START)
    }));
    let numbers: BTreeSet<i64> = made.await.into_iter().map(|made| made.unwrap().number.number()).collect();
    assert_eq!(numbers, (0..20).collect());
}

async fn a_conversation_comes_to_be_about_topics_and_is_so_no_more(at: Fixture) {
    let (returns, invoice) = (topic(&at, "Returns").await, topic(&at, "Invoice").await);
    let chat = at.chat().await;
    file(&at, &chat, set(&[&returns]), NONE).await.unwrap();
    let by = (at.ours.ben, all());
    let change = at
        .store
        .audited(somebody())
        .set_topics(at.ours.id, chat.id, by, (set(&[&invoice]), set(&[&returns])), START)
        .await;
    let change = change.unwrap().unwrap();
    assert_eq!(change.progress.topics, set(&[&invoice]));
    let head = at.head(&chat).await;
    assert_eq!((head.progress, head.position), (change.progress, change.position));
    assert_eq!((head.progress.last_sequence, head.progress.last_visible, head.progress.unread), (4, 1, 1));
    let entries = at.entries(&chat).await;
    assert_gapless(&entries);
    let events: Vec<_> = entries[1..].iter().map(|entry| (entry.author, entry.kind)).collect();
    let (ada, ben) = (Author::Operator(at.ours.ada), Author::Operator(at.ours.ben));
    assert_eq!(
        events,
        [
            (ada, Kind::Event(Event::TopicsAdded(set(&[&returns])))),
            (ben, Kind::Event(Event::TopicsRemoved(set(&[&returns])))),
            (ben, Kind::Event(Event::TopicsAdded(set(&[&invoice])))),
        ]
    );
}

async fn what_changes_nothing_is_no_change(at: Fixture) {
    let returns = topic(&at, "Returns").await;
    let chat = at.chat().await;
    assert_eq!(file(&at, &chat, set(&[&returns]), NONE).await, Ok(true));
    let before = at.head(&chat).await;
    assert_eq!(file(&at, &chat, set(&[&returns]), NONE).await, Ok(false));
    assert_eq!(file(&at, &chat, NONE, Topics::from_bits(0b110)).await, Ok(false));
    assert_eq!(file(&at, &chat, NONE, NONE).await, Ok(false));
    assert_eq!(at.head(&chat).await, before);
}

async fn a_conversation_has_no_more_topics_than_it_may(at: Fixture) {
    let mut topics = Vec::new();
    for _ in 0..=TOPICS_EACH {
        topics.push(topic(&at, "Topic").await);
    }
    let (some, last) = topics.split_at(TOPICS_EACH);
    let chat = at.chat().await;
    assert_eq!(file(&at, &chat, some.iter().map(|topic| topic.number).collect(), NONE).await, Ok(true));
    let one_more = file(&at, &chat, set(&[&last[0]]), NONE).await;
    assert!(matches!(one_more, Err(Error::Conflict(_))), "{one_more:?}");
    assert!(!at.store.topics(at.ours.id).await.unwrap().last().unwrap().is_used, "taken back as a whole");
    assert_eq!(file(&at, &chat, set(&[&last[0]]), set(&[&some[0]])).await, Ok(true), "one for another");
    assert_eq!(at.head(&chat).await.progress.topics.count(), TOPICS_EACH);
}

async fn an_archived_topic_stays_where_it_is_and_comes_nowhere_else(at: Fixture) {
    let (returns, invoice) = (topic(&at, "Returns").await, topic(&at, "Invoice").await);
    let (chat, other) = (at.chat().await, at.chat().await);
    file(&at, &chat, set(&[&returns]), NONE).await.unwrap();
    at.store.audited(somebody()).change_topic(Topic { is_archived: true, ..returns.clone() }).await.unwrap();
    assert_eq!(file(&at, &other, set(&[&returns]), NONE).await, Err(Error::NotFound));
    assert_eq!(file(&at, &chat, set(&[&returns, &invoice]), NONE).await, Ok(true), "it has the archived one already");
    assert_eq!(file(&at, &chat, NONE, set(&[&returns])).await, Ok(true));
    assert_eq!(file(&at, &chat, set(&[&returns]), NONE).await, Err(Error::NotFound));
    assert_eq!(at.head(&chat).await.progress.topics, set(&[&invoice]));
}

async fn a_topic_that_is_not_there_or_another_organisations_changes_nothing(at: Fixture) {
    let returns = topic(&at, "Returns").await;
    for _ in 0..3 {
        topic_of(&at, &at.theirs, "Theirs").await;
    }
    let chat = at.chat().await;
    let unknown = Topics::from_bits(0b100);
    assert_eq!(file(&at, &chat, unknown, NONE).await, Err(Error::NotFound), "theirs is none of ours");
    assert_eq!(file(&at, &chat, set(&[&returns]).and(unknown), NONE).await, Err(Error::NotFound));
    assert_eq!(at.entries(&chat).await.len(), 1);
    assert!(at.store.topics(at.theirs.id).await.unwrap().iter().all(|topic| !topic.is_used));
    let (by, both) = ((at.theirs.ada, all()), (Topics::from_bits(1), NONE));
    let foreign = at.store.audited(somebody()).set_topics(at.theirs.id, chat.id, by, both, START).await;
    assert_eq!(foreign.unwrap_err(), Error::NotFound, "their conversation it is not");
    assert_eq!(file(&at, &chat, set(&[&returns]), NONE).await, Ok(true));
}

async fn whoever_may_not_touch_a_conversation_does_not_file_it(at: Fixture) {
    let returns = topic(&at, "Returns").await;
    let chat = at.chat().await;
    let own = Access { level: Level::Write, reach: Reach::Own, groups: Groups::default() };
    let topics = (set(&[&returns]), NONE);
    let by_ben = || at.store.audited(somebody()).set_topics(at.ours.id, chat.id, (at.ours.ben, own), topics, START);
    at.store
        .audited(somebody())
        .assign(at.ours.id, chat.id, (at.ours.ada, all()), Some(at.ours.ada), START)
        .await
        .unwrap();
    assert_eq!(by_ben().await.unwrap_err(), Error::OutOfReach);
    assert!(at.head(&chat).await.progress.topics.is_empty());
    at.store.audited(somebody()).assign(at.ours.id, chat.id, (at.ours.ada, all()), None, START).await.unwrap();
    assert!(by_ben().await.unwrap().is_some(), "nobody's is within reach");
}

async fn a_message_changes_no_topic_and_the_sweep_finds_them(at: Fixture) {
    let returns = topic(&at, "Returns").await;
    let chat = at.chat().await;
    file(&at, &chat, set(&[&returns]), NONE).await.unwrap();
    for append in [chat.visitor(1, 2), chat.operator(at.ours.ben, 2, 1), chat.visitor(1, 3)] {
        let progress = stored(at.store.append(append).await).change.progress;
        assert_eq!(progress.topics, set(&[&returns]));
        assert_eq!(at.head(&chat).await.progress, progress);
    }
    let found = at.store.changes_after(vec![at.ours.id], 0).await.unwrap();
    assert_eq!(found.last().unwrap().change.progress, at.head(&chat).await.progress);
}

async fn a_topic_deleted_while_it_is_given_is_either_deleted_or_given(at: Fixture) {
    let other = at.node(Settings::default()).await;
    for _ in 0..20 {
        let (topic, chat) = (topic(&at, "Short").await, at.chat().await);
        let (given, deleted) = tokio::join!(
            file(&at, &chat, set(&[&topic]), NONE),
            other.audited(somebody()).delete_topic(at.ours.id, topic.number)
        );
        let there = at.store.topics(at.ours.id).await.unwrap().iter().any(|one| one.name == topic.name);
        assert_eq!(given.is_ok(), there, "{given:?}");
        assert_eq!(deleted.is_err(), there, "{deleted:?}");
        assert_eq!(at.head(&chat).await.progress.topics.is_empty(), !there);
    }
}
