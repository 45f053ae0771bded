//! Entries and rows, as they are sent.

use std::borrow::Cow;
use std::sync::Arc;

use app::App;
use app::conversation::{Reference, Summary};
use app::opened::OpenedEntry;
use app::team::Person;
use domain::conversation::{Author, Event, Kind, State};
use domain::{Principal, PublicId, SenderId};
use store::topic::Topic;

use crate::wire::conversations::{
    AuthorKind, ConversationSummary, Counts, EndCause, Entry, EventEntry, EventKind, EventOperator, GroupRef,
    MessageAuthor, MessageEntry, PreviewFrom, WidgetRef,
};
use crate::wire::frames::ServerFrame;
use crate::wire::session::OperatorRef;
use crate::wire::topics::TopicRef;

/// Who an entry is sent to.
#[derive(Clone, Copy)]
pub(crate) enum Reader {
    /// The conversation's visitor.
    Visitor,
    /// An operator.
    Operator(Principal),
}

/// The people an entry speaks of: its author, and whom an event concerns.
#[derive(Default)]
pub(crate) struct People {
    author: Option<Arc<Person>>,
    subject: Option<Arc<Person>>,
    group: Option<(PublicId, Arc<str>)>,
    topics: Vec<Topic>,
    /// The entry that was changed, as it is now.
    of: Option<Arc<OpenedEntry>>,
}

/// Finds them.
pub(crate) async fn people(app: &App, conversation: &Reference, entry: &OpenedEntry) -> app::Result<People> {
    let organisation = conversation.organisation;
    let mut people = People::default();
    if let Kind::Event(Event::Edited(of) | Event::Recalled(of) | Event::Erased(of)) = entry.kind {
        people.of = Some(app.entry_now(conversation, of.sequence).await?);
    }
    if let Author::Operator(id) = entry.author {
        people.author = Some(app.person(organisation, id).await?);
    }
    if let Kind::Event(Event::Assigned(Some(id)) | Event::Invited(id) | Event::Left(id)) = entry.kind {
        people.subject = Some(app.person(organisation, id).await?);
    }
    if let Kind::Event(Event::Grouped(Some(number))) = entry.kind {
        people.group = app.group_title(organisation, number).await?;
    }
    if let Kind::Event(Event::TopicsAdded(topics) | Event::TopicsRemoved(topics)) = entry.kind {
        people.topics = app.topics_of(organisation, topics).await?;
    }
    Ok(people)
}

pub(crate) fn topics(topics: &[Topic]) -> Vec<TopicRef> {
    let told = |topic: &Topic| TopicRef { id: topic.name.into(), name: topic.title.clone(), colour: topic.colour };
    topics.iter().map(told).collect()
}

pub(crate) fn operator_ref(person: &Person) -> OperatorRef {
    OperatorRef { id: person.name.into(), name: person.display.reveal().to_owned() }
}

/// An entry as its reader may see it; a note is nothing to a visitor. `sender` is the reader's own page load, where
/// there is one.
pub(crate) fn entry<'a>(
    reader: Reader,
    sender: Option<SenderId>,
    conversation: PublicId,
    entry: &'a OpenedEntry,
    people: &'a People,
) -> Option<Entry<'a>> {
    let (sequence, visible) = match reader {
        Reader::Visitor if !entry.kind.is_visible() => return None,
        Reader::Visitor => (entry.numbers.visible, None),
        Reader::Operator(_) => (entry.numbers.sequence, Some(entry.numbers.visible)),
    };
    if let Kind::Event(event) = entry.kind {
        let (event, operator, cause) = match event {
            Event::Assigned(_) => (EventKind::Assigned, people.subject.as_deref(), None),
            Event::Ended => (EventKind::Ended, people.author.as_deref(), Some(EndCause::Operator)),
            Event::EndedIdle => (EventKind::Ended, None, Some(EndCause::Idle)),
            Event::Reopened => (EventKind::Reopened, people.author.as_deref(), None),
            Event::Grouped(_) => (EventKind::Grouped, people.author.as_deref(), None),
            Event::Snoozed(Some(_)) => (EventKind::Snoozed, people.author.as_deref(), None),
            Event::Snoozed(None) | Event::Returned => (EventKind::Returned, people.author.as_deref(), None),
            Event::TopicsAdded(_) | Event::TopicsRemoved(_) => (EventKind::Topics, people.author.as_deref(), None),
            Event::Edited(_) => (EventKind::Edited, people.author.as_deref(), None),
            // For visitors it is gone like anything that was taken back.
            Event::Erased(_) if matches!(reader, Reader::Operator(_)) => {
                (EventKind::Erased, people.author.as_deref(), None)
            }
            Event::Recalled(_) | Event::Erased(_) => (EventKind::Recalled, people.author.as_deref(), None),
            Event::Invited(_) => (EventKind::Invited, people.author.as_deref(), None),
            Event::Left(_) => (EventKind::Left, people.author.as_deref(), None),
        };
        // Visitors are told a name, not by what to find the person elsewhere.
        let operator = operator.map(|person| EventOperator {
            id: matches!(reader, Reader::Operator(_)).then(|| person.name.into()),
            name: person.display.reveal().to_owned(),
        });
        let at = entry.at.0;
        let conversation = conversation.into();
        let group = people.group.as_ref().map(|(id, name)| GroupRef { id: (*id).into(), name: name.to_string() });
        let guest =
            matches!(event, EventKind::Invited | EventKind::Left).then(|| people.subject.as_deref().map(operator_ref));
        let filed = |is_so: bool| is_so.then(|| topics(&people.topics));
        let of = people.of.as_deref().map(|of| match reader {
            Reader::Visitor => of.numbers.visible,
            Reader::Operator(_) => of.numbers.sequence,
        });
        let text = people.of.as_deref();
        let text = text.map(|of| of.text.as_ref().map_or_else(String::new, |text| text.reveal().to_owned()));
        return Some(Entry::Event(EventEntry {
            conversation,
            sequence,
            visible,
            at,
            event,
            operator,
            group,
            guest: guest.flatten(),
            added: filed(matches!(entry.kind, Kind::Event(Event::TopicsAdded(_)))),
            removed: filed(matches!(entry.kind, Kind::Event(Event::TopicsRemoved(_)))),
            until: if let Kind::Event(Event::Snoozed(until)) = entry.kind { until.map(|at| at.0) } else { None },
            cause,
            of,
            text,
        }));
    }
    let own = match reader {
        Reader::Visitor => entry.author == Author::Visitor,
        Reader::Operator(principal) => entry.author == Author::Operator(principal.operator),
    };
    let own = own && sender.is_none_or(|sender| sender == entry.sender);
    let author = match people.author.as_deref() {
        Some(person) => MessageAuthor {
            kind: AuthorKind::Operator,
            id: matches!(reader, Reader::Operator(_)).then(|| person.name.into()),
            name: Some(Cow::Borrowed(person.display.reveal())),
        },
        // The house itself has no name but the organisation's, which the widget knows.
        None if entry.author == Author::System => MessageAuthor { kind: AuthorKind::Operator, id: None, name: None },
        None => MessageAuthor { kind: AuthorKind::Visitor, id: None, name: None },
    };
    Some(Entry::Message(MessageEntry {
        conversation: conversation.into(),
        sequence,
        visible,
        author,
        note: entry.kind == Kind::Note,
        text: Cow::Borrowed(entry.text.as_ref().map_or("", |text| text.reveal())),
        at: entry.at.0,
        sender: own.then(|| entry.sender.to_string()),
        counter: own.then_some(entry.counter),
    }))
}

/// An entry as a frame.
pub(crate) fn frame(entry: Entry<'_>) -> ServerFrame<'_> {
    match entry {
        Entry::Message(message) => ServerFrame::Message(message),
        Entry::Event(event) => ServerFrame::Event(event),
    }
}

/// A row of a list.
pub(crate) async fn summary(app: &App, row: Summary) -> app::Result<ConversationSummary> {
    let conversation = &row.conversation;
    let assignee = match row.progress.assignee {
        Some(id) => Some(operator_ref(&*app.person(conversation.organisation, id).await?)),
        None => None,
    };
    let mut guests = Vec::new();
    let only_guests = row.progress.guests.iter().filter(|guest| row.progress.assignee != Some(*guest));
    for guest in only_guests {
        guests.push(operator_ref(&*app.person(conversation.organisation, guest).await?));
    }
    let (preview_from, preview) = match &row.preview {
        Some((Author::Visitor, text)) => (PreviewFrom::Visitor, text.reveal()),
        Some((_, text)) => (PreviewFrom::Operator, text.reveal()),
        None => (PreviewFrom::None, ""),
    };
    let group = match row.progress.group {
        Some(number) => app.group_title(conversation.organisation, number).await?,
        None => None,
    };
    let quiet = app.quiet_of(conversation.organisation, conversation.widget).await?;
    let waits = row.progress.state != State::Ended && row.progress.snoozed_until.is_none();
    let was_asked = matches!(&row.preview, Some((Author::System, _)));
    let asks_at = quiet.asks_at(row.progress.state, was_asked, row.last_at).filter(|_| waits);
    let (widget, title) = app.widget_title(conversation.organisation, conversation.widget).await?;
    Ok(ConversationSummary {
        id: conversation.name().into(),
        state: row.progress.state.into(),
        label: label(conversation.name()),
        preview: preview.to_owned(),
        preview_from,
        started_at: conversation.started_at.0,
        last_at: row.last_at.0,
        waiting_since: row.progress.waiting_since.map(|at| at.0),
        assignee,
        group: group.map(|(id, name)| GroupRef { id: id.into(), name: name.to_string() }),
        guests,
        topics: topics(&app.topics_of(conversation.organisation, row.progress.topics).await?),
        snoozed_until: row.progress.snoozed_until.map(|at| at.0),
        returned_at: row.progress.returned_at.map(|at| at.0),
        asks_at: asks_at.map(|at| at.0),
        ends_at: waits.then(|| row.last_at.plus(quiet.end).0),
        widget: WidgetRef { id: widget.into(), name: title.to_string() },
        language: conversation.language.into(),
        last_sequence: row.progress.last_sequence,
        unread: row.progress.unread,
        visitor_seen: conversation.visitor_seen(),
        visitor_online: row.visitor_online,
        mentioned: row.mentioned,
        position: row.position,
    })
}

/// Four characters of a conversation's name to call its visitor by. The name is random and means nothing.
pub(crate) fn label(name: PublicId) -> String {
    name.to_string().chars().take(4).collect::<String>().to_ascii_uppercase()
}

/// The counts beside the lists.
pub(crate) async fn counts(app: &App, principal: Principal) -> app::Result<Counts> {
    let counts = app.counts(principal).await?;
    Ok(Counts { mine: counts.mine, unassigned: counts.unassigned, all: counts.all })
}

#[cfg(test)]
mod tests {
    use domain::conversation::Numbers;
    use domain::{Groups, OperatorId, OrganisationId, Role, Timestamp};
    use privacy::Plaintext;

    use super::*;

    #[test]
    fn what_the_house_says_is_the_teams_and_nobodys_of_it() {
        let said = OpenedEntry {
            numbers: Numbers { sequence: 5, visible: 4 },
            author: Author::System,
            kind: Kind::Message,
            sender: SenderId(0),
            counter: 5,
            revision: 0,
            at: Timestamp(7),
            text: Some(Plaintext::new("Sind Sie noch da?".to_owned())),
        };
        let operator = Principal::new(OrganisationId(1), OperatorId(2), Role::Agent, Groups::default());
        for (reader, sequence) in [(Reader::Visitor, 4), (Reader::Operator(operator), 5)] {
            let people = People::default();
            let Some(Entry::Message(shown)) = entry(reader, None, PublicId::from_bytes([1; 16]), &said, &people) else {
                panic!("a message")
            };
            let shown = serde_json::to_value(shown).unwrap();
            assert_eq!(shown["author"], serde_json::json!({ "kind": "operator" }));
            assert_eq!((&shown["sequence"], shown.get("sender")), (&serde_json::json!(sequence), None));
        }
    }
}
