//! Backups and their places, as people see them.

use std::time::Duration;

use domain::{Capability, Level, OrganisationId, Principal};
use store::backup::{Noted, PlaceState, Which};
use store::job;

use crate::places::Placed;
use crate::{App, Error, Result};

/// Backups that are shown of each kind.
const SHOWN: i64 = 30;
/// A backup that was asked for is not made again before.
const AGAIN_AFTER: Duration = Duration::from_secs(600);

/// How backups stand.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The latest of the data, the last one first.
    pub data: Vec<Noted>,
    /// The latest of the keys, the last one first.
    pub keys: Vec<Noted>,
    /// Whether the last one of either that lies somewhere is older than it may be.
    pub is_late: bool,
    /// The places, as they were when they were last asked.
    pub places: Vec<PlaceState>,
}

impl App {
    /// How backups stand. Why something failed is told where no other organisation shares the installation: it may name
    /// machines.
    ///
    /// # Errors
    /// [`Error::Forbidden`], those of the store.
    pub async fn backups(&self, principal: Principal) -> Result<Overview> {
        principal.require(Capability::Privacy, Level::Read)?;
        let mut found = self.overview_of_backups().await?;
        if self.is_shared().await? {
            let noted = found.data.iter_mut().chain(&mut found.keys).filter_map(|noted| noted.failure.as_mut());
            let places = found.places.iter_mut().filter_map(|place| Some(&mut place.failed.as_mut()?.1));
            noted.chain(places).for_each(String::clear);
        }
        Ok(found)
    }

    /// The same for whoever runs the machine.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn overview_of_backups(&self) -> Result<Overview> {
        let data = self.latest_backups(Which::Data, SHOWN).await?;
        let mut places = self.store.place_states().await?;
        let is_broken = places.iter().any(|place| place.broken.is_some());
        // One that answers, and gives back something else than it was given, has failed.
        for place in &mut places {
            place.failed = place.failed.take().or(place.seen_at.zip(place.broken.clone()));
        }
        Ok(Overview {
            is_late: is_broken || !self.late_backups().await?.is_empty(),
            keys: self.latest_backups(Which::Keys, SHOWN).await?,
            places: self.named_states(places),
            data,
        })
    }

    /// The places that are named now: also those that nobody has asked yet, and none that is named no more.
    fn named_states(&self, mut known: Vec<PlaceState>) -> Vec<PlaceState> {
        let state = |placed: &Placed| match known.iter().position(|state| state.place == placed.name) {
            Some(at) => known.swap_remove(at),
            None => PlaceState {
                place: placed.name.clone(),
                within: [&placed.within.country, &placed.within.site, &placed.within.company].map(Clone::clone),
                seen_at: None,
                failed: None,
                sealed_for: None,
                broken: None,
            },
        };
        self.places().iter().map(state).collect()
    }

    /// Has a backup of the data made at once.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Conflict`] where no place is named, or one was begun a moment ago.
    pub async fn back_up_now(&self, principal: Principal) -> Result<()> {
        principal.require(Capability::Privacy, Level::Write)?;
        self.named_places()?;
        let last = self.latest_backups(Which::Data, 1).await?;
        if last.first().is_some_and(|last| last.failure.is_none() && last.begun_at.plus(AGAIN_AFTER) > self.now()) {
            return Err(Error::Conflict("a backup was begun less than ten minutes ago"));
        }
        let (now, by) = (self.now(), principal.operator.0);
        Ok(self.store.reschedule_job(OrganisationId(0), job::Kind::Backup, by, now, now).await?)
    }

    /// Whether more than one organisation shares the installation: then none of them decides what concerns all.
    pub(crate) async fn is_shared(&self) -> Result<bool> {
        Ok(self.store.organisations().await?.len() > 1)
    }
}
