//! How the turn of the epoch stands, as people see it: when the next one is due, what takes too long, and why nothing is
//! destroyed for the time being.

use std::sync::Arc;
use std::time::Duration;

use domain::audit::{Actor, Kind};
use domain::limits::TURN_EVERY;
use domain::{Capability, Level, Principal, Timestamp};
use store::audit::Filter;
use store::epoch::{Step, Turn};

use crate::team::Person;
use crate::{App, Error, Result};

/// No turn has begun for so long.
const BEGUN_LATE: Duration = Duration::from_secs(26 * 3600);
/// A turn is under way for so long: another one should have begun by now.
const UNDER_WAY_LATE: Duration = TURN_EVERY;
/// Somebody holds an old key for so long.
const HELD_LATE: Duration = Duration::from_secs(24 * 3600);

/// No key is destroyed for some days.
#[derive(Clone, Debug)]
pub struct Freeze {
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Who said so last, where they are known; nobody where it was the command line.
    pub by: Option<Arc<Person>>,
    /// Why.
    pub reason: String,
}

/// When the next turn begins; nothing while one is under way, and before the first.
pub(super) fn next_at(turn: &Turn, now: Timestamp) -> Option<Timestamp> {
    if turn.step != Step::None || turn.to == 0 {
        return None;
    }
    let is_asked = turn.asked_at.is_some_and(|asked| asked > turn.begun_at);
    let due = if is_asked { now } else { turn.begun_at.plus(TURN_EVERY) };
    Some(due.max(thawed(turn)).max(now))
}

/// Whether something takes longer than it should. What somebody put off is not late; neither is it in the moment it goes on.
pub(super) fn is_late(turn: &Turn, oldest_left: Option<Timestamp>, now: Timestamp) -> bool {
    let since = turn.begun_at.max(thawed(turn));
    let within = if turn.step == Step::None { BEGUN_LATE } else { UNDER_WAY_LATE };
    let turns_late = turn.to > 0 && now > since.plus(within);
    turns_late || oldest_left.is_some_and(|at| now > at.max(thawed(turn)).plus(HELD_LATE))
}

fn thawed(turn: &Turn) -> Timestamp {
    turn.frozen.map_or(Timestamp(i64::MIN), |(_, until)| until)
}

impl App {
    /// That no key is destroyed now, by whom and why; nothing where it is.
    ///
    /// # Errors
    /// [`Error::Forbidden`], those of the store.
    pub async fn freeze_in_force(&self, principal: Principal) -> Result<Option<Freeze>> {
        principal.require(Capability::Privacy, Level::Read)?;
        let turn = self.keys().turn().await?;
        let Some((since, until)) = turn.frozen.filter(|(_, until)| self.now() < *until) else { return Ok(None) };
        // It took effect only after it stood there.
        let filter = Filter { kinds: vec![Kind::EpochFrozen], ..Filter::default() };
        let said = self.store.audit_before(principal.organisation, i64::MAX, filter, 1).await?.into_iter().next();
        let details = said.as_ref().map(|entry| entry.content.details()).unwrap_or_default();
        let reason = details.into_iter().find(|detail| detail.what == "reason").and_then(|detail| detail.after);
        let by = match said.and_then(|entry| entry.content.actor()).and_then(Actor::operator) {
            None => None,
            Some(operator) => match self.person(principal.organisation, operator).await {
                Ok(person) => Some(person),
                Err(Error::NotFound) => None,
                Err(error) => return Err(error),
            },
        };
        Ok(Some(Freeze { since, until, by, reason: reason.unwrap_or_default() }))
    }

    /// Whether an organisation may freeze: none of several decides how long what the others deleted can be restored.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn may_freeze(&self) -> Result<bool> {
        Ok(!self.is_shared().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGUN: Timestamp = Timestamp(1_800_000_000_000_000);

    fn turn(step: Step) -> Turn {
        Turn {
            step,
            from: 3,
            to: 4,
            begun_at: BEGUN,
            step_at: BEGUN,
            organisations: 0,
            rewrapped: 0,
            frozen: None,
            asked_at: None,
        }
    }

    fn hours(hours: u64) -> Timestamp {
        BEGUN.plus(Duration::from_secs(hours * 3600))
    }

    #[test]
    fn the_next_turn_is_due_twelve_hours_after_the_last_began_and_not_while_it_is_put_off() {
        let ended = turn(Step::None);
        assert_eq!(next_at(&ended, hours(1)), Some(hours(12)));
        assert_eq!(next_at(&ended, hours(13)), Some(hours(13)), "it is due now");
        assert_eq!(next_at(&turn(Step::Rewrap), hours(1)), None);
        assert_eq!(next_at(&Turn { to: 0, ..turn(Step::None) }, hours(1)), None, "there was none yet");
        let asked = Turn { asked_at: Some(hours(1)), ..turn(Step::None) };
        assert_eq!(next_at(&asked, hours(2)), Some(hours(2)));
        let frozen = Turn { frozen: Some((hours(1), hours(49))), ..turn(Step::None) };
        assert_eq!(next_at(&frozen, hours(2)), Some(hours(49)));
    }

    #[test]
    fn what_does_not_turn_and_what_is_not_destroyed_is_late_and_what_is_put_off_is_not() {
        let ended = turn(Step::None);
        assert!(!is_late(&ended, None, hours(26)) && is_late(&ended, None, hours(27)));
        let stuck = turn(Step::BackUp);
        assert!(!is_late(&stuck, None, hours(12)) && is_late(&stuck, None, hours(13)));
        assert!(!is_late(&Turn { to: 0, ..ended.clone() }, None, hours(1_000)), "there was none yet");
        assert!(!is_late(&ended, Some(BEGUN), hours(24)) && is_late(&ended, Some(BEGUN), hours(25)));
        let frozen = Turn { frozen: Some((hours(1), hours(100))), ..turn(Step::Destroy) };
        for at in [30, 99, 101] {
            assert!(!is_late(&frozen, Some(BEGUN), hours(at)), "{at}");
        }
        assert!(is_late(&frozen, None, hours(113)), "but then it is");
    }
}
