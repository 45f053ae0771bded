//! Groups of operators.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use store::group::Group;

use super::brought::{Named, Sent};
use super::guard::Caller;
use super::{Failure, Shared};
use crate::wire::Id;
use crate::wire::problem::Problem;
use crate::wire::team::{GroupInfo, GroupName};

/// The groups of the organisation.
#[utoipa::path(get, path = "/api/groups", operation_id = "list_groups", tag = "team",
    responses((status = 200, body = Vec<GroupInfo>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn list(
    State(shared): State<Shared>,
    Caller(principal): Caller,
) -> Result<Json<Vec<GroupInfo>>, Failure> {
    Ok(Json(shared.app.groups(principal).await?.into_iter().map(info).collect()))
}

/// Makes a group.
#[utoipa::path(post, path = "/api/groups", operation_id = "add_group", tag = "team", request_body = GroupName,
    responses((status = 201, body = GroupInfo), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn add(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Sent(body): Sent<GroupName>,
) -> Result<(StatusCode, Json<GroupInfo>), Failure> {
    let group = shared.app.add_group(principal, &body.name).await?;
    Ok((StatusCode::CREATED, Json(info(group))))
}

/// Gives a group another name.
#[utoipa::path(patch, path = "/api/groups/{id}", operation_id = "rename_group", tag = "team", params(("id" = Id, Path)),
    request_body = GroupName,
    responses((status = 200, body = GroupInfo), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn rename(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named(id): Named,
    Sent(body): Sent<GroupName>,
) -> Result<Json<GroupInfo>, Failure> {
    Ok(Json(info(shared.app.rename_group(principal, id.0, &body.name).await?)))
}

/// Removes a group that no conversation is for.
#[utoipa::path(delete, path = "/api/groups/{id}", operation_id = "remove_group", tag = "team", params(("id" = Id, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn remove(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named(id): Named,
) -> Result<StatusCode, Failure> {
    shared.app.remove_group(principal, id.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn info(group: Group) -> GroupInfo {
    GroupInfo { id: group.name.into(), name: group.title }
}
