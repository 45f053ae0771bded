//! A visitor who behaves as the messenger does (`web/widget/src/messenger`): writes now and then, keeps what is not
//! acknowledged, comes back by itself when the connection is lost, and sends it again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{sleep, sleep_until, timeout};

use crate::backoff::{ANSWER_WITHIN, Dice, OPEN_WITHIN, STEADY_AFTER, after_server, backoff};
use crate::net::put;
use crate::play::{Moment, Play, lock};

/// Messages that may wait for their acknowledgement.
const WINDOW: usize = 32;
const PING_EVERY: Duration = Duration::from_secs(20);

/// One page load.
pub(crate) struct Returning {
    play: Arc<Play>,
    number: usize,
    dice: Dice,
    token: Option<String>,
    pub(crate) conversation: Option<String>,
    /// When each message was written, by counter from 1.
    written: Vec<Instant>,
    /// Under which number each was acknowledged, and 0 before that.
    pub(crate) numbers: Vec<i64>,
    /// So many from the first on are acknowledged.
    acknowledged: usize,
    /// So many went out on this connection, or before it and were acknowledged.
    sent: usize,
    /// The last entry of all that came without a gap, and those that came beyond.
    held: i64,
    beyond: BTreeSet<i64>,
    attempt: u32,
    retries: u32,
    welcomed: Option<Instant>,
    is_returning: bool,
    is_unheard: bool,
    writes_at: Instant,
    holds_until: Instant,
    pings_at: Instant,
    /// When the server has to have said something.
    deadline: Option<Instant>,
}

/// How a connection ended.
enum End {
    Done,
    /// With the wait that the server named, if it did.
    Lost(Option<Duration>),
}

impl Returning {
    pub(crate) fn new(play: &Arc<Play>, number: usize) -> Self {
        let now = Instant::now();
        Self {
            play: Arc::clone(play),
            number,
            dice: Dice::new(number),
            token: None,
            conversation: None,
            written: Vec::new(),
            numbers: Vec::new(),
            acknowledged: 0,
            sent: 0,
            held: 0,
            beyond: BTreeSet::new(),
            attempt: 0,
            retries: 0,
            welcomed: None,
            is_returning: false,
            is_unheard: false,
            writes_at: now,
            holds_until: now,
            pings_at: now,
            deadline: None,
        }
    }

    /// From the first connection until nobody writes any more and all of theirs is acknowledged.
    pub(crate) async fn visit(mut self) -> Result<Self> {
        sleep(self.play.habits.come_within.mul_f64(self.dice.share())).await;
        self.write();
        loop {
            let End::Lost(named) = self.stay().await.with_context(|| format!("visitor {}", self.number))? else {
                ensure!(self.beyond.is_empty(), "visitor {} never heard what came after {}", self.number, self.held);
                return Ok(self);
            };
            self.lose();
            let wait = named.unwrap_or_else(|| backoff(self.attempt, self.dice.share()));
            // As there: a wait that the server named is no failed attempt.
            self.attempt += u32::from(named.is_none());
            sleep(wait).await;
        }
    }

    fn lose(&mut self) {
        let Some(since) = self.welcomed.take() else { return };
        if since.elapsed() > STEADY_AFTER {
            self.attempt = 0;
        }
        self.play.here.fetch_sub(1, Ordering::Relaxed);
        self.play.lost.fetch_add(1, Ordering::Relaxed);
        (self.is_returning, self.is_unheard) = (true, true);
        if self.play.habits.write_when_lost && self.acknowledged == self.written.len() && !self.play.is_ending() {
            self.write();
        }
    }

    fn write(&mut self) {
        self.written.push(Instant::now());
        self.numbers.push(0);
    }

    async fn stay(&mut self) -> Result<End> {
        let play = Arc::clone(&self.play);
        let Ok(Ok((mut socket, mut frames))) = timeout(OPEN_WITHIN, play.visitors.place.open()).await else {
            return Ok(End::Lost(None));
        };
        let mut out = Vec::new();
        self.greet(&mut out);
        loop {
            self.due(&mut out);
            if !out.is_empty() && socket.write_all(&out).await.is_err() {
                return Ok(End::Lost(None));
            }
            out.clear();
            let is_ending = play.is_ending();
            if is_ending && self.welcomed.is_some() && self.acknowledged == self.written.len() {
                return Ok(End::Done);
            }
            tokio::select! {
                read = socket.read_buf(frames.room()) => if !matches!(read, Ok(1..)) {
                    return Ok(End::Lost(None));
                },
                () = sleep_until(self.wakes_at().into()) => if self.deadline.is_some_and(|at| at <= Instant::now()) {
                    return Ok(End::Lost(None));
                },
                () = play.ended(), if !is_ending => {}
            }
            loop {
                // A close frame is an end like others.
                let frame = match frames.take() {
                    Ok(Some(frame)) => serde_json::from_slice(frame)?,
                    Ok(None) => break,
                    Err(_) => return Ok(End::Lost(None)),
                };
                self.deadline = None;
                if let Some(end) = self.hear(&frame)? {
                    return Ok(end);
                }
            }
        }
    }

    fn greet(&mut self, out: &mut Vec<u8>) {
        let now = Instant::now();
        let hello = json!({
            "type": "hello", "protocol": 1, "sender": format!("{:016x}", self.number + 1), "widget": self.play.visitors.widget,
            "token": self.token, "after": (self.held > 0).then_some(self.held),
        });
        put(&hello.to_string(), out);
        (self.sent, self.holds_until, self.pings_at) = (self.acknowledged, now, now + PING_EVERY);
        self.deadline = Some(now + ANSWER_WITHIN);
    }

    /// What has to be said now.
    fn due(&mut self, out: &mut Vec<u8>) {
        let now = Instant::now();
        if self.acknowledged > 0 && self.writes_at <= now && !self.play.is_ending() {
            self.write();
            self.writes_at = now + self.play.habits.write_every;
        }
        if self.welcomed.is_none() {
            return;
        }
        if self.pings_at <= now {
            put(r#"{"type":"ping"}"#, out);
            self.pings_at = now + PING_EVERY;
        }
        // The first one begins the conversation, and the others wait for it.
        let window = if self.conversation.is_some() { WINDOW } else { 1 };
        while self.holds_until <= now && self.sent < self.written.len().min(self.acknowledged + window) {
            let text = self.play.text(self.written[self.sent], self.sent + 1);
            self.sent += 1;
            put(&json!({ "type": "message", "counter": self.sent, "text": text }).to_string(), out);
        }
        if !out.is_empty() {
            self.deadline.get_or_insert(now + ANSWER_WITHIN);
        }
    }

    fn wakes_at(&self) -> Instant {
        let mut at = self.pings_at;
        if self.acknowledged > 0 && !self.play.is_ending() {
            at = at.min(self.writes_at);
        }
        // What is held back goes out when the wait is over.
        if self.sent < self.written.len() && self.welcomed.is_some() && self.holds_until > Instant::now() {
            at = at.min(self.holds_until);
        }
        at.min(self.deadline.unwrap_or(at))
    }

    fn hear(&mut self, frame: &Value) -> Result<Option<End>> {
        let number = |name: &str| frame[name].as_i64().unwrap_or_default();
        match frame["type"].as_str().unwrap_or_default() {
            "welcome" => self.welcome(frame)?,
            "accepted" => {
                self.take_in(frame)?;
                self.stored(number("counter"), number("sequence"))?;
            }
            // What one has written oneself comes back where its acknowledgement was lost.
            "message" => {
                self.take_in(frame)?;
                if frame["sender"] == format!("{:016x}", self.number + 1) {
                    self.stored(number("counter"), number("sequence"))?;
                }
            }
            "event" => self.take_in(frame)?,
            "problem" => return self.problem(frame),
            _ => {}
        }
        Ok(None)
    }

    fn welcome(&mut self, frame: &Value) -> Result<()> {
        let now = Instant::now();
        if let Some(token) = frame["token"].as_str() {
            ensure!(self.token.is_none(), "a token that was issued is not known any more");
            self.token = Some(token.to_owned());
        }
        let last = frame["conversation"]["last_sequence"].as_i64().unwrap_or_default();
        ensure!(last >= self.held, "{last} entries are left where {} had come", self.held);
        self.welcomed = Some(now);
        self.play.here.fetch_add(1, Ordering::Relaxed);
        if std::mem::take(&mut self.is_returning) {
            lock(&self.play.returns).push(Moment { visitor: self.number, at: now });
        }
        Ok(())
    }

    /// An entry has come.
    fn take_in(&mut self, frame: &Value) -> Result<()> {
        let conversation = frame["conversation"].as_str().context("an entry has a conversation")?;
        let known = self.conversation.get_or_insert_with(|| conversation.to_owned());
        ensure!(known == conversation, "one token, and two conversations");
        let sequence = frame["sequence"].as_i64().context("an entry has a number")?;
        if sequence > self.held {
            self.beyond.insert(sequence);
        }
        while self.beyond.remove(&(self.held + 1)) {
            self.held += 1;
        }
        Ok(())
    }

    fn stored(&mut self, counter: i64, sequence: i64) -> Result<()> {
        let index = usize::try_from(counter - 1).context("counters begin with 1")?;
        let number = self.numbers.get_mut(index).context("only what was written is acknowledged")?;
        ensure!(
            *number == 0 || *number == sequence,
            "message {counter} was acknowledged as {number} and as {sequence}"
        );
        if *number == 0 {
            *number = sequence;
        }
        if self.acknowledged == 0 {
            self.play.begun.fetch_add(1, Ordering::Relaxed);
            self.writes_at = Instant::now() + self.play.habits.write_every.mul_f64(self.dice.share());
        }
        while self.numbers.get(self.acknowledged).is_some_and(|number| *number > 0) {
            self.acknowledged += 1;
        }
        self.retries = 0;
        if std::mem::take(&mut self.is_unheard) {
            lock(&self.play.spoken).push(Moment { visitor: self.number, at: Instant::now() });
        }
        Ok(())
    }

    fn problem(&mut self, frame: &Value) -> Result<Option<End>> {
        let named = frame["retry_after_ms"].as_u64().map(Duration::from_millis);
        let code = frame["code"].as_str().unwrap_or_default();
        if frame["fatal"] == true && matches!(code, "restarting" | "slow" | "busy" | "unavailable" | "rate_limited") {
            let moment = Duration::from_secs(1);
            let named = if matches!(code, "restarting" | "slow") { named } else { named.or(Some(moment)) };
            return Ok(Some(End::Lost(named.map(|wait| after_server(wait, self.dice.share())))));
        }
        match code {
            "rate_limited" | "busy" | "unavailable" => {
                let wait = named.unwrap_or_else(|| backoff(self.retries, self.dice.share()));
                self.retries += 1;
                (self.sent, self.holds_until) = (self.acknowledged, Instant::now() + wait);
            }
            // Those behind one that was refused: they go out again with it.
            "counter_gap" if self.holds_until > Instant::now() => {}
            _ => bail!("was told: {frame}"),
        }
        Ok(None)
    }
}
