//! Countries in which an organisation's data may lie.

use axum::Json;
use axum::extract::State;

use super::brought::Sent;
use super::guard::Caller;
use super::{Failure, Shared};
use crate::wire::countries::{AllowedCountries, Countries};
use crate::wire::problem::Problem;

/// In which countries the organisation's data may lie, and where they do.
#[utoipa::path(get, path = "/api/countries", operation_id = "show_countries", tag = "privacy",
    responses((status = 200, body = Countries), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn show(State(shared): State<Shared>, Caller(principal): Caller) -> Result<Json<Countries>, Failure> {
    Ok(Json(shared.app.countries(principal).await?.into()))
}

/// Says in which countries the organisation's data may lie. One in which something lies cannot be left out.
#[utoipa::path(put, path = "/api/countries", operation_id = "set_countries", tag = "privacy",
    request_body = AllowedCountries,
    responses((status = 200, body = Countries), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn set(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Sent(body): Sent<AllowedCountries>,
) -> Result<Json<Countries>, Failure> {
    Ok(Json(shared.app.set_countries(principal, &body.countries).await?.into()))
}
