//! Conversations in lists and their entries.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Id;
use super::session::{Language, OperatorRef};
use super::topics::TopicRef;

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
    /// Who was asked in besides.
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

/// Who wrote an entry.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AuthorKind {
    /// The visitor.
    Visitor,
    /// An operator.
    Operator,
}

/// Who wrote a message.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageAuthor<'a> {
    /// Which side.
    pub kind: AuthorKind,
    /// An operator's id; operators are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub id: Option<Id>,
    /// An operator's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    pub name: Option<Cow<'a, str>>,
}

/// A message or note. Operators are sent `sequence` (gapless over everything) and `visible` (gapless over what the
/// visitor may see; a note repeats the number before it). Visitors are sent the visible number in `sequence`, and nothing
/// else to count by.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageEntry<'a> {
    /// The conversation's id.
    pub conversation: Id,
    /// Its number.
    pub sequence: i64,
    /// Its number for the visitor.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub visible: Option<i64>,
    /// Who wrote it.
    pub author: MessageAuthor<'a>,
    /// For operators only.
    pub note: bool,
    /// What was said, in its newest wording; empty where it was taken back.
    #[schema(value_type = String)]
    pub text: Cow<'a, str>,
    /// When it was stored, in microseconds of UTC.
    pub at: i64,
    /// From which page load, where the receiver wrote it themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub sender: Option<String>,
    /// The how-manieth of that page load.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub counter: Option<i64>,
}

/// What can happen in a conversation.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// Given to an operator, or to nobody.
    Assigned,
    /// Ended.
    Ended,
    /// Taken up again.
    Reopened,
    /// Handed to a group, or to everybody; operators are told.
    Grouped,
    /// It is about other topics now; operators are told.
    Topics,
    /// Put off; operators are told.
    Snoozed,
    /// Back after it was put off: by itself, or by an operator before its time; operators are told.
    Returned,
    /// The text of the entry `of` is another one now.
    Edited,
    /// The entry `of` was taken back.
    Recalled,
    /// `guest` was asked in; operators are told.
    Invited,
    /// `guest` is no longer in it; operators are told.
    Left,
}

/// Why a conversation ended.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EndCause {
    /// An operator ended it.
    Operator,
    /// Nobody wrote for long.
    Idle,
}

/// The operator an event speaks of.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventOperator {
    /// Their id; operators are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub id: Option<Id>,
    /// What they are called.
    pub name: String,
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventEntry {
    /// The conversation's id.
    pub conversation: Id,
    /// Its number.
    pub sequence: i64,
    /// Its number for the visitor.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub visible: Option<i64>,
    /// When it happened, in microseconds of UTC.
    pub at: i64,
    /// What happened.
    pub event: EventKind,
    /// Assigned: to whom. Everything else: by whom, where it was not by itself.
    #[schema(required)]
    pub operator: Option<EventOperator>,
    /// Grouped: to which.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub group: Option<GroupRef>,
    /// Invited and left: who came or went.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub guest: Option<OperatorRef>,
    /// Topics: those that it is about besides now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub added: Option<Vec<TopicRef>>,
    /// Topics: those that it is about no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub removed: Option<Vec<TopicRef>>,
    /// Snoozed: until when, in microseconds of UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub until: Option<i64>,
    /// Ended: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub cause: Option<EndCause>,
    /// Edited and recalled: the `sequence` of the entry, as the receiver counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub of: Option<i64>,
    /// Edited and recalled: what stands there now, which may be newer than this event; empty where it was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub text: Option<String>,
}

/// An entry of a conversation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Entry<'a> {
    /// Something that was said.
    Message(MessageEntry<'a>),
    /// Something that happened.
    Event(EventEntry),
}

/// A page of entries, ascending.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryPage<'a> {
    /// The entries.
    pub items: Vec<Entry<'a>>,
    /// `before` of the page before this one, where there is one.
    #[schema(required)]
    pub first: Option<i64>,
}

/// To whom a conversation is given: an operator or a group, one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// An operator's id, or null for nobody.
    #[serde(default, deserialize_with = "some")]
    #[schema(value_type = Option<Id>)]
    pub operator: Option<Option<Id>>,
    /// A group's id, or null for everybody; nobody is on it then.
    #[serde(default, deserialize_with = "some")]
    #[schema(value_type = Option<Id>)]
    pub group: Option<Option<Id>>,
    /// What whoever takes it should know. Stored with the assignment or not at all.
    pub note: Option<HandoverNote>,
}

/// A note that goes with an assignment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandoverNote {
    /// Names this note: 16 random hex digits. What is sent again under the same is stored once.
    pub sender: String,
    /// What it says, at most 10,000 characters.
    pub text: String,
}

/// Tells null from missing: what can't be null is refused as null.
pub(crate) fn some<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// A colleague who could be named in a note of a conversation.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReaderInfo {
    /// Their id: `@[id]` in a note names them.
    pub id: Id,
    /// What they are called.
    pub name: String,
    /// Whether they may read this conversation. Whoever may not is not told of a note.
    pub reads: bool,
    /// Whether they could if they were invited.
    pub invitable: bool,
}

/// Another wording of an entry.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// What it shall say, at most 10,000 characters.
    pub text: String,
}

/// The states that an operator can put a conversation into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WantedState {
    /// Over.
    Ended,
    /// Taken up again.
    Open,
}

/// Ends a conversation or takes it up again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StateChange {
    /// What it shall be.
    pub state: WantedState,
}

/// Puts a conversation off, or takes it up again before its time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Snooze {
    /// Until when, in microseconds of UTC, at most a year ahead; null takes it up again.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    pub until: Option<i64>,
}
