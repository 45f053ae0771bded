//! Visitors who write and operators who receive: throughput in closed loop, delivery in open loop.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::house::{Engine, House, Server, times};
use crate::machine::{Syncs, cores, quantile};
use crate::net::{Frames, Socket, number, put};

/// Visitors.
pub(crate) const VISITORS: usize = 200;
/// Messages of a visitor that wait for their acknowledgement.
const WINDOW: usize = 8;
/// A hundred bytes of what people write.
const TEXT: &str =
    "Hello, my parcel has not arrived yet and the tracking page shows nothing new. Could you look at that";
const WARM_UP: Duration = Duration::from_secs(3);
const PING_EVERY: Duration = Duration::from_secs(20);

/// What all sockets of the generator share.
struct Tally {
    acknowledged: AtomicU64,
    delivered: AtomicU64,
    disorder: AtomicU64,
    ending: AtomicBool,
    epoch: Instant,
    delays: Mutex<Vec<Duration>>,
}

/// A visitor in a conversation.
struct Visitor {
    socket: TcpStream,
    frames: Frames,
    counter: u64,
}

/// A chat with everybody in it.
pub(crate) struct Chat<'s, 'h> {
    server: &'s Server<'h>,
    visitors: Vec<Visitor>,
    conversations: Vec<String>,
    operators: Vec<JoinHandle<Result<()>>>,
    tally: Arc<Tally>,
}

/// One run of [`Chat::closed_loop`].
pub(crate) struct Throughput {
    /// Durable acknowledged messages a second.
    pub(crate) rate: f64,
    /// Microseconds of the server's processor time per message.
    pub(crate) cost: f64,
    /// The generator's.
    pub(crate) generator: f64,
    /// The share of all cores that neither of them used, but others.
    pub(crate) others: f64,
    /// Append and sync, a second, right before.
    pub(crate) syncs: f64,
}

/// One run of [`Chat::open_loop`].
pub(crate) struct Delivery {
    pub(crate) median: Duration,
    pub(crate) slow: Duration,
    pub(crate) sync_median: Duration,
    pub(crate) sync_slow: Duration,
}

fn message(counter: u64, text: &str) -> String {
    format!(r#"{{"type":"message","counter":{counter},"text":"{text}"}}"#)
}

impl<'s, 'h> Chat<'s, 'h> {
    /// Every visitor begins a conversation; each conversation is given to a colleague and followed by one operator's
    /// socket. The sockets are the owner's, so that each hears of the conversations that it follows and of no other:
    /// what as many operators with their own conversations would hear.
    pub(crate) fn begin(house: &House<'_>, server: &'s Server<'h>, operators: usize) -> Result<Self> {
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
            let mut socket = server.visitor(index + 1)?;
            socket.say(&message(1, TEXT))?;
            let accepted: serde_json::Value = serde_json::from_str(&socket.expect("accepted")?)?;
            let conversation = accepted["conversation"].as_str().context("a message is in a conversation")?.to_owned();
            let body = format!(r#"{{"operator":"{colleague}"}}"#);
            server.api(&format!("PUT /api/conversations/{conversation}/assignment"), &body)?;
            conversations.push(conversation);
            let (socket, frames) = socket.into_async()?;
            visitors.push(Visitor { socket, frames, counter: 1 });
        }
        let mut tasks = Vec::new();
        for (index, followed) in conversations.chunks(VISITORS / operators).enumerate() {
            let mut socket = server.operator(index)?;
            let mut held = HashMap::new();
            for conversation in followed {
                socket.say(&format!(r#"{{"type":"follow","conversation":"{conversation}","after":0}}"#))?;
                let current = socket.expect("current")?;
                let last = number(current.as_bytes(), b"\"last_sequence\":").context("current says where it stands")?;
                held.insert(conversation.as_bytes().to_vec(), last);
            }
            tasks.push(tokio::spawn(receive(socket, held, Arc::clone(&tally))));
        }
        Ok(Self { server, visitors, conversations, operators: tasks, tally })
    }

    /// Every visitor keeps [`WINDOW`] messages waiting for their acknowledgement.
    pub(crate) async fn closed_loop(&mut self, house: &House<'_>, length: Duration) -> Result<Throughput> {
        let syncs = Syncs::measure(house.folder())?.per_second();
        self.tally.ending.store(false, Ordering::Relaxed);
        let before = self.tally.acknowledged.load(Ordering::Relaxed);
        let delivered_before = self.tally.delivered.load(Ordering::Relaxed);
        let writing: Vec<JoinHandle<Result<Visitor>>> =
            self.visitors.drain(..).map(|visitor| tokio::spawn(write(visitor, Arc::clone(&self.tally)))).collect();
        tokio::time::sleep(WARM_UP).await;
        let from = self.look()?;
        tokio::time::sleep(length).await;
        let to = self.look()?;
        self.tally.ending.store(true, Ordering::Relaxed);
        for visitor in writing {
            self.visitors.push(visitor.await??);
        }
        let acknowledged = self.tally.acknowledged.load(Ordering::Relaxed) - before;
        self.settle(delivered_before + acknowledged).await?;
        let messages = (to.messages - from.messages) as f64;
        let (server, generator) =
            ((to.server - from.server).as_secs_f64(), (to.generator - from.generator) as f64 / 1e2);
        let (busy, all) = ((to.cores.0 - from.cores.0) as f64 / 1e2, (to.cores.1 - from.cores.1) as f64 / 1e2);
        Ok(Throughput {
            rate: messages / (to.at - from.at).as_secs_f64(),
            cost: server * 1e6 / messages,
            generator: generator * 1e6 / messages,
            others: (busy - server - generator) / all,
            syncs,
        })
    }

    /// Visitors write in turn, `rate` messages a second in all, whether or not the server keeps up.
    pub(crate) async fn open_loop(&mut self, house: &House<'_>, rate: u32, length: Duration) -> Result<Delivery> {
        let mut syncs = Syncs::measure(house.folder())?.took;
        let (epoch, mut writers, mut readers) = (self.tally.epoch, Vec::new(), Vec::new());
        self.tally.ending.store(false, Ordering::Relaxed);
        for visitor in self.visitors.drain(..) {
            let socket = visitor.socket.into_std()?;
            writers.push((socket.try_clone()?, visitor.counter));
            readers.push(tokio::spawn(listen(TcpStream::from_std(socket)?, visitor.frames, Arc::clone(&self.tally))));
        }
        let delivered = self.tally.delivered.load(Ordering::Relaxed);
        let turns = (f64::from(rate) * (WARM_UP + length).as_secs_f64()) as usize;
        // A thread of its own, which sleeps more exactly than a runtime does.
        let writing = std::thread::spawn(move || -> Result<Vec<u64>> {
            let (start, mut frame) = (Instant::now(), Vec::new());
            for turn in 0..turns {
                let due = start + Duration::from_secs(1) * turn as u32 / rate;
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                let (socket, counter) = writers.get_mut(turn % VISITORS).context("a visitor")?;
                *counter += 1;
                // When it was due, not when the generator came to it: a late generator must not look like a fast server.
                let due = (due - epoch).as_micros();
                frame.clear();
                put(&message(*counter, &format!("{due:010} {}", &TEXT[11..])), &mut frame);
                socket.write_all(&frame)?;
            }
            Ok(writers.into_iter().map(|(_, counter)| counter).collect())
        });
        tokio::time::sleep(WARM_UP).await;
        self.tally.delays.lock().unwrap_or_else(PoisonError::into_inner).clear();
        while !writing.is_finished() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let counters = writing.join().map_err(|_| anyhow::anyhow!("the writer panicked"))??;
        self.settle(delivered + turns as u64).await?;
        self.tally.ending.store(true, Ordering::Relaxed);
        for (reader, counter) in readers.into_iter().zip(counters) {
            let (socket, frames) = reader.await??;
            self.visitors.push(Visitor { socket, frames, counter });
        }
        let mut delays = std::mem::take(&mut *self.tally.delays.lock().unwrap_or_else(PoisonError::into_inner));
        syncs.extend(Syncs::measure(house.folder())?.took);
        Ok(Delivery {
            median: quantile(&mut delays, 0.5),
            slow: quantile(&mut delays, 0.99),
            sync_median: quantile(&mut syncs, 0.5),
            sync_slow: quantile(&mut syncs, 0.99),
        })
    }

    /// Everything that was acknowledged has to arrive, once and in order.
    async fn settle(&mut self, wanted: u64) -> Result<()> {
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
    fn end(self) -> Vec<(String, u64)> {
        self.operators.iter().for_each(JoinHandle::abort);
        let counters = self.visitors.iter().map(|visitor| visitor.counter + 1);
        self.conversations.into_iter().zip(counters).collect()
    }

    fn look(&self) -> Result<Look> {
        Ok(Look {
            at: Instant::now(),
            messages: self.tally.acknowledged.load(Ordering::Relaxed),
            server: self.server.processor()?,
            generator: times("self")?.own,
            cores: cores()?,
        })
    }
}

/// Everything at one moment.
struct Look {
    at: Instant,
    messages: u64,
    server: Duration,
    generator: u64,
    cores: (u64, u64),
}

async fn write(mut visitor: Visitor, tally: Arc<Tally>) -> Result<Visitor> {
    let (mut free, mut out) = (WINDOW, Vec::new());
    loop {
        if !tally.ending.load(Ordering::Relaxed) && free > 0 {
            out.clear();
            for _ in 0..free {
                visitor.counter += 1;
                put(&message(visitor.counter, TEXT), &mut out);
            }
            free = 0;
            visitor.socket.write_all(&out).await?;
        } else if free == WINDOW {
            return Ok(visitor);
        }
        ensure!(visitor.socket.read_buf(visitor.frames.room()).await? > 0, "the server closed the connection");
        let before = free;
        while let Some(frame) = visitor.frames.take()? {
            if frame.starts_with(br#"{"type":"accepted""#) {
                free += 1;
            } else if frame.starts_with(br#"{"type":"problem""#) {
                bail!("refused: {}", String::from_utf8_lossy(frame));
            }
        }
        tally.acknowledged.fetch_add((free - before) as u64, Ordering::Relaxed);
    }
}

/// Reads what a visitor is told, until the end is due.
async fn listen(mut socket: TcpStream, mut frames: Frames, tally: Arc<Tally>) -> Result<(TcpStream, Frames)> {
    while !tally.ending.load(Ordering::Relaxed) {
        if let Ok(read) = tokio::time::timeout(Duration::from_millis(200), socket.read_buf(frames.room())).await {
            ensure!(read? > 0, "the server closed the connection");
        }
        while let Some(frame) = frames.take()? {
            if frame.starts_with(br#"{"type":"problem""#) {
                bail!("refused: {}", String::from_utf8_lossy(frame));
            }
        }
    }
    Ok((socket, frames))
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

/// Measures one engine with a number of operators' sockets.
pub(crate) async fn throughput(
    program: &std::path::Path,
    engine: &Engine<'_>,
    operators: usize,
    runs: usize,
    length: Duration,
) -> Result<Vec<Throughput>> {
    let house = House::found(program, engine)?;
    let (server, _, _) = house.open()?;
    let mut chat = Chat::begin(&house, &server, operators)?;
    let mut done = Vec::new();
    for _ in 0..runs {
        done.push(chat.closed_loop(&house, length).await?);
    }
    let written = chat.end();
    prove(&house, server, &written)?;
    Ok(done)
}

/// Measures one engine's delivery at a given rate.
pub(crate) async fn delivery(
    program: &std::path::Path,
    engine: &Engine<'_>,
    rate: u32,
    runs: usize,
    length: Duration,
) -> Result<Vec<Delivery>> {
    let house = House::found(program, engine)?;
    let (server, _, _) = house.open()?;
    let mut chat = Chat::begin(&house, &server, VISITORS)?;
    let mut done = Vec::new();
    for _ in 0..runs {
        done.push(chat.open_loop(&house, rate, length).await?);
    }
    let written = chat.end();
    prove(&house, server, &written)?;
    Ok(done)
}

/// Kills the server, starts another and asks it what is stored: exactly what was acknowledged, or the figures are worth
/// nothing.
pub(crate) fn prove(house: &House<'_>, mut server: Server<'_>, written: &[(String, u64)]) -> Result<()> {
    server.kill()?;
    drop(server);
    let (server, _, _) = house.open()?;
    for (conversation, entries) in written {
        let answer = server.api(&format!("GET /api/conversations/{conversation}"), "")?;
        let stored = number(&answer.body, b"\"last_sequence\":").context("a row tells its last entry")?;
        ensure!(stored.unsigned_abs() == *entries, "{stored} entries are stored, {entries} were acknowledged");
        let page = server.api(&format!("GET /api/conversations/{conversation}/entries"), "")?;
        let newest = format!("\"sequence\":{entries},");
        let newest = page.body.windows(newest.len()).any(|bytes| bytes == newest.as_bytes());
        ensure!(newest, "entry {entries} was acknowledged and does not open");
    }
    Ok(())
}
