//! The officer may put the destruction of keys off for some days: what an intruder deleted on a weekend can still be restored.

use std::time::Duration;

use domain::audit::{Detail, Kind};
use domain::limits::FREEZE_LONGEST;
use domain::{Capability, Level, OrganisationId, Principal, Timestamp, text};
use store::audit::By;
use store::epoch::{Copy, Turn};
use store::job;

use super::standing;
use crate::{App, Error, Result};

/// A turn that was asked for is not asked for again before.
const AGAIN_AFTER: Duration = Duration::from_secs(600);

/// Characters of a reason.
pub(super) const REASON: usize = 200;

/// How epochs stand.
#[derive(Clone, Debug)]
pub struct EpochStatus {
    /// The number of the current one.
    pub current: i64,
    /// The last one up to which all keys are destroyed everywhere; 0 where there is none.
    pub settled: i64,
    /// The turn that is under way, or the last one.
    pub turn: Turn,
    /// Copies that are still to be destroyed.
    pub left: Vec<Copy>,
    /// When the next turn begins; nothing while one is under way, and before the first.
    pub next_at: Option<Timestamp>,
    /// Whether a turn or a copy's destruction takes longer than it should.
    pub is_late: bool,
}

impl App {
    /// How epochs stand.
    ///
    /// # Errors
    /// [`Error::Forbidden`], those of the store.
    pub async fn epoch_status(&self, principal: Principal) -> Result<EpochStatus> {
        principal.require(Capability::Privacy, Level::Read)?;
        self.status_of_epochs().await
    }

    /// The same for whoever runs the machine.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn status_of_epochs(&self) -> Result<EpochStatus> {
        let epochs = self.live_epochs().await?;
        let current = epochs.iter().find(|epoch| epoch.state == store::epoch::State::Current);
        let (turn, now) = (self.keys().turn().await?, self.now());
        Ok(EpochStatus {
            current: current.ok_or(Error::Internal)?.epoch,
            settled: self.keys().settled_epoch().await?,
            left: self.keys().copies_left().await?,
            next_at: standing::next_at(&turn, now),
            is_late: self.is_late(&turn).await?,
            turn,
        })
    }

    /// Whether a turn, or the destruction of a copy, takes longer than it should.
    pub(crate) async fn is_late(&self, turn: &Turn) -> Result<bool> {
        Ok(standing::is_late(turn, self.keys().oldest_copy_left().await?, self.now()))
    }

    /// Has the epoch turn at once; where it turns already, once more after that.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Conflict`] where one began or was asked for a moment ago, since each wraps all keys anew and
    /// puts them to every place, and where organisations share the installation; those of the store.
    pub async fn turn_epoch_now(&self, principal: Principal) -> Result<()> {
        principal.require(Capability::Privacy, Level::Write)?;
        if self.is_shared().await? {
            return Err(Error::Conflict(
                "organisations share this installation: only its command line turns the epoch",
            ));
        }
        let (turn, now) = (self.keys().turn().await?, self.now());
        let last = turn.asked_at.into_iter().chain((turn.to > 0).then_some(turn.begun_at)).max();
        if last.is_some_and(|last| last <= now && last.plus(AGAIN_AFTER) > now) {
            return Err(Error::Conflict("a turn began, or was asked for, less than ten minutes ago"));
        }
        self.ask_for_turn().await
    }

    /// The same for whoever runs the machine.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn ask_for_turn(&self) -> Result<()> {
        self.keys().ask_for_turn(self.now()).await?;
        let now = self.now();
        Ok(self.store.reschedule_job(OrganisationId(0), job::Kind::Turn, 0, now, now).await?)
    }

    /// Puts the destruction of keys off for `span`, or ends that.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Conflict`] where organisations share the installation, since none of them decides how
    /// long what the others deleted can be restored; [`Error::Invalid`] for more than seven days, or without a reason.
    pub async fn freeze_epochs(&self, principal: Principal, span: Option<Duration>, reason: &str) -> Result<()> {
        principal.require(Capability::Privacy, Level::Write)?;
        if self.is_shared().await? {
            return Err(Error::Conflict(
                "organisations share this installation: only its command line freezes the epoch",
            ));
        }
        self.freeze(span, reason, self.by(principal)).await
    }

    /// The same for whoever runs the machine.
    ///
    /// # Errors
    /// [`Error::Invalid`] for more than seven days, or without a reason.
    pub async fn freeze_epochs_here(&self, span: Option<Duration>, reason: &str) -> Result<()> {
        self.freeze(span, reason, self.by_command_line()).await
    }

    async fn freeze(&self, span: Option<Duration>, reason: &str, by: By) -> Result<()> {
        let reason = text::line(reason, REASON)
            .map_err(|error| Error::Invalid { field: "reason", detail: error.to_string() })?;
        let (turn, now) = (self.keys().turn().await?, self.now());
        let (from, until) = (turn.frozen_since(now), span.map(|span| now.plus(span)));
        if until.is_some_and(|until| until <= now || until > from.plus(FREEZE_LONGEST)) {
            let detail = "one day to seven days, which go on while one freeze follows another".to_owned();
            return Err(Error::Invalid { field: "days", detail });
        }
        // Before it takes effect: nobody freezes in silence.
        let details = vec![
            Detail::is("until", until.map_or_else(|| "thawed".to_owned(), |Timestamp(at)| at.to_string())),
            Detail::is("reason", reason),
        ];
        for organisation in self.store.organisations().await? {
            self.store.audited(by).note(organisation.id, Kind::EpochFrozen, None, details.clone()).await?;
        }
        self.keys().freeze_epochs(from, until.unwrap_or(now)).await?;
        if span.is_none() {
            self.store.reschedule_job(OrganisationId(0), job::Kind::Turn, 0, self.now(), self.now()).await?;
        }
        Ok(())
    }
}
