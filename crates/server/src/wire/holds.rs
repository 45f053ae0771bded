//! What must not be deleted yet.

use domain::erasure;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Id;
use super::session::OperatorRef;
use super::words::words;

words! {
    /// Why something must not be deleted yet.
    HoldReason of erasure::HoldReason {
        /// A business letter: six years from the end of the year.
        BusinessLetter,
        /// A claim is raised or expected.
        Claim,
        /// Another law says so.
        LegalDuty,
        /// An authority asked for it.
        Authority,
    }
}

/// A conversation that must not be deleted yet.
#[derive(Debug, Serialize, ToSchema)]
pub struct HoldInfo {
    /// The hold's id.
    pub id: Id,
    /// The conversation's id.
    pub conversation: Id,
    /// Four characters to call the visitor by, such as `4F2K`.
    pub label: String,
    /// Whether it is hidden from everybody because it would be deleted otherwise.
    pub restricted: bool,
    /// Why.
    pub reason: HoldReason,
    /// Until when, in microseconds of UTC.
    pub until: i64,
    /// Who said so.
    #[schema(required)]
    pub set_by: Option<OperatorRef>,
    /// When, in microseconds of UTC.
    pub set_at: i64,
}

/// Says that a conversation must not be deleted yet. Holds no words of anybody: what there is to say about it can be noted in
/// the conversation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHold {
    /// The conversation's id.
    pub conversation: Id,
    /// Why.
    pub reason: HoldReason,
    /// Until when, in microseconds of UTC, at most eleven years ahead.
    pub until: i64,
}
