//! Topics: what conversations are about. One verb per file; setting them on a conversation is [`crate::conversation`]'s.
//!
//! They belong to [`domain::Capability::Snippets`], which is what a team answers and files with: whoever looks after the shared
//! texts looks after these, and whoever answers may see them.

mod add;
mod change;
mod directory;
mod list;
mod remove;

use domain::limits::{TOPIC_CHARACTERS, TOPIC_COLOURS};
use domain::{Principal, PublicId, text};
use store::topic::Topic;

pub use change::TopicChange;
pub(crate) use directory::Directory;

use crate::{App, Error, Result};

fn check_title(title: &str) -> Result<String> {
    text::line(title, TOPIC_CHARACTERS).map_err(|error| Error::Invalid { field: "name", detail: error.to_string() })
}

fn check_colour(colour: i64) -> Result<i64> {
    let detail = || format!("must be a number from 0 to {}", TOPIC_COLOURS - 1);
    if (0..TOPIC_COLOURS).contains(&colour) {
        Ok(colour)
    } else {
        Err(Error::Invalid { field: "colour", detail: detail() })
    }
}

impl App {
    async fn find_topic(&self, principal: Principal, name: PublicId) -> Result<Topic> {
        let topics = self.store.topics(principal.organisation).await?;
        topics.into_iter().find(|topic| topic.name == name).ok_or(Error::NotFound)
    }
}
