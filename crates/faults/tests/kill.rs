//! A process that is killed, and what the next one finds: the bad disk forgets across processes, as a machine does.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test may be blunt, and a child tells its parent")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use rusqlite::Connection;

const FOLDER: &str = "DISKRET_TEST_KILLED_IN";
const SYNCHRONOUS: &str = "DISKRET_TEST_SYNCHRONOUS";
const ROWS: i64 = 50;

#[test]
fn a_killed_process_leaves_what_it_synced_and_nothing_that_needs_the_rest() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return write_and_wait(Path::new(&folder), &std::env::var(SYNCHRONOUS).unwrap());
    }
    for (synchronous, all) in [("FULL", true), ("OFF", false)] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_killed_process_leaves_what_it_synced_and_nothing_that_needs_the_rest", "--nocapture"])
            .env(FOLDER, folder.path())
            .env(SYNCHRONOUS, synchronous)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(told.any(|line| line.unwrap().ends_with("written")), "{synchronous}: the child died first");
        child.kill().unwrap();
        child.wait().unwrap();
        diskret_faults::install();
        let connection = Connection::open(folder.path().join("test.db")).unwrap();
        let there: i64 = connection.query_row("SELECT COUNT(*) FROM note", [], |row| row.get(0)).unwrap();
        assert!(if all { there == ROWS } else { there < ROWS }, "{synchronous}: {there} of {ROWS}");
        let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(verdict, "ok");
    }
}

/// The child: commits, says so, and waits for its end; or for its parent's, which closes the pipe.
fn write_and_wait(folder: &Path, synchronous: &str) {
    diskret_faults::install();
    let connection = Connection::open(folder.join("test.db")).unwrap();
    let table = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE note (number INTEGER, text TEXT)";
    connection.execute_batch(table).unwrap();
    connection.pragma_update(None, "synchronous", synchronous).unwrap();
    for number in 0..ROWS {
        connection.execute("INSERT INTO note VALUES (?1, ?2)", (number, "x".repeat(1000))).unwrap();
    }
    println!("written");
    let _ = std::io::stdin().lines().next();
}
