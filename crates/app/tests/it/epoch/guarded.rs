//! Epoch keys in spite of whoever writes to a database, places that lack something, and clocks that are wrong.

use std::sync::Arc;
use std::time::Duration;

use diskret_app::epoch::Outside;
use diskret_app::secrets::Secrets;
use diskret_app::{App, Error, Result};
use domain::Clock as _;
use domain::clock::ManualClock;
use domain::limits::TURN_EVERY;
use futures_util::future::BoxFuture;
use privacy::envelope::OpenKey;
use store::epoch::Step;
use tokio::sync::Notify;

use super::places::{Outer, recovery_key};
use super::{epoch_keys, finished, turned};
use crate::{DAY, House, SECOND, on_both, write};

on_both! {
    a_database_that_says_that_all_keys_are_over_has_none_destroyed
    a_recovery_key_that_nobody_of_this_installation_made_gets_no_epoch_key
    a_folder_without_an_epochs_key_is_handed_one
    a_place_that_lacks_the_new_keys_keeps_the_old_one_for_a_day_at_most
    a_late_write_brings_no_old_key_back_to_a_place
    turns_that_do_not_end_and_copies_that_stay_are_told_of
    a_clock_that_was_a_year_ahead_puts_nothing_off
    a_turn_is_asked_for_once_in_ten_minutes_and_by_nobody_who_shares
}

fn held(house: &House) -> Vec<i64> {
    epoch_keys(house.folder.path()).into_keys().collect()
}

async fn a_database_that_says_that_all_keys_are_over_has_none_destroyed(house: House) {
    let outer = Outer::of(&house).await;
    turned(&house, &[]).await;
    let mut visitor = house.visitor().await;
    let name = write(&house, &mut visitor, 1).await.conversation.name();
    let lies = [
        "UPDATE epoch SET state = 4",
        // Also one that names a newer key, which nobody has.
        "INSERT INTO epoch (epoch, state, made_by, made_at) VALUES (9, 2, 0, 0)",
    ];
    for lie in lies {
        house.raw_keys(lie);
        house.app.keep_epochs().await.unwrap();
        assert_eq!(held(&house), [2], "{lie}");
        let _ = house.app.seal_for_recovery_anew().await.unwrap_err();
        for place in ["a", "b"] {
            assert_eq!(outer.opened(place, &recovery_key(&house)).last().unwrap(), &[2], "{lie}");
        }
    }
    house.raw_keys("DELETE FROM epoch WHERE epoch = 9");
    house.raw_keys("UPDATE epoch SET state = 2 WHERE epoch = 2");
    assert!(house.app.entries_before(house.done.principal, name, i64::MAX, 9).await.is_ok(), "nothing is lost");
    turned(&house, &[]).await;
    assert_eq!(held(&house), [3], "and what is really over goes");
}

async fn a_recovery_key_that_nobody_of_this_installation_made_gets_no_epoch_key(house: House) {
    let outer = Outer::of(&house).await;
    turned(&house, &[]).await;
    let count = || outer.there.lock()["a"].len();
    let (before, intruder) = (count(), data_encoding::HEXLOWER.encode(&OpenKey::generate().public()));
    let ours = house.store.installation().await.unwrap().unwrap();
    let put = |public: &str, tag: &str| {
        let (public, tag) = if house.is_on_postgres() {
            (format!("'\\x{public}'::bytea"), tag.replace("{}", "'\\x").replace(';', "'::bytea"))
        } else {
            (format!("x'{public}'"), tag.replace("{}", "x'").replace(';', "'"))
        };
        house.raw_data(&format!("UPDATE installation SET recovery_public = {public}, recovery_tag = {tag}"));
    };
    let tag = data_encoding::HEXLOWER.encode(&ours.recovery_tag.unwrap());
    for tag in [format!("{{}}{tag};"), "NULL".to_owned()] {
        put(&intruder, &tag);
        let _ = house.app.seal_for_recovery_anew().await.unwrap_err();
        house.app.ask_for_turn().await.unwrap();
        for _ in 0..5 {
            house.work().await;
            house.clock.advance(SECOND * 60);
        }
        assert_eq!(house.app.status_of_epochs().await.unwrap().turn.step, Step::Recover, "the turn waits");
        assert_eq!(count(), before, "nothing is sealed to it");
    }
    // Whoever holds the right one says so.
    let shown = privacy::Plaintext::new(recovery_key(&house));
    assert!(matches!(house.app.confirm_recovery_key(&shown).await, Err(Error::Invalid { .. })), "it is another one");
    put(&data_encoding::HEXLOWER.encode(&ours.recovery_public), "NULL");
    let _ = house.app.seal_for_recovery_anew().await.unwrap_err();
    house.app.confirm_recovery_key(&shown).await.unwrap();
    finished(&house, &house.app, &[]).await;
    let current = house.app.status_of_epochs().await.unwrap().current;
    assert!(current > 2);
    assert_eq!(outer.opened("a", &recovery_key(&house)).last().unwrap(), &[current]);
}

async fn a_folder_without_an_epochs_key_is_handed_one(house: House) {
    turned(&house, &[]).await;
    let folder = super::nodes::copy(&house, &[]);
    house.clock.advance(SECOND * 61);
    for _ in 0..2 {
        let node = house.node(Secrets::load(&folder.path().join("secrets"), false).unwrap()).await;
        assert!(node.join_epochs(Duration::ZERO).await.is_err(), "no other node is there");
    }
    let node = house.node(Secrets::load(&folder.path().join("secrets"), false).unwrap()).await;
    assert!(node.join_epochs(Duration::ZERO).await.is_err());
    house.app.keep_epochs().await.unwrap();
    node.join_epochs(Duration::ZERO).await.unwrap();
    node.check_secrets().await.unwrap();
    assert_eq!(epoch_keys(folder.path()).into_keys().collect::<Vec<_>>(), [2]);
}

async fn a_place_that_lacks_the_new_keys_keeps_the_old_one_for_a_day_at_most(house: House) {
    let outer = Outer::of(&house).await;
    outer.lacks_keys.lock().push("b".to_owned());
    turned(&house, &[]).await;
    let last = |place| outer.opened(place, &recovery_key(&house)).pop().unwrap();
    assert_eq!((last("a"), last("b")), (vec![2], vec![1, 2]), "what lies at b opens with the old one");
    let left = house.app.status_of_epochs().await.unwrap().left;
    assert_eq!(left.iter().map(|copy| copy.holder.as_str()).collect::<Vec<_>>(), ["place:b"], "it is named");
    outer.lacks_keys.lock().clear();
    house.clock.advance(SECOND * 60);
    house.work().await;
    assert_eq!(last("b"), [2]);
    // A place that never takes them holds nothing up for longer than a day.
    outer.lacks_keys.lock().push("b".to_owned());
    for _ in 0..3 {
        house.clock.advance(TURN_EVERY);
        finished(&house, &house.app, &[]).await;
    }
    house.clock.advance(DAY);
    house.work().await;
    let status = house.app.status_of_epochs().await.unwrap();
    assert!(status.left.iter().all(|copy| copy.epoch > 3), "{:?}", status.left);
}

/// Places to which the first write takes until it is let through.
struct Slow {
    outer: Arc<Outer>,
    arrived: Notify,
    through: Notify,
}

impl Outside for Slow {
    fn places(&self) -> Vec<diskret_app::epoch::Outer> {
        vec![diskret_app::epoch::Outer { id: "a".to_owned(), medium: "folder".to_owned(), within: None }]
    }

    fn replace_epochs<'a>(&'a self, place: &'a str, sealed: Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.arrived.notify_one();
            self.through.notified().await;
            self.through.notify_one();
            self.outer.replace_epochs(place, sealed).await
        })
    }

    fn has_generation<'a>(&'a self, place: &'a str, epoch: i64) -> BoxFuture<'a, Result<bool>> {
        self.outer.has_generation(place, epoch)
    }

    fn back_up_keys(&self) -> BoxFuture<'_, Result<usize>> {
        self.outer.back_up_keys()
    }
}

async fn a_late_write_brings_no_old_key_back_to_a_place(house: House) {
    let (outer, folder) = (Outer::of(&house).await, super::nodes::copy(&house, &[1]));
    let other: Arc<App> = super::nodes::node(&house, &folder).await;
    let slow = Arc::new(Slow { outer: Arc::clone(&outer), arrived: Notify::new(), through: Notify::new() });
    other.reach_outside(Arc::clone(&slow) as Arc<_>);
    *outer.backs_nothing_up.lock() = true;
    house.app.keep_epochs().await.unwrap();
    house.app.ask_for_turn().await.unwrap();
    for _ in 0..20 {
        house.work().await;
        other.keep_epochs().await.unwrap();
        house.clock.advance(SECOND * 5);
    }
    assert_eq!(house.app.status_of_epochs().await.unwrap().turn.step, Step::BackUp);
    assert_eq!(epoch_keys(folder.path()).len(), 2);
    let late = tokio::spawn({
        let other = Arc::clone(&other);
        async move { other.seal_for_recovery_anew().await }
    });
    slow.arrived.notified().await;
    // The turn goes on and ends while that write is on its way.
    *outer.backs_nothing_up.lock() = false;
    finished(&house, &house.app, &[&other]).await;
    let last = || outer.opened("a", &recovery_key(&house)).pop().unwrap();
    assert_eq!(last(), [2]);
    let count = outer.there.lock()["a"].len();
    slow.through.notify_one();
    late.await.unwrap().unwrap();
    let written = outer.opened("a", &recovery_key(&house));
    assert_eq!(written[count..], [vec![1, 2], vec![2]], "it came, and was made good");
    let copies = house.keys.epoch_copies(1, 1).await.unwrap();
    assert!(copies.iter().all(|copy| copy.destroyed_at.is_some()), "{copies:?}");
}

async fn turns_that_do_not_end_and_copies_that_stay_are_told_of(house: House) {
    let outer = Outer::of(&house).await;
    turned(&house, &[]).await;
    let is_late = async || house.app.status_of_epochs().await.unwrap().is_late;
    *outer.backs_nothing_up.lock() = true;
    house.clock.advance(TURN_EVERY);
    house.work().await;
    assert!(!is_late().await);
    let hours = |hours| SECOND * 3600 * hours;
    house.clock.advance(hours(27));
    house.work().await;
    assert!(is_late().await, "it has waited for a backup since");
    *outer.backs_nothing_up.lock() = false;
    finished(&house, &house.app, &[]).await;
    finished(&house, &house.app, &[]).await;
    house.clock.advance(TURN_EVERY);
    finished(&house, &house.app, &[]).await;
    assert!(!is_late().await);
    outer.away.lock().push("b".to_owned());
    house.clock.advance(TURN_EVERY);
    finished(&house, &house.app, &[]).await;
    assert!(!is_late().await);
    for _ in 0..3 {
        house.clock.advance(TURN_EVERY);
        finished(&house, &house.app, &[]).await;
    }
    assert!(is_late().await, "the place still has an old key");
    house.app.freeze_epochs_here(Some(DAY), "an intruder").await.unwrap();
    assert!(!is_late().await, "that is somebody's decision");
}

async fn a_clock_that_was_a_year_ahead_puts_nothing_off(house: House) {
    turned(&house, &[]).await;
    let ahead = Arc::new(ManualClock::at(house.clock.now().plus(DAY * 365)));
    let wrong = house.node_at(house.secrets(), Arc::clone(&ahead)).await;
    wrong.join_epochs(Duration::ZERO).await.unwrap();
    for _ in 0..40 {
        while wrong.work().await.unwrap() > 0 {}
        ahead.advance(SECOND * 20);
    }
    assert_eq!(wrong.status_of_epochs().await.unwrap().current, 3, "it turned there");
    drop(wrong);
    // The clock is put right, and the program starts again. It looks after such things every ten minutes.
    let right = house.node(house.secrets()).await;
    right.join_epochs(Duration::ZERO).await.unwrap();
    for _ in 0..2 {
        right.tidy().await.unwrap();
        house.clock.advance(TURN_EVERY + SECOND * 600);
        finished(&house, &right, &[]).await;
    }
    assert!(right.status_of_epochs().await.unwrap().current >= 4, "and turns again");
}

async fn a_turn_is_asked_for_once_in_ten_minutes_and_by_nobody_who_shares(house: House) {
    let ada = house.done.principal;
    house.app.turn_epoch_now(ada).await.unwrap();
    assert!(matches!(house.app.turn_epoch_now(ada).await, Err(Error::Conflict(_))));
    finished(&house, &house.app, &[]).await;
    assert!(matches!(house.app.turn_epoch_now(ada).await, Err(Error::Conflict(_))));
    house.clock.advance(SECOND * 600);
    house.app.turn_epoch_now(ada).await.unwrap();
    house.clock.advance(SECOND * 600);
    house.found("ben@example.de").await;
    assert!(matches!(house.app.turn_epoch_now(ada).await, Err(Error::Conflict(_))), "it is the others', too");
}
