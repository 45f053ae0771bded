//! What conversations are about.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Id;

/// A topic, as far as a conversation needs to know.
#[derive(Debug, Serialize, ToSchema)]
pub struct TopicRef {
    /// Its id.
    pub id: Id,
    /// What it is called.
    pub name: String,
    /// Which of the palette's colours it has, from 0.
    pub colour: i64,
}

/// A topic.
#[derive(Debug, Serialize, ToSchema)]
pub struct TopicInfo {
    /// Its id.
    pub id: Id,
    /// What it is called.
    pub name: String,
    /// Which of the palette's colours it has, from 0.
    pub colour: i64,
    /// Whether it is offered no more; conversations that are about it stay so.
    pub archived: bool,
    /// Whether a conversation is or was about it: it can be archived then, but not deleted.
    pub used: bool,
}

/// A topic to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTopic {
    /// What it is called, at most 32 characters. A setting that is not sealed: no place for people's names.
    pub name: String,
    /// Which of the palette's colours it has, 0 to 7.
    pub colour: i64,
}

/// A change of a topic; what is missing stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TopicChange {
    /// What it is called.
    #[schema(nullable = false)]
    pub name: Option<String>,
    /// Which of the palette's colours it has.
    #[schema(nullable = false)]
    pub colour: Option<i64>,
    /// Whether it is offered no more.
    #[schema(nullable = false)]
    pub archived: Option<bool>,
}

/// What a conversation is about besides, and what no more. At most five topics at once.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TopicsChange {
    /// The ids of topics that are offered.
    #[serde(default)]
    pub add: Vec<Id>,
    /// The ids of topics that it has.
    #[serde(default)]
    pub remove: Vec<Id>,
}
