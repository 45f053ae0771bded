//! The turn and the places outside.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use diskret_app::epoch::{Outer as At, Outside, RECOVERY, unpack};
use diskret_app::{Error, Result};
use domain::limits::TURN_EVERY;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use privacy::recovery;
use store::epoch::Step;

use super::{epoch_keys, finished, turned};
use crate::{House, SECOND, on_both};

on_both! {
    each_place_has_what_is_needed_at_each_moment_and_nothing_that_is_over
    a_place_away_for_three_days_destroys_old_keys_when_it_is_back
    with_no_place_in_reach_nothing_is_destroyed
    keys_that_could_not_be_backed_up_are_not_destroyed
    behind_a_new_recovery_key_the_old_one_opens_nothing
}

/// Two places in memory.
#[derive(Default)]
pub(super) struct Outer {
    /// What lies there, and everything that ever did.
    pub(super) there: Mutex<BTreeMap<String, Vec<Vec<u8>>>>,
    pub(super) away: Mutex<Vec<String>>,
    pub(super) backs_nothing_up: Mutex<bool>,
    /// Places that take no backup of keys.
    pub(super) lacks_keys: Mutex<Vec<String>>,
}

impl Outside for Outer {
    fn places(&self) -> Vec<At> {
        ["a", "b"].map(|id| At { id: id.to_owned(), medium: "folder".to_owned(), within: None }).to_vec()
    }

    fn replace_epochs<'a>(&'a self, place: &'a str, sealed: Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            if self.away.lock().iter().any(|away| away == place) {
                return Err(Error::Unavailable);
            }
            self.there.lock().entry(place.to_owned()).or_default().push(sealed);
            Ok(())
        })
    }

    fn has_generation<'a>(&'a self, place: &'a str, _: i64) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move { Ok(!self.lacks_keys.lock().iter().any(|lacks| lacks == place)) })
    }

    fn back_up_keys(&self) -> BoxFuture<'_, Result<usize>> {
        Box::pin(async move { Ok(if *self.backs_nothing_up.lock() { 0 } else { 2 - self.away.lock().len() }) })
    }
}

impl Outer {
    pub(super) async fn of(house: &House) -> Arc<Self> {
        let outer = Arc::new(Self::default());
        house.app.reach_outside(Arc::clone(&outer) as Arc<_>);
        outer
    }

    /// The epochs whose keys the recovery key opens at a place, in the order in which they came there.
    pub(super) fn opened(&self, place: &str, shown: &str) -> Vec<Vec<i64>> {
        let private = recovery::private(shown).unwrap();
        let there = self.there.lock();
        let all = there.get(place).into_iter().flatten();
        all.map(|sealed| {
            let opened = private.open(RECOVERY, sealed).unwrap();
            unpack(&opened).unwrap().into_iter().map(|(epoch, _)| epoch).collect()
        })
        .collect()
    }
}

pub(super) fn recovery_key(house: &House) -> String {
    house.done.recovery_key.as_ref().unwrap().to_string()
}

async fn each_place_has_what_is_needed_at_each_moment_and_nothing_that_is_over(house: House) {
    let outer = Outer::of(&house).await;
    turned(&house, &[]).await;
    for place in ["a", "b"] {
        // Both while both are needed, then the new one alone.
        assert_eq!(outer.opened(place, &recovery_key(&house)), [vec![1, 2], vec![2]], "{place}");
    }
    let sealed = outer.there.lock()["a"][1].clone();
    let opened = recovery::private(&recovery_key(&house)).unwrap().open(RECOVERY, &sealed).unwrap();
    let keys = unpack(&opened).unwrap();
    assert_eq!(keys[0].1.expose(), epoch_keys(house.folder.path())[&2].expose(), "it is the key of this node");
    turned(&house, &[]).await;
    assert_eq!(outer.opened("b", &recovery_key(&house)).last().unwrap(), &[3]);
    let status = house.app.status_of_epochs().await.unwrap();
    assert_eq!((status.settled, status.left), (2, Vec::new()));
    let places = house.keys.epoch_copies(2, 2).await.unwrap();
    assert_eq!(
        places.iter().filter(|copy| copy.holder.starts_with("place:") && copy.destroyed_at.is_some()).count(),
        2
    );
}

async fn a_place_away_for_three_days_destroys_old_keys_when_it_is_back(house: House) {
    let outer = Outer::of(&house).await;
    turned(&house, &[]).await;
    outer.away.lock().push("b".to_owned());
    for _ in 0..6 {
        house.clock.advance(TURN_EVERY);
        finished(&house, &house.app, &[]).await;
    }
    let status = house.app.status_of_epochs().await.unwrap();
    assert_eq!((status.current, status.settled), (8, 1), "here and at the other place it goes on; nothing is final");
    assert!(!status.left.is_empty() && status.left.iter().all(|copy| copy.holder == "place:b"), "{:?}", status.left);
    assert_eq!(outer.opened("b", &recovery_key(&house)).last().unwrap(), &[2], "it has what it had");
    assert_eq!(outer.opened("a", &recovery_key(&house)).last().unwrap(), &[8]);
    outer.away.lock().clear();
    house.clock.advance(SECOND * 60);
    house.work().await;
    assert_eq!(outer.opened("b", &recovery_key(&house)).last().unwrap(), &[8]);
    let status = house.app.status_of_epochs().await.unwrap();
    assert_eq!((status.current, status.settled, status.left), (8, 7, Vec::new()));
}

async fn with_no_place_in_reach_nothing_is_destroyed(house: House) {
    let outer = Outer::of(&house).await;
    outer.away.lock().extend(["a".to_owned(), "b".to_owned()]);
    house.app.keep_epochs().await.unwrap();
    house.app.ask_for_turn().await.unwrap();
    for _ in 0..10 {
        house.work().await;
        house.clock.advance(Duration::from_secs(60));
    }
    let status = house.app.status_of_epochs().await.unwrap();
    assert_eq!((status.current, status.turn.step), (1, Step::Recover));
    assert_eq!(epoch_keys(house.folder.path()).len(), 2);
    outer.away.lock().pop();
    finished(&house, &house.app, &[]).await;
    assert_eq!(house.app.status_of_epochs().await.unwrap().current, 2, "one is enough");
    assert_eq!(epoch_keys(house.folder.path()).len(), 1);
}

async fn keys_that_could_not_be_backed_up_are_not_destroyed(house: House) {
    let outer = Outer::of(&house).await;
    *outer.backs_nothing_up.lock() = true;
    house.app.keep_epochs().await.unwrap();
    house.app.ask_for_turn().await.unwrap();
    for _ in 0..10 {
        house.work().await;
        house.clock.advance(Duration::from_secs(60));
    }
    let status = house.app.status_of_epochs().await.unwrap();
    assert_eq!((status.current, status.turn.step), (2, Step::BackUp));
    assert_eq!(epoch_keys(house.folder.path()).len(), 2);
    *outer.backs_nothing_up.lock() = false;
    finished(&house, &house.app, &[]).await;
    assert_eq!(epoch_keys(house.folder.path()).len(), 1);
}

async fn behind_a_new_recovery_key_the_old_one_opens_nothing(house: House) {
    let outer = Outer::of(&house).await;
    turned(&house, &[]).await;
    let new = house.app.new_recovery_key().await.unwrap();
    house.app.seal_for_recovery_anew().await.unwrap();
    for place in ["a", "b"] {
        let last = outer.there.lock()[place].last().unwrap().clone();
        assert!(recovery::private(&recovery_key(&house)).unwrap().open(RECOVERY, &last).is_err());
        assert!(recovery::private(&new).unwrap().open(RECOVERY, &last).is_ok());
    }
}
