//! The change sweep finds everything, whatever order commits come in.

use std::time::Duration;

use diskret_store::Settings;
use diskret_store::change::SweepCursor;
use domain::OrganisationId;
use futures_util::future::join_all;

use crate::fixture::{Fixture, Hold, PATIENCE, START, all, somebody, stored};

on_both![
    what_another_node_stored_is_found_past_the_cursor,
    a_change_names_who_had_the_conversation_before,
    a_commit_that_is_overtaken_is_not_missed,
    a_commit_that_is_under_way_while_nobody_else_writes_is_not_missed,
    nothing_of_another_organisation_is_found,
    pages_do_not_end_the_look,
];

async fn look(at: &Fixture, cursor: &mut SweepCursor) -> Vec<i64> {
    let Some(mark) = at.store.mark(cursor.position()).await.unwrap() else { return Vec::new() };
    let oldest = at.store.oldest_open().await.unwrap();
    let found = at.store.changes_after(vec![at.ours.id], cursor.position()).await.unwrap();
    cursor.look(mark, oldest);
    found.iter().map(|found| found.change.conversation.0).collect()
}

async fn here(at: &Fixture) -> SweepCursor {
    SweepCursor::behind(at.store.mark(-1).await.unwrap().unwrap().last)
}

/// Other databases of the server may hold the cursor back for a moment, but not for ever.
async fn is_seen(at: &Fixture, cursor: &mut SweepCursor) {
    while !look(at, cursor).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn what_another_node_stored_is_found_past_the_cursor(at: Fixture) {
    let mut cursor = here(&at).await;
    assert!(look(&at, &mut cursor).await.is_empty());
    let other = at.node(Settings::default()).await;
    let chat = at.chat().await;
    stored(other.append(chat.visitor(1, 2)).await);
    assert_eq!(look(&at, &mut cursor).await, [chat.id.0]);
    // What was seen is not looked for again.
    tokio::time::timeout(PATIENCE, is_seen(&at, &mut cursor)).await.unwrap();
    stored(other.append(chat.visitor(1, 3)).await);
    let found = at.store.changes_after(vec![at.ours.id], cursor.position()).await.unwrap();
    assert_eq!(found[0].change.progress, at.head(&chat).await.progress);
    assert_eq!(found[0].change.position, at.head(&chat).await.position);
}

async fn a_change_names_who_had_the_conversation_before(at: Fixture) {
    let chat = at.chat().await;
    at.store
        .audited(somebody())
        .assign(at.ours.id, chat.id, (at.ours.ada, all()), Some(at.ours.ben), START)
        .await
        .unwrap()
        .unwrap();
    at.store
        .audited(somebody())
        .assign(at.ours.id, chat.id, (at.ours.ada, all()), Some(at.ours.ada), START)
        .await
        .unwrap()
        .unwrap();
    stored(at.store.append(chat.visitor(1, 2)).await);
    let found = at.store.changes_of(vec![(at.ours.id, chat.id)]).await.unwrap().remove(0);
    assert_eq!((found.change.progress.assignee, found.handed_from.assignee), (Some(at.ours.ada), Some(at.ours.ben)));
    let handed_over = found.assigned_position;
    assert!(handed_over < found.change.position, "the message came later");
    // Whoever has seen the hand-over is told of the message only; whoever has not must hear of both.
    assert_eq!(found.clone().told_past(handed_over).previous.assignee, Some(at.ours.ada));
    assert_eq!(found.told_past(handed_over - 1).previous.assignee, Some(at.ours.ben));
}

/// A transaction takes its position and is then held up; later ones commit before it.
async fn a_commit_that_is_overtaken_is_not_missed(at: Fixture) {
    held_up(at, true).await;
}

/// The same with nobody else writing: the snapshot shows no open transaction above the last one that ended.
async fn a_commit_that_is_under_way_while_nobody_else_writes_is_not_missed(at: Fixture) {
    held_up(at, false).await;
}

async fn held_up(at: Fixture, overtaken: bool) {
    let (slow, fast) = (at.chat().await, at.chat().await);
    let mut cursor = here(&at).await;
    let hold = Hold::new(at.place.data().await);
    let take = if at.is_postgres() {
        format!("BEGIN; UPDATE head SET position = nextval('change_position') WHERE conversation_id = {}", slow.id)
    } else {
        format!(
            "BEGIN IMMEDIATE; UPDATE change_position SET value = value + 1; UPDATE head SET position = \
             (SELECT value FROM change_position) WHERE conversation_id = {}",
            slow.id
        )
    };
    hold.raw().run(&take).await;
    if !overtaken {
        assert!(look(&at, &mut cursor).await.is_empty());
    } else if at.is_postgres() {
        stored(at.store.append(fast.visitor(1, 2)).await);
        assert_eq!(look(&at, &mut cursor).await, [fast.id.0]);
        // Again and again: without the rule the cursor would be past the slow one now.
        assert_eq!(look(&at, &mut cursor).await, [fast.id.0]);
        assert!(cursor.position() < at.head(&fast).await.position);
    } else {
        assert!(look(&at, &mut cursor).await.is_empty(), "one writer: nobody overtakes");
    }
    hold.release().await;
    assert!(look(&at, &mut cursor).await.contains(&slow.id.0));
    tokio::time::timeout(PATIENCE, is_seen(&at, &mut cursor)).await.unwrap();
}

async fn nothing_of_another_organisation_is_found(at: Fixture) {
    let chat = at.chat().await;
    let other = OrganisationId(at.ours.id.0 + 1);
    assert_eq!(at.store.changes_of(vec![(at.ours.id, chat.id)]).await.unwrap().len(), 1);
    assert!(at.store.changes_of(vec![(other, chat.id)]).await.unwrap().is_empty());
    assert!(at.store.changes_after(vec![other], 0).await.unwrap().is_empty());
}

async fn pages_do_not_end_the_look(at: Fixture) {
    let begin = |token: u32| {
        let mut hash = [0; 32];
        hash[..4].copy_from_slice(&token.to_be_bytes());
        at.store.append(at.ours.first(hash, 1, 1))
    };
    join_all((0..1100).map(begin)).await.into_iter().for_each(|outcome| {
        stored(outcome);
    });
    let found = at.store.changes_after(vec![at.ours.id], 0).await.unwrap();
    assert_eq!(found.len(), 1100);
    assert!(found.is_sorted_by_key(|found| found.change.position));
}
