//! The program under test: an installation in a temporary folder, its server, and what the two cost.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;
use testkit::{Database, Postgres, free_port};

use crate::net::{self, Answer, Socket};

/// Where an installation keeps its data.
pub(crate) enum Engine<'p> {
    Sqlite,
    Postgres(&'p Postgres),
}

impl Engine<'_> {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }
}

/// An installation with one organisation.
pub(crate) struct House<'p> {
    program: PathBuf,
    folder: TempDir,
    databases: Option<(&'p Postgres, Database, Database)>,
    port: u16,
    organisation: String,
    widget: String,
    token: String,
}

impl<'p> House<'p> {
    pub(crate) fn found(program: &Path, engine: &Engine<'p>) -> Result<Self> {
        let databases = match engine {
            Engine::Sqlite => None,
            Engine::Postgres(postgres) => {
                let (data, keys) = postgres.pair();
                Some((*postgres, data, keys))
            }
        };
        let mut house = Self {
            program: program.to_owned(),
            folder: tempfile::Builder::new().prefix("diskret-bench-").tempdir()?,
            databases,
            port: free_port(),
            organisation: String::new(),
            widget: String::new(),
            token: String::new(),
        };
        let facts = house.ask(&[
            "setup",
            "--json",
            "--organisation=Bench",
            "--owner-name=Owner",
            "--owner-email=owner@example.org",
        ])?;
        let facts: Value = serde_json::from_str(&facts)?;
        let fact = |name: &str| facts[name].as_str().map(str::to_owned).with_context(|| format!("set-up tells {name}"));
        (house.organisation, house.widget, house.token) = (fact("organisation")?, fact("widget")?, fact("api_token")?);
        Ok(house)
    }

    /// The folder with the data: what is synced here is synced on the same disk.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        let port = self.port;
        command
            .args(words)
            .arg("--data")
            .arg(self.folder.path().join("data"))
            .arg(format!("--listen=127.0.0.1:{port}"))
            .arg(format!("--app-origin=http://app.localhost:{port}"))
            .arg(format!("--widget-origin=http://widget.localhost:{port}"))
            .args(["--visitor-rate=10000", "--visitor-burst=10000", "--log=warn"])
            // One machine plays all visitors of one organisation: what is measured is not to be held back.
            .args(["address-connections", "address-requests", "address-sockets"].map(wide))
            .args(["address-conversations", "address-messages"].map(wide))
            .args(["organisation-conversations", "organisation-messages"].map(wide))
            .stdin(Stdio::null());
        if let Some((_, data, keys)) = &self.databases {
            command.arg(format!("--database={}", data.url)).arg(format!("--key-database={}", keys.url));
        }
        command
    }

    fn ask(&self, words: &[&str]) -> Result<String> {
        let output = self.command(words).output().with_context(|| format!("{} starts", self.program.display()))?;
        ensure!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Hires a colleague; gives their id back.
    pub(crate) fn add_operator(&self) -> Result<String> {
        let organisation = format!("--organisation={}", self.organisation);
        let said =
            self.ask(&["admin", "add-operator", &organisation, "--name=Colleague", "--email=colleague@example.org"])?;
        let line = said.lines().find_map(|line| line.strip_prefix("operator")).context("the colleague has an id")?;
        Ok(line.trim().to_owned())
    }

    /// Starts the server; tells when it answered `/health` and `/ready` for the first time.
    pub(crate) fn open(&self) -> Result<(Server<'_>, Duration, Duration)> {
        let start = Instant::now();
        let child = self.command(&["serve"]).stdout(Stdio::null()).spawn()?;
        let mut server = Server { house: self, child };
        let health = server.answers("/health", start)?;
        let ready = server.answers("/ready", start)?;
        Ok((server, health, ready))
    }

    fn at(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }
}

/// A limit, as wide as it goes.
fn wide(limit: &str) -> String {
    format!("--{limit}=1000000")
}

/// A running server.
pub(crate) struct Server<'h> {
    house: &'h House<'h>,
    child: Child,
}

impl Server<'_> {
    fn answers(&mut self, path: &str, start: Instant) -> Result<Duration> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: health\r\nConnection: close\r\n\r\n");
        while start.elapsed() < Duration::from_secs(20) {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended: {status}");
            }
            if let Ok(mut stream) = net::connect(self.house.at()) {
                stream.write_all(request.as_bytes())?;
                let mut answer = [0; 12];
                if stream.read_exact(&mut answer).is_ok() && &answer == b"HTTP/1.1 200" {
                    return Ok(start.elapsed());
                }
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        bail!("{path} is not answered")
    }

    /// Ends it as a crash does.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    pub(crate) fn is_ready(&mut self) -> bool {
        self.answers("/ready", Instant::now()).is_ok()
    }

    /// Asks the API as the owner.
    pub(crate) fn api(&self, line: &str, body: &str) -> Result<Answer> {
        let head = format!("Authorization: Bearer {}\r\nContent-Type: application/json\r\n", self.house.token);
        let host = format!("app.localhost:{}", self.house.port);
        let answer = net::request(self.house.at(), line, &host, &head, body)?;
        ensure!(answer.status < 300, "{line}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
        Ok(answer)
    }

    /// Bytes of a file as a browser is sent it.
    pub(crate) fn travels(&self, path: &str) -> Result<usize> {
        let host = format!("widget.localhost:{}", self.house.port);
        let path = path.replace("{widget}", &self.house.widget);
        let answer = net::request(self.house.at(), &format!("GET {path}"), &host, "Accept-Encoding: br, gzip\r\n", "")?;
        ensure!(answer.status == 200, "{path}: {} (are the front ends built?)", answer.status);
        // A program that was built while the compressed files were missing serves plain ones: right, but not what is shipped.
        let is_compressed = answer.head.contains("content-encoding: br");
        ensure!(is_compressed, "{path} was embedded without its compressed form: `cargo xtask web`, then build again");
        Ok(answer.body.len())
    }

    /// A visitor who has said hello.
    pub(crate) fn visitor(&self, number: usize) -> Result<Socket> {
        let host = format!("widget.localhost:{}", self.house.port);
        let mut socket = Socket::open(self.house.at(), &host, &format!("Origin: http://{host}\r\n"))?;
        let widget = &self.house.widget;
        socket.say(&format!(r#"{{"type":"hello","protocol":1,"sender":"{number:016x}","widget":"{widget}"}}"#))?;
        socket.expect("welcome")?;
        Ok(socket)
    }

    /// An operator who has said hello.
    pub(crate) fn operator(&self, number: usize) -> Result<Socket> {
        let host = format!("app.localhost:{}", self.house.port);
        let head = format!("Authorization: Bearer {}\r\n", self.house.token);
        let mut socket = Socket::open(self.house.at(), &host, &head)?;
        socket.say(&format!(r#"{{"type":"hello","protocol":1,"sender":"{:016x}"}}"#, number + 0x1000_0000))?;
        socket.expect("welcome")?;
        Ok(socket)
    }

    /// Memory in RAM, in bytes.
    pub(crate) fn memory(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("a process has memory")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    }

    /// Processor time of the server and of every process of its database so far.
    pub(crate) fn processor(&self) -> Result<Duration> {
        let mut ticks = times(&self.child.id().to_string())?.own;
        if let Some((postgres, _, _)) = &self.house.databases {
            let pid = fs::read_to_string(postgres.folder().join("data/postmaster.pid"))?;
            let first = pid.lines().next().context("PostgreSQL notes its process")?;
            // What its children used that have ended is counted with the first process.
            let times_of_first = times(first)?;
            ticks += times_of_first.own + times_of_first.ended_children;
            for entry in fs::read_dir("/proc")?.flatten() {
                let name = entry.file_name();
                let Some(pid) = name.to_str().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())) else {
                    continue;
                };
                // One that ends meanwhile is counted with the first process next time.
                if let Some(times) = times(pid).ok().filter(|times| times.parent == first) {
                    ticks += times.own;
                }
            }
        }
        Ok(Duration::from_millis(ticks * 10))
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        // It may have ended already.
        if let Ok(None) = self.child.try_wait() {
            let pid = rustix::process::Pid::from_child(&self.child);
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            let _ = self.child.wait();
        }
    }
}

/// What the kernel notes about a process, in ticks of 10 ms.
pub(crate) struct Times {
    parent: String,
    pub(crate) own: u64,
    ended_children: u64,
}

pub(crate) fn times(pid: &str) -> Result<Times> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name stands in parentheses and may hold anything.
    let (_, fields) = stat.rsplit_once(')').context("a name ends")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).unwrap_or_default();
    Ok(Times {
        parent: (*fields.get(1).context("a process has a parent")?).to_owned(),
        own: ticks(11) + ticks(12),
        ended_children: ticks(13) + ticks(14),
    })
}
