//! A backup of many conversations to a place on the same disk, and what comes of it on an empty machine.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::gone::plant;
use crate::house::{Engine, House};

/// One engine's figures.
pub(crate) struct BackedUp {
    /// Bytes of the databases' files.
    pub(crate) bytes: u64,
    /// Until it was written and read back.
    pub(crate) backup: Duration,
    /// Until it was restored, on another folder and other databases.
    pub(crate) restore: Duration,
}

/// Plants conversations, backs them up and restores them.
pub(crate) async fn backed_up(program: &Path, engine: &Engine<'_>, conversations: usize) -> Result<BackedUp> {
    let mut house = House::found(program, engine)?;
    plant(&house, conversations).await?;
    let place = house.folder().join("place");
    fs::create_dir(&place)?;
    house.backs_up_to(&place);
    house.settle()?;
    let begun = Instant::now();
    house.ask(&["backup", "now"])?;
    let backup = begun.elapsed();
    let key = house.folder().join("recovery-key");
    fs::write(&key, house.recovery_key())?;
    let begun = Instant::now();
    house.ask_elsewhere(engine, &["restore", &format!("--recovery-key={}", key.display())])?;
    let restore = begun.elapsed();
    let bytes = house.size()?;
    ensure!(bytes > 0, "the databases are empty");
    Ok(BackedUp { bytes, backup, restore })
}
