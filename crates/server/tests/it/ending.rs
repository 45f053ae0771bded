//! The program ends: when it is asked to, whatever hangs; and by itself, when somebody restores what it serves.

use std::io::Read as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use testkit::wait_until;

use crate::harness::{House, On, Plan};

/// What systemd and people wait for without a second thought.
const SOON: Duration = Duration::from_secs(3);

#[test]
fn a_place_that_never_answers_keeps_the_program_from_nothing() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let (asked, is_asked) = mpsc::channel();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for connection in silent.incoming() {
            let mut connection = connection.unwrap();
            let _ = connection.read(&mut [0; 64]);
            held.push(connection);
            if asked.send(()).is_err() {
                return;
            }
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    std::fs::write(&key, "id\nsecret\n").unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let place = format!("s3://silent?endpoint=http://{address}&region=eu-1&country=DE&site=Bonn&company=Them");
    let credentials = key.display().to_string();
    let house =
        House::closed(&Plan::on(On::Sqlite)).with(&["--place-b", &place, "--place-b-credentials", &credentials]);
    house.start();
    crate::harness::run(async {
        let officer = house.sign_in(&house.ours().officer).await;
        house.ask("POST", "/api/backups").by(&officer).send().await.is(202);
    });
    is_asked.recv_timeout(Duration::from_secs(30)).expect("the backup is on its way to the place");
    crate::harness::run(async {
        // Meanwhile keys turn: a backup of the data is in nobody's way.
        let (_visitor, id) = house.conversation(house.ours(), "while a place hangs").await;
        let owner = house.sign_in(&house.ours().owner).await;
        assert!(format!("{:?}", house.entries(&owner, &id).await).contains("while a place hangs"));
    });
    let begun = Instant::now();
    assert!(house.terminate().success());
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

#[test]
fn a_program_whose_databases_are_being_restored_ends_and_starts_no_more() {
    let house = House::new(&Plan::on(On::Postgres));
    house.number("INSERT INTO restoring (one, id) VALUES (1, 'somebody') RETURNING CAST(1 AS BIGINT)");
    wait_until(Duration::from_secs(30), "it ends by itself", || house.log().contains("being restored"));
    assert!(!house.terminate().success());
    let again = house.command(&["doctor"]);
    let said = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(!again.status.success() && said.contains("half restored"), "{said}");
    let migrated = house.command(&["migrate"]);
    assert!(!migrated.status.success(), "and nobody changes its tables meanwhile");
    house.number("DELETE FROM restoring RETURNING CAST(1 AS BIGINT)");
    house.start();
    house.kill();
}
