//! What the program costs while nothing happens: memory, start, sizes.

use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::house::{Engine, House};

/// Idle visitors.
const IDLE: usize = 15_000;
const SETTLES_WITHIN: Duration = Duration::from_secs(5);

/// Memory of the server that nobody has asked for anything yet.
pub(crate) fn at_rest(program: &Path, engine: &Engine<'_>) -> Result<u64> {
    let house = House::found(program, engine)?;
    let (server, _, _) = house.open()?;
    thread::sleep(SETTLES_WITHIN);
    server.memory()
}

/// Memory per idle connection. The server has to serve as before while they are open.
pub(crate) fn idle(program: &Path, engine: &Engine<'_>) -> Result<f64> {
    let house = House::found(program, engine)?;
    let (mut server, _, _) = house.open()?;
    // What the first connection makes is not what each of them costs.
    drop(server.visitor(0)?);
    thread::sleep(SETTLES_WITHIN);
    let before = server.memory()?;
    let mut sockets = Vec::with_capacity(IDLE);
    for number in 1..=IDLE {
        sockets.push(server.visitor(number).with_context(|| format!("idle connection {number}"))?);
    }
    thread::sleep(SETTLES_WITHIN);
    let after = server.memory()?;
    ensure!(server.is_ready(), "with {IDLE} idle connections, /ready is not answered");
    let mut one_more = server.visitor(IDLE + 1)?;
    one_more.say(r#"{"type":"message","counter":1,"text":"Is anybody there?"}"#)?;
    one_more.expect("accepted")?;
    // The first one has been idle longest and is as alive as the last.
    let first = sockets.first_mut().context("the first")?;
    first.say(r#"{"type":"ping"}"#)?;
    first.expect("pong")?;
    Ok((after - before) as f64 / IDLE as f64)
}

/// From the start of the process to the first answers of `/health` and `/ready`.
pub(crate) fn starts(program: &Path, engine: &Engine<'_>, times: usize) -> Result<(Vec<Duration>, Vec<Duration>)> {
    let house = House::found(program, engine)?;
    (0..times).map(|_| house.open().map(|(_, health, ready)| (health, ready))).collect()
}

/// Bytes of the loader, and of everything that opening the chat loads, as they travel.
pub(crate) fn widget(program: &Path) -> Result<(usize, usize)> {
    let house = House::found(program, &Engine::Sqlite)?;
    let (server, _, _) = house.open()?;
    let loader = server.travels("/loader.js")?;
    let mut all = loader;
    for path in ["/messenger/{widget}", "/messenger.js", "/messenger.css"] {
        all += server.travels(path)?;
    }
    Ok((loader, all))
}
