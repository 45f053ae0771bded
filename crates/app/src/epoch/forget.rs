//! Holders of epoch keys that do not come back: a node that leaves destroys what it has, and what is lost is given up by somebody
//! who says why. Nothing else would ever end the wait for them.

use std::time::Duration;

use domain::audit::{Detail, Kind};
use domain::{Timestamp, text};

use super::freeze::REASON;
use super::hand_over::secrets_error;
use super::outside::holder;
use crate::{App, Error, Result};

/// A node that ran within this time is not given up: it destroys its keys by itself.
const SILENT: Duration = Duration::from_secs(600);

impl App {
    /// Gives up the copies of epoch keys that a node or a place holds: nobody will see them destroyed. Whoever waits for them
    /// waits no longer; receipts name them. Says how many copies these are.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it holds none; [`Error::Conflict`] for a node that ran just now and a place that is
    /// configured; [`Error::Invalid`] without a reason.
    pub async fn forget_holder(&self, named: &str, reason: &str) -> Result<u64> {
        let reason = text::line(reason, REASON)
            .map_err(|error| Error::Invalid { field: "reason", detail: error.to_string() })?;
        if self.places().iter().any(|placed| named == holder(&placed.id) || named == placed.name) {
            return Err(Error::Conflict("this place is configured: it destroys its keys when it answers"));
        }
        let node = named.strip_prefix("node:").and_then(|node| node.parse::<i64>().ok());
        let since = Timestamp(self.now().0.saturating_sub(SILENT.as_micros() as i64));
        if let Some(node) = node
            && self.keys().nodes().await?.iter().any(|seen| seen.node == node && seen.seen_at > since)
        {
            return Err(Error::Conflict("this node ran less than ten minutes ago: it destroys its keys by itself"));
        }
        let copies = self.keys().copies_of(named.to_owned()).await?;
        if copies.is_empty() {
            return Err(Error::NotFound);
        }
        // Before it takes effect: nobody gives up in silence.
        let details = vec![
            Detail::is("holder", named),
            Detail::is("lost", copies.iter().map(|copy| copy.epoch.to_string()).collect::<Vec<_>>().join(", ")),
            Detail::is("reason", reason),
        ];
        self.tell_of_holder(details).await?;
        let (lost, settled) = self.keys().lose_copies(named.to_owned(), self.now()).await?;
        if let Some(node) = node {
            self.keys().node_leaves(node).await?;
        }
        if settled > 0 {
            self.wake_settled().await?;
        }
        Ok(lost)
    }

    /// This node leaves for good: destroys its epoch keys and all other secrets in its folder, and takes itself out. Nothing may
    /// run on the folder. Says what it was known by.
    ///
    /// # Errors
    /// [`Error::Conflict`] where no other node runs that has the current key: with this folder, everything would be lost.
    pub async fn retire_node(&self) -> Result<String> {
        let current = self.status_of_epochs().await?.current;
        let nodes = self.keys().nodes().await?;
        if !self.others(&nodes).any(|node| node.epoch >= current) {
            return Err(Error::Conflict(
                "no other node that runs has the key of the current epoch: without this folder nothing could be read any more",
            ));
        }
        let known = self.epochs.holder();
        self.tell_of_holder(vec![Detail::is("holder", &known)]).await?;
        let mut over = self.epochs.keys.held();
        over.extend(self.keys().copies_of(known.clone()).await?.iter().map(|copy| copy.epoch));
        over.sort_unstable();
        over.dedup();
        for epoch in over {
            self.epochs.keys.destroy(epoch).map_err(secrets_error)?;
            self.destroyed(epoch, &known).await?;
        }
        self.keys().node_leaves(self.epochs.node()).await?;
        self.secrets.destroy().map_err(secrets_error)?;
        Ok(known)
    }

    /// In every organisation's log.
    async fn tell_of_holder(&self, details: Vec<Detail>) -> Result<()> {
        for organisation in self.store.organisations().await? {
            let store = self.store.audited(self.by_command_line());
            store.note(organisation.id, Kind::EpochHolderGone, None, details.clone()).await?;
        }
        Ok(())
    }
}
