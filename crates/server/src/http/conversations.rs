//! Lists, entries, and what happens to a conversation besides messages.

use app::conversation::assign::{HandoverNote, To};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use domain::limits::{PAGE, PAGE_MOST};
use privacy::Plaintext;
use serde::Deserialize;
use utoipa::IntoParams;

use super::brought::{Asked, Named, Sent};
use super::guard::Caller;
use super::{Failure, Shared};
use crate::socket::entries;
use crate::wire::Id;
use crate::wire::conversations::{
    Assignment, ConversationPage, ConversationSummary, Correction, EntryPage, ListName, ReaderInfo, Snooze,
    StateChange, WantedState,
};
use crate::wire::problem::Problem;

/// Which page of a list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Which list.
    list: ListName,
    /// Whether ended conversations are in it.
    ended: Option<bool>,
    /// Only changes before this position.
    before: Option<i64>,
    /// At most so many, 1 to 200.
    limit: Option<i64>,
}

/// Which page of entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EntryQuery {
    /// Only entries before this sequence; missing means the newest.
    before: Option<i64>,
    /// At most so many, 1 to 200.
    limit: Option<i64>,
}

/// A page of a list, newest change first.
#[utoipa::path(get, path = "/api/conversations", operation_id = "list_conversations", tag = "conversations", params(ListQuery),
    responses((status = 200, body = ConversationPage), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem)))]
pub(super) async fn list(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Asked(query): Asked<ListQuery>,
) -> Result<Json<ConversationPage>, Failure> {
    let limit = query.limit.unwrap_or(PAGE).clamp(1, PAGE_MOST);
    let before = query.before.unwrap_or(i64::MAX);
    let found = shared.app.list(principal, query.list.into(), query.ended.unwrap_or(false), before, limit).await?;
    let next = if (found.len() as i64) < limit { None } else { found.last().map(|row| row.position) };
    let mut items = Vec::with_capacity(found.len());
    for row in found {
        items.push(entries::summary(&shared.app, row).await?);
    }
    let counts = entries::counts(&shared.app, principal).await?;
    Ok(Json(ConversationPage { items, next, counts }))
}

/// One row.
#[utoipa::path(get, path = "/api/conversations/{id}", operation_id = "show_conversation", tag = "conversations", params(("id" = Id, Path)),
    responses((status = 200, body = ConversationSummary), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub(super) async fn show(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named(id): Named,
) -> Result<Json<ConversationSummary>, Failure> {
    row(&shared, principal, id).await
}

/// A page of entries, ascending.
#[utoipa::path(get, path = "/api/conversations/{id}/entries", operation_id = "list_entries", tag = "conversations",
    params(("id" = Id, Path), EntryQuery),
    responses((status = 200, body = EntryPage), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub(super) async fn entries(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named(id): Named,
    Asked(query): Asked<EntryQuery>,
) -> Result<Response, Failure> {
    let limit = query.limit.unwrap_or(PAGE).clamp(1, PAGE_MOST);
    let before = query.before.unwrap_or(i64::MAX);
    let (conversation, found) = shared.app.entries_before(principal, id.0, before, limit).await?;
    let first = found.first().map(|entry| entry.numbers.sequence).filter(|sequence| *sequence > 1);
    let reader = entries::Reader::Operator(principal);
    let mut people = Vec::with_capacity(found.len());
    for entry in &found {
        people.push(entries::people(&shared.app, &conversation, entry).await?);
    }
    let items = found
        .iter()
        .zip(&people)
        .filter_map(|(entry, people)| entries::entry(reader, None, conversation.name(), entry, people))
        .collect();
    Ok(Json(EntryPage { items, first }).into_response())
}

/// Colleagues, and who of them may read a conversation: whom a note in it can name.
#[utoipa::path(get, path = "/api/conversations/{id}/readers", operation_id = "list_readers", tag = "conversations",
    params(("id" = Id, Path)),
    responses((status = 200, body = Vec<ReaderInfo>), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub(super) async fn readers(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named(id): Named,
) -> Result<Json<Vec<ReaderInfo>>, Failure> {
    let found = shared.app.readers(principal, id.0).await?;
    let info = |one: app::conversation::Reader| ReaderInfo {
        id: one.name.into(),
        name: one.display.reveal().to_owned(),
        reads: one.reads,
        invitable: one.can_be_asked_in,
    };
    Ok(Json(found.into_iter().map(info).collect()))
}

/// Corrects an entry of one's own: a note at any time, a message until the visitor has seen it.
#[utoipa::path(patch, path = "/api/conversations/{id}/entries/{sequence}", operation_id = "correct_entry", tag = "conversations",
    params(("id" = Id, Path), ("sequence" = i64, Path)), request_body = Correction,
    responses((status = 204, description = "Done; whoever follows is told."), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn correct(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named((id, sequence)): Named<(Id, i64)>,
    Sent(body): Sent<Correction>,
) -> Result<http::StatusCode, Failure> {
    shared.app.alter(principal, id.0, sequence, Some(Plaintext::new(body.text))).await?;
    Ok(http::StatusCode::NO_CONTENT)
}

/// Takes an entry of one's own back: a note at any time, a message until the visitor has seen it.
#[utoipa::path(delete, path = "/api/conversations/{id}/entries/{sequence}", operation_id = "recall_entry", tag = "conversations",
    params(("id" = Id, Path), ("sequence" = i64, Path)),
    responses((status = 204, description = "Done; whoever follows is told."), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn recall(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named((id, sequence)): Named<(Id, i64)>,
) -> Result<http::StatusCode, Failure> {
    shared.app.alter(principal, id.0, sequence, None).await?;
    Ok(http::StatusCode::NO_CONTENT)
}

/// Gives a conversation to an operator, to nobody, or to a group.
#[utoipa::path(put, path = "/api/conversations/{id}/assignment", operation_id = "assign_conversation", tag = "conversations", params(("id" = Id, Path)),
    request_body = Assignment,
    responses((status = 200, body = ConversationSummary), (status = 204, description = "Done; it is out of reach now."), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn assign(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named(id): Named,
    Sent(body): Sent<Assignment>,
) -> Result<Response, Failure> {
    let to = match (body.operator, body.group) {
        (Some(operator), None) => To::Operator(operator.map(|id| id.0)),
        (None, Some(group)) => To::Group(group.map(|id| id.0)),
        _ => {
            let detail = "name one: an operator or a group".to_owned();
            return Err(app::Error::Invalid { field: "operator", detail }.into());
        }
    };
    let note = match body.note {
        Some(note) => {
            let invalid = |_| app::Error::Invalid { field: "sender", detail: "must be 16 hex digits".to_owned() };
            let sender = note.sender.parse().map_err(invalid)?;
            Some(HandoverNote { sender, text: Plaintext::new(note.text) })
        }
        None => None,
    };
    shared.app.assign(principal, id.0, to, note).await?;
    // Whoever gives away what they could only see while it was theirs gets no row back.
    match row(&shared, principal, id).await {
        Ok(row) => Ok(row.into_response()),
        Err(_) => Ok(http::StatusCode::NO_CONTENT.into_response()),
    }
}

/// Ends a conversation or takes it up again.
#[utoipa::path(put, path = "/api/conversations/{id}/state", operation_id = "change_conversation_state", tag = "conversations", params(("id" = Id, Path)),
    request_body = StateChange,
    responses((status = 200, body = ConversationSummary), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub(super) async fn set_state(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named(id): Named,
    Sent(body): Sent<StateChange>,
) -> Result<Json<ConversationSummary>, Failure> {
    shared.app.set_ended(principal, id.0, body.state == WantedState::Ended).await?;
    row(&shared, principal, id).await
}

/// Puts a conversation off, or takes it up again before its time.
#[utoipa::path(put, path = "/api/conversations/{id}/snooze", operation_id = "snooze_conversation", tag = "conversations", params(("id" = Id, Path)),
    request_body = Snooze,
    responses((status = 200, body = ConversationSummary), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn snooze(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named(id): Named,
    Sent(body): Sent<Snooze>,
) -> Result<Json<ConversationSummary>, Failure> {
    shared.app.snooze(principal, id.0, body.until.map(domain::Timestamp)).await?;
    row(&shared, principal, id).await
}

pub(super) async fn row(
    shared: &Shared,
    principal: domain::Principal,
    id: Id,
) -> Result<Json<ConversationSummary>, Failure> {
    let row = shared.app.summary(principal, id.0).await?;
    Ok(Json(entries::summary(&shared.app, row).await?))
}
