//! Conversations that are put off: on several nodes, with clocks that differ, and a worker that dies.

use std::sync::Arc;
use std::time::Duration;

use diskret_app::Error;
use domain::Clock as _;
use domain::clock::{CommonClock, ManualClock, SystemClock};
use domain::conversation::{Event, State};
use domain::limits::SNOOZE_LONGEST;

use crate::{HERE, House, IDLE, SECOND, message, on_both, write};

const HOUR: Duration = Duration::from_secs(3600);

on_both! {
    a_conversation_comes_back_at_its_time_and_never_ends_before
    a_worker_that_died_brings_it_back_once
    a_moment_that_is_past_or_too_far_ahead_is_refused
}

async fn a_conversation_comes_back_at_its_time_and_never_ends_before(house: House) {
    let mut visitor = house.visitor().await;
    let id = write(&house, &mut visitor, 1).await.conversation.name();
    let until = house.clock.now().plus(IDLE * 3);
    house.app.snooze(house.done.principal, id, Some(until)).await.unwrap();
    assert_eq!(house.app.counts(house.done.principal).await.unwrap().all, 0);
    house.clock.advance(IDLE * 3 - SECOND);
    house.work().await;
    let row = house.app.summary(house.done.principal, id).await.unwrap();
    assert_eq!((row.progress.state, row.progress.snoozed_until), (State::New, Some(until)), "one second before");
    house.clock.advance(SECOND);
    house.work().await;
    assert_eq!(house.events(id).await, [Event::Snoozed(Some(until)), Event::Returned]);
    assert_eq!(house.app.counts(house.done.principal).await.unwrap().all, 1);
    house.clock.advance(IDLE);
    house.work().await;
    assert_eq!(house.state(id).await, State::Ended, "its end is waited for again");

    // A second time, and the visitor writes before it is over.
    write(&house, &mut visitor, 2).await;
    house.app.snooze(house.done.principal, id, Some(house.clock.now().plus(HOUR))).await.unwrap();
    write(&house, &mut visitor, 3).await;
    let row = house.app.summary(house.done.principal, id).await.unwrap();
    assert_eq!((row.progress.snoozed_until, row.progress.unread), (None, 3));
}

async fn a_worker_that_died_brings_it_back_once(house: House) {
    let mut visitor = house.visitor().await;
    let id = write(&house, &mut visitor, 1).await.conversation.name();
    let until = house.clock.now().plus(HOUR / 2);
    house.app.snooze(house.done.principal, id, Some(until)).await.unwrap();
    house.clock.advance(HOUR / 2);
    let lease = Duration::from_secs(60);
    let claimed = house.store.claim_jobs(store::job::Lane::Quick, house.clock.now(), lease, 10).await.unwrap();
    assert_eq!(claimed.len(), 1, "and then the worker dies");
    house.work().await;
    assert_eq!(house.events(id).await.len(), 1, "it is still leased");
    house.clock.advance(lease + SECOND);
    let other = house.node(house.secrets()).await;
    for node in [&other, &house.app, &other] {
        while node.work().await.unwrap() > 0 {}
    }
    assert_eq!(house.events(id).await, [Event::Snoozed(Some(until)), Event::Returned]);
}

async fn a_moment_that_is_past_or_too_far_ahead_is_refused(house: House) {
    let mut visitor = house.visitor().await;
    let id = write(&house, &mut visitor, 1).await.conversation.name();
    let now = house.clock.now();
    for until in [now, now.minus(SECOND), now.plus(SNOOZE_LONGEST + SECOND)] {
        let refused = house.app.snooze(house.done.principal, id, Some(until)).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "until", .. })), "{refused:?}");
    }
    for until in [now.plus(SNOOZE_LONGEST), now.plus(SECOND)] {
        house.app.snooze(house.done.principal, id, Some(until)).await.unwrap();
    }
    house.app.set_ended(house.done.principal, id, true).await.unwrap();
    let over = house.app.snooze(house.done.principal, id, Some(now.plus(HOUR))).await;
    assert!(matches!(over, Err(Error::Conflict(_))), "{over:?}");
}

/// Time is the database's (decision 9): a node whose machine is a day ahead brings nothing back early, one that is a day
/// behind brings it back all the same.
#[tokio::test]
async fn nothing_comes_back_before_its_time_where_a_nodes_clock_is_a_day_ahead() {
    let house = House::new(true).await;
    let now = SystemClock.now();
    let mut nodes = Vec::new();
    for at in [now.plus(HOUR * 24), now.minus(HOUR * 24)] {
        let node = house.node_at(house.secrets(), Arc::new(CommonClock::over(ManualClock::at(at)))).await;
        node.keep_time().await.unwrap();
        nodes.push(node);
    }
    let (ahead, behind) = (&nodes[0], &nodes[1]);
    let mut ids = Vec::new();
    for wait in [HOUR, SECOND] {
        let visitor = ahead.visit(house.done.widget, None, None, HERE).await.unwrap().0;
        let id = ahead.receive_first(&visitor, message(1)).await.unwrap().conversation.name();
        ahead.snooze(house.done.principal, id, Some(ahead.now().plus(wait))).await.unwrap();
        ids.push(id);
    }
    testkit::eventually(Duration::from_secs(20), "the second's wait is over", async || {
        while behind.work().await.unwrap() > 0 {}
        behind.summary(house.done.principal, ids[1]).await.unwrap().progress.returned_at.is_some()
    })
    .await;
    while ahead.work().await.unwrap() > 0 {}
    assert!(ahead.summary(house.done.principal, ids[0]).await.unwrap().progress.snoozed_until.is_some());
}
