//! Passkeys (WebAuthn Level 3): what a browser and an authenticator send when one is made or used, judged by the ceremonies of
//! sections 7.1 and 7.2. Nothing is concluded from attestation statements, and none is asked for: whose key it is, its owner
//! proves otherwise when it is made.

mod cbor;
mod client;
mod data;
mod key;

use client::Act;
use data::Data;
pub use key::ALGORITHMS;
use key::PublicKey;

use crate::digest;

/// Longest number of a passkey (section 4, "Credential ID").
pub const MOST_ID_BYTES: usize = 1023;

/// Why something was refused. For tests and the log: whoever is refused is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is not what browsers and authenticators write.
    #[error("it cannot be read")]
    Malformed,
    /// It was made for something else: a sign-in for a registration, or the other way round.
    #[error("it was made for something else")]
    Act,
    /// It answers another challenge.
    #[error("it answers another challenge")]
    Challenge,
    /// It was made on a page of another origin, or inside of one.
    #[error("it was made on a foreign page")]
    Origin,
    /// The passkey is for another site.
    #[error("it is for another site")]
    Place,
    /// Nobody touched the authenticator.
    #[error("nobody was there")]
    Absent,
    /// The authenticator did not find out who it was.
    #[error("nobody was verified")]
    Unverified,
    /// A key of a kind that was not asked for.
    #[error("the key is of another kind")]
    Key,
    /// The signature is wrong.
    #[error("the signature is wrong")]
    Signature,
}

/// For which pages passkeys are made and used.
#[derive(Clone, Debug)]
pub struct Place {
    origin: String,
    id: String,
}

/// A new passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its number, by which it is found again.
    pub id: Vec<u8>,
    /// Its public key, as it was sent.
    pub key: Vec<u8>,
    /// How often it has signed.
    pub counter: u32,
}

/// What is sent when a passkey is used.
#[derive(Clone, Copy, Debug)]
pub struct Assertion<'a> {
    /// What the browser says.
    pub client_data: &'a [u8],
    /// What the authenticator says.
    pub authenticator_data: &'a [u8],
    /// Over both.
    pub signature: &'a [u8],
}

/// The challenge in what a browser says. Whether it is one of ours is for the caller to find out.
///
/// # Errors
/// [`Refused::Malformed`].
pub fn challenge(client_data: &[u8]) -> Result<Vec<u8>, Refused> {
    client::challenge(client_data)
}

impl Place {
    /// The pages of an origin, as configured: never as a request names it. Their name for authenticators is its host.
    pub fn new(origin: &str) -> Self {
        let host = origin.split_once("://").map_or(origin, |(_, host)| host);
        let id = host.rsplit_once(':').map_or(host, |(name, _)| name);
        Self { origin: origin.to_owned(), id: id.to_owned() }
    }

    /// What authenticators know it by.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Judges a new passkey (section 7.1).
    ///
    /// # Errors
    /// [`Refused`].
    pub fn register(&self, challenge: &[u8], client_data: &[u8], attestation: &[u8]) -> Result<Made, Refused> {
        let (data, made) = self.registered(challenge, client_data, attestation)?;
        data.is_fit()?;
        Ok(made)
    }

    /// Judges the use of a passkey by its public key (section 7.2), and says how often it has signed.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn verify(&self, challenge: &[u8], key: &[u8], assertion: Assertion<'_>) -> Result<u32, Refused> {
        let data = self.asserted(challenge, key, assertion)?;
        data.is_fit()?;
        Ok(data.counter)
    }

    fn registered<'a>(
        &self,
        challenge: &[u8],
        client_data: &[u8],
        attestation: &'a [u8],
    ) -> Result<(Data<'a>, Made), Refused> {
        client::check(client_data, Act::Make, challenge, &self.origin)?;
        let Some((object, [])) = cbor::read(attestation) else { return Err(Refused::Malformed) };
        let data = object.get(&cbor::Value::Text("authData")).and_then(cbor::Value::bytes).ok_or(Refused::Malformed)?;
        let data = Data::read(data)?;
        self.is_here(&data)?;
        let (id, key) = data.made.ok_or(Refused::Malformed)?;
        PublicKey::read(key).ok_or(Refused::Key)?;
        let made = Made { id: id.to_vec(), key: key.to_vec(), counter: data.counter };
        Ok((data, made))
    }

    fn asserted<'a>(&self, challenge: &[u8], key: &[u8], assertion: Assertion<'a>) -> Result<Data<'a>, Refused> {
        let Assertion { client_data, authenticator_data, signature } = assertion;
        client::check(client_data, Act::SignIn, challenge, &self.origin)?;
        let data = Data::read(authenticator_data)?;
        self.is_here(&data)?;
        let signed = [authenticator_data, &digest::sha256(client_data)].concat();
        let key = PublicKey::read(key).ok_or(Refused::Key)?;
        if key.has_signed(&signed, signature) { Ok(data) } else { Err(Refused::Signature) }
    }

    fn is_here(&self, data: &Data<'_>) -> Result<(), Refused> {
        let is_here = digest::equal(data.place, &digest::sha256(self.id.as_bytes()));
        if is_here { Ok(()) } else { Err(Refused::Place) }
    }
}

#[cfg(test)]
mod tests;
