//! Backups at two places: made, read back, tampered with, broken off.

use std::collections::{BTreeMap, BTreeSet};

use diskret_app::backup::{Made, Which};
use diskret_app::secrets::Secrets;
use domain::limits::{BACKUP_EVERY, BACKUP_LATE, KEYS_EVERY, KEYS_KEPT};
use domain::{Clock as _, KeyId, Timestamp};
use places::{Bytes, Memory};
use store::backup::PlaceState;

use crate::{DAY, House, SECOND, Two, on_both, secrets_in, write};

on_both! {
    both_places_have_it_and_nothing_of_it_can_be_read_there
    any_flipped_bit_is_refused_by_file_name
    a_file_that_is_missing_or_anothers_is_refused_by_name
    a_place_that_is_away_is_named_and_caught_up_with
    broken_off_at_any_moment_it_is_finished_later
    where_both_places_are_away_the_backup_failed_and_is_told
    old_ones_are_deleted_and_never_the_last
    the_data_hold_no_key_and_the_keys_die_with_their_epoch
    another_installations_backup_is_not_ours
    they_are_made_by_themselves_daily_and_hourly
    late_ones_are_told
}

/// Enough for a few parts to differ in kind.
pub(crate) async fn busy(house: &House) {
    let mut visitor = house.visitor().await;
    for counter in 1..=20 {
        write(house, &mut visitor, counter).await;
    }
}

pub(crate) async fn made(house: &House, which: Which) -> Made {
    house.clock.advance(SECOND);
    house.app.back_up(which, None).await.unwrap()
}

/// What belongs to backups; the secrets are sealed to the recovery key for each place by itself.
fn sealed(place: &Memory) -> BTreeMap<String, Bytes> {
    let secrets = ["keys/epoch", "keys/secrets"];
    place.objects().into_iter().filter(|(name, _)| !secrets.contains(&name.as_str())).collect()
}

pub(crate) fn files(place: &Memory) -> BTreeSet<String> {
    sealed(place).into_keys().collect()
}

/// What is said of a backup at the first place.
async fn refusal(house: &House, made: &Made) -> Option<String> {
    house.app.verify_backup(&house.app.places()[0], &made.set).await.err().map(|failed| failed.to_string())
}

async fn both_places_have_it_and_nothing_of_it_can_be_read_there(house: House) {
    let two = Two::of(&house);
    busy(&house).await;
    for which in [Which::Data, Which::Keys] {
        let made = made(&house, which).await;
        assert_eq!(made.verified, ["place_a", "place_b"]);
        assert!(made.pending.is_empty() && made.rows > 20 && made.bytes > 1_000, "{made:?}");
        let noted = &house.app.latest_backups(which, 10).await.unwrap()[0];
        assert_eq!((noted.name, noted.rows as u64, noted.failure.as_ref()), (made.set.name, made.rows, None));
        assert_eq!(noted.places.iter().map(|(place, _)| place.as_str()).collect::<Vec<_>>(), ["place_a", "place_b"]);
        for placed in house.app.places() {
            let manifest = house.app.verify_backup(placed, &made.set).await.unwrap();
            assert_eq!(manifest.rows(), made.rows);
            assert_eq!(manifest.tables.len(), store::backup::tables::backed_up(which).len());
            assert!(!manifest.left_out.is_empty());
            let lying = house.app.backups_at(placed, which).await.unwrap();
            assert_eq!(
                lying.into_iter().map(|lying| (lying.set, lying.is_complete)).collect::<Vec<_>>(),
                [(made.set.clone(), true)]
            );
        }
    }
    assert_eq!(files(&two.a), files(&two.b));
    assert!(sealed(&two.a) == sealed(&two.b), "sealed once, and the same at both");
    for word in ["Nordlicht", "conversation", "ada@example.de", "diskret-backup"] {
        let holds = |bytes: &[u8]| bytes.windows(word.len()).any(|window| window == word.as_bytes());
        assert!(two.a.objects().values().all(|object| !holds(object)), "{word}");
    }
    assert_eq!(std::fs::read_dir(house.folder.path().join("spool")).unwrap().count(), 0, "nothing is left here");
    let states = house.store.place_states().await.unwrap();
    let site = |state: &PlaceState| (state.place.clone(), state.within.clone(), state.failed.clone());
    let within = |site: &str| ["DE", site, "Nordlicht"].map(str::to_owned);
    let expected = [("place_a".to_owned(), within("Kiel"), None), ("place_b".to_owned(), within("Bonn"), None)];
    assert_eq!(states.iter().map(site).collect::<Vec<_>>(), expected);
}

async fn any_flipped_bit_is_refused_by_file_name(house: House) {
    let two = Two::of(&house);
    busy(&house).await;
    for which in [Which::Data, Which::Keys] {
        let made = made(&house, which).await;
        assert_eq!(refusal(&house, &made).await, None);
        let whole = two.a.objects();
        for (name, object) in whole.iter().filter(|(name, _)| name.contains(&made.set.name.to_string())) {
            let ends = [0, object.len() * 8 - 1];
            for bit in (0..object.len() * 8).step_by(997).chain(ends) {
                let mut changed = object.to_vec();
                changed[bit / 8] ^= 1 << (bit % 8);
                let mut objects = whole.clone();
                objects.insert(name.clone(), changed.into());
                two.a.set_objects(objects);
                let refusal = refusal(&house, &made).await;
                assert!(refusal.as_ref().is_some_and(|told| told.contains(name)), "bit {bit} of {name}: {refusal:?}");
            }
        }
        two.a.set_objects(whole);
        assert_eq!(refusal(&house, &made).await, None);
    }
}

async fn a_file_that_is_missing_or_anothers_is_refused_by_name(house: House) {
    let two = Two::of(&house);
    busy(&house).await;
    let older = made(&house, Which::Data).await;
    let newer = made(&house, Which::Data).await;
    let whole = two.a.objects();
    let of = |made: &Made| -> Vec<String> {
        whole.keys().filter(|name| name.contains(&made.set.name.to_string())).cloned().collect()
    };
    assert_eq!(of(&newer).len(), 2, "a part and the list");
    for (old, new) in of(&older).into_iter().zip(of(&newer)) {
        let mut without = whole.clone();
        without.remove(&new);
        let mut cut = whole.clone();
        let half = whole[&new].slice(..whole[&new].len() / 2);
        cut.insert(new.clone(), half);
        let mut put_back = whole.clone();
        put_back.insert(new.clone(), whole[&old].clone());
        for objects in [without, cut, put_back] {
            two.a.set_objects(objects);
            let refusal = refusal(&house, &newer).await;
            assert!(refusal.as_ref().is_some_and(|told| told.contains(&new)), "{new}: {refusal:?}");
            assert!(self::refusal(&house, &older).await.is_none());
        }
    }
}

async fn a_place_that_is_away_is_named_and_caught_up_with(house: House) {
    let two = Two::of(&house);
    busy(&house).await;
    two.a.set_away(true);
    let first = made(&house, Which::Data).await;
    assert_eq!((first.verified.as_slice(), first.pending[0].place.as_str()), (&["place_b".to_owned()][..], "place_a"));
    assert!(house.store.place_states().await.unwrap()[0].failed.is_some());
    assert_eq!(house.app.finish_backups(Which::Data).await.unwrap().len(), 1, "still away");
    assert!(files(&two.a).is_empty() && files(&two.b).len() == 2);
    two.a.set_away(false);
    assert_eq!(house.app.finish_backups(Which::Data).await.unwrap(), []);
    assert!(sealed(&two.a) == sealed(&two.b));
    assert_eq!(refusal(&house, &first).await, None);
    assert!(house.store.place_states().await.unwrap()[0].failed.is_none());
    assert_eq!(std::fs::read_dir(house.folder.path().join("spool")).unwrap().count(), 0);

    // After a day the place goes without it, and this machine's disk is not filled up.
    two.a.set_away(true);
    let second = made(&house, Which::Data).await;
    house.clock.advance(BACKUP_EVERY - SECOND);
    assert_eq!(house.app.finish_backups(Which::Data).await.unwrap()[0].set, second.set);
    house.clock.advance(SECOND);
    assert_eq!(house.app.finish_backups(Which::Data).await.unwrap(), []);
    assert_eq!(std::fs::read_dir(house.folder.path().join("spool")).unwrap().count(), 0);
}

async fn broken_off_at_any_moment_it_is_finished_later(house: House) {
    let two = Two::of(&house);
    busy(&house).await;
    // As many operations as a whole one has, and one more.
    let before = two.a.operations();
    made(&house, Which::Data).await;
    let whole = two.a.operations() - before;
    assert!(whole >= 5, "{whole}");
    for operations in 0..=whole {
        two.a.set_objects(BTreeMap::new());
        two.b.set_objects(BTreeMap::new());
        two.a.away_after(operations);
        let made = made(&house, Which::Data).await;
        assert_eq!(made.verified.contains(&"place_a".to_owned()), made.pending.is_empty());
        // What never came to its list is no backup.
        let lying = house.app.backups_at(&house.app.places()[1], Which::Data).await.unwrap();
        assert!(lying.iter().all(|lying| lying.is_complete));
        two.a.away_after(u64::MAX / 2);
        two.a.set_away(false);
        assert_eq!(house.app.finish_backups(Which::Data).await.unwrap(), []);
        assert!(sealed(&two.a) == sealed(&two.b), "after {operations}");
        assert_eq!(refusal(&house, &made).await, None, "after {operations}");
    }
    // One whose writing here was broken off is thrown away.
    let half = house.folder.path().join("spool").join(format!("{:016}-{}", 5, domain::PublicId::from_bytes([1; 16])));
    std::fs::create_dir(&half).unwrap();
    std::fs::write(half.join("0001.part"), b"half").unwrap();
    house.app.finish_backups(Which::Data).await.unwrap();
    assert!(!half.exists());
}

async fn where_both_places_are_away_the_backup_failed_and_is_told(house: House) {
    let two = Two::of(&house);
    two.a.set_away(true);
    two.b.set_away(true);
    let made = made(&house, Which::Data).await;
    assert_eq!((made.verified.len(), made.pending.len()), (0, 2));
    let noted = &house.app.latest_backups(Which::Data, 1).await.unwrap()[0];
    assert!(noted.failure.as_ref().unwrap().contains("place_a") && noted.places.is_empty());
    let bare = House::new(false).await;
    assert!(bare.app.back_up(Which::Data, None).await.is_err(), "no place is named");
}

async fn old_ones_are_deleted_and_never_the_last(house: House) {
    let two = Two::of(&house);
    let keep = DAY * 30;
    for (which, kept) in [(Which::Data, keep), (Which::Keys, KEYS_KEPT)] {
        let first = made(&house, which).await;
        house.clock.advance(kept - SECOND * 2);
        let second = made(&house, which).await;
        let lying = async || {
            let lying = house.app.backups_at(&house.app.places()[0], which).await.unwrap();
            lying.into_iter().map(|lying| lying.set).collect::<Vec<_>>()
        };
        assert_eq!(lying().await, [first.set.clone(), second.set.clone()], "a second before its time");
        house.clock.advance(SECOND);
        let third = made(&house, which).await;
        assert_eq!(lying().await, [second.set, third.set.clone()], "a second after");
        assert!(house.app.latest_backups(which, 10).await.unwrap()[2].places.is_empty());
        // However old it is, the last one stays; and what was begun and never finished goes.
        let mut objects = two.a.objects();
        let begun = if which == Which::Data { "data/0000000000000005-" } else { "keys/gen/0000000000000005-000001-" };
        let half = format!("{begun}{}/0001.part", domain::PublicId::from_bytes([1; 16]));
        objects.insert(half.clone(), "half".into());
        two.a.set_objects(objects);
        house.clock.advance(kept * 10);
        two.a.away_after(0);
        made(&house, which).await;
        two.a.set_away(false);
        assert_eq!(lying().await.last(), Some(&third.set));
        made(&house, which).await;
        assert!(!files(&two.a).contains(&half) && !lying().await.contains(&third.set));
    }
}

async fn the_data_hold_no_key_and_the_keys_die_with_their_epoch(house: House) {
    let two = Two::of(&house);
    busy(&house).await;
    let made_of = [made(&house, Which::Data).await, made(&house, Which::Keys).await];
    let soon = house.clock.now().plus(SECOND);
    let (organisation, (_, id)) = house.keys.keys_before(soon, (Timestamp(i64::MIN), KeyId(0)), 500).await.unwrap()[0];
    let wrapped = house.keys.data_key(organisation, id).await.unwrap().wrapped;
    let secrets = house.secrets();
    let data: Vec<u8> = two
        .a
        .objects()
        .iter()
        .filter(|(name, _)| name.starts_with("data/") && name.ends_with(".part"))
        .flat_map(|(name, file)| privacy::stream::open(&secrets.backup_key(), name, file).unwrap())
        .collect();
    let holds = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
    assert!(holds(&data, b"conversation"), "it is read at all");
    assert!(!holds(&data, &wrapped), "not even a wrapped one");

    // Another machine with all secrets but the epoch's key.
    let folder = secrets_in(house.folder.path());
    std::fs::rename(folder.join("epoch-1.key"), folder.join("epoch-2.key")).unwrap();
    let node = house.node(Secrets::load(&folder, false).unwrap()).await;
    two.used_by(&node, house.folder.path());
    let verified = async |made: &Made| node.verify_backup(&node.places()[0], &made.set).await.map(drop);
    assert!(verified(&made_of[0]).await.is_ok());
    let refused = verified(&made_of[1]).await.unwrap_err().to_string();
    assert!(refused.contains("the key of its epoch is gone"), "{refused}");
    assert!(house.app.verify_backup(&house.app.places()[0], &made_of[1].set).await.is_ok());
}

async fn another_installations_backup_is_not_ours(house: House) {
    let two = Two::of(&house);
    let made = made(&house, Which::Data).await;
    let other = House::new(false).await;
    two.used_by(&other.app, other.folder.path());
    let refused = other.app.verify_backup(&other.app.places()[0], &made.set).await.unwrap_err().to_string();
    assert!(refused.contains("manifest"), "{refused}");
}

async fn they_are_made_by_themselves_daily_and_hourly(house: House) {
    let two = Two::of(&house);
    let count = async |which| house.app.backups_at(&house.app.places()[0], which).await.unwrap().len();
    house.app.tidy().await.unwrap();
    house.work().await;
    assert_eq!((count(Which::Data).await, count(Which::Keys).await), (1, 1), "at once, so that one sees that it works");
    // It is midnight; the data are backed up at three.
    house.clock.advance(SECOND * 3 * 3600 - SECOND);
    house.work().await;
    assert_eq!(count(Which::Data).await, 1, "a second before");
    house.clock.advance(SECOND);
    house.work().await;
    assert_eq!(count(Which::Data).await, 2);
    let keys = count(Which::Keys).await;
    assert_eq!(keys, 3, "with the data, keys that open all of them");
    for hour in 1..=5 {
        house.clock.advance(KEYS_EVERY);
        house.work().await;
        assert_eq!((count(Which::Data).await, count(Which::Keys).await), (2, keys + hour));
    }
    // A place that is away is tried again before the next backup, and gets the one that it lacks.
    two.a.set_away(true);
    house.clock.advance(DAY - KEYS_EVERY * 5);
    house.work().await;
    two.a.set_away(false);
    assert_eq!(count(Which::Data).await, 2);
    house.clock.advance(SECOND * 600);
    house.work().await;
    assert_eq!(count(Which::Data).await, 3);
    // Keys of an epoch that ended meanwhile are taken nowhere any more.
    let data = |place: &Memory| files(place).into_iter().filter(|name| name.starts_with("data/")).collect::<Vec<_>>();
    assert_eq!(data(&two.a), data(&two.b));
}

async fn late_ones_are_told(house: House) {
    let two = Two::of(&house);
    assert_eq!(house.app.late_backups().await.unwrap(), [], "there is no backup yet, and none is due");
    for which in [Which::Data, Which::Keys] {
        made(&house, which).await;
    }
    two.a.set_away(true);
    two.b.set_away(true);
    house.clock.advance(BACKUP_LATE - SECOND * 3);
    made(&house, Which::Data).await;
    assert_eq!(house.app.late_backups().await.unwrap(), []);
    house.clock.advance(SECOND * 3);
    assert_eq!(house.app.late_backups().await.unwrap(), [Which::Data, Which::Keys], "one that failed is none");
    two.b.set_away(false);
    made(&house, Which::Data).await;
    assert_eq!(house.app.late_backups().await.unwrap(), [Which::Keys]);
}
