//! One's own sessions and password. For people at their browsers only.

use app::team::SessionListed;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use privacy::Plaintext;

use super::brought::{Named, Sent};
use super::guard::AtBrowser;
use super::{Failure, Shared};
use crate::wire::Id;
use crate::wire::account::{OwnSession, PasswordChange, SessionJudgement};
use crate::wire::problem::Problem;

/// One's own sessions.
#[utoipa::path(get, path = "/api/sessions", operation_id = "list_sessions", tag = "account",
    responses((status = 200, body = Vec<OwnSession>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn sessions(
    State(shared): State<Shared>,
    AtBrowser(by): AtBrowser,
) -> Result<Json<Vec<OwnSession>>, Failure> {
    Ok(Json(shared.app.sessions(&by).await?.into_iter().map(info).collect()))
}

/// Ends all of one's sessions but the one that asks.
#[utoipa::path(delete, path = "/api/sessions", operation_id = "end_other_sessions", tag = "account",
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn end_others(State(shared): State<Shared>, AtBrowser(by): AtBrowser) -> Result<StatusCode, Failure> {
    shared.app.end_other_sessions(&by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends one of one's sessions; its windows close within seconds.
#[utoipa::path(delete, path = "/api/sessions/{id}", operation_id = "end_session", tag = "account", params(("id" = Id, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub(super) async fn end_session(
    State(shared): State<Shared>,
    AtBrowser(by): AtBrowser,
    Named(id): Named,
) -> Result<StatusCode, Failure> {
    shared.app.end_session(&by, id.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says that it was oneself who signed in with a new browser.
#[utoipa::path(patch, path = "/api/sessions/{id}", operation_id = "recognise_session", tag = "account",
    params(("id" = Id, Path)), request_body = SessionJudgement,
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn recognise(
    State(shared): State<Shared>,
    AtBrowser(by): AtBrowser,
    Named(id): Named,
    Sent(body): Sent<SessionJudgement>,
) -> Result<StatusCode, Failure> {
    match body.mine {
        true => shared.app.recognise_session(&by, id.0).await?,
        false => shared.app.end_session(&by, id.0).await?,
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Changes one's own password; one's other sessions end.
#[utoipa::path(put, path = "/api/password", operation_id = "change_password", tag = "account",
    request_body = PasswordChange,
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem), (status = 429, body = Problem)))]
pub(super) async fn change_password(
    State(shared): State<Shared>,
    AtBrowser(by): AtBrowser,
    Sent(body): Sent<PasswordChange>,
) -> Result<StatusCode, Failure> {
    let (current, new) = (Plaintext::new(body.current), Plaintext::new(body.password));
    shared.app.change_own_password(&by, current, new).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn info(session: SessionListed) -> OwnSession {
    OwnSession {
        id: session.name.into(),
        browser: session.browser.into(),
        platform: session.platform.into(),
        created_at: session.created_at.0,
        used_at: session.used_at.0,
        current: session.is_current,
        new: session.is_new,
    }
}
