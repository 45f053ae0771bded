//! Passkeys: whose they are, how often they count, and when they and what they proved are good no more.

use diskret_store::operator::OperatorChange;
use diskret_store::passkey::{Passkey, Spent, Used};
use diskret_store::session::{Machine, Means, Proved};
use diskret_store::{Error, Settings};
use domain::limits::PASSKEYS;
use domain::{OperatorId, OrganisationId, Timestamp};
use futures_util::future::join_all;

use crate::fixture::{Fixture, PASSWORD, START, moment, somebody};

on_both![
    a_passkey_is_found_by_its_hash_and_listed_to_its_owner_only,
    a_passkey_that_is_known_is_nobodys_twice,
    nobody_has_more_passkeys_than_there_may_be_however_many_come_at_once,
    a_challenge_is_answered_once_however_many_come_at_once,
    a_counter_goes_up_or_stays_at_nothing,
    a_copied_passkey_opens_nothing_any_more,
    a_session_is_opened_only_while_the_passkey_is_there,
    whoever_gets_a_password_leaves_or_is_reset_has_no_passkeys,
    a_passkey_is_changed_and_removed_by_its_owner_only,
    a_new_passkey_is_recognised_in_another_session_only,
    spent_challenges_are_forgotten_when_they_are_over,
];

const DAY: Timestamp = Timestamp(START.0 / 86_400_000_000 * 86_400_000_000);

fn passkey(organisation: OrganisationId, operator: OperatorId, number: u8) -> Passkey {
    Passkey {
        organisation,
        operator,
        hash: [number; 32],
        content_sealed: vec![number, 1],
        counter: 0,
        created_at: moment(i64::from(number)),
        used_day: None,
        copied_at: None,
        new_in: Some([number; 32]),
    }
}

fn spent(number: u16) -> Spent {
    let mut hash = [0; 32];
    hash[..2].copy_from_slice(&number.to_be_bytes());
    Spent { hash, until: moment(300) }
}

/// Adds one to somebody of ours, answering a challenge of its own number.
async fn add(at: &Fixture, operator: OperatorId, number: u8) -> Result<(), Error> {
    let new = passkey(at.ours.id, operator, number);
    at.store.audited(somebody()).insert_passkey(new, PASSWORD.to_owned(), spent(u16::from(number))).await
}

async fn numbers(at: &Fixture, organisation: OrganisationId, operator: OperatorId) -> Vec<u8> {
    at.store.passkeys(organisation, operator).await.unwrap().iter().map(|one| one.hash[0]).collect()
}

async fn sign_in(at: &Fixture, number: u8, counter: i64, challenge: u16) -> Result<Used, Error> {
    at.store.audited(somebody()).use_passkey(at.ours.id, [number; 32], counter, (START, DAY), spent(challenge)).await
}

async fn open(at: &Fixture, operator: OperatorId, number: u8, session: u8) -> Result<(), Error> {
    let proved = Proved { organisation: at.ours.id, operator, by: Means::Passkey([number; 32]) };
    at.store.audited(somebody()).insert_session([session; 32], proved, START, Machine::default()).await.map(drop)
}

async fn a_passkey_is_found_by_its_hash_and_listed_to_its_owner_only(at: Fixture) {
    let (ada, ben) = (at.ours.ada, at.ours.ben);
    add(&at, ada, 2).await.unwrap();
    add(&at, ada, 1).await.unwrap();
    add(&at, ben, 3).await.unwrap();
    assert_eq!(numbers(&at, at.ours.id, ada).await, [1, 2], "the oldest first");
    assert_eq!(numbers(&at, at.ours.id, ben).await, [3]);
    assert!(numbers(&at, at.theirs.id, ada).await.is_empty());
    assert_eq!(at.store.passkey([2; 32]).await, Ok(passkey(at.ours.id, ada, 2)));
    assert_eq!(at.store.passkey([4; 32]).await, Err(Error::NotFound));
    // A password that is another one meanwhile, and somebody of another house.
    let late =
        at.store.audited(somebody()).insert_passkey(passkey(at.ours.id, ada, 5), "new".to_owned(), spent(5)).await;
    assert_eq!(late, Err(Error::NotFound));
    let foreign = passkey(at.theirs.id, ada, 5);
    assert_eq!(
        at.store.audited(somebody()).insert_passkey(foreign, PASSWORD.to_owned(), spent(5)).await,
        Err(Error::NotFound)
    );
    assert_eq!(at.count("passkey").await, 3);
}

async fn a_passkey_that_is_known_is_nobodys_twice(at: Fixture) {
    add(&at, at.ours.ada, 1).await.unwrap();
    let again = |organisation, operator, challenge| {
        at.store.audited(somebody()).insert_passkey(
            passkey(organisation, operator, 1),
            PASSWORD.to_owned(),
            spent(challenge),
        )
    };
    assert!(matches!(again(at.ours.id, at.ours.ada, 10).await, Err(Error::Conflict(_))));
    assert!(matches!(again(at.ours.id, at.ours.ben, 11).await, Err(Error::Conflict(_))));
    assert!(matches!(again(at.theirs.id, at.theirs.ada, 12).await, Err(Error::Conflict(_))));
    assert_eq!(at.store.passkey([1; 32]).await, Ok(passkey(at.ours.id, at.ours.ada, 1)), "it stays whose it was");
}

async fn nobody_has_more_passkeys_than_there_may_be_however_many_come_at_once(at: Fixture) {
    let other = at.node(Settings::default()).await;
    let stores = [&at.store, &other];
    let many = (1..=30).map(|number: u8| {
        let new = passkey(at.ours.id, at.ours.ada, number);
        stores[usize::from(number) % 2].audited(somebody()).insert_passkey(
            new,
            PASSWORD.to_owned(),
            spent(u16::from(number)),
        )
    });
    let added = join_all(many).await.into_iter().filter(Result::is_ok).count();
    assert_eq!((added, at.count("passkey").await), (PASSKEYS, PASSKEYS as i64));
    assert_eq!(add(&at, at.ours.ben, 40).await, Ok(()), "a colleague has room");
}

async fn a_challenge_is_answered_once_however_many_come_at_once(at: Fixture) {
    let other = at.node(Settings::default()).await;
    add(&at, at.ours.ada, 1).await.unwrap();
    assert_eq!(sign_in(&at, 1, 0, 1).await, Err(Error::NotFound), "the one that it was added with");
    let stores = [&at.store, &other];
    let answers = (0..20).map(|number: usize| {
        stores[number % 2].audited(somebody()).use_passkey(at.ours.id, [1; 32], 0, (START, DAY), spent(100))
    });
    let answers = join_all(answers).await;
    assert_eq!(answers.iter().filter(|one| **one == Ok(Used::Noted)).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|one| **one == Err(Error::NotFound)).count(), 19, "{answers:?}");
    assert_eq!(sign_in(&at, 1, 0, 101).await, Ok(Used::Noted), "the next one");
    assert_eq!(at.store.passkey([1; 32]).await.unwrap().used_day, Some(DAY));
}

async fn a_counter_goes_up_or_stays_at_nothing(at: Fixture) {
    add(&at, at.ours.ada, 1).await.unwrap();
    for (challenge, counter, used) in [
        (11, 0, Used::Noted),
        (12, 0, Used::Noted),
        (13, 5, Used::Noted),
        (14, 6, Used::Noted),
        (15, 4_294_967_295, Used::Noted),
        (16, 4_294_967_295, Used::Copied),
    ] {
        assert_eq!(sign_in(&at, 1, counter, challenge).await, Ok(used), "{challenge}");
    }
    for (number, before, after) in [(2, 5, 4), (3, 5, 0), (4, 1, 1)] {
        add(&at, at.ours.ada, number).await.unwrap();
        let challenge = u16::from(number) * 100;
        assert_eq!(sign_in(&at, number, before, challenge).await, Ok(Used::Noted));
        assert_eq!(sign_in(&at, number, after, challenge + 1).await, Ok(Used::Copied), "{before}, then {after}");
    }
}

async fn a_copied_passkey_opens_nothing_any_more(at: Fixture) {
    let ada = at.ours.ada;
    add(&at, ada, 1).await.unwrap();
    sign_in(&at, 1, 5, 11).await.unwrap();
    assert_eq!(open(&at, ada, 1, 1).await, Ok(()));
    assert_eq!(sign_in(&at, 1, 4, 12).await, Ok(Used::Copied));
    assert_eq!(at.store.passkey([1; 32]).await.unwrap().copied_at, Some(START));
    assert_eq!(sign_in(&at, 1, 6, 13).await, Err(Error::NotFound), "neither of the two");
    assert_eq!(open(&at, ada, 1, 2).await, Err(Error::NotFound));
}

async fn a_session_is_opened_only_while_the_passkey_is_there(at: Fixture) {
    let (ada, ben) = (at.ours.ada, at.ours.ben);
    add(&at, ada, 1).await.unwrap();
    assert_eq!(open(&at, ada, 1, 1).await, Ok(()));
    assert_eq!(open(&at, ben, 1, 2).await, Err(Error::NotFound), "a colleague's");
    assert_eq!(open(&at, ada, 2, 2).await, Err(Error::NotFound), "none at all");
    // It is two factors by itself.
    at.store
        .audited(somebody())
        .set_factor(at.ours.id, ada, PASSWORD.to_owned(), (vec![7], 100), vec![], [0; 32])
        .await
        .unwrap();
    assert_eq!(open(&at, ada, 1, 3).await, Ok(()));
    at.store.audited(somebody()).delete_passkey(at.ours.id, ada, [1; 32]).await.unwrap();
    assert_eq!(open(&at, ada, 1, 4).await, Err(Error::NotFound), "removed meanwhile");
    assert_eq!(sign_in(&at, 1, 0, 20).await, Err(Error::NotFound));
    assert!(at.store.session([3; 32], Timestamp(0), Timestamp(0)).await.is_ok(), "removing one ends nothing");
}

async fn whoever_gets_a_password_leaves_or_is_reset_has_no_passkeys(at: Fixture) {
    let (ada, ben) = (at.ours.ada, at.ours.ben);
    let mut number = 0;
    let mut fresh = async || {
        number += 1;
        let hash = at.store.operator(at.ours.id, ben).await.unwrap().password_hash;
        at.store
            .audited(somebody())
            .insert_passkey(passkey(at.ours.id, ben, number), hash, spent(number.into()))
            .await
            .unwrap();
        assert_eq!(numbers(&at, at.ours.id, ben).await, [number]);
    };
    add(&at, ada, 99).await.unwrap();
    fresh().await;
    at.store.audited(somebody()).set_password(at.ours.id, ben, "new".to_owned()).await.unwrap();
    assert!(numbers(&at, at.ours.id, ben).await.is_empty(), "by whoever runs the machine");
    fresh().await;
    at.store.audited(somebody()).insert_sign_in_link([1; 32], at.owner(), ben, START, moment(9)).await.unwrap();
    assert_eq!(numbers(&at, at.ours.id, ben).await.len(), 1, "a link that nobody has used");
    at.store.audited(somebody()).use_sign_in_link([1; 32], "newer".to_owned(), START).await.unwrap();
    assert!(numbers(&at, at.ours.id, ben).await.is_empty(), "by a link");
    fresh().await;
    at.store.audited(somebody()).clear_factor(at.ours.id, ben, None).await.unwrap();
    let own = ("newer".to_owned(), "newest".to_owned());
    at.store.audited(somebody()).set_own_password(at.ours.id, ben, own, [0; 32]).await.unwrap();
    assert_eq!(numbers(&at, at.ours.id, ben).await.len(), 1, "what one does oneself with the password");
    let refused = at.store.audited(somebody()).reset_factor(at.agent(), at.ours.ada, START).await;
    assert_eq!(refused, Err(Error::OutOfReach));
    assert_eq!(numbers(&at, at.ours.id, ben).await.len(), 1, "by somebody who may not");
    at.store.audited(somebody()).clear_factor(at.ours.id, ben, Some(START)).await.unwrap();
    assert!(numbers(&at, at.ours.id, ben).await.is_empty(), "reset by a colleague");
    fresh().await;
    let left = OperatorChange { active: Some(false), ..OperatorChange::default() };
    at.store.audited(somebody()).change_operator(at.owner(), ben, left, START).await.unwrap();
    assert!(numbers(&at, at.ours.id, ben).await.is_empty(), "they have left");
    let gone =
        at.store.audited(somebody()).insert_passkey(passkey(at.ours.id, ben, 50), "newest".to_owned(), spent(50)).await;
    assert_eq!(gone, Err(Error::NotFound));
    assert_eq!(numbers(&at, at.ours.id, ada).await, [99], "nobody else's");
}

async fn a_passkey_is_changed_and_removed_by_its_owner_only(at: Fixture) {
    let (ada, ben) = (at.ours.ada, at.ours.ben);
    add(&at, ada, 1).await.unwrap();
    add(&at, ada, 2).await.unwrap();
    for (organisation, operator) in [(at.ours.id, ben), (at.theirs.id, ada), (at.theirs.id, at.theirs.ada)] {
        let changed = at.store.change_passkey(organisation, operator, [1; 32], vec![9]).await;
        assert_eq!(changed, Err(Error::NotFound));
        assert_eq!(
            at.store.audited(somebody()).delete_passkey(organisation, operator, [1; 32]).await,
            Err(Error::NotFound)
        );
    }
    at.store.change_passkey(at.ours.id, ada, [1; 32], vec![9]).await.unwrap();
    let seals = at.store.passkeys(at.ours.id, ada).await.unwrap().into_iter().map(|one| one.content_sealed);
    assert_eq!(seals.collect::<Vec<_>>(), [vec![9], vec![2, 1]]);
    at.store.audited(somebody()).delete_passkey(at.ours.id, ada, [1; 32]).await.unwrap();
    assert_eq!(at.store.audited(somebody()).delete_passkey(at.ours.id, ada, [1; 32]).await, Err(Error::NotFound));
    assert_eq!(numbers(&at, at.ours.id, ada).await, [2]);
}

async fn a_new_passkey_is_recognised_in_another_session_only(at: Fixture) {
    let (ada, ben) = (at.ours.ada, at.ours.ben);
    add(&at, ada, 1).await.unwrap();
    let recognise = |operator, session: u8| at.store.recognise_passkey(at.ours.id, operator, [1; 32], [session; 32]);
    let new_in = async || at.store.passkey([1; 32]).await.unwrap().new_in;
    assert_eq!(recognise(ada, 1).await, Err(Error::NotFound), "the session it was added in");
    assert_eq!(recognise(ben, 2).await, Err(Error::NotFound), "a colleague");
    assert_eq!(new_in().await, Some([1; 32]));
    recognise(ada, 2).await.unwrap();
    assert_eq!(new_in().await, None);
}

async fn spent_challenges_are_forgotten_when_they_are_over(at: Fixture) {
    add(&at, at.ours.ada, 1).await.unwrap();
    sign_in(&at, 1, 0, 7).await.unwrap();
    assert_eq!(at.store.delete_spent_challenges(moment(299)).await, Ok(0));
    assert_eq!(sign_in(&at, 1, 0, 7).await, Err(Error::NotFound));
    assert_eq!(at.store.delete_spent_challenges(moment(300)).await, Ok(2));
    assert_eq!(at.count("spent_challenge").await, 0);
}
