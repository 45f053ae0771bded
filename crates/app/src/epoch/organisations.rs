//! Organisations' keys behind the fence: one in whose name something was deleted gets another key, and the others' are wrapped
//! anew as they are.

use domain::OrganisationId;
use privacy::keys::{EpochKey, OrganisationKey, RawKey};
use store::epoch::{Found, Turn};
use store::key::WrappedOrganisationKey;

use crate::{App, Error, Result};

const PORTION: i64 = 100;

impl App {
    /// Wraps one portion; says whether there was any.
    pub(super) async fn turn_organisations(&self, turn: &Turn) -> Result<bool> {
        let epoch = self.epochs.keys.get(turn.to).ok_or(Error::Unavailable)?;
        let behind = self.keys().keys_behind(turn.to, OrganisationId(0), PORTION).await?;
        for found in &behind {
            self.turn_organisation(turn, &epoch, found).await?;
        }
        Ok(!behind.is_empty())
    }

    async fn turn_organisation(&self, turn: &Turn, epoch: &EpochKey, found: &Found) -> Result<()> {
        let organisation = found.key.organisation;
        let name = self.store.organisation(organisation).await?.name;
        let wrap = |version, key: &RawKey| {
            let wrapped = epoch.wrap(name, version, key);
            WrappedOrganisationKey { organisation, version, epoch: epoch.version(), wrapped }
        };
        let version = found.key.version;
        if !found.is_spent {
            let same = wrap(version, &self.unwrapped(found).await?.1);
            if self.keys().rewrap_organisation_key(turn.clone(), same).await? {
                return Ok(());
            }
        }
        let next = wrap(version + 1, &RawKey::generate());
        Ok(self.keys().replace_organisation_key(Some(turn.clone()), next, self.now()).await?)
    }

    /// An organisation's key, as it was found.
    pub(super) async fn unwrapped(&self, found: &Found) -> Result<(OrganisationKey, RawKey)> {
        let (organisation, version) = (found.key.organisation, found.key.version);
        let name = self.store.organisation(organisation).await?.name;
        let epoch = self.epochs.keys.get(found.key.epoch).ok_or(Error::Unavailable)?;
        let raw = epoch.unwrap(name, version, &found.key.wrapped)?;
        Ok((OrganisationKey::new(organisation, version, &raw), raw))
    }
}
