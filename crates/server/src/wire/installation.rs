//! Setting the installation up.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Id;
use super::session::Language;

/// Whether the installation was set up.
#[derive(Debug, Serialize, ToSchema)]
pub struct SetupState {
    /// Nobody has set it up yet.
    pub needed: bool,
}

/// The first organisation, its owner and its first widget.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupRequest {
    /// The one-time code that the machine printed.
    pub code: String,
    /// What the organisation is called.
    pub organisation: String,
    /// What the owner is called.
    pub name: String,
    /// The owner's address.
    pub email: String,
    /// The owner's password, at least 12 characters.
    pub password: String,
    /// The language of the owner's screens and of the widget.
    pub language: Language,
    /// The site's origin, such as `https://www.example.de`; missing means any.
    pub site: Option<String>,
    /// The first line in the widget.
    pub greeting: Option<String>,
    /// The widget's colour, `#rrggbb`.
    pub colour: Option<String>,
}

/// What was founded. The recovery key is shown here once and stored nowhere.
#[derive(Serialize, ToSchema)]
pub struct SetupResult {
    /// The organisation's id.
    pub organisation: Id,
    /// The widget's id, for the page.
    pub widget: Id,
    /// The private recovery key.
    pub recovery_key: String,
}

/// The recovery key, typed back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecoveryConfirmation {
    /// As it was shown; spaces, dashes and case do not matter.
    pub key: String,
}
