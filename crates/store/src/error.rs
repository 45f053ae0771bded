//! What can go wrong in the store, as far as a caller can do something about it.

/// Why a store call failed. Holds no content (law L3): the texts come from the databases' own messages about themselves.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing was stored: the disk is full, the database is away. Trying again later is safe.
    #[error("the database cannot take it now: {0}")]
    Unavailable(String),
    /// Whether it was stored is not known: the commit itself failed. Trying again is safe only with the same name.
    #[error("the database did not confirm the commit: {0}")]
    Unknown(String),
    /// The queue is full; nothing was stored.
    #[error("too much is waiting for the database")]
    Busy,
    /// No such thing in this scope.
    #[error("not found")]
    NotFound,
    /// It contradicts what is stored, such as a second operator with the same address.
    #[error("already there: {0}")]
    Conflict(&'static str),
    /// The role does not reach this conversation (judged in the transaction, so that a change cannot slip between).
    #[error("out of reach")]
    OutOfReach,
    /// A key was wrapped with an organisation key that is no longer the current one.
    #[error("the organisation's key has turned")]
    Fence,
    /// A text is sealed with a key that its conversation no longer has, because a part of it was deleted meanwhile, or for
    /// another revision than the next.
    #[error("the conversation has another key by now")]
    Rekeyed,
    /// The schema is not what this program expects.
    #[error("schema: {0}")]
    Schema(String),
    /// A row of another organisation came back, or a row that cannot be read: a fault of ours, never of the caller.
    #[error("the store contradicts itself: {0}")]
    Broken(String),
}

impl Error {
    /// Whether the same call may succeed later.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Unknown(_) | Self::Busy)
    }
}
