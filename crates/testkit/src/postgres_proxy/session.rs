//! One connection through the proxy.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::AsyncWriteExt as _;
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};

use super::wire::{Message, too_many_connections};
use super::{Break, Plan};
use crate::loopback::try_connect;

/// What is known of the connection's transaction.
#[derive(Default)]
struct Session {
    /// Texts of prepared statements by their names, and of portals by theirs.
    prepared: HashMap<String, String>,
    portals: HashMap<String, String>,
    /// What ran in this transaction.
    statements: Vec<String>,
    is_read_only: bool,
    /// A commit is on its way, and its answer breaks the connection.
    breaking: Option<Break>,
}

impl Session {
    /// The text that a message runs, if it runs any.
    fn text(&mut self, message: &Message) -> Option<String> {
        let mut texts = message.texts();
        let mut next = || texts.next().unwrap_or_default();
        match message.kind {
            b'Q' => return Some(next()),
            b'P' => {
                self.prepared.insert(next(), next());
            }
            b'B' => {
                let (portal, statement) = (next(), next());
                let text = self.prepared.get(&statement).cloned().unwrap_or_default();
                self.portals.insert(portal, text);
            }
            b'E' => return self.portals.get(&next()).cloned(),
            _ => {}
        }
        None
    }

    /// Takes note of what is run; whether it commits something.
    fn run(&mut self, text: &str) -> bool {
        let mut commits = false;
        for part in text.split(';') {
            let words: Vec<_> = part.split_whitespace().map(str::to_uppercase).collect();
            match words.first().map(String::as_str) {
                Some("BEGIN" | "START") => {
                    self.statements.clear();
                    self.is_read_only = words.windows(2).any(|pair| pair == ["READ", "ONLY"]);
                }
                Some("COMMIT" | "END") => commits = !self.is_read_only,
                _ => self.statements.push(part.to_owned()),
            }
        }
        commits
    }
}

struct Both<'p> {
    session: Mutex<Session>,
    plan: &'p Plan,
}

impl Both<'_> {
    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves a connection until either side or the plan ends it; dropping both ends is the break.
pub(super) async fn serve(client: TcpStream, target: SocketAddr, plan: Arc<Plan>) {
    // Whoever notices that it ended, knows.
    let _ = forward(client, target, &plan).await;
}

async fn forward(mut client: TcpStream, target: SocketAddr, plan: &Plan) -> io::Result<()> {
    let mut first = Message::first(&mut client).await?;
    while first.asks_for_encryption() {
        client.write_all(b"N").await?;
        first = Message::first(&mut client).await?;
    }
    if plan.state().is_full {
        client.write_all(&too_many_connections()).await?;
        return client.shutdown().await;
    }
    let mut server = try_connect(target).await?;
    server.set_nodelay(true)?;
    server.write_all(&first.bytes).await?;
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let both = Both { session: Mutex::default(), plan };
    tokio::select! {
        end = ask(from_client, to_server, &both) => end,
        end = answer(from_server, to_client, &both) => end,
    }
}

async fn ask(from: ReadHalf<'_>, mut to: WriteHalf<'_>, both: &Both<'_>) -> io::Result<()> {
    let mut from = BufReader::new(from);
    while let Some(message) = Message::read(&mut from).await? {
        let commit = {
            let session = &mut *both.session();
            let commits = session.text(&message).is_some_and(|text| session.run(&text));
            commits.then(|| both.plan.commit(&std::mem::take(&mut session.statements)))
        };
        if let Some((delay, breaking)) = commit {
            tokio::time::sleep(delay).await;
            if breaking == Some(Break::BeforeCommit) {
                both.plan.sprung();
                return Ok(());
            }
            both.session().breaking = breaking;
        }
        to.write_all(&message.bytes).await?;
    }
    Ok(())
}

async fn answer(from: ReadHalf<'_>, mut to: WriteHalf<'_>, both: &Both<'_>) -> io::Result<()> {
    let mut from = BufReader::new(from);
    while let Some(message) = Message::read(&mut from).await? {
        // "ROLLBACK" is the answer to a COMMIT of what had failed before.
        let has_committed = message.kind == b'C' && message.texts().next().is_some_and(|tag| tag == "COMMIT");
        let breaking = if has_committed { both.session().breaking.take() } else { None };
        let mut mended = both.plan.mended.subscribe();
        match breaking {
            None => to.write_all(&message.bytes).await?,
            Some(Break::BeforeCommit | Break::AfterCommit) => {
                both.plan.sprung();
                return Ok(());
            }
            Some(Break::SilentAfterCommit) => {
                both.plan.sprung();
                // An error means that the proxy itself has gone.
                let _ = mended.changed().await;
                return Ok(());
            }
        }
    }
    Ok(())
}
