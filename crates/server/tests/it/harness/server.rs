//! The running program.

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

/// The program under test: the one that is shipped, or the same on a bad disk where that one's tests share this harness.
pub(super) const PROGRAM: &str =
    match (option_env!("CARGO_BIN_EXE_diskret"), option_env!("CARGO_BIN_EXE_diskret-on-faults")) {
        (Some(program), _) | (None, Some(program)) => program,
        (None, None) => panic!("cargo names the program to the tests of its crate"),
    };

/// The running program.
pub(crate) struct Server {
    pub(super) child: Child,
    watchdog: Child,
    /// What it said when it began.
    pub(crate) greeting: [String; 2],
}

impl Server {
    /// Starts the program and waits until it says that it listens; or tells what it said instead.
    pub(crate) fn start(folder: &Path, flags: &[String], faults: &str) -> Result<Self, String> {
        let log = OpenOptions::new().create(true).append(true).open(folder.join("log")).expect("a log");
        let before = log.metadata().expect("a log").len();
        let mut child = Command::new(PROGRAM)
            .arg("serve")
            .args(flags)
            .env("DISKRET_FAULTS", faults)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the program");
        // However this process ends, nothing of it goes on running.
        let watchdog = Command::new("sh")
            .args(["-c", "read never; kill -9 \"$0\" 2>/dev/null", &child.id().to_string()])
            .stdin(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut lines = BufReader::new(child.stdout.take().expect("it was asked for")).lines();
        let greeting = [(); 2].map(|()| lines.next().and_then(Result::ok).unwrap_or_default());
        let mut server = Self { child, watchdog, greeting };
        if server.greeting[0].contains("listens on") {
            return Ok(server);
        }
        let status = server.child.wait().expect("it ends");
        assert!(!status.success(), "who says nothing has failed");
        let log = fs::read(folder.join("log")).unwrap_or_default();
        Err(String::from_utf8_lossy(&log[usize::try_from(before).unwrap()..]).into_owned())
    }

    pub(super) fn end(mut self, signal: &str) -> ExitStatus {
        self.signal(signal);
        self.child.wait().expect("it ends")
    }

    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "the program runs");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
