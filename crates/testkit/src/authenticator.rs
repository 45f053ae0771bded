//! A security key in software: makes passkeys and signs with them (ECDSA on P-256), honestly or with one lie at a time.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

const PRESENT: u8 = 1;
const VERIFIED: u8 = 1 << 2;
const HAS_KEY: u8 = 1 << 6;

/// One passkey, and what its browser claims. Change a field to lie.
pub struct Authenticator {
    key: EcdsaKeyPair,
    /// The passkey's number.
    pub id: Vec<u8>,
    /// The page that asks.
    pub origin: String,
    /// The site it was made for.
    pub place: String,
    /// Whether somebody touches it.
    pub present: bool,
    /// Whether it finds out who.
    pub verified: bool,
    /// How often it says it has signed; a real one counts up, one in the cloud stays at nothing.
    pub counter: u32,
    /// Further members of what the browser says, such as `,"crossOrigin":true`.
    pub more: String,
}

/// What is sent when a passkey is made.
pub struct Registration {
    /// What the browser says.
    pub client_data: Vec<u8>,
    /// What the authenticator says.
    pub attestation: Vec<u8>,
}

/// What is sent when it is used.
pub struct Signed {
    /// What the browser says.
    pub client_data: Vec<u8>,
    /// What the authenticator says.
    pub authenticator_data: Vec<u8>,
    /// Over both.
    pub signature: Vec<u8>,
}

impl Authenticator {
    /// A new passkey for a page such as `https://chat.example.de` of the site `chat.example.de`.
    ///
    /// # Panics
    /// Without randomness.
    pub fn new(origin: &str, place: &str) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key is made");
        let id = digest(&SHA256, key.public_key().as_ref()).as_ref().to_vec();
        Self {
            key,
            id,
            origin: origin.to_owned(),
            place: place.to_owned(),
            present: true,
            verified: true,
            counter: 0,
            more: String::new(),
        }
    }

    /// Answers a challenge for a new passkey.
    pub fn register(&self, challenge: &str) -> Registration {
        let point = self.key.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        let length = u16::try_from(self.id.len()).expect("a short number");
        let mut data = self.data(HAS_KEY);
        data.extend([0; 16]);
        data.extend(length.to_be_bytes());
        data.extend(&self.id);
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(x);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(y);
        let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        attestation.extend(u16::try_from(data.len()).expect("a short statement").to_be_bytes());
        attestation.extend(data);
        Registration { client_data: self.client_data("webauthn.create", challenge), attestation }
    }

    /// Signs a challenge.
    ///
    /// # Panics
    /// Without randomness.
    pub fn sign(&self, challenge: &str) -> Signed {
        self.sign_as("webauthn.get", challenge)
    }

    /// The same with what the browser says it is for.
    ///
    /// # Panics
    /// Without randomness.
    pub fn sign_as(&self, act: &str, challenge: &str) -> Signed {
        let (client_data, authenticator_data) = (self.client_data(act, challenge), self.data(0));
        let message = [authenticator_data.as_slice(), digest(&SHA256, &client_data).as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &message).expect("it signs").as_ref().to_vec();
        Signed { client_data, authenticator_data, signature }
    }

    fn client_data(&self, act: &str, challenge: &str) -> Vec<u8> {
        let Self { origin, more, .. } = self;
        format!(r#"{{"type":"{act}","challenge":"{challenge}","origin":"{origin}"{more}}}"#).into_bytes()
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let flags = flags | if self.present { PRESENT } else { 0 } | if self.verified { VERIFIED } else { 0 };
        let mut data = digest(&SHA256, self.place.as_bytes()).as_ref().to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }
}
