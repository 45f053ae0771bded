//! The installation's recovery key (X25519, RFC 7748): shown once at set-up, kept in the officer's safe. Epoch keys are
//! sealed to its public half at the backup places, so that a machine lost with all its disks can be restored.

use data_encoding::BASE32_NOPAD;
use zeroize::Zeroizing;

use crate::digest;
use crate::envelope::OpenKey;

/// The text is no recovery key, or has a typing error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a recovery key: compare it with the one you wrote down")]
pub struct NotARecoveryKey;

/// Makes a pair: what is shown once (groups of four characters, with a check sum of two bytes), and the public half.
///
/// # Panics
/// Where the operating system gives no randomness.
pub fn generate() -> (Zeroizing<String>, [u8; 32]) {
    let private = OpenKey::generate();
    (write(private.seed().as_slice()), private.public())
}

/// The public half of a key as it was shown.
///
/// # Errors
/// [`NotARecoveryKey`] where the check sum is wrong.
pub fn public(shown: &str) -> Result<[u8; 32], NotARecoveryKey> {
    private(shown).map(|key| key.public())
}

/// The key as it was shown: opens what was sealed for the recovery.
///
/// # Errors
/// [`NotARecoveryKey`] where the check sum is wrong.
pub fn private(shown: &str) -> Result<OpenKey, NotARecoveryKey> {
    let text: Zeroizing<String> =
        Zeroizing::new(shown.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase());
    let bytes = Zeroizing::new(BASE32_NOPAD.decode(text.as_bytes()).map_err(|_| NotARecoveryKey)?);
    let (seed, check) = bytes.split_at_checked(32).ok_or(NotARecoveryKey)?;
    if check != &digest::sha256(seed)[..2] {
        return Err(NotARecoveryKey);
    }
    OpenKey::from_seed(seed).map_err(|_| NotARecoveryKey)
}

fn write(seed: &[u8]) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new(seed.to_vec());
    bytes.extend_from_slice(&digest::sha256(seed)[..2]);
    let text = Zeroizing::new(BASE32_NOPAD.encode(&bytes));
    let mut shown = Zeroizing::new(String::with_capacity(text.len() * 5 / 4 + 1));
    for (index, letter) in text.chars().enumerate() {
        if index > 0 && index % 4 == 0 {
            shown.push('-');
        }
        shown.push(letter);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_typed_back_gives_its_public_half() {
        let (shown, expected) = generate();
        assert_eq!(public(&shown), Ok(expected));
        let sealed = crate::envelope::seal(&expected, "recovery", b"an epoch key").unwrap();
        assert_eq!(private(&shown).unwrap().open("recovery", &sealed).unwrap().as_slice(), b"an epoch key");
        assert_eq!(public(&shown.to_lowercase().replace('-', " ")), Ok(expected));
    }

    #[test]
    fn a_typing_error_is_noticed() {
        let (shown, _) = generate();
        let first = if shown.starts_with('A') { "B" } else { "A" };
        assert_eq!(public(&format!("{first}{}", &shown[1..])), Err(NotARecoveryKey));
        assert_eq!(public(""), Err(NotARecoveryKey));
        assert_eq!(public("not a key"), Err(NotARecoveryKey));
    }
}
