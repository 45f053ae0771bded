//! The people who work here: one verb per file.

mod add_operator;
mod directory;
mod operators;
mod password;
pub(crate) mod presence;
mod session;
mod set_password;
mod sign_in;

pub use add_operator::NewOperator;
pub(crate) use directory::Directory;
pub use directory::Person;
pub use operators::Colleague;
pub use presence::Present;
pub use session::Secret;
pub use sign_in::SignedIn;
