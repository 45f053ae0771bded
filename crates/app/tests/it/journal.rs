//! The journal of deletions at two places.

use std::time::Duration;

use diskret_app::backup::Which;
use diskret_app::erasure::Wanted;
use diskret_app::journal::{Offered, Reached};
use domain::erasure::What;
use domain::limits::UNDO_ONE;
use domain::{Clock as _, KeyId};
use store::journal::Entry;

use crate::{DAY, House, Two, on_both, write};

on_both! {
    both_places_get_every_entry_and_are_read_back
    a_place_that_was_away_is_caught_up_with
    an_entry_that_was_changed_or_put_in_anothers_stead_is_noticed
    without_places_nothing_is_waited_for
    what_every_backup_knows_is_forgotten_at_the_places_and_here
    what_a_receipt_waits_for_is_kept_and_so_is_all_where_a_place_is_away
}

/// For how long the house keeps its backups.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

async fn append(house: &House, count: u8) {
    for byte in 0..count {
        let entry = Entry {
            organisation: (house.done.principal.organisation, house.done.organisation),
            at: house.clock.now(),
            erasure: domain::PublicId::from_bytes([byte; 16]),
            what: What::Conversation,
            conversations: vec![domain::PublicId::from_bytes(*b"canary of a name")],
            entries: Vec::new(),
            keys: vec![KeyId(1)],
        };
        house.store.append_journal(entry).await.unwrap();
    }
}

fn reached(a: i64, b: i64) -> Vec<(String, i64)> {
    vec![("place_a".to_owned(), a), ("place_b".to_owned(), b)]
}

fn upto(offered: &Offered) -> Vec<(String, i64)> {
    offered.places.iter().map(|Reached { place, upto, .. }| (place.clone(), *upto)).collect()
}

async fn both_places_get_every_entry_and_are_read_back(house: House) {
    let two = Two::of(&house);
    append(&house, 3).await;
    let offered = house.app.journal_offer().await.unwrap();
    assert_eq!((offered.number, upto(&offered)), (3, reached(3, 3)));
    assert!(offered.is_everywhere(3) && !offered.is_everywhere(4));
    for place in [&two.a, &two.b] {
        let names: Vec<String> = place.objects().into_keys().collect();
        assert_eq!(
            names,
            ["journal/00000000000000000001", "journal/00000000000000000002", "journal/00000000000000000003"]
        );
        let holds = |what: &str| {
            place.objects().values().any(|object| object.windows(what.len()).any(|w| w == what.as_bytes()))
        };
        assert!(holds("DKR1") && !holds("conversation"), "sealed");
    }
    let before = two.a.operations();
    house.app.journal_offer().await.unwrap();
    assert_eq!(two.a.operations(), before, "what is known to be there is not asked for again");
}

async fn a_place_that_was_away_is_caught_up_with(house: House) {
    let two = Two::of(&house);
    append(&house, 2).await;
    two.b.away_after(3);
    let offered = house.app.journal_offer().await.unwrap();
    assert_eq!(upto(&offered), reached(2, 1));
    assert_eq!((offered.pending(2), offered.is_everywhere(2)), (vec!["place_b"], false));
    assert!(offered.places[1].failed.is_some() && offered.places[0].failed.is_none());
    append(&house, 2).await;
    assert_eq!(upto(&house.app.journal_offer().await.unwrap()), reached(4, 1));
    two.b.set_away(false);
    assert_eq!(upto(&house.app.journal_offer().await.unwrap()), reached(4, 4));
    // The second entry lay there already when it was cut off before it could be read back.
    assert_eq!(two.a.objects().len(), two.b.objects().len());
}

async fn an_entry_that_was_changed_or_put_in_anothers_stead_is_noticed(house: House) {
    let two = Two::of(&house);
    append(&house, 1).await;
    house.app.journal_offer().await.unwrap();
    append(&house, 1).await;
    let mut objects = two.b.objects();
    let first = objects["journal/00000000000000000001"].clone();
    objects.insert("journal/00000000000000000002".to_owned(), first);
    two.b.set_objects(objects);
    let offered = house.app.journal_offer().await.unwrap();
    assert_eq!(upto(&offered), reached(2, 1));
    assert_eq!(offered.places[1].failed.as_deref(), Some("journal/00000000000000000002 was changed"));
}

async fn without_places_nothing_is_waited_for(house: House) {
    append(&house, 1).await;
    let offered = house.app.journal_offer().await.unwrap();
    assert!(offered.is_everywhere(1) && offered.places.is_empty());
}

fn numbers(place: &places::Memory) -> Vec<i64> {
    place.objects().keys().filter_map(|name| name.strip_prefix("journal/")?.parse().ok()).collect()
}

async fn lines(house: &House) -> Vec<i64> {
    house.store.journal_after(0, 100).await.unwrap().into_iter().map(|line| line.number).collect()
}

async fn back_up(house: &House) {
    house.app.back_up(Which::Data, None).await.unwrap();
}

async fn what_every_backup_knows_is_forgotten_at_the_places_and_here(house: House) {
    let two = Two::of(&house);
    append(&house, 2).await;
    house.app.journal_offer().await.unwrap();
    back_up(&house).await;
    house.clock.advance(DAY);
    append(&house, 2).await;
    house.app.journal_offer().await.unwrap();
    // The first backup is gone by then.
    house.clock.advance(KEPT + DAY * 5);
    back_up(&house).await;
    assert_eq!((lines(&house).await, numbers(&two.a)), (vec![1, 2, 3, 4], vec![1, 2, 3, 4]), "a day is missing");
    house.clock.advance(DAY * 3);
    back_up(&house).await;
    assert_eq!((lines(&house).await, numbers(&two.a), numbers(&two.b)), (vec![4], vec![4], vec![4]), "never the last");
    append(&house, 1).await;
    let offered = house.app.journal_offer().await.unwrap();
    assert_eq!(upto(&offered), reached(5, 5), "it goes on from there");
    assert_eq!((lines(&house).await, numbers(&two.b)), (vec![4, 5], vec![4, 5]));
}

async fn what_a_receipt_waits_for_is_kept_and_so_is_all_where_a_place_is_away(house: House) {
    let two = Two::of(&house);
    append(&house, 3).await;
    house.app.journal_offer().await.unwrap();
    house.clock.advance(DAY * 80);
    two.b.set_away(true);
    back_up(&house).await;
    assert_eq!(lines(&house).await, [1, 2, 3], "it may have the oldest backup");
    two.b.set_away(false);
    house.clock.advance(DAY);
    back_up(&house).await;
    assert_eq!((lines(&house).await, numbers(&two.b)), (vec![3], vec![3]));
    // A deletion that waits for its epoch's end keeps its entry, however old that is.
    let mut visitor = house.visitor().await;
    let id = write(&house, &mut visitor, 1).await.conversation.name();
    let erasure = house.app.request_erasure(house.done.principal, Wanted::Conversations(vec![id])).await.unwrap();
    for _ in 0..4 {
        house.clock.advance(UNDO_ONE);
        house.work().await;
    }
    let number = house.store.erasure_named(erasure.organisation, erasure.name).await.unwrap().journal_number;
    assert_eq!(number, Some(4));
    append(&house, 2).await;
    house.clock.advance(DAY * 80);
    back_up(&house).await;
    assert_eq!(lines(&house).await, [4, 5, 6]);
}
