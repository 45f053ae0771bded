//! Ids: compact integers inside the house, opaque random ones outside (design section 4).

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// The tenant wall: everything belongs to exactly one organisation.
    OrganisationId
);
number!(
    /// A person who signs in. Positive; 0 and below are taken by [`crate::conversation::Author`].
    OperatorId
);
number!(
    /// One configured chat surface.
    WidgetId
);
number!(
    /// A conversation; messages are clustered by it.
    ConversationId
);
number!(
    /// A wrapped data key in the key database.
    KeyId
);
number!(
    /// A deletion.
    ErasureId
);
number!(
    /// A durable process in the queue.
    JobId
);

/// The name of a thing outside: 128 random bits, written as 26 lower-case base-32 characters (RFC 4648, no padding).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct PublicId([u8; 16]);

impl PublicId {
    /// Wraps 16 bytes that came from the random generator or the store.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes, as stored and as bound into seals.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0_u8; 26];
        BASE32_NOPAD.encode_mut(&self.0, &mut text);
        text.make_ascii_lowercase();
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is no id of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

impl FromStr for PublicId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        // One spelling per id: an upper-case twin would make two texts name the same thing.
        if text.len() != 26 || text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(NotAnId);
        }
        let bytes = BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).map_err(|_| NotAnId)?;
        bytes.try_into().map(Self).map_err(|_| NotAnId)
    }
}

impl From<PublicId> for String {
    fn from(id: PublicId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for PublicId {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}

impl TryFrom<&[u8]> for PublicId {
    type Error = NotAnId;

    fn try_from(bytes: &[u8]) -> Result<Self, NotAnId> {
        bytes.try_into().map(Self).map_err(|_| NotAnId)
    }
}

/// Names one sending client (a page load): 64 bits chosen by it, 16 lower-case hex digits on the wire. Together with the
/// author and a counter it names a message before it has a sequence, so a retry is recognised (law L1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SenderId(pub i64);

impl fmt::Display for SenderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0.to_be_bytes()))
    }
}

impl FromStr for SenderId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| NotAnId)?;
        bytes.try_into().map(|b| Self(i64::from_be_bytes(b))).map_err(|_| NotAnId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_id_survives_its_text() {
        let id = PublicId::from_bytes([7; 16]);
        assert_eq!(id.to_string().len(), 26);
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn a_second_spelling_of_an_id_is_refused() {
        let text = PublicId::from_bytes([7; 16]).to_string();
        assert_eq!(text.to_ascii_uppercase().parse::<PublicId>(), Err(NotAnId));
        assert_eq!(text[1..].parse::<PublicId>(), Err(NotAnId));
        assert_eq!("ÄÄÄÄÄÄÄÄÄÄÄÄÄ".parse::<PublicId>(), Err(NotAnId));
    }

    #[test]
    fn a_sender_is_sixteen_hex_digits() {
        assert_eq!("00000000000000ff".parse(), Ok(SenderId(255)));
        assert_eq!(SenderId(-1).to_string(), "ffffffffffffffff");
        assert!("ff".parse::<SenderId>().is_err());
    }
}
