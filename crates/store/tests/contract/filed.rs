//! What has ended is filed by what decides how long it is kept, whatever happens to it afterwards; and what nobody filed is.

use std::time::Duration;

use diskret_store::append::Append;
use diskret_store::conversation::Class;
use diskret_store::erasure::Subject;
use domain::conversation::State;
use domain::erasure::Cause;
use domain::{ConversationId, Timestamp, Topics};
use privacy::random;

use crate::erasure::{ask, request};
use crate::fixture::{Chat, Fixture, IDLE, START, all, somebody, stored};

on_both![
    what_it_is_about_moves_an_ended_conversation_to_another_class,
    what_is_shown_and_what_is_swept_is_one_moment_also_when_the_last_message_goes,
    what_is_out_of_sight_is_filed_again_when_it_is_back,
    what_a_node_of_the_version_before_ended_or_took_up_is_filed,
    a_page_at_a_time_everything_is_looked_through,
];

const HOUR: Duration = Duration::from_secs(3600);
const FAR: Timestamp = Timestamp(i64::MAX);

async fn end(at: &Fixture, chat: &Chat) {
    let (by, when) = ((at.ours.ada, all()), START.plus(HOUR * 5));
    at.store.audited(somebody()).set_ended(at.ours.id, chat.id, by, true, when, when.plus(IDLE)).await.unwrap();
}

/// By class: what it is about, when the oldest was last spoken in, and which ones are found.
async fn filed(at: &Fixture) -> Vec<(Topics, Timestamp, Vec<ConversationId>)> {
    let mut found = Vec::new();
    for class in at.store.ended_classes(at.ours.id).await.unwrap() {
        let Class { widget, topics, oldest_at } = class;
        assert_eq!(widget, at.ours.widget);
        let page = at.store.ended(at.ours.id, class, None, (FAR, START), 100).await.unwrap();
        assert_eq!(at.store.oldest_ended(at.ours.id, class, START).await.unwrap(), page.first().map(|one| one.said_at));
        found.push((topics, oldest_at, page.into_iter().map(|spoken| spoken.id).collect()));
    }
    found
}

async fn what_it_is_about_moves_an_ended_conversation_to_another_class(at: Fixture) {
    let (chat, other) = (at.chat().await, at.chat().await);
    let title = "Vertrag".to_owned();
    let topic =
        at.store.audited(somebody()).insert_topic(at.ours.id, random::public_id(), title, 1, START).await.unwrap();
    end(&at, &chat).await;
    end(&at, &other).await;
    assert_eq!(filed(&at).await, [(Topics::default(), START, vec![chat.id, other.id])]);
    let about = Topics::default().with(topic.number);
    let by = (at.ours.ada, all());
    let set = at.store.audited(somebody()).set_topics(at.ours.id, chat.id, by, (about, Topics::default()), START);
    set.await.unwrap();
    assert_eq!(filed(&at).await, [(Topics::default(), START, vec![other.id]), (about, START, vec![chat.id])]);
}

async fn what_is_shown_and_what_is_swept_is_one_moment_also_when_the_last_message_goes(at: Fixture) {
    let chat = at.chat().await;
    let said = START.plus(HOUR);
    stored(at.store.append(Append { at: said, ..chat.operator(at.ours.ada, 2, 1) }).await);
    end(&at, &chat).await;
    let shown = async || at.store.spoken(at.ours.id, chat.id, START).await.unwrap().said_at;
    let swept = async || filed(&at).await[0].1;
    assert_eq!((shown().await, swept().await), (said, said));
    let by = (at.ours.ada, all());
    let last = at.head(&chat).await.progress.last_message;
    let erasure =
        ask(&at, request(Subject::Entries(chat.id, vec![last]), Some(by), Cause::Operator, START)).await.unwrap();
    assert_eq!((shown().await, swept().await), (START, START), "of the last one that is left");
    let times = (START, START.plus(IDLE));
    at.store.audited(somebody()).undo_erasure(at.ours.id, erasure.name, by, times, |_| {}).await.unwrap();
    assert_eq!((shown().await, swept().await), (said, said));
    at.store.alter(at.ours.id, (chat.id, last), by, None, START, || {}).await.unwrap();
    assert_eq!((shown().await, swept().await), (START, START), "taken back by whoever wrote it");
    let first = ask(&at, request(Subject::Entries(chat.id, vec![1]), Some(by), Cause::Operator, START)).await;
    first.unwrap();
    let began = at.head(&chat).await.started_at;
    assert_eq!((shown().await, swept().await), (began, began), "nothing is left");
}

async fn what_is_out_of_sight_is_filed_again_when_it_is_back(at: Fixture) {
    let (ended, open) = (at.chat().await, at.chat().await);
    end(&at, &ended).await;
    let by = (at.ours.ada, all());
    let both = Subject::Conversations(vec![ended.id, open.id]);
    let erasure = ask(&at, request(both, Some(by), Cause::Operator, START)).await.unwrap();
    assert_eq!((filed(&at).await, at.count("ended").await), (Vec::new(), 0));
    let times = (START, START.plus(IDLE));
    at.store.audited(somebody()).undo_erasure(at.ours.id, erasure.name, by, times, |_| {}).await.unwrap();
    assert_eq!(filed(&at).await, [(Topics::default(), START, vec![ended.id])]);
}

async fn what_a_node_of_the_version_before_ended_or_took_up_is_filed(at: Fixture) {
    let (ended, again, moved, good) = (at.chat().await, at.chat().await, at.chat().await, at.chat().await);
    for chat in [&ended, &again, &moved, &good] {
        end(&at, chat).await;
    }
    let raw = at.place.data().await;
    // As such a node leaves it: no row, a row too many, and one that says nothing of where it began.
    raw.run(&format!("DELETE FROM ended WHERE conversation_id = {}", ended.id)).await;
    raw.run(&format!("UPDATE head SET state = 1 WHERE conversation_id = {}", again.id)).await;
    raw.run(&format!("UPDATE ended SET widget_id = 0, said_at = 7 WHERE conversation_id = {}", moved.id)).await;
    assert_eq!(at.head(&again).await.progress.state, State::Open);
    let old = at.store.ended_classes(at.ours.id).await.unwrap()[0];
    assert_eq!((old.widget.0, old.oldest_at), (0, Timestamp(7)));
    let page = at.store.ended(at.ours.id, old, None, (FAR, START), 10).await.unwrap();
    assert_eq!((page.len(), page[0].widget), (1, at.ours.widget), "what it really is");
    assert_eq!(at.store.file_ended(ConversationId(0), 100).await.unwrap(), (3, None));
    assert_eq!(filed(&at).await, [(Topics::default(), START, vec![ended.id, moved.id, good.id])]);
    assert_eq!(at.store.file_ended(ConversationId(0), 100).await.unwrap(), (0, None));
}

async fn a_page_at_a_time_everything_is_looked_through(at: Fixture) {
    let mut chats = Vec::new();
    for _ in 0..5 {
        let chat = at.chat().await;
        end(&at, &chat).await;
        chats.push(chat.id);
    }
    at.place.data().await.run("DELETE FROM ended").await;
    let (mut after, mut wrong) = (ConversationId(0), Vec::new());
    loop {
        let (count, last) = at.store.file_ended(after, 2).await.unwrap();
        wrong.push(count);
        let Some(last) = last else { break };
        after = last;
    }
    assert_eq!(wrong, [2, 2, 1]);
    assert_eq!(filed(&at).await, [(Topics::default(), START, chats)]);
}
