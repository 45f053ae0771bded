//! A clock that is a day off, and a client that was away for one (SR5, SR8).

use std::sync::Arc;
use std::time::Duration;

use domain::Clock as _;
use domain::clock::{CommonClock, ManualClock, SystemClock};
use domain::conversation::State;

use crate::{HERE, House, message, on_both, signed_in, write};

const DAY: Duration = Duration::from_secs(24 * 3600);

on_both! {
    order_is_kept_where_a_nodes_clock_is_a_day_off
    a_visitor_who_was_away_for_a_day_finds_everything
}

async fn order_is_kept_where_a_nodes_clock_is_a_day_off(house: House) {
    let (now, mut visitor) = (house.clock.now(), house.visitor().await);
    let begun = write(&house, &mut visitor, 1).await;
    let clocks = [now.plus(DAY), now.minus(DAY), now].map(|at| Arc::new(ManualClock::at(at)));
    let mut nodes = Vec::new();
    for clock in &clocks {
        nodes.push(house.node_at(house.secrets(), Arc::clone(clock)).await);
    }
    let mut position = 0;
    for counter in 2..=31 {
        let node = &nodes[counter as usize % nodes.len()];
        let (found, _) = node.visit(house.done.widget, visitor.new_token.as_deref(), None, HERE).await.unwrap();
        let reference = found.conversation.clone().expect("the same conversation");
        let stored =
            node.receive_from_visitor(&found, &reference, message(counter)).await.unwrap().await.result.unwrap();
        assert_eq!(stored.numbers.sequence, counter);
        let row = node.summary(house.done.principal, begun.conversation.name()).await.unwrap();
        assert!(row.position > position, "positions grow, whatever the clocks say");
        position = row.position;
    }
    for node in nodes.iter().chain([&house.app]) {
        let (_, entries) =
            node.entries_before(house.done.principal, begun.conversation.name(), i64::MAX, 200).await.unwrap();
        let texts = entries.iter().map(|entry| entry.text.as_ref().unwrap().reveal().to_owned());
        assert!(texts.eq((1..=31).map(|counter| format!("Nachricht {counter}"))));
    }
}

async fn a_visitor_who_was_away_for_a_day_finds_everything(house: House) {
    let mut visitor = house.visitor().await;
    let begun = write(&house, &mut visitor, 1).await;
    for counter in 2..=250 {
        house.clock.advance(DAY / 249);
        house.work().await;
        write(&house, &mut visitor, counter).await;
    }
    house.clock.advance(DAY);
    house.work().await;
    house.app.tidy().await.unwrap();
    house.app.wipe_expired();
    let token = visitor.new_token.as_deref();
    let (back, standing) = house.app.visit(house.done.widget, token, None, HERE).await.unwrap();
    let (reference, standing) = (back.conversation.expect("the same conversation"), standing.unwrap());
    assert_eq!((reference.id, standing.state), (begun.conversation.id, State::Ended));
    let (mut held, mut texts) = (1, Vec::new());
    while held < standing.last_visible {
        let found = house.app.entries_after(&reference, held, i64::MAX).await.unwrap();
        assert!(!found.is_empty(), "{held} of {}", standing.last_visible);
        for entry in found {
            assert_eq!(entry.numbers.visible, held + 1, "no gap");
            held = entry.numbers.visible;
            texts.extend(entry.text.as_ref().map(|text| text.reveal().to_owned()));
        }
    }
    assert_eq!(texts, (2..=250).map(|counter| format!("Nachricht {counter}")).collect::<Vec<_>>());
}

/// Before a node agrees with the others on the time, it would have ended what is not due: what the test below is worth.
#[tokio::test]
async fn a_node_that_believes_a_clock_a_day_ahead_would_end_everything() {
    let house = House::new(true).await;
    let mut visitor = house.visitor().await;
    let id = write(&house, &mut visitor, 1).await.conversation.name();
    let node = house.node_at(house.secrets(), Arc::new(ManualClock::at(house.clock.now().plus(DAY)))).await;
    while node.work().await.unwrap() > 0 {}
    assert_eq!(house.state(id).await, State::Ended);
}

#[tokio::test]
async fn nothing_ends_before_its_time_where_a_nodes_clock_is_a_day_ahead() {
    let house = House::new(true).await;
    // The database's own time, which is the machine's here.
    let now = SystemClock.now();
    let mut nodes = Vec::new();
    for at in [now, now.plus(DAY), now.minus(DAY)] {
        let node = house.node_at(house.secrets(), Arc::new(CommonClock::over(ManualClock::at(at)))).await;
        node.keep_time().await.unwrap();
        assert!(node.now().0.abs_diff(now.0) < 60_000_000, "the database's time, give or take this test");
        nodes.push(node);
    }
    let (right, ahead, behind) = (&nodes[0], &nodes[1], &nodes[2]);
    let mut visitor = right.visit(house.done.widget, None, None, HERE).await.unwrap().0;
    let begun = right.receive_first(&visitor, message(1)).await.unwrap();
    visitor.conversation = Some(Arc::clone(&begun.conversation));
    let signed_in = signed_in(right).await;
    for node in [ahead, behind] {
        while node.work().await.unwrap() > 0 {}
        node.tidy().await.unwrap();
        node.session(&signed_in.secret).await.expect("signed in a second ago");
        let summary = node.summary(house.done.principal, begun.conversation.name()).await.unwrap();
        assert_eq!(summary.progress.state, State::New, "nobody was silent for longer than a moment");
    }
    // What is due is still ended, by whoever comes to it: the database's time is months after this house's conversation.
    let mut earlier = house.visitor().await;
    let id = write(&house, &mut earlier, 1).await.conversation.name();
    while behind.work().await.unwrap() > 0 {}
    assert_eq!(house.state(id).await, State::Ended);
}
