//! Programs and their tokens.

use domain::{Capability, Level};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Id;
use super::session::{LevelName, OperatorRef};

/// An area of the product.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Capability)]
pub enum CapabilityName {
    /// Reading and answering.
    Conversations,
    /// Shared snippets and topics.
    Snippets,
    /// Who works here.
    Team,
    /// Chat surfaces.
    Widgets,
    /// Who did what.
    Audit,
    /// Tokens of programs.
    Programs,
    /// The installation itself.
    Installation,
    /// Deleting what was said.
    Erasing,
    /// How long things are kept, holds, backups, copies, receipts.
    Privacy,
}

impl From<Capability> for CapabilityName {
    fn from(capability: Capability) -> Self {
        match capability {
            Capability::Conversations => Self::Conversations,
            Capability::Snippets => Self::Snippets,
            Capability::Team => Self::Team,
            Capability::Widgets => Self::Widgets,
            Capability::Audit => Self::Audit,
            Capability::Programs => Self::Programs,
            Capability::Installation => Self::Installation,
            Capability::Erasing => Self::Erasing,
            Capability::Privacy => Self::Privacy,
        }
    }
}

impl From<CapabilityName> for Capability {
    fn from(capability: CapabilityName) -> Self {
        match capability {
            CapabilityName::Conversations => Self::Conversations,
            CapabilityName::Snippets => Self::Snippets,
            CapabilityName::Team => Self::Team,
            CapabilityName::Widgets => Self::Widgets,
            CapabilityName::Audit => Self::Audit,
            CapabilityName::Programs => Self::Programs,
            CapabilityName::Installation => Self::Installation,
            CapabilityName::Erasing => Self::Erasing,
            CapabilityName::Privacy => Self::Privacy,
        }
    }
}

/// How far into one area.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgramRight {
    /// Which area.
    pub capability: CapabilityName,
    /// How far.
    pub level: LevelName,
}

impl From<(Capability, Level)> for ProgramRight {
    fn from((capability, level): (Capability, Level)) -> Self {
        Self { capability: capability.into(), level: level.into() }
    }
}

/// A program's token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProgramInfo {
    /// Its id.
    pub id: Id,
    /// What it is called.
    pub name: String,
    /// For whom it acts: never more than they may.
    pub operator: OperatorRef,
    /// What it was given; null: whatever its operator may.
    #[schema(required)]
    pub rights: Option<Vec<ProgramRight>>,
    /// When it was made, in microseconds of UTC.
    pub created_at: i64,
    /// When it ends.
    pub expires_at: i64,
    /// The day on which it was last used.
    #[schema(required)]
    pub used_day: Option<i64>,
}

/// A token to be made, for oneself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProgram {
    /// What the program is called.
    pub name: String,
    /// What it may do: no more than oneself.
    pub rights: Vec<ProgramRight>,
    /// For how many days, at most 365.
    pub days: i64,
    /// One's password: a token outlives the session it was made in.
    pub password: String,
    /// A code of the second factor, or a recovery code, where it is on.
    pub code: Option<String>,
}

/// A new token.
#[derive(Serialize, ToSchema)]
pub struct ProgramMade {
    /// The program.
    pub program: ProgramInfo,
    /// The token: shown this once.
    pub token: String,
}
