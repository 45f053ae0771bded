//! The server on the bad disk: the program does what `DISKRET_FAULTS` says.

#![cfg(feature = "program")]
#![expect(clippy::unwrap_used, reason = "a test may be blunt")]

use std::path::Path;
use std::process::{Command, Output};

fn migrate(folder: &Path, faults: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_diskret-on-faults"))
        .arg("migrate")
        .current_dir(folder)
        .env("DISKRET_DATA", folder)
        .env("DISKRET_FAULTS", faults)
        .output()
        .unwrap()
}

#[test]
fn the_program_stands_on_the_disk_that_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let told = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let broken = migrate(folder.path(), "seed=3 sync:1+=io");
    assert!(!broken.status.success() && told(&broken).contains("I/O"), "{}", told(&broken));
    let sound = migrate(folder.path(), "seed=3");
    assert!(sound.status.success(), "{}", told(&sound));
    assert!(folder.path().join("diskret.db").exists());
    let nonsense = migrate(folder.path(), "sink=now");
    assert!(!nonsense.status.success() && told(&nonsense).contains("sink=now"), "{}", told(&nonsense));
}
