//! The end of an organisation: giving notice, taking it back, and the receipt when nobody of it can sign in any more.

use app::erasure::{Standing, ToClose};
use app::team::Proof;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use domain::Principal;
use domain::erasure::State as Far;
use domain::limits::COPY_COUNTS;
use http::{StatusCode, header};
use privacy::Plaintext;

use super::brought::Sent;
use super::guard::{Anybody, AtBrowser, Caller};
use super::{Failure, Shared, erasures};
use crate::wire::closing::{Acknowledgement, CloseOrganisation, Closing, ClosingState};
use crate::wire::problem::Problem;

/// Whether the organisation is being closed, and what comes before.
#[utoipa::path(get, path = "/api/organisation/closing", operation_id = "show_closing", tag = "privacy",
    responses((status = 200, body = Closing), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn show(State(shared): State<Shared>, Caller(principal): Caller) -> Result<Json<Closing>, Failure> {
    Ok(Json(standing(&shared, principal).await?))
}

/// Gives notice for the organisation: from here on it begins no conversation, and in thirty days everything of it is destroyed.
/// At a browser only, with one's password and a code where the second factor is on.
#[utoipa::path(post, path = "/api/organisation/closing", operation_id = "close_organisation", tag = "privacy",
    request_body = CloseOrganisation,
    responses((status = 201, body = Closing), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub(super) async fn close(
    State(shared): State<Shared>,
    AtBrowser(by): AtBrowser,
    Sent(body): Sent<CloseOrganisation>,
) -> Result<(StatusCode, Json<Closing>), Failure> {
    let proof = Proof { password: Plaintext::new(body.password), code: body.code.map(Plaintext::new) };
    let wanted = ToClose { title: body.name, without_copy: body.without_copy, proof };
    shared.app.close_organisation(&by, wanted).await?;
    Ok((StatusCode::CREATED, Json(standing(&shared, by.principal).await?)))
}

/// Takes that back: everything goes on as before. At a browser only.
#[utoipa::path(delete, path = "/api/organisation/closing", operation_id = "keep_organisation", tag = "privacy",
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem)))]
pub(super) async fn keep(State(shared): State<Shared>, AtBrowser(by): AtBrowser) -> Result<StatusCode, Failure> {
    shared.app.keep_organisation(&by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The final receipt of an organisation that ended, for whoever shows its acknowledgement. Nobody has to be signed in: nobody of
/// it could be.
#[utoipa::path(post, path = "/api/closing/receipt", operation_id = "closing_receipt", tag = "privacy",
    request_body = Acknowledgement,
    responses((status = 200, description = "The receipt.", body = Object, content_type = "application/json"),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn receipt(
    State(shared): State<Shared>,
    _: Anybody,
    Sent(body): Sent<Acknowledgement>,
) -> Result<Response, Failure> {
    let receipt = shared.app.closing_receipt(&body.receipt).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], receipt).into_response())
}

async fn standing(shared: &Shared, principal: Principal) -> Result<Closing, app::Error> {
    let Standing { closing, copied_at, held, held_until } = shared.app.closing(principal).await?;
    let state = match closing.as_ref().map(|closing| closing.state) {
        None => ClosingState::Open,
        Some(Far::Waiting) => ClosingState::Waiting,
        Some(Far::Held) => ClosingState::Held,
        Some(_) => ClosingState::Ending,
    };
    let by = closing.as_ref().and_then(|closing| closing.requested_by);
    Ok(Closing {
        state,
        erasure: closing.as_ref().map(|closing| closing.name.into()),
        requested_at: closing.as_ref().map(|closing| closing.requested_at.0),
        requested_by: erasures::who(shared, principal.organisation, by).await?,
        ends_at: closing.as_ref().map(|closing| closing.destroy_at.0),
        copied_at: copied_at.map(|at| at.0),
        has_copy: copied_at.is_some_and(|at| at >= shared.app.now().minus(COPY_COUNTS)),
        held,
        held_until: held_until.map(|at| at.0),
    })
}
