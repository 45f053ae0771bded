//! The first run, and the recovery key.

use std::sync::Arc;

use app::Error;
use app::installation::NewOrganisation;
use app::team::{NewOperator, Step};
use app::widget::WidgetChange;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use domain::Role;
use http::StatusCode;
use privacy::Plaintext;

use super::brought::Sent;
use super::guard::{Caller, Visiting};
use super::session::with_cookies;
use super::{Failure, Shared};
use crate::wire::installation::{RecoveryConfirmation, SetupRequest, SetupResult, SetupState};
use crate::wire::problem::Problem;

/// Whether the installation was set up.
#[utoipa::path(get, path = "/api/setup", operation_id = "show_setup", tag = "setup", responses((status = 200, body = SetupState)))]
pub(super) async fn show(State(shared): State<Shared>) -> Result<Json<SetupState>, Failure> {
    Ok(Json(SetupState { needed: shared.app.needs_set_up().await? }))
}

/// Sets the installation up; signs the owner in. Works once.
#[utoipa::path(post, path = "/api/setup", operation_id = "set_up", tag = "setup", request_body = SetupRequest,
    responses((status = 201, body = SetupResult), (status = 403, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn set_up(
    State(shared): State<Shared>,
    Visiting(visit): Visiting,
    Sent(body): Sent<SetupRequest>,
) -> Result<Response, Failure> {
    let sites = body.site.filter(|site| !site.trim().is_empty()).map(|site| vec![site]);
    let (email, password) = (body.email.clone(), Plaintext::new(body.password));
    let new = NewOrganisation {
        title: body.organisation,
        owner: NewOperator {
            name: body.name,
            email: body.email,
            password: password.clone(),
            role: Role::Owner,
            language: body.language.into(),
        },
        widget: WidgetChange {
            name: None,
            sites,
            greeting: body.greeting.filter(|greeting| !greeting.trim().is_empty()),
            colour: body.colour,
            language: Some(body.language.into()),
            ..WidgetChange::default()
        },
    };
    // Goes on even where the browser hangs up: half a set-up helps nobody.
    let (app, code) = (Arc::clone(&shared.app), body.code);
    let done = tokio::spawn(async move { app.first_set_up(&code, new).await }).await.map_err(|_| Error::Internal)??;
    let Step::Done(signed_in) = shared.app.sign_in(&email, password, &visit).await? else {
        // Somebody who has just been founded has no second factor.
        return Err(Error::Internal.into());
    };
    let result = SetupResult {
        organisation: done.organisation.into(),
        widget: done.widget.into(),
        recovery_key: done.recovery_key.map(|key| key.to_string()).unwrap_or_default(),
    };
    Ok(with_cookies(&signed_in, (StatusCode::CREATED, Json(result)).into_response()))
}

/// Shows that somebody holds the recovery key.
#[utoipa::path(post, path = "/api/recovery-key/confirmation", operation_id = "confirm_recovery_key", tag = "setup", request_body = RecoveryConfirmation,
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn confirm_recovery(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Sent(body): Sent<RecoveryConfirmation>,
) -> Result<StatusCode, Failure> {
    shared.app.confirm_recovery(principal, &Plaintext::new(body.key)).await?;
    Ok(StatusCode::NO_CONTENT)
}
