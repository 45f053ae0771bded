//! How epoch keys come to other nodes: through the key database, sealed to a key that is in the memory of the node they are
//! for and is thrown away when they have come. Whoever can write there, but has not the secrets that all nodes have alike, gets
//! none and plants none.

use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::Timestamp;
use privacy::digest;
use privacy::envelope::{self, OpenKey};
use privacy::keys::RawKey;
use store::epoch::{Epoch, State};
use store::node::Node;
use zeroize::Zeroizing;

use super::bundle::{pack, unpack};
use crate::{App, Error, Result};

/// What an envelope on its way to another node is for.
const TRANSPORT: &str = "epoch keys for a node";
/// A node that said so within this time runs.
pub(super) const RUNS: Duration = Duration::from_secs(60);
/// A node that has not said so for this long is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(24 * 3600);

impl App {
    /// Keeps this node's epoch keys those of the installation: takes what others sealed to it, seals to others what they lack,
    /// destroys what is over. To be called every [`crate::nodes::PRESENCE_EVERY`], and by [`Self::join_epochs`] first.
    ///
    /// # Errors
    /// Those of the store and of the folder of secrets.
    pub async fn keep_epochs(&self) -> Result<()> {
        // Half of it says nothing of what is over.
        if self.is_half_restored().await? {
            return Err(Error::Unavailable);
        }
        // Of another installation's epochs this node knows nothing, and must destroy nothing for them.
        if !self.epochs.is_ours.load(Ordering::Relaxed) {
            if self.keyring.names_others(&self.secrets).await? {
                return Err(Error::Unavailable);
            }
            self.epochs.is_ours.store(true, Ordering::Relaxed);
        }
        self.schedule_turns().await?;
        let nodes = self.keys().nodes().await?;
        let epochs = self.live_epochs().await?;
        let ours = self.publish(&nodes).await?;
        if let Some(sealed) = ours {
            self.take(&sealed, &epochs).await?;
        }
        self.note_copies().await?;
        self.give(&nodes, &epochs).await?;
        self.destroy_condemned().await
    }

    /// Joins the installation, before anything is served: destroys the keys of epochs that are over, and waits for another node
    /// to hand over the current one where it is not here.
    ///
    /// # Errors
    /// Those of the store; [`Error::Unavailable`] where the key does not come within `patience`.
    pub async fn join_epochs(&self, patience: Duration) -> Result<()> {
        let since = tokio::time::Instant::now();
        loop {
            self.keep_epochs().await?;
            let current = self.live_epochs().await?.into_iter().find(|epoch| epoch.state == State::Current);
            if current.is_some_and(|current| self.epochs.keys.get(current.epoch).is_some()) {
                return Ok(());
            }
            if since.elapsed() >= patience {
                return Err(Error::Unavailable);
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Epochs whose keys are still needed.
    pub(super) async fn live_epochs(&self) -> Result<Vec<Epoch>> {
        let all = self.keys().epochs(0).await?;
        Ok(all.into_iter().filter(|epoch| epoch.state != State::Condemned).collect())
    }

    /// The keys of live epochs that this node holds.
    pub(super) fn live_keys(&self, epochs: &[Epoch]) -> Vec<(i64, RawKey)> {
        let mut held = self.epochs.keys.exposed();
        held.retain(|(epoch, _)| epochs.iter().any(|live| live.epoch == *epoch));
        held
    }

    /// Says that this node runs, under a transport key of its own. Gives back what was sealed to that.
    async fn publish(&self, nodes: &[Node]) -> Result<Option<Vec<u8>>> {
        let public = self.epochs.transport.lock().as_ref().map(OpenKey::public);
        let now = self.now();
        if let Some(public) = public {
            let forgotten = Timestamp(now.0.saturating_sub(FORGOTTEN.as_micros() as i64));
            if self.keys().node_runs(self.epochs.node(), public.to_vec(), now, forgotten).await? {
                let row = nodes.iter().find(|node| node.transport_public == public);
                return Ok(row.and_then(|row| row.sealed.clone()));
            }
            if nodes.iter().any(|node| node.node == self.epochs.node() && node.transport_public != public) {
                let number = self.secrets.renumber().map_err(secrets_error)?;
                tracing::warn!(number, "a copy of this node's folder runs elsewhere: this node takes another number");
                self.epochs.node.store(number, Ordering::Relaxed);
                self.store.counts_as(number);
            }
        }
        self.publish_anew().await?;
        Ok(None)
    }

    async fn publish_anew(&self) -> Result<()> {
        let (transport, node) = (OpenKey::generate(), self.epochs.node());
        let public = transport.public();
        // None until the database has it: whoever finds another one there under their number takes it for a copy of their folder.
        *self.epochs.transport.lock() = None;
        // A key of a number that this database does not know is none that others need not hand over.
        let epoch = self.live_keys(&self.live_epochs().await?).last().map_or(0, |(epoch, _)| *epoch);
        let tag = self.node_tag(node, &public).to_vec();
        let row = Node { node, transport_public: public.to_vec(), tag, epoch, sealed: None, seen_at: self.now() };
        self.keys().publish_node(row).await?;
        *self.epochs.transport.lock() = Some(transport);
        Ok(())
    }

    /// Shows that a node of this installation published a transport key.
    fn node_tag(&self, node: i64, public: &[u8]) -> [u8; 32] {
        self.secrets.node_tag("node transport", &[&node.to_be_bytes(), public].concat())
    }

    /// Shows that a node of this installation sealed these keys to that node.
    fn bundle_tag(&self, node: i64, public: &[u8], keys: &[u8]) -> [u8; 32] {
        let value = Zeroizing::new([&node.to_be_bytes(), public, keys].concat());
        self.secrets.node_tag("epoch keys for a node", &value)
    }

    /// Takes keys that another node sealed to this one, and throws away what opens them.
    async fn take(&self, sealed: &[u8], epochs: &[Epoch]) -> Result<()> {
        let opened = {
            let transport = self.epochs.transport.lock();
            transport.as_ref().map(|key| (key.public(), key.open(TRANSPORT, sealed)))
        };
        if let Some((public, Ok(bytes))) = opened
            && let Some((tag, packed)) = bytes.split_first_chunk::<32>()
            && digest::equal(tag, &self.bundle_tag(self.epochs.node(), &public, packed))
        {
            for (epoch, key) in unpack(packed).unwrap_or_default() {
                if epochs.iter().any(|live| live.epoch == epoch) && self.epochs.keys.get(epoch).is_none() {
                    self.note_copy(epoch).await?;
                    self.epochs.keys.put(epoch, &key).map_err(secrets_error)?;
                    tracing::info!(epoch, "another node handed over the key of an epoch");
                }
            }
        } else {
            tracing::error!("what lies in the key database for this node was sealed by nobody of this installation");
        }
        self.publish_anew().await
    }

    /// Seals to other nodes what they lack.
    pub(super) async fn give(&self, nodes: &[Node], epochs: &[Epoch]) -> Result<()> {
        let keys = self.live_keys(epochs);
        let newest = keys.last().map_or(0, |(epoch, _)| *epoch);
        for node in self.others(nodes).filter(|node| node.epoch < newest && node.sealed.is_none()) {
            let Ok(public) = <[u8; 32]>::try_from(node.transport_public.as_slice()) else { continue };
            let packed = pack(&keys);
            let tag = self.bundle_tag(node.node, &public, &packed);
            let content = Zeroizing::new([tag.as_slice(), &packed].concat());
            let Ok(sealed) = envelope::seal(&public, TRANSPORT, &content) else { continue };
            self.keys().leave_for_node(node.node, public.to_vec(), sealed).await?;
        }
        Ok(())
    }

    /// Other nodes of this installation that run.
    pub(super) fn others<'n>(&'n self, nodes: &'n [Node]) -> impl Iterator<Item = &'n Node> + 'n {
        let since = Timestamp(self.now().0.saturating_sub(RUNS.as_micros() as i64));
        nodes.iter().filter(move |node| {
            let is_other = node.node != self.epochs.node() && node.seen_at >= since;
            let is_ours = digest::equal(&node.tag, &self.node_tag(node.node, &node.transport_public));
            if is_other && !is_ours {
                tracing::error!(
                    node = node.node,
                    "a node in the key database has not the secrets of this installation"
                );
            }
            is_other && is_ours
        })
    }

    /// Notes every copy that this node holds.
    async fn note_copies(&self) -> Result<()> {
        let held = self.epochs.keys.held();
        let (Some(first), Some(last)) = (held.first(), held.last()) else { return Ok(()) };
        let noted = self.keys().epoch_copies(*first, *last).await?;
        let holder = self.epochs.holder();
        for epoch in held {
            let is_noted =
                noted.iter().any(|copy| copy.epoch == epoch && copy.holder == holder && copy.destroyed_at.is_none());
            if !is_noted {
                self.note_copy(epoch).await?;
            }
        }
        Ok(())
    }

    /// Notes that this node is about to hold a copy.
    pub(super) async fn note_copy(&self, epoch: i64) -> Result<()> {
        let medium = self.epochs.keys.medium();
        Ok(self.keys().hold_epoch(epoch, self.epochs.holder(), medium, None, self.now()).await?)
    }
}

pub(super) fn secrets_error(error: crate::secrets::SecretsError) -> Error {
    tracing::error!(%error, "the folder of secrets cannot be used");
    Error::Unavailable
}
