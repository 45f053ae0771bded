//! What is sent: frames of the socket, bodies of HTTP. Described here once; TypeScript types, the OpenAPI document and
//! the protocol page are generated from it.

pub mod account;
pub mod audit;
pub mod conversations;
pub mod frames;
pub mod id;
pub mod installation;
pub mod passkeys;
pub mod problem;
pub mod programs;
pub mod session;
pub mod snippets;
pub mod team;
pub mod topics;
pub mod widgets;

pub use id::Id;
