//! Words of the wire that are words of the domain.

/// Defines such a word: its name here, the name in the documents where that is another one, and what it is in the domain.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident $(as $schema:ident)? of $of:path { $($(#[$word:meta])* $variant:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        $(#[schema(as = $schema)])?
        pub enum $name {
            $($(#[$word])* $variant,)*
        }

        impl From<$of> for $name {
            fn from(word: $of) -> Self {
                match word {
                    $(<$of>::$variant => Self::$variant,)*
                }
            }
        }

        impl From<$name> for $of {
            fn from(word: $name) -> Self {
                match word {
                    $($name::$variant => Self::$variant,)*
                }
            }
        }
    };
}
pub(super) use words;
