//! The program under test: an installation in a temporary folder, its servers, and what they cost.

mod disk;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;
use testkit::{Database, Nats, Postgres, lasting_port};

use crate::net::{self, Answer, Place, Socket};
use crate::processor::{memory, of_listener, of_postgres, times};

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

/// Where visitors of a widget come in.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) place: Place,
    pub(crate) widget: String,
}

impl Door {
    /// What a visitor says first who comes for the first time.
    pub(crate) fn hello(&self, number: usize) -> String {
        let widget = &self.widget;
        format!(r#"{{"type":"hello","protocol":1,"sender":"{number:016x}","widget":"{widget}"}}"#)
    }

    /// A visitor who has said hello.
    pub(crate) fn visitor(&self, number: usize) -> Result<Socket> {
        let mut socket = Socket::open(&self.place)?;
        socket.say(&self.hello(number))?;
        socket.expect("welcome")?;
        Ok(socket)
    }
}

/// An installation with one organisation, of one node or several.
pub(crate) struct House<'p> {
    program: PathBuf,
    folder: TempDir,
    databases: Option<(&'p Postgres, Database, Database)>,
    bus: Option<&'p Nats>,
    /// Where each node listens.
    ports: Vec<u16>,
    /// The port in the addresses that clients know: the first node's, or that of what stands before the nodes.
    public: u16,
    organisation: String,
    widget: String,
    token: String,
    recovery_key: String,
    /// Where it backs up to.
    place: Option<PathBuf>,
    /// Messages that one organisation's visitors may send in a second.
    organisation_messages: u32,
}

impl<'p> House<'p> {
    pub(crate) fn found(program: &Path, engine: &Engine<'p>) -> Result<Self> {
        // Clients' own ports are of another range: none of them is ever in the way of a server that starts again.
        let port = lasting_port();
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
            bus: None,
            ports: vec![port],
            public: port,
            organisation: String::new(),
            widget: String::new(),
            token: String::new(),
            recovery_key: String::new(),
            place: None,
            organisation_messages: WIDE,
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
        house.recovery_key = fact("recovery_key")?;
        Ok(house)
    }

    /// Has each organisation's visitors send no more than this in a second.
    pub(crate) const fn hold_back(&mut self, messages: u32) {
        self.organisation_messages = messages;
    }

    /// Founds a second organisation; tells where its visitors come in.
    pub(crate) fn found_another(&self) -> Result<Door> {
        let facts = self.ask(&[
            "setup",
            "--json",
            "--organisation=Another",
            "--owner-name=Owner",
            "--owner-email=owner@example.net",
        ])?;
        let facts: Value = serde_json::from_str(&facts)?;
        let widget = facts["widget"].as_str().context("set-up tells the widget")?.to_owned();
        Ok(Door { widget, ..self.visitors() })
    }

    /// Makes it an installation of two nodes, which this bus joins. Both start with [`Self::open_node`].
    pub(crate) fn join(&mut self, bus: &'p Nats) -> Result<()> {
        let (first, second) = (self.data(0), self.data(1));
        fs::DirBuilder::new().mode(0o700).create(&second)?;
        let copied = Command::new("cp").arg("-a").args([first.join("secrets"), second]).status()?;
        ensure!(copied.success(), "the secrets are copied");
        self.bus = Some(bus);
        self.ports.push(lasting_port());
        Ok(())
    }

    /// Where each node listens.
    pub(crate) fn nodes(&self) -> Vec<SocketAddr> {
        self.ports.iter().map(|port| at(*port)).collect()
    }

    /// From now on clients reach it by another door, such as a balancer's.
    pub(crate) const fn move_behind(&mut self, door: SocketAddr) {
        self.public = door.port();
    }

    /// Where visitors come in.
    pub(crate) fn visitors(&self) -> Door {
        let host = format!("widget.localhost:{}", self.public);
        let head = format!("Origin: http://{host}\r\n");
        Door { place: Place { to: at(self.public), host, head }, widget: self.widget.clone() }
    }

    /// Where operators connect: as the owner.
    pub(crate) fn operators(&self) -> Place {
        let head = format!("Authorization: Bearer {}\r\n", self.token);
        Place { to: at(self.public), host: format!("app.localhost:{}", self.public), head }
    }

    /// The organisation's name outside.
    pub(crate) fn organisation(&self) -> &str {
        &self.organisation
    }

    fn data(&self, node: usize) -> PathBuf {
        self.folder.path().join(if node == 0 { "data".to_owned() } else { format!("data-{node}") })
    }

    fn command(&self, node: usize, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        let (port, public) = (self.ports[node], self.public);
        command
            .args(words)
            .arg("--data")
            .arg(self.data(node))
            .arg(format!("--listen=127.0.0.1:{port}"))
            .arg(format!("--app-origin=http://app.localhost:{public}"))
            .arg(format!("--widget-origin=http://widget.localhost:{public}"))
            .args(["--visitor-rate=10000", "--visitor-burst=10000", "--log=warn"])
            // One machine plays all visitors of one organisation: what is measured is not to be held back.
            .args(["address-connections", "address-requests", "address-sockets"].map(wide))
            .args(["address-conversations", "address-messages"].map(wide))
            .args(["organisation-conversations"].map(wide))
            .arg(format!("--organisation-messages={}", self.organisation_messages))
            .stdin(Stdio::null());
        if let Some((_, data, keys)) = &self.databases {
            command.args(disk::databases(data, keys));
        }
        command.args(self.place.iter().map(|folder| disk::place(folder)));
        if let Some(bus) = self.bus {
            command.arg(format!("--bus={}", bus.url()));
        }
        command
    }

    pub(crate) fn ask(&self, words: &[&str]) -> Result<String> {
        let output = self.command(0, words).output().with_context(|| format!("{} starts", self.program.display()))?;
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
        self.open_node(0)
    }

    /// The same with the node of this number, from 0.
    pub(crate) fn open_node(&self, node: usize) -> Result<(Server<'_>, Duration, Duration)> {
        let start = Instant::now();
        let mut server = self.launch(node)?;
        let health = server.answers("/health", start)?;
        let ready = server.answers("/ready", start)?;
        Ok((server, health, ready))
    }

    /// Starts a node and does not wait until it serves.
    pub(crate) fn launch(&self, node: usize) -> Result<Server<'_>> {
        let child = self.command(node, &["serve"]).stdout(Stdio::null()).spawn()?;
        Ok(Server { house: self, node, child })
    }

    /// Processor time so far of what the nodes share: every process of PostgreSQL, and the bus.
    pub(crate) fn processor(&self) -> Result<Duration> {
        let mut ticks = 0;
        if let Some((postgres, _, _)) = &self.databases {
            ticks += of_postgres(&postgres.folder().join("data"))?;
        }
        if let Some(bus) = self.bus {
            ticks += of_listener("nats-server", bus.address().port())?;
        }
        Ok(Duration::from_millis(ticks * 10))
    }
}

fn at(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// As wide as a limit goes.
const WIDE: u32 = 1_000_000;

fn wide(limit: &str) -> String {
    format!("--{limit}={WIDE}")
}

/// A running server.
pub(crate) struct Server<'h> {
    house: &'h House<'h>,
    node: usize,
    child: Child,
}

impl Server<'_> {
    fn at(&self) -> SocketAddr {
        at(self.house.ports[self.node])
    }

    fn answers(&mut self, path: &str, start: Instant) -> Result<Duration> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: health\r\nConnection: close\r\n\r\n");
        while start.elapsed() < Duration::from_secs(20) {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended: {status}");
            }
            if let Ok(mut stream) = net::connect(self.at()) {
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
        let place = self.house.operators();
        let head = format!("{}Content-Type: application/json\r\n", place.head);
        let answer = net::request(self.at(), line, &place.host, &head, body)?;
        ensure!(answer.status < 300, "{line}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
        Ok(answer)
    }

    /// Gives a conversation to somebody.
    pub(crate) fn assign(&self, conversation: &str, operator: &str) -> Result<()> {
        let body = format!(r#"{{"operator":"{operator}"}}"#);
        self.api(&format!("PUT /api/conversations/{conversation}/assignment"), &body)?;
        Ok(())
    }

    /// Bytes of a file as a browser is sent it.
    pub(crate) fn travels(&self, path: &str) -> Result<usize> {
        let host = self.house.visitors().place.host;
        let path = path.replace("{widget}", &self.house.widget);
        let answer = net::request(self.at(), &format!("GET {path}"), &host, "Accept-Encoding: br, gzip\r\n", "")?;
        ensure!(answer.status == 200, "{path}: {} (are the front ends built?)", answer.status);
        // A program that was built while the compressed files were missing serves plain ones: right, but not what is shipped.
        let is_compressed = answer.head.contains("content-encoding: br");
        ensure!(is_compressed, "{path} was embedded without its compressed form: `cargo xtask web`, then build again");
        Ok(answer.body.len())
    }

    /// A visitor who has said hello, to this node.
    pub(crate) fn visitor(&self, number: usize) -> Result<Socket> {
        let mut door = self.house.visitors();
        door.place.to = self.at();
        door.visitor(number)
    }

    /// An operator who has said hello.
    pub(crate) fn operator(&self, number: usize) -> Result<Socket> {
        let mut socket = Socket::open(&Place { to: self.at(), ..self.house.operators() })?;
        socket.say(&format!(r#"{{"type":"hello","protocol":1,"sender":"{:016x}"}}"#, number + 0x1000_0000))?;
        socket.expect("welcome")?;
        Ok(socket)
    }

    /// Memory in RAM, in bytes.
    pub(crate) fn memory(&self) -> Result<u64> {
        memory(self.child.id(), "VmRSS")
    }

    /// The most memory in RAM that it ever had.
    pub(crate) fn peak(&self) -> Result<u64> {
        memory(self.child.id(), "VmHWM")
    }

    /// Processor time of this process alone so far.
    pub(crate) fn processor(&self) -> Result<Duration> {
        Ok(Duration::from_millis(times(&self.child.id().to_string())?.own * 10))
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
