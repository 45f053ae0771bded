//! A backup on a disk that has little room: a small file system of its own, in a child process with its own mount namespace, so
//! that nothing stays mounted however the test ends.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use diskret_app::Error;
use diskret_app::backup::Which;
use diskret_app::conversation::{Incoming, Visitor};
use domain::SenderId;
use privacy::Plaintext;

use crate::{House, SECOND, Two};

const FOLDER: &str = "DISKRET_TEST_SMALL_DISK";

#[test]
fn a_backup_that_would_fill_the_disk_is_not_made_and_the_chat_goes_on() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        return runtime.block_on(full(PathBuf::from(folder)));
    }
    let folder = tempfile::tempdir().unwrap();
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let own_namespace = if root { &["--mount"][..] } else { &["--mount", "--map-root-user"][..] };
    let child = Command::new("unshare")
        .args(own_namespace)
        .args(["sh", "-ec", "mount -t tmpfs -o size=96m tmpfs \"$1\"; shift; exec \"$@\"", "small-disk"])
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "small_disk::a_backup_that_would_fill_the_disk_is_not_made_and_the_chat_goes_on"])
        .arg("--nocapture")
        .env(FOLDER, folder.path())
        // The house is built there.
        .env("TMPDIR", folder.path())
        .output()
        .expect("the program unshare (util-linux)");
    let told = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && told.contains("1 passed"),
        "in a file system of 96 MiB (which takes root, or a kernel with user namespaces):\n{told}\n{}",
        String::from_utf8_lossy(&child.stderr)
    );
}

/// Takes all room but so many bytes.
fn leave(disk: &Path, bytes: u64) {
    let found = rustix::fs::statvfs(disk).unwrap();
    let taken = (found.f_bavail * found.f_frsize).saturating_sub(bytes);
    std::fs::write(disk.join("filler"), vec![7; taken as usize]).unwrap();
}

fn free(disk: &Path) {
    std::fs::remove_file(disk.join("filler")).unwrap();
}

async fn say(house: &House, visitor: &mut Visitor, counter: i64) {
    house.clock.advance(SECOND);
    let text = Plaintext::new(format!("{counter} {}", "x".repeat(3_000)));
    let message = Incoming { sender: SenderId(7), counter, text, note: false };
    let accepted = match visitor.conversation.clone() {
        None => house.app.receive_first(visitor, message).await,
        Some(found) => house.app.receive_from_visitor(visitor, &found, message).await.unwrap().await.result,
    };
    visitor.conversation = Some(accepted.unwrap().conversation);
}

async fn full(disk: PathBuf) {
    let house = House::new(false).await;
    let _two = Two::of(&house);
    let mut visitor = house.visitor().await;
    let spool = house.folder.path().join("spool");
    let left = || std::fs::read_dir(&spool).map_or(0, Iterator::count);
    for counter in 1..=200 {
        say(&house, &mut visitor, counter).await;
    }
    let (size, all) = (house.store.size().await.unwrap() as u64, 96 * 1024 * 1024);
    assert!(size > 600_000, "{size}");
    // Nobody knows yet how large one is: the database is.
    leave(&disk, all / 20 + size / 2);
    let refused = house.app.back_up(Which::Data, None).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    assert_eq!(left(), 0);
    say(&house, &mut visitor, 201).await;
    free(&disk);
    assert_eq!(house.app.back_up(Which::Data, None).await.unwrap().verified.len(), 2);
    say(&house, &mut visitor, 202).await;
    // It grew since the last one: that it does not fit is seen on the way.
    for counter in 203..=900 {
        say(&house, &mut visitor, counter).await;
    }
    leave(&disk, all / 20 + 1_200_000);
    let refused = house.app.back_up(Which::Data, None).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    assert_eq!(left(), 0, "what was written of it is gone");
    say(&house, &mut visitor, 901).await;
    free(&disk);
    assert_eq!(house.app.back_up(Which::Data, None).await.unwrap().verified.len(), 2);
    say(&house, &mut visitor, 902).await;
}
