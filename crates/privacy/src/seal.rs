//! AES-256-GCM with random nonces (design section 5). A box is `nonce (12) ‖ ciphertext ‖ tag (16)`.
//!
//! Random 96-bit nonces under one key stay safe for 2³² boxes (NIST SP 800-38D, section 8.3); a key seals one
//! conversation, so that bound is never near.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroize;

use crate::random;

/// Bytes that a box is longer than what it holds.
pub const OVERHEAD: usize = NONCE_LEN + 16;

/// A box that does not open: another key, another place, or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed content does not open with this key in this place")]
pub struct Unopenable;

/// A key ready to seal and open. aws-lc wipes its schedule on drop.
pub struct SealKey(LessSafeKey);

impl SealKey {
    /// Prepares 32 bytes; the caller wipes its copy.
    pub fn new(bytes: &[u8; 32]) -> Self {
        // AES-256-GCM takes every key of 32 bytes, so this cannot fail for this type.
        Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes).expect("32 bytes are a key of AES-256")))
    }

    /// Seals `plain`, bound to `place`: what the box belongs to. It opens nowhere else (SK1).
    pub fn seal(&self, place: &[u8], plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = random::bytes();
        let mut sealed = Vec::with_capacity(plain.len() + OVERHEAD);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let tag = self
            .0
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), &mut sealed[NONCE_LEN..])
            .expect("a message is shorter than 64 GiB");
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Opens a box.
    ///
    /// # Errors
    /// [`Unopenable`] where key, place or a single bit differ.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unopenable> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(Unopenable)?;
        let mut plain = rest.to_vec();
        let length = match self.0.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(place), &mut plain) {
            Ok(opened) => opened.len(),
            Err(_) => {
                plain.zeroize();
                return Err(Unopenable);
            }
        };
        plain.truncate(length);
        Ok(plain)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_box_opens_only_with_its_key_in_its_place() {
        let key = SealKey::new(&[1; 32]);
        let sealed = key.seal(b"here", b"canary");
        assert_eq!(key.open(b"here", &sealed).as_deref(), Ok(&b"canary"[..]));
        assert_eq!(key.open(b"there", &sealed), Err(Unopenable));
        assert_eq!(SealKey::new(&[2; 32]).open(b"here", &sealed), Err(Unopenable));
    }

    #[test]
    fn a_single_changed_bit_is_refused() {
        let key = SealKey::new(&[1; 32]);
        let sealed = key.seal(b"here", b"canary");
        for index in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[index / 8] ^= 1 << (index % 8);
            assert_eq!(key.open(b"here", &changed), Err(Unopenable), "bit {index}");
        }
        assert_eq!(key.open(b"here", &sealed[..11]), Err(Unopenable));
    }

    #[test]
    fn a_million_boxes_have_a_million_nonces() {
        let key = SealKey::new(&[1; 32]);
        let nonces: HashSet<[u8; 12]> =
            (0..1_000_000).map(|_| *key.seal(b"", b"x").first_chunk().expect("a nonce")).collect();
        assert_eq!(nonces.len(), 1_000_000);
    }
}
