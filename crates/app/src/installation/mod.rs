//! The installation itself: setting it up, and its recovery key.

mod confirm_recovery;
mod set_up;

pub use set_up::{NewOrganisation, SetUp};
