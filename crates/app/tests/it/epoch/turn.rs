//! The turn on one node.

use std::time::Duration;

use diskret_app::audit::Query;
use domain::Clock;
use domain::limits::{PAGE_MOST, TURN_EVERY};
use store::epoch::Step;

use super::{Stolen, epoch_keys, finished, key_of, turned};
use crate::{House, SECOND, message, on_both, write};

on_both! {
    what_was_deleted_before_a_turn_opens_with_no_key_that_is_left
    what_was_not_deleted_is_read_and_written_behind_a_turn
    the_epoch_turns_every_twelve_hours_and_when_it_is_asked_to
    who_asks_while_it_turns_gets_another_turn
    a_turn_is_recorded_once
    nothing_is_destroyed_while_the_epoch_is_frozen
    many_short_freezes_are_one
    a_key_that_does_not_open_keeps_the_old_epoch
}

async fn what_was_deleted_before_a_turn_opens_with_no_key_that_is_left(house: House) {
    let mut visitor = house.visitor().await;
    let gone = write(&house, &mut visitor, 1).await.conversation.name();
    let key = key_of(&house, gone).await;
    let stolen = Stolen::take(&house, key).await;
    let ours = house.done.principal.organisation;
    let now = house.clock.now();
    assert_eq!(house.keys.delete_keys(ours, vec![key], now).await, Ok((1, 1)));
    assert!(stolen.opens(&epoch_keys(house.folder.path())), "deleted, but an old copy and today's keys open it");
    turned(&house, &[]).await;
    let left = epoch_keys(house.folder.path());
    assert_eq!(left.keys().copied().collect::<Vec<_>>(), [2]);
    assert!(!stolen.opens(&left));
    let status = house.app.status_of_epochs().await.unwrap();
    assert_eq!((status.current, status.settled, status.left), (2, 1, Vec::new()));
    // Nor does what the turn left of the organisation's keys: it has another one.
    let now = house.keys.organisation_key(ours, None).await.unwrap();
    assert_eq!((now.version, now.epoch), (2, 2));
    assert!(house.keys.organisation_key(ours, Some(1)).await.is_err());
    assert_eq!(status.turn.organisations, 1);
    // A turn behind which nothing was deleted keeps organisations' keys.
    turned(&house, &[]).await;
    let then = house.keys.organisation_key(ours, None).await.unwrap();
    assert_eq!((then.version, then.epoch), (2, 3));
    let turn = house.app.status_of_epochs().await.unwrap().turn;
    assert_eq!((turn.organisations, turn.rewrapped), (0, 0));
}

async fn what_was_not_deleted_is_read_and_written_behind_a_turn(house: House) {
    let mut visitors = Vec::new();
    for _ in 0..3 {
        let mut visitor = house.visitor().await;
        write(&house, &mut visitor, 1).await;
        visitors.push(visitor);
    }
    let names: Vec<_> = visitors.iter().map(|visitor| visitor.conversation.as_ref().unwrap().name()).collect();
    let ours = house.done.principal.organisation;
    let key = key_of(&house, names[0]).await;
    house.keys.delete_keys(ours, vec![key], house.clock.now()).await.unwrap();
    for counter in 2..5 {
        turned(&house, &[]).await;
        // Also at a node that begins now: nothing of it is in a cache.
        let fresh = house.node(house.secrets()).await;
        fresh.check_secrets().await.unwrap();
        for (visitor, name) in visitors.iter_mut().zip(&names).skip(1) {
            write(&house, visitor, counter).await;
            let (_, entries) = fresh.entries_before(house.done.principal, *name, i64::MAX, 200).await.unwrap();
            let texts: Vec<_> =
                entries.iter().filter_map(|entry| entry.text.as_ref()).map(|text| text.reveal()).collect();
            assert_eq!(texts.len() as i64, counter);
            assert!(texts.contains(&"Nachricht 1"));
        }
        let newcomer = house.visitor().await;
        assert!(house.app.receive_first(&newcomer, message(1)).await.is_ok());
        let deleted = fresh.entries_before(house.done.principal, names[0], i64::MAX, 200).await;
        assert!(deleted.is_err(), "shredded is shredded");
    }
}

async fn the_epoch_turns_every_twelve_hours_and_when_it_is_asked_to(house: House) {
    let current = async || house.app.status_of_epochs().await.unwrap().current;
    house.app.keep_epochs().await.unwrap();
    house.clock.advance(TURN_EVERY - SECOND);
    house.work().await;
    assert_eq!(current().await, 1, "a second before");
    house.clock.advance(SECOND);
    finished(&house, &house.app, &[]).await;
    assert_eq!(current().await, 2);
    let begun = house.app.status_of_epochs().await.unwrap().turn.begun_at;
    house.app.ask_for_turn().await.unwrap();
    finished(&house, &house.app, &[]).await;
    assert_eq!(current().await, 3, "on demand");
    let asked = house.app.status_of_epochs().await.unwrap().turn.begun_at;
    assert!(asked > begun);
    // Twelve hours after the last one, whoever asked for it. A restart changes nothing of that.
    let node = house.node(house.secrets()).await;
    node.keep_epochs().await.unwrap();
    let left = Duration::from_micros((asked.plus(TURN_EVERY).0 - house.clock.now().0) as u64);
    house.clock.advance(left - SECOND);
    house.work().await;
    assert_eq!(current().await, 3);
    house.clock.advance(SECOND);
    finished(&house, &house.app, &[]).await;
    assert_eq!(current().await, 4);
}

async fn who_asks_while_it_turns_gets_another_turn(house: House) {
    house.app.keep_epochs().await.unwrap();
    house.app.ask_for_turn().await.unwrap();
    house.app.work().await.unwrap();
    assert_eq!(house.app.status_of_epochs().await.unwrap().turn.step, Step::Make);
    house.clock.advance(SECOND);
    house.app.ask_for_turn().await.unwrap();
    house.work().await;
    house.work().await;
    assert_eq!(house.app.status_of_epochs().await.unwrap().current, 3);
}

async fn a_turn_is_recorded_once(house: House) {
    turned(&house, &[]).await;
    turned(&house, &[]).await;
    house.clock.advance(SECOND * 300);
    house.work().await;
    let log = house.app.audit(house.done.principal, Query::default(), i64::MAX, PAGE_MOST).await.unwrap().records;
    let turns: Vec<_> = log.iter().filter(|entry| entry.kind == "epoch_turned").collect();
    assert_eq!(turns.len(), 2, "{turns:?}");
}

async fn nothing_is_destroyed_while_the_epoch_is_frozen(house: House) {
    let day = Duration::from_secs(24 * 3600);
    for (span, reason) in [(day * 7 + SECOND, "Einbruch"), (Duration::ZERO, "Einbruch"), (day, " ")] {
        assert!(house.app.freeze_epochs(house.done.principal, Some(span), reason).await.is_err(), "{span:?} {reason}");
    }
    house.app.keep_epochs().await.unwrap();
    house.app.freeze_epochs(house.done.principal, Some(day), "Einbruch").await.unwrap();
    house.app.ask_for_turn().await.unwrap();
    for _ in 0..24 {
        house.work().await;
        house.clock.advance(Duration::from_secs(3599));
    }
    assert_eq!(epoch_keys(house.folder.path()).keys().copied().collect::<Vec<_>>(), [1]);
    house.clock.advance(Duration::from_secs(60));
    finished(&house, &house.app, &[]).await;
    assert_eq!(epoch_keys(house.folder.path()).keys().copied().collect::<Vec<_>>(), [2]);
    // One that begins in the midst of a turn holds the old key, too.
    house.app.ask_for_turn().await.unwrap();
    house.app.work().await.unwrap();
    house.app.freeze_epochs_here(Some(day), "Einbruch").await.unwrap();
    house.work().await;
    assert_eq!(house.app.status_of_epochs().await.unwrap().turn.step, Step::Destroy);
    assert_eq!(epoch_keys(house.folder.path()).len(), 2);
    house.app.freeze_epochs_here(None, "Entwarnung").await.unwrap();
    finished(&house, &house.app, &[]).await;
    assert_eq!(epoch_keys(house.folder.path()).keys().copied().collect::<Vec<_>>(), [3]);
    let log = house.app.audit(house.done.principal, Query::default(), i64::MAX, PAGE_MOST).await.unwrap().records;
    assert_eq!(log.iter().filter(|entry| entry.kind == "epoch_frozen").count(), 3);
}

async fn many_short_freezes_are_one(house: House) {
    let day = Duration::from_secs(24 * 3600);
    let freeze = async |days: u32| house.app.freeze_epochs_here(Some(day * days), "Einbruch").await;
    house.app.keep_epochs().await.unwrap();
    freeze(5).await.unwrap();
    house.clock.advance(day * 4);
    assert!(freeze(4).await.is_err(), "eight days from the beginning");
    freeze(3).await.unwrap();
    // Thawed and frozen anew is not another one either, while nothing was destroyed in between.
    house.app.freeze_epochs_here(None, "Entwarnung").await.unwrap();
    assert!(freeze(4).await.is_err());
    freeze(3).await.unwrap();
    house.clock.advance(day * 3 - SECOND);
    house.work().await;
    assert_eq!(house.app.status_of_epochs().await.unwrap().current, 1, "a second before");
    assert!(freeze(1).await.is_err());
    house.clock.advance(SECOND * 60);
    finished(&house, &house.app, &[]).await;
    assert_eq!(house.app.status_of_epochs().await.unwrap().settled, 1, "the seventh day is over");
    freeze(7).await.unwrap();
}

async fn a_key_that_does_not_open_keeps_the_old_epoch(house: House) {
    let mut visitor = house.visitor().await;
    let name = write(&house, &mut visitor, 1).await.conversation.name();
    let (ours, now) = (house.done.principal.organisation, house.clock.now());
    let broken =
        store::key::WrappedDataKey { organisation: ours, id: domain::KeyId(77), version: 1, wrapped: vec![7; 60] };
    house.keys.insert_keys(vec![broken], now).await.unwrap();
    house.app.keep_epochs().await.unwrap();
    house.app.ask_for_turn().await.unwrap();
    for _ in 0..20 {
        house.work().await;
        house.clock.advance(SECOND * 60);
    }
    let status = house.app.status_of_epochs().await.unwrap();
    assert_eq!(status.turn.step, Step::Verify, "it waits for somebody to look");
    assert_eq!(epoch_keys(house.folder.path()).len(), 2, "nothing was destroyed");
    assert!(house.app.entries_before(house.done.principal, name, i64::MAX, 9).await.is_ok(), "chat goes on");
    house.keys.delete_keys(ours, vec![domain::KeyId(77)], house.clock.now()).await.unwrap();
    house.clock.advance(SECOND * 600);
    finished(&house, &house.app, &[]).await;
    assert_eq!(epoch_keys(house.folder.path()).len(), 1);
}
