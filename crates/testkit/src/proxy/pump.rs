//! One direction of one connection.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};

use super::{Direction, Road, Rules};

/// Most bytes at once.
const CHUNK: usize = 16 * 1024;
/// Most chunks on their way: what a delayed line holds.
const ON_THEIR_WAY: usize = 256;
/// A narrow line carries its bytes in so many pieces a second.
const PIECES: u64 = 50;

/// The connection is to be closed.
#[derive(Debug)]
pub(super) struct End;

/// Bytes that may still pass before a connection is cut.
#[derive(Debug, Default)]
pub(super) struct Fuse(Mutex<Option<usize>>);

impl Fuse {
    pub(super) fn set(&self, bytes: usize) {
        *self.0.lock().expect("nobody panics with it") = Some(bytes);
    }

    pub(super) fn remove(&self) {
        *self.0.lock().expect("nobody panics with it") = None;
    }

    /// How many of so many bytes may pass, and whether it burns through behind them; then it is gone.
    fn pass(&self, bytes: usize) -> (usize, bool) {
        let mut left = self.0.lock().expect("nobody panics with it");
        match *left {
            None => (bytes, false),
            Some(allowed) if allowed > bytes => {
                *left = Some(allowed - bytes);
                (bytes, false)
            }
            Some(allowed) => {
                *left = None;
                (allowed, true)
            }
        }
    }
}

/// Forwards until the sender finishes, and then finishes too; [`End`] where the connection is cut or broken.
pub(super) async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    way: Direction,
    mut rules: watch::Receiver<Rules>,
    fuse: &Fuse,
    last: &Mutex<Instant>,
) -> Result<(), End> {
    // Reading goes on while what was read is still on its way: a delay must not make the line narrow.
    let (put, mut take) = mpsc::channel::<(Instant, Vec<u8>)>(ON_THEIR_WAY);
    let mut silence = rules.clone();
    let reading = async move {
        loop {
            let mut chunk = Vec::with_capacity(CHUNK);
            match from.read_buf(&mut chunk).await {
                Ok(0) => return Ok(()),
                Ok(_) => put.send((Instant::now(), chunk)).await.map_err(|_| End)?,
                // Not told while nothing is forwarded.
                Err(_) => return road(&mut silence, way).await.and(Err(End)),
            }
        }
    };
    let writing = async {
        while let Some((at, chunk)) = take.recv().await {
            let road = road(&mut rules, way).await?;
            tokio::time::sleep_until((at + road.delay).into()).await;
            let mut rest = &chunk[..];
            while !rest.is_empty() {
                let road = self::road(&mut rules, way).await?;
                let piece = match road.bytes_per_second {
                    None => rest.len(),
                    Some(rate) => rest.len().min(usize::try_from((rate / PIECES).max(1)).unwrap_or(CHUNK)),
                };
                let (allowed, burnt) = fuse.pass(piece);
                to.write_all(&rest[..allowed]).await.map_err(|_| End)?;
                *last.lock().expect("nobody panics with it") = Instant::now();
                if burnt {
                    return Err(End);
                }
                if let Some(rate) = road.bytes_per_second {
                    tokio::time::sleep(Duration::from_secs_f64(piece as f64 / rate as f64)).await;
                }
                rest = &rest[piece..];
            }
        }
        // The end goes the same way as everything before it.
        road(&mut rules, way).await?;
        to.shutdown().await.map_err(|_| End)
    };
    tokio::try_join!(reading, writing).map(drop)
}

/// The rules of this direction, once anything is forwarded at all.
async fn road(rules: &mut watch::Receiver<Rules>, way: Direction) -> Result<Road, End> {
    let rules = rules.wait_for(|rules| !rules.is_silent).await.map_err(|_| End)?;
    let mut rules = *rules;
    Ok(*rules.road(way))
}
