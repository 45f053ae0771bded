//! Conversations in which nobody writes: the house asks whether the visitor is still there, where the chat surface wants that,
//! and ends them. One job for both, from the beginning of a conversation to its end: it is put off to when there is next
//! something to do, and what it does is written in the transaction that puts it off or finishes it. It looks once a day, however
//! long that is: rules and settings may have changed.

use std::time::Duration;

use domain::conversation::{Author, Change, Event, Kind, State};
use domain::{ConversationId, OrganisationId, Timestamp};

use super::happen::{happen, write};
use super::{Conversation, Written, has_key, locked};
use crate::append::message;
use crate::engine::{Connection, Row, statements};
use crate::{Error, Result, Store, job};

/// However far off the end is, so often it is asked whether it is still that far.
const LOOK_AGAIN: Duration = Duration::from_secs(24 * 3600);

/// After how long without a word something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// The visitor, whose turn it is, is asked whether they are still there; never where there is none.
    pub ask: Option<Duration>,
    /// It ends.
    pub end: Duration,
    /// It is over, whatever else is done in it, so that it can be deleted in time; never where it is kept for ever.
    pub keep: Option<Duration>,
}

impl Quiet {
    /// Nobody is asked.
    pub const fn ends(end: Duration) -> Self {
        Self { ask: None, end, keep: None }
    }

    /// When the visitor is asked, if nobody writes before: once it is their turn, once for each time.
    pub fn asks_at(&self, state: State, was_asked: bool, last_at: Timestamp) -> Option<Timestamp> {
        self.ask.filter(|_| state == State::Pending && !was_asked).map(|ask| last_at.plus(ask))
    }
}

statements! {
    WHO_WROTE =
        "SELECT organisation_id, author, created_at FROM message WHERE conversation_id = $1 AND sequence = $2";
}

impl Store {
    /// Does what is due in a quiet conversation: asks with `question`, ends it, or puts the job off to when there is something
    /// to do. A question that was prepared for another moment of the conversation is not asked; the job comes again at once.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn end_if_idle(
        &self,
        claimed: job::Claimed,
        quiet: Quiet,
        question: Option<Written>,
        at: Timestamp,
    ) -> Result<Option<Change>> {
        let listener = self.listener.clone();
        self.data
            .write_then(
                move |connection| {
                    Box::pin(async move {
                        let id = ConversationId(claimed.subject);
                        let found = match locked(connection, claimed.organisation, id, None).await {
                            Err(Error::NotFound) => None,
                            found => Some(found?),
                        };
                        let Some(found) = found.filter(|found| found.progress.state != State::Ended) else {
                            job::finish(connection, &claimed).await?;
                            return Ok(None);
                        };
                        let (author, said_at) = last_word(connection, &found).await?;
                        let kept_until = quiet.keep.map(|keep| said_at.plus(keep));
                        // What is put off waits for somebody: its time begins when it is back, which may be sooner than it
                        // was put off to.
                        let ends_at = match found.progress.snoozed_until {
                            Some(_) => at.plus(quiet.end),
                            None => found.last_at.plus(quiet.end),
                        };
                        let ends_at = kept_until.map_or(ends_at, |until| until.min(ends_at));
                        let was_asked = author == Some(Author::System);
                        let asks_at = quiet
                            .asks_at(found.progress.state, was_asked, found.last_at)
                            .filter(|_| found.progress.snoozed_until.is_none());
                        let due = asks_at.map_or(ends_at, |asks_at| asks_at.min(ends_at));
                        if due > at {
                            job::postpone(connection, &claimed, due.min(at.plus(LOOK_AGAIN))).await?;
                            return Ok(None);
                        }
                        if asks_at.is_none_or(|asks_at| ends_at <= asks_at) {
                            let change =
                                happen(connection, found.progress, found, Author::System, &[Event::EndedIdle], at)
                                    .await?;
                            job::finish(connection, &claimed).await?;
                            return Ok(Some(change));
                        }
                        let expected = found.progress.last_sequence + 1;
                        let fits = |question: &Written| {
                            let identity = question.message.identity();
                            identity.author == Author::System && identity.counter == expected
                        };
                        let question = match question.filter(fits) {
                            Some(question) if has_key(connection, &found, question.key).await? => Some(question),
                            _ => None,
                        };
                        let Some(question) = question else {
                            job::postpone(connection, &claimed, at).await?;
                            return Ok(None);
                        };
                        let change = ask(connection, found, &question, at).await?;
                        job::postpone(connection, &claimed, at.plus(quiet.end)).await?;
                        Ok(Some(change))
                    })
                },
                move |change: &Option<Change>| change.iter().for_each(|change| listener.tell(change)),
            )
            .await
    }
}

/// Who wrote the last message, and when.
async fn last_word(connection: &mut Connection, found: &Conversation) -> Result<(Option<Author>, Timestamp)> {
    let values = [found.id.into(), found.progress.last_message.into()];
    let rows = connection.query_in(found.organisation.into(), &WHO_WROTE, &values).await?;
    let word = |row: &Row| Ok((Author::from_code(row.int(1)?), Timestamp(row.int(2)?)));
    rows.first().map_or(Ok((None, found.started_at)), word)
}

/// From now on somebody looks whether it has grown quiet.
pub(crate) async fn watch(
    connection: &mut Connection,
    organisation: OrganisationId,
    id: ConversationId,
    idle_at: Timestamp,
    at: Timestamp,
) -> Result<()> {
    let first = idle_at.min(at.plus(LOOK_AGAIN));
    job::enqueue(connection, organisation, job::Kind::EndIdle, id.0, first, at).await
}

async fn ask(connection: &mut Connection, found: Conversation, question: &Written, at: Timestamp) -> Result<Change> {
    let mut progress = found.progress;
    let numbers = progress.advance(Author::System, Kind::Message, at);
    let row = message(found.id, found.organisation, &question.message, numbers, at);
    write(connection, &found, progress, (&[row], &[]), at).await
}
