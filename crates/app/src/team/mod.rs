//! The people who work here: one verb per file.

mod add_operator;
mod brake;
mod change_operator;
mod directory;
mod factor;
mod groups;
mod guessable;
mod invite;
mod leaked;
mod operators;
mod own_password;
mod password;
pub(crate) mod presence;
mod programs;
mod prove;
mod second_step;
mod session;
mod sessions;
mod set_password;
mod sign_in;

pub use add_operator::NewOperator;
pub(crate) use brake::Brake;
pub use change_operator::OperatorChange;
pub(crate) use directory::Directory;
pub use directory::Person;
pub use factor::{Draft, FactorState, RecoveryCodes};
pub use invite::{Invitation, Link, grantable};
pub(crate) use leaked::Leaked;
pub use operators::{Colleague, There};
pub(crate) use password::Rules;
pub use presence::Present;
pub use programs::{NewProgram, ProgramInfo};
pub use prove::Proof;
pub use session::{Secret, SignedInBrowser};
pub use sessions::SessionListed;
pub use sign_in::{Pending, SignedIn, Step, Visit};
