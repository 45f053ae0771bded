//! "Still there?" and the end by itself, as a widget has it.

use std::sync::Arc;
use std::time::Duration;

use diskret_app::Error;
use diskret_app::conversation::Visitor;
use diskret_app::widget::WidgetChange;
use domain::conversation::{Author, Event, State};
use domain::{Clock as _, Principal, SenderId};
use privacy::Plaintext;

use crate::{House, IDLE, SECOND, on_both, write};

const MINUTE: Duration = Duration::from_secs(60);

on_both! {
    the_visitor_is_asked_in_their_language_once_and_it_ends_as_the_widget_says
    where_it_is_off_nobody_is_asked
    what_makes_no_sense_is_refused_by_its_field
    the_question_opens_on_another_node_and_a_dead_worker_asks_nobody_twice
}

async fn set(house: &House, ask: Option<i64>, end: Option<i64>) -> Result<(), Error> {
    let change = WidgetChange { ask_after: Some(ask), end_after: Some(end), ..WidgetChange::default() };
    house.app.change_widget(house.done.principal, house.done.widget, change).await.map(drop)
}

async fn answer(house: &House, visitor: &Visitor, counter: i64) {
    let name = visitor.conversation.as_ref().unwrap().name();
    let text = Plaintext::new("Gern.".to_owned());
    let incoming = diskret_app::conversation::Incoming { sender: SenderId(9), counter, text, note: false };
    let principal: Principal = house.done.principal;
    house.app.receive_from_operator(principal, name, incoming).await.unwrap().await.result.unwrap();
}

/// What the house itself said.
async fn said(house: &House, visitor: &Visitor) -> Vec<String> {
    let conversation = Arc::clone(visitor.conversation.as_ref().unwrap());
    let entries = house.app.entries_after(&conversation, 0, i64::MAX).await.unwrap();
    let house = entries.iter().filter(|entry| entry.author == Author::System);
    house.filter_map(|entry| entry.text.as_ref().map(|text| text.reveal().to_owned())).collect()
}

async fn the_visitor_is_asked_in_their_language_once_and_it_ends_as_the_widget_says(house: House) {
    set(&house, Some(5), Some(30)).await.unwrap();
    let mut visitor = house.visitor().await;
    let id = write(&house, &mut visitor, 1).await.conversation.name();
    house.clock.advance(MINUTE * 10);
    house.work().await;
    assert_eq!(said(&house, &visitor).await, Vec::<String>::new(), "they wait for the team");
    answer(&house, &visitor, 1).await;
    house.clock.advance(MINUTE * 5 - SECOND);
    house.work().await;
    assert_eq!(said(&house, &visitor).await.len(), 0, "a second before");
    house.clock.advance(SECOND);
    house.work().await;
    house.work().await;
    assert_eq!(said(&house, &visitor).await, ["Sind Sie noch da? Schreiben Sie uns gern, wenn noch etwas offen ist."]);
    assert_eq!(house.state(id).await, State::Pending);
    house.clock.advance(MINUTE * 30 - SECOND);
    house.work().await;
    assert_eq!(house.state(id).await, State::Pending, "a second before");
    house.clock.advance(SECOND);
    house.work().await;
    assert_eq!(house.state(id).await, State::Ended);
    assert_eq!(said(&house, &visitor).await.len(), 1);
    assert_eq!(house.events(id).await.last(), Some(&Event::EndedIdle));
}

async fn where_it_is_off_nobody_is_asked(house: House) {
    let mut visitor = house.visitor().await;
    let id = write(&house, &mut visitor, 1).await.conversation.name();
    answer(&house, &visitor, 1).await;
    house.clock.advance(IDLE - SECOND);
    house.work().await;
    assert_eq!((house.state(id).await, said(&house, &visitor).await.len()), (State::Pending, 0));
    house.clock.advance(SECOND);
    house.work().await;
    assert_eq!((house.state(id).await, said(&house, &visitor).await.len()), (State::Ended, 0));
}

async fn what_makes_no_sense_is_refused_by_its_field(house: House) {
    for (ask, end, wrong) in [
        (Some(0), None, "ask_after_minutes"),
        (Some(-5), None, "ask_after_minutes"),
        (Some(i64::MIN), None, "ask_after_minutes"),
        (None, Some(0), "end_after_minutes"),
        (None, Some(90 * 24 * 60 + 1), "end_after_minutes"),
        (Some(30), Some(30), "ask_after_minutes"),
        // The installation ends them after an hour.
        (Some(60), None, "ask_after_minutes"),
    ] {
        let refused = set(&house, ask, end).await;
        assert!(matches!(refused, Err(Error::Invalid { field, .. }) if field == wrong), "{ask:?} {end:?}: {refused:?}");
    }
    set(&house, Some(59), None).await.unwrap();
    set(&house, Some(29), Some(30)).await.unwrap();
    set(&house, None, None).await.unwrap();
}

async fn the_question_opens_on_another_node_and_a_dead_worker_asks_nobody_twice(house: House) {
    set(&house, Some(5), None).await.unwrap();
    let mut visitor = house.visitor().await;
    let id = write(&house, &mut visitor, 1).await.conversation.name();
    answer(&house, &visitor, 1).await;
    house.clock.advance(MINUTE * 5);
    let lease = Duration::from_secs(60);
    assert_eq!(
        house.store.claim_jobs(store::job::Lane::Quick, house.clock.now(), lease, 10).await.unwrap().len(),
        1,
        "and then it dies"
    );
    house.clock.advance(lease + SECOND);
    let other = house.node(house.secrets()).await;
    for node in [&other, &house.app, &other] {
        while node.work().await.unwrap() > 0 {}
    }
    let (_, entries) = other.entries_before(house.done.principal, id, i64::MAX, 200).await.unwrap();
    let asked = entries.iter().filter(|entry| entry.author == Author::System).count();
    assert_eq!(asked, 1);
    assert!(entries.last().unwrap().text.as_ref().unwrap().reveal().starts_with("Sind Sie noch da?"));
}
