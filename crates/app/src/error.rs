//! What a verb can answer instead of a result.

use domain::access::Refused;

/// Why a verb did nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nobody is signed in, or no longer.
    #[error("sign in first")]
    Unauthorised,
    /// The role does not allow it.
    #[error("your role does not allow this")]
    Forbidden,
    /// No such thing, or one of another organisation: both answer alike (SZ2).
    #[error("there is no such thing")]
    NotFound,
    /// A field of the request breaks a rule.
    #[error("{field}: {detail}")]
    Invalid {
        /// The field's name on the wire.
        field: &'static str,
        /// What is wrong and what to do.
        detail: String,
    },
    /// It contradicts what is there.
    #[error("{0}")]
    Conflict(&'static str),
    /// More than one visitor, address or organisation may ask for in that time; nothing was done.
    #[error("too often: wait before you try again")]
    RateLimited(std::time::Duration),
    /// Too much at once; nothing was stored.
    #[error("too much at once: try again in a moment")]
    Busy,
    /// The database cannot take it now; nothing acknowledged is lost.
    #[error("this cannot be stored right now: try again in a moment")]
    Unavailable,
    /// A fault of ours; the log says more.
    #[error("something is wrong with this installation; its log says what")]
    Internal,
}

impl From<Refused> for Error {
    fn from(_: Refused) -> Self {
        Self::Forbidden
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NotFound => Self::NotFound,
            store::Error::OutOfReach => Self::Forbidden,
            // Whoever was overtaken twice within a moment tries again like anybody else.
            store::Error::Busy | store::Error::Rekeyed => Self::Busy,
            store::Error::Conflict(what) => Self::Conflict(what),
            store::Error::Unavailable(_) | store::Error::Unknown(_) => {
                tracing::warn!(%error, "the store cannot take it");
                Self::Unavailable
            }
            store::Error::Fence | store::Error::Schema(_) | store::Error::Broken(_) => {
                tracing::error!(%error, "the store contradicts itself");
                Self::Internal
            }
        }
    }
}

impl From<privacy::seal::Unopenable> for Error {
    fn from(error: privacy::seal::Unopenable) -> Self {
        tracing::error!(%error, "sealed content does not open");
        Self::Internal
    }
}
