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

/// Compares in constant time.
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}
