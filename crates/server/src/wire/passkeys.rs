//! Passkeys (WebAuthn). Bytes travel as browsers write them: base64url without padding.

use std::borrow::Cow;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

use super::Id;

/// Bytes of a browser or a device.
pub struct Base64Url(pub Vec<u8>);

impl<'de> Deserialize<'de> for Base64Url {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        BASE64URL_NOPAD.decode(text.as_bytes()).map(Self).map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Base64Url {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9_-]*$")).into()
    }
}

impl ToSchema for Base64Url {}

/// What a passkey is to sign to sign somebody in.
#[derive(Serialize, ToSchema)]
pub struct PasskeyQuestion {
    /// To be signed within five minutes.
    pub challenge: String,
    /// The site it is for (`rpId`).
    pub site: String,
}

/// What a browser got from `navigator.credentials.get`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeySignIn {
    /// The passkey's number (`rawId`).
    pub id: Base64Url,
    /// `response.userHandle`.
    pub user: Base64Url,
    /// `response.clientDataJSON`.
    pub client_data: Base64Url,
    /// `response.authenticatorData`.
    pub authenticator_data: Base64Url,
    /// `response.signature`.
    pub signature: Base64Url,
}

/// Shows that it is oneself, before a passkey is added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyProof {
    /// One's password.
    pub password: String,
    /// A code of the second factor, or a recovery code, where it is on.
    pub code: Option<String>,
}

/// What a browser needs for `navigator.credentials.create`.
#[derive(Serialize, ToSchema)]
pub struct PasskeyDraft {
    /// To be signed within five minutes, in this session.
    pub challenge: String,
    /// The site it is for (`rp.id`).
    pub site: String,
    /// By what devices know their owner (`user.id`): random.
    pub user: String,
    /// One's address (`user.name`).
    pub email: String,
    /// One's name (`user.displayName`).
    pub name: String,
    /// The numbers of those there are (`excludeCredentials`).
    pub known: Vec<String>,
    /// The signatures that are taken, by their COSE numbers, the one preferred first (`pubKeyCredParams`).
    pub algorithms: Vec<i64>,
}

/// What a browser got from `navigator.credentials.create`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPasskey {
    /// What it is to be called.
    pub name: String,
    /// `response.clientDataJSON`.
    pub client_data: Base64Url,
    /// `response.attestationObject`.
    pub attestation: Base64Url,
}

/// One of one's passkeys.
#[derive(Debug, Serialize, ToSchema)]
pub struct Passkey {
    /// Its id.
    pub id: Id,
    /// What it is called.
    pub name: String,
    /// When it was added, in microseconds of UTC.
    pub created_at: i64,
    /// The day it was last used.
    #[schema(required)]
    pub used_day: Option<i64>,
    /// Whether there seem to be two of it, so that it is taken no more.
    pub copied: bool,
    /// Whether it was added in another session, and nobody has said since that it was them.
    pub new: bool,
}

/// A change of a passkey; what is missing stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyChange {
    /// What it is to be called.
    pub name: Option<String>,
    /// Whether it was oneself who added it; if not, it is removed.
    pub mine: Option<bool>,
}
