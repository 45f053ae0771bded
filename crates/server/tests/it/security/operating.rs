//! No attacker: settings that are wrong and folders that were mixed up, each of which would open a door.

use std::fs;

use crate::harness::{House, On, Plan, Server};

#[test]
fn a_wrong_setting_is_named() {
    let house = House::closed(&Plan::on(On::Sqlite));
    let with = |flags: &[&str]| {
        let flags = [house.flags(), flags.iter().map(|&flag| flag.to_owned()).collect()].concat();
        Server::start(&house.folder, &flags, "")
    };
    assert!(with(&["--log", "debug"]).is_ok());
    let file = house.folder.join("diskret.toml");
    let file = file.display().to_string();
    for (key, flag, value) in [
        ("end_idle_after", "--end-idle-after", "soon"),
        ("visitor_rate", "--visitor-rate", "0"),
        ("visitor_burst", "--visitor-burst", "x"),
        ("workers", "--workers", "0"),
        ("log", "--log", "loud"),
        ("log_format", "--log-format", "xml"),
        ("demo", "--demo", "perhaps"),
        ("key_database", "--database", "postgres://nobody@127.0.0.1:1/x"),
    ] {
        let said = with(&[flag, value]).map(|_| ()).unwrap_err();
        assert!(said.contains(&format!("`{key}`")), "{key}: {said}");
        fs::write(&file, format!("{key} = \"{value}\"")).unwrap();
        let said = with(&["--config", &file]).map(|_| ()).unwrap_err();
        assert!(said.contains(&format!("`{key}`")) || key == "key_database", "{key}: {said}");
    }
    fs::write(&file, "wrokers = 3").unwrap();
    let said = with(&["--config", &file]).map(|_| ()).unwrap_err();
    assert!(said.contains("`wrokers`") && said.contains(&file), "{said}");
    let said = with(&["--config", "/does/not/exist"]).map(|_| ()).unwrap_err();
    assert!(said.contains("/does/not/exist"), "{said}");
}

/// Keys beside data that are not theirs would all look unused, and be swept within minutes.
#[test]
fn keys_and_data_that_do_not_belong_together_refuse_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let run = |what: &[&str]| {
        std::process::Command::new(env!("CARGO_BIN_EXE_diskret"))
            .args(what)
            .args(["--data".as_ref(), data.as_os_str()])
            .output()
            .unwrap()
    };
    let organisation = ["setup", "--organisation", "A", "--owner-name", "B", "--owner-email", "b@example.de"];
    assert!(run(&organisation).status.success());
    let another = ["setup", "--organisation", "C", "--owner-name", "D", "--owner-email", "d@example.de"];
    assert!(run(&another).status.success(), "together they do start");
    for (moved, named) in [("diskret.db", "is empty: put the data back"), ("keys.db", "is empty: put the keys back")] {
        let (here, away) = (data.join(moved), folder.path().join(moved));
        for end in ["", "-wal", "-shm"] {
            let with = |path: &std::path::Path| std::path::PathBuf::from(format!("{}{end}", path.display()));
            let _ = std::fs::rename(with(&here), with(&away));
        }
        let refused = run(&["setup", "--organisation", "E", "--owner-name", "F", "--owner-email", "f@example.de"]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains(named), "{moved}: {said}");
        for end in ["", "-wal", "-shm"] {
            let with = |path: &std::path::Path| std::path::PathBuf::from(format!("{}{end}", path.display()));
            let _ = std::fs::remove_file(with(&here));
            let _ = std::fs::rename(with(&away), with(&here));
        }
    }
    assert!(
        run(&["setup", "--organisation", "G", "--owner-name", "H", "--owner-email", "h@example.de"]).status.success()
    );
}

/// A restart that begins the new program before the old one has ended: the first one must not take it for a copy of its folder.
#[test]
fn a_second_program_on_a_folder_is_refused_before_others_hear_of_it() {
    let house = House::closed(&Plan::on(On::Sqlite));
    house.start();
    let (number, keys) = (house.data().join("secrets/node"), house.data().join("keys.db"));
    let before = fs::read_to_string(&number).unwrap();
    let seen = || faults::number(&keys, &format!("SELECT COALESCE(MAX(seen_at), 0) FROM node WHERE node = {before}"));
    let patience = std::time::Duration::from_secs(30);
    testkit::wait_until(patience, "it says that it runs", || seen() > 0);
    let mut flags = house.flags();
    let listen = flags.iter().position(|flag| flag == "--listen").unwrap();
    flags[listen + 1] = "127.0.0.1:0".to_owned();
    let said = Server::start(&house.folder, &flags, "").map(|_| ()).unwrap_err();
    assert!(said.contains("is serving"), "{said}");
    let then = seen();
    testkit::wait_until(patience, "it goes on under its number", || seen() >= then + 6_000_000);
    assert_eq!(fs::read_to_string(&number).unwrap(), before);
    assert_eq!(faults::number(&keys, "SELECT COUNT(*) FROM node"), 1);
}
