//! Backups, their places, and the epochs of keys.

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use store::backup::{Noted, PlaceState};
use store::epoch::Step;
use utoipa::ToSchema;

use super::Id;
use super::session::OperatorRef;

/// How backups stand.
#[derive(Debug, Serialize, ToSchema)]
pub struct Backups {
    /// The latest of the data, the last one first.
    pub data: Vec<Backup>,
    /// The latest of the keys, the last one first.
    pub keys: Vec<Backup>,
    /// Whether the last one of either is older than 26 hours.
    pub late: bool,
    /// The places.
    pub places: Vec<PlaceInfo>,
}

/// A backup.
#[derive(Debug, Serialize, ToSchema)]
pub struct Backup {
    /// Its name at the places.
    pub id: Id,
    /// When it was begun.
    pub begun_at: i64,
    /// When it was written, before it was taken anywhere.
    #[schema(required)]
    pub done_at: Option<i64>,
    /// Bytes of all its parts.
    pub bytes: i64,
    /// Rows in it.
    pub rows: i64,
    /// Whether it was not made.
    pub failed: bool,
    /// Why; told where no other organisation shares the installation.
    #[schema(required)]
    pub failure: Option<String>,
    /// The places that have it, read back.
    pub places: Vec<BackupAt>,
}

/// Where a backup lies.
#[derive(Debug, Serialize, ToSchema)]
pub struct BackupAt {
    /// The place's name.
    pub place: String,
    /// Since when, read back.
    pub verified_at: i64,
}

/// A place of backups.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlaceInfo {
    /// Its name in the configuration.
    pub name: String,
    /// Country, as ISO 3166 code.
    pub country: String,
    /// Site.
    pub site: String,
    /// Company.
    pub company: String,
    /// When it last answered.
    #[schema(required)]
    pub seen_at: Option<i64>,
    /// Since when it does not.
    #[schema(required)]
    pub failed_at: Option<i64>,
    /// Why; told where no other organisation shares the installation.
    #[schema(required)]
    pub failure: Option<String>,
}

impl From<Noted> for Backup {
    fn from(noted: Noted) -> Self {
        let at = |(place, at): (String, Timestamp)| BackupAt { place, verified_at: at.0 };
        Self {
            id: noted.name.into(),
            begun_at: noted.begun_at.0,
            done_at: noted.done_at.map(|at| at.0),
            bytes: noted.bytes,
            rows: noted.rows,
            failed: noted.failure.is_some(),
            failure: noted.failure.filter(|why| !why.is_empty()),
            places: noted.places.into_iter().map(at).collect(),
        }
    }
}

impl From<PlaceState> for PlaceInfo {
    fn from(state: PlaceState) -> Self {
        let [country, site, company] = state.within;
        let (failed_at, failure) = state.failed.unzip();
        Self {
            name: state.place,
            country,
            site,
            company,
            seen_at: state.seen_at.map(|at| at.0),
            failed_at: failed_at.map(|at| at.0),
            failure: failure.filter(|why| !why.is_empty()),
        }
    }
}

/// How the epochs of keys stand. With an epoch's key go all copies of what was deleted before it ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct EpochInfo {
    /// The number of the current one.
    pub current: i64,
    /// The last one up to which all keys are destroyed everywhere; 0 where there is none.
    pub settled: i64,
    /// What the turn that is under way is doing; nothing where none is.
    #[schema(required)]
    pub step: Option<TurnStep>,
    /// When the last turn began.
    #[schema(required)]
    pub turned_at: Option<i64>,
    /// When the next one begins; nothing while one is under way, and before the first.
    #[schema(required)]
    pub next_at: Option<i64>,
    /// Whether a turn, or the destruction of a copy, takes longer than it should: then no deletion is final.
    pub late: bool,
    /// That no key is destroyed for some days, where somebody said so.
    #[schema(required)]
    pub frozen: Option<Frozen>,
    /// Whether this organisation may freeze: where others share the installation, only its command line does.
    pub may_freeze: bool,
    /// Copies of old keys that are still to be destroyed.
    pub pending: Vec<CopyInfo>,
}

/// No key is destroyed for some days.
#[derive(Debug, Serialize, ToSchema)]
pub struct Frozen {
    /// Since when.
    pub since: i64,
    /// Until when.
    pub until: i64,
    /// Who said so last; null is the command line.
    #[schema(required)]
    pub by: Option<OperatorRef>,
    /// Why.
    pub reason: String,
}

/// A copy of an old key.
#[derive(Debug, Serialize, ToSchema)]
pub struct CopyInfo {
    /// Of which epoch.
    pub epoch: i64,
    /// Who holds it: `node:7`, or a place by its name, `place_a`.
    pub holder: String,
    /// On what.
    pub medium: String,
}

/// What a turn does.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TurnStep {
    /// The new key is made and handed to all nodes and places.
    Prepare,
    /// Keys are wrapped anew.
    Rewrap,
    /// Every key is opened once, and backed up.
    Verify,
    /// The old key is destroyed.
    Destroy,
}

impl TurnStep {
    /// What is told of a step.
    pub const fn of(step: Step) -> Option<Self> {
        match step {
            Step::None => None,
            Step::Make | Step::HandOver | Step::Recover | Step::Fence => Some(Self::Prepare),
            Step::Organisations | Step::Rewrap => Some(Self::Rewrap),
            Step::Verify | Step::BackUp => Some(Self::Verify),
            Step::Destroy | Step::Tell => Some(Self::Destroy),
        }
    }
}

/// Puts the destruction of old keys off, or ends that.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// For how many days, at most 7; null ends it.
    #[schema(minimum = 1, maximum = 7, required)]
    // Null must be said: what is left out ends no freeze.
    #[serde(deserialize_with = "Option::deserialize")]
    pub days: Option<u32>,
    /// Why; it is recorded.
    pub reason: String,
}
