//! Visitors' tokens and other bearer secrets.
//!
//! A visitor's token is 256 random bits and a tag over them and the widget it was issued for. The tag lets a node tell a
//! token of ours from an invented one without asking the store, so that nobody can choose another visitor's token in
//! advance, and a token taken from one site is refused on another (SA7). The store holds only its hash.

use data_encoding::BASE64URL_NOPAD;
use domain::PublicId;
use zeroize::Zeroizing;

use crate::{digest, random};

const TAG: usize = 16;
const DOMAIN: &str = "visitor token";

/// The installation's key for tags of visitors' tokens.
pub struct TokenKey(Zeroizing<[u8; 32]>);

/// The token was not issued here for this widget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token was not issued here")]
pub struct NotOurs;

impl TokenKey {
    /// From 32 secret bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A new token for a visitor of `widget`, as sent.
    pub fn issue(&self, widget: PublicId) -> String {
        let secret: [u8; 32] = random::bytes();
        let mut token = [0; 32 + TAG];
        token[..32].copy_from_slice(&secret);
        token[32..].copy_from_slice(&self.tag(widget, &secret));
        BASE64URL_NOPAD.encode(&token)
    }

    /// The hash under which the conversation of this token is stored.
    ///
    /// # Errors
    /// [`NotOurs`] for anything that [`issue`](Self::issue) did not give out for this widget.
    pub fn check(&self, widget: PublicId, token: &str) -> Result<[u8; 32], NotOurs> {
        let token = Zeroizing::new(BASE64URL_NOPAD.decode(token.as_bytes()).map_err(|_| NotOurs)?);
        if token.len() != 32 + TAG || !digest::equal(&self.tag(widget, &token[..32]), &token[32..]) {
            return Err(NotOurs);
        }
        Ok(digest::of_secret(&token))
    }

    fn tag(&self, widget: PublicId, secret: &[u8]) -> [u8; TAG] {
        let mut value = [0; 16 + 32];
        value[..16].copy_from_slice(widget.as_bytes());
        value[16..].copy_from_slice(secret);
        let mut tag = [0; TAG];
        tag.copy_from_slice(&digest::keyed(&self.0, DOMAIN, &value)[..TAG]);
        tag
    }
}

/// A new bearer secret for a session or an API token: 256 random bits, as sent.
pub fn bearer() -> String {
    BASE64URL_NOPAD.encode(&random::bytes::<32>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_taken_from_one_site_is_refused_on_another() {
        let key = TokenKey::new([1; 32]);
        let (here, there) = (PublicId::from_bytes([1; 16]), PublicId::from_bytes([2; 16]));
        let token = key.issue(here);
        assert!(key.check(here, &token).is_ok());
        assert_eq!(key.check(there, &token), Err(NotOurs));
        assert_eq!(TokenKey::new([2; 32]).check(here, &token), Err(NotOurs));
    }

    #[test]
    fn an_invented_token_is_refused() {
        let key = TokenKey::new([1; 32]);
        let widget = PublicId::from_bytes([1; 16]);
        for invented in ["", "x", "ä", &BASE64URL_NOPAD.encode(&[0; 48]), &BASE64URL_NOPAD.encode(&[0; 32])] {
            assert_eq!(key.check(widget, invented), Err(NotOurs), "{invented}");
        }
        let mut changed = key.issue(widget).into_bytes();
        changed[0] = if changed[0] == b'A' { b'B' } else { b'A' };
        assert_eq!(key.check(widget, std::str::from_utf8(&changed).unwrap()), Err(NotOurs));
    }
}
