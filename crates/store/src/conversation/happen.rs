//! What happens to a conversation besides messages: it is given to somebody, ended, taken up again.

use domain::audit::{Detail, Kind as Did};
use domain::conversation::{Author, Change, Event, Kind, Progress, State};
use domain::limits::TOPICS_EACH;
use domain::{Access, ConversationId, GroupNumber, Hands, OperatorId, OrganisationId, Timestamp, Topics};
use privacy::message::Identity;

use super::head::{Moved, write_heads};
use super::quiet::watch;
use super::{Conversation, Written, has_key, locked};
use crate::append::{COUNT_SENDERS, INSERT_MESSAGES, event, message};
use crate::audit::{Audited, Fact};
use crate::engine::{Connection, Value, statements};
use crate::{Error, Result, group, mention, topic};

statements! {
    WORKS_HERE =
        "SELECT organisation_id FROM operator
        WHERE organisation_id = $1 AND operator_id = $2 AND deactivated_at IS NULL";
    HAS_SENT =
        "SELECT organisation_id FROM sender WHERE conversation_id = $1 AND author = $2 AND sender = $3";
}

/// A note that goes with what happens, before it.
async fn note(
    connection: &mut Connection,
    found: &Conversation,
    progress: &mut Progress,
    note: &Written,
    at: Timestamp,
) -> Result<Option<(Vec<Value>, Vec<Value>)>> {
    let Identity { author, sender, counter, .. } = *note.message.identity();
    let values = [found.id.into(), author.code().into(), sender.into()];
    if !connection.query_in(found.organisation.into(), &HAS_SENT, &values).await?.is_empty() {
        return Ok(None);
    }
    if !has_key(connection, found, note.key).await? {
        return Err(Error::Rekeyed);
    }
    let numbers = progress.advance(author, Kind::Note, at);
    let row = message(found.id, found.organisation, &note.message, numbers, at);
    let counted = vec![found.id.into(), author.code().into(), sender.into(), found.organisation.into(), counter.into()];
    Ok(Some((row, counted)))
}

/// Puts events into a conversation that stands at `progress` by now, and writes its new state.
pub(crate) async fn happen(
    connection: &mut Connection,
    progress: Progress,
    found: Conversation,
    author: Author,
    what: &[Event],
    at: Timestamp,
) -> Result<Change> {
    happen_after(connection, progress, found, author, None, what, at).await
}

/// The same behind a note's row and its sender's count, which `progress` counts already.
async fn happen_after(
    connection: &mut Connection,
    mut progress: Progress,
    found: Conversation,
    author: Author,
    note: Option<(Vec<Value>, Vec<Value>)>,
    what: &[Event],
    at: Timestamp,
) -> Result<Change> {
    let (mut entries, counted): (Vec<_>, Vec<_>) = note.into_iter().unzip();
    for event_of in what {
        let kind = Kind::Event(*event_of);
        let numbers = progress.advance(author, kind, at);
        entries.push(event(found.id, found.organisation, author, kind, numbers, at));
    }
    write(connection, &found, progress, (&entries, &counted), at).await
}

/// Writes how far a conversation has come, with its new entries and what their senders have counted.
pub(super) async fn write(
    connection: &mut Connection,
    found: &Conversation,
    progress: Progress,
    (entries, counted): (&[Vec<Value>], &[Vec<Value>]),
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
        gone: None,
    };
    let moved = vec![Moved { change, from: found.progress }];
    let beside = [(&INSERT_MESSAGES, entries), (&COUNT_SENDERS, counted)];
    let changes = write_heads(connection, moved, Vec::new(), &beside).await?;
    changes.into_iter().next().ok_or_else(|| Error::Broken("a change was not written".to_owned()))
}

/// What is recorded of it: which conversation, and who or what it was for before and after. Never what was said.
pub(super) fn recorded(found: &Conversation, kind: Did, changed: Option<Detail>) -> Fact {
    let conversation = Detail::is("conversation", found.name);
    Fact::new(found.organisation, kind, [conversation].into_iter().chain(changed))
}

/// To whom a conversation is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// An operator, or nobody; its group stays.
    Operator(Option<OperatorId>),
    /// A group, or everybody; nobody is on it then.
    Group(Option<GroupNumber>),
}

/// [`Error::NotFound`] where an operator does not work in this organisation.
pub(super) async fn works_here(
    connection: &mut Connection,
    organisation: OrganisationId,
    operator: OperatorId,
) -> Result<()> {
    let values = [organisation.into(), operator.into()];
    if connection.query_in(organisation.into(), &WORKS_HERE, &values).await?.is_empty() {
        return Err(Error::NotFound);
    }
    Ok(())
}

/// What happens when a conversation is given to somebody; nothing where it is so already.
async fn hands_over(
    connection: &mut Connection,
    organisation: OrganisationId,
    now: Hands,
    to: To,
) -> Result<Vec<Event>> {
    match to {
        To::Operator(to) if now.assignee == to => Ok(Vec::new()),
        To::Operator(to) => {
            if let Some(to) = to {
                works_here(connection, organisation, to).await?;
            }
            Ok(vec![Event::Assigned(to)])
        }
        To::Group(to) if now.assignee.is_none() && now.group == to => Ok(Vec::new()),
        To::Group(to) => {
            if let Some(to) = to {
                group::must_be_there(connection, organisation, [to].into_iter().collect()).await?;
            }
            // The visitor is told that nobody is on it, and not which groups there are.
            let leaves = now.assignee.is_some().then_some(Event::Assigned(None));
            Ok(leaves.into_iter().chain([Event::Grouped(to)]).collect())
        }
    }
}

/// The same for a conversation that is given to somebody: from whom, to whom.
async fn handed(connection: &mut Connection, found: &Conversation, to: To) -> Result<Fact> {
    let before = found.progress.hands();
    Ok(match to {
        To::Operator(to) => {
            let number = |who: Option<OperatorId>| who.map(|who| who.0.to_string());
            let assigned = Detail::became("assignee", number(before.assignee), number(to));
            recorded(found, Did::ConversationAssigned, assigned).about(to.or(before.assignee))
        }
        To::Group(to) => {
            let titles = (
                group::titles(connection, found.organisation, before.group).await?,
                group::titles(connection, found.organisation, to).await?,
            );
            let grouped = Detail::became("group", titles.0, titles.1);
            recorded(found, Did::ConversationGrouped, grouped).about(before.assignee)
        }
    })
}

impl Audited<'_> {
    /// Gives a conversation to an operator or a group, or to nobody, with a note where there is one: both or none. Nothing
    /// happens where it is so already. A note's sender writes no other one, so that a second try is known by it. Whom it
    /// names is judged by whose the conversation is afterwards.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for an operator of another organisation or a group that is not there, and
    /// [`Error::OutOfReach`] where `by` may not touch it; [`Error::Rekeyed`] where the note is sealed with another key than
    /// the conversation has by now.
    pub async fn hand_over(
        self,
        organisation: OrganisationId,
        id: ConversationId,
        by: (OperatorId, Access),
        to: To,
        with: Option<Written>,
        at: Timestamp,
    ) -> Result<Option<Change>> {
        let listener = self.store().listener.clone();
        self.write_then(
            move |connection| {
                Box::pin(async move {
                    let found = locked(connection, organisation, id, Some(by)).await?;
                    let what = hands_over(connection, organisation, found.progress.hands(), to).await?;
                    let mut progress = found.progress;
                    let said = match &with {
                        Some(with) => note(connection, &found, &mut progress, with, at).await?,
                        None => None,
                    };
                    if what.is_empty() && said.is_none() {
                        return Ok((None, Vec::new()));
                    }
                    let facts = match what.as_slice() {
                        [] => Vec::new(),
                        _ => vec![handed(connection, &found, to).await?],
                    };
                    let author = Author::Operator(by.0);
                    let noted = said.is_some().then_some(progress.last_sequence);
                    let change = happen_after(connection, progress, found, author, said, &what, at).await?;
                    if let (Some(noted), Some(with)) = (noted, with) {
                        let named = mention::rows(organisation, id, noted, &with.named, change.progress.hands());
                        mention::name(connection, &named).await?;
                    }
                    Ok((Some(change), facts))
                })
            },
            move |change: &Option<Change>| change.iter().for_each(|change| listener.tell(change)),
        )
        .await
    }

    /// Gives a conversation to an operator, or to nobody.
    ///
    /// # Errors
    /// Those of [`Audited::hand_over`].
    pub async fn assign(
        self,
        organisation: OrganisationId,
        id: ConversationId,
        by: (OperatorId, Access),
        to: Option<OperatorId>,
        at: Timestamp,
    ) -> Result<Option<Change>> {
        self.hand_over(organisation, id, by, To::Operator(to), None, at).await
    }

    /// Says what a conversation is about besides, and what no more; nothing happens where it is so already.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for a topic that is not there or archived, [`Error::OutOfReach`] where `by` may not touch
    /// it, [`Error::Conflict`] where it would be about too much.
    pub async fn set_topics(
        self,
        organisation: OrganisationId,
        id: ConversationId,
        by: (OperatorId, Access),
        (add, remove): (Topics, Topics),
        at: Timestamp,
    ) -> Result<Option<Change>> {
        let listener = self.store().listener.clone();
        self.write_then(
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
                    let what: Vec<Event> =
                        events.into_iter().filter(|(topics, _)| !topics.is_empty()).map(|(_, event)| event).collect();
                    if what.is_empty() {
                        return Ok((None, Vec::new()));
                    }
                    let now = about.without(removed).and(added);
                    let titles = (
                        topic::titles(connection, organisation, about).await?,
                        topic::titles(connection, organisation, now).await?,
                    );
                    let filed = Detail::became("topics", titles.0, titles.1);
                    let fact = recorded(&found, Did::ConversationTopics, filed);
                    let change = happen(connection, found.progress, found, Author::Operator(by.0), &what, at).await?;
                    Ok((Some(change), vec![fact]))
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
        self,
        organisation: OrganisationId,
        id: ConversationId,
        by: (OperatorId, Access),
        ended: bool,
        at: Timestamp,
        idle_at: Timestamp,
    ) -> Result<Option<Change>> {
        let listener = self.store().listener.clone();
        self.write_then(
            move |connection| {
                Box::pin(async move {
                    let found = locked(connection, organisation, id, Some(by)).await?;
                    if (found.progress.state == State::Ended) == ended {
                        return Ok((None, Vec::new()));
                    }
                    let (what, kind) = match ended {
                        true => (Event::Ended, Did::ConversationEnded),
                        false => (Event::Reopened, Did::ConversationReopened),
                    };
                    if !ended {
                        watch(connection, organisation, id, idle_at, at).await?;
                    }
                    let fact = recorded(&found, kind, None);
                    let change = happen(connection, found.progress, found, Author::Operator(by.0), &[what], at).await?;
                    Ok((Some(change), vec![fact]))
                })
            },
            move |change: &Option<Change>| change.iter().for_each(|change| listener.tell(change)),
        )
        .await
    }
}
