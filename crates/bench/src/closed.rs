//! Throughput: visitors in closed loop, each with a few messages waiting for their acknowledgement.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::{Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinHandle;

use crate::chat::{Chat, Cost, Span, TEXT, Tally, Visitor, message};
use crate::house::{Engine, House};
use crate::machine::Syncs;
use crate::net::put;
use crate::proof::prove;

/// Messages of a visitor that wait for their acknowledgement.
const WINDOW: usize = 8;

/// One run of [`closed_loop`].
pub(crate) struct Throughput {
    /// Of durable acknowledged messages.
    pub(crate) cost: Cost,
    /// Append and sync, a second, right before.
    pub(crate) syncs: f64,
}

/// Every visitor keeps [`WINDOW`] messages waiting for their acknowledgement.
pub(crate) async fn closed_loop(chat: &mut Chat<'_, '_>, house: &House<'_>, span: Span) -> Result<Throughput> {
    let syncs = Syncs::measure(house.folder())?.per_second();
    let tally = Arc::clone(&chat.tally);
    tally.ending.store(false, Ordering::Relaxed);
    let before = tally.acknowledged.load(Ordering::Relaxed);
    let delivered_before = tally.delivered.load(Ordering::Relaxed);
    let writing: Vec<JoinHandle<Result<Visitor>>> =
        chat.visitors.drain(..).map(|visitor| tokio::spawn(write(visitor, Arc::clone(&tally)))).collect();
    tokio::time::sleep(span.warm_up).await;
    let from = chat.look()?;
    tokio::time::sleep(span.length).await;
    let to = chat.look()?;
    tally.ending.store(true, Ordering::Relaxed);
    for visitor in writing {
        chat.visitors.push(visitor.await??);
    }
    let acknowledged = tally.acknowledged.load(Ordering::Relaxed) - before;
    chat.settle(delivered_before + acknowledged).await?;
    Ok(Throughput { cost: from.until(&to), syncs })
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

/// Measures one engine with a number of operators' sockets.
pub(crate) async fn throughput(
    program: &Path,
    engine: &Engine<'_>,
    operators: usize,
    runs: usize,
    span: Span,
) -> Result<Vec<Throughput>> {
    let house = House::found(program, engine)?;
    let nodes = vec![house.open()?.0];
    let mut chat = Chat::begin(&house, &nodes, operators)?;
    let mut done = Vec::new();
    for _ in 0..runs {
        done.push(closed_loop(&mut chat, &house, span).await?);
    }
    let written = chat.end();
    prove(&house, nodes, &written)?;
    Ok(done)
}
