//! Somebody takes every disk and every key (C3, C4): what was deleted opens for nobody any more, and the same search finds it
//! before.

mod thief;

use std::path::Path;

use domain::conversation::Author;
use domain::{KeyId, OrganisationId};
use privacy::message::Identity;
use testkit::{Canary, Postgres};

use self::thief::{Planted, Thief};
use crate::harness::{House, On, Plan};

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
    let planted = plant(&house, PLANTED);
    let found = steal(&house, server).search(&planted);
    assert_eq!((found.data_keys, found.texts.len()), (PLANTED, PLANTED), "{found:?}");
    let mut without = steal(&house, server);
    without.epochs.clear();
    let found = without.search(&planted);
    assert_eq!((found.organisation_keys, found.data_keys, found.texts.len()), (0, 0, 0), "without the epoch's key");
}

/// Takes the disks of the program and of its databases.
fn steal(house: &House, server: Option<&Postgres>) -> Thief {
    if let Some(server) = server {
        server.checkpoint();
    }
    let name = house.ours().organisation.parse().expect("an id");
    let folders: Vec<&Path> =
        [Some(house.folder.as_path()), server.map(Postgres::folder)].into_iter().flatten().collect();
    Thief::taking((OrganisationId(1), name), &folders)
}

/// Visitors who write one marked text each.
fn plant(house: &House, count: usize) -> Vec<Planted> {
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
            planted.push(Planted { text, identity, key: KeyId(key) });
        }
    });
    planted
}
