//! Widgets' settings.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::session::Language;
use super::{Id, some};

/// A widget.
#[derive(Debug, Serialize, ToSchema)]
pub struct WidgetInfo {
    /// Its id, for the page.
    pub id: Id,
    /// What operators call it.
    pub name: String,
    /// Origins that may embed it; none means any.
    pub sites: Vec<String>,
    /// The first line a visitor reads.
    pub greeting: String,
    /// `#rrggbb`.
    pub colour: String,
    /// The language where the page says nothing.
    pub language: Language,
    /// The id of the group that its conversations are for; everybody where there is none.
    #[schema(required)]
    pub group: Option<Id>,
    /// After how many minutes without an answer the visitor is asked whether they are still there; null is never.
    #[schema(required)]
    pub ask_after_minutes: Option<i64>,
    /// After how many minutes without a word a conversation ends by itself; null is as the installation has it.
    #[schema(required)]
    pub end_after_minutes: Option<i64>,
    /// After how many minutes the installation ends a conversation in which nobody writes.
    pub ends_otherwise_after_minutes: i64,
}

/// What is to be changed; what is missing stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WidgetChange {
    /// What operators call it.
    pub name: Option<String>,
    /// Origins that may embed it; none means any.
    pub sites: Option<Vec<String>>,
    /// The first line a visitor reads.
    pub greeting: Option<String>,
    /// `#rrggbb`.
    pub colour: Option<String>,
    /// The language where the page says nothing.
    pub language: Option<Language>,
    /// The id of the group that its conversations are for, or null for everybody.
    #[serde(default, deserialize_with = "some")]
    #[schema(value_type = Option<Id>)]
    pub group: Option<Option<Id>>,
    /// After how many minutes without an answer the visitor is asked whether they are still there, or null for never.
    #[serde(default, deserialize_with = "some")]
    #[schema(value_type = Option<i64>)]
    pub ask_after_minutes: Option<Option<i64>>,
    /// After how many minutes without a word a conversation ends by itself, or null for as the installation has it. Acts on
    /// conversations that begin or are written in from then on.
    #[serde(default, deserialize_with = "some")]
    #[schema(value_type = Option<i64>)]
    pub end_after_minutes: Option<Option<i64>>,
}

/// The published configuration: everything a page needs before the click.
#[derive(Debug, Serialize, ToSchema)]
pub struct WidgetConfig {
    /// The widget's id.
    pub id: Id,
    /// What the organisation is called.
    pub organisation: String,
    /// The language where the page says nothing.
    pub language: Language,
    /// The first line.
    pub greeting: String,
    /// `#rrggbb`.
    pub colour: String,
    /// Whether somebody is there to answer.
    pub online: bool,
}
