//! Who is signed in.

use domain::{Level, Reach, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Id;

/// The language of screens.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// German.
    De,
    /// English.
    En,
}

impl From<Language> for domain::Language {
    fn from(language: Language) -> Self {
        match language {
            Language::De => Self::De,
            Language::En => Self::En,
        }
    }
}

impl From<domain::Language> for Language {
    fn from(language: domain::Language) -> Self {
        match language {
            domain::Language::De => Self::De,
            domain::Language::En => Self::En,
        }
    }
}

/// A role.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Role)]
pub enum RoleName {
    /// Everything.
    Owner,
    /// Answers conversations.
    Agent,
    /// The data-protection officer.
    Officer,
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Agent => Self::Agent,
            Role::Officer => Self::Officer,
        }
    }
}

/// How far into an area.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Level)]
pub enum LevelName {
    /// Not at all.
    Off,
    /// May look.
    Read,
    /// May look and change.
    Write,
}

impl From<Level> for LevelName {
    fn from(level: Level) -> Self {
        match level {
            Level::Off => Self::Off,
            Level::Read => Self::Read,
            Level::Write => Self::Write,
        }
    }
}

/// Whose things in an area.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Reach)]
pub enum ReachName {
    /// Their own, and those that nobody has taken.
    Own,
    /// Everything of the organisation.
    All,
}

impl From<Reach> for ReachName {
    fn from(reach: Reach) -> Self {
        match reach {
            Reach::Own => Self::Own,
            Reach::All => Self::All,
        }
    }
}

/// Address and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The address.
    pub email: String,
    /// The password.
    pub password: String,
}

/// An operator, as far as others need to know.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperatorRef {
    /// Their id.
    pub id: Id,
    /// What they are called.
    pub name: String,
}

/// An organisation.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganisationRef {
    /// Its id.
    pub id: Id,
    /// What it is called.
    pub name: String,
}

/// What the role allows with conversations.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversationAccess {
    /// How far.
    pub level: LevelName,
    /// Whose.
    pub reach: ReachName,
}

/// Who is signed in, and what they may do.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionInfo {
    /// The operator.
    pub operator: OperatorRef,
    /// Their role.
    pub role: RoleName,
    /// The language of their screens.
    pub language: Language,
    /// The organisation.
    pub organisation: OrganisationRef,
    /// What the role allows with conversations.
    pub conversations: ConversationAccess,
    /// What it allows with the team.
    pub team: LevelName,
    /// What it allows with widgets.
    pub widgets: LevelName,
    /// Whether somebody showed that they hold the recovery key; always true for roles that need not care.
    pub recovery_key_confirmed: bool,
    /// Where the widget is served from.
    pub widget_origin: String,
    /// The demonstration shop, where it is on.
    #[schema(required)]
    pub shop_url: Option<String>,
}

/// A change of one's own settings.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionChange {
    /// The language of one's screens.
    pub language: Language,
}

/// A colleague.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperatorInfo {
    /// Their id.
    pub id: Id,
    /// What they are called.
    pub name: String,
    /// Their role.
    pub role: RoleName,
    /// Whether their dashboard is open.
    pub online: bool,
}
