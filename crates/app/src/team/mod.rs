//! The people who work here: one verb per file.

mod add_operator;
mod change_operator;
mod directory;
mod groups;
mod invite;
mod operators;
mod password;
pub(crate) mod presence;
mod session;
mod set_password;
mod sign_in;

pub use add_operator::NewOperator;
pub use change_operator::OperatorChange;
pub(crate) use directory::Directory;
pub use directory::Person;
pub use invite::{Invitation, Link, grantable};
pub use operators::{Colleague, There};
pub use presence::Present;
pub use session::Secret;
pub use sign_in::SignedIn;
