//! Copies of all rows: made while others write, filled into either kind of database, refused where a piece is missing.

use std::collections::BTreeSet;

use diskret_store::backup::tables::{backed_up, left_out};
use diskret_store::backup::{Copying, Counted, Filling, Which};
use diskret_store::key::{WrappedDataKey, WrappedOrganisationKey};
use diskret_store::{Error, KeyStore, Location, Settings, Store};
use domain::{KeyId, Role};

use crate::fixture::{Chat, Fixture, Place, Raw, START, operator, somebody, stored};

on_both![
    every_table_is_backed_up_or_left_out_by_name,
    a_copy_is_one_state_while_others_write,
    a_copy_fills_a_database_of_either_kind,
    what_works_once_does_not_come_back,
    numbers_are_not_given_out_again,
    a_full_database_is_not_filled,
    a_fill_that_was_broken_off_begins_anew,
    a_copy_that_lacks_or_repeats_a_piece_is_refused,
    a_copy_of_a_newer_program_is_refused,
    keys_are_copied_apart_from_data,
];

/// All pieces of a copy, and what was counted.
async fn all(mut copying: Copying) -> (Vec<Vec<u8>>, Vec<Counted>) {
    let mut pieces = Vec::new();
    while let Some(piece) = copying.next().await.unwrap() {
        pieces.push(piece);
    }
    (pieces, copying.counted().to_vec())
}

fn migrations(which: Which) -> Vec<String> {
    which.migrations().into_iter().map(str::to_owned).collect()
}

/// What one restore fills, and is not through with.
async fn fill(location: &Location, pieces: &[Vec<u8>], id: &str) -> Result<Vec<Counted>, Error> {
    let mut filling = Filling::open((location, Settings::default()), Which::Data, &migrations(Which::Data), id).await?;
    for piece in pieces {
        filling.feed(piece).await?;
    }
    filling.finish().await
}

/// The restore is through.
async fn restored(location: &Location) -> Store {
    let closed = Store::open(location, Settings::default()).await.map(drop);
    assert!(matches!(closed, Err(Error::Schema(_))), "half restored, it opens for nobody: {closed:?}");
    let store = Store::open(location, Settings { for_restore: true, ..Settings::default() }).await.unwrap();
    assert_eq!(store.is_half_restored().await, Ok(true));
    store.end_restore(START).await.unwrap();
    assert_eq!(store.is_half_restored().await, Ok(false));
    store.close().await;
    Store::open(location, Settings::default()).await.unwrap()
}

/// More rows than are read at once, among them what is empty and what is long.
async fn busy(at: &Fixture) -> Chat {
    let chat = at.chat().await;
    at.chat_of(&at.theirs).await;
    for counter in 2..=1_203 {
        stored(at.store.append(chat.visitor(1, counter)).await);
    }
    chat
}

/// An empty place of each kind.
fn places() -> [Place; 2] {
    [Place::files(), Place::postgres()]
}

async fn every_table_is_backed_up_or_left_out_by_name(at: Fixture) {
    at.keys().await.close().await;
    for (which, raw) in [(Which::Data, at.place.data().await), (Which::Keys, at.place.keys().await)] {
        let there = raw.rows(match raw {
            Raw::Sqlite(_) => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
            // A sequence there.
            Raw::Postgres(_) => {
                "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = 'public'
                UNION SELECT CAST(sequencename AS TEXT) FROM pg_sequences WHERE sequencename = 'change_position'"
            }
        });
        let there: BTreeSet<String> = there.await.into_iter().flatten().collect();
        let named = || backed_up(which).iter().copied().chain(left_out(which).iter().map(|(table, _)| *table));
        assert_eq!(named().map(str::to_owned).collect::<BTreeSet<_>>(), there);
        assert_eq!(named().count(), there.len(), "none is in both lists");
    }
}

async fn a_copy_is_one_state_while_others_write(at: Fixture) {
    let chat = busy(&at).await;
    let rows = |counted: &[Counted]| counted.iter().find(|table| table.table == "message").unwrap().rows;
    let before = all(at.store.copying().await.unwrap()).await;
    assert_eq!(rows(&before.1), 1_204);
    let mut copying = at.store.copying().await.unwrap();
    let mut pieces = Vec::new();
    let mut counter = 1_203;
    while let Some(piece) = copying.next().await.unwrap() {
        pieces.push(piece);
        counter += 1;
        stored(at.store.append(chat.visitor(1, counter)).await);
    }
    assert_eq!(copying.counted(), before.1, "what came meanwhile is not in it");
    drop(copying);
    // Numbers are taken from outside the state on PostgreSQL, so only the rows are compared byte by byte.
    assert_eq!(pieces[..pieces.len() - 1], before.0[..before.0.len() - 1]);
    let after = all(at.store.copying().await.unwrap()).await;
    assert_eq!(rows(&after.1), 1_204 + counter as u64 - 1_203);
}

async fn a_copy_fills_a_database_of_either_kind(at: Fixture) {
    let chat = busy(&at).await;
    at.place.data().await.run("UPDATE message SET text_sealed = NULL WHERE sequence = 5").await;
    let entries = at.entries(&chat).await;
    let (pieces, counted) = all(at.store.copying().await.unwrap()).await;
    assert!(counted.len() == backed_up(Which::Data).len() && counted.iter().any(|table| table.rows > 1_000));
    for place in places() {
        // The cut of the pieces is another one than that of the rows.
        let pieces: Vec<_> = pieces.concat().chunks(10_007).map(<[u8]>::to_vec).collect();
        assert_eq!(fill(&place.data_location(), &pieces, "one").await.unwrap(), counted);
        let for_restore = Settings { for_restore: true, ..Settings::default() };
        let store = Store::open(&place.data_location(), for_restore).await.unwrap();
        assert_eq!(format!("{:?}", crate::fixture::entries(&store, &chat).await), format!("{entries:?}"));
        let (again, counted_again) = all(store.copying().await.unwrap()).await;
        assert_eq!(counted_again, counted);
        assert_eq!(again.concat(), pieces.concat(), "a copy of the copy is the copy");
        store.close().await;
        let store = restored(&place.data_location()).await;
        // It lives.
        stored(store.append(chat.visitor(1, 1_204)).await);
        assert_eq!(crate::fixture::entries(&store, &chat).await.len(), entries.len() + 1);
        store.close().await;
    }
}

async fn what_works_once_does_not_come_back(at: Fixture) {
    let session = "INSERT INTO session (token_hash, organisation_id, operator_id, created_at, used_at)
        SELECT public_id, organisation_id, operator_id, 1, 1 FROM operator";
    let raw = at.place.data().await;
    raw.run(session).await;
    raw.run("INSERT INTO recovery_code SELECT public_id, organisation_id, operator_id FROM operator").await;
    assert!(at.count("session").await > 0 && at.count("recovery_code").await > 0 && at.count("operator").await > 0);
    let (pieces, counted) = all(at.store.copying().await.unwrap()).await;
    for place in places() {
        fill(&place.data_location(), &pieces, "one").await.unwrap();
        restored(&place.data_location()).await.close().await;
        let raw = place.data().await;
        for (table, _) in
            left_out(Which::Data).iter().filter(|(name, _)| !["migration", "change_position"].contains(name))
        {
            assert_eq!(raw.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
            assert!(counted.iter().all(|counted| counted.table != *table));
        }
        assert_eq!(raw.number("SELECT COUNT(*) FROM operator").await, at.count("operator").await);
    }
}

async fn numbers_are_not_given_out_again(at: Fixture) {
    let (chat, gone) = (at.chat().await, at.chat().await);
    let raw = at.place.data().await;
    for table in ["head", "message", "sender", "conversation"] {
        raw.run(&format!("DELETE FROM {table} WHERE conversation_id = {}", gone.id.0)).await;
    }
    let position = at.head(&chat).await;
    let (pieces, _) = all(at.store.copying().await.unwrap()).await;
    for place in places() {
        fill(&place.data_location(), &pieces, "one").await.unwrap();
        let copy = Fixture {
            store: restored(&place.data_location()).await,
            ours: at.ours.clone(),
            theirs: at.theirs.clone(),
            place,
        };
        assert_eq!(copy.head(&chat).await, position);
        let next = copy.chat().await;
        assert!(next.id > gone.id, "{:?} after {:?}, of which nothing is left", next.id, gone.id);
        // Every table that gives out numbers goes on behind its last one.
        let (another, ben) = (operator(copy.ours.id, Role::Agent), copy.theirs.ben);
        assert!(copy.store.audited(somebody()).insert_operator(another, START).await.unwrap().id > ben);
        stored(copy.store.append(chat.visitor(1, 2)).await);
    }
}

async fn a_full_database_is_not_filled(at: Fixture) {
    let chat = at.chat().await;
    let (pieces, _) = all(at.store.copying().await.unwrap()).await;
    at.store.close().await;
    // Also when it is tried again: what is refused once has not become the restore's own by that.
    for _ in 0..2 {
        let refused = fill(&at.place.data_location(), &pieces, "one").await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    }
    let store = at.node(Settings::default()).await;
    assert_eq!(crate::fixture::entries(&store, &chat).await.len(), 1, "nothing was touched");
}

async fn a_fill_that_was_broken_off_begins_anew(at: Fixture) {
    busy(&at).await;
    let (pieces, counted) = all(at.store.copying().await.unwrap()).await;
    for place in places() {
        let location = place.data_location();
        let mut filling = Filling::open((&location, Settings::default()), Which::Data, &migrations(Which::Data), "one")
            .await
            .unwrap();
        for piece in &pieces[..pieces.len() - 3] {
            filling.feed(piece).await.unwrap();
        }
        drop(filling);
        assert!(matches!(fill(&location, &pieces, "another").await, Err(Error::Conflict(_))));
        let mut filling = Filling::open((&location, Settings::default()), Which::Data, &migrations(Which::Data), "one")
            .await
            .unwrap();
        for piece in &pieces {
            filling.feed(piece).await.unwrap();
        }
        // Somebody writes there meanwhile.
        place.data().await.run("INSERT INTO tally VALUES (1, 1, 1, 1, 1, 1)").await;
        assert!(matches!(filling.finish().await, Err(Error::Broken(_))), "what stands there is counted");
        assert_eq!(fill(&location, &pieces, "one").await.unwrap(), counted);
        restored(&location).await.close().await;
        assert!(matches!(fill(&location, &pieces, "one").await, Err(Error::Conflict(_))), "it is somebody's by now");
    }
}

async fn a_copy_that_lacks_or_repeats_a_piece_is_refused(at: Fixture) {
    busy(&at).await;
    let (pieces, _) = all(at.store.copying().await.unwrap()).await;
    let place = Place::files();
    assert!(fill(&place.data_location(), &pieces, "one").await.is_ok());
    // Where a table is missing, what refers to it is refused by the schema.
    let is_refused = async |pieces: &[Vec<u8>]| {
        let filled = fill(&place.data_location(), pieces, "one").await;
        matches!(filled, Err(Error::Broken(_) | Error::Conflict(_)))
    };
    assert!(is_refused(&[]).await);
    for index in 0..pieces.len() {
        let mut lacking = pieces.clone();
        lacking.remove(index);
        assert!(is_refused(&lacking).await, "without {index}");
        let mut twice = pieces.clone();
        twice.insert(index, pieces[index].clone());
        assert!(is_refused(&twice).await, "{index} twice");
    }
}

async fn a_copy_of_a_newer_program_is_refused(at: Fixture) {
    let mut newer = migrations(Which::Data);
    newer.push("9999_of_tomorrow".to_owned());
    let place = if at.is_postgres() { Place::postgres() } else { Place::files() };
    let refused =
        Filling::open((&place.data_location(), Settings::default()), Which::Data, &newer, "one").await.map(drop);
    assert!(matches!(refused, Err(Error::Schema(_))), "{refused:?}");
    let mut older = migrations(Which::Data);
    older.truncate(13);
    let filling =
        Filling::open((&place.data_location(), Settings::default()), Which::Data, &older, "one").await.unwrap();
    assert!(filling.finish().await.is_err(), "nothing was filled in");
    // The rest of the migrations come after it.
    restored(&place.data_location()).await.close().await;
}

async fn keys_are_copied_apart_from_data(at: Fixture) {
    let keys = at.keys().await;
    let organisation =
        |version| WrappedOrganisationKey { organisation: at.ours.id, version, epoch: 1, wrapped: vec![1; 60] };
    keys.insert_organisation_key(organisation(1), START).await.unwrap();
    let key = |id| WrappedDataKey {
        organisation: at.ours.id,
        id: KeyId(id),
        version: 1,
        wrapped: b"canary of a key".to_vec(),
    };
    keys.insert_keys((1..=1_203).map(key).collect(), START).await.unwrap();
    keys.replace_organisation_key(None, organisation(2), START).await.unwrap();
    let refused = keys.copying().await.map(drop);
    assert_eq!(refused, Err(Error::Fence), "some are wrapped with the new key and some with the old one");
    let all_of_them = "UPDATE data_key SET organisation_key_version = 2";
    at.place.keys().await.run(all_of_them).await;
    let holds = |pieces: &[Vec<u8>]| pieces.concat().windows(15).any(|window| window == b"canary of a key");
    let (data, _) = all(at.store.copying().await.unwrap()).await;
    let (pieces, counted) = all(keys.copying().await.unwrap()).await;
    assert!(holds(&pieces) && !holds(&data));
    for place in places() {
        let mut filling =
            Filling::open((&place.keys_location(), Settings::default()), Which::Keys, &migrations(Which::Keys), "one")
                .await
                .unwrap();
        for piece in &pieces {
            filling.feed(piece).await.unwrap();
        }
        assert_eq!(filling.finish().await.unwrap(), counted);
        assert!(KeyStore::open(&place.keys_location(), Settings::default()).await.is_err());
        let for_restore = Settings { for_restore: true, ..Settings::default() };
        let copy = KeyStore::open(&place.keys_location(), for_restore).await.unwrap();
        assert_eq!(copy.is_half_restored().await, Ok(true));
        copy.end_restore(START).await.unwrap();
        let copy = KeyStore::open(&place.keys_location(), Settings::default()).await.unwrap();
        let expected = WrappedDataKey { version: 2, ..key(1_203) };
        assert_eq!(copy.data_key(at.ours.id, KeyId(1_203)).await, Ok(expected));
    }
}
