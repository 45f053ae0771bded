//! The installation itself: setting it up, and its recovery key.

mod check_secrets;
mod confirm_recovery;
mod set_up;

pub use check_secrets::WrongSecrets;
pub use set_up::{NewOrganisation, SetUp};
