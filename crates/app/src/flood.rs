//! What keeps one visitor, one address or one organisation from taking the installation away from the others (SB1).

use std::sync::Arc;

use domain::OrganisationId;
use domain::limits::{ORGANISATION_IN_FLIGHT, SOURCES};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::leased::Leased;
use crate::rate::{Rate, Rates, Source, Turns};
use crate::{Error, Options, Result};

/// The counters of one process.
pub(crate) struct Flood {
    visitors: Rates<[u8; 32]>,
    address_begins: Rates<Source>,
    organisation_begins: Rates<OrganisationId>,
    organisation_writes: Rates<OrganisationId>,
    in_flight: Leased<OrganisationId, Arc<Semaphore>>,
}

impl Flood {
    pub(crate) fn new(options: &Options) -> Self {
        let visitor = Rate { each_second: options.visitor_rate, burst: options.visitor_burst };
        Self {
            visitors: Rates::new(visitor, SOURCES),
            address_begins: Rates::new(Rate::each_minute(options.address_conversations), SOURCES),
            organisation_begins: Rates::new(Rate::each_minute(options.organisation_conversations), SOURCES),
            organisation_writes: Rates::new(Rate::each_second(options.organisation_messages, 1), SOURCES),
            in_flight: Leased::new(SOURCES),
        }
    }

    /// How much a visitor may still send, over all their sockets.
    pub(crate) fn visitor(&self, token_hash: [u8; 32]) -> Turns {
        self.visitors.of(token_hash)
    }

    /// Lets a conversation begin. Whoever floods from one address uses up their own share, before the organisation's.
    pub(crate) fn begin(&self, source: Source, organisation: OrganisationId) -> Result<()> {
        self.address_begins.take(source).map_err(Error::RateLimited)?;
        self.organisation_begins.take(organisation).map_err(Error::RateLimited)
    }

    /// Lets a message of an organisation's pass, and waits while the organisation has all that it may have under way to
    /// the store. The place is held until the store is done with the message.
    pub(crate) async fn write(&self, organisation: OrganisationId) -> Result<OwnedSemaphorePermit> {
        self.organisation_writes.take(organisation).map_err(Error::RateLimited)?;
        let places = self.in_flight.share(organisation, || Arc::new(Semaphore::new(ORGANISATION_IN_FLIGHT)));
        places.acquire_owned().await.map_err(|_| Error::Unavailable)
    }

    /// Forgets whoever has been quiet.
    pub(crate) fn wipe_expired(&self) {
        self.visitors.wipe_expired();
        self.address_begins.wipe_expired();
        self.organisation_begins.wipe_expired();
        self.organisation_writes.wipe_expired();
        self.in_flight.wipe_expired();
    }
}
