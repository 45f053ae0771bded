//! How long things are kept, and what that deletes.

use domain::retention::Kept;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Id;
use super::conversations::WidgetRef;
use super::words::words;

words! {
    /// What a rule is about.
    KindName as RetentionKind of Kept {
        /// What was said: conversations with everything in them.
        Content,
        /// Who somebody is, apart from what they said.
        Contacts,
        /// What makes a connection work.
        Technical,
    }
}

/// How long something is kept. A topic's rule comes before a widget's, that before the organisation's; of several topics the
/// one that keeps longest.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetentionRule {
    /// What is kept.
    pub kind: KindName,
    /// For the conversations of this widget.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub widget: Option<Id>,
    /// For the conversations about this topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub topic: Option<Id>,
    /// How many days after the last message.
    pub days: i64,
    /// Since when, in microseconds of UTC.
    pub set_at: i64,
}

/// A rule as it is wished: for a widget, for a topic, or for everything else.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedRule {
    /// What is kept.
    pub kind: KindName,
    /// For the conversations of this widget.
    #[schema(nullable = false)]
    pub widget: Option<Id>,
    /// For the conversations about this topic.
    #[schema(nullable = false)]
    pub topic: Option<Id>,
    /// How many days after the last message, 1 to 3,650; null takes the rule away.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    pub days: Option<i64>,
}

/// How many conversations of a widget go.
#[derive(Debug, Serialize, ToSchema)]
pub struct WidgetCount {
    /// Which widget.
    pub widget: WidgetRef,
    /// How many.
    pub conversations: i64,
}

/// What goes within a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetentionTonight {
    /// How many conversations.
    pub conversations: i64,
    /// When the last word was said in the one in which that is longest ago, in microseconds of UTC.
    #[schema(required)]
    pub oldest_at: Option<i64>,
    /// Where they began.
    pub by_widget: Vec<WidgetCount>,
    /// Whether there are more than were counted.
    pub capped: bool,
}

/// How long things are kept, and what goes.
#[derive(Debug, Serialize, ToSchema)]
pub struct Retention {
    /// The rules.
    pub rules: Vec<RetentionRule>,
    /// For how long the one is over that should have been deleted first and is still there; 0 where all is in order.
    pub oldest_past_rule_seconds: i64,
    /// For how long the deletion is past its time whose keys should have been destroyed first and are not, though nobody holds
    /// it up; 0 where all is in order.
    pub oldest_undestroyed_seconds: i64,
    /// Deletions that are held up until somebody lets them go on, because they are implausibly large.
    pub braked: i64,
    /// Conversations that must not be deleted yet.
    pub held: i64,
    /// What goes within a day.
    pub tonight: RetentionTonight,
}

/// What a change of a rule deletes within a day that stays without it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetentionPreview {
    /// How many conversations.
    pub conversations: i64,
    /// When the last word was said in the one in which that is longest ago, in microseconds of UTC.
    #[schema(required)]
    pub oldest_at: Option<i64>,
    /// Where they began.
    pub by_widget: Vec<WidgetCount>,
    /// Whether there are more than were counted.
    pub capped: bool,
    /// Whether it is so long that it needs a reason: more than 36 months.
    pub above_36_months: bool,
}

/// When a conversation goes.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversationRetention {
    /// When, if nobody writes in it again, in microseconds of UTC; never where it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub deletes_at: Option<i64>,
    /// Because of which rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub rule: Option<RetentionRule>,
    /// Until when it must not be deleted, in microseconds of UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub held: Option<i64>,
}
