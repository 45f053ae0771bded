//! What a restore must not do: serve half of it, empty what is somebody's, take an older state in silence.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use diskret_app::App;
use diskret_app::audit::Query;
use diskret_app::backup::Which;
use diskret_app::backup::restore::{NotRestored, Order, is_half_restored};
use domain::limits::{KEYS_EVERY, PAGE_MOST};
use domain::{Clock as _, KeyId, PublicId, Timestamp};
use store::epoch::Step;
use store::{KeyStore, Settings, Store};

use crate::epoch::turned;
use crate::restore::{Machine, back_up, conversation, erase, key, order, restored, texts};
use crate::{DAY, House, SECOND, Two, on_both, write};

on_both! {
    a_node_that_runs_on_serves_nothing_and_sweeps_no_key_while_it_is_put_back
    pointed_at_another_database_it_leaves_that_alone
    a_database_beside_one_that_is_refused_is_not_kept
    the_journal_without_its_end_is_refused_until_somebody_says_so
    the_newest_that_cannot_be_read_is_not_passed_over_in_silence
    a_newest_backup_that_a_place_keeps_back_is_missed
    a_backup_from_the_future_is_taken_only_by_its_name
    what_was_founded_after_the_data_is_gone_and_its_number_is_free
    what_it_is_and_what_comes_after_is_told
    a_number_of_an_epoch_is_not_given_out_twice
    data_that_were_backed_up_a_moment_ago_have_keys_that_open_them
}

async fn keys_of(machine: &Machine) -> usize {
    let settings = Settings { for_restore: true, ..Settings::default() };
    let keys = KeyStore::open(&machine.locations.1, settings).await.unwrap();
    let there = keys.keys_before(Timestamp(i64::MAX), (Timestamp(i64::MIN), KeyId(0)), 5_000).await.unwrap().len();
    keys.close().await;
    there
}

async fn a_node_that_runs_on_serves_nothing_and_sweeps_no_key_while_it_is_put_back(house: House) {
    let two = Two::of(&house);
    let name = conversation(&house, 3).await;
    back_up(&house).await;
    // Keys are older than the sweep lets unused ones become.
    house.clock.advance(DAY * 3);
    let (key, from) = (key(&house), [house.app.places()[0].clone()]);
    for operations in 4..40 {
        let machine = Machine::new(true);
        // A node that was connected when the databases were lost, and is connected again.
        let store = Store::open(&machine.locations.0, Settings::default()).await.unwrap();
        let keys = KeyStore::open(&machine.locations.1, Settings::default()).await.unwrap();
        let clock = Arc::clone(&house.clock) as Arc<_>;
        let running = App::new(store, keys, clock, house.secrets(), house.app.options().to_owned());
        let order = order(&house, &machine, &from, &key);
        two.a.away_after(operations);
        let is_through = restored(&house, &order).await.0.is_ok();
        two.a.set_away(false);
        if is_through {
            assert!(operations > 6, "it was looked at on the way");
            running.ready().await.unwrap();
            running.tidy().await.unwrap();
            assert_eq!(texts(&running, &house, name).await.unwrap().len(), 3);
            return;
        }
        if running.is_half_restored().await.unwrap() {
            let before = keys_of(&machine).await;
            running.ready().await.unwrap_err();
            running.work().await.unwrap_err();
            running.tidy().await.unwrap_err();
            running.keep_epochs().await.unwrap_err();
            assert_eq!(keys_of(&machine).await, before);
            assert!(Store::open(&machine.locations.0, Settings::default()).await.is_err(), "it starts nowhere");
            assert!(KeyStore::open(&machine.locations.1, Settings::default()).await.is_err(), "it starts nowhere");
        }
        running.close().await;
        restored(&house, &order).await.0.unwrap();
        let served = machine.serve(&house).await;
        served.tidy().await.unwrap();
        assert_eq!(texts(&served, &house, name).await.unwrap().len(), 3, "after {operations}");
        served.close().await;
    }
    panic!("it never came to its end");
}

async fn pointed_at_another_database_it_leaves_that_alone(house: House) {
    let two = Two::of(&house);
    let name = conversation(&house, 2).await;
    back_up(&house).await;
    let (key, machine) = (key(&house), Machine::new(house.is_on_postgres()));
    two.a.away_after(9);
    two.b.set_away(true);
    restored(&house, &order(&house, &machine, house.app.places(), &key)).await.0.unwrap_err();
    two.a.set_away(false);
    two.b.set_away(false);
    // The address was wrong, somebody puts it right and is wrong again.
    let [ours, theirs] = [&house.locations, &machine.locations];
    for locations in [ours.clone(), (ours.0.clone(), theirs.1.clone()), (theirs.0.clone(), ours.1.clone())] {
        let wrong = Order { locations, ..order(&house, &machine, house.app.places(), &key) };
        for _ in 0..2 {
            let refused = restored(&house, &wrong).await.0;
            assert!(matches!(refused, Err(NotRestored::Store(store::Error::Conflict(_)))), "{refused:?}");
            assert_eq!(texts(&house.app, &house, name).await.unwrap().len(), 2);
            house.app.ready().await.unwrap();
        }
    }
    restored(&house, &order(&house, &machine, house.app.places(), &key)).await.0.unwrap();
    assert_eq!(texts(&*machine.serve(&house).await, &house, name).await.unwrap().len(), 2);
}

async fn a_database_beside_one_that_is_refused_is_not_kept(house: House) {
    let _two = Two::of(&house);
    back_up(&house).await;
    let (key, machine) = (key(&house), Machine::new(house.is_on_postgres()));
    let locations = (machine.locations.0.clone(), house.locations.1.clone());
    let wrong = Order { locations, ..order(&house, &machine, house.app.places(), &key) };
    restored(&house, &wrong).await.0.unwrap_err();
    let free = Store::open(&machine.locations.0, Settings::default()).await.unwrap();
    assert_eq!(free.is_half_restored().await, Ok(false));
    house.app.ready().await.unwrap();
}

async fn the_journal_without_its_end_is_refused_until_somebody_says_so(house: House) {
    let two = Two::of(&house);
    let [gone, also] = [conversation(&house, 1).await, conversation(&house, 1).await];
    back_up(&house).await;
    erase(&house, &[gone, also]).await;
    // What the places had is told with the keys of the hour.
    house.clock.advance(KEYS_EVERY);
    house.app.back_up(Which::Keys, None).await.unwrap();
    for place in [&two.a, &two.b] {
        let mut objects = place.objects();
        objects.remove("journal/00000000000000000002").unwrap();
        place.set_objects(objects);
    }
    let (key, machine) = (key(&house), Machine::new(false));
    let ours = order(&house, &machine, house.app.places(), &key);
    let refused = restored(&house, &ours).await.0;
    assert!(matches!(refused, Err(NotRestored::JournalEnds { ends: 1, there_were: 2 })), "{refused:?}");
    assert!(is_half_restored(machine.path()), "and nobody is served");
    let wrong = Order { journal: Some(0), ..order(&house, &machine, house.app.places(), &key) };
    restored(&house, &wrong).await.0.unwrap_err();
    let said = Order { journal: Some(1), ..order(&house, &machine, house.app.places(), &key) };
    assert_eq!(restored(&house, &said).await.0.unwrap().journal, 1);
}

/// The newest object of a kind at a place, and all of its backup.
fn newest(objects: impl Iterator<Item = String>, beginning: &str) -> String {
    let lists = objects.filter(|name| name.starts_with(beginning) && name.ends_with("/manifest"));
    lists.max().unwrap().trim_end_matches("manifest").to_owned()
}

/// The name in a backup's folder.
fn name_of(folder: &str) -> PublicId {
    folder.trim_end_matches('/').rsplit('-').next().unwrap().parse().unwrap()
}

async fn the_newest_that_cannot_be_read_is_not_passed_over_in_silence(house: House) {
    let two = Two::of(&house);
    for _ in 0..2 {
        house.clock.advance(KEYS_EVERY);
        back_up(&house).await;
    }
    let key = key(&house);
    for beginning in ["data/", "keys/gen/"] {
        let whole = two.a.objects();
        let folder = newest(whole.keys().cloned(), beginning);
        for place in [&two.a, &two.b] {
            let mut objects = place.objects();
            let mut list = objects[&format!("{folder}manifest")].to_vec();
            *list.last_mut().unwrap() ^= 1;
            objects.insert(format!("{folder}manifest"), list.into());
            place.set_objects(objects);
        }
        let machine = Machine::new(false);
        let refused = restored(&house, &order(&house, &machine, house.app.places(), &key)).await.0.unwrap_err();
        assert!(matches!(refused, NotRestored::Newest(_)), "{refused:?}");
        assert!(refused.to_string().contains(&folder), "{refused}");
        // By their names the older ones are taken; keys that are older than the newest data need older data, too.
        let older: Vec<PublicId> = ["data/", "keys/gen/"]
            .map(|kind| {
                let last = newest(two.a.objects().into_keys(), kind);
                name_of(&newest(two.a.objects().into_keys().filter(|name| !name.starts_with(&last)), kind))
            })
            .to_vec();
        let named = Order { named: &older, ..order(&house, &machine, house.app.places(), &key) };
        restored(&house, &named).await.0.unwrap();
        for place in [&two.a, &two.b] {
            place.set_objects(whole.clone());
        }
    }
}

async fn a_newest_backup_that_a_place_keeps_back_is_missed(house: House) {
    let two = Two::of(&house);
    for _ in 0..2 {
        house.clock.advance(KEYS_EVERY);
        back_up(&house).await;
    }
    let (key, from) = (key(&house), [house.app.places()[0].clone()]);
    let folder = newest(two.a.objects().into_keys(), "data/");
    let mut objects = two.a.objects();
    objects.retain(|name, _| !name.starts_with(&folder));
    two.a.set_objects(objects);
    let machine = Machine::new(false);
    let refused = restored(&house, &order(&house, &machine, &from, &key)).await.0.unwrap_err();
    assert!(refused.to_string().contains(&name_of(&folder).to_string()), "{refused}");
    assert!(matches!(refused, NotRestored::Older { .. }));
    let older = [name_of(&newest(two.a.objects().into_keys(), "data/"))];
    let named = Order { named: &older, ..order(&house, &machine, &from, &key) };
    restored(&house, &named).await.0.unwrap();
}

async fn a_backup_from_the_future_is_taken_only_by_its_name(house: House) {
    let _two = Two::of(&house);
    back_up(&house).await;
    house.clock.advance(SECOND);
    let ahead = Arc::new(domain::clock::ManualClock::at(house.clock.now().plus(KEYS_EVERY * 2)));
    let wrong = house.node_at(house.secrets(), Arc::clone(&ahead)).await;
    _two.used_by(&wrong, house.folder.path());
    for which in [Which::Data, Which::Keys] {
        ahead.advance(SECOND);
        wrong.back_up(which, None).await.unwrap();
    }
    let key = key(&house);
    let expected = house.app.backups_at(&house.app.places()[0], Which::Data).await.unwrap();
    let (done, told) = restored(&house, &order(&house, &Machine::new(false), house.app.places(), &key)).await;
    assert_eq!(done.unwrap().data, expected[0].set, "{told:?}");
    let named = [expected[1].set.name];
    let machine = Machine::new(false);
    let by_name = Order { named: &named, ..order(&house, &machine, house.app.places(), &key) };
    // Its keys are from the future, too.
    let refused = restored(&house, &by_name).await.0;
    assert!(matches!(refused, Err(NotRestored::Nothing(_))), "{refused:?}");
    let keys = house.app.backups_at(&house.app.places()[0], Which::Keys).await.unwrap();
    let named = [expected[1].set.name, keys[1].set.name];
    let by_name = Order { named: &named, ..order(&house, &machine, house.app.places(), &key) };
    assert_eq!(restored(&house, &by_name).await.0.unwrap().data, expected[1].set);
}

async fn what_was_founded_after_the_data_is_gone_and_its_number_is_free(house: House) {
    let _two = Two::of(&house);
    house.clock.advance(SECOND);
    house.app.back_up(Which::Data, None).await.unwrap();
    let lost = house.found("ben@example.de").await.principal.organisation;
    house.clock.advance(SECOND);
    house.app.back_up(Which::Keys, None).await.unwrap();
    let (key, machine) = (key(&house), Machine::new(house.is_on_postgres()));
    let done = restored(&house, &order(&house, &machine, house.app.places(), &key)).await.0.unwrap();
    assert_eq!(done.strangers, 1);
    let app = machine.serve(&house).await;
    app.join_epochs(std::time::Duration::ZERO).await.unwrap();
    house.clock.advance(DAY * 2);
    app.tidy().await.unwrap();
    let before = app.status_of_epochs().await.unwrap().current;
    for _ in 0..40 {
        while app.work().await.unwrap() > 0 {}
        house.clock.advance(SECOND * 10);
    }
    let status = app.status_of_epochs().await.unwrap();
    assert!(status.current > before && status.turn.step == Step::None, "it turns: {status:?}");
    let again = app
        .set_up(diskret_app::installation::NewOrganisation {
            title: "Westlicht".to_owned(),
            owner: diskret_app::team::NewOperator {
                name: "Cem".to_owned(),
                email: "cem@example.de".to_owned(),
                password: privacy::Plaintext::new(crate::PASSWORD.to_owned()),
                role: domain::Role::Owner,
                language: domain::Language::De,
            },
            widget: diskret_app::widget::WidgetChange::default(),
        })
        .await
        .unwrap();
    assert_eq!(again.principal.organisation, lost, "its number, and a key of its own");
    let visitor = app.visit(again.widget, None, None, crate::HERE).await.unwrap().0;
    app.receive_first(&visitor, crate::message(1)).await.unwrap();
}

async fn what_it_is_and_what_comes_after_is_told(house: House) {
    let _two = Two::of(&house);
    house.app.tidy().await.unwrap();
    conversation(&house, 1).await;
    back_up(&house).await;
    let (key, machine) = (key(&house), Machine::new(house.is_on_postgres()));
    std::fs::set_permissions(machine.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    house.clock.advance(SECOND * 5);
    let done = restored(&house, &order(&house, &machine, house.app.places(), &key)).await.0.unwrap();
    assert_eq!(std::fs::metadata(machine.path()).unwrap().permissions().mode() & 0o777, 0o700);
    let app = machine.serve(&house).await;
    let page = app.audit(house.done.principal, Query::default(), i64::MAX, PAGE_MOST).await.unwrap();
    let told = page.records.iter().find(|entry| entry.kind == "backup_restored").unwrap();
    let says = |what: &str| told.details.iter().find(|one| one.what == what).unwrap().after.clone().unwrap();
    assert_eq!((says("data_of"), says("keys_of")), (done.data.at.to_string(), done.keys.at.to_string()));
    assert_eq!(says("journal"), "0");
    let store = Store::open(&machine.locations.0, Settings::default()).await.unwrap();
    let now = house.clock.now();
    let due = store.claim_jobs(store::job::Lane::Keys, now, SECOND, 10).await.unwrap();
    assert!(due.iter().any(|job| job.kind == store::job::Kind::Turn), "what the lost machine holds becomes noise");
    let retains = async |at| {
        let due = store.claim_jobs(store::job::Lane::Erasing, at, SECOND, 10).await.unwrap();
        due.iter().any(|job| job.kind == store::job::Kind::Retain)
    };
    assert!(
        !retains(now.plus(DAY).minus(SECOND)).await,
        "holds since the backup are lost: somebody may set them again"
    );
    assert!(retains(now.plus(DAY)).await);
}

async fn a_number_of_an_epoch_is_not_given_out_twice(house: House) {
    let _two = Two::of(&house);
    back_up(&house).await;
    let (key, machine) = (key(&house), Machine::new(house.is_on_postgres()));
    // A place that has what was, on the day of which the backup is.
    let places = [house.app.places()[0].clone()];
    let (before, two) = (_two.a.objects(), &_two);
    turned(&house, &[]).await;
    two.a.set_objects(before);
    restored(&house, &order(&house, &machine, &places, &key)).await.0.unwrap();
    let app = machine.serve(&house).await;
    app.keep_epochs().await.unwrap();
    // A node of before, whose folder has the key of an epoch that the restored state does not know.
    let store = Store::open(&machine.locations.0, Settings::default()).await.unwrap();
    let keys = KeyStore::open(&machine.locations.1, Settings::default()).await.unwrap();
    let clock = Arc::clone(&house.clock) as Arc<_>;
    let old = App::new(store, keys, clock, house.secrets(), house.app.options().to_owned());
    assert!(old.join_epochs(std::time::Duration::ZERO).await.is_err());
    app.keep_epochs().await.unwrap();
    old.join_epochs(std::time::Duration::ZERO).await.unwrap();
    for _ in 0..40 {
        while app.work().await.unwrap() > 0 {}
        old.keep_epochs().await.unwrap();
        house.clock.advance(SECOND);
    }
    let status = app.status_of_epochs().await.unwrap();
    assert!(status.current > 1_000 && status.turn.step == Step::None, "{status:?}");
    old.check_secrets().await.unwrap();
    let [here, there] = [machine.path(), house.folder.path()].map(|folder| {
        let file = folder.join(format!("secrets/epoch-{}.key", status.current));
        std::fs::read(file).unwrap()
    });
    assert_eq!(here, there, "both have the same one");
    assert!(!house.folder.path().join("secrets/epoch-2.key").exists(), "and the one that nobody knows goes");
}

async fn data_that_were_backed_up_a_moment_ago_have_keys_that_open_them(house: House) {
    let _two = Two::of(&house);
    house.app.tidy().await.unwrap();
    house.work().await;
    house.clock.advance(SECOND * 3 * 3600);
    let mut visitor = house.visitor().await;
    let name = write(&house, &mut visitor, 1).await.conversation.name();
    house.clock.advance(SECOND);
    // It is the time of both.
    house.work().await;
    house.clock.advance(SECOND);
    house.work().await;
    let (key, machine) = (key(&house), Machine::new(false));
    restored(&house, &order(&house, &machine, house.app.places(), &key)).await.0.unwrap();
    assert_eq!(texts(&*machine.serve(&house).await, &house, name).await.unwrap().len(), 1);
}
