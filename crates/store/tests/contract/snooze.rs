//! Conversations that are put off, and how they come back.

use std::time::Duration;

use diskret_store::conversation::{List, Quiet};
use diskret_store::{Error, Settings};
use domain::access::{Access, Level, Reach};
use domain::conversation::{Author, Event, Kind, State};
use domain::{Groups, Timestamp};

use crate::fixture::{Chat, Fixture, IDLE, START, all, assert_gapless, somebody, stored};

on_both![
    a_conversation_that_is_put_off_comes_back_at_its_time_and_once,
    a_worker_that_died_between_claiming_and_doing_leaves_it_to_the_next,
    an_earlier_time_counts_and_a_later_one_too,
    the_visitors_message_brings_it_back_at_once_and_the_job_finds_nothing,
    what_is_put_off_does_not_end_by_itself_before_it_is_back,
    what_is_put_off_is_in_no_count_and_still_in_its_list,
    what_is_over_is_not_put_off_and_whoever_may_not_touch_it_puts_nothing_off,
    a_new_time_set_while_the_job_runs_is_not_lost,
];

const LEASE: Duration = Duration::from_secs(60);

/// So many minutes after the start.
fn minutes(minutes: u64) -> Timestamp {
    START.plus(Duration::from_secs(60 * minutes))
}

async fn snooze(at: &Fixture, chat: &Chat, until: Option<Timestamp>) -> bool {
    at.store.snooze(at.ours.id, chat.id, (at.ours.ada, all()), until, START).await.unwrap().is_some()
}

/// Does what is due, as the worker does.
async fn work(at: &Fixture, now: Timestamp) {
    for job in at.store.claim_jobs(diskret_store::job::Lane::Quick, now, LEASE, 100).await.unwrap() {
        let done = match job.kind {
            diskret_store::job::Kind::Return => at.store.return_if_due(job, now).await,
            diskret_store::job::Kind::EndIdle => at.store.end_if_idle(job, Quiet::ends(IDLE), None, now).await,
            other => panic!("{other:?} is of another lane"),
        };
        done.unwrap();
    }
}

async fn events(at: &Fixture, chat: &Chat) -> Vec<Event> {
    let entries = at.entries(chat).await;
    assert_gapless(&entries);
    let event = |kind: Kind| if let Kind::Event(event) = kind { Some(event) } else { None };
    entries.iter().filter_map(|entry| event(entry.kind)).collect()
}

async fn a_conversation_that_is_put_off_comes_back_at_its_time_and_once(at: Fixture) {
    let chat = at.chat().await;
    let until = minutes(30);
    assert!(snooze(&at, &chat, Some(until)).await);
    assert!(!snooze(&at, &chat, Some(until)).await, "it is so already");
    let head = at.head(&chat).await;
    assert_eq!((head.progress.snoozed_until, head.progress.last_visible), (Some(until), 1));
    work(&at, minutes(29)).await;
    assert_eq!(at.head(&chat).await, head, "a minute before");
    for now in [30, 31, 50] {
        work(&at, minutes(now)).await;
        let head = at.head(&chat).await;
        let back = (head.progress.snoozed_until, head.progress.returned_at, head.progress.last_visible);
        assert_eq!(back, (None, Some(until), 1), "at its time, and only then");
    }
    assert_eq!(events(&at, &chat).await, [Event::Snoozed(Some(until)), Event::Returned]);
    assert_eq!(at.entries(&chat).await[2].author, Author::System);
    let found = at.store.changes_after(vec![at.ours.id], 0).await.unwrap();
    assert_eq!(found[0].change.progress, at.head(&chat).await.progress, "the sweep finds it so");
    stored(at.store.append(chat.note(at.ours.ada, 9, 1)).await);
    assert_eq!(at.head(&chat).await.progress.returned_at, None, "somebody has seen to it");
}

async fn a_worker_that_died_between_claiming_and_doing_leaves_it_to_the_next(at: Fixture) {
    let chat = at.chat().await;
    snooze(&at, &chat, Some(minutes(30))).await;
    let dead = at.store.claim_jobs(diskret_store::job::Lane::Quick, minutes(30), LEASE, 10).await.unwrap();
    assert_eq!(dead.len(), 1, "and then the worker dies");
    work(&at, minutes(30)).await;
    assert!(at.head(&chat).await.progress.snoozed_until.is_some(), "it is still leased");
    work(&at, minutes(32)).await;
    assert!(at.head(&chat).await.progress.returned_at.is_some());
    // The first one was not dead but slow: it does nothing a second time.
    let late = at.store.return_if_due(dead[0].clone(), minutes(33)).await;
    assert!(matches!(late, Err(Error::Unavailable(_))), "{late:?}");
    assert_eq!(events(&at, &chat).await.len(), 2);
}

async fn an_earlier_time_counts_and_a_later_one_too(at: Fixture) {
    let (sooner, later) = (at.chat().await, at.chat().await);
    snooze(&at, &sooner, Some(minutes(40))).await;
    snooze(&at, &sooner, Some(minutes(10))).await;
    snooze(&at, &later, Some(minutes(10))).await;
    snooze(&at, &later, Some(minutes(40))).await;
    work(&at, minutes(10)).await;
    assert!(at.head(&sooner).await.progress.returned_at.is_some());
    assert!(at.head(&later).await.progress.snoozed_until.is_some());
    work(&at, minutes(40)).await;
    assert_eq!(at.head(&later).await.progress.returned_at, Some(minutes(40)));
}

async fn the_visitors_message_brings_it_back_at_once_and_the_job_finds_nothing(at: Fixture) {
    let (written, taken) = (at.chat().await, at.chat().await);
    for chat in [&written, &taken] {
        snooze(&at, chat, Some(minutes(30))).await;
    }
    stored(at.store.append(written.operator(at.ours.ada, 5, 1)).await);
    assert!(at.head(&written).await.progress.snoozed_until.is_some(), "an answer leaves it where it is");
    stored(at.store.append(written.visitor(1, 2)).await);
    assert!(snooze(&at, &taken, None).await, "by hand");
    for chat in [&written, &taken] {
        let progress = at.head(chat).await.progress;
        assert_eq!((progress.snoozed_until, progress.returned_at), (None, None));
    }
    let before = (at.head(&written).await, at.head(&taken).await);
    work(&at, minutes(30)).await;
    assert_eq!((at.head(&written).await, at.head(&taken).await), before);
    assert_eq!(at.count("job").await, 2, "their ends alone are waited for");
}

async fn what_is_put_off_does_not_end_by_itself_before_it_is_back(at: Fixture) {
    let (put_off, quiet) = (at.chat().await, at.chat().await);
    let until = START.plus(IDLE * 5);
    snooze(&at, &put_off, Some(until)).await;
    work(&at, START.plus(IDLE * 2)).await;
    assert_eq!(at.head(&quiet).await.progress.state, State::Ended, "the other one has");
    assert_eq!(at.head(&put_off).await.progress.state, State::New);
    work(&at, until).await;
    work(&at, until.plus(IDLE - Duration::from_secs(1))).await;
    assert_eq!(at.head(&put_off).await.progress.state, State::New, "its time begins when it is back");
    work(&at, until.plus(IDLE)).await;
    assert_eq!(at.head(&put_off).await.progress.state, State::Ended);
    assert_eq!(events(&at, &put_off).await, [Event::Snoozed(Some(until)), Event::Returned, Event::EndedIdle]);
}

async fn what_is_put_off_is_in_no_count_and_still_in_its_list(at: Fixture) {
    let chat = at.chat().await;
    let counted = async || at.store.counts(at.ours.id).await.unwrap().iter().map(|(_, count)| count).sum::<i64>();
    let listed = async || {
        let groups = Groups::default();
        at.store
            .conversations(at.ours.id, List::Unassigned(at.ours.ben, groups), false, i64::MAX, 10)
            .await
            .unwrap()
            .len()
    };
    assert_eq!((counted().await, listed().await), (1, 1));
    snooze(&at, &chat, Some(minutes(30))).await;
    assert_eq!((counted().await, listed().await), (0, 1));
    work(&at, minutes(30)).await;
    assert_eq!((counted().await, listed().await), (1, 1));
}

async fn what_is_over_is_not_put_off_and_whoever_may_not_touch_it_puts_nothing_off(at: Fixture) {
    let chat = at.chat().await;
    let ada = (at.ours.ada, all());
    let until = Some(minutes(30));
    snooze(&at, &chat, until).await;
    at.store.audited(somebody()).set_ended(at.ours.id, chat.id, ada, true, START, START.plus(IDLE)).await.unwrap();
    assert_eq!(at.head(&chat).await.progress.snoozed_until, None, "what is over waits for nothing");
    let over = at.store.snooze(at.ours.id, chat.id, ada, until, START).await;
    assert!(matches!(over, Err(Error::Conflict(_))), "{over:?}");
    at.store.audited(somebody()).set_ended(at.ours.id, chat.id, ada, false, START, START.plus(IDLE)).await.unwrap();
    assert_eq!(at.head(&chat).await.progress.snoozed_until, None);

    at.store.audited(somebody()).assign(at.ours.id, chat.id, ada, Some(at.ours.ada), START).await.unwrap();
    let own = Access { level: Level::Write, reach: Reach::Own, groups: Groups::default() };
    let ben = at.store.snooze(at.ours.id, chat.id, (at.ours.ben, own), until, START).await;
    assert_eq!(ben.unwrap_err(), Error::OutOfReach);
    let foreign = at.store.snooze(at.theirs.id, chat.id, (at.theirs.ada, all()), until, START).await;
    assert_eq!(foreign.unwrap_err(), Error::NotFound);
    assert_eq!(at.head(&chat).await.progress.snoozed_until, None);
}

async fn a_new_time_set_while_the_job_runs_is_not_lost(at: Fixture) {
    let chat = at.chat().await;
    let other = at.node(Settings::default()).await;
    snooze(&at, &chat, Some(minutes(10))).await;
    let claimed = at.store.claim_jobs(diskret_store::job::Lane::Quick, minutes(10), LEASE, 10).await.unwrap().remove(0);
    // Between the claim and its step, somebody puts it off further.
    let by = (at.ours.ada, all());
    other.snooze(at.ours.id, chat.id, by, Some(minutes(20)), minutes(10)).await.unwrap().unwrap();
    assert_eq!(at.store.return_if_due(claimed, minutes(10)).await.unwrap(), None);
    work(&at, minutes(19)).await;
    assert!(at.head(&chat).await.progress.snoozed_until.is_some());
    work(&at, minutes(20)).await;
    assert_eq!(at.head(&chat).await.progress.returned_at, Some(minutes(20)));
}
