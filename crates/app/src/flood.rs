//! What keeps one visitor, one address or one organisation from taking the installation away from the others (SB1).

use std::sync::Arc;

use domain::limits::{NETWORK_ADDRESSES, OPERATORS_IN_FLIGHT, ORGANISATION_IN_FLIGHT, SOURCES};
use domain::{OperatorId, OrganisationId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::leased::Leased;
use crate::rate::{Rate, Rates, Source, Turns, Whereabouts};
use crate::{Error, Options, Result};

/// The counters of one process.
pub(crate) struct Flood {
    visitors: Rates<[u8; 32]>,
    begins: Places,
    organisation_begins: Rates<OrganisationId>,
    writes: Places,
    organisation_writes: Rates<(OrganisationId, Side)>,
    in_flight: Leased<(OrganisationId, Side), Arc<Semaphore>>,
    counts: Rates<OperatorId>,
}

/// Whose messages are counted: an organisation's visitors and its operators have a share each, so that no crowd of
/// strangers silences those who answer.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Side {
    Visitors,
    Operators,
}

/// What each address may do, and each network of addresses.
struct Places {
    addresses: Rates<Source>,
    networks: Rates<Source>,
}

impl Places {
    fn new(rate: Rate) -> Self {
        Self { addresses: Rates::new(rate, SOURCES), networks: Rates::new(rate.times(NETWORK_ADDRESSES), SOURCES) }
    }

    /// One address's flood takes from its network what its own share is, and no more.
    fn take(&self, from: Whereabouts) -> Result<()> {
        self.addresses.take(from.address).map_err(Error::RateLimited)?;
        from.network.map_or(Ok(()), |network| self.networks.take(network)).map_err(Error::RateLimited)
    }

    fn wipe_expired(&self) {
        self.addresses.wipe_expired();
        self.networks.wipe_expired();
    }
}

impl Flood {
    pub(crate) fn new(options: &Options) -> Self {
        let visitor = Rate { each_second: options.visitor_rate, burst: options.visitor_burst };
        Self {
            visitors: Rates::new(visitor, SOURCES),
            begins: Places::new(Rate::each_minute(options.address_conversations)),
            organisation_begins: Rates::new(Rate::each_minute(options.organisation_conversations), SOURCES),
            writes: Places::new(Rate::each_second(options.address_messages, 1)),
            organisation_writes: Rates::new(Rate::each_second(options.organisation_messages, 1), SOURCES),
            in_flight: Leased::new(SOURCES),
            counts: Rates::new(Rate { each_second: 0.5, burst: 25 }, SOURCES),
        }
    }

    /// Lets somebody have counted what a rule would delete: that looks at as much as there is.
    pub(crate) fn count(&self, operator: OperatorId) -> Result<()> {
        self.counts.take(operator).map_err(Error::RateLimited)
    }

    /// How much a visitor may still send, over all their sockets.
    pub(crate) fn visitor(&self, token_hash: [u8; 32]) -> Turns {
        self.visitors.of(token_hash)
    }

    /// Lets a conversation begin. Whoever floods from one address uses up their own share, before the organisation's.
    pub(crate) fn begin(&self, from: Whereabouts, organisation: OrganisationId) -> Result<()> {
        self.begins.take(from)?;
        self.organisation_begins.take(organisation).map_err(Error::RateLimited)
    }

    /// Lets a visitor's message pass, from where they are, and waits while the organisation's visitors have all that they
    /// may have under way to the store. The place is held until the store is done with the message.
    pub(crate) async fn write(&self, from: Whereabouts, organisation: OrganisationId) -> Result<OwnedSemaphorePermit> {
        self.writes.take(from)?;
        self.pass(organisation, Side::Visitors, ORGANISATION_IN_FLIGHT).await
    }

    /// The same for an operator's message. They have signed in: it does not matter from where.
    pub(crate) async fn answer(&self, organisation: OrganisationId) -> Result<OwnedSemaphorePermit> {
        self.pass(organisation, Side::Operators, OPERATORS_IN_FLIGHT).await
    }

    async fn pass(&self, organisation: OrganisationId, side: Side, most: usize) -> Result<OwnedSemaphorePermit> {
        self.organisation_writes.take((organisation, side)).map_err(Error::RateLimited)?;
        let places = self.in_flight.share((organisation, side), || Arc::new(Semaphore::new(most)));
        places.acquire_owned().await.map_err(|_| Error::Unavailable)
    }

    /// Forgets whoever has been quiet.
    pub(crate) fn wipe_expired(&self) {
        self.visitors.wipe_expired();
        self.begins.wipe_expired();
        self.organisation_begins.wipe_expired();
        self.writes.wipe_expired();
        self.organisation_writes.wipe_expired();
        self.in_flight.wipe_unheld();
        self.counts.wipe_expired();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn operators_do_not_wait_for_what_visitors_have_under_way() {
        let options = Options { address_messages: 10_000, organisation_messages: 10_000, ..Options::default() };
        let flood = Flood::new(&options);
        let (organisation, from) = (OrganisationId(1), Whereabouts { address: Source::new(1), network: None });
        let write = || flood.write(from, organisation).now_or_never();
        let held: Vec<_> = (0..ORGANISATION_IN_FLIGHT).map(|_| write().unwrap().unwrap()).collect();
        assert!(write().is_none(), "visitors have all their places");
        let answers: Vec<_> = (0..OPERATORS_IN_FLIGHT).map(|_| flood.answer(organisation).now_or_never()).collect();
        assert!(answers.iter().all(|answer| matches!(answer, Some(Ok(_)))));
        assert!(flood.answer(organisation).now_or_never().is_none(), "and operators theirs");
        drop(held);
        assert!(matches!(write(), Some(Ok(_))));
    }
}
