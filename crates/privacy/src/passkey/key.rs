//! Public keys of passkeys as authenticators write them (COSE, RFC 9052 and 9053), and what they signed.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};

use super::cbor::{self, Value};

/// Which signatures are taken, the one preferred first: ECDSA on P-256, Ed25519, RSA. Those are what phones, security keys and
/// Windows make. By their numbers at IANA.
pub const ALGORITHMS: [i64; 3] = [ES256, ED, RS256];
const ES256: i64 = -7;
const ED: i64 = -8;
const RS256: i64 = -257;

const KIND: i64 = 1;
const ALGORITHM: i64 = 3;
/// Of a point: the curve, x and y. Of RSA: n and e.
const FIRST: i64 = -1;
const SECOND: i64 = -2;
const THIRD: i64 = -3;

const COORDINATE: usize = 32;
/// An RSA modulus beyond this takes long to verify with (8192 bits).
const MODULUS: usize = 1024;
const EXPONENT: usize = 4;

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PublicKey {
    P256([u8; 1 + 2 * COORDINATE]),
    Ed25519([u8; COORDINATE]),
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl PublicKey {
    /// Reads one. None for what is not exactly a key of one of the [`ALGORITHMS`].
    pub(super) fn read(cose: &[u8]) -> Option<Self> {
        match cbor::read(cose)? {
            (key, []) => Self::of(&key),
            _ => None,
        }
    }

    fn of(key: &Value<'_>) -> Option<Self> {
        let part = |name| key.get(&Value::Number(name));
        let (first, second) = (part(FIRST)?, part(SECOND)?);
        match (part(KIND)?.number()?, part(ALGORITHM)?.number()?) {
            // Uncompressed, as WebAuthn demands it (section 5.8.5); that the point lies on the curve is seen when it is used.
            (2, ES256) if first.number() == Some(1) => {
                let mut point = [4; 1 + 2 * COORDINATE];
                let (x, y) = (second.bytes()?, part(THIRD)?.bytes()?);
                if x.len() != COORDINATE || y.len() != COORDINATE {
                    return None;
                }
                point[1..=COORDINATE].copy_from_slice(x);
                point[1 + COORDINATE..].copy_from_slice(y);
                Some(Self::P256(point))
            }
            (1, ED) if first.number() == Some(6) => second.bytes()?.try_into().ok().map(Self::Ed25519),
            (3, RS256) => {
                let (n, e) = (first.bytes()?, second.bytes()?);
                let fits = n.len() <= MODULUS && e.len() <= EXPONENT;
                fits.then(|| Self::Rsa { n: n.to_vec(), e: e.to_vec() })
            }
            _ => None,
        }
    }

    /// Whether it signed this.
    pub(super) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let checked = match self {
            Self::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature),
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
            Self::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
        };
        checked.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER_PERMISSIVE as HEX;

    use super::*;

    const X: &str = "afefa16f97ca9b2d23eb86ccb64098d20db90856062eb249c33a9b672f26df61";
    const Y: &str = "930a56b87a2fca66334b03458abf879717c12cc68ed73290af2e2664796b9220";

    fn key(cose: &str) -> Option<PublicKey> {
        PublicKey::read(&HEX.decode(cose.replace(' ', "").as_bytes()).unwrap())
    }

    #[test]
    fn only_the_keys_that_are_asked_for_are_read() {
        assert!(matches!(key(&format!("a5 0102 0326 2001 215820{X} 225820{Y}")), Some(PublicKey::P256(_))));
        assert!(matches!(key(&format!("a4 0101 0327 2006 215820{X}")), Some(PublicKey::Ed25519(_))));
        for (cose, why) in [
            (format!("a5 0102 0326 2001 215820{X} 225820{Y} 00"), "something behind it"),
            (format!("a5 0102 0326 2001 215820{X} 22f5"), "a compressed point"),
            (format!("a5 0102 0326 2001 21581f{} 225820{Y}", &X[2..]), "a short coordinate"),
            (format!("a5 0102 0326 2002 215820{X} 225820{Y}"), "another curve"),
            (format!("a5 0101 0326 2001 215820{X} 225820{Y}"), "another kind"),
            (format!("a5 0102 033822 2001 215820{X} 225820{Y}"), "another algorithm (ES384)"),
            (format!("a4 0102 2001 215820{X} 225820{Y}"), "no algorithm"),
            (format!("a6 0102 0326 0327 2001 215820{X} 225820{Y}"), "two algorithms"),
            (format!("a4 0103 0339 0100 20590401{} 2143010001", "01".repeat(1025)), "a modulus that takes long"),
            (format!("a4 0101 0327 2006 21581f{}", &X[2..]), "a short key"),
            ("40".to_owned(), "no map"),
        ] {
            assert_eq!(key(&cose), None, "{why}");
        }
    }

    #[test]
    fn a_point_beside_the_curve_signs_nothing() {
        let beside = key(&format!("a5 0102 0326 2001 215820{X} 225820{X}")).unwrap();
        assert!(!beside.has_signed(b"", b""));
        let small = PublicKey::Rsa { n: vec![0xc3; 128], e: vec![1, 0, 1] };
        assert!(!small.has_signed(b"", &[0; 128]), "1024 bits are too few");
    }
}
