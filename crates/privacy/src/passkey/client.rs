//! What a browser says (WebAuthn, section 5.8.1): what was asked for, on which page, and the challenge.

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;

use super::Refused;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Make,
    SignIn,
}

impl Act {
    const fn name(self) -> &'static str {
        match self {
            Self::Make => "webauthn.create",
            Self::SignIn => "webauthn.get",
        }
    }
}

/// Further members may come (section 5.8.1.2); one that stands twice is refused.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData<'a> {
    #[serde(rename = "type", borrow)]
    act: std::borrow::Cow<'a, str>,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<serde::de::IgnoredAny>,
}

/// The challenge that a browser passed on, whoever made it.
pub(super) fn challenge(json: &[u8]) -> Result<Vec<u8>, Refused> {
    let data: ClientData<'_> = serde_json::from_slice(json).map_err(|_| Refused::Malformed)?;
    BASE64URL_NOPAD.decode(data.challenge.as_bytes()).map_err(|_| Refused::Malformed)
}

/// A page of this very origin asked for this, and no page that stands inside another.
pub(super) fn check(json: &[u8], act: Act, challenge: &[u8], origin: &str) -> Result<(), Refused> {
    let data: ClientData<'_> = serde_json::from_slice(json).map_err(|_| Refused::Malformed)?;
    if data.act != act.name() {
        return Err(Refused::Act);
    }
    if data.challenge != BASE64URL_NOPAD.encode(challenge) {
        return Err(Refused::Challenge);
    }
    if data.origin != origin || data.cross_origin || data.top_origin.is_some() {
        return Err(Refused::Origin);
    }
    Ok(())
}
