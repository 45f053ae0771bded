//! Sessions of people and tokens of programs.

use std::time::Duration;

use diskret_store::Error;
use diskret_store::session::Machine;
use domain::audit::Origin;
use domain::{Groups, Principal, Role, Timestamp};

use crate::fixture::{Fixture, START, moment, proved, somebody, token};

on_both![
    a_session_leads_to_its_operator,
    a_session_is_good_until_the_last_microsecond_of_being_idle,
    a_session_is_good_until_the_last_microsecond_of_its_life,
    using_a_session_never_moves_it_back,
    expired_sessions_are_deleted_and_the_others_stay,
    a_session_of_an_operator_of_another_organisation_leads_nowhere,
    one_secret_is_one_session,
    an_api_token_is_good_until_its_last_microsecond,
    expired_api_tokens_are_deleted_and_the_others_stay,
    a_session_is_no_api_token_and_the_other_way_round,
];

const LONG_AGO: Timestamp = Timestamp(0);

async fn a_session_leads_to_its_operator(at: Fixture) {
    at.store
        .audited(somebody())
        .insert_session([1; 32], proved(at.ours.id, at.ours.ben), START, Machine::default())
        .await
        .unwrap();
    at.store
        .audited(somebody())
        .insert_session([2; 32], proved(at.theirs.id, at.theirs.ada), START, Machine::default())
        .await
        .unwrap();
    let session = at.store.session([1; 32], LONG_AGO, LONG_AGO).await.unwrap();
    let ben = Principal::new(at.ours.id, at.ours.ben, Role::Agent, Groups::default());
    assert_eq!((session.principal, session.used_at), (ben, START));
    let theirs = at.store.session([2; 32], LONG_AGO, LONG_AGO).await.unwrap().principal;
    assert_eq!((theirs.organisation, theirs.role), (at.theirs.id, Role::Owner));
    assert_eq!(at.store.session([3; 32], LONG_AGO, LONG_AGO).await, Err(Error::NotFound));
    at.store.audited(somebody()).delete_session([1; 32]).await.unwrap();
    assert_eq!(at.store.session([1; 32], LONG_AGO, LONG_AGO).await, Err(Error::NotFound));
    at.store.audited(somebody()).delete_session([1; 32]).await.unwrap();
    assert!(at.store.session([2; 32], LONG_AGO, LONG_AGO).await.is_ok());
}

async fn a_session_is_good_until_the_last_microsecond_of_being_idle(at: Fixture) {
    at.store
        .audited(somebody())
        .insert_session([1; 32], proved(at.ours.id, at.ours.ada), START, Machine::default())
        .await
        .unwrap();
    at.store.use_session([1; 32], moment(10)).await.unwrap();
    let after = |used_after| at.store.session([1; 32], used_after, LONG_AGO);
    assert_eq!(after(moment(9)).await.unwrap().used_at, moment(10));
    assert_eq!(after(moment(10)).await, Err(Error::NotFound));
    assert_eq!(after(moment(11)).await, Err(Error::NotFound));
}

async fn a_session_is_good_until_the_last_microsecond_of_its_life(at: Fixture) {
    at.store
        .audited(somebody())
        .insert_session([1; 32], proved(at.ours.id, at.ours.ada), START, Machine::default())
        .await
        .unwrap();
    at.store.use_session([1; 32], moment(1_000_000)).await.unwrap();
    let after = |created_after| at.store.session([1; 32], LONG_AGO, created_after);
    assert!(after(moment(-1)).await.is_ok());
    assert_eq!(after(moment(0)).await, Err(Error::NotFound), "however lately it was used");
}

async fn using_a_session_never_moves_it_back(at: Fixture) {
    at.store
        .audited(somebody())
        .insert_session([1; 32], proved(at.ours.id, at.ours.ada), START, Machine::default())
        .await
        .unwrap();
    for micros in [20, 10] {
        at.store.use_session([1; 32], moment(micros)).await.unwrap();
    }
    assert_eq!(at.store.session([1; 32], LONG_AGO, LONG_AGO).await.unwrap().used_at, moment(20));
    at.store.use_session([9; 32], moment(1)).await.unwrap();
}

async fn expired_sessions_are_deleted_and_the_others_stay(at: Fixture) {
    let (idle, longest) = (Duration::from_micros(100), Duration::from_micros(1000));
    for (hash, created, used) in [(1, 0, 950), (2, 1, 950), (3, 500, 900), (4, 500, 901)] {
        let machine = Machine::default();
        at.store
            .audited(somebody())
            .insert_session([hash; 32], proved(at.ours.id, at.ours.ada), moment(created), machine)
            .await
            .unwrap();
        at.store.use_session([hash; 32], moment(used)).await.unwrap();
    }
    assert_eq!(at.store.delete_expired_sessions(moment(1000), idle, longest).await, Ok(2), "too old and too idle");
    let mut there = Vec::new();
    for hash in 1..=4 {
        // The very limits by which they are deleted are those by which they are refused.
        there.push(at.store.session([hash; 32], moment(900), moment(0)).await.is_ok());
    }
    assert_eq!(there, [false, true, false, true]);
    assert_eq!(at.count("session").await, 2);
    assert_eq!(at.store.delete_expired_sessions(moment(1000), idle, longest).await, Ok(0));
}

async fn a_session_of_an_operator_of_another_organisation_leads_nowhere(at: Fixture) {
    at.store
        .audited(somebody())
        .insert_session([1; 32], proved(at.ours.id, at.ours.ada), START, Machine::default())
        .await
        .unwrap();
    assert!(at.store.session([1; 32], LONG_AGO, LONG_AGO).await.is_ok());
    let ours = token([3; 32], at.ours.ada, moment(9));
    at.store.audited(somebody()).insert_api_token(at.owner(), ours, None).await.unwrap();
    assert!(at.store.api_token([3; 32], START).await.is_ok());
    // Nobody makes one...
    let stranger = proved(at.ours.id, at.theirs.ada);
    at.store.audited(somebody()).insert_session([2; 32], stranger, START, Machine::default()).await.unwrap_err();
    let forger = Principal::new(at.ours.id, at.theirs.ada, Role::Owner, Groups::default());
    let forged = token([2; 32], at.theirs.ada, moment(9));
    at.store.audited(somebody()).insert_api_token(forger, forged, None).await.unwrap_err();
    // ... and what is there by whatever hand, our organisation and their operator, opens nothing.
    let data = at.place.data().await;
    for table in ["session", "api_token"] {
        data.run(&format!("UPDATE {table} SET operator_id = {}", at.theirs.ada.0)).await;
    }
    assert_eq!(at.store.session([1; 32], LONG_AGO, LONG_AGO).await, Err(Error::NotFound));
    assert_eq!(at.store.api_token([3; 32], START).await, Err(Error::NotFound));
}

async fn one_secret_is_one_session(at: Fixture) {
    at.store
        .audited(somebody())
        .insert_session([1; 32], proved(at.ours.id, at.ours.ada), START, Machine::default())
        .await
        .unwrap();
    let twin = at
        .store
        .audited(somebody())
        .insert_session([1; 32], proved(at.theirs.id, at.theirs.ada), START, Machine::default())
        .await;
    assert!(matches!(twin, Err(Error::Conflict(_))), "{twin:?}");
    assert_eq!(at.store.session([1; 32], LONG_AGO, LONG_AGO).await.unwrap().principal.organisation, at.ours.id);
}

async fn an_api_token_is_good_until_its_last_microsecond(at: Fixture) {
    at.store
        .audited(somebody())
        .insert_api_token(at.agent(), token([1; 32], at.ours.ben, moment(10)), None)
        .await
        .unwrap();
    let ben = Principal::new(at.ours.id, at.ours.ben, Role::Agent, Groups::default()).from(Origin::Program);
    assert_eq!(at.store.api_token([1; 32], moment(9)).await, Ok((ben, None)));
    assert_eq!(at.store.api_token([1; 32], moment(10)).await, Err(Error::NotFound));
    assert_eq!(at.store.api_token([1; 32], moment(11)).await, Err(Error::NotFound));
    assert_eq!(at.store.api_token([2; 32], moment(9)).await, Err(Error::NotFound));
}

async fn expired_api_tokens_are_deleted_and_the_others_stay(at: Fixture) {
    for (hash, expires) in [(1, 9), (2, 10), (3, 11)] {
        at.store
            .audited(somebody())
            .insert_api_token(at.agent(), token([hash; 32], at.ours.ben, moment(expires)), None)
            .await
            .unwrap();
    }
    assert_eq!(at.store.delete_expired_api_tokens(moment(10)).await, Ok(2));
    assert!(at.store.api_token([3; 32], moment(10)).await.is_ok());
    assert_eq!(at.count("api_token").await, 1);
}

async fn a_session_is_no_api_token_and_the_other_way_round(at: Fixture) {
    at.store
        .audited(somebody())
        .insert_session([1; 32], proved(at.ours.id, at.ours.ada), START, Machine::default())
        .await
        .unwrap();
    at.store
        .audited(somebody())
        .insert_api_token(at.owner(), token([2; 32], at.ours.ada, moment(10)), None)
        .await
        .unwrap();
    assert_eq!(at.store.api_token([1; 32], START).await, Err(Error::NotFound));
    assert_eq!(at.store.session([2; 32], LONG_AGO, LONG_AGO).await, Err(Error::NotFound));
}
