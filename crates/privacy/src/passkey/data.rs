//! What an authenticator says (WebAuthn, section 6.1): for whom it signs, whether somebody was there, how often it has signed,
//! and of a new passkey its number and key.

use super::cbor::{self, Value};
use super::{MOST_ID_BYTES, Refused};

const PLACE: usize = 32;
const COUNTER: usize = 4;
const AAGUID: usize = 16;
const LENGTH: usize = 2;

const PRESENT: u8 = 1;
const VERIFIED: u8 = 1 << 2;
const BACKUP_ABLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const HAS_KEY: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;

/// An authenticator's statement.
pub(super) struct Data<'a> {
    pub(super) place: &'a [u8],
    flags: u8,
    pub(super) counter: u32,
    /// Number and key of a new passkey.
    pub(super) made: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> Data<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Refused> {
        Self::parts(bytes).ok_or(Refused::Malformed)
    }

    fn parts(bytes: &'a [u8]) -> Option<Self> {
        let (place, rest) = bytes.split_at_checked(PLACE)?;
        let (flags, rest) = rest.split_first()?;
        let (counter, mut rest) = rest.split_at_checked(COUNTER)?;
        let mut made = None;
        if flags & HAS_KEY != 0 {
            let (length, behind) = rest.split_at_checked(AAGUID + LENGTH)?;
            let length = u16::from_be_bytes(length.get(AAGUID..)?.try_into().ok()?);
            let (id, behind) = behind.split_at_checked(usize::from(length))?;
            let (_, after) = cbor::read(behind)?;
            made = Some((id, behind.get(..behind.len() - after.len())?));
            rest = after;
        }
        if flags & HAS_EXTENSIONS != 0 {
            let (Value::Map(_), after) = cbor::read(rest)? else { return None };
            rest = after;
        }
        // Nothing hangs on what is behind: it was never there.
        let is_whole = rest.is_empty() && made.is_none_or(|(id, _)| (1..=MOST_ID_BYTES).contains(&id.len()));
        let counter = u32::from_be_bytes(counter.try_into().ok()?);
        is_whole.then_some(Self { place, flags: *flags, counter, made })
    }

    /// Somebody touched it, it found out who, and it says of copies only what can be (sections 6.1 and 6.1.3).
    pub(super) fn is_fit(&self) -> Result<(), Refused> {
        if self.flags & PRESENT == 0 {
            return Err(Refused::Absent);
        }
        if self.flags & VERIFIED == 0 {
            return Err(Refused::Unverified);
        }
        if self.flags & (BACKUP_ABLE | BACKED_UP) == BACKED_UP {
            return Err(Refused::Malformed);
        }
        Ok(())
    }
}
