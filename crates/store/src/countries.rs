//! The countries in which an organisation's data may lie (requirement D5).

use domain::PublicId;

use crate::engine::statements;
use crate::{Result, Store};

statements! {
    COUNTRIES = "SELECT public_id, countries FROM organisation ORDER BY organisation_id";
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
                    let words = |text: String| {
                        let words = text.split(|letter: char| !letter.is_ascii_alphabetic());
                        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
                    };
                    rows.iter().map(|row| Ok((row.public_id(0)?, words(row.text(1)?)))).collect()
                })
            })
            .await
    }
}
