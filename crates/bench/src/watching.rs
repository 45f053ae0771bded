//! An operator who follows conversations and comes back as the dashboard does (`web/dashboard/src/socket`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::backoff::{ANSWER_WITHIN, Dice, OPEN_WITHIN, STEADY_AFTER, backoff};
use crate::net::{Frames, put};
use crate::play::{Arrival, Play, lock};

const PING_EVERY: Duration = Duration::from_secs(20);

/// One dashboard.
pub(crate) struct Watching {
    pub(crate) play: Arc<Play>,
    pub(crate) number: usize,
    /// What it follows; nobody else in this play follows the same.
    pub(crate) conversations: Vec<String>,
}

impl Watching {
    /// Follows until it is stopped. What is heard, and how far, is told to the play.
    pub(crate) async fn watch(self) -> Result<()> {
        let (mut attempt, mut dice) = (0, Dice::new(self.number + 0x1000_0000));
        loop {
            let mut welcomed = None;
            if let Ok(Ok((socket, frames))) = timeout(OPEN_WITHIN, self.play.operators.open()).await {
                self.stay(socket, frames, &mut welcomed).await.with_context(|| format!("operator {}", self.number))?;
            }
            if let Some(since) = welcomed {
                lock(&self.play.moved).insert(self.number);
                attempt = if Instant::elapsed(&since) > STEADY_AFTER { 0 } else { attempt };
            }
            sleep(backoff(attempt, dice.share())).await;
            attempt += 1;
        }
    }

    /// Until the connection is lost.
    async fn stay(&self, mut socket: TcpStream, mut frames: Frames, welcomed: &mut Option<Instant>) -> Result<()> {
        let mut out = Vec::new();
        let hello = json!({ "type": "hello", "protocol": 1, "sender": format!("{:016x}", self.number + 0x1000_0000) });
        put(&hello.to_string(), &mut out);
        let mut patience = ANSWER_WITHIN;
        loop {
            if socket.write_all(&out).await.is_err() {
                return Ok(());
            }
            out.clear();
            match timeout(patience, socket.read_buf(frames.room())).await {
                Ok(Ok(1..)) => patience = PING_EVERY,
                Ok(_) => return Ok(()),
                // It was asked and says nothing.
                Err(_) if patience == ANSWER_WITHIN => return Ok(()),
                Err(_) => {
                    put(r#"{"type":"ping"}"#, &mut out);
                    patience = ANSWER_WITHIN;
                }
            }
            while let Ok(Some(frame)) = frames.take() {
                let frame: Value = serde_json::from_slice(frame)?;
                if frame["type"] == "welcome" {
                    *welcomed = Some(Instant::now());
                    self.follow(&mut out);
                } else {
                    self.hear(&frame)?;
                }
            }
        }
    }

    fn follow(&self, out: &mut Vec<u8>) {
        let heard = lock(&self.play.heard);
        for conversation in &self.conversations {
            let after = heard.get(conversation).copied().unwrap_or_default();
            put(&json!({ "type": "follow", "conversation": conversation, "after": after }).to_string(), out);
        }
    }

    fn hear(&self, frame: &Value) -> Result<()> {
        let kind = frame["type"].as_str().unwrap_or_default();
        if kind == "problem" && frame["fatal"] != true {
            bail!("was told: {frame}");
        }
        if !matches!(kind, "message" | "event") {
            return Ok(());
        }
        let conversation = frame["conversation"].as_str().context("an entry has a conversation")?;
        let sequence = frame["sequence"].as_i64().context("an entry has a number")?;
        {
            let mut heard = lock(&self.play.heard);
            let last = heard.entry(conversation.to_owned()).or_default();
            ensure!(sequence == *last + 1, "{sequence} came after {last}");
            *last = sequence;
        }
        if let Some(written) = frame["text"].as_str().and_then(|text| self.play.written(text)) {
            let arrival =
                Arrival { operator: self.number, conversation: conversation.to_owned(), written, at: Instant::now() };
            lock(&self.play.arrivals).push(arrival);
        }
        Ok(())
    }
}
