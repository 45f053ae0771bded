//! Conversations: one verb per file.

mod alter;
pub mod assign;
mod directory;
mod end;
mod end_idle;
mod guest;
mod keys;
mod list;
mod mention;
mod read_entries;
mod receive_message;
mod see;
mod set_topics;
mod snooze;
mod type_on;
mod visit;

pub(crate) use directory::Directory;
pub use directory::Reference;
pub use list::{Counts, ListName, Summary};
pub use mention::Reader;
pub use receive_message::{Accepted, Answer, Incoming, Receipt, ReceiveError};
pub use visit::{Standing, Visitor};
