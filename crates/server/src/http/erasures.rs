//! Deletions: asking for them, taking them back, watching them, their receipts.

use app::erasure::{Listed, Passage, Wanted};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use domain::limits::{PAGE, PAGE_MOST};
use domain::{ErasureId, OperatorId, OrganisationId, Principal, PublicId};
use http::{StatusCode, header};
use serde::Deserialize;
use utoipa::IntoParams;

use super::brought::{Asked, Named, Sent};
use super::guard::Caller;
use super::{Failure, Shared};
use crate::socket::entries;
use crate::wire::Id;
use crate::wire::erasures::{Erasure, ErasurePage, ErasureState, NewErasure, Stub, Stubs};
use crate::wire::problem::Problem;
use crate::wire::session::OperatorRef;

/// Which page of deletions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ErasureQuery {
    /// Only those that are so far.
    state: Option<ErasureState>,
    /// Only those before this number.
    before: Option<i64>,
    /// At most so many, 1 to 200.
    limit: Option<i64>,
}

/// Deletes conversations, messages or passages: hidden at once, destroyed once they cannot be taken back any more.
#[utoipa::path(post, path = "/api/erasures", operation_id = "erase", tag = "privacy", request_body = NewErasure,
    responses((status = 201, body = Erasure), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn add(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Sent(body): Sent<NewErasure>,
) -> Result<(StatusCode, Json<Erasure>), Failure> {
    let id = body.id;
    let wanted = wanted(body)?;
    let asked = match id {
        Some(id) => shared.app.request_erasure_as(principal, id.0, wanted).await?,
        None => shared.app.request_erasure(principal, wanted).await?,
    };
    Ok((StatusCode::CREATED, Json(shown_of(&shared, principal, asked.name).await?)))
}

/// Deletions of the organisation, the newest first; for those who do not reach everything, their own.
#[utoipa::path(get, path = "/api/erasures", operation_id = "list_erasures", tag = "privacy", params(ErasureQuery),
    responses((status = 200, body = ErasurePage), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem)))]
pub(super) async fn list(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Asked(query): Asked<ErasureQuery>,
) -> Result<Json<ErasurePage>, Failure> {
    let limit = query.limit.unwrap_or(PAGE).clamp(1, PAGE_MOST);
    let before = ErasureId(query.before.unwrap_or(i64::MAX));
    let found = shared.app.erasures(principal, before, query.state.map(Into::into), limit).await?;
    let next = found.last().filter(|_| found.len() as i64 == limit).map(|last| last.erasure.id.0);
    let mut items = Vec::with_capacity(found.len());
    for listed in found {
        items.push(shown(&shared, principal.organisation, listed).await?);
    }
    Ok(Json(ErasurePage { items, next }))
}

/// One deletion.
#[utoipa::path(get, path = "/api/erasures/{id}", operation_id = "show_erasure", tag = "privacy",
    params(("id" = Id, Path)), responses((status = 200, body = Erasure), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn show(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named(id): Named,
) -> Result<Json<Erasure>, Failure> {
    Ok(Json(shown_of(&shared, principal, id.0).await?))
}

/// Takes a deletion back, while it can be.
#[utoipa::path(post, path = "/api/erasures/{id}/undo", operation_id = "undo_erasure", tag = "privacy",
    params(("id" = Id, Path)), responses((status = 200, body = Erasure), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn undo(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named(id): Named,
) -> Result<Json<Erasure>, Failure> {
    shared.app.undo_erasure(principal, id.0).await?;
    let listed = shared.app.erasure_whoever_asks(principal, id.0).await?;
    Ok(Json(shown(&shared, principal.organisation, listed).await?))
}

/// Lets a deletion go on that was held up because it is implausibly large: somebody else than who asked for it.
#[utoipa::path(post, path = "/api/erasures/{id}/release", operation_id = "release_erasure", tag = "privacy",
    params(("id" = Id, Path)), responses((status = 200, body = Erasure), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn release(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named(id): Named,
) -> Result<Json<Erasure>, Failure> {
    shared.app.release_erasure(principal, id.0).await?;
    Ok(Json(shown_of(&shared, principal, id.0).await?))
}

/// Ends the time in which a deletion can be taken back.
#[utoipa::path(post, path = "/api/erasures/{id}/now", operation_id = "erase_now", tag = "privacy",
    params(("id" = Id, Path)), responses((status = 200, body = Erasure), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn now(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named(id): Named,
) -> Result<Json<Erasure>, Failure> {
    shared.app.hasten_erasure(principal, id.0).await?;
    Ok(Json(shown_of(&shared, principal, id.0).await?))
}

/// The signed receipt of a deletion, as a file: an acknowledgement, until the final one is there.
#[utoipa::path(get, path = "/api/erasures/{id}/receipt", operation_id = "erasure_receipt", tag = "privacy",
    params(("id" = Id, Path)), responses((status = 200, description = "The receipt.", body = Object, content_type = "application/json"),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
pub(super) async fn receipt(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named(id): Named,
) -> Result<Response, Failure> {
    let receipt = shared.app.erasure_receipt(principal, id.0).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"receipt-{}.json\"", id.0)),
    ];
    Ok((headers, receipt).into_response())
}

/// What stands in the place of conversations that were deleted, for whoever could have read them.
#[utoipa::path(get, path = "/api/stubs", operation_id = "list_stubs", tag = "privacy",
    responses((status = 200, body = Stubs), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn stubs(State(shared): State<Shared>, Caller(principal): Caller) -> Result<Json<Stubs>, Failure> {
    let found = shared.app.stubs(principal).await?;
    let stubs = found.into_iter().map(|stub| Stub {
        conversation: stub.gone.name.into(),
        state: stub.gone.stub.into(),
        cause: stub.gone.cause.into(),
        at: stub.at.0,
        erasure: stub.erasure.into(),
    });
    Ok(Json(Stubs { stubs: stubs.collect() }))
}

fn wanted(body: NewErasure) -> Result<Wanted, app::Error> {
    let NewErasure { id: _, conversations, conversation, entries, entry, passages } = body;
    match (conversations, conversation, entries, entry, passages) {
        (Some(all), None, None, None, None) => Ok(Wanted::Conversations(all.into_iter().map(|id| id.0).collect())),
        (None, Some(id), Some(entries), None, None) => Ok(Wanted::Entries(id.0, entries)),
        (None, Some(id), None, Some(entry), Some(passages)) => {
            let passages = passages.iter().map(|one| Passage { from: one.from as usize, to: one.to as usize });
            Ok(Wanted::Passages(id.0, entry, passages.collect()))
        }
        _ => Err(app::Error::Invalid {
            field: "conversations",
            detail: "either conversations; or a conversation and entries; or a conversation, an entry and passages"
                .to_owned(),
        }),
    }
}

async fn shown_of(shared: &Shared, principal: Principal, name: PublicId) -> Result<Erasure, app::Error> {
    let listed = shared.app.erasure(principal, name).await?;
    shown(shared, principal.organisation, listed).await
}

/// Somebody who did something, while they are known.
pub(super) async fn who(
    shared: &Shared,
    organisation: OrganisationId,
    id: Option<OperatorId>,
) -> Result<Option<OperatorRef>, app::Error> {
    let Some(id) = id else { return Ok(None) };
    match shared.app.person(organisation, id).await {
        Ok(person) => Ok(Some(entries::operator_ref(&person))),
        Err(app::Error::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn shown(shared: &Shared, organisation: OrganisationId, listed: Listed) -> Result<Erasure, app::Error> {
    let Listed { erasure, pending } = listed;
    Ok(Erasure {
        id: erasure.name.into(),
        what: erasure.what.into(),
        cause: erasure.cause.into(),
        state: erasure.state.into(),
        requested_at: erasure.requested_at.0,
        requested_by: who(shared, organisation, erasure.requested_by).await?,
        destroy_at: erasure.destroy_at.0,
        braked: erasure.braked,
        released_by: who(shared, organisation, erasure.released_by).await?,
        conversations: erasure.conversations,
        messages: erasure.messages,
        keys: erasure.keys,
        shredded_at: erasure.shredded_at.map(|at| at.0),
        purged_at: erasure.purged_at.map(|at| at.0),
        placed_at: erasure.placed_at.map(|at| at.0),
        done_at: erasure.done_at.map(|at| at.0),
        pending,
    })
}
