//! Names that never meet: tests run beside each other, and beside those of another checkout.

use std::fs::File;
use std::io::Read;

use data_encoding::BASE32_NOPAD;

/// Sixteen random characters of `a-z2-7`, 80 bits.
pub(crate) fn word() -> String {
    let mut bytes = [0; 10];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .expect("the operating system gives randomness");
    BASE32_NOPAD.encode(&bytes).to_lowercase()
}
