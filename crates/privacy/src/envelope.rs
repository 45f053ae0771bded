//! Seals something to whoever holds a private key (X25519, RFC 7748): epoch keys for the recovery key, and for another node on
//! their way to it. An envelope is `version (1) ‖ ephemeral public key (32) ‖ box`; the box's key is HKDF-SHA256 (RFC 5869) of
//! what both agree on, bound to both public keys and to what the envelope is for.

use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey, X25519};
use aws_lc_rs::encoding::{AsBigEndian, Curve25519SeedBin};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use zeroize::Zeroizing;

use crate::seal::{SealKey, Unopenable};

const VERSION: u8 = 1;
const HEAD: usize = 33;

/// The private half: opens what is sealed to its public one.
pub struct OpenKey(PrivateKey);

impl OpenKey {
    /// A new one.
    ///
    /// # Panics
    /// Where the operating system gives no randomness.
    pub fn generate() -> Self {
        Self(PrivateKey::generate(&X25519).expect("the operating system gives randomness"))
    }

    /// From its seed.
    ///
    /// # Errors
    /// [`Unopenable`] where these are no 32 bytes.
    pub fn from_seed(seed: &[u8]) -> Result<Self, Unopenable> {
        PrivateKey::from_private_key(&X25519, seed).map(Self).map_err(|_| Unopenable)
    }

    /// The seed, to be written down.
    ///
    /// # Panics
    /// Never: an X25519 key has one.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        let seed: Curve25519SeedBin<'_> = self.0.as_be_bytes().expect("an X25519 key has a seed");
        let mut bytes = Zeroizing::new([0; 32]);
        bytes.copy_from_slice(seed.as_ref());
        bytes
    }

    /// The public half.
    ///
    /// # Panics
    /// Never: an X25519 key has one.
    pub fn public(&self) -> [u8; 32] {
        let public = self.0.compute_public_key().expect("an X25519 key has a public half");
        let mut bytes = [0; 32];
        bytes.copy_from_slice(public.as_ref());
        bytes
    }

    /// Opens an envelope.
    ///
    /// # Errors
    /// [`Unopenable`] where it is for another key or another purpose, or was changed.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unopenable> {
        let (head, sealed) = sealed.split_first_chunk::<HEAD>().ok_or(Unopenable)?;
        let (version, ephemeral) = head.split_first().ok_or(Unopenable)?;
        if *version != VERSION {
            return Err(Unopenable);
        }
        let key = agree(&self.0, ephemeral, ephemeral, &self.public(), purpose)?;
        key.open(head, sealed).map(Zeroizing::new)
    }
}

/// Seals `content` to a public key, for a purpose.
///
/// # Errors
/// [`Unopenable`] where this is no public key: nobody could open it.
pub fn seal(public: &[u8; 32], purpose: &str, content: &[u8]) -> Result<Vec<u8>, Unopenable> {
    let ephemeral = OpenKey::generate();
    let key = agree(&ephemeral.0, public, &ephemeral.public(), public, purpose)?;
    let mut sealed = vec![VERSION];
    sealed.extend_from_slice(&ephemeral.public());
    let inner = key.seal(&sealed, content);
    sealed.extend_from_slice(&inner);
    Ok(sealed)
}

/// The key that whoever holds one private key and knows the other's public one comes to.
fn agree(own: &PrivateKey, other: &[u8], from: &[u8], to: &[u8; 32], purpose: &str) -> Result<SealKey, Unopenable> {
    agreement::agree(own, UnparsedPublicKey::new(&X25519, other), Unopenable, |secret| {
        let salt = [from, to].concat();
        let mut key = Zeroizing::new([0; 32]);
        Salt::new(HKDF_SHA256, &salt)
            .extract(secret)
            .expand(&[b"diskret envelope 1\0", purpose.as_bytes()], Length)
            .and_then(|expanded| expanded.fill(key.as_mut()))
            .map_err(|_| Unopenable)?;
        Ok(SealKey::new(&key))
    })
}

/// Of the key of a box.
struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_private_half_opens_it_and_only_for_its_purpose() {
        let (ours, theirs) = (OpenKey::generate(), OpenKey::generate());
        let sealed = seal(&ours.public(), "recovery", b"an epoch key").unwrap();
        assert_eq!(ours.open("recovery", &sealed).unwrap().as_slice(), b"an epoch key");
        assert!(theirs.open("recovery", &sealed).is_err());
        assert!(ours.open("transport", &sealed).is_err());
        let again = OpenKey::from_seed(ours.seed().as_slice()).unwrap();
        assert_eq!(again.open("recovery", &sealed).unwrap().as_slice(), b"an epoch key");
    }

    #[test]
    fn no_changed_bit_is_taken() {
        let ours = OpenKey::generate();
        let sealed = seal(&ours.public(), "recovery", b"an epoch key").unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(ours.open("recovery", &changed).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(ours.open("recovery", &sealed[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn two_envelopes_have_nothing_in_common() {
        let ours = OpenKey::generate();
        let [one, other] = [0, 1].map(|_| seal(&ours.public(), "recovery", b"an epoch key").unwrap());
        assert_eq!(one[0], other[0]);
        assert!(one[1..].windows(6).all(|part| !other.windows(6).any(|there| there == part)));
    }

    #[test]
    fn a_public_key_that_leads_nowhere_is_refused() {
        // Of small order: whatever is agreed on with it is known to everybody.
        for first in [0, 1] {
            let mut low = [0; 32];
            low[0] = first;
            assert!(seal(&low, "recovery", b"an epoch key").is_err());
        }
    }
}
