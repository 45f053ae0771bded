//! Texts for answering that are written once.

use app::snippet::{Content, Opened, Wording};
use axum::Json;
use axum::extract::State;
use http::StatusCode;

use super::brought::{Named, Sent};
use super::guard::Caller;
use super::{Failure, Shared};
use crate::wire::problem::Problem;
use crate::wire::snippets::{NewSnippet, SnippetChange, SnippetInfo};
use crate::wire::{Id, snippets};

/// The shared snippets and the caller's own.
#[utoipa::path(get, path = "/api/snippets", operation_id = "list_snippets", tag = "snippets",
    responses((status = 200, body = Vec<SnippetInfo>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn list(
    State(shared): State<Shared>,
    Caller(principal): Caller,
) -> Result<Json<Vec<SnippetInfo>>, Failure> {
    Ok(Json(shared.app.snippets(principal).await?.iter().map(info).collect()))
}

/// Adds a snippet: for everybody, or for oneself.
#[utoipa::path(post, path = "/api/snippets", operation_id = "add_snippet", tag = "snippets", request_body = NewSnippet,
    responses((status = 201, body = SnippetInfo), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn add(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Sent(body): Sent<NewSnippet>,
) -> Result<(StatusCode, Json<SnippetInfo>), Failure> {
    let content = content(body.shortcut, body.title, body.wording);
    let added = shared.app.add_snippet(principal, body.shared, &content).await?;
    Ok((StatusCode::CREATED, Json(info(&added))))
}

/// Gives a snippet other words.
#[utoipa::path(patch, path = "/api/snippets/{id}", operation_id = "change_snippet", tag = "snippets",
    params(("id" = Id, Path)), request_body = SnippetChange,
    responses((status = 200, body = SnippetInfo), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn change(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named(id): Named,
    Sent(body): Sent<SnippetChange>,
) -> Result<Json<SnippetInfo>, Failure> {
    let content = content(body.shortcut, body.title, body.wording);
    Ok(Json(info(&shared.app.change_snippet(principal, id.0, &content).await?)))
}

/// Deletes a snippet.
#[utoipa::path(delete, path = "/api/snippets/{id}", operation_id = "remove_snippet", tag = "snippets",
    params(("id" = Id, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub(super) async fn remove(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named(id): Named,
) -> Result<StatusCode, Failure> {
    shared.app.remove_snippet(principal, id.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn content(shortcut: String, title: String, said: snippets::Wording) -> Content {
    Content { shortcut, title, wording: Wording { de: said.de, en: said.en } }
}

pub(super) fn info(snippet: &Opened) -> SnippetInfo {
    let Content { shortcut, title, wording } = &snippet.content;
    SnippetInfo {
        id: snippet.name.into(),
        shared: snippet.is_shared,
        shortcut: shortcut.clone(),
        title: title.clone(),
        wording: snippets::Wording { de: wording.de.clone(), en: wording.en.clone() },
    }
}
