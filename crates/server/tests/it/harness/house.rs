//! A house: a data folder or two databases, organisations that the command line founded, and the program that serves them.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use testkit::{Database, Postgres, postgres, wait_until};

use super::random;

/// The program under test: the one that is shipped, or the same on a bad disk where that one's tests share this harness.
const PROGRAM: &str = match (option_env!("CARGO_BIN_EXE_diskret"), option_env!("CARGO_BIN_EXE_diskret-on-faults")) {
    (Some(program), _) | (None, Some(program)) => program,
    (None, None) => panic!("cargo names the program to the tests of its crate"),
};

static BROOMS: Mutex<Vec<Child>> = Mutex::new(Vec::new());

/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    Sqlite,
    Postgres,
}

/// Somebody who works there.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) email: String,
}

/// An organisation with its people. `agent` and `colleague` have the same role.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub(crate) organisation: String,
    pub(crate) widget: String,
    pub(crate) token: String,
    pub(crate) recovery_key: Option<String>,
    pub(crate) owner: Person,
    pub(crate) agent: Person,
    pub(crate) colleague: Person,
    pub(crate) officer: Person,
}

/// What kind of house.
pub(crate) struct Plan<'a> {
    pub(crate) on: On,
    /// How many organisations: 0 to 2.
    pub(crate) tenants: usize,
    /// Flags of `diskret serve`.
    pub(crate) options: &'a [&'a str],
    /// Another PostgreSQL than the one that all tests share.
    pub(crate) server: Option<&'a Postgres>,
    /// How bad the disk is, where the program has a bad one.
    pub(crate) disk: &'a str,
}

impl Plan<'_> {
    pub(crate) const fn on(on: On) -> Self {
        Self { on, tenants: 1, options: &[], server: None, disk: "" }
    }
}

/// A house with the program running in it.
pub(crate) struct House {
    pub(crate) folder: PathBuf,
    pub(crate) databases: Option<Arc<(Database, Database)>>,
    /// Where it listens.
    pub(crate) port: u16,
    /// The port of its origins: another one where a balancer stands before it.
    pub(crate) public: u16,
    pub(crate) tenants: Vec<Tenant>,
    options: Vec<String>,
    /// How bad the disk is, where the program has a bad one.
    faults: String,
    server: Mutex<Option<Server>>,
    _folder: Option<TempDir>,
}

/// The running program.
pub(crate) struct Server {
    child: Child,
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

    fn end(mut self, signal: &str) -> ExitStatus {
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

/// A port that nobody listens on and that the system hands out to no client: a house keeps its port through restarts.
fn free_port() -> u16 {
    (0..)
        .map(|_| 20_000 + (random() % 12_000) as u16)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("some port is free")
}

impl House {
    /// A house of its own for one test.
    pub(crate) fn new(plan: &Plan<'_>) -> Self {
        let house = Self::closed(plan);
        house.start();
        house
    }

    /// The same, with nobody serving yet.
    pub(crate) fn closed(plan: &Plan<'_>) -> Self {
        let folder = tempfile::Builder::new().prefix("diskret-house-").tempdir().expect("a temporary folder");
        let port = free_port();
        let mut house = Self {
            folder: folder.path().to_owned(),
            databases: (plan.on == On::Postgres).then(|| Arc::new(plan.server.unwrap_or_else(|| postgres()).pair())),
            port,
            public: port,
            tenants: Vec::new(),
            options: plan.options.iter().map(|&option| option.to_owned()).collect(),
            faults: plan.disk.to_owned(),
            server: Mutex::new(None),
            _folder: Some(folder),
        };
        match (plan.on, plan.tenants) {
            (_, 0) => {}
            // Founding takes a moment, so on SQLite it is done once and copied.
            (On::Sqlite, _) => {
                let template = template();
                let copied = Command::new("cp").arg("-a").args([template.data(), house.data()]).status();
                assert!(copied.is_ok_and(|status| status.success()), "the template can be copied");
                house.tenants = template.tenants.clone();
            }
            (On::Postgres, tenants) => (0..tenants).for_each(|number| house.found(number)),
        }
        house
    }

    /// Another node of the same installation, with nobody serving yet: a folder of its own with the first one's secrets.
    pub(crate) fn join(&self) -> Self {
        let folder = tempfile::Builder::new().prefix("diskret-house-").tempdir().expect("a temporary folder");
        let port = free_port();
        let node = Self {
            folder: folder.path().to_owned(),
            databases: self.databases.clone(),
            port,
            public: port,
            tenants: self.tenants.clone(),
            options: self.options.clone(),
            faults: self.faults.clone(),
            server: Mutex::new(None),
            _folder: Some(folder),
        };
        fs::DirBuilder::new().mode(0o700).create(node.data()).expect("a folder");
        let copied = Command::new("cp").arg("-a").args([self.data().join("secrets"), node.data()]).status();
        assert!(copied.is_ok_and(|status| status.success()), "the secrets can be copied");
        node
    }

    /// The same installation as clients see it through a balancer: nobody serves behind this door but the nodes.
    pub(crate) fn door(&self, at: SocketAddr) -> Self {
        Self {
            folder: self.folder.clone(),
            databases: self.databases.clone(),
            port: at.port(),
            public: at.port(),
            tenants: self.tenants.clone(),
            options: Vec::new(),
            faults: String::new(),
            server: Mutex::new(None),
            _folder: None,
        }
    }

    /// Adds flags of `diskret serve` for the next start.
    pub(crate) fn with(mut self, flags: &[&str]) -> Self {
        self.options.extend(flags.iter().map(|&flag| flag.to_owned()));
        self
    }

    /// A house with two organisations that many tests share: none of them may restart it or count on being alone.
    pub(crate) fn shared(on: On) -> &'static Self {
        static SQLITE: OnceLock<House> = OnceLock::new();
        static POSTGRES: OnceLock<House> = OnceLock::new();
        let place = match on {
            On::Sqlite => &SQLITE,
            On::Postgres => &POSTGRES,
        };
        place.get_or_init(|| {
            // All tests come from one address, and at once.
            let options = ["--address-requests", "100000"];
            let mut house = Self::new(&Plan { tenants: 2, options: &options, ..Plan::on(on) });
            house.leave_to_a_broom();
            house
        })
    }

    /// Statics are not dropped: a shell waits for our end and removes the folder.
    fn leave_to_a_broom(&mut self) {
        let folder = self._folder.take().expect("it is ours").keep();
        let broom = Command::new("sh")
            .args(["-c", "trap '' INT TERM HUP; read never; sleep 1; rm -rf \"$0\""])
            .arg(&folder)
            .stdin(Stdio::piped())
            .spawn()
            .expect("a shell");
        // Kept with the writing end of its input, which ends with this process.
        BROOMS.lock().unwrap().push(broom);
    }

    pub(crate) fn ours(&self) -> &Tenant {
        &self.tenants[0]
    }

    pub(crate) fn theirs(&self) -> &Tenant {
        &self.tenants[1]
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    pub(crate) fn app_host(&self) -> String {
        format!("app.localhost:{}", self.public)
    }

    pub(crate) fn widget_host(&self) -> String {
        format!("widget.localhost:{}", self.public)
    }

    pub(crate) fn app_origin(&self) -> String {
        format!("http://{}", self.app_host())
    }

    pub(crate) fn widget_origin(&self) -> String {
        format!("http://{}", self.widget_host())
    }

    /// Where the data are, as flags.
    fn place(&self) -> Vec<String> {
        let mut flags = vec!["--data".to_owned(), self.data().display().to_string()];
        if let Some((data, keys)) = self.databases.as_deref() {
            flags.extend(["--database".to_owned(), data.url.clone(), "--key-database".to_owned(), keys.url.clone()]);
        }
        flags
    }

    /// All flags of `diskret serve`.
    pub(crate) fn flags(&self) -> Vec<String> {
        let mut flags = self.place();
        for (flag, value) in [
            ("--listen", self.address().to_string()),
            ("--app-origin", self.app_origin()),
            ("--widget-origin", self.widget_origin()),
        ] {
            flags.extend([flag.to_owned(), value]);
        }
        flags.extend(self.options.clone());
        flags
    }

    /// Runs the program with these words and where the data are.
    pub(crate) fn command(&self, words: &[&str]) -> Output {
        let mut command = Command::new(PROGRAM);
        command.args(words).args(self.place()).stdin(Stdio::null()).output().expect("the program")
    }

    fn said(&self, words: &[&str]) -> String {
        let output = self.command(words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("it says text")
    }

    /// Adds somebody with [`PASSWORD`].
    pub(crate) fn hire(&self, organisation: &str, role: &str, name: &str, email: &str) -> Person {
        let file = self.folder.join("password");
        fs::write(&file, PASSWORD).expect("a file");
        let words =
            ["admin", "add-operator", "--organisation", organisation, "--role", role, "--name", name, "--email"];
        let file = file.display().to_string();
        let words = [&words[..], &[email, "--password-file", &file]].concat();
        self.said(&words);
        Person { name: name.to_owned(), email: email.to_owned() }
    }

    /// Founds an organisation as an administrator would: with the command line.
    fn found(&mut self, number: usize) {
        let (title, names, domain) = [
            ("Nordlicht", ["Ada Owner", "Ben Agent", "Cem Agent", "Dora Officer"], "nordlicht.example"),
            ("Südwind", ["Ole Owner", "Pia Agent", "Quin Agent", "Rosa Officer"], "suedwind.example"),
        ][number];
        let file = self.folder.join("password");
        fs::write(&file, PASSWORD).expect("a file");
        let email = format!("owner@{domain}");
        let said = self.said(&[
            "setup",
            "--json",
            "--organisation",
            title,
            "--owner-name",
            names[0],
            "--owner-email",
            &email,
            "--owner-password-file",
            &file.display().to_string(),
        ]);
        let said: Value = serde_json::from_str(&said).expect("it says JSON");
        let fact = |name: &str| said[name].as_str().map(str::to_owned);
        let organisation = fact("organisation").expect("an id");
        let hire =
            |role: &str, title: &str, name: &str| self.hire(&organisation, role, name, &format!("{title}@{domain}"));
        let (agent, colleague) = (hire("agent", "agent", names[1]), hire("agent", "colleague", names[2]));
        let officer = hire("officer", "officer", names[3]);
        let tenant = Tenant {
            widget: fact("widget").expect("an id"),
            token: fact("api_token").expect("a token"),
            recovery_key: fact("recovery_key"),
            owner: Person { name: names[0].to_owned(), email },
            organisation,
            agent,
            colleague,
            officer,
        };
        self.tenants.push(tenant);
    }

    /// Starts the program; a port that somebody else holds for a moment is waited for.
    pub(crate) fn start(&self) {
        let mut server = self.server.lock().unwrap();
        assert!(server.is_none(), "it runs already");
        wait_until(Duration::from_secs(20), "the program listens", || {
            match Server::start(&self.folder, &self.flags(), &self.faults) {
                Ok(started) => {
                    *server = Some(started);
                    true
                }
                Err(said) if said.contains("cannot be listened on") => false,
                Err(said) => panic!("the program does not start: {said}"),
            }
        });
    }

    /// The second line that the program says, where the first sign-in's code stands.
    pub(crate) fn greeting(&self) -> String {
        self.server.lock().unwrap().as_ref().expect("it runs").greeting[1].clone()
    }

    /// `kill -9`.
    pub(crate) fn kill(&self) {
        let server = self.server.lock().unwrap().take().expect("it runs");
        server.end("-KILL");
    }

    /// Asks the program to end, and does not wait for it.
    pub(crate) fn ask_to_end(&self) {
        self.server.lock().unwrap().as_ref().expect("it runs").signal("-TERM");
    }

    /// Asks the program to end, or has asked it, and waits for it.
    pub(crate) fn terminate(&self) -> ExitStatus {
        let server = self.server.lock().unwrap().take().expect("it runs");
        server.end("-TERM")
    }

    /// How many bytes of memory the program holds.
    pub(crate) fn memory(&self) -> u64 {
        let id = self.server.lock().unwrap().as_ref().expect("it runs").child.id();
        let status = fs::read_to_string(format!("/proc/{id}/status")).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
    }

    /// How many files and connections the program has open.
    pub(crate) fn open_files(&self) -> usize {
        let id = self.server.lock().unwrap().as_ref().expect("it runs").child.id();
        fs::read_dir(format!("/proc/{id}/fd")).expect("it runs").count()
    }

    /// Everything the program has logged.
    pub(crate) fn log(&self) -> String {
        let mut text = String::new();
        File::open(self.folder.join("log")).expect("a log").read_to_string(&mut text).expect("text");
        text
    }
}

impl Drop for House {
    fn drop(&mut self) {
        // Before the databases go.
        drop(self.server.lock().map(|mut server| server.take()));
        if std::thread::panicking() {
            let log = fs::read(self.folder.join("log")).unwrap_or_default();
            let tail = &log[log.len().saturating_sub(2000)..];
            eprintln!("the program's log ends with:\n{}", String::from_utf8_lossy(tail));
        }
    }
}

fn template() -> &'static House {
    static TEMPLATE: OnceLock<House> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let mut house = House::closed(&Plan { tenants: 0, ..Plan::on(On::Sqlite) });
        (0..2).for_each(|number| house.found(number));
        house.leave_to_a_broom();
        house
    })
}
