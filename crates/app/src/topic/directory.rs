//! What topics are called, kept at hand under a lease for rows and events.

use std::sync::Arc;

use domain::{OrganisationId, PublicId, Topics};
use store::topic::Topic;

use crate::leased::Leased;
use crate::{App, Error, Result};

const ORGANISATIONS: usize = 1024;

/// The topics of organisations.
pub(crate) struct Directory(Leased<OrganisationId, Arc<[Topic]>>);

impl Default for Directory {
    fn default() -> Self {
        Self(Leased::new(ORGANISATIONS))
    }
}

impl Directory {
    pub(crate) fn wipe_expired(&self) {
        self.0.wipe_expired();
    }

    pub(super) fn forget(&self, organisation: OrganisationId) {
        self.0.remove(&organisation);
    }
}

impl App {
    /// These topics, in the order of their numbers; one that is gone is left out.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn topics_of(&self, organisation: OrganisationId, wanted: Topics) -> Result<Vec<Topic>> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let among = |all: &[Topic]| -> Vec<Topic> {
            all.iter().filter(|topic| wanted.contain(topic.number)).cloned().collect()
        };
        if let Some(known) = self.topics.0.get(&organisation) {
            let found = among(&known);
            // Another node may have added one since.
            if found.len() == wanted.count() {
                return Ok(found);
            }
        }
        let all: Arc<[Topic]> = self.store.topics(organisation).await?.into();
        let found = among(&all);
        self.topics.0.insert(organisation, all);
        Ok(found)
    }

    /// Topics by their names outside, all of which must be there.
    pub(crate) async fn topics_named(
        &self,
        organisation: OrganisationId,
        field: &'static str,
        names: &[PublicId],
    ) -> Result<Topics> {
        let topics = if names.is_empty() { Vec::new() } else { self.store.topics(organisation).await? };
        let number = |name: &PublicId| topics.iter().find(|topic| topic.name == *name).map(|topic| topic.number);
        let unknown = || Error::Invalid { field, detail: "there is no such topic in your organisation".to_owned() };
        names.iter().map(|name| number(name).ok_or_else(unknown)).collect()
    }
}
