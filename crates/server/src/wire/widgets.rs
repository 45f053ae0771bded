//! Widgets' settings.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Id;
use super::conversations::some;
use super::session::Language;

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
