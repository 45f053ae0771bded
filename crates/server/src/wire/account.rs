//! One's own account: password, second factor, sessions.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Id;

/// A family of browsers.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Browser)]
pub enum BrowserName {
    /// Google's and what is built on it.
    Chrome,
    /// Microsoft's.
    Edge,
    /// Mozilla's.
    Firefox,
    /// Opera's.
    Opera,
    /// Apple's.
    Safari,
    /// Whatever else.
    Other,
}

impl From<domain::Browser> for BrowserName {
    fn from(browser: domain::Browser) -> Self {
        match browser {
            domain::Browser::Chrome => Self::Chrome,
            domain::Browser::Edge => Self::Edge,
            domain::Browser::Firefox => Self::Firefox,
            domain::Browser::Opera => Self::Opera,
            domain::Browser::Safari => Self::Safari,
            domain::Browser::Other => Self::Other,
        }
    }
}

/// A family of systems.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Platform)]
pub enum PlatformName {
    /// Android.
    Android,
    /// iPhones and iPads.
    Ios,
    /// Linux.
    Linux,
    /// macOS.
    Mac,
    /// Windows.
    Windows,
    /// Whatever else.
    Other,
}

impl From<domain::Platform> for PlatformName {
    fn from(platform: domain::Platform) -> Self {
        match platform {
            domain::Platform::Android => Self::Android,
            domain::Platform::Ios => Self::Ios,
            domain::Platform::Linux => Self::Linux,
            domain::Platform::Mac => Self::Mac,
            domain::Platform::Windows => Self::Windows,
            domain::Platform::Other => Self::Other,
        }
    }
}

/// One of one's sessions.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnSession {
    /// Its id.
    pub id: Id,
    /// The browser it was opened in.
    pub browser: BrowserName,
    /// What that ran on.
    pub platform: PlatformName,
    /// When, in microseconds of UTC.
    pub created_at: i64,
    /// Its last use, to the minute.
    pub used_at: i64,
    /// Whether it is the one that asks.
    pub current: bool,
    /// Whether the browser was new, and nobody has said since that it was them.
    pub new: bool,
}

/// What one says of a session.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionJudgement {
    /// It was oneself.
    pub mine: bool,
}

/// Another password for oneself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The password so far.
    pub current: String,
    /// The new one.
    pub password: String,
}

/// One's second factor.
#[derive(Debug, Serialize, ToSchema)]
pub struct SecondFactor {
    /// Whether it is on.
    pub on: bool,
    /// Recovery codes that are left.
    pub recovery_codes: i64,
    /// Since when it is off because a colleague turned it off, in microseconds of UTC.
    #[schema(required)]
    pub reset_at: Option<i64>,
}

/// A secret for a phone; in force once a code shows that the phone has it.
#[derive(Serialize, ToSchema)]
pub struct SecondFactorDraft {
    /// To be typed.
    pub secret: String,
    /// The same as an address.
    pub uri: String,
    /// That address as a QR code: how many modules wide and high, without the margin.
    pub qr_size: i32,
    /// Its dark modules, as the path of an SVG.
    pub qr_path: String,
}

/// Turns the second factor on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactorOn {
    /// One's password.
    pub password: String,
    /// The secret that was drafted.
    pub secret: String,
    /// The code that the phone shows.
    pub code: String,
}

/// Shows that it is oneself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnProof {
    /// One's password.
    pub password: String,
    /// A code of the second factor, or a recovery code.
    pub code: String,
}

/// Ways past a lost phone: shown this once, each works once.
#[derive(Serialize, ToSchema)]
pub struct RecoveryCodes {
    /// The codes.
    pub codes: Vec<String>,
}
