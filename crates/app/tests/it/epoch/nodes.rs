//! Epoch keys at several nodes.

use std::sync::Arc;
use std::time::Duration;

use diskret_app::App;
use diskret_app::audit::Query;
use diskret_app::secrets::Secrets;
use domain::Clock;
use domain::limits::PAGE_MOST;
use privacy::envelope::{self, OpenKey};
use store::epoch::Step;
use store::node::Node;

use super::{Stolen, epoch_keys, finished, key_of, turned};
use crate::{House, SECOND, on_both, write};

on_both! {
    two_nodes_turn_and_both_go_on
    a_forged_node_gets_no_epoch_key
    what_lies_in_the_node_table_opens_with_nothing
    an_epoch_key_that_no_node_handed_over_is_not_taken
    a_node_that_was_away_is_handed_the_key_and_destroys_what_is_over
    a_turn_whose_node_died_before_its_key_was_made_begins_anew
    of_two_with_one_number_one_takes_another
    a_node_that_leaves_destroys_all_it_has_and_the_last_one_may_not
    a_node_that_was_given_up_and_comes_back_destroys_its_copy_after_all
}

/// The folder of another node: the secrets that all have alike, and none of its own.
pub(super) fn copy(house: &House, with: &[i64]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (house.folder.path().join("secrets"), folder.path().join("secrets"));
    std::fs::create_dir(&to).unwrap();
    let epochs = with.iter().map(|epoch| format!("epoch-{epoch}.key"));
    let alike = ["visitor-tokens.key", "blind-index.key", "audit-checkpoints.key"].map(str::to_owned);
    for name in alike.into_iter().chain(epochs) {
        std::fs::copy(from.join(&name), to.join(&name)).unwrap();
    }
    folder
}

pub(super) async fn node(house: &House, folder: &tempfile::TempDir) -> Arc<App> {
    let node = house.node(Secrets::load(&folder.path().join("secrets"), false).unwrap()).await;
    node.keep_epochs().await.unwrap();
    node
}

fn held(folder: &tempfile::TempDir) -> Vec<i64> {
    epoch_keys(folder.path()).into_keys().collect()
}

async fn two_nodes_turn_and_both_go_on(house: House) {
    let folder = copy(&house, &[1]);
    let other = node(&house, &folder).await;
    let mut visitor = house.visitor().await;
    let name = write(&house, &mut visitor, 1).await.conversation.name();
    let gone = house.visitor().await;
    let gone = house.app.receive_first(&gone, crate::message(1)).await.unwrap().conversation.name();
    let key = key_of(&house, gone).await;
    let stolen = Stolen::take(&house, key).await;
    house.keys.delete_keys(house.done.principal.organisation, vec![key], house.clock.now()).await.unwrap();
    for counter in 2..5 {
        turned(&house, &[&other]).await;
        assert_eq!((held(&house.folder), held(&folder)), (vec![counter], vec![counter]), "both have the new one only");
        assert!(!stolen.opens(&epoch_keys(folder.path())) && !stolen.opens(&epoch_keys(house.folder.path())));
        // Each reads what the other wrote, and each writes.
        write(&house, &mut visitor, counter).await;
        let (_, entries) = other.entries_before(house.done.principal, name, i64::MAX, 200).await.unwrap();
        assert_eq!(entries.iter().filter(|entry| entry.text.is_some()).count() as i64, counter);
        let (there, ..) = other.visit(house.done.widget, None, None, crate::HERE).await.unwrap();
        let written = other.receive_first(&there, crate::message(1)).await.unwrap().conversation.name();
        assert!(house.app.entries_before(house.done.principal, written, i64::MAX, 9).await.is_ok());
        let status = other.status_of_epochs().await.unwrap();
        assert_eq!((status.settled, status.left), (counter - 1, Vec::new()));
    }
    let copies = house.keys.epoch_copies(1, 3).await.unwrap();
    assert_eq!(copies.iter().filter(|copy| copy.destroyed_at.is_some() && copy.medium != "unknown").count(), 6);
}

async fn a_forged_node_gets_no_epoch_key(house: House) {
    let (forged, honest) = (OpenKey::generate(), copy(&house, &[]));
    let row = |tag: Vec<u8>| Node {
        node: 666,
        transport_public: forged.public().to_vec(),
        tag,
        epoch: 0,
        sealed: None,
        seen_at: house.clock.now(),
    };
    let left_for = async |number: i64| {
        let nodes = house.keys.nodes().await.unwrap();
        nodes.into_iter().find(|node| node.node == number).unwrap().sealed
    };
    house.app.keep_epochs().await.unwrap();
    let honest_tag = house.keys.nodes().await.unwrap().remove(0).tag;
    for tag in [vec![0; 32], Vec::new(), honest_tag] {
        house.keys.publish_node(row(tag)).await.unwrap();
        house.app.keep_epochs().await.unwrap();
        turned(&house, &[]).await;
        assert_eq!(left_for(666).await, None, "a tag of another node is none of this one");
    }
    // One that has the secrets is served.
    let honest = node_without(&house, &honest).await;
    house.app.keep_epochs().await.unwrap();
    assert!(left_for(honest).await.is_some());
}

/// Publishes a node that lacks every epoch's key; gives back its number.
async fn node_without(house: &House, folder: &tempfile::TempDir) -> i64 {
    // It must have one to be read at all: of an epoch that is over.
    std::fs::write(folder.path().join("secrets/epoch-1.key"), privacy::random::bytes::<32>()).unwrap();
    let path = folder.path().join("secrets/epoch-1.key");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let secrets = Secrets::load(&folder.path().join("secrets"), false).unwrap();
    let number = secrets.node();
    house.node(secrets).await.keep_epochs().await.unwrap();
    number
}

async fn what_lies_in_the_node_table_opens_with_nothing(house: House) {
    turned(&house, &[]).await;
    let folder = copy(&house, &[]);
    let number = node_without(&house, &folder).await;
    house.app.keep_epochs().await.unwrap();
    let row = house.keys.nodes().await.unwrap().into_iter().find(|node| node.node == number).unwrap();
    let sealed = row.sealed.unwrap();
    // The node's memory is gone. What is left are the files of both folders: no key among them opens it.
    for path in [house.folder.path(), folder.path()] {
        for file in std::fs::read_dir(path.join("secrets")).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            if let Ok(key) = OpenKey::from_seed(&bytes) {
                assert!(key.open("epoch keys for a node", &sealed).is_err());
            }
        }
    }
    let current = epoch_keys(house.folder.path()).remove(&2).unwrap();
    assert!(!sealed.windows(32).any(|window| window == current.expose()));
}

async fn an_epoch_key_that_no_node_handed_over_is_not_taken(house: House) {
    turned(&house, &[]).await;
    let folder = copy(&house, &[2]);
    let other = node(&house, &folder).await;
    house.app.ask_for_turn().await.unwrap();
    house.app.work().await.unwrap();
    assert_eq!(house.app.status_of_epochs().await.unwrap().turn.to, 3);
    // Whoever can write to the key database seals a key of their own to the node.
    let number = house.keys.nodes().await.unwrap().iter().find(|node| node.epoch == 2).unwrap().node;
    for tagged in [false, true] {
        let rows = house.keys.nodes().await.unwrap();
        let row = rows.iter().find(|node| node.node == number).unwrap();
        let public: [u8; 32] = row.transport_public.clone().try_into().unwrap();
        let planted = [3_i64.to_be_bytes().as_slice(), &[7; 32]].concat();
        let content = if tagged { [vec![0; 32], planted].concat() } else { planted };
        let sealed = envelope::seal(&public, "epoch keys for a node", &content).unwrap();
        house.keys.leave_for_node(number, public.to_vec(), sealed).await.unwrap();
        let _ = other.keep_epochs().await;
        let _ = house.app.keep_epochs().await;
        let keys = [epoch_keys(folder.path()), epoch_keys(house.folder.path())];
        assert!(keys.iter().all(|keys| keys.get(&3).is_none_or(|key| *key.expose() != [7; 32])));
    }
    finished(&house, &house.app, &[&other]).await;
    assert_eq!((held(&house.folder), held(&folder)), (vec![3], vec![3]), "the turn goes on");
}

async fn a_node_that_was_away_is_handed_the_key_and_destroys_what_is_over(house: House) {
    let folder = copy(&house, &[1]);
    drop(node(&house, &folder).await);
    // Away for more than a minute: nobody waits for it.
    house.clock.advance(SECOND * 61);
    turned(&house, &[]).await;
    turned(&house, &[]).await;
    let status = house.app.status_of_epochs().await.unwrap();
    assert_eq!((status.current, status.settled), (3, 0), "its copy of the first one is not destroyed");
    assert_eq!(status.left.len(), 1);
    let back = house.node(Secrets::load(&folder.path().join("secrets"), false).unwrap()).await;
    assert!(back.join_epochs(Duration::ZERO).await.is_err(), "nobody has handed it over yet");
    assert_eq!(held(&folder), [1], "nothing but a number in a database says that it is over");
    // Whoever starts it once more waits for the same.
    drop(back);
    let back = house.node(Secrets::load(&folder.path().join("secrets"), false).unwrap()).await;
    assert!(back.join_epochs(Duration::ZERO).await.is_err());
    house.app.keep_epochs().await.unwrap();
    back.join_epochs(Duration::ZERO).await.unwrap();
    assert_eq!(house.app.status_of_epochs().await.unwrap().settled, 2, "with the new one here, the old one goes");
    back.check_secrets().await.unwrap();
    assert_eq!(held(&folder), [3]);
    let mut visitor = house.visitor().await;
    let name = write(&house, &mut visitor, 1).await.conversation.name();
    assert!(back.entries_before(house.done.principal, name, i64::MAX, 9).await.is_ok());
}

async fn a_turn_whose_node_died_before_its_key_was_made_begins_anew(house: House) {
    let folder = copy(&house, &[1]);
    let other = node(&house, &folder).await;
    house.app.keep_epochs().await.unwrap();
    // The number is taken, and the node that was to make the key is no more.
    let dead = house.keys.begin_turn(4711, house.clock.now()).await.unwrap();
    assert_eq!((dead.step, dead.to), (Step::Make, 2));
    turned(&house, &[&other]).await;
    let status = house.app.status_of_epochs().await.unwrap();
    assert_eq!((status.current, status.settled), (3, 2));
    assert_eq!((held(&house.folder), held(&folder)), (vec![3], vec![3]));
}

async fn of_two_with_one_number_one_takes_another(house: House) {
    house.app.keep_epochs().await.unwrap();
    let folder = copy(&house, &[1]);
    std::fs::copy(house.folder.path().join("secrets/node"), folder.path().join("secrets/node")).unwrap();
    let other = node(&house, &folder).await;
    for _ in 0..3 {
        house.app.keep_epochs().await.unwrap();
        other.keep_epochs().await.unwrap();
    }
    let numbers: Vec<_> = house.keys.nodes().await.unwrap().into_iter().map(|node| node.node).collect();
    assert_eq!(numbers.len(), 2);
    turned(&house, &[&other]).await;
    assert_eq!((held(&house.folder), held(&folder)), (vec![2], vec![2]));
    assert_eq!(house.app.status_of_epochs().await.unwrap().settled, 1);
    let ours = house.secrets().node();
    let theirs = Secrets::load(&folder.path().join("secrets"), false).unwrap().node();
    assert!(ours != theirs && numbers.contains(&ours) && numbers.contains(&theirs), "it stays so after a restart");
}

async fn a_node_that_leaves_destroys_all_it_has_and_the_last_one_may_not(house: House) {
    let folder = copy(&house, &[1]);
    let other = node(&house, &folder).await;
    assert!(
        house.keys.nodes().await.unwrap().iter().all(|node| node.node != house.secrets().node()),
        "it runs not yet"
    );
    let alone = other.retire_node().await;
    assert!(matches!(alone, Err(diskret_app::Error::Conflict(_))), "with it, everything would be lost: {alone:?}");
    assert_eq!(held(&folder), [1]);
    house.app.keep_epochs().await.unwrap();
    let known = other.retire_node().await.unwrap();
    assert_eq!(std::fs::read_dir(folder.path().join("secrets")).unwrap().count(), 0);
    assert_eq!(house.keys.copies_of(known.clone()).await.unwrap(), []);
    other.close().await;
    turned(&house, &[]).await;
    let status = house.app.status_of_epochs().await.unwrap();
    assert_eq!((status.current, status.settled, status.left), (2, 1, Vec::new()), "nobody waits for it");
    let copies = house.keys.epoch_copies(1, 1).await.unwrap();
    assert!(copies.iter().any(|copy| copy.holder == known && copy.destroyed_at.is_some() && copy.lost_at.is_none()));
    let log = house.app.audit(house.done.principal, Query::default(), i64::MAX, PAGE_MOST).await.unwrap().records;
    assert!(log.iter().any(|entry| entry.kind == "epoch_holder_gone"));
}

async fn a_node_that_was_given_up_and_comes_back_destroys_its_copy_after_all(house: House) {
    let folder = copy(&house, &[1]);
    let other = node(&house, &folder).await;
    let known = house.keys.nodes().await.unwrap().iter().map(|node| format!("node:{}", node.node)).next().unwrap();
    other.close().await;
    house.clock.advance(Duration::from_secs(601));
    turned(&house, &[]).await;
    assert_eq!(house.app.status_of_epochs().await.unwrap().settled, 0, "it is waited for");
    assert_eq!(house.app.forget_holder(&known, "the disk broke").await.unwrap(), 1);
    assert_eq!(house.app.status_of_epochs().await.unwrap().settled, 1);
    let of_it = async || {
        let copies = house.keys.epoch_copies(1, 1).await.unwrap();
        copies.into_iter().find(|copy| copy.holder == known).unwrap()
    };
    let lost = of_it().await;
    assert!(lost.lost_at.is_some() && lost.destroyed_at.is_none());
    let back = node(&house, &folder).await;
    // It is handed the key of today first, and gives the old one up then.
    for _ in 0..3 {
        house.app.keep_epochs().await.unwrap();
        back.keep_epochs().await.unwrap();
    }
    assert_eq!(held(&folder), [2]);
    assert!(of_it().await.destroyed_at.is_some(), "and now somebody saw it destroyed");
    back.close().await;
}
