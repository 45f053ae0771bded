//! Who is signed in.

use domain::{Capability, Level, Reach, Rights, Role};
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

/// An operator's role.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Role)]
pub enum RoleName {
    /// Everything.
    Owner,
    /// Everything but the installation itself.
    Manager,
    /// Widgets, people and programs; answers; no audit log.
    Admin,
    /// Sees how the house is set up; reads no conversation.
    Analyst,
    /// Answers for their groups.
    Staff,
    /// Answers: their own conversations and those of nobody.
    Agent,
    /// The data-protection officer.
    Officer,
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Manager => Self::Manager,
            Role::Admin => Self::Admin,
            Role::Analyst => Self::Analyst,
            Role::Staff => Self::Staff,
            // Nobody signs in as a visitor.
            Role::Agent | Role::Visitor => Self::Agent,
            Role::Officer => Self::Officer,
        }
    }
}

impl From<RoleName> for Role {
    fn from(role: RoleName) -> Self {
        match role {
            RoleName::Owner => Self::Owner,
            RoleName::Manager => Self::Manager,
            RoleName::Admin => Self::Admin,
            RoleName::Analyst => Self::Analyst,
            RoleName::Staff => Self::Staff,
            RoleName::Agent => Self::Agent,
            RoleName::Officer => Self::Officer,
        }
    }
}

/// How far into an area.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
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

impl From<LevelName> for Level {
    fn from(level: LevelName) -> Self {
        match level {
            LevelName::Off => Self::Off,
            LevelName::Read => Self::Read,
            LevelName::Write => Self::Write,
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
    /// The same, and what colleagues of their groups have.
    Group,
    /// Everything of the organisation.
    All,
}

impl From<Reach> for ReachName {
    fn from(reach: Reach) -> Self {
        match reach {
            Reach::Own => Self::Own,
            Reach::Group => Self::Group,
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

/// The password was right, and a code is needed.
#[derive(Serialize, ToSchema)]
pub struct SecondStep {
    /// To be sent back with the code within five minutes. It opens nothing by itself.
    pub token: String,
}

/// The second step of signing in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInCode {
    /// What the first step answered.
    pub token: String,
    /// The six digits that the phone shows, or a recovery code.
    pub code: String,
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

/// What is allowed with conversations.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversationAccess {
    /// How far.
    pub level: LevelName,
    /// Whose.
    pub reach: ReachName,
}

/// What is allowed, area by area.
#[derive(Debug, Serialize, ToSchema)]
pub struct RightsInfo {
    /// Reading and answering.
    pub conversations: ConversationAccess,
    /// Shared snippets and topics.
    pub snippets: LevelName,
    /// Who works here.
    pub team: LevelName,
    /// Chat surfaces.
    pub widgets: LevelName,
    /// Who did what.
    pub audit: LevelName,
    /// Tokens of programs.
    pub programs: LevelName,
    /// The installation itself.
    pub installation: LevelName,
    /// Deleting what was said, as far as conversations can be reached.
    pub erasing: LevelName,
    /// How long things are kept, holds, backups, copies, receipts.
    pub privacy: LevelName,
}

impl From<&Rights> for RightsInfo {
    fn from(rights: &Rights) -> Self {
        let level = |capability| rights.of(capability).0.into();
        let (conversations, reach) = rights.of(Capability::Conversations);
        Self {
            conversations: ConversationAccess { level: conversations.into(), reach: reach.into() },
            snippets: level(Capability::Snippets),
            team: level(Capability::Team),
            widgets: level(Capability::Widgets),
            audit: level(Capability::Audit),
            programs: level(Capability::Programs),
            installation: level(Capability::Installation),
            erasing: level(Capability::Erasing),
            privacy: level(Capability::Privacy),
        }
    }
}

/// A role, and what it allows.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoleInfo {
    /// The role.
    pub role: RoleName,
    /// What it allows.
    pub rights: RightsInfo,
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
    /// The day on which it ends, in microseconds of UTC, where it is being closed.
    #[schema(required)]
    pub closing_at: Option<i64>,
    /// What they may do.
    pub rights: RightsInfo,
    /// The roles that they may give to others.
    pub grantable: Vec<RoleName>,
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
