//! What happens to a conversation besides messages: it is given to somebody, ended, taken up again.

use domain::conversation::{Author, Change, Event, Kind, Progress, State};
use domain::limits::TOPICS_EACH;
use domain::{Access, ConversationId, GroupNumber, Hands, OperatorId, OrganisationId, Timestamp, Topics};

use super::head::{Moved, write_heads};
use super::{Conversation, locked};
use crate::append::{INSERT_MESSAGES, event};
use crate::engine::{Connection, Value, statements};
use crate::{Error, Result, Store, group, job, topic};

statements! {
    WORKS_HERE =
        "SELECT organisation_id FROM operator
        WHERE organisation_id = $1 AND operator_id = $2 AND deactivated_at IS NULL";
}

/// Puts events into a conversation and writes its new state.
pub(super) async fn happen(
    connection: &mut Connection,
    found: Conversation,
    author: Author,
    what: &[Event],
    at: Timestamp,
) -> Result<Change> {
    let mut progress = found.progress;
    let mut entries = Vec::with_capacity(what.len());
    for event_of in what {
        let kind = Kind::Event(*event_of);
        let numbers = progress.advance(author, kind, at);
        entries.push(event(found.id, found.organisation, author, kind, numbers, at));
    }
    write(connection, &found, progress, &entries, at).await
}

/// Writes how far a conversation has come, with its new entries.
pub(super) async fn write(
    connection: &mut Connection,
    found: &Conversation,
    progress: Progress,
    entries: &[Vec<Value>],
    at: Timestamp,
) -> Result<Change> {
    let change = Change {
        organisation: found.organisation,
        conversation: found.id,
        progress,
        previous: found.progress.hands(),
        began: false,
        at,
        position: 0,
    };
    let moved = vec![Moved { change, from: found.progress }];
    let changes = write_heads(connection, moved, Vec::new(), &[(&INSERT_MESSAGES, entries)]).await?;
    changes.into_iter().next().ok_or_else(|| Error::Broken("a change was not written".to_owned()))
}

impl Store {
    /// Gives a conversation to an operator, or to nobody; nothing happens where it is so already.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for an operator of another organisation, and [`Error::OutOfReach`] where `by` may not
    /// touch it.
    pub async fn assign(
        &self,
        organisation: OrganisationId,
        id: ConversationId,
        by: (OperatorId, Access),
        to: Option<OperatorId>,
        at: Timestamp,
    ) -> Result<Option<Change>> {
        let listener = self.listener.clone();
        self.data
            .write_then(
                move |connection| {
                    Box::pin(async move {
                        let found = locked(connection, organisation, id, Some(by)).await?;
                        if found.progress.assignee == to {
                            return Ok(None);
                        }
                        if let Some(to) = to {
                            let values = [organisation.into(), to.into()];
                            if connection.query_in(organisation.into(), &WORKS_HERE, &values).await?.is_empty() {
                                return Err(Error::NotFound);
                            }
                        }
                        happen(connection, found, Author::Operator(by.0), &[Event::Assigned(to)], at).await.map(Some)
                    })
                },
                move |change: &Option<Change>| change.iter().for_each(|change| listener.tell(change)),
            )
            .await
    }

    /// Hands a conversation to a group, or to everybody; whoever was on it no longer is. Nothing happens where it is so
    /// already.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for a group that is not there, and [`Error::OutOfReach`] where `by` may not touch it.
    pub async fn hand_to_group(
        &self,
        organisation: OrganisationId,
        id: ConversationId,
        by: (OperatorId, Access),
        to: Option<GroupNumber>,
        at: Timestamp,
    ) -> Result<Option<Change>> {
        let listener = self.listener.clone();
        self.data
            .write_then(
                move |connection| {
                    Box::pin(async move {
                        let found = locked(connection, organisation, id, Some(by)).await?;
                        if found.progress.hands() == (Hands { assignee: None, group: to }) {
                            return Ok(None);
                        }
                        if let Some(to) = to {
                            group::must_be_there(connection, organisation, to).await?;
                        }
                        // The visitor is told that nobody is on it, and not which groups there are.
                        let leaves = found.progress.assignee.is_some().then_some(Event::Assigned(None));
                        let what: Vec<Event> = leaves.into_iter().chain([Event::Grouped(to)]).collect();
                        happen(connection, found, Author::Operator(by.0), &what, at).await.map(Some)
                    })
                },
                move |change: &Option<Change>| change.iter().for_each(|change| listener.tell(change)),
            )
            .await
    }

    /// Says what a conversation is about besides, and what no more; nothing happens where it is so already.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for a topic that is not there or archived, [`Error::OutOfReach`] where `by` may not touch
    /// it, [`Error::Conflict`] where it would be about too much.
    pub async fn set_topics(
        &self,
        organisation: OrganisationId,
        id: ConversationId,
        by: (OperatorId, Access),
        (add, remove): (Topics, Topics),
        at: Timestamp,
    ) -> Result<Option<Change>> {
        let listener = self.listener.clone();
        self.data
            .write_then(
                move |connection| {
                    Box::pin(async move {
                        let found = locked(connection, organisation, id, Some(by)).await?;
                        let about = found.progress.topics;
                        let added = add.without(about);
                        let removed = about.without(about.without(remove));
                        if !added.is_empty() {
                            if about.without(removed).and(added).count() > TOPICS_EACH {
                                return Err(Error::Conflict("a conversation has as many topics as it can have"));
                            }
                            topic::must_be_offered(connection, organisation, added).await?;
                        }
                        let events = [(removed, Event::TopicsRemoved(removed)), (added, Event::TopicsAdded(added))];
                        let what: Vec<Event> = events
                            .into_iter()
                            .filter(|(topics, _)| !topics.is_empty())
                            .map(|(_, event)| event)
                            .collect();
                        if what.is_empty() {
                            return Ok(None);
                        }
                        happen(connection, found, Author::Operator(by.0), &what, at).await.map(Some)
                    })
                },
                move |change: &Option<Change>| change.iter().for_each(|change| listener.tell(change)),
            )
            .await
    }

    /// Ends a conversation or takes it up again; nothing happens where it is so already.
    ///
    /// # Errors
    /// [`Error::NotFound`], and [`Error::OutOfReach`] where `by` may not touch it.
    pub async fn set_ended(
        &self,
        organisation: OrganisationId,
        id: ConversationId,
        by: (OperatorId, Access),
        ended: bool,
        at: Timestamp,
        idle_at: Timestamp,
    ) -> Result<Option<Change>> {
        let listener = self.listener.clone();
        self.data
            .write_then(
                move |connection| {
                    Box::pin(async move {
                        let found = locked(connection, organisation, id, Some(by)).await?;
                        if (found.progress.state == State::Ended) == ended {
                            return Ok(None);
                        }
                        let what = if ended { Event::Ended } else { Event::Reopened };
                        if !ended {
                            job::enqueue(connection, organisation, job::Kind::EndIdle, id.0, idle_at, at).await?;
                        }
                        happen(connection, found, Author::Operator(by.0), &[what], at).await.map(Some)
                    })
                },
                move |change: &Option<Change>| change.iter().for_each(|change| listener.tell(change)),
            )
            .await
    }
}
