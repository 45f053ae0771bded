//! The turn of the epoch with many keys, while people write: how long it takes, and what they feel of it.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use domain::{KeyId, PublicId, Timestamp};
use privacy::keys::{EpochKey, OrganisationKey, RawKey};
use serde_json::Value;
use store::key::WrappedDataKey;
use store::{KeyStore, Settings};

use crate::chat::{Chat, Span, VISITORS};
use crate::filled::RATE;
use crate::house::{Engine, House};
use crate::net::{self, Answer, Place};
use crate::paced::{Delivery, open_loop};
use crate::proof::prove;

/// Keys that are planted in one transaction.
const PORTION: i64 = 5_000;
/// A turn that takes longer does not end.
const PATIENCE: Duration = Duration::from_secs(600);

/// One engine's figures.
pub(crate) struct Turned {
    /// From the request to the old key's destruction.
    pub(crate) took: Duration,
    /// Delivery before it.
    pub(crate) quiet: Delivery,
    /// The worst delivery of all spans in which it was under way.
    pub(crate) beside: Delivery,
}

/// Plants keys, has something deleted, and measures a turn beside people who write.
pub(crate) async fn turn(program: &Path, engine: &Engine<'_>, keys: i64, span: Span) -> Result<Turned> {
    let house = House::found(program, engine)?;
    plant(&house, keys).await?;
    house.settle()?;
    let nodes = vec![house.open()?.0];
    let mut chat = Chat::begin(&house, &nodes, VISITORS)?;
    let quiet = open_loop(&mut chat, &house, RATE, span).await?;
    let operators = house.operators();
    let turning = std::thread::spawn(move || whole_turn(&operators));
    let mut beside: Option<Delivery> = None;
    while !turning.is_finished() {
        let delivery = open_loop(&mut chat, &house, RATE, span).await?;
        if beside.as_ref().is_none_or(|worst| delivery.slow > worst.slow) {
            beside = Some(delivery);
        }
    }
    let took = turning.join().map_err(|_| anyhow::anyhow!("whoever waits for the turn panicked"))??;
    let written = chat.end();
    prove(&house, nodes, &written)?;
    Ok(Turned { took, quiet, beside: beside.context("the turn was over before anybody wrote")? })
}

/// Has the epoch turn, and waits for its end.
fn whole_turn(operators: &Place) -> Result<Duration> {
    let before = status(operators)?["current"].as_i64().context("the current epoch")?;
    let begun = Instant::now();
    ask(operators, "POST /api/epoch/turn")?;
    loop {
        let now = status(operators)?;
        if now["settled"].as_i64() == Some(before) && now["step"].is_null() {
            return Ok(begun.elapsed());
        }
        ensure!(begun.elapsed() < PATIENCE, "the turn does not end: {now}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn status(operators: &Place) -> Result<Value> {
    Ok(serde_json::from_slice(&ask(operators, "GET /api/epoch")?.body)?)
}

fn ask(operators: &Place, line: &str) -> Result<Answer> {
    let answer = net::request(operators.to, line, &operators.host, &operators.head, "")?;
    ensure!(answer.status < 300, "{line}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
    Ok(answer)
}

/// Puts keys beside those of the installation, as if so many conversations had been; one of them is deleted again, so that all
/// others have to be wrapped anew.
async fn plant(house: &House<'_>, keys: i64) -> Result<()> {
    let store = KeyStore::open(&house.key_location(), Settings::default()).await?;
    let found = store.organisation_keys(domain::OrganisationId(0), 1).await?;
    let found = &found.first().context("the organisation has a key")?.key;
    let epoch: [u8; 32] = fs::read(house.secrets().join("epoch-1.key"))?.as_slice().try_into()?;
    let epoch = EpochKey::new(1, &RawKey::from_bytes(epoch));
    let name: PublicId = house.organisation().parse().map_err(|_| anyhow::anyhow!("the organisation has a name"))?;
    let raw = epoch.unwrap(name, found.version, &found.wrapped)?;
    let key = OrganisationKey::new(found.organisation, found.version, &raw);
    // Newer than what is swept.
    let at = Timestamp(i64::MAX / 2);
    for first in (0..keys).step_by(PORTION as usize) {
        let wrap = |id| {
            let wrapped = key.wrap(KeyId(id), &RawKey::generate());
            WrappedDataKey { organisation: found.organisation, id: KeyId(id), version: found.version, wrapped }
        };
        store.insert_keys((first..keys.min(first + PORTION)).map(wrap).collect(), at).await?;
    }
    store.delete_keys(found.organisation, vec![KeyId(0)], at).await?;
    store.close().await;
    Ok(())
}
