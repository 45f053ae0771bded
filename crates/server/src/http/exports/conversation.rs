//! A copy of one conversation.

use std::sync::Arc;

use app::export::{Copied, Format};
use app::{App, Error};
use axum::body::{Body, Bytes};
use futures_util::stream;

use super::{described, page};
use crate::http::guard::Lasting;
use crate::socket::entries;
use crate::wire::export::{ConversationCopy, CopiedConversation};

/// Begins to send it.
pub(super) async fn send(app: &Arc<App>, caller: Lasting, copied: Copied, format: Format) -> Result<Body, Error> {
    let (_, organisation) = app.organisation(caller.principal.organisation).await?;
    let described = described(app, &copied).await?;
    let begin = match format {
        Format::Html => page::begin(&organisation, &described, app.now()),
        _ => begin(&organisation, described, app.now().0)?,
    };
    let sending =
        Sending { app: Arc::clone(app), caller, copied, format, begin: Some(begin), after: Some(0), is_first: true };
    Ok(Body::from_stream(stream::try_unfold(sending, Sending::next)))
}

/// The document without its entries and without its end: they follow as they are read.
fn begin(organisation: &str, conversation: CopiedConversation, taken_at: i64) -> Result<String, Error> {
    let copy = ConversationCopy {
        format: "diskret-conversation-1",
        organisation: organisation.to_owned(),
        taken_at,
        conversation,
        entries: Vec::new(),
    };
    let mut text = serde_json::to_string(&copy).map_err(|_| Error::Internal)?;
    if !text.ends_with("[]}") {
        return Err(Error::Internal);
    }
    text.truncate(text.len() - "]}".len());
    Ok(text)
}

struct Sending {
    app: Arc<App>,
    caller: Lasting,
    copied: Copied,
    format: Format,
    begin: Option<String>,
    /// The last entry that was sent; nothing at the end.
    after: Option<i64>,
    is_first: bool,
}

impl Sending {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, Error> {
        if let Some(begin) = self.begin.take() {
            return Ok(Some((Bytes::from(begin), self)));
        }
        let Some(after) = self.after else { return Ok(None) };
        let principal = self.caller.still().await?;
        let found = self.app.copied_entries(&self.copied, after).await?;
        self.after = found.last().map(|entry| entry.numbers.sequence);
        let conversation = &self.copied.conversation;
        let mut text = String::new();
        for entry in &found {
            let people = entries::people(&self.app, conversation, entry).await?;
            let reader = entries::Reader::Operator(principal);
            let Some(entry) = entries::entry(reader, None, conversation.name(), entry, &people) else { continue };
            if self.format == Format::Html {
                text.push_str(&page::entry(conversation.language, &entry));
                continue;
            }
            if !std::mem::take(&mut self.is_first) {
                text.push(',');
            }
            text.push_str(&serde_json::to_string(&entry).map_err(|_| Error::Internal)?);
        }
        if self.after.is_none() {
            text.push_str(if self.format == Format::Html { page::END } else { "]}" });
        }
        Ok(Some((Bytes::from(text), self)))
    }
}
