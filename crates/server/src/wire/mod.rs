//! What is sent: frames of the socket, bodies of HTTP. Described here once; TypeScript types, the OpenAPI document and
//! the protocol page are generated from it.

pub mod account;
pub mod audit;
pub mod backups;
pub mod closing;
pub mod conversations;
pub mod countries;
pub mod erasures;
pub mod export;
pub mod frames;
pub mod holds;
pub mod id;
pub mod installation;
pub mod passkeys;
pub mod problem;
pub mod programs;
pub mod retention;
pub mod session;
pub mod snippets;
pub mod team;
pub mod topics;
pub mod widgets;
mod words;

pub use id::Id;

/// Tells null from missing: what can't be null is refused as null.
pub(crate) fn some<'de, D: serde::Deserializer<'de>, T: serde::Deserialize<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}
