//! What proves a backup and the journal of deletions that is kept beside it.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

use crate::chain::SigningKey;
use crate::digest::sha256;

/// The hash of an entry of the journal that stands behind the one with the hash `previous`.
pub fn journal_hash(previous: &[u8; 32], entry: &[u8]) -> [u8; 32] {
    sha256(&[&b"diskret journal 1\0"[..], previous, entry].concat())
}

/// Signs the list of what a backup consists of.
pub fn sign_manifest(key: &SigningKey, manifest: &[u8]) -> [u8; 64] {
    key.sign_bytes(&statement(manifest))
}

/// Whether the holder of this key signed the list.
pub fn is_manifest_signed(public: &[u8; 32], manifest: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public).verify(&statement(manifest), signature).is_ok()
}

fn statement(manifest: &[u8]) -> Vec<u8> {
    [&b"diskret backup 1\0"[..], manifest].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::RawKey;

    #[test]
    fn a_hash_covers_the_entry_and_what_is_before() {
        let hash = journal_hash(&[1; 32], b"entry");
        assert_eq!(hash, journal_hash(&[1; 32], b"entry"));
        assert!(hash != journal_hash(&[2; 32], b"entry") && hash != journal_hash(&[1; 32], b"entrx"));
    }

    #[test]
    fn a_signature_holds_for_this_list_and_this_key() {
        let [key, other] = [1, 2].map(|byte| SigningKey::new(&RawKey::from_bytes([byte; 32])));
        let signature = sign_manifest(&key, b"list");
        assert!(is_manifest_signed(&key.public(), b"list", &signature));
        assert!(!is_manifest_signed(&other.public(), b"list", &signature));
        assert!(!is_manifest_signed(&key.public(), b"lists", &signature));
        assert!(!is_manifest_signed(&key.public(), b"list", &signature[..63]));
    }
}
