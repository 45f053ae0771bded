//! Before the old key is destroyed, every key is opened with the new one: what does not open then would be lost for ever.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Instant;

use domain::{KeyId, OrganisationId};
use privacy::keys::OrganisationKey;
use store::epoch::{Found, Turn};

use super::turn::Held;
use crate::{App, Error, Result};

const PORTION: i64 = 1000;

impl App {
    /// Opens every key.
    pub(super) async fn verify_keys(&self, turn: &Turn, held: &mut Held<'_>) -> Result<()> {
        let mut organisations = BTreeMap::new();
        let mut after = OrganisationId(0);
        loop {
            let portion = self.keys().organisation_keys(after, PORTION).await?;
            let Some(last) = portion.last() else { break };
            after = last.key.organisation;
            for found in &portion {
                let key = self.verified(turn, found).await?;
                organisations.insert(found.key.organisation, key);
            }
        }
        let mut after = KeyId(i64::MIN);
        loop {
            let begun = Instant::now();
            let portion = self.keys().data_keys(after, PORTION).await?;
            let Some(last) = portion.last() else { return Ok(()) };
            after = last.id;
            for key in &portion {
                let current = match organisations.entry(key.organisation) {
                    Entry::Occupied(known) => known.into_mut(),
                    // One that was founded meanwhile.
                    Entry::Vacant(room) => {
                        let key = self.keys().organisation_key(key.organisation, None).await?;
                        let found = Found { key, is_current: true, is_spent: false };
                        room.insert(self.verified(turn, &found).await?)
                    }
                };
                let opens = current.version() == key.version && current.unwrap(key.id, &key.wrapped).is_ok();
                if !opens {
                    return Err(wrong(key.organisation));
                }
            }
            held.rest(begun.elapsed()).await?;
        }
    }

    async fn verified(&self, turn: &Turn, found: &Found) -> Result<OrganisationKey> {
        if !found.is_current || found.key.epoch != turn.to {
            return Err(wrong(found.key.organisation));
        }
        Ok(self.unwrapped(found).await?.0)
    }
}

fn wrong(organisation: OrganisationId) -> Error {
    tracing::error!(%organisation, "a key does not open with the new epoch's: the old one is kept, and the turn waits");
    Error::Internal
}
