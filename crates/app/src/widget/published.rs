//! What the world may know of a widget, and who may embed it.

use std::sync::Arc;

use domain::{Language, PublicId};
use store::widget::Widget;

use crate::leased::Leased;
use crate::{App, Result};

const WIDGETS: usize = 1024;

/// Widgets by name.
pub(crate) struct Directory(Leased<PublicId, Arc<Widget>>);

impl Default for Directory {
    fn default() -> Self {
        Self(Leased::new(WIDGETS))
    }
}

impl Directory {
    pub(super) fn forget(&self, name: PublicId) {
        self.0.remove(&name);
    }
}

/// The published configuration: everything a page needs before the click.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The widget's name.
    pub id: PublicId,
    /// What the organisation is called.
    pub organisation: Arc<str>,
    /// The language where the page says nothing.
    pub language: Language,
    /// The first line.
    pub greeting: String,
    /// `#rrggbb`.
    pub colour: String,
    /// Whether somebody is there to answer.
    pub online: bool,
    /// Origins that may embed it; none means any.
    pub sites: Vec<String>,
}

impl App {
    pub(crate) async fn widget(&self, name: PublicId) -> Result<Arc<Widget>> {
        if let Some(known) = self.widgets.0.get(&name) {
            return Ok(known);
        }
        let widget = Arc::new(self.store.widget(name).await?);
        self.widgets.0.insert(name, Arc::clone(&widget));
        Ok(widget)
    }

    /// The published configuration of a widget. Public.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`].
    pub async fn published(&self, name: PublicId) -> Result<Published> {
        let widget = self.widget(name).await?;
        let (_, organisation) = self.organisation(widget.organisation).await?;
        Ok(Published {
            id: widget.name,
            organisation,
            language: widget.language,
            greeting: widget.greeting.clone(),
            colour: widget.colour.clone(),
            online: self.is_team_online(widget.organisation),
            sites: widget.sites.clone(),
        })
    }
}
