//! A house: a data folder or two databases, organisations that the command line founded, and the program that serves them.

use std::fs::{self, File};
use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tempfile::TempDir;
use testkit::{Database, Postgres, postgres, wait_until};

use super::founding::{Tenant, template};
use super::http::Caller;
use super::random;
use super::server::Server;

static BROOMS: Mutex<Vec<Child>> = Mutex::new(Vec::new());

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    Sqlite,
    Postgres,
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
    pub(super) fn leave_to_a_broom(&mut self) {
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

    /// A program of our owner's.
    pub(crate) fn program(&self) -> Caller {
        Caller::Program(self.ours().token.clone())
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
    pub(super) fn place(&self) -> Vec<String> {
        let mut flags = vec!["--data".to_owned(), self.data().display().to_string()];
        if let Some((data, keys)) = self.databases.as_deref() {
            flags.extend(["--database".to_owned(), data.url.clone(), "--key-database".to_owned(), keys.url.clone()]);
        }
        flags
    }

    /// Asks the data database for a number, behind the program's back.
    pub(crate) fn number(&self, question: &str) -> i64 {
        match self.databases.as_deref() {
            Some((data, _)) => data.number(question),
            None => faults::number(&self.data().join("diskret.db"), question),
        }
    }

    /// Bytes in the database's own spelling, from their hex digits.
    pub(crate) fn bytes(&self, digits: &str) -> String {
        if self.databases.is_some() { format!("'\\x{digits}'::bytea") } else { format!("x'{digits}'") }
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
