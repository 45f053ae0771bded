//! Somebody takes the backups, those from before a deletion and those from after it, with every key that there still is and the
//! officer's own: what was deleted does not open (C3, SK5), what was kept does, and before the deletion all of it does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use domain::OrganisationId;
use tempfile::TempDir;
use testkit::Postgres;

use super::thief::{Planted, Thief};
use super::{plant, reached, tape};
use crate::harness::{House, On, Plan};

#[test]
fn nothing_deleted_opens_from_backups_old_and_new_with_every_key_on_sqlite() {
    nothing_deleted_opens_from_backups(On::Sqlite, None);
}

#[test]
fn nothing_deleted_opens_from_backups_old_and_new_with_every_key_on_postgres() {
    nothing_deleted_opens_from_backups(On::Postgres, Some(Postgres::talkative()));
}

fn nothing_deleted_opens_from_backups(on: On, server: Option<Postgres>) {
    let server = server.as_ref();
    let folder = tempfile::tempdir().expect("a folder");
    let places = ["a", "b"].map(|name| folder.path().join(name));
    let flags = places.iter().zip(["a", "b"]).map(|(path, name)| {
        fs::create_dir(path).expect("a place");
        format!("--place-{name}=file://{}?country=DE&site={name}&company=Us", path.display())
    });
    let flags: Vec<String> = flags.chain(["--here=country=DE&site=here&company=Us".to_owned()]).collect();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let house = House::closed(&Plan { server, ..Plan::on(on) }).with(&flags);
    house.start();
    let (deleted, kept) = (plant(&house, 6), plant(&house, 3));
    let [deleted, kept] = [deleted, kept].map(|all| all.into_iter().map(|(one, _)| one).collect::<Vec<Planted>>());
    assert!(house.terminate().success());
    back_up(&house);

    // From the backups alone, with the secrets of the machine.
    let old = copied(&places);
    let secrets = house.data().join("secrets");
    let found = from_backups(&house, &[&secrets], &old).search(&deleted);
    assert_eq!((found.data_keys, found.texts.len()), (deleted.len(), deleted.len()), "before: {found:?}");
    let nothing = tempfile::tempdir().expect("a folder");
    fs::write(nothing.path().join("nothing"), []).expect("a file");
    let mut without = Thief::taking(number_and_name(&house), &[nothing.path()]);
    assert_eq!(without.opens_backups(old[0].path()), 0, "without a key no file of a backup opens");

    house.start();
    let disks = tape(&house, server);
    crate::harness::run_within(Duration::from_secs(240), async {
        let (owner, officer) = (house.sign_in(&house.ours().owner).await, house.sign_in(&house.ours().officer).await);
        let names: Vec<String> = deleted.iter().map(|one| one.identity.conversation.to_string()).collect();
        let body = serde_json::json!({ "conversations": names });
        let asked = house.ask("POST", "/api/erasures").by(&owner).json(&body).send().await.is(201).json();
        let id = asked["id"].as_str().expect("a number").to_owned();
        house.ask("POST", &format!("/api/erasures/{id}/now")).by(&officer).send().await.is(200);
        reached(&house, &officer, "destroyed", 1).await;
        let found = from_backups(&house, &[&secrets], &old).search(&deleted);
        assert_eq!(found.texts.len(), deleted.len(), "what makes it final is the turn: {found:?}");
        assert!(house.command(&["epoch", "turn"]).status.success());
        reached(&house, &officer, "done", 1).await;
    });
    assert!(house.terminate().success());
    back_up(&house);

    // Every disk of today and of then, every backup of today and of then, every key, and the officer's.
    let all: Vec<Planted> = deleted.iter().chain(&kept).cloned().collect();
    let mut folders = vec![house.folder.as_path(), disks.path()];
    folders.extend(server.map(Postgres::folder));
    let mut thief = from_backups(&house, &folders, &old);
    for place in &places {
        thief.opens_with(house.ours().recovery_key.as_deref().expect("the first organisation has it"), place);
        assert!(thief.opens_backups(place) >= 4, "data and keys, and the list of each");
    }
    let found = thief.search(&all);
    let expected: Vec<usize> = (deleted.len()..all.len()).collect();
    assert_eq!((found.data_keys, found.texts), (kept.len(), expected), "only what was not deleted opens");
    // And from the new backups alone, as a restore does.
    let now = copied(&places);
    let found = from_backups(&house, &[&secrets], &now).search(&kept);
    assert_eq!(found.texts.len(), kept.len(), "what was kept is in the new backups: {found:?}");
}

/// A backup of data and keys, by the command line.
fn back_up(house: &House) {
    let out = Command::new(env!("CARGO_BIN_EXE_diskret")).args(["backup", "now"]).args(house.flags()).output();
    let out = out.expect("the program runs");
    assert!(out.status.success(), "{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
}

/// The backups at the places, as somebody copied them at that time. What is sealed to the officer's key is left out: as long as
/// it lies there it is replaced at each turn, and whoever copied it and stole the officer's key has had the keys themselves.
fn copied(places: &[PathBuf]) -> Vec<TempDir> {
    places
        .iter()
        .map(|place| {
            let copy = tempfile::tempdir().expect("a folder");
            let done = Command::new("cp").arg("-a").arg(place.join(".")).arg(copy.path()).status();
            assert!(done.is_ok_and(|status| status.success()), "{} can be copied", place.display());
            for sealed in ["keys/epoch", "keys/secrets"] {
                fs::remove_file(copy.path().join(sealed)).expect("it was there");
            }
            copy
        })
        .collect()
}

/// A thief with these folders, who has opened all that opens of the backups at these places.
fn from_backups(house: &House, folders: &[&Path], places: &[TempDir]) -> Thief {
    let mut thief = Thief::taking(number_and_name(house), folders);
    for place in places {
        thief.opens_backups(place.path());
    }
    thief
}

fn number_and_name(house: &House) -> (OrganisationId, domain::PublicId) {
    (OrganisationId(1), house.ours().organisation.parse().expect("an id"))
}
