//! What each role may do.

use axum::Json;
use domain::Role;

use super::Failure;
use super::guard::Caller;
use crate::wire::problem::Problem;
use crate::wire::session::RoleInfo;

/// The roles that a colleague can have, the widest first, and what each allows.
#[utoipa::path(get, path = "/api/roles", operation_id = "list_roles", tag = "team",
    responses((status = 200, body = Vec<RoleInfo>), (status = 401, body = Problem)))]
pub(super) async fn list(Caller(_): Caller) -> Result<Json<Vec<RoleInfo>>, Failure> {
    let info = |role: Role| RoleInfo { role: role.into(), rights: (&role.rights()).into() };
    Ok(Json(Role::OPERATORS.into_iter().map(info).collect()))
}
