//! Heads, lists, and what happens to conversations besides messages.

use std::time::Duration;

use diskret_store::Error;
use diskret_store::conversation::{List, Quiet, Seen};
use domain::conversation::{Author, Event, Kind, State};
use domain::{ConversationId, Groups, Hands, OperatorId, Timestamp};

use crate::fixture::{Chat, Fixture, IDLE, START, all, assert_gapless, moment, numbers, own, somebody, stored};

on_both![
    positions_strictly_grow_with_every_kind_of_change,
    assigning_is_an_event_and_assigning_again_is_nothing,
    an_agent_assigns_only_what_they_reach,
    ending_and_reopening_are_events_and_idempotent,
    an_agent_ends_only_what_they_reach,
    another_organisations_conversation_cannot_be_changed_or_seen,
    an_operator_of_another_organisation_is_given_nothing,
    a_quiet_conversation_ends_by_itself,
    a_conversation_that_was_written_to_is_looked_at_again_later,
    a_conversation_that_has_ended_is_not_ended_again,
    a_worker_whose_lease_ran_out_ends_nothing,
    lists_show_mine_unassigned_and_all_newest_change_first,
    a_page_goes_on_where_the_one_before_ended,
    lists_and_counts_show_nothing_of_another_organisation,
    counts_leave_out_what_has_ended,
    the_last_position_is_the_organisations_own,
    what_the_visitor_has_seen_only_grows_and_never_runs_ahead,
    what_the_team_has_seen_counts_unread_down,
];

async fn claim(at: &Fixture, now: Timestamp) -> diskret_store::job::Claimed {
    let mut claimed =
        at.store.claim_jobs(diskret_store::job::Lane::Quick, now, Duration::from_secs(60), 10).await.unwrap();
    assert_eq!(claimed.len(), 1);
    claimed.remove(0)
}

async fn positions_strictly_grow_with_every_kind_of_change(at: Fixture) {
    let (chat, other) = (at.chat().await, at.chat_of(&at.theirs).await);
    let by = (at.ours.ada, all());
    let mut positions = vec![at.head(&chat).await.position, at.head(&other).await.position];
    positions.push(stored(at.store.append(chat.visitor(1, 2)).await).change.position);
    positions.push(
        at.store
            .audited(somebody())
            .assign(at.ours.id, chat.id, by, Some(at.ours.ben), START)
            .await
            .unwrap()
            .unwrap()
            .position,
    );
    positions.push(stored(at.store.append(other.visitor(1, 2)).await).change.position);
    for ended in [true, false] {
        let change =
            at.store.audited(somebody()).set_ended(at.ours.id, chat.id, by, ended, START, START.plus(IDLE)).await;
        positions.push(change.unwrap().unwrap().position);
    }
    positions.push(stored(at.store.append(chat.note(at.ours.ada, 1, 1)).await).change.position);
    assert!(positions.is_sorted_by(|before, after| before < after), "{positions:?}");
    assert_eq!(at.head(&chat).await.position, *positions.last().unwrap());

    let batch: Vec<_> = (3..=5).flat_map(|counter| [chat.visitor(1, counter), other.visitor(1, counter)]).collect();
    let changes: Vec<_> = at.append_together(batch).await.into_iter().map(|o| stored(o).change).collect();
    let mut after = [changes[0].position, changes[1].position];
    after.sort_unstable();
    assert!(after[0] > *positions.last().unwrap() && after[1] > after[0], "each conversation of a batch has its own");
}

async fn assigning_is_an_event_and_assigning_again_is_nothing(at: Fixture) {
    let chat = at.chat().await;
    let by = (at.ours.ada, all());
    let change = at
        .store
        .audited(somebody())
        .assign(at.ours.id, chat.id, by, Some(at.ours.ben), moment(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((change.previous.assignee, change.progress.assignee), (None, Some(at.ours.ben)));
    let before = at.head(&chat).await;
    assert_eq!(
        at.store.audited(somebody()).assign(at.ours.id, chat.id, by, Some(at.ours.ben), moment(2)).await,
        Ok(None)
    );
    assert_eq!(at.head(&chat).await, before);
    let change = at.store.audited(somebody()).assign(at.ours.id, chat.id, by, None, moment(3)).await.unwrap().unwrap();
    assert_eq!((change.previous.assignee, change.progress.assignee), (Some(at.ours.ben), None));
    assert_eq!(at.store.audited(somebody()).assign(at.ours.id, chat.id, by, None, moment(4)).await, Ok(None));
    let entries = at.entries(&chat).await;
    assert_gapless(&entries);
    let kinds: Vec<Kind> = entries.iter().skip(1).map(|entry| entry.kind).collect();
    assert_eq!(kinds, [Some(at.ours.ben), None].map(|to| Kind::Event(Event::Assigned(to))));
    assert_eq!((entries[1].author, entries[1].at), (Author::Operator(at.ours.ada), moment(1)));
    assert_eq!(at.head(&chat).await.progress.last_message, 1, "an event is no message");
}

async fn an_agent_assigns_only_what_they_reach(at: Fixture) {
    let chat = at.chat().await;
    let ben = (at.ours.ben, own());
    at.store.audited(somebody()).assign(at.ours.id, chat.id, ben, Some(at.ours.ada), START).await.unwrap().unwrap();
    let gone = at.store.audited(somebody()).assign(at.ours.id, chat.id, ben, Some(at.ours.ben), START).await;
    assert_eq!(gone, Err(Error::OutOfReach), "they gave it away");
    // Not even to learn that it would change nothing.
    assert_eq!(
        at.store.audited(somebody()).assign(at.ours.id, chat.id, ben, Some(at.ours.ada), START).await,
        Err(Error::OutOfReach)
    );
    assert_eq!(at.entries(&chat).await.len(), 2);
}

async fn ending_and_reopening_are_events_and_idempotent(at: Fixture) {
    let chat = at.chat().await;
    let by = (at.ours.ada, all());
    let end = |ended, micros| {
        at.store.audited(somebody()).set_ended(at.ours.id, chat.id, by, ended, moment(micros), moment(micros + 9))
    };
    assert_eq!(end(false, 1).await, Ok(None), "it is not ended");
    let change = end(true, 2).await.unwrap().unwrap();
    assert_eq!((change.progress.state, change.progress.waiting_since), (State::Ended, None));
    assert_eq!(end(true, 3).await, Ok(None));
    at.place.data().await.run("DELETE FROM job").await;
    assert_eq!(end(false, 4).await.unwrap().unwrap().progress.state, State::Open);
    assert_eq!(end(false, 5).await, Ok(None));
    assert_eq!(at.place.data().await.number("SELECT run_at FROM job").await, moment(13).0, "it is watched again");
    let entries = at.entries(&chat).await;
    assert_gapless(&entries);
    let kinds: Vec<Kind> = entries.iter().skip(1).map(|entry| entry.kind).collect();
    assert_eq!(kinds, [Event::Ended, Event::Reopened].map(Kind::Event));
    assert_eq!(at.head(&chat).await.last_at, moment(4));
}

async fn an_agent_ends_only_what_they_reach(at: Fixture) {
    let chat = at.chat().await;
    at.store
        .audited(somebody())
        .assign(at.ours.id, chat.id, (at.ours.ada, all()), Some(at.ours.ada), START)
        .await
        .unwrap();
    let by_ben =
        at.store.audited(somebody()).set_ended(at.ours.id, chat.id, (at.ours.ben, own()), true, START, START).await;
    assert_eq!(by_ben, Err(Error::OutOfReach));
    assert_eq!(at.head(&chat).await.progress.state, State::New);
    at.store
        .audited(somebody())
        .set_ended(at.ours.id, chat.id, (at.ours.ada, own()), true, START, START)
        .await
        .unwrap()
        .unwrap();
}

async fn another_organisations_conversation_cannot_be_changed_or_seen(at: Fixture) {
    let chat = at.chat().await;
    let before = at.head(&chat).await;
    let them = at.theirs.id;
    let by = (at.theirs.ada, all());
    assert_eq!(at.store.conversation(them, chat.id).await, Err(Error::NotFound));
    assert_eq!(at.store.conversation_named(them, chat.name).await, Err(Error::NotFound));
    assert_eq!(at.store.conversation_of_token(them, chat.token).await, Err(Error::NotFound));
    assert_eq!(
        at.store.audited(somebody()).assign(them, chat.id, by, Some(at.theirs.ada), START).await,
        Err(Error::NotFound)
    );
    assert_eq!(
        at.store.audited(somebody()).set_ended(them, chat.id, by, true, START, START).await,
        Err(Error::NotFound)
    );
    assert_eq!(at.store.see(them, chat.id, Seen::Visitor(1)).await, Ok(None));
    assert_eq!(at.store.see(them, chat.id, Seen::Team(1)).await, Ok(None));
    assert_eq!(at.head(&chat).await, before);
    // The same things, for those who may.
    assert_eq!(at.store.see(at.ours.id, chat.id, Seen::Team(1)).await, Ok(Some(1)));
    at.store
        .audited(somebody())
        .set_ended(at.ours.id, chat.id, (at.ours.ada, all()), true, START, START)
        .await
        .unwrap()
        .unwrap();
}

async fn an_operator_of_another_organisation_is_given_nothing(at: Fixture) {
    let chat = at.chat().await;
    let by = (at.ours.ada, all());
    for stranger in [at.theirs.ada, OperatorId(at.theirs.ben.0 + 1000)] {
        let given = at.store.audited(somebody()).assign(at.ours.id, chat.id, by, Some(stranger), START).await;
        assert!(matches!(given, Err(Error::Conflict(_) | Error::NotFound)), "{given:?}");
    }
    assert_eq!((at.head(&chat).await.progress.assignee, at.entries(&chat).await.len()), (None, 1));
}

async fn a_quiet_conversation_ends_by_itself(at: Fixture) {
    let chat = at.chat().await;
    let due = START.plus(IDLE);
    assert!(
        at.store.claim_jobs(diskret_store::job::Lane::Quick, Timestamp(due.0 - 1), IDLE, 10).await.unwrap().is_empty(),
        "one microsecond early"
    );
    let job = claim(&at, due).await;
    assert_eq!((job.organisation, job.subject, job.attempts), (at.ours.id, chat.id.0, 1));
    let change = at.store.end_if_idle(job, Quiet::ends(IDLE), None, due).await.unwrap().unwrap();
    assert_eq!(change.progress.state, State::Ended);
    let entries = at.entries(&chat).await;
    assert_gapless(&entries);
    assert_eq!((entries[1].author, entries[1].kind), (Author::System, Kind::Event(Event::EndedIdle)));
    assert_eq!(at.count("job").await, 0);
}

async fn a_conversation_that_was_written_to_is_looked_at_again_later(at: Fixture) {
    let chat = at.chat().await;
    let due = START.plus(IDLE);
    let mut message = chat.visitor(1, 2);
    message.at = moment(1);
    stored(at.store.append(message).await);
    let job = claim(&at, due).await;
    assert_eq!(at.store.end_if_idle(job, Quiet::ends(IDLE), None, due).await, Ok(None), "one microsecond is missing");
    assert_ne!(at.head(&chat).await.progress.state, State::Ended);
    assert!(at.store.claim_jobs(diskret_store::job::Lane::Quick, due, IDLE, 10).await.unwrap().is_empty());
    let later = moment(1).plus(IDLE);
    let job = claim(&at, later).await;
    assert_eq!(job.attempts, 1, "a postponed job did not fail");
    assert!(at.store.end_if_idle(job, Quiet::ends(IDLE), None, later).await.unwrap().is_some());
}

async fn a_conversation_that_has_ended_is_not_ended_again(at: Fixture) {
    let chat = at.chat().await;
    let due = START.plus(IDLE);
    at.store
        .audited(somebody())
        .set_ended(at.ours.id, chat.id, (at.ours.ada, all()), true, START, START)
        .await
        .unwrap()
        .unwrap();
    let before = at.head(&chat).await;
    let job = claim(&at, due).await;
    assert_eq!(at.store.end_if_idle(job, Quiet::ends(IDLE), None, due).await, Ok(None));
    assert_eq!(at.head(&chat).await, before);
    assert_eq!(at.count("job").await, 0, "its job is done");
}

async fn a_worker_whose_lease_ran_out_ends_nothing(at: Fixture) {
    let chat = at.chat().await;
    let due = START.plus(IDLE);
    let slow = claim(&at, due).await;
    let later = due.plus(Duration::from_secs(61));
    let other = claim(&at, later).await;
    let before = at.head(&chat).await;
    let lost = at.store.end_if_idle(slow, Quiet::ends(IDLE), None, later).await;
    assert!(matches!(lost, Err(Error::Unavailable(_))), "{lost:?}");
    assert_eq!(at.head(&chat).await, before, "its effect was taken back");
    assert_eq!(at.entries(&chat).await.len(), 1);
    assert!(
        at.store.end_if_idle(other, Quiet::ends(IDLE), None, later).await.unwrap().is_some(),
        "the other one's stands"
    );
    assert_gapless(&at.entries(&chat).await);
}

/// Four conversations, in the order of their last changes: unassigned, Ada's, Ben's, an ended one of Ben's.
async fn four(at: &Fixture) -> [Chat; 4] {
    let chats = [at.chat().await, at.chat().await, at.chat().await, at.chat().await];
    let by = (at.ours.ada, all());
    for (chat, to) in [(&chats[1], at.ours.ada), (&chats[2], at.ours.ben), (&chats[3], at.ours.ben)] {
        at.store.audited(somebody()).assign(at.ours.id, chat.id, by, Some(to), START).await.unwrap().unwrap();
    }
    at.store.audited(somebody()).set_ended(at.ours.id, chats[3].id, by, true, START, START).await.unwrap().unwrap();
    chats
}

async fn page(at: &Fixture, list: List, with_ended: bool, before: i64, most: i64) -> Vec<ConversationId> {
    let page = at.store.conversations(at.ours.id, list, with_ended, before, most).await.unwrap();
    page.into_iter().map(|conversation| conversation.id).collect()
}

async fn lists_show_mine_unassigned_and_all_newest_change_first(at: Fixture) {
    let [nobodys, adas, bens, ended] = four(&at).await.map(|chat| chat.id);
    let list = async |list, with_ended| page(&at, list, with_ended, i64::MAX, 100).await;
    assert_eq!(list(List::Unassigned(at.ours.ada, Groups::default()), false).await, [nobodys]);
    assert_eq!(list(List::Mine(at.ours.ada), false).await, [adas]);
    assert_eq!(list(List::Mine(at.ours.ben), false).await, [bens]);
    assert_eq!(list(List::Mine(at.ours.ben), true).await, [ended, bens]);
    assert_eq!(list(List::All, false).await, [bens, adas, nobodys]);
    assert_eq!(list(List::All, true).await, [ended, bens, adas, nobodys]);
}

async fn a_page_goes_on_where_the_one_before_ended(at: Fixture) {
    let [nobodys, adas, bens, ended] = four(&at).await.map(|chat| chat.id);
    let first = at.store.conversations(at.ours.id, List::All, true, i64::MAX, 3).await.unwrap();
    assert_eq!(first.iter().map(|c| c.id).collect::<Vec<_>>(), [ended, bens, adas]);
    assert_eq!(page(&at, List::All, true, first[2].position, 3).await, [nobodys]);
    let last = first[2].position;
    // What changes meanwhile moves to the front and does not shift the pages behind.
    let again = at
        .store
        .audited(somebody())
        .assign(at.ours.id, adas, (at.ours.ada, all()), None, START)
        .await
        .unwrap()
        .unwrap();
    assert!(again.position > first[0].position);
    assert_eq!(page(&at, List::All, true, last, 3).await, [nobodys]);
    assert_eq!(page(&at, List::All, true, i64::MAX, 1).await, [adas]);
    assert!(page(&at, List::All, true, 0, 3).await.is_empty());
}

async fn lists_and_counts_show_nothing_of_another_organisation(at: Fixture) {
    four(&at).await;
    let them = at.theirs.id;
    for list in [List::All, List::Unassigned(at.ours.ada, Groups::default()), List::Mine(at.ours.ada)] {
        assert!(!at.store.conversations(at.ours.id, list, true, i64::MAX, 100).await.unwrap().is_empty());
        assert_eq!(at.store.conversations(them, list, true, i64::MAX, 100).await, Ok(Vec::new()));
    }
    assert_eq!(at.store.counts(them).await, Ok(Vec::new()));
    assert_eq!(at.store.last_position(them).await, Ok(0));
}

async fn counts_leave_out_what_has_ended(at: Fixture) {
    four(&at).await;
    let mut counts = at.store.counts(at.ours.id).await.unwrap();
    counts.sort_unstable_by_key(|(hands, _)| hands.assignee);
    let of = |assignee| (Hands { assignee, group: None, ..Hands::default() }, 1);
    assert_eq!(counts, [of(None), of(Some(at.ours.ada)), of(Some(at.ours.ben))]);
}

async fn the_last_position_is_the_organisations_own(at: Fixture) {
    assert_eq!(at.store.last_position(at.ours.id).await, Ok(0));
    let chat = at.chat().await;
    let ours = at.store.last_position(at.ours.id).await.unwrap();
    assert_eq!(ours, at.head(&chat).await.position);
    at.chat_of(&at.theirs).await;
    assert_eq!(at.store.last_position(at.ours.id).await, Ok(ours));
    assert!(at.store.last_position(at.theirs.id).await.unwrap() > ours);
}

async fn what_the_visitor_has_seen_only_grows_and_never_runs_ahead(at: Fixture) {
    let chat = at.chat().await;
    stored(at.store.append(chat.note(at.ours.ada, 1, 1)).await);
    assert_eq!(stored(at.store.append(chat.operator(at.ours.ada, 1, 2)).await).numbers, numbers(4, 3));
    let see = |visible| at.store.see(at.ours.id, chat.id, Seen::Visitor(visible));
    assert_eq!(see(4).await, Ok(None), "the note gave the visitor no number");
    assert_eq!(see(2).await, Ok(Some(2)));
    assert_eq!(see(2).await, Ok(None));
    assert_eq!(see(1).await, Ok(None));
    assert_eq!(see(3).await, Ok(Some(3)));
    assert_eq!(at.head(&chat).await.visitor_seen, 3);
    assert_eq!(see(-1).await, Ok(None));
}

async fn what_the_team_has_seen_counts_unread_down(at: Fixture) {
    let chat = at.chat().await;
    stored(at.store.append(chat.note(at.ours.ada, 1, 1)).await);
    for counter in 2..=4 {
        stored(at.store.append(chat.visitor(1, counter)).await);
    }
    assert_eq!(at.head(&chat).await.progress.unread, 4);
    let see = |sequence| at.store.see(at.ours.id, chat.id, Seen::Team(sequence));
    assert_eq!(see(2).await, Ok(Some(1)), "the note repeats the number that the visitor may know");
    let head = at.head(&chat).await;
    assert_eq!((head.progress.unread, head.team_seen_visible), (3, 1));
    assert_eq!(see(2).await, Ok(None));
    assert_eq!(see(1).await, Ok(None));
    assert_eq!(see(6).await, Ok(None), "ahead of what is there");
    assert_eq!(see(0).await, Ok(None));
    assert_eq!(see(5).await, Ok(Some(4)));
    let head = at.head(&chat).await;
    assert_eq!((head.progress.unread, head.team_seen_visible), (0, 4));
    stored(at.store.append(chat.visitor(1, 5)).await);
    assert_eq!(at.head(&chat).await.progress.unread, 1);
    assert_eq!(at.store.see(at.ours.id, ConversationId(chat.id.0 + 9), Seen::Team(1)).await, Ok(None));
}
