//! A server for tests that is gone, folder and all, once the test process has ended, however it ended.
//!
//! A small shell script supervises it (`supervisor.sh`): it holds the reading end of a pipe whose writing end is ours, so
//! that it learns of our end however we end, also by `kill -9`; then it stops the server and removes the folder.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::loopback::free_port;

/// A server in a folder of its own, on a port of the loopback.
#[derive(Debug)]
pub(crate) struct Supervised {
    name: &'static str,
    folder: PathBuf,
    port: u16,
    supervisor: Mutex<Supervisor>,
}

/// An empty folder for a server, with one for its logs in it.
pub(crate) fn folder(prefix: &str) -> TempDir {
    let folder = tempfile::Builder::new().prefix(prefix).tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("log")).expect("a temporary folder");
    folder
}

impl Supervised {
    /// Prepares and starts a server: `kind` is the part of the script that says how. Its arguments begin with the folder.
    pub(crate) fn start<A: AsRef<OsStr>>(
        name: &'static str,
        kind: &str,
        folder: TempDir,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        let folder = folder.keep();
        let mut child = Command::new("sh")
            .args(["-c", &format!("{kind}\n{}", include_str!("supervisor.sh")), "diskret-test-supervisor"])
            .arg(&folder)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Not ours: whoever reads our error output to its end would wait for the supervisor too.
            .stderr(fs::File::create(folder.join("log/supervisor")).expect("a temporary folder"))
            // A Ctrl-C in the terminal is for us; the supervisor has work to do then.
            .process_group(0)
            .spawn()
            .expect("a shell");
        let orders = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("it was asked for"));
        let mut own = Self { name, folder, port: 0, supervisor: Mutex::new(Supervisor { child, orders, answers }) };
        assert!(own.supervisor().answer(), "{name} can't be prepared:\n{}", own.logs());
        // Somebody else may take a port between our finding it free and the server's listening on it.
        for _ in 0..5 {
            own.port = free_port();
            let order = format!("start {}", own.port);
            if own.supervisor().order(&order) {
                return own;
            }
        }
        panic!("{name} doesn't start:\n{}", own.logs());
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// `kill -9`.
    pub(crate) fn kill(&self) {
        self.order("kill");
    }

    /// Holds the server up: the system goes on taking connections for it, and it says nothing.
    pub(crate) fn stop(&self) {
        self.order("stop");
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) {
        self.order("resume");
    }

    /// Starts the server again after [`Self::kill`], on the same port.
    pub(crate) fn revive(&self) {
        // What is left of a server may outlive it by a moment, and hold its port or its memory.
        for _ in 0..100 {
            if self.supervisor().order(&format!("start {}", self.port)) {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("{} doesn't start again:\n{}", self.name, self.logs());
    }

    fn order(&self, order: &str) {
        assert!(self.supervisor().order(order), "{} can't be told to {order}:\n{}", self.name, self.logs());
    }

    fn supervisor(&self) -> MutexGuard<'_, Supervisor> {
        self.supervisor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ends of all its logs.
    fn logs(&self) -> String {
        let mut all = String::new();
        for entry in fs::read_dir(self.folder.join("log")).into_iter().flatten().flatten() {
            let log = fs::read(entry.path()).unwrap_or_default();
            all.push_str(&String::from_utf8_lossy(&log[log.len().saturating_sub(4000)..]));
        }
        all
    }
}

#[derive(Debug)]
struct Supervisor {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Supervisor {
    fn order(&mut self, order: &str) -> bool {
        let orders = self.orders.as_mut().expect("open as long as we live");
        writeln!(orders, "{order}").is_ok() && self.answer()
    }

    fn answer(&mut self) -> bool {
        let mut line = String::new();
        self.answers.read_line(&mut line).is_ok() && line == "ready\n"
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.orders.take());
        // Nobody is there to be told.
        let _ = self.child.wait();
    }
}
