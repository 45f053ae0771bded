//! Law L4: every call says for whom.

use domain::OrganisationId;

/// For whom a store call is made. Rows of anybody else are an error, not a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One organisation.
    Organisation(OrganisationId),
    /// The house itself; few, named, none reachable from a request.
    System(System),
}

/// What the house does without a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Setting the installation up.
    SetUp,
    /// Finding out which organisation a sign-in, session, token or widget belongs to.
    SignIn,
    /// The queue of durable processes.
    Queue,
    /// Sweeping keys that nothing refers to.
    KeySweep,
    /// Wrapping every organisation's keys anew.
    EpochTurn,
    /// Looking after itself: health, doctor.
    Care,
}

impl Scope {
    /// Whether a row of `owner` may be shown to this scope.
    pub fn covers(self, owner: OrganisationId) -> bool {
        match self {
            Self::Organisation(organisation) => organisation == owner,
            Self::System(_) => true,
        }
    }
}

impl From<OrganisationId> for Scope {
    fn from(organisation: OrganisationId) -> Self {
        Self::Organisation(organisation)
    }
}
