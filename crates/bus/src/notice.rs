//! What nodes tell each other: numbers and small flags, never content. Whoever reads it learns no word of a chat, and
//! whoever forges it has a node ask the store, which decides; at worst somebody seems to type or to be there.

use domain::{ConversationId, KeyId, OperatorId, OrganisationId, PublicId};
use serde::{Deserialize, Serialize};

use crate::{Signal, Topic};

/// One running program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeId(pub u64);

/// Somebody who is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Who {
    /// An operator who may answer.
    Operator(OrganisationId, OperatorId),
    /// The visitor of a conversation.
    Visitor(ConversationId),
    /// An operator whose dashboard is open, but who is not at it.
    Away(OrganisationId, OperatorId),
}

impl Who {
    /// Into which of so many parts somebody falls, alike at every node.
    pub const fn part(&self, parts: u64) -> u64 {
        let id = match self {
            Self::Operator(_, operator) | Self::Away(_, operator) => operator.0,
            Self::Visitor(conversation) => conversation.0,
        };
        if parts == 0 { 0 } else { id.unsigned_abs() % parts }
    }
}

/// What one node tells the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Notice {
    /// A conversation changed: ask the store.
    Changed(OrganisationId, ConversationId),
    /// Something passing.
    Signal(Topic, Signal),
    /// Somebody came to a node.
    Came(NodeId, Who),
    /// Somebody went.
    Went(NodeId, Who),
    /// Everybody who is at a node and falls into this part ([`Who::part`]); told again and again, so that what was lost
    /// mends itself.
    Here {
        /// Which node.
        node: NodeId,
        /// Which part, from 0.
        part: u64,
        /// Of how many.
        parts: u64,
        /// Who is there.
        who: Vec<Who>,
    },
    /// An operator's page said at a node whether they are at it: what it said before, there or elsewhere, is over.
    Page {
        /// Which node.
        node: NodeId,
        /// Which page.
        sender: i64,
        /// Who, and whether they are away.
        who: Who,
        /// When, in microseconds.
        at: i64,
    },
    /// A node has just come or was cut off: tell it who is at yours.
    Ask(NodeId),
    /// A node ends.
    Gone(NodeId),
    /// These keys were deleted: have none of them at hand.
    Shred(Vec<KeyId>),
    /// A widget's settings changed: forget what you know of it.
    Widget(PublicId),
}
