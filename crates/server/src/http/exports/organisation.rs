//! A copy of an organisation: how it is set up first, then each conversation with its entries.

use std::collections::VecDeque;

use app::Error;
use app::export::{Copied, Format};
use axum::body::{Body, Bytes};
use futures_util::stream;
use serde::Serialize;
use serde_json::{Value, json};

use super::described;
use crate::http::csv::row;
use crate::http::guard::Lasting;
use crate::http::{Failure, Shared, groups, operators, snippets, topics, widgets};
use crate::socket::entries;
use crate::wire::conversations::{AuthorKind, Entry};

/// Begins to send it.
pub(super) fn send(shared: &Shared, caller: Lasting, format: Format) -> Body {
    let sending = Sending {
        shared: shared.clone(),
        caller,
        format,
        begun: false,
        waiting: VecDeque::new(),
        last: None,
        now: None,
        counted: (0, 0),
        ended: false,
    };
    Body::from_stream(stream::try_unfold(sending, Sending::next))
}

struct Sending {
    shared: Shared,
    caller: Lasting,
    format: Format,
    begun: bool,
    /// Conversations that were read and not begun yet.
    waiting: VecDeque<Copied>,
    /// The last one that was read.
    last: Option<Copied>,
    /// The one that is being sent, and its last entry that was.
    now: Option<(Copied, i64)>,
    /// Conversations and entries that were sent.
    counted: (i64, i64),
    ended: bool,
}

impl Sending {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, Error> {
        if self.ended {
            return Ok(None);
        }
        let principal = self.caller.still().await?;
        if !std::mem::replace(&mut self.begun, true) {
            let text = match self.format {
                Format::Csv => row(&COLUMNS.map(str::to_owned)),
                _ => self.set_up().await?,
            };
            return Ok(Some((Bytes::from(text), self)));
        }
        if let Some((copied, after)) = self.now.take() {
            let text = self.entries(copied, after).await?;
            return Ok(Some((Bytes::from(text), self)));
        }
        if self.waiting.is_empty() {
            self.waiting = self.shared.app.copy_page(principal, self.last.as_ref()).await?.into();
            self.last = self.waiting.back().cloned();
        }
        let Some(copied) = self.waiting.pop_front() else {
            self.ended = true;
            // The table is what was said, and nothing of how the organisation is set up.
            if self.format == Format::Jsonl {
                self.shared.app.end_copy_of_all(principal).await?;
            }
            let (conversations, entries) = self.counted;
            // Whoever reads it knows by this that nothing is missing behind.
            let end = json!({ "type": "end", "conversations": conversations, "entries": entries });
            let text = if self.format == Format::Csv { String::new() } else { format!("{end}\n") };
            return Ok(Some((Bytes::from(text), self)));
        };
        self.counted.0 += 1;
        let text = match self.format {
            Format::Csv => String::new(),
            _ => line("conversation", &described(&self.shared.app, &copied).await?)?,
        };
        self.now = Some((copied, 0));
        Ok(Some((Bytes::from(text), self)))
    }

    async fn entries(&mut self, copied: Copied, after: i64) -> Result<String, Error> {
        let app = &self.shared.app;
        let found = app.copied_entries(&copied, after).await?;
        let mut text = String::new();
        for entry in &found {
            let people = entries::people(app, &copied.conversation, entry).await?;
            let reader = entries::Reader::Operator(self.caller.principal);
            let name = copied.conversation.name();
            let Some(entry) = entries::entry(reader, None, name, entry, &people) else { continue };
            self.counted.1 += 1;
            match self.format {
                Format::Csv => text.push_str(&row(&cells(&entry, &entries::label(name)))),
                _ => {
                    text.push_str(&serde_json::to_string(&entry).map_err(|_| Error::Internal)?);
                    text.push('\n');
                }
            }
        }
        self.now = found.last().map(|last| last.numbers.sequence).map(|last| (copied, last));
        Ok(text)
    }

    /// Everything but conversations. Never a secret by which somebody signs in, and no colleague's own snippets.
    async fn set_up(&self) -> Result<String, Error> {
        let (app, principal) = (&self.shared.app, self.caller.principal);
        let (id, title) = app.organisation(principal.organisation).await?;
        let head = json!({
            "format": "diskret-organisation-1",
            "id": id.to_string(),
            "name": &*title,
            "taken_at": app.now().0,
            "left_out": ["passwords", "second_factors", "passkeys", "sessions", "tokens", "audit", "own_snippets"],
        });
        let mut text = line("organisation", &head)?;
        let names = operators::group_names(&self.shared, principal).await.map_err(failed)?;
        for colleague in app.operators(principal).await? {
            text.push_str(&line("operator", &operators::info(&colleague.person, colleague.there, &names))?);
        }
        for group in app.groups(principal).await? {
            text.push_str(&line("group", &groups::info(group))?);
        }
        for widget in app.widgets(principal).await? {
            text.push_str(&line("widget", &widgets::info(&self.shared, widget).await.map_err(failed)?)?);
        }
        for topic in app.topics(principal).await? {
            text.push_str(&line("topic", &topics::info(topic))?);
        }
        for snippet in app.snippets(principal).await?.iter().filter(|snippet| snippet.is_shared) {
            text.push_str(&line("snippet", &snippets::info(snippet))?);
        }
        Ok(text)
    }
}

/// What was begun can only be broken off.
fn failed(_: Failure) -> Error {
    Error::Internal
}

/// A line that says of what kind it is.
fn line(kind: &str, what: &impl Serialize) -> Result<String, Error> {
    let Ok(Value::Object(fields)) = serde_json::to_value(what) else { return Err(Error::Internal) };
    let mut line = serde_json::Map::new();
    line.insert("type".to_owned(), kind.into());
    line.extend(fields);
    Ok(format!("{}\n", Value::Object(line)))
}

const COLUMNS: [&str; 9] =
    ["conversation_id", "label", "sequence", "at", "kind", "author", "author_id", "author_name", "text"];

fn cells(entry: &Entry<'_>, label: &str) -> [String; 9] {
    let at = |at: i64| domain::Timestamp(at).utc();
    match entry {
        Entry::Message(message) => {
            let author = match message.author.kind {
                AuthorKind::Visitor => "visitor",
                AuthorKind::Operator => "operator",
            };
            [
                message.conversation.to_string(),
                label.to_owned(),
                message.sequence.to_string(),
                at(message.at),
                if message.note { "note" } else { "message" }.to_owned(),
                author.to_owned(),
                message.author.id.map(|id| id.to_string()).unwrap_or_default(),
                message.author.name.as_deref().unwrap_or_default().to_owned(),
                message.text.clone().into_owned(),
            ]
        }
        Entry::Event(event) => {
            let kind = serde_json::to_value(event.event).ok();
            let operator = event.operator.as_ref();
            [
                event.conversation.to_string(),
                label.to_owned(),
                event.sequence.to_string(),
                at(event.at),
                kind.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned(),
                if operator.is_some() { "operator" } else { "" }.to_owned(),
                operator.and_then(|operator| operator.id).map(|id| id.to_string()).unwrap_or_default(),
                operator.map(|operator| operator.name.clone()).unwrap_or_default(),
                String::new(),
            ]
        }
    }
}
