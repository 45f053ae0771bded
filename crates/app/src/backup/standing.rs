//! What a running node asks about the databases that it serves: whether somebody is restoring them.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::{App, Error, Result};

/// An answer holds for so long.
const HOLDS: Duration = Duration::from_secs(5);

/// When it was last asked.
#[derive(Default)]
pub(crate) struct Standing(Mutex<Option<Instant>>);

impl App {
    /// Whether the databases are half restored: then nobody may be served from them, and nothing that stands there may be taken
    /// for the whole.
    ///
    /// # Errors
    /// Those of the stores.
    pub async fn is_half_restored(&self) -> Result<bool> {
        self.keyring.is_half_restored().await
    }

    /// The same, asked every few seconds.
    ///
    /// # Errors
    /// [`Error::Unavailable`] while they are, those of the stores.
    pub(crate) async fn refuse_half_restored(&self) -> Result<()> {
        if self.standing.0.lock().is_some_and(|asked| asked.elapsed() < HOLDS) {
            return Ok(());
        }
        if self.is_half_restored().await? {
            tracing::error!("these databases are half restored: nothing is done with them until that is through");
            return Err(Error::Unavailable);
        }
        *self.standing.0.lock() = Some(Instant::now());
        Ok(())
    }
}
