//! A real PostgreSQL for tests.
//!
//! [`postgres`] starts one cluster per test process, when first asked, in a temporary folder and on a free port of the
//! loopback. It ends with this process, folder and all ([`crate::supervisor`]).
//!
//! Databases sort by ICU's English rules, as many servers out there do and SQLite does not: what leans on an order it
//! didn't ask for differs between the two.

use std::env;
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::database::{self, Database};
use crate::supervisor::{self, Supervised};

/// Where this is set, to the address of a superuser such as `postgres://postgres@127.0.0.1:5432`, tests make their
/// databases there.
const ELSEWHERE: &str = "DISKRET_TEST_POSTGRES";

const ALWAYS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "max_connections=300",
    "log_line_prefix=%m [%p] %d ",
    "min_wal_size=32MB",
    "timezone=UTC",
];
/// What is lost when the machine loses power doesn't matter to a test that doesn't cut it.
const FAST: &[&str] = &["fsync=off", "full_page_writes=off"];
const DURABLE: &[&str] = &["fsync=on", "full_page_writes=on", "synchronous_commit=on"];
const TALKATIVE: &[&str] = &["log_statement=all", "log_min_duration_statement=0", "log_parameter_max_length=-1"];

/// The PostgreSQL of this test process.
///
/// # Panics
/// Where PostgreSQL is missing or doesn't start. Never a skip: a contract that was not tried was not kept.
pub fn postgres() -> &'static Postgres {
    static SHARED: OnceLock<Postgres> = OnceLock::new();
    SHARED.get_or_init(|| match env::var(ELSEWHERE) {
        Ok(server) if !server.is_empty() => Postgres { server, own: None },
        _ => Postgres::start(FAST),
    })
}

/// A PostgreSQL server with a superuser's rights to it.
#[derive(Debug)]
pub struct Postgres {
    /// The address of a superuser, without or with a database.
    server: String,
    /// What we started ourselves.
    own: Option<Supervised>,
}

impl Postgres {
    /// A private cluster that keeps what it acknowledged: for tests that [kill](Self::kill) it.
    #[must_use]
    pub fn durable() -> Self {
        Self::start(DURABLE)
    }

    /// A private cluster that takes no more connections than these, of whoever.
    #[must_use]
    pub fn narrow(connections: u16) -> Self {
        Self::start(&[FAST, &[&format!("max_connections={connections}"), "superuser_reserved_connections=0"]].concat())
    }

    /// A private cluster that writes every statement and every parameter to its log: for tests that search it.
    #[must_use]
    pub fn talkative() -> Self {
        Self::start(&[FAST, TALKATIVE].concat())
    }

    /// A new, empty database of this server.
    #[must_use]
    pub fn database(&self) -> Database {
        Database::create(&self.server)
    }

    /// Two new databases, one for data and one for keys.
    #[must_use]
    pub fn pair(&self) -> (Database, Database) {
        (self.database(), self.database())
    }

    /// The folder with everything the server writes: data, write-ahead log, server log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.own("searched").folder()
    }

    /// Has the server write to its files what it has in memory, so that a search sees it.
    pub fn checkpoint(&self) {
        database::run(&self.server, "CHECKPOINT").expect("a checkpoint");
    }

    /// Kills the server, as `kill -9` does.
    pub fn kill(&self) {
        self.own("killed").kill();
    }

    /// Starts the server again after [`Self::kill`], at the same address.
    pub fn revive(&self) {
        self.own("revived").revive();
    }

    fn own(&self, verb: &str) -> &Supervised {
        let hint = "take Postgres::durable() or Postgres::talkative()";
        self.own.as_ref().unwrap_or_else(|| panic!("the server in {ELSEWHERE} is not ours to be {verb}: {hint}"))
    }

    fn start(settings: &[&str]) -> Self {
        let bin = programs();
        let user = user();
        let folder = supervisor::folder("diskret-postgres-");
        if let Some((_, id)) = user {
            chown(folder.path(), Some(id), Some(id)).expect("root may give a folder away");
        }
        let mut arguments = vec![bin.into_os_string(), user.map_or("", |(name, _)| name).into()];
        arguments.extend([ALWAYS, settings].concat().iter().flat_map(|setting| ["-c".into(), setting.into()]));
        let own = Supervised::start("PostgreSQL", include_str!("postgres.sh"), folder, arguments);
        Self { server: format!("postgres://postgres@127.0.0.1:{}", own.port()), own: Some(own) }
    }
}

/// The newest PostgreSQL of this machine.
fn programs() -> PathBuf {
    let packaged = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().filter_map(|entry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        Some((version, entry.path().join("bin")))
    });
    let mut found: Vec<_> = packaged.filter(|(_, bin)| bin.join("initdb").exists()).collect();
    found.sort();
    let path = env::var_os("PATH").unwrap_or_default();
    let elsewhere = || env::split_paths(&path).find(|bin| bin.join("initdb").exists() && bin.join("postgres").exists());
    found.pop().map(|(_, bin)| bin).or_else(elsewhere).unwrap_or_else(|| {
        panic!(
            "PostgreSQL is not installed, and these tests run on it. Install it (`apt-get install postgresql`, or let \
             `./test` do it), or set {ELSEWHERE} to the address of a superuser of a server that is for tests only."
        )
    })
}

/// PostgreSQL refuses to run as root: then its own user it is. Name and number.
fn user() -> Option<(&'static str, u32)> {
    let root = fs::metadata("/proc/self").expect("a mounted /proc").uid() == 0;
    root.then(|| {
        let answer = Command::new("id").args(["-u", "postgres"]).output().expect("the program id");
        let id = String::from_utf8_lossy(&answer.stdout).trim().parse();
        ("postgres", id.expect("as root, PostgreSQL's tests need the user `postgres`, which its package makes"))
    })
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use super::{Postgres, postgres};
    use crate::{Canary, Encoding, database, search, wait_until};

    #[test]
    fn databases_are_fresh_and_go_with_their_handle() {
        let (one, two) = postgres().pair();
        assert_ne!(one.url, two.url);
        database::run(&one.url, "CREATE TABLE t (a text)").unwrap();
        database::run(&two.url, "CREATE TABLE t (a text)").unwrap();
        let url = one.url.clone();
        drop(one);
        database::run(&url, "SELECT 1").unwrap_err();
        database::run(&two.url, "SELECT * FROM t").unwrap();
    }

    #[test]
    fn a_database_grows_by_what_is_put_into_it() {
        let database = postgres().database();
        let empty = database.size();
        // Text that repeats itself would be packed.
        database.run("CREATE TABLE t (a text); INSERT INTO t SELECT md5(n::text) FROM generate_series(1, 50000) n");
        assert!((1_600_000..10_000_000).contains(&(database.size() - empty)), "{} bytes", database.size() - empty);
    }

    #[tokio::test]
    async fn a_database_can_be_asked_for_within_a_runtime() {
        let database = postgres().database();
        drop(database);
    }

    #[test]
    fn a_durable_one_survives_its_death() {
        let postgres = Postgres::durable();
        let database = postgres.database();
        database::run(&database.url, "CREATE TABLE t (a text); INSERT INTO t VALUES ('kept')").unwrap();
        postgres.kill();
        database::run(&database.url, "SELECT 1").unwrap_err();
        postgres.revive();
        database::run(&database.url, "DO $$ BEGIN ASSERT (SELECT a FROM t) = 'kept'; END $$").unwrap();
        let folder = postgres.folder().to_owned();
        drop(database);
        drop(postgres);
        assert!(!folder.exists(), "the folder goes with the server");
    }

    #[test]
    fn a_talkative_one_tells_all_and_the_search_finds_it() {
        let postgres = Postgres::talkative();
        let database = postgres.database();
        let canary = Canary::new();
        let absent = Canary::new();
        database::run(&database.url, "CREATE TABLE t (a text)").unwrap();
        database::run(&database.url, &format!("INSERT INTO t VALUES ('{canary}')")).unwrap();
        postgres.checkpoint();
        let hits = search(postgres.folder(), &[canary.as_str(), absent.as_str()]);
        for place in ["/log/server", "/data/base/", "/data/pg_wal/"] {
            let there = |hit: &&crate::Hit| hit.file.to_string_lossy().contains(place);
            let hit = hits.iter().find(there).unwrap_or_else(|| panic!("nothing in {place}: {hits:?}"));
            assert_eq!((hit.needle.as_str(), hit.encoding), (canary.as_str(), Encoding::Raw));
        }
        assert!(hits.iter().all(|hit| hit.needle == canary.as_str()));
    }

    /// Runs this very program once more, as another process, and kills that one while its server runs.
    #[test]
    fn nothing_is_left_of_a_test_process_that_was_killed() {
        const VICTIM: &str = "DISKRET_TESTKIT_VICTIM";
        if std::env::var_os(VICTIM).is_some() {
            println!("folder: {}", postgres().folder().display());
            std::thread::sleep(Duration::from_secs(60));
            return;
        }
        let mut other = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "postgres::tests::nothing_is_left_of_a_test_process_that_was_killed", "--nocapture"])
            .env(VICTIM, "yes")
            .env_remove(super::ELSEWHERE)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(other.stdout.take().unwrap()));
        let folder = lines.find_map(|line| line.unwrap().split_once("folder: ").map(|(_, it)| it.to_owned())).unwrap();
        let folder = std::path::Path::new(&folder);
        let pid = std::fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
        let server = std::path::Path::new("/proc").join(pid.lines().next().unwrap());
        assert!(server.exists());
        other.kill().unwrap();
        other.wait().unwrap();
        wait_until(Duration::from_secs(20), "the server ends and its folder goes", || {
            !server.exists() && !folder.exists()
        });
    }
}
