//! A real NATS server for tests: one that can be killed, revived and held up.

use std::env;
use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::supervisor::{self, Supervised};

/// A `nats-server` of one's own, without accounts, on a free port of the loopback. It ends with this handle or with this
/// process, whichever comes first, and writes to no file outside its temporary folder.
#[derive(Debug)]
pub struct Nats {
    own: Supervised,
}

impl Nats {
    /// Starts one and waits until it takes connections.
    ///
    /// # Panics
    /// Where nats-server is missing or doesn't start. Never a skip.
    #[must_use]
    pub fn start() -> Self {
        let program = program(&env::var_os("PATH").unwrap_or_default(), &["/usr/sbin", "/usr/local/sbin"]);
        let folder = supervisor::folder("diskret-nats-");
        Self { own: Supervised::start("nats-server", include_str!("nats.sh"), folder, [program]) }
    }

    /// What a client is given, such as `nats://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://{}", self.address())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.own.port()).into()
    }

    /// Kills the server, as `kill -9` does.
    pub fn kill(&self) {
        self.own.kill();
    }

    /// Starts it again after [`Self::kill`], at the same address.
    pub fn revive(&self) {
        self.own.revive();
    }

    /// Holds the server up (SIGSTOP): connections stay open, new ones are still taken by the system, and nothing answers.
    pub fn stop(&self) {
        self.own.stop();
    }

    /// Lets it go on (SIGCONT) after [`Self::stop`].
    pub fn resume(&self) {
        self.own.resume();
    }
}

/// The program: a system's folder for servers is not on everybody's path.
fn program(path: &OsStr, besides: &[&str]) -> PathBuf {
    let mut folders = env::split_paths(path).chain(besides.iter().map(PathBuf::from));
    folders.find_map(|folder| Some(folder.join("nats-server")).filter(|program| program.is_file())).unwrap_or_else(|| {
        panic!(
            "nats-server is not installed, and these tests run on it. Install it (`apt-get install nats-server`, or let \
             `./test` do it)."
        )
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio::time::timeout;

    use super::{Nats, program};
    use crate::{connect, try_connect};

    /// Reads until what came holds the text.
    async fn hear(stream: &mut TcpStream, text: &str) -> String {
        let mut heard = Vec::new();
        while !String::from_utf8_lossy(&heard).contains(text) {
            let count = stream.read_buf(&mut heard).await.unwrap();
            assert!(count > 0, "the end came before {text:?}: {:?}", String::from_utf8_lossy(&heard));
        }
        String::from_utf8(heard).unwrap()
    }

    async fn client(nats: &Nats) -> TcpStream {
        let mut stream = connect(nats.address()).await;
        hear(&mut stream, "INFO {").await;
        stream.write_all(b"CONNECT {\"verbose\":false}\r\nPING\r\n").await.unwrap();
        hear(&mut stream, "PONG\r\n").await;
        stream
    }

    #[test]
    #[should_panic(expected = "nats-server is not installed, and these tests run on it")]
    fn where_it_is_missing_that_is_a_failure() {
        program(OsStr::new("/nowhere:/nowhere/else"), &["/nor/here"]);
    }

    #[tokio::test]
    async fn a_message_goes_from_one_client_to_another() {
        let nats = Nats::start();
        let (mut one, mut two) = (client(&nats).await, client(&nats).await);
        two.write_all(b"SUB news 1\r\nPING\r\n").await.unwrap();
        hear(&mut two, "PONG\r\n").await;
        one.write_all(b"PUB news 5\r\nhello\r\n").await.unwrap();
        assert!(hear(&mut two, "hello\r\n").await.contains("MSG news 1 5\r\nhello\r\n"));
    }

    #[tokio::test]
    async fn it_dies_and_comes_back_at_the_same_address() {
        let nats = Nats::start();
        let (url, mut before) = (nats.url(), client(&nats).await);
        nats.kill();
        // An end or an error: both are the end.
        assert!(!matches!(before.read(&mut [0; 64]).await, Ok(1..)), "whoever was connected notices");
        try_connect(nats.address()).await.unwrap_err();
        nats.revive();
        client(&nats).await;
        assert_eq!(nats.url(), url);
    }

    #[tokio::test]
    async fn it_is_held_up_and_goes_on() {
        let nats = Nats::start();
        let mut before = client(&nats).await;
        nats.stop();
        before.write_all(b"PING\r\n").await.unwrap();
        let mut later = connect(nats.address()).await;
        let patience = Duration::from_millis(300);
        timeout(patience, hear(&mut before, "PONG")).await.expect_err("it says nothing to whom it knows");
        timeout(patience, hear(&mut later, "INFO")).await.expect_err("nor to others");
        nats.resume();
        hear(&mut before, "PONG").await;
        hear(&mut later, "INFO").await;
    }

    #[tokio::test]
    async fn nothing_is_left_of_it_even_where_it_was_held_up() {
        let nats = Nats::start();
        let (address, folder) = (nats.address(), nats.own.folder().to_owned());
        let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert!(files.iter().any(|name| name.to_string_lossy().ends_with(".ports")), "its files are here: {files:?}");
        nats.stop();
        drop(nats);
        assert!(!folder.exists());
        try_connect(address).await.unwrap_err();
    }
}
