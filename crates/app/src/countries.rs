//! Whether everything lies in countries that every organisation allows (requirement D5).

use std::collections::BTreeSet;

use domain::country::is_country;
use domain::{Capability, Level, Principal};
use places::Where;

use crate::{App, Error, Result};

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

/// Where an organisation's data may lie, and where they do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Countries {
    /// What the organisation allows, as codes of ISO 3166, in their order.
    pub allowed: Vec<String>,
    /// Where what lies: the names of places, and nothing for this machine.
    pub used: Vec<(Option<String>, Where)>,
}

impl App {
    /// Says where this machine is; the first one said stays.
    pub fn use_here(&self, here: Where) {
        let _ = self.here.set(here);
    }

    /// The first that lies where it may not: a place, or this machine where somebody said where that is.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn abroad(&self) -> Result<Option<Abroad>> {
        for (organisation, allowed) in self.store.allowed_countries().await? {
            for (what, within) in self.whereabouts() {
                if !allowed.contains(&within.country) {
                    let (country, allowed) = (within.country, allowed.join(", "));
                    return Ok(Some(Abroad { what: named(what.as_deref()), country, organisation, allowed }));
                }
            }
        }
        Ok(None)
    }

    fn whereabouts(&self) -> Vec<(Option<String>, Where)> {
        let places = self.places().iter().map(|placed| (Some(placed.name.clone()), placed.within.clone()));
        places.chain(self.here.get().map(|here| (None, here.clone()))).collect()
    }

    /// Where the organisation's data may lie, and where they do.
    ///
    /// # Errors
    /// [`Error::Forbidden`], those of the store.
    pub async fn countries(&self, principal: Principal) -> Result<Countries> {
        principal.require(Capability::Privacy, Level::Read)?;
        let mut allowed = self.store.countries(principal.organisation).await?;
        allowed.sort();
        Ok(Countries { allowed, used: self.whereabouts() })
    }

    /// Says where the organisation's data may lie.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Invalid`] for none, for what is no country, and for a list without one in which
    /// something lies: what is there would have to go first.
    pub async fn set_countries(&self, principal: Principal, allowed: &[String]) -> Result<Countries> {
        principal.require(Capability::Privacy, Level::Write)?;
        let invalid = |detail: String| Err(Error::Invalid { field: "countries", detail });
        if allowed.is_empty() {
            return invalid("name at least one country: the data lie somewhere".to_owned());
        }
        if !allowed.iter().all(|code| is_country(code)) {
            return invalid("each must be a country's code of ISO 3166, such as DE".to_owned());
        }
        let allowed: BTreeSet<&String> = allowed.iter().collect();
        if let Some((what, within)) =
            self.whereabouts().into_iter().find(|(_, within)| !allowed.contains(&within.country))
        {
            let (what, country) = (named(what.as_deref()), within.country);
            return invalid(format!("{what} is in {country}: allow that country, or take what lies there away first"));
        }
        let allowed = allowed.into_iter().cloned().collect();
        self.store.audited(self.by(principal)).set_countries(principal.organisation, allowed).await?;
        self.countries(principal).await
    }
}

fn named(what: Option<&str>) -> String {
    what.map_or_else(|| "this machine".to_owned(), |name| format!("`{name}`"))
}
