//! The only source of randomness: the operating system's, through aws-lc's generator.

use aws_lc_rs::rand;
use domain::PublicId;

/// `N` random bytes.
///
/// # Panics
/// Where the operating system gives no randomness: nothing that needs a key may go on then.
#[expect(clippy::disallowed_methods, reason = "this is the one place that may ask for randomness")]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}

/// A new name for the outside.
pub fn public_id() -> PublicId {
    PublicId::from_bytes(bytes())
}

/// A new positive number, for keys and jobs that need a name before they are stored.
pub fn number() -> i64 {
    i64::from_be_bytes(bytes()) & i64::MAX
}
