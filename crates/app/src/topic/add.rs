//! Adds a topic.

use domain::{Capability, Level, Principal};
use privacy::random;
use store::topic::Topic;

use super::{check_colour, check_title};
use crate::{App, Error, Result};

impl App {
    /// Adds a topic.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Invalid`] by field, [`Error::Conflict`] where there are 63 already.
    pub async fn add_topic(&self, principal: Principal, title: &str, colour: i64) -> Result<Topic> {
        principal.require(Capability::Snippets, Level::Write)?;
        let (title, colour) = (check_title(title)?, check_colour(colour)?);
        let name = random::public_id();
        self.store
            .audited(self.by(principal))
            .insert_topic(principal.organisation, name, title, colour, self.now())
            .await
            .map_err(|error| match error {
                store::Error::Conflict(_) => {
                    Error::Conflict("there are as many topics as there can be: give one that nobody needs another name")
                }
                other => other.into(),
            })
    }
}
