//! Who works here.

use axum::Json;
use axum::extract::State;

use super::guard::Caller;
use super::{Failure, Shared};
use crate::wire::problem::Problem;
use crate::wire::session::OperatorInfo;

/// Everybody who works in the organisation.
#[utoipa::path(get, path = "/api/operators", operation_id = "list_operators", tag = "team",
    responses((status = 200, body = Vec<OperatorInfo>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn list(
    State(shared): State<Shared>,
    Caller(principal): Caller,
) -> Result<Json<Vec<OperatorInfo>>, Failure> {
    let colleagues = shared.app.operators(principal).await?;
    Ok(Json(
        colleagues
            .into_iter()
            .map(|colleague| OperatorInfo {
                id: colleague.person.name.into(),
                name: colleague.person.display.reveal().to_owned(),
                role: colleague.person.role.into(),
                online: colleague.online,
            })
            .collect(),
    ))
}
