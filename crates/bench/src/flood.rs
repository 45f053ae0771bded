//! One organisation's flood beside another's quiet conversation: how long the quiet one waits for each acknowledgement, alone
//! and beside the flood, by turns.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::chat::{TEXT, message};
use crate::house::{Door, Engine, House};
use crate::machine::quantile;
use crate::net::put;

/// Visitors who write without end, each with so many messages under way.
const FLOODERS: usize = 50;
const WINDOW: u64 = 16;
/// The quiet visitor's pause after each acknowledgement.
const PAUSE: Duration = Duration::from_millis(5);
/// Until the flood is at its height, or over.
const SETTLE: Duration = Duration::from_millis(500);
/// What an organisation's visitors may send in a second where nobody asked for more.
const LIMIT: u32 = 2_000;

/// One turn: alone, then beside the flood.
pub(crate) struct Turn {
    pub(crate) alone: [Duration; 2],
    pub(crate) beside: [Duration; 2],
    /// Messages of the flood a second, stored and refused.
    pub(crate) stored: f64,
    pub(crate) refused: f64,
}

/// What flooders share.
#[derive(Default)]
struct Tide {
    runs: AtomicBool,
    ends: AtomicBool,
    stored: AtomicU64,
    refused: AtomicU64,
}

/// Measures so many turns of this length each way.
pub(crate) fn flood(program: &Path, engine: &Engine<'_>, turns: usize, length: Duration) -> Result<Vec<Turn>> {
    let mut house = House::found(program, engine)?;
    house.hold_back(LIMIT);
    let quiet = house.found_another()?;
    let (server, _, _) = house.open()?;
    let tide = Arc::new(Tide::default());
    let flooding = {
        let (door, tide) = (house.visitors(), Arc::clone(&tide));
        std::thread::spawn(move || pour(&door, &tide))
    };
    let mut visitor = quiet.visitor(1)?;
    let mut counter = 0;
    let mut talk = |times: &mut Vec<Duration>| -> Result<()> {
        let since = Instant::now();
        while since.elapsed() < length {
            counter += 1;
            let asked = Instant::now();
            visitor.say(&message(counter, TEXT))?;
            visitor.expect("accepted")?;
            times.push(asked.elapsed());
            std::thread::sleep(PAUSE);
        }
        Ok(())
    };
    talk(&mut Vec::new())?;
    let mut found = Vec::new();
    for _ in 0..turns {
        let (mut alone, mut beside) = (Vec::new(), Vec::new());
        talk(&mut alone)?;
        tide.runs.store(true, Ordering::Relaxed);
        std::thread::sleep(SETTLE);
        let before = [&tide.stored, &tide.refused].map(|count| count.load(Ordering::Relaxed));
        talk(&mut beside)?;
        let after = [&tide.stored, &tide.refused].map(|count| count.load(Ordering::Relaxed));
        tide.runs.store(false, Ordering::Relaxed);
        std::thread::sleep(SETTLE);
        let rate = |index: usize| (after[index] - before[index]) as f64 / length.as_secs_f64();
        let shares = |times: &mut Vec<Duration>| [quantile(times, 0.5), quantile(times, 0.99)];
        let (stored, refused) = (rate(0), rate(1));
        let sent = stored + refused;
        ensure!(sent > f64::from(LIMIT), "there was no flood: {sent:.0} messages a second were answered");
        found.push(Turn { alone: shares(&mut alone), beside: shares(&mut beside), stored, refused });
    }
    tide.ends.store(true, Ordering::Relaxed);
    flooding.join().map_err(|_| anyhow::anyhow!("the flood panicked"))??;
    drop(server);
    Ok(found)
}

/// On a thread of its own, so that the quiet visitor does not wait for the flood's work.
fn pour(door: &Door, tide: &Arc<Tide>) -> Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut floods = Vec::new();
        for number in 0..FLOODERS {
            let mut socket = door.visitor(number + 10)?;
            socket.say(&message(1, TEXT))?;
            socket.expect("accepted")?;
            let (stream, frames) = socket.into_async()?;
            floods.push(tokio::spawn(one(stream, frames, Arc::clone(tide))));
        }
        for flood in floods {
            flood.await.context("a flooder panicked")??;
        }
        Ok(())
    })
}

/// Sends without end; what is refused is sent again, as fast as it is answered.
async fn one(mut stream: tokio::net::TcpStream, mut frames: crate::net::Frames, tide: Arc<Tide>) -> Result<()> {
    let (mut last, mut out) = (1, Vec::new());
    while !tide.ends.load(Ordering::Relaxed) {
        if !tide.runs.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        }
        out.clear();
        (last + 1..=last + WINDOW).for_each(|counter| put(&message(counter, TEXT), &mut out));
        stream.write_all(&out).await?;
        let mut answers = 0;
        while answers < WINDOW {
            ensure!(stream.read_buf(frames.room()).await? > 0, "the server closed a flooder's connection");
            while let Some(frame) = frames.take()? {
                if frame.starts_with(br#"{"type":"accepted""#) {
                    (last, answers) = (last + 1, answers + 1);
                    tide.stored.fetch_add(1, Ordering::Relaxed);
                } else if frame.starts_with(br#"{"type":"problem""#) {
                    answers += 1;
                    tide.refused.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
    Ok(())
}
