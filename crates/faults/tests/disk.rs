//! The faulty file system under SQLite itself: it forgets, fails and crashes as it says, and SQLite on it is right otherwise.

#![expect(clippy::unwrap_used, reason = "a test may be blunt")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use diskret_faults::{Disk, Fault, Files, Operation, Rule, Setup, When, disk, install};
use rusqlite::{Connection, ErrorCode, ffi};
use tempfile::TempDir;

/// A disk with a folder of its own.
struct Place {
    disk: Disk,
    folder: TempDir,
}

impl Place {
    fn new(seed: u64) -> Self {
        install();
        let folder = tempfile::tempdir().unwrap();
        let disk = disk(folder.path()).unwrap();
        disk.set(&Setup { seed, flush: false, ..Setup::default() });
        Self { disk, folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("test.db")
    }

    fn open(&self, pragmas: &str) -> Connection {
        let connection = Connection::open(self.path()).unwrap();
        connection.execute_batch(pragmas).unwrap();
        connection
    }

    /// A database with an empty table, in WAL mode.
    fn begun(seed: u64, synchronous: &str) -> (Self, Connection) {
        let place = Self::new(seed);
        let table = "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; PRAGMA synchronous=FULL;
            CREATE TABLE note (number INTEGER PRIMARY KEY, text TEXT NOT NULL);";
        let connection = place.open(table);
        connection.pragma_update(None, "synchronous", synchronous).unwrap();
        (place, connection)
    }

    fn crash_and_restart(&self) -> Connection {
        self.disk.crash().unwrap();
        self.disk.restart();
        self.open("")
    }
}

fn insert(connection: &Connection, number: i64) -> rusqlite::Result<usize> {
    connection.execute("INSERT INTO note VALUES (?1, ?2)", (number, "x".repeat(3000)))
}

fn count(connection: &Connection) -> i64 {
    connection.query_row("SELECT COUNT(*) FROM note WHERE LENGTH(text) = 3000", [], |row| row.get(0)).unwrap()
}

fn assert_intact(connection: &Connection) {
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}

fn rule(operation: Operation, files: Files, when: When, fault: Fault) -> Rule {
    Rule { operation, files, when, fault }
}

#[test]
fn a_synced_commit_outlives_a_crash_and_an_unsynced_one_does_not() {
    for seed in 0..20 {
        let (place, connection) = Place::begun(seed, "FULL");
        for number in 0..10 {
            insert(&connection, number).unwrap();
        }
        assert_eq!(place.disk.unsynced(), 0);
        let again = place.crash_and_restart();
        assert_eq!(count(&again), 10, "seed {seed}");
        assert_intact(&again);

        // The same with synchronous=OFF: the crash takes it. That is how one knows that it bites.
        let (place, connection) = Place::begun(seed, "OFF");
        for number in 0..10 {
            insert(&connection, number).unwrap();
        }
        assert_eq!(count(&connection), 10, "the process itself sees what it wrote");
        assert!(place.disk.unsynced() > 0);
        let again = place.crash_and_restart();
        assert!(count(&again) < 10, "seed {seed}: nothing was lost although nothing was synced");
        assert_intact(&again);
    }
}

#[test]
fn an_unsynced_checkpoint_breaks_the_database_in_a_crash_and_a_synced_one_does_not() {
    let mut broken = 0;
    for seed in 0..20 {
        for synchronous in ["FULL", "OFF"] {
            let (place, connection) = Place::begun(seed, synchronous);
            for number in 0..30 {
                insert(&connection, number).unwrap();
            }
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
            drop(connection);
            place.disk.crash().unwrap();
            place.disk.restart();
            let whole = Connection::open(place.path()).and_then(|again| {
                let verdict: String = again.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
                let there: i64 = again.query_row("SELECT COUNT(*) FROM note", [], |row| row.get(0))?;
                Ok(verdict == "ok" && there == 30)
            });
            let whole = whole.unwrap_or(false);
            assert!(whole || synchronous == "OFF", "seed {seed}");
            broken += u32::from(!whole);
        }
    }
    assert!(broken > 10, "torn pages are felt: {broken} of 20");
}

#[test]
fn what_is_open_is_dead_after_a_crash_and_holds_no_lock() {
    let (place, connection) = Place::begun(1, "FULL");
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    place.disk.crash().unwrap();
    // The page is still at hand; that it cannot be committed is what counts.
    insert(&connection, 1).unwrap();
    assert!(connection.execute_batch("COMMIT").is_err());
    let code = Connection::open(place.path()).and_then(|late| late.execute_batch("SELECT 1 FROM note")).unwrap_err();
    assert_eq!(code.sqlite_error_code(), Some(ErrorCode::CannotOpen), "no power yet");
    place.disk.restart();
    let again = place.open("");
    insert(&again, 1).unwrap();
    assert!(insert(&connection, 2).is_err(), "the dead stay dead");
    drop(connection);
    insert(&again, 2).unwrap();
    assert_eq!(count(&again), 2);
}

#[test]
fn connections_of_one_process_share_what_is_unsynced_and_lock_each_other_out() {
    let (place, first) = Place::begun(1, "OFF");
    let second = place.open("PRAGMA busy_timeout=0");
    insert(&first, 1).unwrap();
    assert_eq!(count(&second), 1);
    first.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(insert(&second, 2).unwrap_err().sqlite_error_code(), Some(ErrorCode::DatabaseBusy));
    first.execute_batch("COMMIT").unwrap();
    insert(&second, 2).unwrap();
    drop((first, second));
    assert_eq!(count(&place.open("")), 2, "closing forgets nothing");
}

#[test]
fn the_nth_write_fails_once_or_from_then_on() {
    for (fault, code) in [(Fault::Io, ErrorCode::SystemIoFailure), (Fault::Full, ErrorCode::DiskFull)] {
        let (place, connection) = Place::begun(1, "FULL");
        let writes = |files| place.disk.count(Operation::Write, files);
        let before = (writes(Files::Log), writes(Files::Main));
        insert(&connection, 0).unwrap();
        assert!(writes(Files::Log) > before.0 + 1);
        assert_eq!(writes(Files::Main), before.1, "a commit writes to the log only");
        place.disk.fail(rule(Operation::Write, Files::Log, When::Once(2), fault));
        insert(&connection, 1).unwrap_err();
        assert_eq!(place.disk.struck(), 1);
        insert(&connection, 2).unwrap();
        insert(&connection, 3).unwrap();
        place.disk.fail(rule(Operation::Write, Files::Log, When::From(1), fault));
        for number in 4..8 {
            assert_eq!(insert(&connection, number).unwrap_err().sqlite_error_code(), Some(code));
        }
        place.disk.heal();
        insert(&connection, 8).unwrap();
        assert_eq!(count(&connection), 4);
        assert_intact(&connection);
        assert_eq!(count(&place.crash_and_restart()), 4);
    }
}

#[test]
fn a_failed_sync_loses_what_it_should_have_kept_even_if_the_next_one_succeeds() {
    let mut lost = 0;
    for seed in 0..20 {
        let (place, connection) = Place::begun(seed, "OFF");
        for number in 0..5 {
            insert(&connection, number).unwrap();
        }
        place.disk.fail(rule(Operation::Sync, Files::Log, When::Once(1), Fault::Io));
        connection.pragma_update(None, "synchronous", "FULL").unwrap();
        insert(&connection, 5).unwrap_err();
        insert(&connection, 6).unwrap();
        assert_eq!(count(&connection), 6, "the process notices nothing");
        lost += 6 - count(&place.crash_and_restart());
    }
    assert!(lost > 0, "a later sync has saved everything");
}

#[test]
fn reads_fail_and_come_short() {
    let (place, connection) = Place::begun(1, "FULL");
    insert(&connection, 1).unwrap();
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    for (fault, code) in [(Fault::Io, ffi::SQLITE_IOERR_READ), (Fault::Short, ffi::SQLITE_CORRUPT)] {
        let again = place.open("");
        place.disk.fail(rule(Operation::Read, Files::Main, When::From(1), fault));
        let error = again.query_row("SELECT COUNT(*) FROM note", [], |row| row.get::<_, i64>(0)).unwrap_err();
        place.disk.heal();
        assert_eq!(error.sqlite_error().map(|error| error.extended_code), Some(code), "{error}");
        assert_eq!(count(&place.open("")), 1);
    }
}

#[test]
fn a_stalled_sync_holds_up_its_own_connection_and_no_reader() {
    let (place, connection) = Place::begun(1, "FULL");
    let reader = place.open("");
    assert_eq!(count(&reader), 0);
    let stall = Duration::from_millis(600);
    place.disk.fail(rule(Operation::Sync, Files::All, When::Once(1), Fault::Stall(stall)));
    let begun = Instant::now();
    let writer = std::thread::spawn(move || {
        insert(&connection, 1).unwrap();
        begun.elapsed()
    });
    std::thread::sleep(stall / 4);
    assert_eq!(count(&reader), 0);
    assert!(begun.elapsed() < stall / 2, "{:?}", begun.elapsed());
    assert!(writer.join().unwrap() >= stall);
    assert_eq!(count(&reader), 1);
}

#[test]
fn a_crash_before_any_write_or_sync_leaves_a_database_with_all_that_was_committed() {
    let mut crashes = 0;
    for nth in 1.. {
        let (place, connection) = Place::begun(nth, "FULL");
        place.disk.fail(rule(Operation::Change, Files::All, When::Once(nth), Fault::Crash));
        let mut committed = 0;
        for number in 0..6 {
            committed += i64::from(insert(&connection, number).is_ok());
            if number == 3 {
                let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            }
        }
        let done = place.disk.struck() == 0;
        drop(connection);
        let again = place.crash_and_restart();
        let there = count(&again);
        assert!(there == committed || there == committed + 1, "{there} of {committed} at {nth}");
        assert_intact(&again);
        if done {
            break;
        }
        crashes += 1;
    }
    assert!(crashes > 20, "{crashes}");
}

#[test]
fn a_rollback_journal_works_too_and_temporary_files_go() {
    for seed in 0..10 {
        let place = Place::new(seed);
        let connection = place.open(
            "PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL; PRAGMA temp_store=FILE;
            PRAGMA cache_size=5; CREATE TABLE note (number INTEGER PRIMARY KEY, text TEXT NOT NULL);",
        );
        for number in 0..50 {
            insert(&connection, number).unwrap();
        }
        connection.execute_batch("BEGIN; UPDATE note SET text = text || 'y'").unwrap();
        let sorted: i64 = connection
            .query_row("SELECT COUNT(*) FROM (SELECT DISTINCT text || number FROM note ORDER BY 1 DESC)", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(sorted, 50);
        let again = place.crash_and_restart();
        assert_eq!(count(&again), 50, "seed {seed}");
        assert_intact(&again);
        drop((connection, again));
        let names: Vec<_> = place.folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["test.db"]);
    }
}

#[test]
fn another_process_is_kept_out() {
    let (place, _connection) = Place::begun(1, "FULL");
    // Locks on open files do not ask for the process: a second description stands for one.
    let other = std::fs::File::open(place.path()).unwrap();
    assert!(matches!(other.try_lock(), Err(std::fs::TryLockError::WouldBlock)));

    let place = Place::new(1);
    let other = std::fs::File::create(place.path()).unwrap();
    other.try_lock().unwrap();
    assert!(Connection::open(place.path()).and_then(|late| late.execute_batch("CREATE TABLE a (b)")).is_err());
}

#[test]
fn a_disk_that_lies_says_that_it_keeps_and_forgets() {
    let (place, connection) = Place::begun(7, "FULL");
    insert(&connection, 1).unwrap();
    place.disk.set(&"write-back=0 sync:1+=lie".parse().unwrap());
    insert(&connection, 2).unwrap();
    assert_eq!(count(&connection), 2, "as long as it runs, nothing is amiss");
    let connection = place.crash_and_restart();
    assert_eq!(count(&connection), 1, "what it said it had kept is gone");
}
