//! The words of the product: ids, roles and capabilities, limits, the rules of a conversation, the clock.
//!
//! This crate knows no database, no socket and no key. What stands here is what every other part may rely on.

pub mod access;
pub mod audit;
mod bits;
pub mod civil;
pub mod clock;
pub mod conversation;
pub mod country;
pub mod device;
pub mod erasure;
mod guest;
mod id;
pub mod language;
pub mod limits;
pub mod retention;
pub mod text;
pub mod topic;
mod words;

pub use access::{Access, Capability, GroupNumber, Groups, Hands, Level, Principal, Reach, Rights, Role};
pub use clock::{Clock, Timestamp};
pub use device::{Browser, Platform};
pub use guest::Guests;
pub use id::{ConversationId, ErasureId, JobId, KeyId, OperatorId, OrganisationId, PublicId, SenderId, WidgetId};
pub use language::Language;
pub use topic::{TopicNumber, Topics};
