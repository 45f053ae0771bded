//! Conversations in lists.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::wire::Id;
use crate::wire::session::{Language, OperatorRef};
use crate::wire::topics::TopicRef;

/// Where a conversation stands.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ConversationState)]
pub enum State {
    /// No operator has answered yet.
    New,
    /// The team has to answer.
    Open,
    /// The visitor has to answer.
    Pending,
    /// Over; a new message takes it up again.
    Ended,
}

impl From<domain::conversation::State> for State {
    fn from(state: domain::conversation::State) -> Self {
        use domain::conversation::State as From;
        match state {
            From::New => Self::New,
            From::Open => Self::Open,
            From::Pending => Self::Pending,
            From::Ended => Self::Ended,
        }
    }
}

/// Which list of the message centre.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ListName {
    /// Those of the operator who asks, and those that they were asked into.
    Mine,
    /// Those in which a note names them and they have not looked since.
    Mentioned,
    /// Those that nobody has taken.
    Unassigned,
    /// All; for roles whose reach is all.
    All,
}

impl From<ListName> for app::conversation::ListName {
    fn from(list: ListName) -> Self {
        match list {
            ListName::Mine => Self::Mine,
            ListName::Mentioned => Self::Mentioned,
            ListName::Unassigned => Self::Unassigned,
            ListName::All => Self::All,
        }
    }
}

/// Who wrote the last message.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PreviewFrom {
    /// The visitor.
    Visitor,
    /// An operator.
    Operator,
    /// Nobody.
    None,
}

/// A widget, as far as a list needs to know.
#[derive(Debug, Serialize, ToSchema)]
pub struct WidgetRef {
    /// Its id.
    pub id: Id,
    /// What operators call it.
    pub name: String,
}

/// A group, as far as a list needs to know.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupRef {
    /// Its id.
    pub id: Id,
    /// What it is called.
    pub name: String,
}

/// A row of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversationSummary {
    /// The conversation's id.
    pub id: Id,
    /// Where it stands.
    pub state: State,
    /// Four characters to call the visitor by, such as `4F2K`.
    pub label: String,
    /// The beginning of the last message that both sides see.
    pub preview: String,
    /// Who wrote it.
    pub preview_from: PreviewFrom,
    /// When it began, in microseconds of UTC.
    pub started_at: i64,
    /// When something was last said or done.
    pub last_at: i64,
    /// Since when the visitor waits for an answer.
    #[schema(required)]
    pub waiting_since: Option<i64>,
    /// Who is on it.
    #[schema(required)]
    pub assignee: Option<OperatorRef>,
    /// The group it is for; everybody's where there is none.
    #[schema(required)]
    pub group: Option<GroupRef>,
    /// Who was asked in besides whoever is on it.
    pub guests: Vec<OperatorRef>,
    /// What it is about.
    pub topics: Vec<TopicRef>,
    /// Until when it is put off, in microseconds of UTC. No count includes it while it is.
    #[schema(required)]
    pub snoozed_until: Option<i64>,
    /// Since when it is back after it was put off, until somebody does something.
    #[schema(required)]
    pub returned_at: Option<i64>,
    /// When the visitor is asked whether they are still there, if nobody writes before.
    #[schema(required)]
    pub asks_at: Option<i64>,
    /// When it ends by itself, if nobody writes before.
    #[schema(required)]
    pub ends_at: Option<i64>,
    /// The widget it began on.
    pub widget: WidgetRef,
    /// The visitor's language.
    pub language: Language,
    /// Number of its last entry, notes included.
    pub last_sequence: i64,
    /// Messages of the visitor that the team has not seen.
    pub unread: i64,
    /// Up to which `visible` number the visitor has seen it.
    pub visitor_seen: i64,
    /// Whether the visitor has the chat open.
    pub visitor_online: bool,
    /// Whether a note names the operator who is told, and they have not looked since; missing where only something else
    /// changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub mentioned: Option<bool>,
    /// Grows with every change of any conversation.
    pub position: i64,
}

/// How many conversations are neither ended nor put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counts {
    /// Of the operator who asks.
    pub mine: i64,
    /// Of nobody.
    pub unassigned: i64,
    /// Of all within reach.
    pub all: i64,
}

/// A page of a list, newest change first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversationPage {
    /// The rows.
    pub items: Vec<ConversationSummary>,
    /// `before` of the next page, where there is one.
    #[schema(required)]
    pub next: Option<i64>,
    /// The counts beside the lists.
    pub counts: Counts,
}
