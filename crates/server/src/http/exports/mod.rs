//! Copies that people take with them, sent page by page: a long one takes no more memory than a short one, and none is written
//! to disk. `conversation` and `organisation` put them together, `page` writes for people.

mod conversation;
mod organisation;
mod page;

use app::App;
use app::export::{Copied, Format};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header;
use serde::Deserialize;
use utoipa::IntoParams;

use super::brought::{Asked, Named};
use super::guard::Lasting;
use super::{Failure, Shared};
use crate::socket::entries;
use crate::wire::Id;
use crate::wire::conversations::{GroupRef, WidgetRef};
use crate::wire::export::{ConversationCopy, ConversationFormat, CopiedConversation, OrganisationFormat};
use crate::wire::problem::Problem;

/// As what a conversation is copied.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ConversationQuery {
    /// As what.
    #[param(inline)]
    format: ConversationFormat,
}

/// As what an organisation is copied.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OrganisationQuery {
    /// As what.
    #[param(inline)]
    format: OrganisationFormat,
}

/// A copy of one conversation with everything in it, for the person whose it is. That it was taken is recorded before.
#[utoipa::path(get, path = "/api/conversations/{id}/export", operation_id = "export_conversation", tag = "privacy",
    params(("id" = Id, Path), ConversationQuery),
    responses((status = 200, description = "A document, or a page for people.",
        content((ConversationCopy = "application/json"), (String = "text/html"))),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub(super) async fn conversation(
    State(shared): State<Shared>,
    caller: Lasting,
    Named(id): Named,
    Asked(query): Asked<ConversationQuery>,
) -> Result<Response, Failure> {
    let (format, kind, ending) = match query.format {
        ConversationFormat::Json => (Format::Json, "application/json", "json"),
        ConversationFormat::Html => (Format::Html, "text/html; charset=utf-8", "html"),
    };
    let copied = shared.app.begin_copy(caller.principal, id.0, format).await?;
    let file = format!("conversation-{}.{ending}", entries::label(id.0));
    let body = conversation::send(&shared.app, caller, copied, format).await?;
    Ok((attached(kind, &file), body).into_response())
}

/// A copy of the organisation: how it is set up, and every conversation with everything in it. That it was taken is recorded
/// before. The table holds what was said and what happened; the lines hold everything.
#[utoipa::path(get, path = "/api/organisation/export", operation_id = "export_organisation", tag = "privacy",
    params(OrganisationQuery),
    responses((status = 200, description = "Lines of JSON or a table.",
        content((String = "application/x-ndjson"), (String = "text/csv"))),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn organisation(
    State(shared): State<Shared>,
    caller: Lasting,
    Asked(query): Asked<OrganisationQuery>,
) -> Result<Response, Failure> {
    let (format, kind, file) = match query.format {
        OrganisationFormat::Jsonl => (Format::Jsonl, "application/x-ndjson", "organisation.jsonl"),
        OrganisationFormat::Csv => (Format::Csv, "text/csv; charset=utf-8", "organisation.csv"),
    };
    shared.app.begin_copy_of_all(caller.principal, format).await?;
    Ok((attached(kind, file), organisation::send(&shared, caller, format)).into_response())
}

fn attached(kind: &str, file: &str) -> [(header::HeaderName, String); 2] {
    let named = format!("attachment; filename=\"{file}\"");
    [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, named)]
}

/// A conversation as copies describe it.
async fn described(app: &App, copied: &Copied) -> Result<CopiedConversation, app::Error> {
    let (conversation, found) = (&copied.conversation, &copied.found);
    let organisation = found.organisation;
    let assignee = match found.progress.assignee {
        Some(id) => Some(entries::operator_ref(&*app.person(organisation, id).await?)),
        None => None,
    };
    let mut guests = Vec::new();
    for guest in found.progress.guests.iter() {
        guests.push(entries::operator_ref(&*app.person(organisation, guest).await?));
    }
    let group = match found.progress.group {
        Some(number) => app.group_title(organisation, number).await?,
        None => None,
    };
    let (widget, title) = app.widget_title(organisation, found.widget).await?;
    Ok(CopiedConversation {
        id: conversation.name().into(),
        label: entries::label(conversation.name()),
        state: found.progress.state.into(),
        widget: WidgetRef { id: widget.into(), name: title.to_string() },
        language: found.language.into(),
        started_at: found.started_at.0,
        last_at: found.last_at.0,
        assignee,
        group: group.map(|(id, name)| GroupRef { id: id.into(), name: name.to_string() }),
        guests,
        topics: entries::topics(&app.topics_of(organisation, found.progress.topics).await?),
    })
}
