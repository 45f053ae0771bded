//! Who may see plaintext. Text comes in as [`message::Received`], is masked to [`message::Redacted`] and sealed to
//! [`message::Sealed`]; the store takes nothing else (law L2). Plaintext has no `Display`, a masked `Debug` and is wiped
//! when dropped (law L3).

pub mod backup;
pub mod chain;
pub mod digest;
pub mod envelope;
pub mod keys;
pub mod message;
pub mod passkey;
pub mod plaintext;
pub mod random;
pub mod receipt;
pub mod recovery;
pub mod redact;
pub mod seal;
pub mod stream;
pub mod token;
pub mod totp;

pub use message::{Message, Received, Redacted, Sealed};
pub use plaintext::Plaintext;
