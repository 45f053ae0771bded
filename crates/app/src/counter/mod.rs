//! Counts without anybody's identity (requirement C7).

use domain::{Capability, Level, Principal, PublicId};
use store::tally::Day;

use crate::{App, Result};

/// What a day brought to a chat surface, and what that is called.
#[derive(Clone, Debug)]
pub struct Counted {
    /// The numbers.
    pub day: Day,
    /// The chat surface's name outside and its title, as long as it is there.
    pub widget: Option<(PublicId, String)>,
}

/// Days in one page.
const PAGE: i64 = 366;

impl App {
    /// The first and the last day of which there are counts.
    ///
    /// # Errors
    /// [`crate::Error::Forbidden`].
    pub async fn counted_days(&self, principal: Principal) -> Result<Option<(i64, i64)>> {
        principal.require(Capability::Widgets, Level::Read)?;
        Ok(self.store.tallied_days(principal.organisation).await?)
    }

    /// A page of counts from a day on, and the day on which the next one begins.
    ///
    /// # Errors
    /// [`crate::Error::Forbidden`].
    pub async fn counters(&self, principal: Principal, from: i64) -> Result<(Vec<Counted>, i64)> {
        principal.require(Capability::Widgets, Level::Read)?;
        let to = from.saturating_add(PAGE);
        let widgets = self.store.widgets(principal.organisation).await?;
        let named = |day: Day| {
            let widget = widgets.iter().find(|widget| widget.id.0 == day.widget);
            Counted { widget: widget.map(|widget| (widget.name, widget.title.clone())), day }
        };
        let days = self.store.tallies(principal.organisation, from, to).await?;
        Ok((days.into_iter().map(named).collect(), to))
    }
}
