//! Reads and changes widgets' settings.

use domain::limits::{GREETING_CHARACTERS, NAME_CHARACTERS, QUIET_MINUTES, SITES};
use domain::{Capability, Language, Level, Principal, PublicId, text};
use store::widget::Widget;

use crate::{App, Error, Result};

/// What is to be changed; what is `None` stays.
#[derive(Clone, Debug, Default)]
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
    /// The group that its conversations are for; `Some(None)`: everybody.
    pub group: Option<Option<PublicId>>,
    /// After how many minutes without an answer the visitor is asked whether they are still there; `Some(None)`: never.
    pub ask_after: Option<Option<i64>>,
    /// After how many minutes without a word a conversation ends; `Some(None)`: as the installation has it.
    pub end_after: Option<Option<i64>>,
}

impl WidgetChange {
    /// Checks every field before any is applied.
    pub(crate) fn apply(self, widget: &mut Widget) -> Result<()> {
        let line = |field, text: &str, most| {
            text::line(text, most).map_err(|error| Error::Invalid { field, detail: error.to_string() })
        };
        let mut changed = widget.clone();
        if let Some(name) = self.name {
            changed.title = line("name", &name, NAME_CHARACTERS)?;
        }
        if let Some(greeting) = self.greeting {
            changed.greeting = line("greeting", &greeting, GREETING_CHARACTERS)?;
        }
        if let Some(colour) = self.colour {
            changed.colour = text::colour(&colour).ok_or_else(|| Error::Invalid {
                field: "colour",
                detail: "must be six hex digits after #, such as #0b6e5d".to_owned(),
            })?;
        }
        if let Some(language) = self.language {
            changed.language = language;
        }
        if let Some(sites) = self.sites {
            changed.sites = check_sites(&sites)?;
        }
        if let Some(minutes) = self.ask_after {
            changed.ask_after = check_minutes("ask_after_minutes", minutes)?;
        }
        if let Some(minutes) = self.end_after {
            changed.end_after = check_minutes("end_after_minutes", minutes)?;
        }
        *widget = changed;
        Ok(())
    }
}

fn check_minutes(field: &'static str, minutes: Option<i64>) -> Result<Option<i64>> {
    if minutes.is_some_and(|minutes| !QUIET_MINUTES.contains(&minutes)) {
        let detail = format!("must be {} to {} minutes", QUIET_MINUTES.start(), QUIET_MINUTES.end());
        return Err(Error::Invalid { field, detail });
    }
    Ok(minutes)
}

fn check_sites(sites: &[String]) -> Result<Vec<String>> {
    let invalid = |detail: String| Error::Invalid { field: "sites", detail };
    if sites.len() > SITES {
        return Err(invalid(format!("must be at most {SITES}")));
    }
    sites
        .iter()
        .map(|site| {
            text::origin(site)
                .ok_or_else(|| invalid("must be origins such as https://www.example.de, without a path".to_owned()))
        })
        .collect()
}

impl App {
    /// The widgets of the operator's organisation.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn widgets(&self, principal: Principal) -> Result<Vec<Widget>> {
        principal.require(Capability::Widgets, Level::Read)?;
        Ok(self.store.widgets(principal.organisation).await?)
    }

    /// Changes a widget's settings.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`] alike for unknown and foreign ones, [`Error::Invalid`] by field.
    pub async fn change_widget(&self, principal: Principal, name: PublicId, change: WidgetChange) -> Result<Widget> {
        principal.require(Capability::Widgets, Level::Write)?;
        let found = self.store.widgets(principal.organisation).await?;
        let mut widget = found.into_iter().find(|widget| widget.name == name).ok_or(Error::NotFound)?;
        if let Some(group) = change.group {
            widget.group = match group {
                Some(name) => Some(self.group_named(principal, name).await?),
                None => None,
            };
        }
        change.apply(&mut widget)?;
        let quiet = self.quiet(&widget);
        if quiet.ask.is_some_and(|ask| ask >= quiet.end) {
            let detail = "must be less than until the conversation ends by itself".to_owned();
            return Err(Error::Invalid { field: "ask_after_minutes", detail });
        }
        self.store.audited(self.by(principal)).update_widget(widget.clone()).await?;
        self.forget_widget(&widget);
        Ok(widget)
    }

    /// Has every node read a widget's settings anew.
    pub(crate) fn forget_widget(&self, widget: &Widget) {
        self.widgets.forget(widget);
        self.bus.tell_others(&bus::Notice::Widget(widget.name));
    }
}
