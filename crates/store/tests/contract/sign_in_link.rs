//! Links with which a password is set, and what changes of a colleague leave behind.

use diskret_store::operator::OperatorChange;
use diskret_store::session::Machine;
use diskret_store::{Error, Settings};
use domain::limits::{LINK_LIFE, SESSION_IDLE, SESSION_LONGEST};
use domain::{Groups, Principal, Role};
use futures_util::future::join_all;
use privacy::random;

use crate::fixture::{Fixture, START, operator, proved, somebody, token};

on_both![
    a_link_sets_a_password_once_and_ends_every_session,
    a_link_used_twice_at_once_works_once,
    a_link_ends_after_its_time_and_with_the_next_one,
    whoever_has_left_has_no_session_no_token_and_no_use_of_a_link,
    the_last_owner_stays,
    two_owners_who_leave_at_once_leave_one_behind,
    a_change_is_judged_by_what_both_may_do_at_that_moment,
    a_link_ends_with_the_rights_it_was_judged_by,
];

fn role(role: Role) -> OperatorChange {
    OperatorChange { role: Some(role), ..OperatorChange::default() }
}

async fn a_link_sets_a_password_once_and_ends_every_session(at: Fixture) {
    let ben = (at.ours.id, at.ours.ben);
    at.store
        .audited(somebody())
        .insert_session([1; 32], proved(ben.0, ben.1), START, Machine::default())
        .await
        .unwrap();
    at.store
        .audited(somebody())
        .insert_sign_in_link([2; 32], at.owner(), ben.1, START, START.plus(LINK_LIFE))
        .await
        .unwrap();
    assert_eq!(
        at.store.audited(somebody()).use_sign_in_link([3; 32], "new".to_owned(), START).await,
        Err(Error::NotFound)
    );
    assert_eq!(at.store.audited(somebody()).use_sign_in_link([2; 32], "new".to_owned(), START).await, Ok(ben));
    assert_eq!(at.store.operator(ben.0, ben.1).await.unwrap().password_hash, "new");
    let session = at.store.session([1; 32], START.minus(SESSION_IDLE), START.minus(SESSION_LONGEST)).await;
    assert_eq!(session, Err(Error::NotFound));
    assert_eq!(
        at.store.audited(somebody()).use_sign_in_link([2; 32], "again".to_owned(), START).await,
        Err(Error::NotFound)
    );
    assert_eq!(at.store.operator(ben.0, ben.1).await.unwrap().password_hash, "new");
}

async fn a_link_used_twice_at_once_works_once(at: Fixture) {
    let other = at.node(Settings::default()).await;
    for round in 0..10_u8 {
        let hash = [round; 32];
        at.store
            .audited(somebody())
            .insert_sign_in_link(hash, at.owner(), at.ours.ben, START, START.plus(LINK_LIFE))
            .await
            .unwrap();
        let used = join_all(
            [&at.store, &other].map(|node| node.audited(somebody()).use_sign_in_link(hash, "new".to_owned(), START)),
        )
        .await;
        assert_eq!(used.iter().filter(|used| used.is_ok()).count(), 1, "{used:?}");
    }
}

async fn a_link_ends_after_its_time_and_with_the_next_one(at: Fixture) {
    let make = |hash| {
        at.store.audited(somebody()).insert_sign_in_link(hash, at.owner(), at.ours.ben, START, START.plus(LINK_LIFE))
    };
    let used = |hash, now| at.store.audited(somebody()).use_sign_in_link(hash, "new".to_owned(), now);
    make([1; 32]).await.unwrap();
    make([2; 32]).await.unwrap();
    assert_eq!(used([1; 32], START).await, Err(Error::NotFound), "the next one took its place");
    assert_eq!(at.store.sign_in_link([1; 32], START).await, Err(Error::NotFound));
    assert_eq!(at.store.sign_in_link([2; 32], START).await, Ok((at.ours.id, at.ours.ben)));
    assert_eq!(at.store.sign_in_link([2; 32], START.plus(LINK_LIFE)).await, Err(Error::NotFound));
    assert_eq!(used([2; 32], START.plus(LINK_LIFE)).await, Err(Error::NotFound), "half an hour is over");
    assert_eq!(at.store.delete_expired_sign_in_links(START).await, Ok(0));
    assert_eq!(at.store.delete_expired_sign_in_links(START.plus(LINK_LIFE)).await, Ok(1));
}

async fn whoever_has_left_has_no_session_no_token_and_no_use_of_a_link(at: Fixture) {
    let ben = (at.ours.id, at.ours.ben);
    let later = START.plus(LINK_LIFE);
    at.store
        .audited(somebody())
        .insert_session([1; 32], proved(ben.0, ben.1), START, Machine::default())
        .await
        .unwrap();
    at.store.audited(somebody()).insert_api_token(at.agent(), token([2; 32], ben.1, later), None).await.unwrap();
    at.store.audited(somebody()).insert_sign_in_link([3; 32], at.owner(), ben.1, START, later).await.unwrap();
    let session = || at.store.session([1; 32], START.minus(SESSION_IDLE), START.minus(SESSION_LONGEST));
    assert!(session().await.is_ok() && at.store.api_token([2; 32], START).await.is_ok());
    let left = OperatorChange { active: Some(false), ..OperatorChange::default() };
    at.store.audited(somebody()).change_operator(at.owner(), ben.1, left, START).await.unwrap();
    assert_eq!(session().await, Err(Error::NotFound));
    assert_eq!(at.store.api_token([2; 32], START).await, Err(Error::NotFound));
    assert_eq!(
        at.store.audited(somebody()).use_sign_in_link([3; 32], "new".to_owned(), START).await,
        Err(Error::NotFound)
    );
    // None is opened any more, and no token is made.
    let opened =
        at.store.audited(somebody()).insert_session([4; 32], proved(ben.0, ben.1), START, Machine::default()).await;
    assert_eq!(opened, Err(Error::NotFound));
    let made = at.store.audited(somebody()).insert_api_token(at.agent(), token([5; 32], ben.1, later), None).await;
    assert_eq!(made, Err(Error::OutOfReach));
    assert_eq!(at.store.api_token([5; 32], START).await, Err(Error::NotFound));
}

async fn the_last_owner_stays(at: Fixture) {
    let change = |to| at.store.audited(somebody()).change_operator(at.owner(), at.ours.ada, to, START);
    for to in [role(Role::Manager), OperatorChange { active: Some(false), ..OperatorChange::default() }] {
        assert!(matches!(change(to).await, Err(Error::Conflict(_))));
    }
    assert_eq!(at.store.operator(at.ours.id, at.ours.ada).await.unwrap().role, Role::Owner);
    at.store.audited(somebody()).insert_operator(operator(at.ours.id, Role::Owner), START).await.unwrap();
    change(role(Role::Manager)).await.unwrap();
}

async fn two_owners_who_leave_at_once_leave_one_behind(at: Fixture) {
    let other = at.node(Settings::default()).await;
    for _ in 0..10 {
        let second =
            at.store.audited(somebody()).insert_operator(operator(at.ours.id, Role::Owner), START).await.unwrap().id;
        let second_owner = Principal::new(at.ours.id, second, Role::Owner, Groups::default());
        let leaves = [(&at.store, at.owner()), (&other, second_owner)]
            .map(|(node, who)| node.audited(somebody()).change_operator(who, who.operator, role(Role::Manager), START));
        let changes = join_all(leaves).await;
        assert_eq!(changes.iter().filter(|change| change.is_ok()).count(), 1, "{changes:?}");
        let everybody = at.store.operators(at.ours.id).await.unwrap();
        assert_eq!(everybody.iter().filter(|operator| operator.role == Role::Owner).count(), 1);
        let left = if changes[0].is_ok() { second_owner } else { at.owner() };
        at.store.audited(somebody()).change_operator(left, at.ours.ada, role(Role::Owner), START).await.unwrap();
        at.store.audited(somebody()).change_operator(at.owner(), second, role(Role::Agent), START).await.unwrap();
    }
}

async fn a_change_is_judged_by_what_both_may_do_at_that_moment(at: Fixture) {
    let manager =
        at.store.audited(somebody()).insert_operator(operator(at.ours.id, Role::Manager), START).await.unwrap().id;
    let by = Principal::new(at.ours.id, manager, Role::Manager, Groups::default());
    let change = |who, to| at.store.audited(somebody()).change_operator(by, who, to, START);
    change(at.ours.ben, role(Role::Staff)).await.unwrap();
    assert_eq!(change(at.ours.ada, role(Role::Agent)).await, Err(Error::OutOfReach), "an owner has more");
    assert_eq!(change(at.ours.ben, role(Role::Owner)).await, Err(Error::OutOfReach), "and cannot be made");
    assert_eq!(change(at.theirs.ben, role(Role::Agent)).await, Err(Error::NotFound));
    // Dismissed meanwhile: a request that was under way brings nobody back, least of all whoever sent it.
    let dismissed = OperatorChange { active: Some(false), ..OperatorChange::default() };
    at.store.audited(somebody()).change_operator(at.owner(), manager, dismissed, START).await.unwrap();
    let back = OperatorChange { active: Some(true), ..OperatorChange::default() };
    for to in [back, role(Role::Manager), OperatorChange::default()] {
        assert_eq!(change(manager, to).await, Err(Error::OutOfReach));
    }
    let link =
        at.store.audited(somebody()).insert_sign_in_link([7; 32], by, at.ours.ben, START, START.plus(LINK_LIFE)).await;
    assert_eq!(link, Err(Error::OutOfReach));
    assert!(at.store.operator(at.ours.id, manager).await.unwrap().deactivated_at.is_some());
    // Demoted meanwhile, the same.
    at.store.audited(somebody()).change_operator(at.owner(), manager, back, START).await.unwrap();
    at.store.audited(somebody()).change_operator(at.owner(), manager, role(Role::Agent), START).await.unwrap();
    assert_eq!(change(manager, role(Role::Manager)).await, Err(Error::OutOfReach));
    // What a change does not name stays as it is now, not as it was read before.
    at.store
        .audited(somebody())
        .insert_group(at.ours.id, random::public_id(), "Returns".to_owned(), START)
        .await
        .unwrap();
    let groups = OperatorChange { groups: Some(Groups::from_bits(1)), ..OperatorChange::default() };
    at.store.audited(somebody()).change_operator(at.owner(), manager, groups, START).await.unwrap();
    let now = at.store.operator(at.ours.id, manager).await.unwrap();
    assert_eq!((now.role, now.groups, now.deactivated_at), (Role::Agent, Groups::from_bits(1), None));
}

async fn a_link_ends_with_the_rights_it_was_judged_by(at: Fixture) {
    let admin =
        at.store.audited(somebody()).insert_operator(operator(at.ours.id, Role::Admin), START).await.unwrap().id;
    let by = Principal::new(at.ours.id, admin, Role::Admin, Groups::default());
    let make =
        |hash| at.store.audited(somebody()).insert_sign_in_link(hash, by, at.ours.ben, START, START.plus(LINK_LIFE));
    make([1; 32]).await.unwrap();
    at.store.audited(somebody()).change_operator(at.owner(), at.ours.ben, role(Role::Manager), START).await.unwrap();
    assert_eq!(at.store.sign_in_link([1; 32], START).await, Err(Error::NotFound), "promoted since");
    assert_eq!(make([2; 32]).await, Err(Error::OutOfReach), "a manager has more than an admin");
    at.store.audited(somebody()).change_operator(at.owner(), at.ours.ben, role(Role::Agent), START).await.unwrap();
    make([3; 32]).await.unwrap();
    let dismissed = OperatorChange { active: Some(false), ..OperatorChange::default() };
    at.store.audited(somebody()).change_operator(at.owner(), admin, dismissed, START).await.unwrap();
    assert_eq!(at.store.sign_in_link([3; 32], START).await, Err(Error::NotFound), "its maker has left");
}
