//! Browsers that are known, sessions as their owner sees them, the second factor, and what programs were given.

use diskret_store::api_token::{Given, Program};
use diskret_store::operator::OperatorChange;
use diskret_store::session::{Listed, Machine, Means, Proved};
use diskret_store::{Error, Settings};
use domain::limits::DEVICE_LIFE;
use domain::{Browser, Capability, Groups, Level, Platform, Principal, Reach, Role, Timestamp};
use futures_util::future::join_all;
use privacy::random;

use crate::fixture::{Fixture, PASSWORD, START, moment, proved, somebody, token};

on_both![
    a_browser_is_known_after_a_sign_in_and_to_whoever_signed_in_only,
    a_browser_is_new_only_to_somebody_who_is_known_elsewhere,
    ending_a_session_ends_only_ones_own_and_forgets_its_browser,
    changing_ones_password_leaves_one_session_and_its_browser,
    a_browser_nobody_signs_in_with_is_forgotten,
    whoever_gets_a_password_or_leaves_is_known_nowhere,
    a_sign_in_under_way_ends_with_what_it_was_proved_by,
    a_code_is_taken_once_however_many_come_at_once,
    turning_the_second_factor_on_ends_the_other_sessions,
    a_second_factor_that_is_off_has_no_codes_and_takes_none,
    whoever_was_demoted_or_dismissed_meanwhile_resets_nobodys_second_factor,
    whoever_was_demoted_or_dismissed_meanwhile_gets_no_token,
    a_program_has_what_it_was_given_of_what_its_operator_may,
    a_token_is_taken_back_by_its_organisation_only,
];

const LONG_AGO: Timestamp = Timestamp(0);

fn on(device: u8) -> Machine {
    Machine { browser: Browser::Firefox, platform: Platform::Linux, device: Some([device; 32]) }
}

fn role(role: Role) -> OperatorChange {
    OperatorChange { role: Some(role), ..OperatorChange::default() }
}

async fn known(at: &Fixture, device: u8, operator: domain::OperatorId) -> bool {
    let index = at.store.operator(at.ours.id, operator).await.unwrap().email_index;
    at.store.is_known_device([device; 32], index, LONG_AGO).await.unwrap().0
}

async fn sessions(at: &Fixture, operator: domain::OperatorId) -> Vec<Listed> {
    at.store.sessions(at.ours.id, operator, LONG_AGO, LONG_AGO).await.unwrap()
}

async fn a_browser_is_known_after_a_sign_in_and_to_whoever_signed_in_only(at: Fixture) {
    let (ada, ben) = (at.ours.ada, at.ours.ben);
    assert!(!known(&at, 1, ada).await);
    at.store.audited(somebody()).insert_session([1; 32], proved(at.ours.id, ada), START, on(1)).await.unwrap();
    assert!(known(&at, 1, ada).await && !known(&at, 1, ben).await && !known(&at, 2, ada).await);
    let index = at.store.operator(at.ours.id, ben).await.unwrap().email_index;
    assert_eq!(at.store.is_known_device([1; 32], index, LONG_AGO).await, Ok((false, true)), "ours, but not theirs");
    assert_eq!(at.store.is_known_device([1; 32], [0; 32], LONG_AGO).await, Ok((false, true)), "an unknown address");
    assert_eq!(at.store.is_known_device([9; 32], index, LONG_AGO).await, Ok((false, false)));
    // Two who share a browser.
    at.store.audited(somebody()).insert_session([2; 32], proved(at.ours.id, ben), START, on(1)).await.unwrap();
    assert!(known(&at, 1, ada).await && known(&at, 1, ben).await);
    let machine = sessions(&at, ben).await[0].machine;
    assert_eq!(machine, on(1));
}

async fn a_browser_is_new_only_to_somebody_who_is_known_elsewhere(at: Fixture) {
    let ada = at.ours.ada;
    let open = |hash: u8, device: u8| {
        at.store.audited(somebody()).insert_session([hash; 32], proved(at.ours.id, ada), START, on(device))
    };
    assert_eq!(open(1, 1).await, Ok(false), "the first one");
    assert_eq!(open(2, 1).await, Ok(false), "the same again");
    assert_eq!(open(3, 2).await, Ok(true));
    assert_eq!(open(4, 2).await, Ok(false), "known by now");
    let new =
        async || sessions(&at, ada).await.into_iter().filter(|one| one.is_new).map(|one| one.hash).collect::<Vec<_>>();
    assert_eq!(new().await, [[3; 32]]);
    assert_eq!(at.store.recognise_session(at.ours.id, at.ours.ben, [3; 32]).await, Err(Error::NotFound));
    assert_eq!(new().await, [[3; 32]], "not a colleague's to say");
    at.store.recognise_session(at.ours.id, ada, [3; 32]).await.unwrap();
    assert!(new().await.is_empty());
}

async fn ending_a_session_ends_only_ones_own_and_forgets_its_browser(at: Fixture) {
    let (ada, ben) = (at.ours.ada, at.ours.ben);
    at.store.audited(somebody()).insert_session([1; 32], proved(at.ours.id, ada), START, on(1)).await.unwrap();
    let one = sessions(&at, ada).await[0];
    assert_eq!(at.store.audited(somebody()).end_session(at.ours.id, ben, one).await, Err(Error::NotFound));
    assert_eq!(at.store.audited(somebody()).end_session(at.theirs.id, ada, one).await, Err(Error::NotFound));
    assert!(known(&at, 1, ada).await && sessions(&at, ada).await.len() == 1);
    at.store.audited(somebody()).end_session(at.ours.id, ada, one).await.unwrap();
    assert!(!known(&at, 1, ada).await && sessions(&at, ada).await.is_empty());
    assert_eq!(at.store.audited(somebody()).end_session(at.ours.id, ada, one).await, Err(Error::NotFound));
}

async fn changing_ones_password_leaves_one_session_and_its_browser(at: Fixture) {
    let (ada, ben) = (at.ours.ada, at.ours.ben);
    for number in 1..=3 {
        at.store
            .audited(somebody())
            .insert_session([number; 32], proved(at.ours.id, ada), START, on(number))
            .await
            .unwrap();
    }
    at.store.audited(somebody()).insert_session([4; 32], proved(at.ours.id, ben), START, on(4)).await.unwrap();
    let old = at.store.operator(at.ours.id, ada).await.unwrap().password_hash;
    let set = |old: &str, new: &str| {
        at.store.audited(somebody()).set_own_password(at.ours.id, ada, (old.to_owned(), new.to_owned()), [2; 32])
    };
    assert_eq!(set("another", "new").await, Err(Error::NotFound), "somebody was faster");
    assert_eq!(sessions(&at, ada).await.len(), 3);
    set(&old, "new").await.unwrap();
    assert_eq!(at.store.operator(at.ours.id, ada).await.unwrap().password_hash, "new");
    assert_eq!(sessions(&at, ada).await.iter().map(|one| one.hash).collect::<Vec<_>>(), [[2; 32]]);
    assert!(known(&at, 2, ada).await && !known(&at, 1, ada).await && !known(&at, 3, ada).await);
    assert!(known(&at, 4, ben).await && sessions(&at, ben).await.len() == 1, "a colleague's stay");
}

async fn a_browser_nobody_signs_in_with_is_forgotten(at: Fixture) {
    at.store.audited(somebody()).insert_session([1; 32], proved(at.ours.id, at.ours.ada), START, on(1)).await.unwrap();
    at.store
        .audited(somebody())
        .insert_session([2; 32], proved(at.ours.id, at.ours.ada), moment(1), on(2))
        .await
        .unwrap();
    let end = START.plus(DEVICE_LIFE);
    let index = at.store.operator(at.ours.id, at.ours.ada).await.unwrap().email_index;
    let theirs =
        async |device: u8| at.store.is_known_device([device; 32], index, end.minus(DEVICE_LIFE)).await.unwrap().0;
    assert!(!theirs(1).await && theirs(2).await);
    assert_eq!(at.store.delete_expired_devices(end, DEVICE_LIFE).await, Ok(1));
    assert_eq!(at.count("known_device").await, 1);
}

async fn whoever_gets_a_password_or_leaves_is_known_nowhere(at: Fixture) {
    let (ada, ben) = (at.ours.ada, at.ours.ben);
    let sign_in = async |number: u8, password: &str| {
        let by = Means::Password { hash: password.to_owned(), second_factor: false };
        let proved = Proved { by, ..proved(at.ours.id, ben) };
        at.store.audited(somebody()).insert_session([number; 32], proved, START, on(number)).await.unwrap();
        assert!(known(&at, number, ben).await);
    };
    at.store.audited(somebody()).insert_session([9; 32], proved(at.ours.id, ada), START, on(9)).await.unwrap();
    sign_in(1, PASSWORD).await;
    at.store.audited(somebody()).set_password(at.ours.id, ben, "new".to_owned()).await.unwrap();
    assert!(!known(&at, 1, ben).await);
    sign_in(2, "new").await;
    at.store.audited(somebody()).insert_sign_in_link([1; 32], at.owner(), ben, START, moment(9)).await.unwrap();
    at.store.audited(somebody()).use_sign_in_link([1; 32], "newer".to_owned(), START).await.unwrap();
    assert!(!known(&at, 2, ben).await);
    sign_in(3, "newer").await;
    let left = OperatorChange { active: Some(false), ..OperatorChange::default() };
    at.store.audited(somebody()).change_operator(at.owner(), ben, left, START).await.unwrap();
    assert!(!known(&at, 3, ben).await && known(&at, 9, ada).await);
}

async fn a_sign_in_under_way_ends_with_what_it_was_proved_by(at: Fixture) {
    let (ada, ben) = (proved(at.ours.id, at.ours.ada), proved(at.ours.id, at.ours.ben));
    let open = async |number: u8, proved: &Proved| {
        at.store.audited(somebody()).insert_session([number; 32], proved.clone(), START, on(number)).await.map(drop)
    };
    assert_eq!(open(1, &ada).await, Ok(()));
    at.store
        .audited(somebody())
        .set_factor(at.ours.id, at.ours.ada, PASSWORD.to_owned(), (vec![7], 100), vec![], [0; 32])
        .await
        .unwrap();
    assert_eq!(open(2, &ada).await, Err(Error::NotFound), "by the password alone");
    let both = Means::Password { hash: PASSWORD.to_owned(), second_factor: true };
    let both = Proved { by: both, ..ada };
    assert_eq!(open(2, &both).await, Ok(()));
    at.store.audited(somebody()).set_password(at.ours.id, at.ours.ada, "new".to_owned()).await.unwrap();
    assert_eq!(open(3, &both).await, Err(Error::NotFound), "the old password");
    assert_eq!(open(4, &Proved { organisation: at.theirs.id, ..ben.clone() }).await, Err(Error::NotFound));
    assert_eq!(open(4, &ben).await, Ok(()));
    let left = OperatorChange { active: Some(false), ..OperatorChange::default() };
    at.store.audited(somebody()).change_operator(at.owner(), at.ours.ben, left, START).await.unwrap();
    assert_eq!(open(5, &ben).await, Err(Error::NotFound), "they have left");
    assert!(sessions(&at, at.ours.ada).await.is_empty() && sessions(&at, at.ours.ben).await.is_empty());
}

async fn a_code_is_taken_once_however_many_come_at_once(at: Fixture) {
    let (other, ada) = (at.node(Settings::default()).await, at.ours.ada);
    assert_eq!(at.store.take_step(at.ours.id, ada, 5).await, Err(Error::NotFound), "there is no second factor");
    let codes = (1..=10).map(|number| [number; 32]).collect();
    at.store
        .audited(somebody())
        .set_factor(at.ours.id, ada, PASSWORD.to_owned(), (vec![7], 100), codes, [0; 32])
        .await
        .unwrap();
    assert_eq!(at.store.take_step(at.ours.id, ada, 100).await, Err(Error::NotFound), "the code of the set-up");
    for step in 101..110 {
        let taken = join_all([&at.store, &other].map(|node| node.take_step(at.ours.id, ada, step))).await;
        assert_eq!(taken.iter().filter(|taken| taken.is_ok()).count(), 1, "{taken:?}");
        assert_eq!(at.store.take_step(at.ours.id, ada, step - 1).await, Err(Error::NotFound), "never backwards");
    }
    let taken =
        join_all([&at.store, &other].map(|node| node.audited(somebody()).take_recovery_code(at.ours.id, ada, [3; 32])))
            .await;
    assert_eq!(taken.iter().filter(|taken| taken.is_ok()).count(), 1, "{taken:?}");
    assert_eq!(
        at.store.audited(somebody()).take_recovery_code(at.ours.id, at.ours.ben, [4; 32]).await,
        Err(Error::NotFound)
    );
    let factor = at.store.factor(at.ours.id, ada).await.unwrap();
    assert_eq!((factor.sealed, factor.codes, factor.reset_at), (Some(vec![7]), 9, None));
    at.store.audited(somebody()).renew_recovery_codes(at.ours.id, ada, vec![[11; 32], [12; 32]]).await.unwrap();
    assert_eq!(
        at.store.audited(somebody()).take_recovery_code(at.ours.id, ada, [4; 32]).await,
        Err(Error::NotFound),
        "an old one"
    );
    assert_eq!(at.store.factor(at.ours.id, ada).await.unwrap().codes, 2);
}

async fn turning_the_second_factor_on_ends_the_other_sessions(at: Fixture) {
    let ada = at.ours.ada;
    for number in 1..=2 {
        at.store
            .audited(somebody())
            .insert_session([number; 32], proved(at.ours.id, ada), START, on(number))
            .await
            .unwrap();
    }
    at.store
        .audited(somebody())
        .set_factor(at.ours.id, ada, PASSWORD.to_owned(), (vec![7], 100), vec![[1; 32]], [2; 32])
        .await
        .unwrap();
    assert_eq!(sessions(&at, ada).await.iter().map(|one| one.hash).collect::<Vec<_>>(), [[2; 32]]);
}

async fn turn_on(at: &Fixture, operator: domain::OperatorId) {
    let (sealed, codes) = ((vec![7], 100), vec![random::bytes()]);
    let store = at.store.audited(somebody());
    store.set_factor(at.ours.id, operator, PASSWORD.to_owned(), sealed, codes, [0; 32]).await.unwrap();
}

async fn is_on(at: &Fixture, operator: domain::OperatorId) -> bool {
    at.store.factor(at.ours.id, operator).await.unwrap().sealed.is_some()
}

async fn a_second_factor_that_is_off_has_no_codes_and_takes_none(at: Fixture) {
    let ada = at.ours.ada;
    turn_on(&at, ada).await;
    assert_eq!(at.store.audited(somebody()).clear_factor(at.theirs.id, ada, None).await, Err(Error::NotFound));
    at.store.audited(somebody()).clear_factor(at.ours.id, ada, Some(START)).await.unwrap();
    let factor = at.store.factor(at.ours.id, ada).await.unwrap();
    assert_eq!((factor.sealed, factor.codes, factor.reset_at), (None, 0, Some(START)));
    assert_eq!(at.store.take_step(at.ours.id, ada, 200).await, Err(Error::NotFound));
    turn_on(&at, ada).await;
    assert_eq!(at.store.factor(at.ours.id, ada).await.unwrap().reset_at, None);
}

async fn whoever_was_demoted_or_dismissed_meanwhile_resets_nobodys_second_factor(at: Fixture) {
    let (ada, ben) = (at.ours.ada, at.ours.ben);
    let manager = crate::fixture::operator(at.ours.id, Role::Manager);
    let manager = at.store.audited(somebody()).insert_operator(manager, START).await.unwrap().id;
    let by = Principal::new(at.ours.id, manager, Role::Manager, Groups::default());
    let reset = |who| at.store.audited(somebody()).reset_factor(by, who, moment(1));
    turn_on(&at, ada).await;
    turn_on(&at, ben).await;
    reset(ben).await.unwrap();
    assert!(!is_on(&at, ben).await);
    assert_eq!(at.store.factor(at.ours.id, ben).await.unwrap().reset_at, Some(moment(1)));
    assert_eq!(reset(ada).await, Err(Error::OutOfReach), "an owner has more");
    assert_eq!(reset(at.theirs.ben).await, Err(Error::NotFound));
    turn_on(&at, ben).await;
    let change = |who, to| at.store.audited(somebody()).change_operator(at.owner(), who, to, START);
    let (demoted, promoted) = (role(Role::Agent), role(Role::Manager));
    let active = |active| OperatorChange { active: Some(active), ..OperatorChange::default() };
    change(manager, demoted).await.unwrap();
    assert_eq!(reset(ben).await, Err(Error::OutOfReach), "demoted while the request was under way");
    change(manager, promoted).await.unwrap();
    change(manager, active(false)).await.unwrap();
    assert_eq!(reset(ben).await, Err(Error::OutOfReach), "dismissed");
    change(manager, active(true)).await.unwrap();
    change(ben, role(Role::Owner)).await.unwrap();
    assert_eq!(reset(ben).await, Err(Error::OutOfReach), "whom it is about was promoted");
    assert!(is_on(&at, ben).await && is_on(&at, ada).await);
}

async fn whoever_was_demoted_or_dismissed_meanwhile_gets_no_token(at: Fixture) {
    let admin = crate::fixture::operator(at.ours.id, Role::Admin);
    let admin = at.store.audited(somebody()).insert_operator(admin, START).await.unwrap().id;
    let by = Principal::new(at.ours.id, admin, Role::Admin, Groups::default());
    let make = |hash: u8, given, proved: Option<&str>| {
        let program = Program { given: Given(given), ..token([hash; 32], admin, moment(10)) };
        at.store.audited(somebody()).insert_api_token(by, program, proved.map(str::to_owned))
    };
    make(1, Some(vec![(Capability::Team, Level::Write)]), Some(PASSWORD)).await.unwrap();
    make(2, None, None).await.unwrap();
    assert_eq!(make(3, Some(vec![(Capability::Installation, Level::Read)]), None).await, Err(Error::OutOfReach));
    assert_eq!(make(4, None, Some("$older")).await, Err(Error::OutOfReach), "the password is another one by now");
    let for_ben = token([5; 32], at.ours.ben, moment(10));
    assert_eq!(at.store.audited(somebody()).insert_api_token(by, for_ben, None).await, Err(Error::OutOfReach));
    let change = |to| at.store.audited(somebody()).change_operator(at.owner(), admin, to, START);
    change(role(Role::Agent)).await.unwrap();
    for given in [None, Some(vec![(Capability::Conversations, Level::Read)])] {
        assert_eq!(make(6, given, Some(PASSWORD)).await, Err(Error::OutOfReach), "demoted");
    }
    change(role(Role::Admin)).await.unwrap();
    change(OperatorChange { active: Some(false), ..OperatorChange::default() }).await.unwrap();
    assert_eq!(make(7, None, Some(PASSWORD)).await, Err(Error::OutOfReach), "dismissed");
    change(OperatorChange { active: Some(true), ..OperatorChange::default() }).await.unwrap();
    assert_eq!(at.store.api_tokens(at.ours.id, START).await.unwrap(), [], "nor are they there once they are back");
}

async fn a_program_has_what_it_was_given_of_what_its_operator_may(at: Fixture) {
    let given = Given(Some(vec![(Capability::Conversations, Level::Read), (Capability::Widgets, Level::Write)]));
    let program = Program { given: given.clone(), ..token([1; 32], at.ours.ada, moment(10)) };
    at.store.audited(somebody()).insert_api_token(at.owner(), program, None).await.unwrap();
    let rights = async || at.store.api_token([1; 32], START).await.unwrap().0.rights;
    assert_eq!(rights().await.of(Capability::Conversations), (Level::Read, Reach::All));
    assert_eq!(rights().await.of(Capability::Widgets), (Level::Write, Reach::All));
    assert_eq!(rights().await.of(Capability::Team).0, Level::Off);
    let listed = at.store.api_tokens(at.ours.id, START).await.unwrap();
    assert_eq!((listed.len(), &listed[0].given), (1, &given));
    // Whoever loses rights takes them from their programs.
    let second = crate::fixture::operator(at.ours.id, Role::Owner);
    let second = at.store.audited(somebody()).insert_operator(second, START).await.unwrap();
    let second = Principal::new(at.ours.id, second.id, second.role, second.groups);
    let less = OperatorChange { role: Some(Role::Agent), ..OperatorChange::default() };
    at.store.audited(somebody()).change_operator(second, at.ours.ada, less, START).await.unwrap();
    assert_eq!(rights().await.of(Capability::Conversations), (Level::Read, Reach::Own));
    assert_eq!(rights().await.of(Capability::Widgets).0, Level::Off);
}

async fn a_token_is_taken_back_by_its_organisation_only(at: Fixture) {
    at.store
        .audited(somebody())
        .insert_api_token(at.owner(), token([1; 32], at.ours.ada, moment(10)), None)
        .await
        .unwrap();
    assert_eq!(at.store.audited(somebody()).delete_api_token(at.theirs.id, [1; 32]).await, Err(Error::NotFound));
    assert!(at.store.api_tokens(at.theirs.id, START).await.unwrap().is_empty());
    for day in [moment(5), moment(3)] {
        at.store.use_api_token([1; 32], day).await.unwrap();
    }
    assert_eq!(at.store.api_token([1; 32], START).await.unwrap().1, Some(moment(5)));
    at.store.audited(somebody()).delete_api_token(at.ours.id, [1; 32]).await.unwrap();
    assert_eq!(at.store.api_token([1; 32], START).await, Err(Error::NotFound));
}
