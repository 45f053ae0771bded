//! Colleagues who are asked into a conversation, and who go again.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};

use super::brought::Named;
use super::conversations::row;
use super::guard::Caller;
use super::{Failure, Shared};
use crate::wire::Id;
use crate::wire::conversations::ConversationSummary;
use crate::wire::problem::Problem;

/// Asks a colleague in: they may read it from now on whatever their role reaches, and are called.
#[utoipa::path(put, path = "/api/conversations/{id}/guests/{operator}", operation_id = "invite_guest", tag = "conversations",
    params(("id" = Id, Path), ("operator" = Id, Path)),
    responses((status = 200, body = ConversationSummary), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn invite(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named((id, guest)): Named<(Id, Id)>,
) -> Result<Response, Failure> {
    shared.app.ask_in(principal, id.0, guest.0).await?;
    Ok(row(&shared, principal, id).await?.into_response())
}

/// Lets a guest go, or goes.
#[utoipa::path(delete, path = "/api/conversations/{id}/guests/{operator}", operation_id = "remove_guest", tag = "conversations",
    params(("id" = Id, Path), ("operator" = Id, Path)),
    responses((status = 200, body = ConversationSummary), (status = 204, description = "Done; it is out of reach now."),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn leave(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named((id, guest)): Named<(Id, Id)>,
) -> Result<Response, Failure> {
    shared.app.let_go(principal, id.0, guest.0).await?;
    // Whoever goes themselves may see it no more.
    match row(&shared, principal, id).await {
        Ok(row) => Ok(row.into_response()),
        Err(_) => Ok(http::StatusCode::NO_CONTENT.into_response()),
    }
}
