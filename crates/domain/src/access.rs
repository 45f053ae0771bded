//! Who may do what: roles, capabilities, levels and reach (law L5). Level (off, read, write) and reach (own, group, all)
//! are separate. The rules stand here; `app` asks them once per verb.

use serde::{Deserialize, Serialize};

use crate::{OperatorId, OrganisationId};

/// A named set of capabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Owns the organisation: everything.
    Owner,
    /// Answers conversations: their own and those nobody has taken.
    Agent,
    /// The data-protection officer: sees how the house is set up, reads no conversation.
    Officer,
}

impl Role {
    /// Every role, for matrices.
    pub const ALL: [Self; 3] = [Self::Owner, Self::Agent, Self::Officer];

    /// As stored and as sent.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Agent => "agent",
            Self::Officer => "officer",
        }
    }

    /// From the stored word.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }

    /// What the role grants in an area.
    pub const fn grants(self, capability: Capability) -> Access {
        use Capability::{Conversations, Installation, Team, Widgets};
        let (level, reach) = match (self, capability) {
            (Self::Owner, _) => (Level::Write, Reach::All),
            (Self::Agent, Conversations) => (Level::Write, Reach::Own),
            (Self::Agent | Self::Officer, Team) | (Self::Officer, Widgets) => (Level::Read, Reach::All),
            (Self::Agent, Widgets | Installation) | (Self::Officer, Conversations | Installation) => {
                (Level::Off, Reach::Own)
            }
        };
        Access { level, reach }
    }
}

/// An area of the product that a role can be let into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// Reading and answering conversations.
    Conversations,
    /// Who works here.
    Team,
    /// The chat surfaces and their settings.
    Widgets,
    /// What concerns the installation itself, such as the recovery key.
    Installation,
}

/// How far into an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Not at all.
    Off,
    /// May look.
    Read,
    /// May look and change.
    Write,
}

/// Whose things in the area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// Their own, and those that nobody has taken yet.
    Own,
    /// Everything of the organisation.
    All,
}

/// What a principal has in one area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// How far.
    pub level: Level,
    /// Whose.
    pub reach: Reach,
}

impl Access {
    /// Whether a conversation assigned to `assignee` is within reach of `operator`.
    pub fn reaches(self, operator: OperatorId, assignee: Option<OperatorId>) -> bool {
        match self.reach {
            Reach::All => true,
            Reach::Own => assignee.is_none_or(|assignee| assignee == operator),
        }
    }
}

/// Who asks: a signed-in operator or a program with that operator's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The tenant; never taken from what the client sends.
    pub organisation: OrganisationId,
    /// The person.
    pub operator: OperatorId,
    /// Their role in this organisation.
    pub role: Role,
}

/// The role does not allow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the role does not allow this")]
pub struct Refused;

impl Principal {
    /// The access that is needed, or a refusal.
    ///
    /// # Errors
    /// [`Refused`] where the role grants less than `level`.
    pub fn require(&self, capability: Capability, level: Level) -> Result<Access, Refused> {
        let access = self.role.grants(capability);
        if access.level >= level && access.level > Level::Off { Ok(access) } else { Err(Refused) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(role: Role) -> Principal {
        Principal { organisation: OrganisationId(1), operator: OperatorId(7), role }
    }

    #[test]
    fn an_officer_reads_no_conversation_but_an_agent_does() {
        assert!(principal(Role::Agent).require(Capability::Conversations, Level::Write).is_ok());
        assert_eq!(principal(Role::Officer).require(Capability::Conversations, Level::Read), Err(Refused));
    }

    #[test]
    fn off_never_satisfies_even_a_wish_for_off() {
        assert_eq!(principal(Role::Officer).require(Capability::Conversations, Level::Off), Err(Refused));
    }

    #[test]
    fn an_agent_reaches_their_own_and_the_unassigned_only() {
        let access = Role::Agent.grants(Capability::Conversations);
        assert!(access.reaches(OperatorId(7), Some(OperatorId(7))));
        assert!(access.reaches(OperatorId(7), None));
        assert!(!access.reaches(OperatorId(7), Some(OperatorId(8))));
        assert!(Role::Owner.grants(Capability::Conversations).reaches(OperatorId(7), Some(OperatorId(8))));
    }
}
