//! How long things are kept (requirement C2). `rules` sets and shows them, `look` finds what they delete, for the preview and
//! for the sweep alike, `sweep` has it deleted, `lying` says what should be through and is not, and `due` says of one conversation when it goes.

mod due;
mod look;
mod lying;
mod rules;
mod sweep;

pub use due::Due;
pub use look::Look;
pub use lying::Lying;
pub use rules::{Named, Overview, Shown, Wanted};
