//! Data keys of organisations that got another key: in portions, each opened again before it is stored.

use std::time::Instant;

use domain::KeyId;
use privacy::keys::OrganisationKey;
use store::epoch::{Found, Turn};
use store::key::WrappedDataKey;

use super::turn::Held;
use crate::{App, Error, Result};

/// Keys in one transaction: some ten milliseconds of the key database.
const PORTION: i64 = 1000;

impl App {
    /// Wraps anew what an old key wraps, and deletes that; says whether there was one.
    pub(super) async fn rewrap(&self, turn: &Turn, held: &mut Held<'_>) -> Result<bool> {
        let old = self.keys().old_versions().await?;
        for found in &old {
            self.rewrap_version(turn, found, held).await?;
        }
        Ok(!old.is_empty())
    }

    async fn rewrap_version(&self, turn: &Turn, found: &Found, held: &mut Held<'_>) -> Result<()> {
        let (organisation, version) = (found.key.organisation, found.key.version);
        let (old, _) = self.unwrapped(found).await?;
        let current = self.keys().organisation_key(organisation, None).await?;
        let current = Found { key: current, is_current: true, is_spent: false };
        let (new, _) = self.unwrapped(&current).await?;
        let mut after = KeyId(i64::MIN);
        loop {
            let begun = Instant::now();
            let portion = self.keys().keys_wrapped_with(organisation, version, after, PORTION).await?;
            let Some(last) = portion.last() else { break };
            after = last.id;
            let anew = portion.into_iter().map(|key| wrap_anew(&old, &new, key)).collect::<Result<Vec<_>>>()?;
            self.keys().rewrap_keys(turn.clone(), version, anew).await?;
            held.rest(begun.elapsed()).await?;
        }
        // What a restart or another hand left behind is in front of the cursor the next time: the key stays until then.
        match self.keys().remove_organisation_key(organisation, version).await {
            Ok(()) | Err(store::Error::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn wrap_anew(old: &OrganisationKey, new: &OrganisationKey, key: WrappedDataKey) -> Result<WrappedDataKey> {
    let raw = old.unwrap(key.id, &key.wrapped)?;
    let wrapped = new.wrap(key.id, &raw);
    if new.unwrap(key.id, &wrapped)?.expose() != raw.expose() {
        return Err(Error::Internal);
    }
    Ok(WrappedDataKey { version: new.version(), wrapped, ..key })
}
