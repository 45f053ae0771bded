//! Errors over HTTP (RFC 9457).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Problem details, sent as `application/problem+json`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Which kind of problem: `about:blank`, so the title is the status's.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened and what to do.
    pub detail: String,
    /// The field of the request that breaks a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub field: Option<String>,
}
