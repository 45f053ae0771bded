//! Deletions.

use domain::erasure;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Id;
use super::session::OperatorRef;
use super::words::words;

words! {
    /// What is deleted.
    ErasureWhat of erasure::What {
        /// A part of a message.
        Passage,
        /// One value, such as a name.
        Value,
        /// One message or note, or a few of one conversation.
        Message,
        /// One conversation.
        Conversation,
        /// Several conversations at once.
        Many,
        /// Somebody, with everything of theirs.
        Contact,
        /// An organisation.
        Organisation,
        /// A customer.
        Account,
    }
}

words! {
    /// Who or what caused it.
    ErasureCause of erasure::Cause {
        /// The visitor whose conversation it is.
        Visitor,
        /// An operator, or a program of theirs.
        Operator,
        /// The end of the time that it is kept for.
        Retention,
        /// The end of the contract.
        Closing,
        /// Whoever runs the machine.
        CommandLine,
    }
}

words! {
    /// How far it is.
    ErasureState of erasure::State {
        /// Everything is hidden; it can be taken back.
        Waiting,
        /// It is implausibly large, and waits for a second person; what a rule deletes, for a day at most.
        Braked,
        /// It was taken back.
        Undone,
        /// Keys and rows are being destroyed.
        Working,
        /// Something of it must not be deleted yet: it stays hidden until then.
        Held,
        /// The running system cannot read it any more; backups still could.
        Destroyed,
        /// Nobody can.
        Done,
    }
}

words! {
    /// What stands in the place of a conversation.
    StubState of erasure::Stub {
        /// Hidden: it can be taken back.
        Hidden,
        /// Gone.
        Erased,
        /// Hidden, and kept because it must be.
        Restricted,
    }
}

/// A part of a text.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Passage)]
pub struct PassageRange {
    /// Its first character, from 0.
    pub from: u32,
    /// The first character behind it.
    pub to: u32,
}

/// What is to be deleted: either `conversations`; or `conversation` with `entries`; or `conversation` with `entry` and
/// `passages`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewErasure {
    /// Its id, chosen by whoever asks: asked for again with the same one, the deletion of then is answered. Where there is none,
    /// one is chosen here.
    #[serde(default)]
    pub id: Option<Id>,
    /// Conversations, at most 500.
    #[serde(default)]
    pub conversations: Option<Vec<Id>>,
    /// The conversation of which a part is to be deleted.
    #[serde(default)]
    pub conversation: Option<Id>,
    /// Messages and notes of it, by their `sequence`, at most 500.
    #[serde(default)]
    pub entries: Option<Vec<i64>>,
    /// A message or note of it.
    #[serde(default)]
    pub entry: Option<i64>,
    /// Parts of that, which must not overlap.
    #[serde(default)]
    pub passages: Option<Vec<PassageRange>>,
}

/// A deletion. Times are microseconds of UTC.
#[derive(Debug, Serialize, ToSchema)]
pub struct Erasure {
    /// Its id, which is the number of its receipt.
    pub id: Id,
    /// What is deleted.
    pub what: ErasureWhat,
    /// Who or what caused it.
    pub cause: ErasureCause,
    /// How far it is.
    pub state: ErasureState,
    /// When it was asked for.
    pub requested_at: i64,
    /// Who asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<OperatorRef>,
    /// Until when it can be taken back.
    pub destroy_at: i64,
    /// Whether it was held up because it is implausibly large.
    pub braked: bool,
    /// Who let it go on then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub released_by: Option<OperatorRef>,
    /// How many conversations.
    pub conversations: i64,
    /// How many messages and notes.
    pub messages: i64,
    /// How many keys.
    pub keys: i64,
    /// When its keys were destroyed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shredded_at: Option<i64>,
    /// When its rows were deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purged_at: Option<i64>,
    /// When all places of backups knew of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placed_at: Option<i64>,
    /// When nobody could read it any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done_at: Option<i64>,
    /// The places and nodes that it waits for.
    pub pending: Vec<String>,
}

/// A page of deletions, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErasurePage {
    /// The deletions.
    pub items: Vec<Erasure>,
    /// The number before which the next page is asked for.
    #[schema(required)]
    pub next: Option<i64>,
}

/// What stands in the place of a conversation that was deleted.
#[derive(Debug, Serialize, ToSchema)]
pub struct Stub {
    /// The conversation's id.
    pub conversation: Id,
    /// What became of it.
    pub state: StubState,
    /// Who or what caused it.
    pub cause: ErasureCause,
    /// Since when, in microseconds of UTC.
    pub at: i64,
    /// The deletion's id.
    pub erasure: Id,
}

/// What stands in the place of conversations, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Stubs {
    /// One for each of them.
    pub stubs: Vec<Stub>,
}
