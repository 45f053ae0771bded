//! Texts for answering that are written once.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Id;

/// What a snippet says, by language. `{visitor}`, `{operator}` and `{organisation}` are filled in by whoever inserts it.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wording {
    /// In German.
    #[serde(default)]
    #[schema(required)]
    pub de: Option<String>,
    /// In English.
    #[serde(default)]
    #[schema(required)]
    pub en: Option<String>,
}

/// A snippet.
#[derive(Serialize, ToSchema)]
pub struct SnippetInfo {
    /// Its id.
    pub id: Id,
    /// Whether it is everybody's, or the caller's own.
    pub shared: bool,
    /// The word that it is called by.
    pub shortcut: String,
    /// What it is about.
    pub title: String,
    /// What it says.
    pub wording: Wording,
}

/// A snippet to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSnippet {
    /// For everybody, or for oneself.
    pub shared: bool,
    /// The word that it is called by: letters, digits, `-` and `_`.
    pub shortcut: String,
    /// What it is about.
    pub title: String,
    /// What it says, in one language at least.
    pub wording: Wording,
}

/// Other words for a snippet.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SnippetChange {
    /// The word that it is called by: letters, digits, `-` and `_`.
    pub shortcut: String,
    /// What it is about.
    pub title: String,
    /// What it says, in one language at least.
    pub wording: Wording,
}
