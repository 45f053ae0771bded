//! Delivery: visitors in open loop. Messages are due at a pace of their own, whether or not the server keeps up.

use std::io::Write as _;
use std::net::TcpStream as Blocking;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::chat::{Chat, Span, TEXT, Tally, VISITORS, Visitor, message};
use crate::house::{Engine, House};
use crate::machine::{Syncs, quantile};
use crate::net::{Frames, put};
use crate::proof::prove;

/// One run of [`open_loop`].
pub(crate) struct Delivery {
    pub(crate) median: Duration,
    pub(crate) slow: Duration,
    pub(crate) sync_median: Duration,
    pub(crate) sync_slow: Duration,
    /// Messages a second that were written: where that is less than was wanted, the figures are of another load.
    pub(crate) written: f64,
    /// The p99 of how late the generator was, which is part of the figures.
    pub(crate) late: Duration,
}

/// What the writer did.
struct Written {
    counters: Vec<u64>,
    late: Vec<Duration>,
    took: Duration,
}

/// Visitors write in turn, `rate` messages a second in all.
pub(crate) async fn open_loop(chat: &mut Chat<'_, '_>, house: &House<'_>, rate: u32, span: Span) -> Result<Delivery> {
    let mut syncs = Syncs::measure(house.folder())?.took;
    let (tally, mut writers, mut readers) = (Arc::clone(&chat.tally), Vec::new(), Vec::new());
    tally.ending.store(false, Ordering::Relaxed);
    for visitor in chat.visitors.drain(..) {
        let socket = visitor.socket.into_std()?;
        writers.push((socket.try_clone()?, visitor.counter));
        readers.push(tokio::spawn(listen(TcpStream::from_std(socket)?, visitor.frames, Arc::clone(&tally))));
    }
    let delivered = tally.delivered.load(Ordering::Relaxed);
    let turns = (f64::from(rate) * (span.warm_up + span.length).as_secs_f64()) as u32;
    let epoch = tally.epoch;
    // A thread of its own, which sleeps more exactly than a runtime does.
    let writing = std::thread::spawn(move || write(writers, epoch, rate, turns));
    tokio::time::sleep(span.warm_up).await;
    drop(chat.take_delays());
    while !writing.is_finished() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let Written { counters, mut late, took } = writing.join().map_err(|_| anyhow::anyhow!("the writer panicked"))??;
    chat.settle(delivered + u64::from(turns)).await?;
    tally.ending.store(true, Ordering::Relaxed);
    for (reader, counter) in readers.into_iter().zip(counters) {
        let (socket, frames) = reader.await??;
        chat.visitors.push(Visitor { socket, frames, counter });
    }
    let mut delays = chat.take_delays();
    syncs.extend(Syncs::measure(house.folder())?.took);
    Ok(Delivery {
        median: quantile(&mut delays, 0.5),
        slow: quantile(&mut delays, 0.99),
        sync_median: quantile(&mut syncs, 0.5),
        sync_slow: quantile(&mut syncs, 0.99),
        written: f64::from(turns) / took.as_secs_f64(),
        late: quantile(&mut late, 0.99),
    })
}

fn write(mut writers: Vec<(Blocking, u64)>, epoch: Instant, rate: u32, turns: u32) -> Result<Written> {
    let (start, mut frame, mut late) = (Instant::now(), Vec::new(), Vec::with_capacity(turns as usize));
    for turn in 0..turns {
        let due = start + Duration::from_secs(1) * turn / rate;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let (socket, counter) = writers.get_mut(turn as usize % VISITORS).context("a visitor")?;
        *counter += 1;
        // When it was due, not when the generator came to it: a late generator must not look like a fast server.
        let since_epoch = (due - epoch).as_micros();
        frame.clear();
        put(&message(*counter, &format!("{since_epoch:010} {}", &TEXT[11..])), &mut frame);
        socket.write_all(&frame)?;
        late.push(due.elapsed());
    }
    // The last one's turn has not passed when it is written.
    let took = start.elapsed() + Duration::from_secs(1) / rate;
    Ok(Written { counters: writers.into_iter().map(|(_, counter)| counter).collect(), late, took })
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

/// Measures one engine's delivery at a given rate.
pub(crate) async fn delivery(
    program: &Path,
    engine: &Engine<'_>,
    rate: u32,
    runs: usize,
    span: Span,
) -> Result<Vec<Delivery>> {
    let house = House::found(program, engine)?;
    let nodes = vec![house.open()?.0];
    let mut chat = Chat::begin(&house, &nodes, VISITORS)?;
    let mut done = Vec::new();
    for _ in 0..runs {
        done.push(open_loop(&mut chat, &house, rate, span).await?);
    }
    let written = chat.end();
    prove(&house, nodes, &written)?;
    Ok(done)
}
