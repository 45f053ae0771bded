//! The end of an organisation.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Id;
use super::session::OperatorRef;

/// How far the end of an organisation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ClosingState {
    /// Nobody closes it.
    Open,
    /// Somebody gave notice: it can be kept until its day.
    Waiting,
    /// Its day has come, but something of it must be kept for longer.
    Held,
    /// Everything of it is being destroyed.
    Ending,
}

/// Where an organisation stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct Closing {
    /// How far it is.
    pub state: ClosingState,
    /// The deletion, whose receipt is under this id.
    #[schema(required)]
    pub erasure: Option<Id>,
    /// When somebody gave notice, in microseconds of UTC.
    #[schema(required)]
    pub requested_at: Option<i64>,
    /// Who.
    #[schema(required)]
    pub requested_by: Option<OperatorRef>,
    /// The day on which it ends, in microseconds of UTC.
    #[schema(required)]
    pub ends_at: Option<i64>,
    /// When a copy of the whole organisation was last taken to its end, in microseconds of UTC.
    #[schema(required)]
    pub copied_at: Option<i64>,
    /// Whether that is so lately that it counts as the copy before the end.
    pub has_copy: bool,
    /// Conversations that must not be deleted yet.
    pub held: i64,
    /// Until when the last of them must not, in microseconds of UTC.
    #[schema(required)]
    pub held_until: Option<i64>,
}

/// Gives notice for an organisation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseOrganisation {
    /// What the organisation is called, as it stands on the screen.
    pub name: String,
    /// Whether no copy is wanted; otherwise one must have been taken within a day.
    pub without_copy: bool,
    /// One's password.
    pub password: String,
    /// A code of the second factor, or a recovery code, where it is on.
    pub code: Option<String>,
}

/// The acknowledgement of an organisation that ended.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    /// The file's text, every byte of it.
    pub receipt: String,
}
