//! What the world may know of a widget, and who may embed it.

use std::sync::Arc;

use domain::{Language, OrganisationId, PublicId, WidgetId};
use store::widget::Widget;

use crate::leased::Leased;
use crate::{App, Error, Result};

const WIDGETS: usize = 1024;

/// Widgets by name, and their titles by number.
pub(crate) struct Directory {
    widgets: Leased<PublicId, Arc<Widget>>,
    titles: Leased<WidgetId, (PublicId, Arc<str>)>,
}

impl Default for Directory {
    fn default() -> Self {
        Self { widgets: Leased::new(WIDGETS), titles: Leased::new(WIDGETS) }
    }
}

impl Directory {
    pub(super) fn forget(&self, widget: &Widget) {
        self.widgets.remove(&widget.name);
        self.titles.remove(&widget.id);
    }

    /// The same, for a widget that another node changed.
    pub(crate) fn forget_named(&self, name: PublicId) {
        self.widgets.remove(&name);
        // Its title may be known here where its settings are not: from a row of a list.
        self.titles.remove_where(|(known, _)| *known == name);
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

/// What visitors read first where no conversation begins any more.
fn no_more(language: Language) -> String {
    match language {
        Language::De => "Hier beginnen keine neuen Gespräche mehr. Ein laufendes Gespräch geht weiter.",
        Language::En => "No new conversations begin here any more. A conversation under way goes on.",
    }
    .to_owned()
}

impl App {
    pub(crate) async fn widget(&self, name: PublicId) -> Result<Arc<Widget>> {
        if let Some(known) = self.widgets.widgets.get(&name) {
            return Ok(known);
        }
        let widget = Arc::new(self.store.widget(name).await?);
        self.widgets.widgets.insert(name, Arc::clone(&widget));
        Ok(widget)
    }

    /// A widget's name outside and what operators call it.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`].
    pub async fn widget_title(&self, organisation: OrganisationId, id: WidgetId) -> Result<(PublicId, Arc<str>)> {
        if let Some(known) = self.widgets.titles.get(&id) {
            return Ok(known);
        }
        let all = self.store.widgets(organisation).await?;
        let widget = all.into_iter().find(|widget| widget.id == id).ok_or(Error::NotFound)?;
        let known = (widget.name, Arc::from(widget.title));
        self.widgets.titles.insert(id, known.clone());
        Ok(known)
    }

    /// The widget that was founded first, for the demonstration shop.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn first_widget(&self) -> Result<Option<PublicId>> {
        for organisation in self.store.organisations().await? {
            // One whose set-up was broken off has nobody who could answer.
            if self.store.operators(organisation.id).await?.is_empty() {
                continue;
            }
            if let Some(widget) = self.store.widgets(organisation.id).await?.first() {
                return Ok(Some(widget.name));
            }
        }
        Ok(None)
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
            greeting: if widget.closes { no_more(widget.language) } else { widget.greeting.clone() },
            colour: widget.colour.clone(),
            online: self.is_team_online(widget.organisation),
            sites: widget.sites.clone(),
        })
    }
}
