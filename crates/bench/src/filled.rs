//! The same with a million messages stored and with none: an installation that is years old against a new one.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinSet;

use crate::chat::{Chat, Span, TEXT, VISITORS, message};
use crate::closed::{Throughput, closed_loop};
use crate::house::{Door, Engine, House, Server};
use crate::net::put;
use crate::paced::{Delivery, open_loop};
use crate::proof::prove;

/// Conversations, and messages of each: a million.
const CONVERSATIONS: usize = 5_000;
const MESSAGES: usize = 200;
pub(crate) const STORED: usize = CONVERSATIONS * MESSAGES;
/// Who write them, one conversation after the other, at the same time.
const WRITERS: usize = 500;
const WINDOW: usize = 16;
/// Pages that are opened of each kind.
const PAGES: usize = 200;
/// Messages a second while delivery is measured.
pub(crate) const RATE: u32 = 1000;

/// One run on one installation.
pub(crate) struct Run {
    pub(crate) throughput: Throughput,
    pub(crate) delivery: Delivery,
    pub(crate) pages: Pages,
}

/// How long pages took to open, through the API.
pub(crate) struct Pages {
    /// The first of the list of all conversations.
    pub(crate) list: Vec<Duration>,
    /// The newest entries of a conversation.
    pub(crate) history: Vec<Duration>,
}

/// Everything about one engine.
pub(crate) struct Filled {
    /// Bytes that a message takes in the databases' files.
    pub(crate) size: f64,
    /// With nothing stored, and with a million messages.
    pub(crate) runs: Vec<[Run; 2]>,
}

/// Runs on a new installation and on the full one, in turn. The full one grows by what its runs write.
pub(crate) async fn filled(program: &Path, engine: &Engine<'_>, runs: usize, span: Span) -> Result<Filled> {
    let house = House::found(program, engine)?;
    let nodes = vec![house.open()?.0];
    let empty = house.size()?;
    let written = fill(&house.visitors()).await?;
    // What proves it also leaves a log behind that was taken in, so that the files hold what is stored and nothing twice.
    prove(&house, nodes, &written)?;
    let size = (house.size()? - empty) as f64 / STORED as f64;
    house.settle()?;
    let nodes = vec![house.open()?.0];
    let full: Vec<String> = written.into_iter().map(|(conversation, _)| conversation).collect();
    let mut chat = Chat::begin(&house, &nodes, VISITORS)?;
    let mut done = Vec::new();
    for _ in 0..runs {
        let new = on_a_new_one(program, engine, span).await?;
        done.push([new, run(&mut chat, &house, &nodes, &full, span).await?]);
    }
    let written = chat.end();
    prove(&house, nodes, &written)?;
    Ok(Filled { size, runs: done })
}

async fn on_a_new_one(program: &Path, engine: &Engine<'_>, span: Span) -> Result<Run> {
    let house = House::found(program, engine)?;
    let nodes = vec![house.open()?.0];
    let mut chat = Chat::begin(&house, &nodes, VISITORS)?;
    let conversations = chat.conversations.clone();
    let done = run(&mut chat, &house, &nodes, &conversations, span).await?;
    let written = chat.end();
    prove(&house, nodes, &written)?;
    Ok(done)
}

/// Pages and delivery come first: what throughput writes is what the new one would no longer be new with.
async fn run(
    chat: &mut Chat<'_, '_>,
    house: &House<'_>,
    nodes: &[Server<'_>],
    conversations: &[String],
    span: Span,
) -> Result<Run> {
    let pages = pages(nodes.first().context("a node")?, conversations)?;
    let delivery = open_loop(chat, house, RATE, span).await?;
    Ok(Run { throughput: closed_loop(chat, house, span).await?, delivery, pages })
}

fn pages(node: &Server<'_>, conversations: &[String]) -> Result<Pages> {
    let took = |line: &str| -> Result<Duration> {
        let asked = Instant::now();
        node.api(line, "")?;
        Ok(asked.elapsed())
    };
    let list = (0..PAGES).map(|_| took("GET /api/conversations?list=all")).collect::<Result<_>>()?;
    // Far from each other, so that not one page of the database serves them all.
    let step = (conversations.len() / PAGES).max(1);
    let some = conversations.iter().step_by(step).take(PAGES);
    let history = some.map(|one| took(&format!("GET /api/conversations/{one}/entries"))).collect::<Result<_>>()?;
    Ok(Pages { list, history })
}

/// Has a million messages stored through the front door; tells how many entries each conversation has.
async fn fill(door: &Door) -> Result<Vec<(String, u64)>> {
    let (next, mut writers) = (Arc::new(AtomicUsize::new(0)), JoinSet::new());
    for _ in 0..WRITERS {
        let (door, next) = (door.clone(), Arc::clone(&next));
        writers.spawn(async move {
            let mut written = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= CONVERSATIONS {
                    return anyhow::Ok(written);
                }
                // Those of `Chat` have numbers below this.
                written.push((visit(&door, VISITORS + 1 + number).await?, MESSAGES as u64));
            }
        });
    }
    let mut all = Vec::new();
    while let Some(written) = writers.join_next().await {
        all.extend(written??);
    }
    ensure!(all.len() == CONVERSATIONS, "{} of {CONVERSATIONS} conversations are full", all.len());
    Ok(all)
}

/// One visit: a conversation, filled. Gives its name back.
async fn visit(door: &Door, number: usize) -> Result<String> {
    let (mut socket, mut frames) = door.place.open().await?;
    let (mut out, mut sent, mut acknowledged) = (Vec::new(), 0, 0);
    put(&door.hello(number), &mut out);
    // The first one begins the conversation: the others wait for it.
    let (mut window, mut conversation) = (0, None);
    while acknowledged < MESSAGES {
        while sent < MESSAGES.min(acknowledged + window) {
            sent += 1;
            put(&message(sent as u64, TEXT), &mut out);
        }
        socket.write_all(&out).await?;
        out.clear();
        ensure!(socket.read_buf(frames.room()).await? > 0, "the server closed the connection");
        while let Some(frame) = frames.take()? {
            if frame.starts_with(br#"{"type":"welcome""#) {
                window = 1;
            } else if frame.starts_with(br#"{"type":"accepted""#) {
                acknowledged += 1;
                if conversation.is_none() {
                    let accepted: serde_json::Value = serde_json::from_slice(frame)?;
                    conversation = accepted["conversation"].as_str().map(str::to_owned);
                    window = WINDOW;
                }
            } else if frame.starts_with(br#"{"type":"problem""#) {
                bail!("refused: {}", String::from_utf8_lossy(frame));
            }
        }
    }
    conversation.context("a message is in a conversation")
}
