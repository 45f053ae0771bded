//! What a snippet is called and what it says: checked, sealed and opened here.

use domain::limits::{NAME_CHARACTERS, SHORTCUT_CHARACTERS, TEXT_CHARACTERS};
use domain::{OperatorId, PublicId, text};
use privacy::keys::DataKey;
use serde::{Deserialize, Serialize};
use store::snippet::Snippet;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{App, Error, Result};

/// What it says, by language. The one that is there stands in for the one that is missing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Wording {
    /// In German.
    pub de: Option<String>,
    /// In English.
    pub en: Option<String>,
}

/// What is sealed of a snippet.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Content {
    /// The word that it is called by.
    pub shortcut: String,
    /// What it is about.
    pub title: String,
    /// What it says.
    pub wording: Wording,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Content(…)")
    }
}

/// A snippet that can be read.
#[derive(Debug)]
pub struct Opened {
    /// Its name outside.
    pub name: PublicId,
    /// Whether it is everybody's.
    pub is_shared: bool,
    /// What it is called and says.
    pub content: Content,
}

impl Content {
    /// The same as it may be stored.
    pub(super) fn check(&self) -> Result<Self> {
        let invalid = |field, detail: String| Error::Invalid { field, detail };
        let shortcut = text::line(&self.shortcut, SHORTCUT_CHARACTERS)
            .map_err(|error| invalid("shortcut", error.to_string()))?
            .to_lowercase();
        if !shortcut.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_')) {
            return Err(invalid("shortcut", "must be one word of letters, digits, - and _".to_owned()));
        }
        let title = text::line(&self.title, NAME_CHARACTERS).map_err(|error| invalid("title", error.to_string()))?;
        let said = |text: &Option<String>| {
            let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
            match text.as_ref().is_some_and(|text| text.chars().count() > TEXT_CHARACTERS) {
                true => Err(invalid("wording", format!("must be at most {TEXT_CHARACTERS} characters long"))),
                false => Ok(text),
            }
        };
        let wording = Wording { de: said(&self.wording.de)?, en: said(&self.wording.en)? };
        if wording.de.is_none() && wording.en.is_none() {
            return Err(invalid("wording", "must say something in one language at least".to_owned()));
        }
        Ok(Self { shortcut, title, wording })
    }

    /// Which parts are different: as recorded, which says nothing of what they say.
    pub(super) fn parts_unlike(&self, other: &Self) -> Vec<&'static str> {
        let parts = [
            ("shortcut", self.shortcut != other.shortcut),
            ("title", self.title != other.title),
            ("wording", self.wording != other.wording),
        ];
        parts.into_iter().filter(|(_, is_unlike)| *is_unlike).map(|(part, _)| part).collect()
    }

    pub(super) fn seal(&self, key: &DataKey, name: PublicId, owner: Option<OperatorId>) -> Result<Vec<u8>> {
        let bytes = Zeroizing::new(serde_json::to_vec(self).map_err(|_| Error::Internal)?);
        Ok(key.seal_value(place(owner), name, &bytes))
    }
}

/// Somebody's own that was moved among the shared ones in the database would not open.
const fn place(owner: Option<OperatorId>) -> &'static str {
    if owner.is_some() { "own snippet" } else { "shared snippet" }
}

impl App {
    pub(crate) async fn open_snippet(&self, snippet: &Snippet) -> Result<Opened> {
        let key = self.keyring.data_key(snippet.organisation, snippet.key).await?;
        let bytes = key.open_value(place(snippet.operator), snippet.name, &snippet.content_sealed)?;
        let content = serde_json::from_slice(&bytes).map_err(|_| Error::Internal)?;
        Ok(Opened { name: snippet.name, is_shared: snippet.operator.is_none(), content })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(shortcut: &str, title: &str, de: Option<&str>, en: Option<&str>) -> Content {
        let wording = Wording { de: de.map(str::to_owned), en: en.map(str::to_owned) };
        Content { shortcut: shortcut.to_owned(), title: title.to_owned(), wording }
    }

    #[test]
    fn a_snippet_has_a_word_a_title_and_a_text_in_one_language_at_least() {
        let fine = content(" Danke_1 ", " Thanks ", Some("  "), Some(" Thank you,\n{visitor} ")).check().unwrap();
        assert_eq!(fine, content("danke_1", "Thanks", None, Some("Thank you,\n{visitor}")));
        let long = "x".repeat(TEXT_CHARACTERS + 1);
        for (bad, field) in [
            (content("two words", "Title", Some("Text"), None), "shortcut"),
            (content("", "Title", Some("Text"), None), "shortcut"),
            (content("a/b", "Title", Some("Text"), None), "shortcut"),
            (content("word", "", Some("Text"), None), "title"),
            (content("word", "Title", None, Some(" \n")), "wording"),
            (content("word", "Title", Some("Text"), Some(&long)), "wording"),
        ] {
            assert!(matches!(bad.check(), Err(Error::Invalid { field: found, .. }) if found == field), "{field}");
        }
    }

    #[test]
    fn what_a_snippet_says_is_not_printed() {
        assert_eq!(format!("{:?}", content("canary", "canary", Some("canary"), None)), "Content(…)");
    }
}
