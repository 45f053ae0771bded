//! The languages that screens and texts come in.

use serde::{Deserialize, Serialize};

/// A language of the interface, ISO 639-1 on the wire and in the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// German, addressed as "Sie".
    #[default]
    De,
    /// English.
    En,
}

impl Language {
    /// The two-letter code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::De => "de",
            Self::En => "en",
        }
    }

    /// From a two-letter code; unknown ones are nothing.
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "de" => Some(Self::De),
            "en" => Some(Self::En),
            _ => None,
        }
    }
}
