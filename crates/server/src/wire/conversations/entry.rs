//! What stands in a conversation: what was said, and what happened.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::ToSchema;

use super::row::GroupRef;
use crate::wire::Id;
use crate::wire::session::OperatorRef;
use crate::wire::topics::TopicRef;

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
    /// The entry `of` was deleted; operators are told, visitors that it was taken back.
    Erased,
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
