//! Backups on the days after: places that change, programs beside each other, failures again and again.

use std::sync::Arc;

use diskret_app::backup::Which;
use diskret_app::places::{Placed, Places};
use places::{BoxFuture, Bytes, Memory, Object, Place, Where, Write};

use crate::backup::{busy, files, made};
use crate::{DAY, House, SECOND, Two, on_both};

on_both! {
    a_bit_that_flips_later_is_found_within_a_week
    a_place_that_takes_nothing_any_more_hinders_no_other
    what_two_programs_of_one_folder_back_up_is_in_nobodys_way
    a_failure_is_told_once_an_hour_and_keys_that_turn_are_none
}

async fn a_bit_that_flips_later_is_found_within_a_week(house: House) {
    let two = Two::of(&house);
    made(&house, Which::Data).await;
    house.app.read_backups().await.unwrap();
    let is_late = async || house.app.overview_of_backups().await.unwrap().is_late;
    assert!(!is_late().await);
    let mut objects = two.b.objects();
    let part = objects.keys().find(|name| name.ends_with("0001.part")).unwrap().clone();
    let mut bytes = objects[&part].to_vec();
    bytes[100] ^= 1;
    objects.insert(part.clone(), bytes.into());
    two.b.set_objects(objects);
    house.app.read_backups().await.unwrap();
    assert!(!is_late().await, "it was read a moment ago");
    house.clock.advance(DAY * 7);
    two.b.set_away(true);
    house.app.read_backups().await.unwrap();
    two.b.set_away(false);
    house.app.read_backups().await.unwrap();
    let found = house.app.overview_of_backups().await.unwrap();
    assert!(found.is_late);
    let told = |place: &str| found.places.iter().find(|state| state.place == place).unwrap().broken.clone();
    assert!(told("place_b").unwrap().contains(&part) && told("place_a").is_none(), "{found:?}");
    made(&house, Which::Data).await;
    house.clock.advance(DAY * 7);
    house.app.read_backups().await.unwrap();
    assert!(house.app.overview_of_backups().await.unwrap().places.iter().all(|state| state.broken.is_none()));
}

/// A place that answers, and refuses everything that is written there.
#[derive(Debug)]
struct ReadOnly(Arc<Memory>);

impl Place for ReadOnly {
    fn medium(&self) -> String {
        self.0.medium()
    }

    fn identity(&self) -> String {
        self.0.identity()
    }

    fn check(&self) -> BoxFuture<'_, places::Result<()>> {
        self.0.check()
    }

    fn put<'a>(&'a self, _: &'a str, _: Bytes, _: Write) -> BoxFuture<'a, places::Result<()>> {
        Box::pin(async { Err(places::Error::Away("the disk is full".to_owned())) })
    }

    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, places::Result<Option<Bytes>>> {
        self.0.get(name)
    }

    fn list<'a>(&'a self, beginning: &'a str) -> BoxFuture<'a, places::Result<Vec<Object>>> {
        self.0.list(beginning)
    }

    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, places::Result<()>> {
        self.0.delete(name)
    }
}

async fn a_place_that_takes_nothing_any_more_hinders_no_other(house: House) {
    let (good, full) = (Arc::<Memory>::default(), Arc::<Memory>::default());
    let within = |site| Where::new("DE", site, "Nordlicht").unwrap();
    let placed = |name, site, place: Arc<dyn Place>| Placed::new(name, within(site), place);
    house.app.use_places(Places {
        all: vec![
            placed("place_a", "Kiel", Arc::new(ReadOnly(full))),
            placed("place_b", "Bonn", Arc::clone(&good) as _),
        ],
        spool: house.folder.path().join("spool"),
        keep: DAY * 30,
        daily_at: SECOND,
    });
    let made = house.app.back_up(Which::Keys, None).await.unwrap();
    assert_eq!((made.verified, made.pending.len()), (vec!["place_b".to_owned()], 1));
    assert!(good.objects().contains_key("keys/secrets") && good.objects().contains_key("keys/epoch"));
    assert_eq!(house.app.places_sealed_otherwise().await.unwrap(), ["place_a"]);
    crate::epoch::turned(&house, &[]).await;
    let status = house.app.status_of_epochs().await.unwrap();
    assert_eq!(status.current, 2, "the turn ends");
    let left = status.left.iter().map(|copy| house.app.holder_named(&copy.holder));
    assert_eq!(left.collect::<Vec<_>>(), ["place_a"]);
}

async fn what_two_programs_of_one_folder_back_up_is_in_nobodys_way(house: House) {
    let two = Two::of(&house);
    let other = house.node(house.secrets()).await;
    two.used_by(&other, house.folder.path());
    two.b.set_away(true);
    busy(&house).await;
    // Each makes backups and takes the rest of the other's to the places.
    for _ in 0..5 {
        let (one, theirs) = futures_util::future::join(
            async {
                house.app.back_up(Which::Data, None).await.unwrap();
                house.app.finish_backups(Which::Data).await
            },
            async {
                other.finish_backups(Which::Data).await.unwrap();
                other.back_up(Which::Data, None).await
            },
        )
        .await;
        one.unwrap();
        theirs.unwrap();
        house.clock.advance(SECOND);
    }
    two.b.set_away(false);
    assert_eq!(other.finish_backups(Which::Data).await.unwrap(), []);
    assert_eq!(files(&two.a), files(&two.b));
    assert_eq!(std::fs::read_dir(house.folder.path().join("spool")).unwrap().count(), 0);
}

async fn a_failure_is_told_once_an_hour_and_keys_that_turn_are_none(house: House) {
    let two = Two::of(&house);
    two.a.set_away(true);
    two.b.set_away(true);
    for _ in 0..4 {
        made(&house, Which::Data).await;
    }
    let told = async || {
        let (query, all) = (diskret_app::audit::Query::default(), domain::limits::PAGE_MOST);
        let page = house.app.audit(house.done.principal, query, i64::MAX, all).await.unwrap();
        page.records.iter().filter(|entry| entry.kind == "backup_failed").count()
    };
    assert_eq!(told().await, 1);
    house.clock.advance(SECOND * 3600);
    made(&house, Which::Data).await;
    assert_eq!(told().await, 2);
    two.a.set_away(false);
    two.b.set_away(false);
    // Some keys are wrapped with an organisation's new key and some with its old one.
    crate::write(&house, &mut house.visitor().await, 1).await;
    house.raw_keys("UPDATE organisation_key SET is_current = 0");
    house.raw_keys(
        "INSERT INTO organisation_key (organisation_id, version, epoch, is_current, key_wrapped, created_at)
        SELECT organisation_id, version + 1, epoch, 1, key_wrapped, created_at FROM organisation_key",
    );
    let before = house.app.latest_backups(Which::Keys, 10).await.unwrap();
    house.app.tidy().await.unwrap();
    for _ in 0..5 {
        house.work().await;
        house.clock.advance(SECOND * 10);
    }
    assert_eq!(house.app.latest_backups(Which::Keys, 10).await.unwrap(), before, "it waits, and nothing failed");
    assert_eq!(told().await, 2);
}
