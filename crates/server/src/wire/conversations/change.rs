//! What operators do with a conversation besides writing.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::wire::{Id, some};

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
