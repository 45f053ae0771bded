//! What one can listen to, and what passes by.

use domain::conversation::Call;
use domain::{ConversationId, OperatorId, OrganisationId};
use serde::{Deserialize, Serialize};

/// What one can listen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Topic {
    /// One conversation.
    Conversation(ConversationId),
    /// The conversations of one operator.
    Operator(OperatorId),
    /// The conversations that nobody has taken.
    Unassigned(OrganisationId),
    /// All conversations of an organisation.
    All(OrganisationId),
    /// Whether an organisation's team is there: for its visitors.
    Team(OrganisationId),
    /// A visitor without a conversation yet: the first bits of the hash of their token.
    Visitor(u64),
}

/// Something passing, not stored or stored elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signal {
    /// The visitor types, or stopped.
    VisitorTyping(ConversationId, bool),
    /// An operator types, or stopped.
    OperatorTyping(ConversationId, OperatorId, bool),
    /// The visitor has seen everything up to a visible number.
    VisitorSeen(ConversationId, i64),
    /// The team has seen everything up to a visible number.
    TeamSeen(ConversationId, i64),
    /// The visitor came or went.
    VisitorPresence(ConversationId, bool),
    /// The team came or went.
    TeamPresence(bool),
    /// A visitor's conversation has begun, in another window of theirs.
    Began,
    /// An operator signed in with a browser that is new to them, or something changed about their passkeys.
    SignedIn,
    /// A colleague calls an operator to a conversation.
    Called(ConversationId, OperatorId, Call),
}

impl Signal {
    /// Whether `newer` says the same kind of thing about the same conversation and person.
    pub(crate) fn is_replaced_by(&self, newer: &Self) -> bool {
        match (self, newer) {
            (Self::VisitorTyping(a, _), Self::VisitorTyping(b, _))
            | (Self::VisitorSeen(a, _), Self::VisitorSeen(b, _))
            | (Self::TeamSeen(a, _), Self::TeamSeen(b, _))
            | (Self::VisitorPresence(a, _), Self::VisitorPresence(b, _))
            | (Self::Called(a, ..), Self::Called(b, ..)) => a == b,
            (Self::OperatorTyping(a, who, _), Self::OperatorTyping(b, newer, _)) => (a, who) == (b, newer),
            (Self::TeamPresence(_), Self::TeamPresence(_))
            | (Self::Began, Self::Began)
            | (Self::SignedIn, Self::SignedIn) => true,
            _ => false,
        }
    }
}
