//! The chain of the audit log, and what signs its state. An entry's content is bound by a salted commitment, so that content
//! and salt can go while the chain stays: without the salt nobody finds out by guessing what was in it.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use domain::{OrganisationId, PublicId, Timestamp};

use crate::digest::sha256;
use crate::keys::RawKey;

/// What stands before the first entry.
pub const BEGINNING: [u8; 32] = [0; 32];

/// A random value of an entry's own.
pub type Salt = [u8; 32];

/// Binds an entry's content without telling it. Each part says whether it is there and how long it is, so that none can
/// lend its letters to the next.
pub fn commitment(salt: &Salt, parts: &[Option<&[u8]>]) -> [u8; 32] {
    let mut bytes = b"diskret audit content 1\0".to_vec();
    bytes.extend_from_slice(salt);
    for part in parts {
        match part {
            None => bytes.push(0),
            Some(part) => {
                bytes.push(1);
                bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
                bytes.extend_from_slice(part);
            }
        }
    }
    sha256(&bytes)
}

/// What an entry's hash covers.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// Whose log.
    pub organisation: OrganisationId,
    /// Its number.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub kind: &'a str,
    /// What binds the content.
    pub commitment: &'a [u8; 32],
}

impl Link<'_> {
    /// The hash of an entry that stands behind `previous`.
    pub fn hash(&self, previous: &[u8; 32]) -> [u8; 32] {
        let mut bytes = b"diskret audit entry 1\0".to_vec();
        bytes.extend_from_slice(previous);
        for number in [self.organisation.0, self.number, self.at.0, self.kind.len() as i64] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(self.kind.as_bytes());
        bytes.extend_from_slice(self.commitment);
        sha256(&bytes)
    }
}

/// What a signature says: at this time, this log stood at this entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Whose log, by its name outside.
    pub organisation: PublicId,
    /// Its last entry.
    pub number: i64,
    /// The hash of that.
    pub hash: [u8; 32],
    /// When this was said.
    pub at: Timestamp,
}

impl Statement {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"diskret audit checkpoint 1\0".to_vec();
        bytes.extend_from_slice(self.organisation.as_bytes());
        bytes.extend_from_slice(&self.number.to_be_bytes());
        bytes.extend_from_slice(&self.hash);
        bytes.extend_from_slice(&self.at.0.to_be_bytes());
        bytes
    }

    /// Whether the holder of this key said so.
    pub fn is_signed(&self, public: &[u8; 32], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, public).verify(&self.bytes(), signature).is_ok()
    }
}

/// Signs the states of the installation's logs (Ed25519, RFC 8032).
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// From 32 random bytes.
    ///
    /// # Panics
    /// Never: every 32 bytes are a seed.
    pub fn new(seed: &RawKey) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(seed.expose()).expect("32 bytes are a seed"))
    }

    /// What everybody may know.
    pub fn public(&self) -> [u8; 32] {
        let mut public = [0; 32];
        public.copy_from_slice(self.0.public_key().as_ref());
        public
    }

    /// Signs.
    pub fn sign(&self, statement: &Statement) -> [u8; 64] {
        self.sign_bytes(&statement.bytes())
    }

    /// Signs bytes that begin with what they are, so that no signature serves for anything else.
    pub(crate) fn sign_bytes(&self, bytes: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.0.sign(bytes).as_ref());
        signature
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commitment_binds_every_part_and_where_it_ends() {
        let salt = [7; 32];
        let parts: [&[Option<&[u8]>]; 6] = [
            &[Some(b"ab"), Some(b"c")],
            &[Some(b"a"), Some(b"bc")],
            &[Some(b"abc"), None],
            &[Some(b"abc"), Some(b"")],
            &[None, Some(b"abc")],
            &[Some(b"abc")],
        ];
        let all: std::collections::BTreeSet<[u8; 32]> = parts.iter().map(|parts| commitment(&salt, parts)).collect();
        assert_eq!(all.len(), parts.len());
        assert_ne!(commitment(&salt, parts[0]), commitment(&[8; 32], parts[0]), "the salt counts");
        assert_eq!(commitment(&salt, parts[0]), commitment(&salt, parts[0]));
    }

    #[test]
    fn a_hash_covers_everything() {
        let link = Link {
            organisation: OrganisationId(1),
            number: 2,
            at: Timestamp(3),
            kind: "signed_in",
            commitment: &[4; 32],
        };
        let hash = link.hash(&BEGINNING);
        for other in [
            Link { organisation: OrganisationId(2), ..link }.hash(&BEGINNING),
            Link { number: 3, ..link }.hash(&BEGINNING),
            Link { at: Timestamp(4), ..link }.hash(&BEGINNING),
            Link { kind: "signed_out", ..link }.hash(&BEGINNING),
            Link { commitment: &[5; 32], ..link }.hash(&BEGINNING),
            link.hash(&[1; 32]),
        ] {
            assert_ne!(hash, other);
        }
    }

    #[test]
    fn a_signature_holds_for_what_was_signed_and_no_other_key() {
        let (key, other) =
            (SigningKey::new(&RawKey::from_bytes([1; 32])), SigningKey::new(&RawKey::from_bytes([2; 32])));
        let said =
            Statement { organisation: PublicId::from_bytes([3; 16]), number: 4, hash: [5; 32], at: Timestamp(6) };
        let signature = key.sign(&said);
        assert!(said.is_signed(&key.public(), &signature));
        assert!(!said.is_signed(&other.public(), &signature));
        for changed in [
            Statement { organisation: PublicId::from_bytes([4; 16]), ..said },
            Statement { number: 5, ..said },
            Statement { hash: [6; 32], ..said },
            Statement { at: Timestamp(7), ..said },
        ] {
            assert!(!changed.is_signed(&key.public(), &signature));
        }
        assert!(!said.is_signed(&key.public(), &signature[..63]));
    }
}
