//! Links with which a password is set, and what changes of a colleague leave behind.

use diskret_store::{Error, Settings};
use domain::limits::{LINK_LIFE, SESSION_IDLE, SESSION_LONGEST};
use domain::{Groups, Role};
use futures_util::future::join_all;

use crate::fixture::{Fixture, START, operator};

on_both![
    a_link_sets_a_password_once_and_ends_every_session,
    a_link_used_twice_at_once_works_once,
    a_link_ends_after_its_time_and_with_the_next_one,
    whoever_has_left_has_no_session_no_token_and_no_use_of_a_link,
    the_last_owner_stays,
    two_owners_who_leave_at_once_leave_one_behind,
    a_change_is_judged_by_the_role_that_somebody_has_now,
];

async fn a_link_sets_a_password_once_and_ends_every_session(at: Fixture) {
    let ben = (at.ours.id, at.ours.ben);
    at.store.insert_session([1; 32], ben.0, ben.1, START).await.unwrap();
    at.store.insert_sign_in_link([2; 32], ben.0, ben.1, START, START.plus(LINK_LIFE)).await.unwrap();
    assert_eq!(at.store.use_sign_in_link([3; 32], "new".to_owned(), START).await, Err(Error::NotFound));
    assert_eq!(at.store.use_sign_in_link([2; 32], "new".to_owned(), START).await, Ok(ben));
    assert_eq!(at.store.operator(ben.0, ben.1).await.unwrap().password_hash, "new");
    let session = at.store.session([1; 32], START.minus(SESSION_IDLE), START.minus(SESSION_LONGEST)).await;
    assert_eq!(session, Err(Error::NotFound));
    assert_eq!(at.store.use_sign_in_link([2; 32], "again".to_owned(), START).await, Err(Error::NotFound));
    assert_eq!(at.store.operator(ben.0, ben.1).await.unwrap().password_hash, "new");
}

async fn a_link_used_twice_at_once_works_once(at: Fixture) {
    let other = at.node(Settings::default()).await;
    for round in 0..10_u8 {
        let hash = [round; 32];
        at.store.insert_sign_in_link(hash, at.ours.id, at.ours.ben, START, START.plus(LINK_LIFE)).await.unwrap();
        let used = join_all([&at.store, &other].map(|node| node.use_sign_in_link(hash, "new".to_owned(), START))).await;
        assert_eq!(used.iter().filter(|used| used.is_ok()).count(), 1, "{used:?}");
    }
}

async fn a_link_ends_after_its_time_and_with_the_next_one(at: Fixture) {
    let make = |hash| at.store.insert_sign_in_link(hash, at.ours.id, at.ours.ben, START, START.plus(LINK_LIFE));
    let used = |hash, now| at.store.use_sign_in_link(hash, "new".to_owned(), now);
    make([1; 32]).await.unwrap();
    make([2; 32]).await.unwrap();
    assert_eq!(used([1; 32], START).await, Err(Error::NotFound), "the next one took its place");
    assert_eq!(used([2; 32], START.plus(LINK_LIFE)).await, Err(Error::NotFound), "half an hour is over");
    assert_eq!(at.store.delete_expired_sign_in_links(START).await, Ok(0));
    assert_eq!(at.store.delete_expired_sign_in_links(START.plus(LINK_LIFE)).await, Ok(1));
}

async fn whoever_has_left_has_no_session_no_token_and_no_use_of_a_link(at: Fixture) {
    let ben = (at.ours.id, at.ours.ben);
    let later = START.plus(LINK_LIFE);
    at.store.insert_session([1; 32], ben.0, ben.1, START).await.unwrap();
    at.store.insert_api_token([2; 32], ben.0, ben.1, START, later).await.unwrap();
    at.store.insert_sign_in_link([3; 32], ben.0, ben.1, START, later).await.unwrap();
    let session = || at.store.session([1; 32], START.minus(SESSION_IDLE), START.minus(SESSION_LONGEST));
    assert!(session().await.is_ok() && at.store.api_token([2; 32], START).await.is_ok());
    let left = (Role::Agent, Groups::default(), Some(START));
    at.store.change_operator(ben.0, ben.1, |_| true, left).await.unwrap();
    assert_eq!(session().await, Err(Error::NotFound));
    assert_eq!(at.store.api_token([2; 32], START).await, Err(Error::NotFound));
    assert_eq!(at.store.use_sign_in_link([3; 32], "new".to_owned(), START).await, Err(Error::NotFound));
    // One that is made behind everybody's back speaks for nobody either.
    at.store.insert_session([4; 32], ben.0, ben.1, START).await.unwrap();
    at.store.insert_api_token([5; 32], ben.0, ben.1, START, later).await.unwrap();
    let made = at.store.session([4; 32], START.minus(SESSION_IDLE), START.minus(SESSION_LONGEST)).await;
    assert_eq!(made, Err(Error::NotFound));
    assert_eq!(at.store.api_token([5; 32], START).await, Err(Error::NotFound));
}

async fn the_last_owner_stays(at: Fixture) {
    let change = |to| at.store.change_operator(at.ours.id, at.ours.ada, |_| true, to);
    for to in [(Role::Manager, Groups::default(), None), (Role::Owner, Groups::default(), Some(START))] {
        assert!(matches!(change(to).await, Err(Error::Conflict(_))));
    }
    assert_eq!(at.store.operator(at.ours.id, at.ours.ada).await.unwrap().role, Role::Owner);
    at.store.insert_operator(operator(at.ours.id, Role::Owner), START).await.unwrap();
    change((Role::Manager, Groups::default(), None)).await.unwrap();
}

async fn two_owners_who_leave_at_once_leave_one_behind(at: Fixture) {
    let other = at.node(Settings::default()).await;
    for _ in 0..10 {
        let second = at.store.insert_operator(operator(at.ours.id, Role::Owner), START).await.unwrap().id;
        let to = (Role::Manager, Groups::default(), None);
        let leaves = [(&at.store, at.ours.ada), (&other, second)]
            .map(|(node, who)| node.change_operator(at.ours.id, who, |_| true, to));
        let changes = join_all(leaves).await;
        assert_eq!(changes.iter().filter(|change| change.is_ok()).count(), 1, "{changes:?}");
        let everybody = at.store.operators(at.ours.id).await.unwrap();
        assert_eq!(everybody.iter().filter(|operator| operator.role == Role::Owner).count(), 1);
        at.store
            .change_operator(at.ours.id, at.ours.ada, |_| true, (Role::Owner, Groups::default(), None))
            .await
            .unwrap();
        let gone = (Role::Agent, Groups::default(), None);
        at.store.change_operator(at.ours.id, second, |_| true, gone).await.unwrap();
    }
}

async fn a_change_is_judged_by_the_role_that_somebody_has_now(at: Fixture) {
    let to = (Role::Agent, Groups::default(), None);
    let denied = at.store.change_operator(at.ours.id, at.ours.ada, |has| has != Role::Owner, to).await;
    assert_eq!(denied, Err(Error::OutOfReach));
    let foreign = at.store.change_operator(at.theirs.id, at.ours.ben, |_| true, to).await;
    assert_eq!(foreign, Err(Error::NotFound));
    at.store.change_operator(at.ours.id, at.ours.ben, |has| has == Role::Agent, to).await.unwrap();
}
