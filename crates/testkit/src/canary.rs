//! Text that occurs nowhere else, to be put in at one end and searched for at all others.

use std::fmt;

use crate::random;

/// A random marker such as `canary-3v5q7x2mcnhe4pab`. Put it into a message, a name or a setting; then [`search`]
/// whatever was written anywhere.
///
/// [`search`]: crate::search()
#[derive(Clone, PartialEq, Eq)]
pub struct Canary(String);

impl Canary {
    /// A new one, unlike all others.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "every canary is different: there is no default one")]
    pub fn new() -> Self {
        Self(format!("canary-{}", random::word()))
    }

    /// The marker itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Canary {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

/// Shortened: a failed assertion that is logged to a file must not itself be what the next search finds there.
impl fmt::Debug for Canary {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Canary({}…)", &self.0[..11])
    }
}

#[cfg(test)]
mod tests {
    use super::Canary;

    #[test]
    fn no_two_are_alike_and_debug_does_not_tell() {
        let canary = Canary::new();
        assert_ne!(canary, Canary::new());
        assert_eq!(canary.as_str().len(), "canary-".len() + 16);
        assert!(!format!("{canary:?}").contains(canary.as_str()));
    }
}
