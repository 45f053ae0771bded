//! Epochs, the state of their turn, and what it wraps anew (design section 5).

use diskret_store::epoch::{State, Step, Turn};
use diskret_store::key::{WrappedDataKey, WrappedOrganisationKey};
use diskret_store::node::Node;
use diskret_store::{Error, KeyStore};
use domain::{KeyId, OrganisationId};
use futures_util::future::join_all;

use crate::fixture::{Fixture, START, moment};

on_both![
    an_installation_begins_with_its_first_epoch,
    a_key_wrapped_with_the_old_epoch_is_refused,
    an_old_organisation_key_cannot_go_while_a_key_hangs_on_it,
    a_deletion_names_the_epoch_that_settles_it,
    a_deletion_during_the_fence_belongs_to_one_side_of_it,
    a_step_is_done_by_one_of_many,
    a_key_that_something_is_wrapped_with_is_not_given_up,
    a_turn_without_a_key_is_given_up_and_its_number_is_not_used_again,
    what_was_deleted_meanwhile_stays_deleted_and_is_not_counted,
    nothing_is_wrapped_behind_the_fence_of_its_organisation,
    an_epoch_is_over_when_nobody_holds_its_key,
    what_is_left_for_a_node_is_for_its_key_of_now,
    a_freeze_has_an_end,
];

const OURS: OrganisationId = OrganisationId(1);

fn wrapped(organisation: OrganisationId, version: i64, epoch: i64) -> WrappedOrganisationKey {
    WrappedOrganisationKey { organisation, version, epoch, wrapped: vec![epoch as u8; 60] }
}

fn data_key(organisation: OrganisationId, id: i64, version: i64) -> WrappedDataKey {
    WrappedDataKey { organisation, id: KeyId(id), version, wrapped: format!("wrapped {id} {version}").into_bytes() }
}

/// Goes on with the turn to a step.
async fn at_step(keys: &KeyStore, step: Step) -> Turn {
    let mut turn = keys.begin_turn(7, START).await.unwrap();
    while turn.step != step {
        match turn.step {
            Step::Fence => keys.fence_turn(turn, START).await.unwrap(),
            _ => keys.advance_turn(turn, START).await.unwrap(),
        }
        turn = keys.turn().await.unwrap();
    }
    turn
}

async fn states(keys: &KeyStore) -> Vec<(i64, State)> {
    keys.epochs(0).await.unwrap().into_iter().map(|epoch| (epoch.epoch, epoch.state)).collect()
}

async fn an_installation_begins_with_its_first_epoch(at: Fixture) {
    let keys = at.keys().await;
    assert_eq!(states(&keys).await, [(1, State::Current)]);
    assert_eq!(keys.turn().await.unwrap().step, Step::None);
    assert_eq!(keys.settled_epoch().await, Ok(0));
}

async fn a_key_wrapped_with_the_old_epoch_is_refused(at: Fixture) {
    let keys = at.keys().await;
    keys.insert_organisation_key(wrapped(OURS, 1, 1), START).await.unwrap();
    let theirs = OrganisationId(2);
    for epoch in [0, 2, 7] {
        let refused = keys.insert_organisation_key(wrapped(theirs, 1, epoch), START).await;
        assert_eq!(refused, Err(Error::Fence), "{epoch}: there is none yet");
    }
    let turn = at_step(&keys, Step::Organisations).await;
    assert_eq!(states(&keys).await, [(1, State::Replaced), (2, State::Current)]);
    assert_eq!(keys.insert_organisation_key(wrapped(theirs, 1, 1), START).await, Err(Error::Fence));
    assert_eq!(keys.replace_organisation_key(None, wrapped(OURS, 2, 1), START).await, Err(Error::Fence));
    assert_eq!(keys.rewrap_organisation_key(turn.clone(), wrapped(OURS, 1, 1)).await, Err(Error::Fence));
    assert_eq!(keys.organisation_key(OURS, None).await, Ok(wrapped(OURS, 1, 1)), "it is as it was");
    assert_eq!(keys.rewrap_organisation_key(turn, wrapped(OURS, 1, 2)).await, Ok(true));
    assert_eq!(keys.organisation_key(OURS, None).await, Ok(wrapped(OURS, 1, 2)));
    keys.insert_organisation_key(wrapped(theirs, 1, 2), START).await.unwrap();
}

async fn an_old_organisation_key_cannot_go_while_a_key_hangs_on_it(at: Fixture) {
    let keys = at.keys().await;
    keys.insert_organisation_key(wrapped(OURS, 1, 1), START).await.unwrap();
    keys.insert_keys(vec![data_key(OURS, 10, 1)], START).await.unwrap();
    keys.remove_organisation_key(OURS, 1).await.unwrap();
    assert_eq!(keys.organisation_key(OURS, None).await, Ok(wrapped(OURS, 1, 1)), "the current one stays");
    let turn = at_step(&keys, Step::Organisations).await;
    keys.replace_organisation_key(Some(turn), wrapped(OURS, 2, 2), START).await.unwrap();
    let refused = keys.remove_organisation_key(OURS, 1).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    let turn = at_step(&keys, Step::Rewrap).await;
    assert_eq!(keys.rewrap_keys(turn, 1, vec![data_key(OURS, 10, 2)]).await, Ok(1));
    assert_eq!(keys.old_versions().await.unwrap().len(), 1);
    keys.remove_organisation_key(OURS, 1).await.unwrap();
    assert_eq!(keys.old_versions().await, Ok(Vec::new()));
    assert_eq!(keys.data_key(OURS, KeyId(10)).await, Ok(data_key(OURS, 10, 2)));
    let turn = keys.turn().await.unwrap();
    assert_eq!((turn.organisations, turn.rewrapped), (1, 1));
}

async fn a_deletion_names_the_epoch_that_settles_it(at: Fixture) {
    let keys = at.keys().await;
    keys.insert_organisation_key(wrapped(OURS, 1, 1), START).await.unwrap();
    keys.insert_keys((10..14).map(|id| data_key(OURS, id, 1)).collect(), START).await.unwrap();
    let is_spent = async || {
        let found = keys.organisation_keys(OrganisationId(0), 10).await.unwrap();
        found.into_iter().map(|found| found.is_spent).collect::<Vec<_>>()
    };
    assert_eq!(keys.delete_keys(OURS, vec![KeyId(99)], START).await, Ok((0, 1)));
    assert_eq!(keys.delete_keys(OURS, Vec::new(), START).await, Ok((0, 1)));
    assert_eq!(is_spent().await, [false], "nothing was deleted");
    assert_eq!(keys.delete_keys(OURS, vec![KeyId(10), KeyId(99), KeyId(11)], START).await, Ok((2, 1)));
    assert_eq!(is_spent().await, [true]);
    let turn = at_step(&keys, Step::Organisations).await;
    assert_eq!(keys.rewrap_organisation_key(turn.clone(), wrapped(OURS, 1, 2)).await, Ok(false), "it needs another");
    // Behind the fence, before the organisation got its new key: one turn more than needed, never one too few.
    assert_eq!(keys.delete_keys(OURS, vec![KeyId(12)], START).await, Ok((1, 2)));
    keys.replace_organisation_key(Some(turn), wrapped(OURS, 2, 2), START).await.unwrap();
    assert_eq!(is_spent().await, [true, false]);
    assert_eq!(keys.delete_keys(OURS, vec![KeyId(13)], START).await, Ok((1, 2)), "wrapped with the old one as it is");
    assert_eq!(is_spent().await, [true, true], "the next turn sees it");
}

async fn a_deletion_during_the_fence_belongs_to_one_side_of_it(at: Fixture) {
    let (keys, other) = (at.keys().await, at.keys().await);
    let organisations: Vec<_> = (1..=40).map(OrganisationId).collect();
    for organisation in &organisations {
        keys.insert_organisation_key(wrapped(*organisation, 1, 1), START).await.unwrap();
        keys.insert_keys(vec![data_key(*organisation, organisation.0, 1)], START).await.unwrap();
    }
    let turn = at_step(&keys, Step::Fence).await;
    let deletions = organisations.iter().map(|organisation| {
        let (other, organisation) = (other.clone(), *organisation);
        tokio::spawn(async move {
            loop {
                match other.delete_keys(organisation, vec![KeyId(organisation.0)], START).await {
                    Ok((1, epoch)) => return (organisation, epoch),
                    Err(Error::Fence) => {}
                    unexpected => panic!("{unexpected:?}"),
                }
            }
        })
    });
    let deletions: Vec<_> = deletions.collect();
    keys.fence_turn(turn, START).await.unwrap();
    let behind = keys.keys_behind(2, OrganisationId(0), 100).await.unwrap();
    assert_eq!(behind.len(), organisations.len());
    for deletion in join_all(deletions).await {
        let (organisation, epoch) = deletion.unwrap();
        let found = behind.iter().find(|found| found.key.organisation == organisation).unwrap();
        assert!(
            epoch == 2 || found.is_spent,
            "{organisation} was deleted from in epoch {epoch}, and the turn missed it"
        );
    }
}

async fn a_step_is_done_by_one_of_many(at: Fixture) {
    let (keys, other) = (at.keys().await, at.keys().await);
    let begun = join_all((0..6).map(|n| if n % 2 == 0 { &keys } else { &other }.begin_turn(n, START))).await;
    let turn = begun[0].clone().unwrap();
    assert!(begun.iter().all(|other| *other == Ok(turn.clone())), "{begun:?}");
    assert_eq!((turn.step, turn.from, turn.to), (Step::Make, 1, 2));
    assert_eq!(states(&keys).await, [(1, State::Current), (2, State::Made)]);
    for step in [Step::HandOver, Step::Recover, Step::Fence] {
        let turn = keys.turn().await.unwrap();
        let both = [&keys, &other].map(|keys| keys.advance_turn(turn.clone(), moment(5)));
        let done = join_all(both).await;
        assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1, "{done:?}");
        assert!(done.iter().all(|done| matches!(done, Ok(()) | Err(Error::Unavailable(_)))), "{done:?}");
        let turn = keys.turn().await.unwrap();
        assert_eq!((turn.step, turn.step_at), (step, moment(5)));
    }
    let turn = keys.turn().await.unwrap();
    let fences = join_all([&keys, &other].map(|keys| keys.fence_turn(turn.clone(), START))).await;
    assert_eq!(fences.iter().filter(|done| done.is_ok()).count(), 1, "{fences:?}");
    // Somebody who slept through all of it changes nothing.
    assert!(keys.abandon_turn(turn.clone(), START).await.is_err());
    assert!(keys.rewrap_organisation_key(turn, wrapped(OURS, 1, 2)).await.is_err());
    assert_eq!(states(&keys).await, [(1, State::Replaced), (2, State::Current)]);
}

async fn a_key_that_something_is_wrapped_with_is_not_given_up(at: Fixture) {
    let keys = at.keys().await;
    keys.insert_organisation_key(wrapped(OURS, 1, 1), START).await.unwrap();
    let turn = at_step(&keys, Step::Destroy).await;
    let refused = keys.condemn_epoch(turn, START).await;
    assert!(matches!(refused, Err(Error::Broken(_))), "{refused:?}");
    let turn = keys.turn().await.unwrap();
    assert_eq!(turn.step, Step::Destroy, "nothing of it is left");
    assert_eq!(keys.rewrap_organisation_key(turn.clone(), wrapped(OURS, 1, 2)).await, Ok(true));
    keys.condemn_epoch(turn, START).await.unwrap();
    assert_eq!(states(&keys).await, [(1, State::Condemned), (2, State::Current)]);
}

async fn a_turn_without_a_key_is_given_up_and_its_number_is_not_used_again(at: Fixture) {
    let keys = at.keys().await;
    let turn = at_step(&keys, Step::HandOver).await;
    keys.abandon_turn(turn, START).await.unwrap();
    assert_eq!(states(&keys).await, [(1, State::Current), (2, State::Condemned)]);
    let turn = keys.begin_turn(8, START).await.unwrap();
    assert_eq!((turn.step, turn.from, turn.to), (Step::Make, 1, 3));
    assert_eq!(keys.epochs(3).await.unwrap()[0].made_by, 8);
    let turn = at_step(&keys, Step::Organisations).await;
    assert!(keys.abandon_turn(turn, START).await.is_err(), "the new key is in use");
    assert_eq!(states(&keys).await[2], (3, State::Current));
}

async fn what_was_deleted_meanwhile_stays_deleted_and_is_not_counted(at: Fixture) {
    let keys = at.keys().await;
    keys.insert_organisation_key(wrapped(OURS, 1, 1), START).await.unwrap();
    keys.insert_keys((1..=5).map(|id| data_key(OURS, id, 1)).collect(), START).await.unwrap();
    let turn = at_step(&keys, Step::Rewrap).await;
    keys.replace_organisation_key(None, wrapped(OURS, 2, 2), START).await.unwrap();
    let found = keys.keys_wrapped_with(OURS, 1, KeyId(1), 3).await.unwrap();
    assert_eq!(found.iter().map(|key| key.id.0).collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!(keys.delete_keys(OURS, vec![KeyId(3)], START).await, Ok((1, 2)));
    let anew = |ids: &[i64]| ids.iter().map(|id| data_key(OURS, *id, 2)).collect::<Vec<_>>();
    assert_eq!(keys.rewrap_keys(turn.clone(), 1, anew(&[2, 3, 4])).await, Ok(2));
    assert_eq!(keys.rewrap_keys(turn, 1, anew(&[2, 3, 4])).await, Ok(0), "again: it is done");
    assert_eq!(keys.data_key(OURS, KeyId(3)).await, Err(Error::NotFound));
    let left: Vec<_> = keys.keys_wrapped_with(OURS, 1, KeyId(i64::MIN), 9).await.unwrap();
    assert_eq!(left, [data_key(OURS, 1, 1), data_key(OURS, 5, 1)]);
    assert_eq!(keys.turn().await.unwrap().rewrapped, 2);
    assert_eq!(keys.data_keys(KeyId(1), 2).await, Ok(vec![data_key(OURS, 2, 2), data_key(OURS, 4, 2)]));
}

async fn nothing_is_wrapped_behind_the_fence_of_its_organisation(at: Fixture) {
    let keys = at.keys().await;
    for organisation in [OURS, OrganisationId(2)] {
        keys.insert_organisation_key(wrapped(organisation, 1, 1), START).await.unwrap();
    }
    let turn = at_step(&keys, Step::Rewrap).await;
    keys.replace_organisation_key(None, wrapped(OURS, 2, 2), START).await.unwrap();
    keys.insert_keys(vec![data_key(OURS, 1, 2), data_key(OURS, 2, 2)], START).await.unwrap();
    // Back, on to one that there is not, and one of several.
    for version in [1, 3] {
        let refused = keys.rewrap_keys(turn.clone(), 2, vec![data_key(OURS, 1, version)]).await;
        assert!(matches!(refused, Err(Error::Fence | Error::Conflict(_))), "{version}: {refused:?}");
    }
    let mixed = vec![data_key(OURS, 1, 2), data_key(OURS, 2, 1)];
    assert_eq!(keys.rewrap_keys(turn.clone(), 2, mixed).await, Err(Error::Fence));
    assert_eq!(keys.turn().await.unwrap().rewrapped, 0);
    assert_eq!(keys.data_key(OURS, KeyId(2)).await, Ok(data_key(OURS, 2, 2)));
    assert_eq!(keys.rewrap_keys(turn, 2, vec![data_key(OURS, 1, 2)]).await, Ok(1), "the current one is allowed");
}

async fn an_epoch_is_over_when_nobody_holds_its_key(at: Fixture) {
    let keys = at.keys().await;
    for holder in ["node:1", "place:a"] {
        keys.hold_epoch(1, holder.to_owned(), "ext4".to_owned(), None, START).await.unwrap();
    }
    let destroyed = async |epoch, holder: &str| keys.destroyed_epoch(epoch, holder.to_owned(), moment(9)).await;
    let turn = at_step(&keys, Step::Destroy).await;
    keys.hold_epoch(2, "node:1".to_owned(), "ext4".to_owned(), None, START).await.unwrap();
    assert_eq!(keys.copies_left().await, Ok(Vec::new()), "nothing is to be destroyed yet");
    keys.condemn_epoch(turn, START).await.unwrap();
    assert_eq!(destroyed(1, "node:1").await, Ok(0));
    assert_eq!(keys.settled_epoch().await, Ok(0));
    let left = keys.copies_left().await.unwrap();
    assert_eq!(left.iter().map(|copy| copy.holder.as_str()).collect::<Vec<_>>(), ["place:a"]);
    assert_eq!(destroyed(1, "place:a").await, Ok(1));
    assert_eq!(destroyed(1, "place:a").await, Ok(0), "told once");
    assert_eq!(keys.settled_epoch().await, Ok(1));
    assert_eq!(keys.epochs(1).await.unwrap()[0].destroyed_at, Some(moment(9)));
    let copies = keys.epoch_copies(1, 1).await.unwrap();
    assert_eq!(copies.len(), 2);
    assert!(copies.iter().all(|copy| copy.destroyed_at == Some(moment(9)) && copy.medium == "ext4"), "{copies:?}");
}

async fn what_is_left_for_a_node_is_for_its_key_of_now(at: Fixture) {
    let keys = at.keys().await;
    let node = |public: u8, seen: i64| Node {
        node: 7,
        transport_public: vec![public; 32],
        tag: vec![1; 32],
        epoch: 1,
        sealed: None,
        seen_at: moment(seen),
    };
    keys.publish_node(node(1, 0)).await.unwrap();
    assert_eq!(keys.nodes().await, Ok(vec![node(1, 0)]));
    keys.leave_for_node(7, vec![2; 32], vec![9]).await.unwrap();
    assert_eq!(keys.nodes().await, Ok(vec![node(1, 0)]), "sealed to another key");
    keys.leave_for_node(7, vec![1; 32], vec![9]).await.unwrap();
    keys.leave_for_node(7, vec![1; 32], vec![8]).await.unwrap();
    assert_eq!(keys.nodes().await.unwrap()[0].sealed, Some(vec![9]), "the first one stays");
    assert_eq!(keys.node_runs(7, vec![1; 32], moment(5), moment(0)).await, Ok(true));
    assert_eq!(keys.node_runs(7, vec![2; 32], moment(6), moment(0)).await, Ok(false), "its row is another's");
    assert_eq!(keys.nodes().await.unwrap()[0].seen_at, moment(5));
    keys.publish_node(node(2, 7)).await.unwrap();
    assert_eq!(keys.nodes().await, Ok(vec![node(2, 7)]), "what was left for the old key is gone");
    assert_eq!(keys.node_runs(8, vec![1; 32], moment(8), moment(8)).await, Ok(false));
    assert_eq!(keys.nodes().await, Ok(Vec::new()), "one that has not run for long is forgotten");
}

async fn a_freeze_has_an_end(at: Fixture) {
    let keys = at.keys().await;
    keys.freeze_epochs(START, moment(100)).await.unwrap();
    let turn = keys.turn().await.unwrap();
    assert_eq!(turn.frozen, Some((START, moment(100))));
    assert!(turn.is_frozen(moment(99)) && !turn.is_frozen(moment(100)));
    let turn = keys.begin_turn(7, moment(50)).await.unwrap();
    assert!(turn.is_frozen(moment(60)), "a turn that begins does not end it");
    assert_eq!(turn.frozen_since(moment(200)), START, "nothing was destroyed since");
    let mut turn = turn;
    (turn.step, turn.step_at) = (Step::None, moment(99));
    assert_eq!(turn.frozen_since(moment(200)), START, "a turn that ended before");
    turn.step_at = moment(100);
    assert_eq!(turn.frozen_since(moment(200)), moment(200), "another one begins");
}
