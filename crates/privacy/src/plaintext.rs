//! Text that somebody wrote, in the open.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// Text in the open: wiped on drop, never printed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Plaintext(String);

impl Plaintext {
    /// Takes text over.
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// Shows it, to be sent to somebody who may read it. Every call is a place to review.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Bytes, for limits and budgets.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plaintext({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_text() {
        let text = Plaintext::new("canary".to_owned());
        assert_eq!(text.reveal(), "canary");
        assert_eq!(format!("{text:?}"), "Plaintext(6 bytes)");
    }
}
