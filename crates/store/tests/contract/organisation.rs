//! Organisations and the installation they stand on.

use diskret_store::organisation::{Installation, Organisation};
use diskret_store::{Error, Settings, Store};
use privacy::random;

use crate::fixture::{Fixture, START, moment, somebody, somebody_at};

on_both![
    an_organisation_comes_back_as_founded,
    the_recovery_key_is_confirmed_only_by_its_own_half,
    an_installation_without_operators_says_so,
];

async fn an_organisation_comes_back_as_founded(at: Fixture) {
    let name = random::public_id();
    let founded = at.store.insert_organisation(name, "Müller & Söhne".to_owned(), START).await.unwrap();
    assert_eq!(founded, Organisation { id: founded.id, name, title: "Müller & Söhne".to_owned() });
    assert_eq!(at.store.organisation(founded.id).await, Ok(founded.clone()));
    let twin = at.store.insert_organisation(name, "Another".to_owned(), START).await;
    assert!(matches!(twin, Err(Error::Conflict(_))), "{twin:?}");
    let ids: Vec<_> = at.store.organisations().await.unwrap().iter().map(|organisation| organisation.id).collect();
    assert_eq!(ids, [at.ours.id, at.theirs.id, founded.id]);
    assert_eq!(at.store.organisation(domain::OrganisationId(founded.id.0 + 9)).await, Err(Error::NotFound));
}

async fn the_recovery_key_is_confirmed_only_by_its_own_half(at: Fixture) {
    assert_eq!(at.store.installation().await, Ok(None));
    assert_eq!(at.store.audited(somebody()).confirm_recovery([1; 32], [9; 32], vec![]).await, Err(Error::NotFound));
    at.store.audited(somebody()).install([1; 32], [9; 32], vec![]).await.unwrap();
    assert_eq!(at.store.audited(somebody()).confirm_recovery([2; 32], [9; 32], vec![]).await, Err(Error::NotFound));
    let unconfirmed =
        Installation { recovery_public: [1; 32], recovery_confirmed_at: None, recovery_tag: Some([9; 32]) };
    assert_eq!(at.store.installation().await, Ok(Some(unconfirmed)));
    at.store.audited(somebody_at(moment(5))).confirm_recovery([1; 32], [9; 32], vec![]).await.unwrap();
    let confirmed =
        Installation { recovery_public: [1; 32], recovery_confirmed_at: Some(moment(5)), recovery_tag: Some([9; 32]) };
    assert_eq!(at.store.installation().await, Ok(Some(confirmed)));
    // A set-up that begins anew takes the confirmation of the old key with it.
    at.store.audited(somebody()).install([3; 32], [9; 32], vec![]).await.unwrap();
    let anew = Installation { recovery_public: [3; 32], recovery_confirmed_at: None, recovery_tag: Some([9; 32]) };
    assert_eq!(at.store.installation().await, Ok(Some(anew)));
    assert_eq!(at.count("installation").await, 1);
}

async fn an_installation_without_operators_says_so(at: Fixture) {
    assert_eq!(at.store.has_operators().await, Ok(true));
    let fresh = if at.is_postgres() { crate::fixture::Place::postgres() } else { crate::fixture::Place::files() };
    let store = Store::open(&fresh.data_location(), Settings::default()).await.unwrap();
    assert_eq!(store.has_operators().await, Ok(false));
    assert_eq!(store.organisations().await, Ok(Vec::new()));
    store.ping().await.unwrap();
}
