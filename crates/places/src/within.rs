//! Where in the world something is.

use crate::{Error, Result};

/// Country, site and company, as whoever runs the installation says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Where {
    /// Two letters of ISO 3166.
    pub country: String,
    /// The town, or the data centre.
    pub site: String,
    /// Who runs it.
    pub company: String,
}

impl Where {
    /// Checks what was said.
    ///
    /// # Errors
    /// [`Error::Unfit`] where something is missing, or the country is none.
    pub fn new(country: &str, site: &str, company: &str) -> Result<Self> {
        if country.len() != 2 || !country.bytes().all(|letter| letter.is_ascii_uppercase()) {
            return Err(Error::Unfit("`country` is missing: two letters of ISO 3166, such as DE".to_owned()));
        }
        for (word, value) in [("site", site), ("company", company)] {
            if value.trim().is_empty() || value.len() > 100 || value.chars().any(char::is_control) {
                return Err(Error::Unfit(format!("`{word}` is missing: {word} in up to 100 letters")));
            }
        }
        Ok(Self { country: country.to_owned(), site: site.to_owned(), company: company.to_owned() })
    }
}

impl std::fmt::Display for Where {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {} ({})", self.country, self.site, self.company)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_said_is_asked_for() {
        assert!(Where::new("DE", "Falkenstein", "Hetzner").is_ok());
        for (country, site, company) in
            [("", "a", "b"), ("de", "a", "b"), ("DEU", "a", "b"), ("DE", "", "b"), ("DE", "a", " "), ("DE", "a\n", "b")]
        {
            assert!(Where::new(country, site, company).is_err(), "{country:?} {site:?} {company:?}");
        }
    }
}
