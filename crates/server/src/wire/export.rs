//! Copies of conversations. What stands in them is described with the entries that everybody gets.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Id;
use super::conversations::{Entry, GroupRef, State, WidgetRef};
use super::session::{Language, OperatorRef};
use super::topics::TopicRef;

/// As what a conversation is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConversationFormat {
    /// For programs.
    Json,
    /// A page for people, complete in itself.
    Html,
}

/// As what an organisation is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OrganisationFormat {
    /// A line of JSON for each thing.
    Jsonl,
    /// A table of what was said, for spreadsheets.
    Csv,
}

/// A conversation of a copy.
#[derive(Debug, Serialize, ToSchema)]
pub struct CopiedConversation {
    /// Its id.
    pub id: Id,
    /// Four characters to call the visitor by, such as `4F2K`.
    pub label: String,
    /// Where it stands.
    pub state: State,
    /// The widget it began on.
    pub widget: WidgetRef,
    /// The visitor's language.
    pub language: Language,
    /// When it began, in microseconds of UTC.
    pub started_at: i64,
    /// When something was last said or done.
    pub last_at: i64,
    /// Who is on it.
    #[schema(required)]
    pub assignee: Option<OperatorRef>,
    /// The group it is for; everybody's where there is none.
    #[schema(required)]
    pub group: Option<GroupRef>,
    /// Who was asked in.
    pub guests: Vec<OperatorRef>,
    /// What it is about.
    pub topics: Vec<TopicRef>,
}

/// A copy of one conversation.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversationCopy<'a> {
    /// Always `diskret-conversation-1`.
    pub format: &'static str,
    /// What the organisation is called.
    pub organisation: String,
    /// When it was taken, in microseconds of UTC.
    pub taken_at: i64,
    /// Whose conversation it is.
    pub conversation: CopiedConversation,
    /// Everything in it, ascending, notes included.
    pub entries: Vec<Entry<'a>>,
}
