use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::sync::mpsc;
use std::time::SystemTime;

use super::*;

fn disk() -> (tempfile::TempDir, Disk) {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::new(folder.path());
    (folder, disk)
}

#[tokio::test]
async fn a_disk_that_is_not_mounted_is_away_and_nothing_is_made_in_its_stead() {
    let (folder, _) = disk();
    let root = folder.path().join("mount");
    let disk = Disk::new(&root);
    fs::create_dir(&root).unwrap();
    disk.put("keys/epoch", Bytes::from_static(b"1"), Write::Create).await.unwrap();
    fs::remove_dir_all(&root).unwrap();
    let is_away = |result: Result<()>| matches!(result, Err(Error::Away(_)));
    assert!(is_away(disk.check().await));
    assert!(is_away(disk.put("keys/epoch", Bytes::from_static(b"1"), Write::Create).await));
    assert!(is_away(disk.get("keys/epoch").await.map(drop)), "away is not: there is none");
    assert!(is_away(disk.list("").await.map(drop)));
    assert!(is_away(disk.delete("keys/epoch").await), "away is not: it is gone");
    assert!(!root.exists());
}

#[tokio::test]
async fn what_a_killed_program_left_is_cleared_away_and_was_never_seen() {
    let (folder, disk) = disk();
    disk.put("keys/epoch", Bytes::from_static(b"1"), Write::Create).await.unwrap();
    let left = folder.path().join(".new/half");
    fs::write(&left, b"hal").unwrap();
    let held = folder.path().join("held");
    fs::hard_link(&left, &held).unwrap();
    assert_eq!(disk.list("").await.unwrap().len(), 2);
    disk.check().await.unwrap();
    assert!(left.exists(), "another one may be writing it just now");
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(3600);
    fs::File::options().write(true).open(&left).unwrap().set_modified(long_ago).unwrap();
    disk.check().await.unwrap();
    assert!(!left.exists());
    assert_eq!(fs::read(&held).unwrap(), [0; 3], "it may have been a key");
    assert!(disk.get("keys/epoch").await.unwrap().is_some());
}

#[tokio::test]
async fn nobody_else_reads_it() {
    let (folder, disk) = disk();
    disk.put("keys/epoch", Bytes::from_static(b"1"), Write::Create).await.unwrap();
    let mode = |path: &str| fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("keys"), mode("keys/epoch")), (0o700, 0o600));
}

#[tokio::test]
async fn what_was_replaced_or_deleted_is_overwritten() {
    let (folder, disk) = disk();
    for is_deleted in [false, true] {
        disk.put("keys/epoch", Bytes::from_static(b"canary"), Write::Replace).await.unwrap();
        // A second name for the same bytes on the disk: what an undelete tool would find.
        let held = folder.path().join("held");
        fs::hard_link(folder.path().join("keys/epoch"), &held).unwrap();
        assert_eq!(fs::read(&held).unwrap(), b"canary");
        if is_deleted {
            disk.delete("keys/epoch").await.unwrap();
        } else {
            disk.put("keys/epoch", Bytes::from_static(b"newer"), Write::Replace).await.unwrap();
            assert_eq!(disk.get("keys/epoch").await.unwrap().unwrap(), b"newer"[..]);
        }
        assert_eq!(fs::read(&held).unwrap(), [0; 6]);
        fs::remove_file(held).unwrap();
    }
}

#[tokio::test]
async fn an_object_has_one_name_only() {
    let (folder, disk) = disk();
    disk.put("keys/epoch", Bytes::from_static(b"1"), Write::Create).await.unwrap();
    assert_eq!(fs::metadata(folder.path().join("keys/epoch")).unwrap().nlink(), 1);
    assert_eq!(fs::read_dir(folder.path().join(".new")).unwrap().count(), 0);
}

#[tokio::test]
async fn what_is_not_ours_is_not_listed() {
    let (folder, disk) = disk();
    fs::create_dir(folder.path().join("lost+found")).unwrap();
    fs::write(folder.path().join("README"), "").unwrap();
    assert_eq!(disk.list("").await.unwrap(), []);
}

/// Somebody else's folder, with a secret in it, as far as this place is concerned.
fn secret() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("blind-index.key");
    fs::write(&file, b"canary").unwrap();
    (folder, file)
}

#[tokio::test]
async fn a_link_at_a_place_reaches_nothing_that_lies_elsewhere() {
    let (elsewhere, file) = secret();
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(3600);
    fs::File::options().write(true).open(&file).unwrap().set_modified(long_ago).unwrap();
    let all = async |disk: &Disk| {
        let put = |how| disk.put("keys/epoch", Bytes::from_static(b"2"), how);
        vec![
            put(Write::Create).await,
            put(Write::Replace).await,
            disk.get("keys/epoch").await.map(drop),
            disk.delete("keys/epoch").await,
        ]
    };
    // Of the object itself, of the folder that it is in, and of the folder for what has no name yet.
    for (link, to) in [("keys/epoch", file.as_path()), ("keys", elsewhere.path()), (".new", elsewhere.path())] {
        let (folder, disk) = disk();
        fs::create_dir(folder.path().join("keys")).unwrap();
        if link == "keys" {
            fs::remove_dir(folder.path().join("keys")).unwrap();
            fs::write(elsewhere.path().join("epoch"), b"another").unwrap();
        }
        symlink(to, folder.path().join(link)).unwrap();
        let outcomes = all(&disk).await;
        let refused = outcomes.iter().filter(|outcome| matches!(outcome, Err(Error::Unfit(_)))).count();
        assert_eq!(
            refused,
            if link == ".new" { 2 } else { 4 - usize::from(link == "keys/epoch") },
            "{link}: {outcomes:?}"
        );
        let checked = disk.check().await;
        assert_eq!(checked.is_err(), link == ".new", "{checked:?}");
        assert_eq!(disk.list("").await.unwrap(), [], "{link}");
        assert_eq!(fs::read(&file).unwrap(), b"canary", "{link}");
        assert!(folder.path().join(link).is_symlink(), "it is left for somebody to look at");
    }
    assert_eq!(fs::read(elsewhere.path().join("epoch")).unwrap(), b"another");
}

#[tokio::test]
async fn a_pipe_in_the_stead_of_an_object_holds_nobody_up() {
    let (folder, disk) = disk();
    fs::create_dir(folder.path().join("keys")).unwrap();
    let pipe = folder.path().join("keys/epoch");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let asked = async {
        assert!(matches!(disk.get("keys/epoch").await, Err(Error::Unfit(_))));
        assert!(matches!(disk.delete("keys/epoch").await, Err(Error::Unfit(_))));
        let put = disk.put("keys/epoch", Bytes::from_static(b"1"), Write::Replace).await;
        assert!(matches!(put, Err(Error::Unfit(_))), "what cannot be overwritten is not said to be gone: {put:?}");
    };
    tokio::time::timeout(Duration::from_secs(30), asked).await.unwrap();
}

#[tokio::test]
async fn a_folder_that_hangs_is_away_at_once_and_takes_one_thread() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(Disk::stuck_after(folder.path(), Duration::from_millis(300)));
    let (go_on, hangs) = mpsc::channel::<()>();
    let hanging = {
        let disk = Arc::clone(&disk);
        tokio::spawn(async move { disk.run(move |_| Ok(hangs.recv().is_ok())).await })
    };
    // Whoever asked gives up, and the thread still hangs.
    tokio::time::sleep(Duration::from_millis(20)).await;
    hanging.abort();
    for _ in 0..3 {
        let away = tokio::time::timeout(Duration::from_secs(30), disk.get("keys/epoch")).await.unwrap();
        assert!(matches!(&away, Err(Error::Away(why)) if why.contains("hangs")), "{away:?}");
    }
    go_on.send(()).unwrap();
    let mut answer = disk.get("keys/epoch").await;
    while answer.is_err() {
        tokio::task::yield_now().await;
        answer = disk.get("keys/epoch").await;
    }
    assert_eq!(answer, Ok(None), "it came back");
    // A panic is one question's alone.
    let ended = disk.run(|_| -> Result<()> { panic!("on purpose") }).await;
    assert!(matches!(ended, Err(Error::Away(_))), "{ended:?}");
    assert_eq!(disk.get("keys/epoch").await, Ok(None));
}

#[tokio::test]
async fn two_who_look_at_one_folder_do_not_hinder_each_other() {
    let (folder, one) = disk();
    let other = Disk::new(folder.path());
    for round in 0..50 {
        let name = format!("data/{round}");
        let put = one.put(&name, Bytes::from_static(b"1"), Write::Create);
        let (put, first, second) = tokio::join!(put, other.check(), one.check());
        assert_eq!((put, first, second), (Ok(()), Ok(()), Ok(())));
    }
}
