//! Wrapped keys and the fence behind an epoch turn (design section 5).

use diskret_store::key::{WrappedDataKey, WrappedOrganisationKey};
use diskret_store::{Error, Location};
use domain::{KeyId, OrganisationId, Role};
use futures_util::future::join_all;

use crate::fixture::{Fixture, START, moment, operator, somebody};

on_both![
    an_organisation_has_one_current_key,
    a_key_wrapped_with_an_old_organisation_key_is_refused,
    one_old_key_among_many_keeps_all_of_them_out,
    a_key_cannot_be_turned_back_behind_the_fence,
    the_fence_is_lowered_once,
    of_parallel_turns_one_wins,
    inserts_during_a_turn_end_up_on_one_side_of_it,
    another_organisations_key_is_not_found_and_not_deleted,
    a_key_without_an_organisation_key_is_refused,
    the_sweep_sees_old_keys_in_pages_and_which_are_used,
    a_deleted_key_is_gone_from_the_file,
    keys_survive_a_restart,
    secrets_that_protect_something_stay_named,
];

const OURS: OrganisationId = OrganisationId(1);
const THEIRS: OrganisationId = OrganisationId(2);

fn organisation_key(organisation: OrganisationId, version: i64) -> WrappedOrganisationKey {
    WrappedOrganisationKey { organisation, version, epoch: 1, wrapped: vec![version as u8; 60] }
}

fn data_key(organisation: OrganisationId, id: i64, version: i64) -> WrappedDataKey {
    WrappedDataKey { organisation, id: KeyId(id), version, wrapped: format!("wrapped {id}").into_bytes() }
}

async fn an_organisation_has_one_current_key(at: Fixture) {
    let keys = at.keys().await;
    assert_eq!(keys.organisation_key(OURS, None).await, Err(Error::NotFound));
    keys.insert_organisation_key(organisation_key(OURS, 1), START).await.unwrap();
    keys.insert_organisation_key(organisation_key(THEIRS, 1), START).await.unwrap();
    for version in [1, 2] {
        let second = keys.insert_organisation_key(organisation_key(OURS, version), START).await;
        assert!(matches!(second, Err(Error::Conflict(_))), "{version}: {second:?}");
    }
    assert_eq!(keys.organisation_key(OURS, None).await, Ok(organisation_key(OURS, 1)));
    assert_eq!(keys.organisation_key(OURS, Some(2)).await, Err(Error::NotFound));
}

async fn a_key_wrapped_with_an_old_organisation_key_is_refused(at: Fixture) {
    let keys = at.keys().await;
    keys.insert_organisation_key(organisation_key(OURS, 1), START).await.unwrap();
    keys.insert_organisation_key(organisation_key(THEIRS, 1), START).await.unwrap();
    keys.insert_keys(vec![data_key(OURS, 10, 1)], START).await.unwrap();
    assert_eq!(keys.insert_keys(vec![data_key(OURS, 11, 2)], START).await, Err(Error::Fence), "not yet");
    keys.replace_organisation_key(None, organisation_key(OURS, 2), START).await.unwrap();
    assert_eq!(keys.insert_keys(vec![data_key(OURS, 11, 1)], START).await, Err(Error::Fence));
    assert_eq!(keys.data_key(OURS, KeyId(11)).await, Err(Error::NotFound));
    keys.insert_keys(vec![data_key(OURS, 11, 2)], START).await.unwrap();
    assert_eq!(keys.data_key(OURS, KeyId(11)).await, Ok(data_key(OURS, 11, 2)));
    assert_eq!(keys.data_key(OURS, KeyId(10)).await, Ok(data_key(OURS, 10, 1)), "what was there is there");
    keys.insert_keys(vec![data_key(THEIRS, 12, 1)], START).await.unwrap();
    assert_eq!(keys.organisation_key(OURS, None).await, Ok(organisation_key(OURS, 2)));
    assert_eq!(keys.organisation_key(OURS, Some(1)).await, Ok(organisation_key(OURS, 1)));
}

async fn one_old_key_among_many_keeps_all_of_them_out(at: Fixture) {
    let keys = at.keys().await;
    keys.insert_organisation_key(organisation_key(OURS, 1), START).await.unwrap();
    keys.replace_organisation_key(None, organisation_key(OURS, 2), START).await.unwrap();
    let mixed = vec![data_key(OURS, 1, 2), data_key(OURS, 2, 2), data_key(OURS, 3, 1)];
    assert_eq!(keys.insert_keys(mixed, START).await, Err(Error::Fence));
    assert_eq!(at.place.keys().await.number("SELECT COUNT(*) FROM data_key").await, 0);
    let twice = vec![data_key(OURS, 1, 2), data_key(OURS, 1, 2)];
    assert!(matches!(keys.insert_keys(twice, START).await, Err(Error::Conflict(_))));
    keys.insert_keys(vec![data_key(OURS, 1, 2), data_key(OURS, 2, 2)], START).await.unwrap();
    keys.insert_keys(Vec::new(), START).await.unwrap();
}

async fn a_key_cannot_be_turned_back_behind_the_fence(at: Fixture) {
    let keys = at.keys().await;
    keys.insert_organisation_key(organisation_key(OURS, 1), START).await.unwrap();
    keys.replace_organisation_key(None, organisation_key(OURS, 2), START).await.unwrap();
    keys.insert_keys(vec![data_key(OURS, 1, 2)], START).await.unwrap();
    // Around the store: an update is fenced as an insert is.
    let back = "UPDATE data_key SET organisation_key_version = 1";
    let refused = match at.place.keys().await {
        crate::fixture::Raw::Sqlite(raw) => raw.lock().unwrap().execute_batch(back).unwrap_err().to_string(),
        crate::fixture::Raw::Postgres(raw) => {
            raw.batch_execute(back).await.unwrap_err().as_db_error().unwrap().message().to_owned()
        }
    };
    assert!(refused.contains("fence"), "{refused}");
}

async fn the_fence_is_lowered_once(at: Fixture) {
    let keys = at.keys().await;
    assert_eq!(
        keys.replace_organisation_key(None, organisation_key(OURS, 2), START).await,
        Err(Error::Fence),
        "no first"
    );
    keys.insert_organisation_key(organisation_key(OURS, 1), START).await.unwrap();
    assert_eq!(
        keys.replace_organisation_key(None, organisation_key(OURS, 3), START).await,
        Err(Error::Fence),
        "no second"
    );
    keys.replace_organisation_key(None, organisation_key(OURS, 2), START).await.unwrap();
    assert_eq!(keys.replace_organisation_key(None, organisation_key(OURS, 2), START).await, Err(Error::Fence));
    assert_eq!(keys.organisation_key(OURS, None).await, Ok(organisation_key(OURS, 2)));
}

async fn of_parallel_turns_one_wins(at: Fixture) {
    let (keys, other) = (at.keys().await, at.keys().await);
    keys.insert_organisation_key(organisation_key(OURS, 1), START).await.unwrap();
    let turns = (0..10).map(|n| {
        let keys = if n % 2 == 0 { keys.clone() } else { other.clone() };
        tokio::spawn(async move { keys.replace_organisation_key(None, organisation_key(OURS, 2), START).await })
    });
    let turns: Vec<_> = join_all(turns).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(turns.iter().filter(|turn| turn.is_ok()).count(), 1, "{turns:?}");
    assert!(turns.iter().all(|turn| matches!(turn, Ok(()) | Err(Error::Fence))), "{turns:?}");
}

async fn inserts_during_a_turn_end_up_on_one_side_of_it(at: Fixture) {
    // Two nodes: one writes keys with the first version as long as it may, the other turns. What was accepted after the
    // turn's answer must be none.
    let (writer, turner) = (at.keys().await, at.keys().await);
    writer.insert_organisation_key(organisation_key(OURS, 1), START).await.unwrap();
    let inserts = tokio::spawn(async move {
        let mut accepted = 0;
        for id in 1.. {
            match writer.insert_keys(vec![data_key(OURS, id, 1)], START).await {
                Ok(()) => accepted = id,
                Err(Error::Fence) => break,
                Err(other) => panic!("{other:?}"),
            }
        }
        accepted
    });
    let raw = at.place.keys().await;
    testkit::eventually(crate::fixture::PATIENCE, "keys are written", async || {
        raw.number("SELECT COUNT(*) FROM data_key").await > 5
    })
    .await;
    turner.replace_organisation_key(None, organisation_key(OURS, 2), START).await.unwrap();
    let there = raw.number("SELECT COUNT(*) FROM data_key").await;
    let accepted = inserts.await.unwrap();
    assert_eq!(accepted, there, "none was accepted behind the turn");
    assert_eq!(raw.number("SELECT COUNT(*) FROM data_key").await, there);
}

async fn another_organisations_key_is_not_found_and_not_deleted(at: Fixture) {
    let keys = at.keys().await;
    for organisation in [OURS, THEIRS] {
        keys.insert_organisation_key(organisation_key(organisation, 1), START).await.unwrap();
    }
    keys.insert_keys(vec![data_key(OURS, 10, 1)], START).await.unwrap();
    assert_eq!(keys.data_key(THEIRS, KeyId(10)).await, Err(Error::NotFound));
    assert_eq!(keys.delete_keys(THEIRS, vec![KeyId(10)], START).await, Ok((0, 1)));
    assert_eq!(keys.data_key(OURS, KeyId(10)).await, Ok(data_key(OURS, 10, 1)));
    assert_eq!(keys.delete_keys(OURS, vec![KeyId(10)], START).await, Ok((1, 1)));
    assert_eq!(keys.delete_keys(OURS, vec![KeyId(10)], START).await, Ok((0, 1)));
    assert_eq!(keys.data_key(OURS, KeyId(10)).await, Err(Error::NotFound));
    // A number that another organisation has used is taken, and nothing is overwritten.
    keys.insert_keys(vec![data_key(OURS, 11, 1)], START).await.unwrap();
    assert!(matches!(keys.insert_keys(vec![data_key(THEIRS, 11, 1)], START).await, Err(Error::Conflict(_))));
    assert_eq!(keys.data_key(OURS, KeyId(11)).await, Ok(data_key(OURS, 11, 1)));
}

async fn a_key_without_an_organisation_key_is_refused(at: Fixture) {
    let keys = at.keys().await;
    assert_eq!(keys.insert_keys(vec![data_key(OURS, 1, 1)], START).await, Err(Error::Fence));
    keys.insert_organisation_key(organisation_key(THEIRS, 1), START).await.unwrap();
    assert_eq!(keys.insert_keys(vec![data_key(OURS, 1, 1)], START).await, Err(Error::Fence), "another's does not do");
}

async fn the_sweep_sees_old_keys_in_pages_and_which_are_used(at: Fixture) {
    let keys = at.keys().await;
    keys.insert_organisation_key(organisation_key(OURS, 1), START).await.unwrap();
    for (id, micros) in [(5, 0), (3, 1), (9, 2), (4, 2), (7, 10)] {
        keys.insert_keys(vec![data_key(OURS, id, 1)], moment(micros)).await.unwrap();
    }
    let page = async |after: (i64, i64), most| {
        let after = (moment(after.0), KeyId(after.1));
        let found = keys.keys_before(moment(10), after, most).await.unwrap();
        assert!(found.iter().all(|(organisation, _)| *organisation == OURS));
        found.into_iter().map(|(_, (at, id))| (at.0 - START.0, id.0)).collect::<Vec<_>>()
    };
    let all = [(0, 5), (1, 3), (2, 4), (2, 9)];
    assert_eq!(page((i64::MIN / 2, 0), 9).await, all, "the one of this very microsecond is not before it");
    assert_eq!(page((-1, i64::MAX), 2).await, all[..2]);
    assert_eq!(page((1, 3), 1).await, all[2..3]);
    assert_eq!(page((2, 4), 9).await, all[3..], "also of those made at once");
    assert_eq!(page((2, 9), 9).await, []);

    let chat = at.chat().await;
    let key = at.head(&chat).await.key;
    let ada = at.store.audited(somebody()).insert_operator(operator(at.ours.id, Role::Owner), START).await.unwrap();
    let asked = vec![KeyId(3), key, KeyId(9), ada.key];
    let mut used = at.store.used_keys(asked).await.unwrap();
    used.sort_unstable();
    let mut expected = [key, ada.key];
    expected.sort_unstable();
    assert_eq!(used, expected);
    assert_eq!(at.store.used_keys(Vec::new()).await, Ok(Vec::new()));
}

async fn a_deleted_key_is_gone_from_the_file(at: Fixture) {
    // On PostgreSQL the row survives in the heap and the log until the epoch turns (design section 5): there only the
    // store's view is asked.
    let canary = testkit::Canary::new();
    let keys = at.keys().await;
    keys.insert_organisation_key(organisation_key(OURS, 1), START).await.unwrap();
    let key = WrappedDataKey { wrapped: canary.as_str().as_bytes().to_vec(), ..data_key(OURS, 10, 1) };
    keys.insert_keys(vec![key], START).await.unwrap();
    let checkpoint = async || {
        if let Location::File(path) = at.place.keys_location() {
            let raw = at.place.keys().await;
            let rows = raw.rows("PRAGMA wal_checkpoint(TRUNCATE)").await;
            assert_eq!(rows[0][0], "0", "nobody was in the way of the checkpoint");
            let bytes = std::fs::read(path).unwrap();
            Some(bytes.windows(canary.as_str().len()).any(|window| window == canary.as_str().as_bytes()))
        } else {
            None
        }
    };
    assert_ne!(checkpoint().await, Some(false), "the search finds it while it is there");
    assert_eq!(keys.delete_keys(OURS, vec![KeyId(10)], START).await, Ok((1, 1)));
    assert_ne!(checkpoint().await, Some(true), "secure_delete overwrites it");
    assert_eq!(keys.data_key(OURS, KeyId(10)).await, Err(Error::NotFound));
}

async fn keys_survive_a_restart(at: Fixture) {
    let keys = at.keys().await;
    keys.insert_organisation_key(organisation_key(OURS, 1), START).await.unwrap();
    keys.insert_keys(vec![data_key(OURS, 10, 1)], START).await.unwrap();
    keys.close().await;
    drop(keys);
    let keys = at.keys().await;
    assert_eq!(keys.organisation_key(OURS, None).await, Ok(organisation_key(OURS, 1)));
    assert_eq!(keys.data_key(OURS, KeyId(10)).await, Ok(data_key(OURS, 10, 1)));
    keys.ping().await.unwrap();
}

async fn secrets_that_protect_something_stay_named(at: Fixture) {
    let keys = at.keys().await;
    assert_eq!(keys.named_secrets().await, Ok(None));
    // Nothing is protected by them yet: a set-up that was broken off binds nobody.
    for digest in [[1; 32], [2; 32]] {
        keys.name_secrets(digest).await.unwrap();
        assert_eq!(keys.named_secrets().await, Ok(Some(digest.to_vec())));
    }
    keys.insert_organisation_key(organisation_key(OURS, 1), START).await.unwrap();
    keys.name_secrets([3; 32]).await.unwrap();
    assert_eq!(keys.named_secrets().await, Ok(Some(vec![2; 32])));
    // Those that are named may get another name, by whoever knows the one before.
    keys.rename_secrets([1; 32], [4; 32]).await.unwrap();
    assert_eq!(keys.named_secrets().await, Ok(Some(vec![2; 32])));
    keys.rename_secrets([2; 32], [4; 32]).await.unwrap();
    assert_eq!(keys.named_secrets().await, Ok(Some(vec![4; 32])));
}
