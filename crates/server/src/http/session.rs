//! Signing in and out.

use app::App;
use app::team::{Secret, SignedIn, Step};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use domain::Principal;
use domain::limits::{DEVICE_LIFE, SESSION_LONGEST};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use privacy::Plaintext;

use super::brought::Sent;
use super::guard::{self, Anybody, COOKIE, Caller, DEVICE_COOKIE, Visiting};
use super::{Failure, Shared};
use crate::wire::problem::Problem;
use crate::wire::session::{OperatorRef, OrganisationRef, SecondStep, SessionChange, SessionInfo, SignIn, SignInCode};

/// Who is signed in.
#[utoipa::path(get, path = "/api/session", operation_id = "show_session", tag = "session",
    responses((status = 200, body = SessionInfo), (status = 401, body = Problem)))]
pub(super) async fn show(
    State(shared): State<Shared>,
    Caller(principal): Caller,
) -> Result<Json<SessionInfo>, Failure> {
    Ok(Json(info(&shared, principal).await?))
}

/// Signs in with address and password; sets the session's cookie. Where there is a second factor, the answer is 202 and a
/// token for the second step instead, and nobody is signed in yet.
#[utoipa::path(post, path = "/api/session", operation_id = "sign_in", tag = "session", request_body = SignIn,
    responses((status = 200, body = SessionInfo), (status = 202, body = SecondStep), (status = 401, body = Problem),
        (status = 429, body = Problem)))]
pub(super) async fn sign_in(
    State(shared): State<Shared>,
    Visiting(visit): Visiting,
    Sent(body): Sent<SignIn>,
) -> Result<Response, Failure> {
    match shared.app.sign_in(&body.email, Plaintext::new(body.password), &visit).await? {
        Step::Done(signed_in) => welcome(&shared, &signed_in).await,
        Step::Code(pending) => {
            let step = SecondStep { token: pending.token.expose().to_owned() };
            Ok((StatusCode::ACCEPTED, Json(step)).into_response())
        }
    }
}

/// Signs in with the token of the first step and a code of the second factor, or a recovery code.
#[utoipa::path(post, path = "/api/session/code", operation_id = "sign_in_with_code", tag = "session",
    request_body = SignInCode,
    responses((status = 200, body = SessionInfo), (status = 401, body = Problem), (status = 429, body = Problem)))]
pub(super) async fn second_step(
    State(shared): State<Shared>,
    Visiting(visit): Visiting,
    Sent(body): Sent<SignInCode>,
) -> Result<Response, Failure> {
    let (token, code) = (Secret::new(body.token), Plaintext::new(body.code));
    welcome(&shared, &shared.app.second_step(&token, &code, &visit).await?).await
}

pub(super) async fn welcome(shared: &Shared, signed_in: &SignedIn) -> Result<Response, Failure> {
    let info = info(shared, signed_in.principal).await?;
    Ok(with_cookies(signed_in, Json(info).into_response()))
}

/// Changes the language of one's own screens.
#[utoipa::path(patch, path = "/api/session", operation_id = "change_session", tag = "session", request_body = SessionChange,
    responses((status = 200, body = SessionInfo), (status = 401, body = Problem)))]
pub(super) async fn change(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Sent(body): Sent<SessionChange>,
) -> Result<Json<SessionInfo>, Failure> {
    shared.app.speak(principal, body.language.into()).await?;
    Ok(Json(info(&shared, principal).await?))
}

/// Signs out. Doing it twice is no error.
#[utoipa::path(delete, path = "/api/session", operation_id = "sign_out", tag = "session", responses((status = 204)))]
pub(super) async fn sign_out(
    State(shared): State<Shared>,
    _: Anybody,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    if let Some(secret) = guard::cookie(&headers) {
        shared.app.sign_out(&secret).await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    let gone = format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    if let Ok(gone) = HeaderValue::from_str(&gone) {
        response.headers_mut().insert(header::SET_COOKIE, gone);
    }
    Ok(response)
}

/// Adds the cookies of a session and of the browser to an answer.
pub(super) fn with_cookies(signed_in: &SignedIn, mut response: Response) -> Response {
    for (name, secret, life) in
        [(COOKIE, &signed_in.secret, SESSION_LONGEST), (DEVICE_COOKIE, &signed_in.device, DEVICE_LIFE)]
    {
        let age = life.as_secs();
        let cookie = format!("{name}={}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={age}", secret.expose());
        if let Ok(mut cookie) = HeaderValue::from_str(&cookie) {
            cookie.set_sensitive(true);
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

async fn info(shared: &Shared, principal: Principal) -> Result<SessionInfo, app::Error> {
    let app: &App = &shared.app;
    let person = app.person(principal.organisation, principal.operator).await?;
    let (id, name) = app.organisation(principal.organisation).await?;
    Ok(SessionInfo {
        operator: OperatorRef { id: person.name.into(), name: person.display.reveal().to_owned() },
        role: principal.role.into(),
        language: person.language.into(),
        organisation: OrganisationRef { id: id.into(), name: name.to_string() },
        closing_at: app.closing_at(principal.organisation).await?.map(|at| at.0),
        rights: (&principal.rights).into(),
        grantable: app::team::grantable(principal).map(Into::into).collect(),
        recovery_key_confirmed: app.is_recovery_confirmed(principal).await?,
        widget_origin: shared.config.widget_origin.clone(),
        shop_url: shared.config.shop_origin.clone(),
    })
}
