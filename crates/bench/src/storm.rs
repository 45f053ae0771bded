//! Everybody comes back at once: the server is killed and started again while ten thousand visitors are there.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::chat::{TEXT, message};
use crate::house::{Door, Engine, House};
use crate::machine::quantile;
use crate::net::request;
use crate::play::{Habits, Moment, Play, lock};
use crate::proof::prove;
use crate::returning::Returning;

pub(crate) const VISITORS: usize = 10_000;
/// All of them together, so that something is on its way when the server dies.
pub(crate) const MESSAGES_A_SECOND: u32 = 200;
/// Longer than the messenger takes to call a connection a good one: each storm begins with first attempts.
const CALM: Duration = Duration::from_secs(6);
const PATIENCE: Duration = Duration::from_secs(120);
/// Those who come for the first time meanwhile have numbers beyond all others'.
const FRESH: usize = 1_000_000;

/// One storm. Times count from the kill.
pub(crate) struct Storm {
    /// Until half, 99 % and all of them were welcome again.
    pub(crate) back: [Duration; 3],
    /// The longest answer of `/health`, from the first on.
    pub(crate) health: Duration,
    /// From a fresh visitor's connecting to the acknowledgement of their first message: median and longest.
    pub(crate) fresh: [Duration; 2],
    /// Bytes of memory, at most.
    pub(crate) peak: u64,
}

/// Storms of one engine; in the end everything that was acknowledged has to be there, once.
pub(crate) async fn storms(program: &Path, engine: &Engine<'_>, times: usize) -> Result<Vec<Storm>> {
    let house = House::found(program, engine)?;
    let mut server = house.open()?.0;
    let habits = Habits {
        come_within: Duration::from_secs(5),
        write_every: Duration::from_secs(1) * VISITORS as u32 / MESSAGES_A_SECOND,
        write_when_lost: false,
    };
    let play = Arc::new(Play::new(&house, habits));
    let mut visitors: Vec<_> =
        (0..VISITORS).map(|number| tokio::spawn(Returning::new(&play, number).visit())).collect();
    until(&mut visitors, "everybody is there", || play.begun.load(Ordering::Relaxed) == VISITORS).await?;
    let mut storms = Vec::new();
    for turn in 0..times {
        sleep(CALM).await;
        ensure!(play.here.load(Ordering::Relaxed) == VISITORS, "somebody went before the storm");
        let lost = play.lost.load(Ordering::Relaxed);
        let killed = Instant::now();
        server.kill()?;
        // Nobody waits for it here: clients find for themselves that it is back.
        server = house.launch(0)?;
        let is_over = Arc::new(AtomicBool::new(false));
        let (asking, coming) = watch_meanwhile(&house, turn, &is_over);
        let over = until(&mut visitors, "everybody is back", || {
            play.lost.load(Ordering::Relaxed) - lost >= VISITORS && play.here.load(Ordering::Relaxed) == VISITORS
        });
        let over = over.await;
        is_over.store(true, Ordering::Relaxed);
        let (health, mut fresh) = (join(asking)?, join(coming)?);
        over?;
        let mut back = last_of_each(&std::mem::take(&mut *lock(&play.returns)), killed);
        ensure!(back.len() == VISITORS, "{} of {VISITORS} came back", back.len());
        storms.push(Storm {
            back: [0.5, 0.99, 1.0].map(|share| quantile(&mut back, share)),
            health,
            fresh: [0.5, 1.0].map(|share| quantile(&mut fresh, share)),
            peak: server.peak()?,
        });
    }
    play.end();
    let mut written = Vec::new();
    for visitor in visitors {
        let visitor = tokio::time::timeout(PATIENCE, visitor).await.context("a visitor is never done")???;
        written.push((visitor.conversation.context("everybody has one")?, visitor.numbers.len() as u64));
        // Nobody else writes there: each number is one message, or one was stored twice.
        ensure!(
            visitor.numbers.iter().copied().eq(1..=visitor.numbers.len() as i64),
            "out of order: {:?}",
            visitor.numbers
        );
    }
    prove(&house, vec![server], &written)?;
    Ok(storms)
}

type Watched<T> = thread::JoinHandle<Result<T>>;

/// From the first answer on asks `/health`, and comes as a visitor who was never there before, again and again until it is
/// over: the longest answer, and how long each visitor took.
fn watch_meanwhile(
    house: &House<'_>,
    turn: usize,
    is_over: &Arc<AtomicBool>,
) -> (Watched<Duration>, Watched<Vec<Duration>>) {
    let (door, over) = (house.visitors(), Arc::clone(is_over));
    let asking = thread::spawn(move || {
        wait_for_health(&door)?;
        let mut longest = Duration::ZERO;
        while !over.load(Ordering::Relaxed) {
            let asked = Instant::now();
            ensure!(is_healthy(&door)?, "/health is not well");
            longest = longest.max(asked.elapsed());
            thread::sleep(Duration::from_millis(10));
        }
        Ok(longest)
    });
    let (door, over) = (house.visitors(), Arc::clone(is_over));
    let coming = thread::spawn(move || {
        wait_for_health(&door)?;
        let mut took = Vec::new();
        while !over.load(Ordering::Relaxed) {
            took.push(come_and_write(&door, FRESH * (turn + 1) + took.len()).context("a fresh visitor")?);
            thread::sleep(Duration::from_millis(20));
        }
        Ok(took)
    });
    (asking, coming)
}

fn is_healthy(door: &Door) -> Result<bool> {
    Ok(request(door.place.to, "GET /health", "health", "", "")?.status == 200)
}

fn wait_for_health(door: &Door) -> Result<()> {
    let since = Instant::now();
    while !is_healthy(door).unwrap_or(false) {
        ensure!(since.elapsed() < PATIENCE, "the server does not come back");
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// From connecting to the acknowledgement of a first message.
fn come_and_write(door: &Door, number: usize) -> Result<Duration> {
    let since = Instant::now();
    let mut socket = door.visitor(number)?;
    socket.say(&message(1, TEXT))?;
    socket.expect("accepted")?;
    Ok(since.elapsed())
}

fn join<T>(watched: Watched<T>) -> Result<T> {
    watched.join().map_err(|_| anyhow!("a watching thread panicked"))?
}

/// Waits until it is so. Whoever fails meanwhile is the failure.
async fn until(visitors: &mut Vec<JoinHandle<Result<Returning>>>, what: &str, is_so: impl Fn() -> bool) -> Result<()> {
    let since = Instant::now();
    while !is_so() {
        if let Some(at) = visitors.iter().position(JoinHandle::is_finished) {
            visitors.swap_remove(at).await??;
            bail!("a visitor went too soon");
        }
        ensure!(since.elapsed() < PATIENCE, "waited in vain: {what}");
        sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// The last moment of each visitor, since `from`: whoever lost the connection once more is back when they are back for good.
fn last_of_each(moments: &[Moment], from: Instant) -> Vec<Duration> {
    let mut last = HashMap::new();
    for Moment { visitor, at } in moments {
        last.insert(*visitor, at.saturating_duration_since(from));
    }
    last.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_lost_again_is_back_when_they_are_back_for_good() {
        let from = Instant::now();
        let moment = |visitor, seconds| Moment { visitor, at: from + Duration::from_secs(seconds) };
        let mut back = last_of_each(&[moment(1, 1), moment(2, 2), moment(1, 3)], from);
        back.sort_unstable();
        assert_eq!(back, [2, 3].map(Duration::from_secs));
    }
}
