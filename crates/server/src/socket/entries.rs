//! Entries and rows, as they are sent.

use std::borrow::Cow;
use std::sync::Arc;

use app::App;
use app::conversation::{Reference, Summary};
use app::opened::OpenedEntry;
use app::team::Person;
use domain::conversation::{Author, Event, Kind};
use domain::{Principal, PublicId, SenderId};

use crate::wire::conversations::{
    AuthorKind, ConversationSummary, Counts, EndCause, Entry, EventEntry, EventKind, EventOperator, GroupRef,
    MessageAuthor, MessageEntry, PreviewFrom, WidgetRef,
};
use crate::wire::frames::ServerFrame;
use crate::wire::session::OperatorRef;

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
    /// The entry that was changed, as it is now.
    of: Option<Arc<OpenedEntry>>,
}

/// Finds them.
pub(crate) async fn people(app: &App, conversation: &Reference, entry: &OpenedEntry) -> app::Result<People> {
    let organisation = conversation.organisation;
    let mut people = People::default();
    if let Kind::Event(Event::Edited(of) | Event::Recalled(of)) = entry.kind {
        people.of = Some(app.entry_now(conversation, of.sequence).await?);
    }
    if let Author::Operator(id) = entry.author {
        people.author = Some(app.person(organisation, id).await?);
    }
    if let Kind::Event(Event::Assigned(Some(id))) = entry.kind {
        people.subject = Some(app.person(organisation, id).await?);
    }
    if let Kind::Event(Event::Grouped(Some(number))) = entry.kind {
        people.group = app.group_title(organisation, number).await?;
    }
    Ok(people)
}

fn operator(person: &Person) -> OperatorRef {
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
            Event::Edited(_) => (EventKind::Edited, people.author.as_deref(), None),
            Event::Recalled(_) => (EventKind::Recalled, people.author.as_deref(), None),
        };
        // Visitors are told a name, not by what to find the person elsewhere.
        let operator = operator.map(|person| EventOperator {
            id: matches!(reader, Reader::Operator(_)).then(|| person.name.into()),
            name: person.display.reveal().to_owned(),
        });
        let at = entry.at.0;
        let conversation = conversation.into();
        let group = people.group.as_ref().map(|(id, name)| GroupRef { id: (*id).into(), name: name.to_string() });
        let of = people.of.as_deref().map(|of| match reader {
            Reader::Visitor => of.numbers.visible,
            Reader::Operator(_) => of.numbers.sequence,
        });
        let text = people.of.as_deref();
        let text = text.map(|of| of.text.as_ref().map_or_else(String::new, |text| text.reveal().to_owned()));
        let entry = EventEntry { conversation, sequence, visible, at, event, operator, group, cause, of, text };
        return Some(Entry::Event(entry));
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
        Some(id) => Some(operator(&*app.person(conversation.organisation, id).await?)),
        None => None,
    };
    let (preview_from, preview) = match &row.preview {
        Some((Author::Visitor, text)) => (PreviewFrom::Visitor, text.reveal()),
        Some((_, text)) => (PreviewFrom::Operator, text.reveal()),
        None => (PreviewFrom::None, ""),
    };
    let group = match row.progress.group {
        Some(number) => app.group_title(conversation.organisation, number).await?,
        None => None,
    };
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
fn label(name: PublicId) -> String {
    name.to_string().chars().take(4).collect::<String>().to_ascii_uppercase()
}

/// The counts beside the lists.
pub(crate) async fn counts(app: &App, principal: Principal) -> app::Result<Counts> {
    let counts = app.counts(principal).await?;
    Ok(Counts { mine: counts.mine, unassigned: counts.unassigned, all: counts.all })
}
