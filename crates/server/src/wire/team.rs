//! The people who work here, and their groups.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::session::{Language, RoleName};
use super::{Id, some};

/// A colleague.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperatorInfo {
    /// Their id.
    pub id: Id,
    /// What they are called.
    pub name: String,
    /// Their role.
    pub role: RoleName,
    /// The ids of the groups they are in.
    pub groups: Vec<Id>,
    /// Whether they were invited and have set no password yet.
    pub invited: bool,
    /// Whether they work here; who has left signs in no more.
    pub active: bool,
    /// Whether they are there: their dashboard is open, and they are at it.
    pub online: bool,
    /// Whether their dashboard is open and they are not at it.
    pub away: bool,
}

/// A colleague to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// What they are called.
    pub name: String,
    /// What they will sign in with.
    pub email: String,
    /// What they may do: no more than the caller.
    pub role: RoleName,
    /// The ids of the groups they are in.
    #[serde(default)]
    pub groups: Vec<Id>,
    /// The language of their screens.
    pub language: Language,
}

/// A change of a colleague; what is missing stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatorChange {
    /// What they may do: no more than the caller.
    #[serde(default, deserialize_with = "some")]
    #[schema(nullable = false)]
    pub role: Option<RoleName>,
    /// The ids of the groups they are in.
    #[serde(default, deserialize_with = "some")]
    #[schema(nullable = false)]
    pub groups: Option<Vec<Id>>,
    /// Whether they work here.
    #[serde(default, deserialize_with = "some")]
    #[schema(nullable = false)]
    pub active: Option<bool>,
}

/// A way to set a password: shown once, works once.
#[derive(Serialize, ToSchema)]
pub struct Link {
    /// The whole address; the secret stands behind `#`, which no server on the way sees.
    pub url: String,
    /// When it ends, in microseconds of UTC.
    pub expires_at: i64,
}

/// A new colleague and their link.
#[derive(Serialize, ToSchema)]
pub struct Invited {
    /// The colleague.
    pub operator: OperatorInfo,
    /// Where they set their password.
    pub link: Link,
}

/// A link that somebody holds.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkSecret {
    /// What the link carries behind `#`.
    pub secret: String,
}

/// For whom a link is.
#[derive(Serialize, ToSchema)]
pub struct LinkHolder {
    /// Where they work.
    pub organisation: String,
    /// What they sign in with.
    pub email: String,
}

/// A new password, by a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkUse {
    /// What the link carries behind `#`.
    pub secret: String,
    /// The new password.
    pub password: String,
}

/// A group of operators.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupInfo {
    /// Its id.
    pub id: Id,
    /// What it is called.
    pub name: String,
}

/// A group's name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupName {
    /// What it is called.
    pub name: String,
}
