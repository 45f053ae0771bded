//! A house as it is on a busy day, for as long as one likes: 500 visitors and 50 operators at the pace of people. Nothing may
//! be lost, and memory has to stay where it is.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::backoff::Dice;
use crate::house::{Engine, House};
use crate::machine::quantile;
use crate::net::{Socket, put};
use crate::parts::JUDGED_FROM;
use crate::proof::prove;

const VISITORS: usize = 500;
/// Messages that each visitor has written before: 125,000 in all, which is more than the writer's cache holds.
const SAID_BEFORE: u64 = 250;
const AT_ONCE: usize = 25;
const OPERATORS: usize = 50;
/// A visitor writes this often, give or take a half.
const WRITES_EVERY: Duration = Duration::from_secs(10);
/// An operator answers after, up to twice as long.
const ANSWERS_AFTER: Duration = Duration::from_secs(2);
const LOOKED_AT_EVERY: Duration = Duration::from_secs(5);
const PING_EVERY: Duration = Duration::from_secs(20);
/// After the last word, everything has arrived within.
const SETTLES_WITHIN: Duration = Duration::from_secs(15);

/// What came of it.
pub(crate) struct Soak {
    pub(crate) messages: u64,
    pub(crate) acknowledgement: [Duration; 3],
    pub(crate) delivery: [Duration; 3],
    /// MiB, from the first to the last sample.
    pub(crate) memory: Vec<f64>,
    /// MiB a minute in the second half, when everything that is kept for a while has been kept once.
    pub(crate) slope: f64,
}

/// What all sockets share.
struct Tally {
    epoch: Instant,
    ending: AtomicBool,
    sent: AtomicU64,
    acknowledged: AtomicU64,
    delivered: AtomicU64,
    acknowledgement: Mutex<Vec<Duration>>,
    delivery: Mutex<Vec<Duration>>,
}

/// A socket with what it has said and heard. A text begins with the moment at which it was said.
struct Person {
    socket: tokio::net::TcpStream,
    frames: crate::net::Frames,
    tally: Arc<Tally>,
    /// By conversation: the last number heard, the last counter used.
    lines: HashMap<String, (i64, i64)>,
    /// When what was said, by conversation and counter.
    waiting: HashMap<(String, i64), Instant>,
    /// To be said, soonest last.
    due: Vec<(Instant, String)>,
    pinged: Instant,
    is_visitor: bool,
    dice: Dice,
}

impl Person {
    fn new(socket: Socket, tally: &Arc<Tally>, lines: HashMap<String, (i64, i64)>, number: usize) -> Result<Self> {
        let is_visitor = lines.len() == 1 && lines.values().all(|(_, counter)| *counter > 0);
        let (socket, frames) = socket.into_async()?;
        Ok(Self {
            socket,
            frames,
            tally: Arc::clone(tally),
            lines,
            waiting: HashMap::new(),
            due: Vec::new(),
            pinged: Instant::now(),
            is_visitor,
            dice: Dice::new(number),
        })
    }

    /// A part of `span`, from none to all.
    fn part_of(&mut self, span: Duration) -> Duration {
        span.mul_f64(self.dice.share())
    }

    fn plan(&mut self, conversation: String, after: Duration) {
        let at = Instant::now() + after;
        let place = self.due.partition_point(|(other, _)| *other > at);
        self.due.insert(place, (at, conversation));
    }

    async fn live(mut self) -> Result<HashMap<String, (i64, i64)>> {
        if self.is_visitor {
            let first = self.part_of(WRITES_EVERY);
            let conversation = self.lines.keys().next().context("a visitor has a conversation")?.clone();
            self.plan(conversation, first);
        }
        loop {
            let ending = self.tally.ending.load(Ordering::Relaxed);
            if ending && self.waiting.is_empty() {
                let all = self.tally.sent.load(Ordering::Relaxed);
                if self.tally.delivered.load(Ordering::Relaxed) >= all {
                    return Ok(self.lines);
                }
            }
            let now = Instant::now();
            while !ending && self.due.last().is_some_and(|(at, _)| *at <= now) {
                let (_, conversation) = self.due.pop().context("it is there")?;
                self.say(conversation).await?;
            }
            if self.pinged.elapsed() > PING_EVERY {
                self.pinged = now;
                self.write(&json!({ "type": "ping" })).await?;
            }
            let next = self.due.last().map_or(Duration::from_millis(100), |(at, _)| at.saturating_duration_since(now));
            let read = self.socket.read_buf(self.frames.room());
            if let Ok(read) = tokio::time::timeout(next.min(Duration::from_millis(100)), read).await {
                ensure!(read? > 0, "the server closed the connection");
                self.hear()?;
            }
        }
    }

    async fn say(&mut self, conversation: String) -> Result<()> {
        let (_, counter) = self.lines.get_mut(&conversation).context("a conversation of ours")?;
        *counter += 1;
        let text =
            format!("{:012} It takes a while to type this, as people do", self.tally.epoch.elapsed().as_micros());
        let mut frame = json!({ "type": "message", "counter": *counter, "text": text });
        if !self.is_visitor {
            frame["conversation"] = conversation.as_str().into();
        }
        self.waiting.insert((conversation.clone(), *counter), Instant::now());
        self.tally.sent.fetch_add(1, Ordering::Relaxed);
        self.write(&frame).await?;
        if self.is_visitor {
            let after = WRITES_EVERY / 2 + self.part_of(WRITES_EVERY);
            self.plan(conversation, after);
        }
        Ok(())
    }

    async fn write(&mut self, frame: &Value) -> Result<()> {
        let mut bytes = Vec::new();
        put(&frame.to_string(), &mut bytes);
        Ok(self.socket.write_all(&bytes).await?)
    }

    fn hear(&mut self) -> Result<()> {
        let mut answers = Vec::new();
        while let Some(frame) = self.frames.take()? {
            let frame: Value = serde_json::from_slice(frame)?;
            let kind = frame["type"].as_str().unwrap_or_default();
            if kind == "problem" {
                bail!("somebody was told: {frame}");
            }
            if !matches!(kind, "accepted" | "message" | "event") {
                continue;
            }
            let conversation = frame["conversation"].as_str().unwrap_or_default().to_owned();
            let (held, _) = self.lines.get_mut(&conversation).context("only what is ours arrives")?;
            let sequence = frame["sequence"].as_i64().unwrap_or_default();
            ensure!(sequence == *held + 1, "{sequence} came after {held}");
            *held = sequence;
            if kind == "accepted" {
                let counter = frame["counter"].as_i64().unwrap_or_default();
                let since = self.waiting.remove(&(conversation, counter)).context("acknowledged once")?;
                self.tally.acknowledged.fetch_add(1, Ordering::Relaxed);
                lock(&self.tally.acknowledgement).push(since.elapsed());
            } else if kind == "message" {
                let at: u64 = frame["text"].as_str().and_then(|text| text.get(..12)).context("a moment")?.parse()?;
                let took = self.tally.epoch.elapsed().saturating_sub(Duration::from_micros(at));
                lock(&self.tally.delivery).push(took);
                self.tally.delivered.fetch_add(1, Ordering::Relaxed);
                if !self.is_visitor {
                    answers.push(conversation);
                }
            }
        }
        for conversation in answers {
            let after = ANSWERS_AFTER + self.part_of(ANSWERS_AFTER);
            self.plan(conversation, after);
        }
        Ok(())
    }
}

fn lock(delays: &Mutex<Vec<Duration>>) -> std::sync::MutexGuard<'_, Vec<Duration>> {
    delays.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Least squares over equally spaced samples, per sample.
fn slope(samples: &[f64]) -> f64 {
    let count = samples.len() as f64;
    let (mean_x, mean_y) = ((count - 1.0) / 2.0, samples.iter().sum::<f64>() / count);
    let pairs = || samples.iter().enumerate().map(|(x, y)| (x as f64 - mean_x, y - mean_y));
    let spread: f64 = pairs().map(|(x, _)| x * x).sum();
    if spread > 0.0 { pairs().map(|(x, y)| x * y).sum::<f64>() / spread } else { 0.0 }
}

/// Chats for so long on one engine; then the server is killed and asked what is stored.
pub(crate) async fn soak(program: &Path, engine: &Engine<'_>, length: Duration) -> Result<Soak> {
    let house = House::found(program, engine)?;
    let (server, _, _) = house.open()?;
    let tally = Arc::new(Tally {
        epoch: Instant::now(),
        ending: AtomicBool::new(false),
        sent: AtomicU64::new(0),
        acknowledged: AtomicU64::new(0),
        delivered: AtomicU64::new(0),
        acknowledgement: Mutex::default(),
        delivery: Mutex::default(),
    });
    let mut people = Vec::new();
    let mut conversations = Vec::new();
    let colleague = house.add_operator()?;
    // A house that has been open for long: what the database keeps of its pages is full before anybody looks at memory.
    let before = if length < JUDGED_FROM { 1 } else { SAID_BEFORE };
    let line = (before.cast_signed(), before.cast_signed());
    for number in 1..=VISITORS {
        let mut socket = server.visitor(number)?;
        let mut accepted = Value::Null;
        // Some at a time, or the first visitors would be silent for too long before the last one has begun.
        for from in (1..=before).step_by(AT_ONCE) {
            let counters = from..=before.min(from + AT_ONCE as u64 - 1);
            for counter in counters.clone() {
                socket.say(&crate::chat::message(counter, crate::chat::TEXT))?;
            }
            for _ in counters {
                accepted = serde_json::from_str(&socket.expect("accepted")?)?;
            }
        }
        let conversation = accepted["conversation"].as_str().context("a message is in a conversation")?.to_owned();
        server.assign(&conversation, &colleague)?;
        // The assignment is told to the visitor too.
        people.push(Person::new(socket, &tally, HashMap::from([(conversation.clone(), line)]), number)?);
        conversations.push(conversation);
    }
    for (number, followed) in conversations.chunks(VISITORS / OPERATORS).enumerate() {
        let mut socket = server.operator(number)?;
        let mut lines = HashMap::new();
        for conversation in followed {
            socket.say(&json!({ "type": "follow", "conversation": conversation, "after": 0 }).to_string())?;
            let current: Value = serde_json::from_str(&socket.expect("current")?)?;
            lines.insert(conversation.clone(), (current["last_sequence"].as_i64().unwrap_or_default(), 0));
        }
        people.push(Person::new(socket, &tally, lines, VISITORS + number)?);
    }
    let living: Vec<_> = people.into_iter().map(|person| tokio::spawn(person.live())).collect();
    let (start, mut memory) = (Instant::now(), Vec::new());
    while start.elapsed() < length {
        tokio::time::sleep(LOOKED_AT_EVERY.min(length.saturating_sub(start.elapsed()))).await;
        memory.push(server.memory()? as f64 / 1024.0 / 1024.0);
        ensure!(!living.iter().any(tokio::task::JoinHandle::is_finished), "somebody's connection ended");
    }
    tally.ending.store(true, Ordering::Relaxed);
    let mut stored: HashMap<String, i64> = HashMap::new();
    for person in living {
        let lines = tokio::time::timeout(SETTLES_WITHIN, person).await.with_context(|| {
            let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
            let (sent, heard) = (count(&tally.sent), count(&tally.delivered));
            format!("{sent} messages were sent, {} acknowledged, {heard} arrived", count(&tally.acknowledged))
        })???;
        for (conversation, (held, _)) in lines {
            let known = stored.entry(conversation).or_insert(held);
            ensure!(*known == held, "one side holds {known}, the other {held}");
        }
    }
    let messages = tally.acknowledged.load(Ordering::Relaxed);
    ensure!(messages == tally.sent.load(Ordering::Relaxed) && messages == tally.delivered.load(Ordering::Relaxed));
    let written: Vec<_> = stored.into_iter().map(|(conversation, held)| (conversation, held.unsigned_abs())).collect();
    ensure!(written.len() == VISITORS, "{} conversations", written.len());
    prove(&house, vec![server], &written)?;
    let quantiles = |delays: &Mutex<Vec<Duration>>| {
        let mut delays = std::mem::take(&mut *lock(delays));
        [0.5, 0.99, 1.0].map(|part| quantile(&mut delays, part))
    };
    let per_minute = Duration::from_secs(60).as_secs_f64() / LOOKED_AT_EVERY.as_secs_f64();
    Ok(Soak {
        messages,
        acknowledgement: quantiles(&tally.acknowledgement),
        delivery: quantiles(&tally.delivery),
        slope: slope(memory.get(memory.len() / 2..).unwrap_or_default()) * per_minute,
        memory,
    })
}

#[cfg(test)]
mod tests {
    use super::slope;

    #[test]
    fn a_slope_is_what_grows_per_sample() {
        assert!((slope(&[1.0, 3.0, 5.0, 7.0]) - 2.0).abs() < 1e-9);
        assert!(slope(&[4.0, 4.0, 4.0]).abs() < 1e-9);
        assert!(slope(&[5.0]).abs() < 1e-9);
    }
}
