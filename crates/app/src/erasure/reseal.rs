//! Seals what is left of a conversation anew, where a part of it goes.

use std::time::Duration;

use domain::{KeyId, Timestamp};
use privacy::Message;
use privacy::keys::DataKey;
use store::erasure::{Erasure, Item, Resealed, Text};
use store::job::Claimed;
use store::message::Names;

use crate::{App, Error, Result};

/// After so long it is tried again where the conversation is hidden, or another part of it goes just now; later the longer it
/// has waited, for one that must be kept is hidden for years.
const AGAIN: Duration = Duration::from_secs(5);
const AGAIN_LATEST: Duration = Duration::from_secs(3600);

impl App {
    /// Gives the conversation another key, which is made only where it can be used. One that is not after all is swept like
    /// any other.
    pub(super) async fn rekey(&self, job: Claimed, erasure: &Erasure, item: &Item, now: Timestamp) -> Result<()> {
        let waited = Duration::from_micros((now.0 - erasure.destroy_at.0).max(0).unsigned_abs());
        let again = now.plus((waited / 4).clamp(AGAIN, AGAIN_LATEST));
        if self.store.waits_for_rekey(job.organisation, item.conversation).await? {
            return Ok(self.store.advance_job(&job, job.step, again).await?);
        }
        let key = self.keyring.new_key(job.organisation).await?;
        if self.store.rekey(job.clone(), item.conversation, key.id(), now).await? {
            return Ok(());
        }
        self.keyring.shred(job.organisation, &[key.id()]).await?;
        Ok(self.store.advance_job(&job, job.step, again).await?)
    }

    /// Seals a portion anew; where nothing is left, says so.
    pub(super) async fn reseal(&self, job: Claimed, item: &Item, now: Timestamp) -> Result<()> {
        let (Some(old), Some(new)) = (item.key, item.next_key) else {
            // The whole conversation went meanwhile.
            return Ok(self.store.end_reseal(job, item.conversation, None, now).await?);
        };
        let names = Names { organisation: self.organisation_name(job.organisation).await?, conversation: item.name };
        let id = domain::ErasureId(job.subject);
        let portion = self.store.texts_after(job.organisation, item.conversation, names, id, item.upto).await?;
        let Some((upto, texts)) = portion else {
            return Ok(self.store.end_reseal(job, item.conversation, Some(new), now).await?);
        };
        let (old, new) = (self.key_if_there(&job, old).await?, self.key_if_there(&job, new).await?);
        let Some(new) = new else {
            // The whole conversation went meanwhile, with the new key.
            return Ok(self.store.end_reseal(job, item.conversation, None, now).await?);
        };
        let sealed = texts.into_iter().filter_map(|text| anew(text, old.as_deref(), &new)).collect();
        Ok(self.store.reseal(job, item.conversation, upto, sealed, now).await?)
    }

    async fn key_if_there(&self, job: &Claimed, id: KeyId) -> Result<Option<std::sync::Arc<DataKey>>> {
        match self.keyring.data_key(job.organisation, id).await {
            Ok(key) => Ok(Some(key)),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A text sealed with the new key; nothing where it is already.
fn anew(text: Text, old: Option<&DataKey>, new: &DataKey) -> Option<Resealed> {
    let Text { sequence, identity, sealed } = text;
    let message = Message::from_store(identity, sealed);
    if message.open(new).is_ok() {
        return None;
    }
    let Some(after) = old.and_then(|old| message.reseal(old, new).ok()) else {
        // It was unreadable before; it must not hold up that something goes.
        tracing::error!(sequence, "an entry of a conversation of which a part is deleted does not open");
        return None;
    };
    Some(Resealed { sequence, before: message.sealed().to_vec(), after: after.sealed().to_vec() })
}
