//! Names of objects: `data/<backup>/0001.part`. Nothing in them leads out of the place or needs to be written otherwise in an
//! address.

use crate::{Error, Result};

/// Refuses a name that no object of this program has. A place that lists such a one is not ours alone.
///
/// # Errors
/// [`Error::Unfit`].
pub fn check(name: &str) -> Result<()> {
    let is_plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte))
    };
    if name.len() <= 200 && name.split('/').all(is_plain) {
        Ok(())
    } else {
        Err(Error::Unfit(format!("{name:?} is no name of an object")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leads_elsewhere_is_refused() {
        for good in ["keys/epoch", "data/0af3-1/0001.part", "journal/00000000000000000007"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in
            ["", "/", "/etc/passwd", "a//b", "a/", "..", "a/../b", ".new/x", "A", "a b", "ä", "a%2f", "a\0", "a\\b"]
        {
            assert!(check(bad).is_err(), "{bad:?}");
        }
        assert!(check(&"a".repeat(201)).is_err());
    }
}
