//! Says what a conversation is about.

use domain::limits::TOPICS_EACH;
use domain::{Capability, Level, Principal, PublicId};

use crate::{App, Error, Result};

impl App {
    /// Adds topics to a conversation and takes others away; doing it twice is doing it once.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`] for topics that are not there or archived, and for too
    /// many.
    pub async fn set_topics(
        &self,
        principal: Principal,
        name: PublicId,
        add: &[PublicId],
        remove: &[PublicId],
    ) -> Result<()> {
        let access = principal.require(Capability::Conversations, Level::Write)?;
        let organisation = principal.organisation;
        let found = self.store.conversation_named(organisation, name).await?;
        if add.iter().any(|name| remove.contains(name)) {
            return Err(invalid("a topic is either added or removed".to_owned()));
        }
        let topics = (
            self.topics_named(organisation, "add", add).await?,
            self.topics_named(organisation, "remove", remove).await?,
        );
        let by = (principal.operator, access);
        match self.store.audited(self.by(principal)).set_topics(organisation, found.id, by, topics, self.now()).await {
            Ok(_) => Ok(()),
            Err(store::Error::NotFound) => Err(invalid("this topic is archived, or was deleted meanwhile".to_owned())),
            Err(store::Error::Conflict(_)) => Err(invalid(format!("a conversation has at most {TOPICS_EACH} topics"))),
            Err(other) => Err(other.into()),
        }
    }
}

fn invalid(detail: String) -> Error {
    Error::Invalid { field: "add", detail }
}
