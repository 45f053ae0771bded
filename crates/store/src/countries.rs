//! The countries in which an organisation's data may lie (requirement D5).

use domain::audit::{Detail, Kind as Did};
use domain::{OrganisationId, PublicId};

use crate::audit::{Audited, Fact};
use crate::engine::statements;
use crate::{Error, Result, Store};

statements! {
    COUNTRIES = "SELECT public_id, countries FROM organisation ORDER BY organisation_id";
    OF_ONE = "SELECT organisation_id, countries FROM organisation WHERE organisation_id = $1";
    LOCKED = "SELECT h.organisation_id, h.countries FROM organisation h WHERE h.organisation_id = $1 {for_update}";
    SET = "UPDATE organisation SET countries = $2 WHERE organisation_id = $1";
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphabetic());
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

impl Store {
    /// What each organisation allows.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn allowed_countries(&self) -> Result<Vec<(PublicId, Vec<String>)>> {
        self.data
            .read(|connection| {
                Box::pin(async move {
                    let rows = connection.query(&COUNTRIES, &[]).await?;
                    rows.iter().map(|row| Ok((row.public_id(0)?, words(&row.text(1)?)))).collect()
                })
            })
            .await
    }

    /// What one organisation allows.
    ///
    /// # Errors
    /// [`Error::NotFound`], those of the database.
    pub async fn countries(&self, organisation: OrganisationId) -> Result<Vec<String>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query_in(organisation.into(), &OF_ONE, &[organisation.into()]).await?;
                    rows.first().map_or(Err(Error::NotFound), |row| Ok(words(&row.text(1)?)))
                })
            })
            .await
    }
}

impl Audited<'_> {
    /// Says in which countries an organisation's data may lie.
    ///
    /// # Errors
    /// [`Error::NotFound`], those of the database.
    pub async fn set_countries(self, organisation: OrganisationId, allowed: Vec<String>) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                let rows = connection.query_in(organisation.into(), &LOCKED, &[organisation.into()]).await?;
                let before = words(&rows.first().ok_or(Error::NotFound)?.text(1)?).join(", ");
                let after = allowed.join(", ");
                connection.execute(&SET, &[organisation.into(), after.as_str().into()], 1).await?;
                let changed = Detail::became("countries", Some(before), Some(after));
                Ok((
                    (),
                    changed
                        .map(|changed| Fact::new(organisation, Did::CountriesChanged, [changed]))
                        .into_iter()
                        .collect(),
                ))
            })
        })
        .await
    }
}
