//! Somebody takes every disk and every key (C3, C4): what was deleted opens for nobody any more, and the same search finds it
//! before.

mod backups;
mod thief;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use domain::conversation::Author;
use domain::{KeyId, OrganisationId};
use privacy::message::Identity;
use privacy::receipt::Receipt;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Canary, Postgres};

use self::thief::{Planted, Thief};
use crate::harness::{Caller, House, On, Plan, Visitor};

/// How many texts of each kind are planted.
const PLANTED: usize = 12;

#[test]
fn whoever_holds_every_file_and_every_key_finds_what_was_not_deleted_on_sqlite() {
    what_was_not_deleted_is_found(On::Sqlite, None);
}

#[test]
fn whoever_holds_every_file_and_every_key_finds_what_was_not_deleted_on_postgres() {
    what_was_not_deleted_is_found(On::Postgres, Some(Postgres::talkative()));
}

fn what_was_not_deleted_is_found(on: On, server: Option<Postgres>) {
    let server = server.as_ref();
    let house = House::new(&Plan { server, ..Plan::on(on) });
    let planted: Vec<Planted> = plant(&house, PLANTED).into_iter().map(|(planted, _)| planted).collect();
    let found = steal(&house, server, &[]).search(&planted);
    assert_eq!((found.data_keys, found.texts.len()), (PLANTED, PLANTED), "{found:?}");
    let mut without = steal(&house, server, &[]);
    without.epochs.clear();
    let found = without.search(&planted);
    assert_eq!((found.organisation_keys, found.data_keys, found.texts.len()), (0, 0, 0), "without the epoch's key");
}

#[test]
fn nothing_deleted_opens_for_whoever_holds_every_file_old_and_new_and_every_key_on_sqlite() {
    nothing_deleted_opens(On::Sqlite, None);
}

#[test]
fn nothing_deleted_opens_for_whoever_holds_every_file_old_and_new_and_every_key_on_postgres() {
    nothing_deleted_opens(On::Postgres, Some(Postgres::talkative()));
}

fn nothing_deleted_opens(on: On, server: Option<Postgres>) {
    let server = server.as_ref();
    let house = House::new(&Plan { server, ..Plan::on(on) });
    let (by_visitors, by_operators, kept) = (plant(&house, 4), plant(&house, PLANTED), plant(&house, 3));
    let deleted: Vec<Planted> = by_visitors.iter().chain(&by_operators).map(|(planted, _)| planted.clone()).collect();
    let kept: Vec<Planted> = kept.into_iter().map(|(planted, _)| planted).collect();
    // Every disk as it was before, apart from the secrets, which no backup has.
    let tape = tape(&house, server);
    let found = steal(&house, server, &[]).search(&deleted);
    assert_eq!(found.texts.len(), deleted.len(), "before it is deleted, all of it is found: {found:?}");

    let receipts = crate::harness::run_within(Duration::from_secs(240), async {
        let (owner, officer) = (house.sign_in(&house.ours().owner).await, house.sign_in(&house.ours().officer).await);
        for (_, visitor) in &by_visitors {
            let mut visitor = house.again(visitor, 0).await;
            visitor.socket.say(json!({ "type": "erase" })).await;
            visitor.socket.expect("erased").await;
        }
        let names: Vec<String> = by_operators.iter().map(|(one, _)| one.identity.conversation.to_string()).collect();
        let asked = house.ask("POST", "/api/erasures").by(&owner).json(&json!({ "conversations": names }));
        let id = asked.send().await.is(201).json()["id"].as_str().expect("a number").to_owned();
        house.ask("POST", &format!("/api/erasures/{id}/now")).by(&officer).send().await.is(200);
        reached(&house, &officer, "destroyed", 5).await;
        // With the old disks and today's keys it still opens: what makes it final is the turn.
        let found = steal(&house, server, &[tape.path()]).search(&deleted);
        assert_eq!(found.texts.len(), deleted.len(), "an old backup still opens: {found:?}");
        assert!(house.command(&["epoch", "turn"]).status.success());
        reached(&house, &officer, "done", 5).await;
        let listed = house.ask("GET", "/api/erasures").by(&officer).send().await.is(200).json();
        let mut receipts = Vec::new();
        for erasure in listed["items"].as_array().expect("a list") {
            let path = format!("/api/erasures/{}/receipt", erasure["id"].as_str().expect("a number"));
            receipts.push(house.ask("GET", &path).by(&officer).send().await.is(200).text());
        }
        receipts
    });

    let all: Vec<Planted> = deleted.iter().chain(&kept).cloned().collect();
    let found = steal(&house, server, &[tape.path()]).search(&all);
    let expected: Vec<usize> = (deleted.len()..all.len()).collect();
    assert_eq!((found.data_keys, found.texts), (kept.len(), expected), "only what was not deleted opens");
    // Also after an orderly end, which moves everything from the logs of the databases into their files.
    assert!(house.terminate().success());
    let found = steal(&house, server, &[tape.path()]).search(&all);
    assert_eq!(found.texts.len(), kept.len(), "{found:?}");
    for receipt in receipts {
        let receipt = Receipt::verify(&receipt, None).expect("it verifies");
        let outcome = receipt.statement.outcome.expect("it is the final one");
        assert!(outcome.epoch_destroyed_at.0 >= outcome.keys_destroyed_at.0, "first the keys, then the epoch");
        assert!(outcome.nodes.iter().any(|node| node.medium != "unknown"), "the medium is named");
    }
}

/// Waits until so many deletions are so far.
async fn reached(house: &House, officer: &Caller, state: &str, count: usize) {
    let begun = Instant::now();
    loop {
        let found = house.ask("GET", "/api/erasures").by(officer).send().await.is(200).json();
        let found: Vec<&Value> = found["items"].as_array().expect("a list").iter().collect();
        if found.iter().filter(|one| one["state"] == state).count() == count {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(110), "waited in vain for {state}: {found:#?}");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// A copy of every disk, apart from the secrets.
fn tape(house: &House, server: Option<&Postgres>) -> TempDir {
    let tape = tempfile::tempdir().expect("a folder");
    let copy = |from: &Path| {
        let copied = Command::new("cp").arg("-a").args([from, tape.path()]).status();
        assert!(copied.is_ok_and(|status| status.success()), "{} can be copied", from.display());
    };
    copy(&house.data());
    fs::remove_dir_all(tape.path().join("data/secrets")).expect("the secrets were copied");
    if let Some(server) = server {
        server.checkpoint();
        copy(server.folder());
    }
    tape
}

/// Takes the disks of the program and of its databases.
fn steal(house: &House, server: Option<&Postgres>, more: &[&Path]) -> Thief {
    if let Some(server) = server {
        server.checkpoint();
    }
    let name = house.ours().organisation.parse().expect("an id");
    let own = [Some(house.folder.as_path()), server.map(Postgres::folder)];
    let folders: Vec<&Path> = own.into_iter().flatten().chain(more.iter().copied()).collect();
    Thief::taking((OrganisationId(1), name), &folders)
}

/// Visitors who write one marked text each.
fn plant(house: &House, count: usize) -> Vec<(Planted, Visitor)> {
    let mut planted = Vec::new();
    crate::harness::run(async {
        let ours = house.ours();
        for _ in 0..count {
            let text = Canary::new().as_str().to_owned();
            let (visitor, id) = house.conversation(ours, &text).await;
            let identity = Identity {
                organisation: ours.organisation.parse().expect("an id"),
                conversation: id.parse().expect("an id"),
                author: Author::Visitor,
                sender: visitor.sender.parse().expect("a sender"),
                counter: 1,
                note: false,
                revision: 0,
            };
            let bytes = identity.conversation.as_bytes().map(|byte| format!("{byte:02x}")).concat();
            let key =
                house.number(&format!("SELECT key_id FROM conversation WHERE public_id = {}", house.bytes(&bytes)));
            planted.push((Planted { text, identity, key: KeyId(key) }, visitor));
        }
    });
    planted
}
