//! Countries in which data may lie.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// In which countries an organisation's data may lie, and where they do.
#[derive(Debug, Serialize, ToSchema)]
pub struct Countries {
    /// What the organisation allows, as codes of ISO 3166, in their order.
    pub allowed: Vec<String>,
    /// What lies where. Its country cannot be left out.
    pub used: Vec<CountryUsed>,
}

/// Something that lies in a country.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountryUsed {
    /// A place of backups by its name; null is the machine that answers, with its databases.
    #[schema(required)]
    pub place: Option<String>,
    /// The country, as ISO 3166 code.
    pub country: String,
    /// Site.
    pub site: String,
    /// Company.
    pub company: String,
}

/// Says in which countries an organisation's data may lie.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AllowedCountries {
    /// All of them, as codes of ISO 3166 such as `DE`.
    #[schema(min_items = 1, max_items = 249)]
    pub countries: Vec<String>,
}

impl From<app::countries::Countries> for Countries {
    fn from(found: app::countries::Countries) -> Self {
        let used = |(place, within): (Option<String>, places::Where)| CountryUsed {
            place,
            country: within.country,
            site: within.site,
            company: within.company,
        };
        Self { allowed: found.allowed, used: found.used.into_iter().map(used).collect() }
    }
}
