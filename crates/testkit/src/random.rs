//! Names that never meet: tests run beside each other, and beside those of another checkout.

use std::fs::File;
use std::io::Read;

use data_encoding::BASE32_NOPAD;

/// Sixteen random characters of `a-z2-7`, 80 bits.
pub(crate) fn word() -> String {
    BASE32_NOPAD.encode(&bytes::<10>()).to_lowercase()
}

/// Any number.
pub(crate) fn number() -> u16 {
    u16::from_ne_bytes(bytes())
}

fn bytes<const COUNT: usize>() -> [u8; COUNT] {
    let mut bytes = [0; COUNT];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .expect("the operating system gives randomness");
    bytes
}
