//! Whether everything lies in countries that every organisation allows (requirement D5).

use places::Where;

use crate::{App, Result};

/// Something lies where it may not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} is in {country}, and the organisation {organisation} allows only {allowed}")]
pub struct Abroad {
    /// What.
    pub what: String,
    /// Where it is.
    pub country: String,
    /// Who does not allow it.
    pub organisation: domain::PublicId,
    /// What they allow.
    pub allowed: String,
}

impl App {
    /// The first that lies where it may not: a place, or this machine where somebody said where that is.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn abroad(&self, here: Option<&Where>) -> Result<Option<Abroad>> {
        let places = self.places().iter().map(|placed| (format!("`{}`", placed.name), &placed.within));
        let all: Vec<_> = places.chain(here.map(|here| ("this machine".to_owned(), here))).collect();
        for (organisation, allowed) in self.store.allowed_countries().await? {
            for (what, within) in &all {
                if !allowed.contains(&within.country) {
                    let (what, country, allowed) = (what.clone(), within.country.clone(), allowed.join(", "));
                    return Ok(Some(Abroad { what, country, organisation, allowed }));
                }
            }
        }
        Ok(None)
    }
}
