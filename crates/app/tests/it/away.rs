//! Deletions and the places of backups: one that is away or hangs is waited for by the receipt and by nothing else.

use std::sync::Arc;
use std::time::Duration;

use diskret_app::audit::Query;
use diskret_app::erasure::Wanted;
use diskret_app::places::{Placed, Places};
use diskret_app::rate::{Source, Whereabouts};
use diskret_app::{App, Lane};
use domain::Clock as _;
use domain::erasure::State;
use domain::limits::{JOURNAL_WITHIN, PAGE_MOST, TURN_EVERY, UNDO_ONE};
use domain::{KeyId, PublicId, Timestamp};
use places::{BoxFuture, Bytes, Memory, Object, Place, Result, Where, Write};
use privacy::receipt::{Limit, Receipt};

use crate::epoch::{finished, turned};
use crate::erasure::destroy;
use crate::{DAY, House, SECOND, Two, on_both, write};

on_both! {
    a_place_that_hangs_holds_nobodys_keys_up
    a_hundred_waiting_for_a_place_stand_before_nobody
    a_place_offline_for_three_days_is_waited_for_by_the_receipt_alone
    a_place_that_is_named_anew_elsewhere_is_another_place
    a_receipt_says_of_a_place_only_what_was_seen_there
    a_holder_that_is_given_up_is_named_and_waited_for_no_longer
}

/// A place that takes every question and answers none.
#[derive(Debug)]
struct Hanging;

impl Place for Hanging {
    fn medium(&self) -> String {
        "nothing".to_owned()
    }

    fn identity(&self) -> String {
        "hanging".to_owned()
    }

    fn check(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(std::future::pending())
    }

    fn put<'a>(&'a self, _: &'a str, _: Bytes, _: Write) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::pending())
    }

    fn get<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<Bytes>>> {
        Box::pin(std::future::pending())
    }

    fn list<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Vec<Object>>> {
        Box::pin(std::future::pending())
    }

    fn delete<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::pending())
    }
}

fn named(all: Vec<Placed>, house: &House) -> Places {
    Places { all, spool: house.folder.path().join("spool"), keep: DAY * 30, daily_at: Duration::ZERO }
}

fn placed(name: &str, place: Arc<dyn Place>) -> Placed {
    Placed::new(name, Where::new("DE", "Kiel", "Nordlicht").unwrap(), place)
}

/// A conversation that somebody wants gone, and its key.
async fn asked(house: &House) -> (PublicId, KeyId) {
    let from = Whereabouts { address: Source::new(0), network: None };
    let mut visitor = house.app.visit(house.done.widget, None, None, from).await.unwrap().0;
    let gone = write(house, &mut visitor, 1).await.conversation.name();
    let key = house.store.conversation_named(house.done.principal.organisation, gone).await.unwrap().key;
    (house.app.request_erasure(house.done.principal, Wanted::Conversations(vec![gone])).await.unwrap().name, key)
}

async fn key_is_there(house: &House, key: KeyId) -> bool {
    house.keys.data_key(house.done.principal.organisation, key).await.is_ok()
}

async fn state(house: &House, erasure: PublicId) -> State {
    house.app.erasure(house.done.principal, erasure).await.unwrap().erasure.state
}

async fn receipt(house: &House, erasure: PublicId) -> Receipt {
    Receipt::verify(&house.app.erasure_receipt(house.done.principal, erasure).await.unwrap(), None).unwrap()
}

/// What is due among deletions, until nothing is any more. It must come to an end, whatever the places do.
async fn erase(app: &Arc<App>) {
    let all = async { while app.work_on(Lane::Erasing).await.unwrap() > 0 {} };
    tokio::time::timeout(Duration::from_secs(60), all).await.expect("a deletion waits for a place");
}

/// The lane of the journal, as a node works on it.
fn carrying(app: &Arc<App>) -> tokio::task::JoinHandle<()> {
    let app = Arc::clone(app);
    tokio::spawn(async move {
        loop {
            let _ = app.work_on(Lane::Journal).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
}

async fn a_place_that_hangs_holds_nobodys_keys_up(house: House) {
    let (fine, other) = (Arc::new(Memory::default()), house.node(house.secrets()).await);
    for app in [&house.app, &other] {
        let all = vec![placed("place_a", Arc::clone(&fine) as Arc<_>), placed("place_b", Arc::new(Hanging))];
        app.use_places(named(all, &house));
    }
    let (first, first_key) = asked(&house).await;
    let carrying = [carrying(&house.app), carrying(&other)];
    house.clock.advance(UNDO_ONE);
    erase(&house.app).await;
    let has = |count| {
        testkit::eventually(
            Duration::from_secs(30),
            "the place that answers has it, and does not wait for the other",
            {
                let fine = Arc::clone(&fine);
                move || {
                    let there = fine.objects().len();
                    async move { there == count }
                }
            },
        )
    };
    has(1).await;
    // Another one comes while the place hangs: the lane is still at the first.
    let (second, second_key) = asked(&house).await;
    house.clock.advance(UNDO_ONE);
    for _ in 0..14 {
        erase(&other).await;
        erase(&house.app).await;
        house.clock.advance(SECOND * 5);
    }
    assert!(!key_is_there(&house, first_key).await && !key_is_there(&house, second_key).await, "a minute is over");
    has(2).await;
    house.clock.advance(SECOND * 70);
    erase(&other).await;
    assert_eq!((state(&house, first).await, state(&house, second).await), (State::Destroyed, State::Destroyed));
    let pending = house.app.erasure(house.done.principal, second).await.unwrap().pending;
    assert!(pending.contains(&"place_b".to_owned()) && !pending.contains(&"place_a".to_owned()), "{pending:?}");
    carrying.iter().for_each(tokio::task::JoinHandle::abort);
    other.close().await;
}

async fn a_hundred_waiting_for_a_place_stand_before_nobody(house: House) {
    let two = Two::of(&house);
    two.b.set_away(true);
    let mut all = Vec::new();
    // By the visitors themselves: of one operator's so many at once would be held up.
    for address in 0..100 {
        let from = Whereabouts { address: Source::new(address), network: None };
        let mut visitor = house.app.visit(house.done.widget, None, None, from).await.unwrap().0;
        write(&house, &mut visitor, 1).await;
        all.push(house.app.erase_own(&visitor).await.unwrap().name);
    }
    house.clock.advance(UNDO_ONE);
    erase(&house.app).await;
    house.clock.advance(JOURNAL_WITHIN);
    destroy(&house).await;
    destroy(&house).await;
    for name in &all {
        assert_eq!(state(&house, *name).await, State::Destroyed);
    }
    house.clock.advance(SECOND * 60);
    assert_eq!(house.app.work_on(Lane::Erasing).await.unwrap(), 0, "they wait, and nobody looks at them each minute");
    let before = two.b.operations();
    house.clock.advance(SECOND * 600);
    erase(&house.app).await;
    assert_eq!(two.b.operations(), before, "and whoever looks asks no place");
    // What waits is woken by whoever brought it there, and not by its time.
    two.b.set_away(false);
    house.clock.advance(SECOND * 31);
    while house.app.work_on(Lane::Journal).await.unwrap() > 0 {}
    assert_eq!(two.b.objects().len(), 100);
    erase(&house.app).await;
    for name in &all {
        let found = house.app.erasure(house.done.principal, *name).await.unwrap();
        assert_eq!(found.erasure.placed_at, Some(house.clock.now()));
    }
}

async fn a_place_offline_for_three_days_is_waited_for_by_the_receipt_alone(house: House) {
    let two = Two::of(&house);
    turned(&house, &[]).await;
    two.b.set_away(true);
    let (erasure, key) = asked(&house).await;
    let asked_at = house.clock.now();
    house.clock.advance(UNDO_ONE);
    house.work().await;
    assert!(key_is_there(&house, key).await, "for a minute it is waited for");
    house.clock.advance(JOURNAL_WITHIN);
    house.work().await;
    assert!(!key_is_there(&house, key).await);
    destroy(&house).await;
    assert_eq!(state(&house, erasure).await, State::Destroyed);
    for _ in 0..6 {
        house.clock.advance(TURN_EVERY);
        turned(&house, &[]).await;
    }
    let pending = house.app.erasure(house.done.principal, erasure).await.unwrap();
    assert_eq!((pending.erasure.state, pending.pending), (State::Destroyed, vec!["place_b".to_owned()]));
    two.b.set_away(false);
    let back_at = house.clock.now();
    // With the next backup of the keys it has one that opens with today's key, and lets go of the old ones.
    house.app.tidy().await.unwrap();
    for _ in 0..20 {
        house.clock.advance(SECOND * 300);
        house.work().await;
    }
    let found = house.app.erasure(house.done.principal, erasure).await.unwrap();
    assert_eq!((found.erasure.state, found.pending), (State::Done, Vec::new()));
    let said = receipt(&house, erasure).await.statement;
    let outcome = said.outcome.unwrap();
    let [a, b] = &outcome.places[..] else { panic!("{outcome:?}") };
    assert_eq!((a.place.as_str(), b.place.as_str(), b.site.as_str()), ("place_a", "place_b", "Bonn"));
    let journal_at = |place: &privacy::receipt::PlaceSays| place.journal_at.unwrap().0;
    assert!(journal_at(a) < asked_at.plus(UNDO_ONE + JOURNAL_WITHIN * 2), "each place has its own time: {a:?}");
    assert!(journal_at(b) >= back_at, "{b:?}");
    // Two days ago the other place's key still opened copies: that is when it was over, and not when it was over here.
    let last = |place: &privacy::receipt::PlaceSays| place.epoch_destroyed_at.unwrap().0;
    assert!(last(a) < back_at && last(b) >= back_at && outcome.epoch_destroyed_at.0 >= back_at, "{outcome:?}");
    assert!(said.limits.iter().all(|limit| ![Limit::NoPlaces, Limit::CopyNotDestroyed].contains(limit)));
    // What was kept for it is forgotten with it.
    assert_eq!(house.store.journal_seen(outcome.journal_number).await.unwrap(), []);
}

async fn a_place_that_is_named_anew_elsewhere_is_another_place(house: House) {
    let (old, new) = (Arc::new(Memory::default()), Arc::new(Memory::default()));
    house.app.use_places(named(vec![placed("place_b", Arc::clone(&old) as Arc<_>)], &house));
    let (first, _) = asked(&house).await;
    house.clock.advance(UNDO_ONE);
    destroy(&house).await;
    assert_eq!(state(&house, first).await, State::Destroyed);
    turned(&house, &[]).await;
    house.work().await;
    assert_eq!(state(&house, first).await, State::Done);
    // Another node, or the same after a restart, with the same name for another bucket.
    let moved = house.node(house.secrets()).await;
    moved.use_places(named(vec![placed("place_b", Arc::clone(&new) as Arc<_>)], &house));
    let offered = moved.journal_offer().await.unwrap();
    assert_eq!((offered.number, offered.places[0].upto), (1, 1));
    assert!(new.objects().contains_key("journal/00000000000000000001"), "it has the journal from its beginning");
    moved.keep_epochs().await.unwrap();
    moved.ask_for_turn().await.unwrap();
    finished(&house, &moved, &[]).await;
    assert!(new.objects().contains_key("keys/epoch"));
    let left = moved.status_of_epochs().await.unwrap().left;
    let [left] = &left[..] else { panic!("the place that nothing names any more still has its key: {left:?}") };
    assert!(left.holder.starts_with("place:") && left.epoch == 2 && left.within.is_some(), "{left:?}");
    assert_ne!(moved.holder_named(&left.holder), "place_b");
    moved.close().await;
}

async fn a_receipt_says_of_a_place_only_what_was_seen_there(house: House) {
    let two = Two::of(&house);
    let (erasure, _) = asked(&house).await;
    house.clock.advance(UNDO_ONE);
    destroy(&house).await;
    // Frozen while it waits for its epoch's end.
    house.app.keep_epochs().await.unwrap();
    let from = house.clock.now();
    house.app.freeze_epochs_here(Some(DAY), "somebody was here").await.unwrap();
    house.clock.advance(DAY + SECOND);
    house.app.ask_for_turn().await.unwrap();
    // The turn alone: nobody looks yet whether the deletion is through.
    for _ in 0..600 {
        while house.app.work_on(Lane::Keys).await.unwrap() > 0 {}
        house.clock.advance(SECOND);
    }
    assert_eq!(house.app.status_of_epochs().await.unwrap().settled, 1);
    // A place that is there only now, and one that is there no longer.
    let late = house.node(house.secrets()).await;
    let added = Arc::new(Memory::default());
    let all = vec![placed("place_a", Arc::clone(&two.a) as Arc<_>), placed("place_c", Arc::clone(&added) as Arc<_>)];
    late.use_places(named(all, &house));
    let text = {
        house.clock.advance(SECOND * 600);
        while late.work().await.unwrap() > 0 {}
        late.erasure_receipt(house.done.principal, erasure).await.unwrap()
    };
    let said = Receipt::verify(&text, None).unwrap().statement;
    let outcome = said.outcome.unwrap();
    assert_eq!(outcome.frozen.as_ref().map(|frozen| frozen.from.0), Some(from));
    let says = |name: &str| outcome.places.iter().find(|place| place.place == name).unwrap_or_else(|| panic!("{name}"));
    let ends = outcome.epoch_destroyed_at.0;
    let is_over = |at: Option<privacy::receipt::At>| at.is_some_and(|at| at.0 <= ends && at.0 > Timestamp(0));
    assert!(is_over(says("place_a").epoch_destroyed_at) && says("place_a").journal_at.is_some());
    assert_eq!(says("place_c").epoch_destroyed_at, None, "it never had a key of that epoch: nothing is signed of it");
    let gone = outcome.places.iter().find(|place| place.site == "Bonn").expect("one that held a key is named");
    assert!(gone.place != "place_b" && is_over(gone.epoch_destroyed_at) && gone.journal_at.is_some(), "{gone:?}");
    assert_eq!(outcome.nodes.len(), 1);
    late.close().await;
}

async fn a_holder_that_is_given_up_is_named_and_waited_for_no_longer(house: House) {
    let two = Two::of(&house);
    turned(&house, &[]).await;
    let (erasure, _) = asked(&house).await;
    house.clock.advance(UNDO_ONE);
    destroy(&house).await;
    two.b.set_away(true);
    turned(&house, &[]).await;
    house.work().await;
    assert_eq!(state(&house, erasure).await, State::Destroyed);
    let left = house.app.status_of_epochs().await.unwrap().left;
    let holder = left[0].holder.clone();
    assert_eq!((left.len(), house.app.holder_named(&holder).as_str()), (1, "place_b"));
    let given_up = house.app.forget_holder(&holder, "it burned down").await;
    assert!(given_up.is_err(), "one that is configured is not given up: {given_up:?}");
    // Taken out of the configuration.
    let later = house.node(house.secrets()).await;
    later.use_places(named(vec![placed("place_a", Arc::clone(&two.a) as Arc<_>)], &house));
    assert!(later.forget_holder(&holder, " ").await.is_err(), "nobody gives up in silence");
    assert!(later.forget_holder("place:000000000000", "it burned down").await.is_err(), "there is none");
    let running = format!("node:{}", house.secrets().node());
    assert!(later.forget_holder(&running, "it burned down").await.is_err(), "a node that runs destroys by itself");
    later.forget_holder(&holder, "it burned down").await.unwrap();
    assert_eq!(later.status_of_epochs().await.unwrap().left, []);
    while later.work().await.unwrap() > 0 {}
    assert_eq!(state(&house, erasure).await, State::Done, "whoever waited for it goes on");
    let said = receipt(&house, erasure).await.statement;
    assert!(said.limits.contains(&Limit::CopyNotDestroyed), "{said:?}");
    let outcome = said.outcome.unwrap();
    let lost = outcome.places.iter().find(|place| place.lost_at.is_some()).unwrap();
    assert_eq!((lost.site.as_str(), lost.epoch_destroyed_at), ("Bonn", None));
    let log = house.app.audit(house.done.principal, Query::default(), i64::MAX, PAGE_MOST).await.unwrap().records;
    let told = log.iter().find(|entry| entry.kind == "epoch_holder_gone").expect("it stands in the log");
    assert!(format!("{told:?}").contains("it burned down"), "{told:?}");
    later.close().await;
}
