//! The rules of a conversation: how it counts, whose turn it is, who is on it. Pure, so that both databases and every
//! test follow the same ones; the store loads a [`Progress`], lets it [`advance`](Progress::advance) and writes it back.

use serde::{Deserialize, Serialize};

use crate::erasure::{Cause, Stub};
use crate::{ConversationId, GroupNumber, Guests, Hands, OperatorId, OrganisationId, PublicId, Timestamp, Topics};

/// Where a conversation stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The visitor wrote; no operator has answered yet.
    #[default]
    New,
    /// The team has to answer.
    Open,
    /// The visitor has to answer.
    Pending,
    /// Over; a new message takes it up again.
    Ended,
}

impl State {
    /// As stored.
    pub const fn code(self) -> i64 {
        match self {
            Self::New => 0,
            Self::Open => 1,
            Self::Pending => 2,
            Self::Ended => 3,
        }
    }

    /// From the stored number.
    pub const fn from_code(code: i64) -> Option<Self> {
        match code {
            0 => Some(Self::New),
            1 => Some(Self::Open),
            2 => Some(Self::Pending),
            3 => Some(Self::Ended),
            _ => None,
        }
    }
}

/// Who wrote an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Author {
    /// The house itself (a conversation that ended by itself).
    System,
    /// The visitor of the conversation.
    Visitor,
    /// An operator.
    Operator(OperatorId),
}

impl Author {
    /// As stored: −1, 0 or the operator's number.
    pub const fn code(self) -> i64 {
        match self {
            Self::System => -1,
            Self::Visitor => 0,
            Self::Operator(id) => id.0,
        }
    }

    /// From the stored number.
    pub const fn from_code(code: i64) -> Option<Self> {
        match code {
            -1 => Some(Self::System),
            0 => Some(Self::Visitor),
            id if id > 0 => Some(Self::Operator(OperatorId(id))),
            _ => None,
        }
    }
}

/// What kind of entry stands in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Said by one side to the other.
    Message,
    /// Written by an operator for operators.
    Note,
    /// Something that happened.
    Event(Event),
}

/// Something that happened in a conversation. Holds ids only, so it is stored in plain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Given to an operator, or to nobody.
    Assigned(Option<OperatorId>),
    /// Ended by an operator.
    Ended,
    /// Ended because nobody wrote for long.
    EndedIdle,
    /// Taken up again by an operator without a message.
    Reopened,
    /// Handed to a group, or to everybody: whoever was on it no longer is.
    Grouped(Option<GroupNumber>),
    /// It is about these as well now.
    TopicsAdded(Topics),
    /// It is about these no more.
    TopicsRemoved(Topics),
    /// Put off until then, or taken up again before its time.
    Snoozed(Option<Timestamp>),
    /// Its time has come: it is back.
    Returned,
    /// The text of an entry was replaced by its author before the visitor had seen it.
    Edited(Of),
    /// An entry was taken back by its author before the visitor had seen it.
    Recalled(Of),
    /// An entry is being deleted: its text is not there any more.
    Erased(Of),
    /// A colleague was asked in.
    Invited(OperatorId),
    /// A colleague who had been asked in is no longer.
    Left(OperatorId),
}

impl Event {
    /// Whether the visitor may see it: who is there for them, that it is over, and what is said otherwise now. How a team
    /// sorts its work is its own.
    pub const fn is_visible(self) -> bool {
        match self {
            Self::Assigned(_) | Self::Ended | Self::EndedIdle | Self::Reopened => true,
            Self::Edited(of) | Self::Recalled(of) | Self::Erased(of) => !of.note,
            Self::Grouped(_)
            | Self::TopicsAdded(_)
            | Self::TopicsRemoved(_)
            | Self::Snoozed(_)
            | Self::Returned
            | Self::Invited(_)
            | Self::Left(_) => false,
        }
    }
}

/// Why an operator is called to a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Call {
    /// It was given to them.
    Handed,
    /// A note names them.
    Mentioned,
    /// They were asked into it.
    Invited,
}

/// The entry that an event speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Of {
    /// Its sequence.
    pub sequence: i64,
    /// Whether it is a note: what happens to one is as invisible as the note itself.
    pub note: bool,
}

impl Kind {
    /// As stored: the kind's number, and the operator or group an event speaks of.
    pub fn code(self) -> (i64, Option<i64>) {
        match self {
            Self::Message => (0, None),
            Self::Note => (1, None),
            Self::Event(Event::Assigned(to)) => (2, to.map(|operator| operator.0)),
            Self::Event(Event::Ended) => (3, None),
            Self::Event(Event::EndedIdle) => (4, None),
            Self::Event(Event::Reopened) => (5, None),
            Self::Event(Event::Grouped(to)) => (6, to.map(GroupNumber::number)),
            Self::Event(Event::Edited(of)) => (if of.note { 14 } else { 7 }, Some(of.sequence)),
            Self::Event(Event::Recalled(of)) => (if of.note { 15 } else { 8 }, Some(of.sequence)),
            Self::Event(Event::Erased(of)) => (if of.note { 19 } else { 18 }, Some(of.sequence)),
            Self::Event(Event::TopicsAdded(topics)) => (10, Some(topics.bits())),
            Self::Event(Event::TopicsRemoved(topics)) => (11, Some(topics.bits())),
            Self::Event(Event::Snoozed(until)) => (12, until.map(|until| until.0)),
            Self::Event(Event::Returned) => (13, None),
            Self::Event(Event::Invited(guest)) => (16, Some(guest.0)),
            Self::Event(Event::Left(guest)) => (17, Some(guest.0)),
        }
    }

    /// From the stored numbers.
    pub fn from_code(code: i64, subject: Option<i64>) -> Option<Self> {
        match code {
            0 => Some(Self::Message),
            1 => Some(Self::Note),
            2 => Some(Self::Event(Event::Assigned(subject.map(OperatorId)))),
            3 => Some(Self::Event(Event::Ended)),
            4 => Some(Self::Event(Event::EndedIdle)),
            5 => Some(Self::Event(Event::Reopened)),
            6 => Some(Self::Event(Event::Grouped(subject.and_then(GroupNumber::new)))),
            7 | 14 => Some(Self::Event(Event::Edited(Of { sequence: subject?, note: code == 14 }))),
            8 | 15 => Some(Self::Event(Event::Recalled(Of { sequence: subject?, note: code == 15 }))),
            18 | 19 => Some(Self::Event(Event::Erased(Of { sequence: subject?, note: code == 19 }))),
            10 => Some(Self::Event(Event::TopicsAdded(Topics::from_bits(subject?)))),
            11 => Some(Self::Event(Event::TopicsRemoved(Topics::from_bits(subject?)))),
            12 => Some(Self::Event(Event::Snoozed(subject.map(Timestamp)))),
            13 => Some(Self::Event(Event::Returned)),
            16 => Some(Self::Event(Event::Invited(OperatorId(subject?)))),
            17 => Some(Self::Event(Event::Left(OperatorId(subject?)))),
            _ => None,
        }
    }

    /// Whether the visitor may see it.
    pub const fn is_visible(self) -> bool {
        match self {
            Self::Message => true,
            Self::Note => false,
            Self::Event(event) => event.is_visible(),
        }
    }
}

/// The numbers an entry gets. Operators count everything; visitors count what they may see, so that a note leaves no
/// gap behind by which a visitor could tell that one was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// Gapless over all entries, from 1.
    pub sequence: i64,
    /// Gapless over visible entries, from 1; a note repeats the number before it.
    pub visible: i64,
}

/// How far a conversation has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Where it stands.
    pub state: State,
    /// Who is on it.
    pub assignee: Option<OperatorId>,
    /// Which group it is for; everybody's where there is none.
    pub group: Option<GroupNumber>,
    /// Who was asked in besides.
    pub guests: Guests,
    /// What it is about.
    pub topics: Topics,
    /// Until when it is put off.
    pub snoozed_until: Option<Timestamp>,
    /// Since when it is back after it was put off, as long as nobody has done anything since.
    pub returned_at: Option<Timestamp>,
    /// Number of the last entry.
    pub last_sequence: i64,
    /// Number of the last visible entry.
    pub last_visible: i64,
    /// Sequence of the last message (no note, no event): what a list previews.
    pub last_message: i64,
    /// Messages of the visitor that the team has not seen.
    pub unread: i64,
    /// Since when the visitor waits for an answer.
    pub waiting_since: Option<Timestamp>,
}

impl Progress {
    /// Whose it is: what a right's reach is judged by.
    pub const fn hands(&self) -> Hands {
        Hands { assignee: self.assignee, group: self.group, guests: self.guests }
    }

    /// Whether nothing but its numbers differs from how it was: most messages leave the rest alone.
    pub fn stays_as_filed(&self, from: &Self) -> bool {
        self.state == from.state
            && self.hands() == from.hands()
            && self.topics == from.topics
            && self.snoozed_until == from.snoozed_until
            && self.returned_at == from.returned_at
    }

    /// Counts one more entry and says which numbers it gets.
    pub fn advance(&mut self, author: Author, kind: Kind, at: Timestamp) -> Numbers {
        self.last_sequence += 1;
        if kind.is_visible() {
            self.last_visible += 1;
        }
        self.returned_at = None;
        match (kind, author) {
            (Kind::Message, Author::Operator(_) | Author::System) => {
                self.last_message = self.last_sequence;
                self.state = State::Pending;
                self.waiting_since = None;
            }
            (Kind::Message, Author::Visitor) => {
                self.last_message = self.last_sequence;
                self.unread += 1;
                self.waiting_since.get_or_insert(at);
                self.snoozed_until = None;
                if self.state != State::New {
                    self.state = State::Open;
                }
            }
            (Kind::Note, _) => {}
            // A guest who takes it stays one, and reads on when it is somebody else's again.
            (Kind::Event(Event::Assigned(to)), _) => self.assignee = to,
            (Kind::Event(Event::Invited(guest)), _) => self.guests = self.guests.with(guest),
            (Kind::Event(Event::Left(guest)), _) => self.guests = self.guests.without(guest),
            (Kind::Event(Event::Ended | Event::EndedIdle), _) => {
                self.state = State::Ended;
                self.waiting_since = None;
                self.snoozed_until = None;
            }
            (Kind::Event(Event::Reopened), _) => self.state = State::Open,
            (Kind::Event(Event::Grouped(to)), _) => {
                self.group = to;
                self.assignee = None;
            }
            (Kind::Event(Event::TopicsAdded(topics)), _) => self.topics = self.topics.and(topics),
            (Kind::Event(Event::TopicsRemoved(topics)), _) => self.topics = self.topics.without(topics),
            (Kind::Event(Event::Snoozed(until)), _) => self.snoozed_until = until,
            (Kind::Event(Event::Returned), _) => {
                self.snoozed_until = None;
                self.returned_at = Some(at);
            }
            // What a recalled message leaves behind, only the store can count: see `misses`.
            (Kind::Event(Event::Edited(_) | Event::Recalled(_) | Event::Erased(_)), _) => {}
        }
        Numbers { sequence: self.last_sequence, visible: self.last_visible }
    }

    /// A message was taken back or deleted, or is back: the list previews the last one that is left, and where it was the answer, the visitor waits
    /// for one again.
    pub fn misses(&mut self, last_message: i64, waiting_since: Option<Timestamp>) {
        self.last_message = last_message;
        if self.state != State::Ended {
            self.waiting_since = waiting_since;
            if waiting_since.is_some() && self.state == State::Pending {
                self.state = State::Open;
            }
        }
    }

    /// Whether an operator who writes takes the conversation: someone has to be on it, so that the visitor and the
    /// colleagues know who.
    pub const fn is_taken_by_writing(&self, author: Author, kind: Kind) -> bool {
        matches!((author, kind), (Author::Operator(_), Kind::Message)) && self.assignee.is_none()
    }
}

/// What others are told when a conversation changed: ids and small flags, never content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The tenant.
    pub organisation: OrganisationId,
    /// Which conversation.
    pub conversation: ConversationId,
    /// How far it has come.
    pub progress: Progress,
    /// Whose it was before.
    pub previous: Hands,
    /// Whether it has just begun.
    pub began: bool,
    /// When it happened.
    pub at: Timestamp,
    /// The change's place in the order of changes.
    pub position: i64,
    /// Set where it is not there any more: of its progress only whose it was is told.
    pub gone: Option<Gone>,
}

/// A conversation that is deleted, or about to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Its name outside, by which those who have it at hand know it.
    pub name: PublicId,
    /// What stands in its place.
    pub stub: Stub,
    /// Who or what caused it.
    pub cause: Cause,
}

/// What the sender's counter says about a message (law L1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// The next one.
    Next,
    /// Stored before; the sender did not hear of it.
    Retry,
    /// One before it is missing.
    Gap {
        /// The counter that must come first.
        expected: i64,
    },
}

/// Judges a counter against the last one stored from the same sender (0 where there is none).
pub const fn count(last: i64, counter: i64) -> Counted {
    if counter == last + 1 {
        Counted::Next
    } else if counter <= last {
        Counted::Retry
    } else {
        Counted::Gap { expected: last + 1 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BEN: Author = Author::Operator(OperatorId(3));

    #[test]
    fn a_visitor_waits_from_the_first_unanswered_message() {
        let mut progress = Progress::default();
        progress.advance(Author::Visitor, Kind::Message, Timestamp(10));
        progress.advance(Author::Visitor, Kind::Message, Timestamp(20));
        assert_eq!((progress.state, progress.waiting_since, progress.unread), (State::New, Some(Timestamp(10)), 2));
        progress.advance(BEN, Kind::Message, Timestamp(30));
        assert_eq!((progress.state, progress.waiting_since), (State::Pending, None));
        progress.advance(Author::Visitor, Kind::Message, Timestamp(40));
        assert_eq!((progress.state, progress.waiting_since), (State::Open, Some(Timestamp(40))));
    }

    #[test]
    fn a_note_leaves_no_gap_that_a_visitor_could_see() {
        let mut progress = Progress::default();
        progress.advance(Author::Visitor, Kind::Message, Timestamp(1));
        let note = progress.advance(BEN, Kind::Note, Timestamp(2));
        let reply = progress.advance(BEN, Kind::Message, Timestamp(3));
        assert_eq!(note, Numbers { sequence: 2, visible: 1 });
        assert_eq!(reply, Numbers { sequence: 3, visible: 2 });
        assert_eq!(progress.last_message, 3);
    }

    #[test]
    fn what_it_is_about_is_told_to_operators_alone() {
        let topics = |bits| Topics::from_bits(bits);
        let mut progress = Progress::default();
        progress.advance(Author::Visitor, Kind::Message, Timestamp(1));
        for (event, left) in [
            (Event::TopicsAdded(topics(0b11)), 0b11),
            (Event::TopicsAdded(topics(0b110)), 0b111),
            (Event::TopicsRemoved(topics(0b1010)), 0b101),
        ] {
            let kind = Kind::Event(event);
            assert_eq!(progress.advance(BEN, kind, Timestamp(2)).visible, 1, "no number that a visitor could miss");
            assert_eq!(progress.topics, topics(left));
            let (code, subject) = kind.code();
            assert_eq!(Kind::from_code(code, subject), Some(kind));
        }
        assert_eq!((progress.state, progress.unread, progress.last_message), (State::New, 1, 1));
        assert_eq!(Kind::from_code(10, None), None);
    }

    #[test]
    fn who_is_asked_in_is_told_to_operators_alone() {
        const CEM: OperatorId = OperatorId(4);
        let mut progress = Progress::default();
        progress.advance(Author::Visitor, Kind::Message, Timestamp(1));
        let before = progress;
        for (event, guests) in [
            (Event::Invited(CEM), vec![CEM]),
            (Event::Invited(OperatorId(5)), vec![CEM, OperatorId(5)]),
            (Event::Left(OperatorId(5)), vec![CEM]),
            (Event::Grouped(None), vec![CEM]),
            (Event::Ended, vec![CEM]),
            (Event::Assigned(None), vec![CEM]),
            (Event::Assigned(Some(CEM)), vec![CEM]),
            (Event::Left(CEM), vec![]),
        ] {
            let kind = Kind::Event(event);
            let was = progress.last_visible;
            let numbers = progress.advance(BEN, kind, Timestamp(2));
            assert_eq!(numbers.visible > was, event.is_visible());
            assert_eq!(progress.guests.iter().collect::<Vec<_>>(), guests, "{event:?}");
            let (code, subject) = kind.code();
            assert_eq!(Kind::from_code(code, subject), Some(kind));
        }
        assert!(!Event::Invited(CEM).is_visible() && !Event::Left(CEM).is_visible());
        let mut asked = before;
        asked.advance(BEN, Kind::Event(Event::Invited(CEM)), Timestamp(2));
        assert!(!asked.stays_as_filed(&before) && asked.hands() != before.hands());
        assert_eq!((asked.state, asked.unread, asked.waiting_since), (before.state, 1, Some(Timestamp(1))));
        assert_eq!(Kind::from_code(16, None), None);
    }

    #[test]
    fn what_is_put_off_comes_back_at_its_time_or_when_the_visitor_writes() {
        let snoozed = Kind::Event(Event::Snoozed(Some(Timestamp(90))));
        let mut progress = Progress::default();
        progress.advance(Author::Visitor, Kind::Message, Timestamp(1));
        for (kind, author, back) in [
            (Kind::Note, BEN, false),
            (Kind::Message, BEN, false),
            (Kind::Event(Event::Assigned(Some(OperatorId(3)))), BEN, false),
            (Kind::Message, Author::Visitor, true),
            (Kind::Event(Event::Ended), BEN, true),
            (Kind::Event(Event::Snoozed(None)), BEN, true),
            (Kind::Event(Event::Returned), Author::System, true),
        ] {
            let before = progress.advance(BEN, snoozed, Timestamp(2));
            assert_eq!(progress.snoozed_until, Some(Timestamp(90)));
            let after = progress.advance(author, kind, Timestamp(3));
            assert_eq!(progress.snoozed_until.is_none(), back, "{kind:?}");
            assert_eq!(progress.returned_at.is_some(), kind == Kind::Event(Event::Returned));
            assert_eq!(after.visible - before.visible, i64::from(kind.is_visible()));
        }
        progress.advance(BEN, Kind::Note, Timestamp(4));
        assert_eq!(progress.returned_at, None, "somebody has seen to it");
        for kind in [snoozed, Kind::Event(Event::Snoozed(None)), Kind::Event(Event::Returned)] {
            let (code, subject) = kind.code();
            assert_eq!(Kind::from_code(code, subject), Some(kind));
            assert!(!kind.is_visible());
        }
    }

    #[test]
    fn a_message_takes_an_ended_conversation_up_again() {
        let mut progress = Progress::default();
        progress.advance(Author::Visitor, Kind::Message, Timestamp(1));
        progress.advance(BEN, Kind::Event(Event::Ended), Timestamp(2));
        assert_eq!(progress.state, State::Ended);
        progress.advance(Author::Visitor, Kind::Message, Timestamp(3));
        assert_eq!(progress.state, State::Open);
    }

    #[test]
    fn what_happens_to_a_note_is_as_invisible_as_the_note() {
        for (note, visible) in [(true, 1), (false, 2)] {
            let of = Of { sequence: 2, note };
            for event in [Event::Edited(of), Event::Recalled(of)] {
                let mut progress = Progress { last_sequence: 2, last_visible: 1, ..Progress::default() };
                let kind = Kind::Event(event);
                assert_eq!(progress.advance(BEN, kind, Timestamp(3)), Numbers { sequence: 3, visible });
                let (code, subject) = kind.code();
                assert_eq!(Kind::from_code(code, subject), Some(kind));
            }
        }
    }

    #[test]
    fn a_visitor_whose_answer_was_taken_back_waits_since_they_wrote() {
        let mut progress = Progress::default();
        progress.advance(Author::Visitor, Kind::Message, Timestamp(10));
        progress.advance(BEN, Kind::Message, Timestamp(20));
        progress.advance(BEN, Kind::Event(Event::Recalled(Of { sequence: 2, note: false })), Timestamp(30));
        assert_eq!(progress.waiting_since, None);
        progress.misses(1, Some(Timestamp(10)));
        assert_eq!((progress.state, progress.waiting_since), (State::Open, Some(Timestamp(10))));
        assert_eq!(progress.last_message, 1);
        progress.advance(BEN, Kind::Event(Event::Ended), Timestamp(40));
        progress.misses(1, Some(Timestamp(10)));
        assert_eq!((progress.state, progress.waiting_since), (State::Ended, None), "nobody waits in what is over");
    }

    #[test]
    fn counters_tell_a_retry_from_a_gap() {
        assert_eq!(count(0, 1), Counted::Next);
        assert_eq!(count(4, 4), Counted::Retry);
        assert_eq!(count(4, 7), Counted::Gap { expected: 5 });
        assert_eq!(count(4, -1), Counted::Retry);
    }

    proptest! {
        #[test]
        fn numbers_are_gapless_whatever_happens(kinds in proptest::collection::vec(0_u8..5, 0..60)) {
            let mut progress = Progress::default();
            let mut visible = 0;
            for (index, kind) in kinds.iter().enumerate() {
                let (author, kind) = match kind {
                    0 => (Author::Visitor, Kind::Message),
                    1 => (BEN, Kind::Message),
                    2 => (BEN, Kind::Note),
                    3 => (BEN, Kind::Event(Event::Assigned(None))),
                    _ => (Author::System, Kind::Event(Event::EndedIdle)),
                };
                let numbers = progress.advance(author, kind, Timestamp(index as i64));
                prop_assert_eq!(numbers.sequence, index as i64 + 1);
                if kind.is_visible() { visible += 1; }
                prop_assert_eq!(numbers.visible, visible);
            }
        }
    }
}
