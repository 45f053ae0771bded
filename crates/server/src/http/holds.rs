//! What must not be deleted yet.

use axum::Json;
use axum::extract::State;
use domain::{OrganisationId, Timestamp};
use http::StatusCode;
use store::hold::Hold;

use super::brought::{Named, Sent};
use super::guard::Caller;
use super::{Failure, Shared};
use crate::socket::entries;
use crate::wire::Id;
use crate::wire::holds::{HoldInfo, NewHold};
use crate::wire::problem::Problem;

/// What must not be deleted yet, what may be soonest first.
#[utoipa::path(get, path = "/api/holds", operation_id = "list_holds", tag = "privacy",
    responses((status = 200, body = Vec<HoldInfo>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn list(
    State(shared): State<Shared>,
    Caller(principal): Caller,
) -> Result<Json<Vec<HoldInfo>>, Failure> {
    let found = shared.app.holds(principal).await?;
    let mut items = Vec::with_capacity(found.len());
    for hold in found {
        items.push(info(&shared, principal.organisation, hold).await?);
    }
    Ok(Json(items))
}

/// Says that a conversation must not be deleted until a day. Whoever deletes it before hides it, and it is destroyed then.
#[utoipa::path(post, path = "/api/holds", operation_id = "add_hold", tag = "privacy", request_body = NewHold,
    responses((status = 201, body = HoldInfo), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn add(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Sent(body): Sent<NewHold>,
) -> Result<(StatusCode, Json<HoldInfo>), Failure> {
    let until = Timestamp(body.until);
    let hold = shared.app.set_hold(principal, body.conversation.0, body.reason.into(), until).await?;
    Ok((StatusCode::CREATED, Json(info(&shared, principal.organisation, hold).await?)))
}

/// Ends a hold before its day. What was to be deleted meanwhile is.
#[utoipa::path(delete, path = "/api/holds/{id}", operation_id = "end_hold", tag = "privacy", params(("id" = Id, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub(super) async fn end(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named(id): Named,
) -> Result<StatusCode, Failure> {
    shared.app.end_hold(principal, id.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn info(shared: &Shared, organisation: OrganisationId, hold: Hold) -> Result<HoldInfo, app::Error> {
    let set_by = match hold.set_by {
        Some(operator) => match shared.app.person(organisation, operator).await {
            Ok(person) => Some(entries::operator_ref(&person)),
            Err(app::Error::NotFound) => None,
            Err(error) => return Err(error),
        },
        None => None,
    };
    Ok(HoldInfo {
        id: hold.name.into(),
        conversation: hold.conversation_name.into(),
        label: entries::label(hold.conversation_name),
        restricted: hold.is_restricted,
        reason: hold.reason.into(),
        until: hold.until.0,
        set_by,
        set_at: hold.set_at.0,
    })
}
