//! Which key opens a conversation. It is one key for all its life, until a part of what was said is deleted: then the rest is
//! sealed anew under another one, while everybody goes on reading and writing (`erasure`).

use std::sync::Arc;

use domain::KeyId;
use privacy::keys::DataKey;
use privacy::{Message, Plaintext, Sealed};

use super::Reference;
use crate::{App, Error, Result};

/// The keys of a conversation, as far as this node knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keys {
    /// What is sealed now.
    now: KeyId,
    /// What was sealed before and is not yet sealed anew.
    before: Option<KeyId>,
}

impl Keys {
    pub(super) const fn only(now: KeyId) -> Self {
        Self { now, before: None }
    }
}

impl App {
    /// Reads anew which keys a conversation has.
    pub(crate) async fn renew_keys(&self, conversation: &Reference) -> Result<()> {
        let (now, before) = self.store.keys_of(conversation.organisation, conversation.id).await?;
        *conversation.keys.lock() = Keys { now, before };
        Ok(())
    }

    /// The key to seal with. The store refuses it where it is no longer the conversation's.
    pub(crate) async fn sealing_key(&self, conversation: &Reference) -> Result<Arc<DataKey>> {
        let known = conversation.keys.lock().now;
        match self.keyring.data_key(conversation.organisation, known).await {
            Err(Error::NotFound) => {
                self.renew_keys(conversation).await?;
                let known = conversation.keys.lock().now;
                self.keyring.data_key(conversation.organisation, known).await
            }
            key => key,
        }
    }

    /// Opens a text that was read from the store.
    ///
    /// # Errors
    /// [`Error::NotFound`] where no key of the conversation opens it: it was sealed anew since it was read, or never was ours.
    pub(crate) async fn unseal(&self, conversation: &Reference, message: &Message<Sealed>) -> Result<Plaintext> {
        if let Some(text) = self.try_keys(conversation, message).await? {
            return Ok(text);
        }
        self.renew_keys(conversation).await?;
        self.try_keys(conversation, message).await?.ok_or(Error::NotFound)
    }

    async fn try_keys(&self, conversation: &Reference, message: &Message<Sealed>) -> Result<Option<Plaintext>> {
        let keys = *conversation.keys.lock();
        for id in [Some(keys.now), keys.before].into_iter().flatten() {
            match self.keyring.data_key(conversation.organisation, id).await {
                Ok(key) => {
                    if let Ok(text) = message.open(&key) {
                        return Ok(Some(text));
                    }
                }
                Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}
