//! Epochs: their keys, how nodes hand them to each other, and the turn that makes what was deleted noise (design section 5).

#[expect(dead_code, reason = "the turn makes and destroys them, which comes next")]
mod keys;

pub use keys::EpochKeys;
