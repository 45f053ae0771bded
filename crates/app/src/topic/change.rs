//! Gives a topic another name or colour, archives it or offers it again.

use domain::{Capability, Level, Principal, PublicId};
use store::topic::Topic;

use super::{check_colour, check_title};
use crate::{App, Result};

/// What is to be changed; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct TopicChange {
    /// What it is called.
    pub name: Option<String>,
    /// Which of the palette's colours it has.
    pub colour: Option<i64>,
    /// Whether it is offered no more.
    pub archived: Option<bool>,
}

impl App {
    /// Changes a topic. Conversations keep one that is archived.
    ///
    /// # Errors
    /// [`crate::Error::Forbidden`], [`crate::Error::NotFound`], [`crate::Error::Invalid`] by field.
    pub async fn change_topic(&self, principal: Principal, name: PublicId, change: TopicChange) -> Result<Topic> {
        principal.require(Capability::Snippets, Level::Write)?;
        let mut topic = self.find_topic(principal, name).await?;
        if let Some(name) = change.name {
            topic.title = check_title(&name)?;
        }
        if let Some(colour) = change.colour {
            topic.colour = check_colour(colour)?;
        }
        topic.is_archived = change.archived.unwrap_or(topic.is_archived);
        self.store.audited(self.by(principal)).change_topic(topic.clone()).await?;
        self.topics.forget(principal.organisation);
        Ok(topic)
    }
}
