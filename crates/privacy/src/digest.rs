//! Hashes under which secrets are stored, and blind indexes under which sealed values are found.

use aws_lc_rs::{constant_time, digest, hmac};

/// SHA-256 of a random secret of 128 bits or more. Not for anything a person chose: see passwords for that.
pub fn of_secret(secret: &[u8]) -> [u8; 32] {
    sha256(secret)
}

/// SHA-256 (FIPS 180-4).
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// SHA-256 of what comes piece by piece.
pub struct Running(digest::Context);

impl Default for Running {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl Running {
    /// Adds a piece.
    pub fn add(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The digest of all of them.
    pub fn finish(self) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(self.0.finish().as_ref());
        out
    }
}

/// SHA-1 in upper-case hexadecimal: only to find a password in public lists, which go by it.
pub fn sha1_hex(bytes: &[u8]) -> String {
    data_encoding::HEXUPPER.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref())
}

/// HMAC-SHA-256 (RFC 2104) of `value` in a named domain: the same value under another domain or key looks unrelated.
pub fn keyed(key: &[u8; 32], domain: &str, value: &[u8]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    context.update(domain.as_bytes());
    context.update(&[0]);
    context.update(value);
    let mut out = [0; 32];
    out.copy_from_slice(context.sign().as_ref());
    out
}

/// HMAC-SHA-256 (RFC 2104), where somebody else's protocol asks for it.
pub fn hmac(key: &[u8], value: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), value).as_ref());
    out
}

/// Compares in constant time.
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_have_the_digest_of_the_whole() {
        let mut running = Running::default();
        [&b"a"[..], b"", b"bc"].into_iter().for_each(|piece| running.add(piece));
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(data_encoding::HEXLOWER.encode(&running.finish()), abc);
    }

    #[test]
    fn sha1_is_that_of_public_lists() {
        assert_eq!(sha1_hex(b"password"), "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8");
    }
}
