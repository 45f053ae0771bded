//! Visitors who write and operators who receive. How they write is another matter: see `closed` and `paced`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::house::{House, Server};
use crate::machine::cores;
use crate::net::{Frames, Socket, number, put};
use crate::processor::times;

/// Visitors.
pub(crate) const VISITORS: usize = 200;
/// A hundred bytes of what people write.
pub(crate) const TEXT: &str =
    "Hello, my parcel has not arrived yet and the tracking page shows nothing new. Could you look at that";
const PING_EVERY: Duration = Duration::from_secs(20);

/// How long a run goes.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    /// Before anything counts.
    pub(crate) warm_up: Duration,
    pub(crate) length: Duration,
}

/// What all sockets of the generator share.
pub(crate) struct Tally {
    pub(crate) acknowledged: AtomicU64,
    pub(crate) delivered: AtomicU64,
    disorder: AtomicU64,
    pub(crate) ending: AtomicBool,
    pub(crate) epoch: Instant,
    pub(crate) delays: Mutex<Vec<Duration>>,
}

/// A visitor in a conversation.
pub(crate) struct Visitor {
    pub(crate) socket: TcpStream,
    pub(crate) frames: Frames,
    pub(crate) counter: u64,
}

/// A chat with everybody in it.
pub(crate) struct Chat<'s, 'h> {
    house: &'s House<'h>,
    nodes: &'s [Server<'s>],
    pub(crate) visitors: Vec<Visitor>,
    pub(crate) conversations: Vec<String>,
    operators: Vec<JoinHandle<Result<()>>>,
    pub(crate) tally: Arc<Tally>,
}

pub(crate) fn message(counter: u64, text: &str) -> String {
    format!(r#"{{"type":"message","counter":{counter},"text":"{text}"}}"#)
}

impl<'s, 'h> Chat<'s, 'h> {
    /// Every visitor begins a conversation; each conversation is given to a colleague and followed by one operator's
    /// socket. The sockets are the owner's, so that each hears of the conversations that it follows and of no other:
    /// what as many operators with their own conversations would hear. Visitors come to the nodes in turn, and so do
    /// operators: what half of the visitors say passes from node to node where there are two.
    pub(crate) fn begin(house: &'s House<'h>, nodes: &'s [Server<'s>], operators: usize) -> Result<Self> {
        let node = |index: usize| nodes.get(index % nodes.len()).context("a chat has a node");
        let colleague = house.add_operator()?;
        let tally = Arc::new(Tally {
            acknowledged: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            disorder: AtomicU64::new(0),
            ending: AtomicBool::new(false),
            epoch: Instant::now(),
            delays: Mutex::default(),
        });
        let (mut visitors, mut conversations) = (Vec::new(), Vec::new());
        for index in 0..VISITORS {
            let mut socket = node(index)?.visitor(index + 1)?;
            socket.say(&message(1, TEXT))?;
            let accepted: serde_json::Value = serde_json::from_str(&socket.expect("accepted")?)?;
            let conversation = accepted["conversation"].as_str().context("a message is in a conversation")?.to_owned();
            node(index)?.assign(&conversation, &colleague)?;
            conversations.push(conversation);
            let (socket, frames) = socket.into_async()?;
            visitors.push(Visitor { socket, frames, counter: 1 });
        }
        let mut tasks = Vec::new();
        for (index, followed) in conversations.chunks(VISITORS / operators).enumerate() {
            let mut socket = node(index)?.operator(index)?;
            let mut held = HashMap::new();
            for conversation in followed {
                socket.say(&format!(r#"{{"type":"follow","conversation":"{conversation}","after":0}}"#))?;
                let current = socket.expect("current")?;
                let last = number(current.as_bytes(), b"\"last_sequence\":").context("current says where it stands")?;
                held.insert(conversation.as_bytes().to_vec(), last);
            }
            tasks.push(tokio::spawn(receive(socket, held, Arc::clone(&tally))));
        }
        Ok(Self { house, nodes, visitors, conversations, operators: tasks, tally })
    }

    /// Everything that was acknowledged has to arrive, once and in order.
    pub(crate) async fn settle(&mut self, wanted: u64) -> Result<()> {
        let start = Instant::now();
        while self.tally.delivered.load(Ordering::Relaxed) < wanted {
            if self.operators.iter().any(JoinHandle::is_finished) {
                for operator in self.operators.drain(..).filter(JoinHandle::is_finished) {
                    operator.await??;
                }
            }
            let arrived = self.tally.delivered.load(Ordering::Relaxed);
            ensure!(start.elapsed() < Duration::from_secs(15), "{arrived} of {wanted} messages arrived");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let arrived = self.tally.delivered.load(Ordering::Relaxed);
        ensure!(arrived == wanted, "{arrived} messages arrived, but {wanted} were written");
        let disorder = self.tally.disorder.load(Ordering::Relaxed);
        ensure!(disorder == 0, "{disorder} messages came out of order");
        Ok(())
    }

    /// How many entries each conversation must have for good: the visitor's messages and the one assignment.
    pub(crate) fn end(self) -> Vec<(String, u64)> {
        self.operators.iter().for_each(JoinHandle::abort);
        let counters = self.visitors.iter().map(|visitor| visitor.counter + 1);
        self.conversations.into_iter().zip(counters).collect()
    }

    pub(crate) fn look(&self) -> Result<Look> {
        let mut server = self.house.processor()?;
        for node in self.nodes {
            server += node.processor()?;
        }
        Ok(Look {
            at: Instant::now(),
            messages: self.tally.acknowledged.load(Ordering::Relaxed),
            server,
            generator: Duration::from_millis(times("self")?.own * 10),
            cores: cores()?,
        })
    }

    pub(crate) fn take_delays(&self) -> Vec<Duration> {
        std::mem::take(&mut *self.tally.delays.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Everything at one moment.
pub(crate) struct Look {
    at: Instant,
    messages: u64,
    server: Duration,
    generator: Duration,
    cores: (u64, u64),
}

/// What messages cost between two looks.
pub(crate) struct Cost {
    /// Messages a second.
    pub(crate) rate: f64,
    /// Microseconds of the servers' processor time per message.
    pub(crate) server: f64,
    /// The generator's.
    pub(crate) generator: f64,
    /// The share of all cores that neither of them used, but others.
    pub(crate) others: f64,
}

impl Look {
    pub(crate) fn until(&self, later: &Self) -> Cost {
        let messages = (later.messages - self.messages) as f64;
        let (server, generator) =
            ((later.server - self.server).as_secs_f64(), (later.generator - self.generator).as_secs_f64());
        // Ticks of 10 ms.
        let ticks = |from: u64, to: u64| (to - from) as f64 / 1e2;
        let (busy, all) = (ticks(self.cores.0, later.cores.0), ticks(self.cores.1, later.cores.1));
        Cost {
            rate: messages / (later.at - self.at).as_secs_f64(),
            server: server * 1e6 / messages,
            generator: generator * 1e6 / messages,
            others: (busy - server - generator) / all,
        }
    }
}

/// Reads what an operator is told: every entry of a conversation has to follow the one before.
async fn receive(socket: Socket, mut held: HashMap<Vec<u8>, i64>, tally: Arc<Tally>) -> Result<()> {
    const HEAD: &[u8] = br#"{"type":"message","conversation":""#;
    const NAME: usize = 26;
    let (mut socket, mut frames) = socket.into_async()?;
    let (mut ping, mut pinged) = (Vec::new(), Instant::now());
    put(r#"{"type":"ping"}"#, &mut ping);
    loop {
        if let Ok(read) = tokio::time::timeout(PING_EVERY, socket.read_buf(frames.room())).await {
            ensure!(read? > 0, "the server closed the connection");
        }
        if pinged.elapsed() > PING_EVERY {
            socket.write_all(&ping).await?;
            pinged = Instant::now();
        }
        let mut arrived = 0;
        while let Some(frame) = frames.take()? {
            if let Some(rest) = frame.strip_prefix(HEAD) {
                arrived += 1;
                let (name, rest) = rest.split_at_checked(NAME).context("a conversation has a name")?;
                let sequence = number(rest, b"\"sequence\":").context("a message has a number")?;
                let last = held.get_mut(name).context("only what is followed arrives")?;
                if sequence != *last + 1 {
                    tally.disorder.fetch_add(1, Ordering::Relaxed);
                }
                *last = sequence;
                // In open loop a text begins with the moment it was due.
                if let Some(due) = number(rest, b"\"text\":\"").filter(|due| *due > 0) {
                    let due = tally.epoch + Duration::from_micros(due.unsigned_abs());
                    tally.delays.lock().unwrap_or_else(PoisonError::into_inner).push(due.elapsed());
                }
            } else if frame.starts_with(br#"{"type":"problem""#) {
                bail!("an operator was told: {}", String::from_utf8_lossy(frame));
            }
        }
        tally.delivered.fetch_add(arrived, Ordering::Relaxed);
    }
}
