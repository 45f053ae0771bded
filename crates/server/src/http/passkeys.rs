//! Passkeys: signing in with one, and one's own.

use app::team::{PasskeyInfo, Proof, UsedPasskey};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use privacy::Plaintext;
use privacy::passkey::{ALGORITHMS, Place};

use super::brought::{Named, Sent};
use super::guard::{Anybody, AtBrowser, Visiting};
use super::{Failure, Shared, session};
use crate::wire::Id;
use crate::wire::passkeys::{
    NewPasskey, Passkey, PasskeyChange, PasskeyDraft, PasskeyProof, PasskeyQuestion, PasskeySignIn,
};
use crate::wire::problem::Problem;
use crate::wire::session::SessionInfo;

/// The dashboard, as it is configured: what a request calls it counts for nothing.
fn place(shared: &Shared) -> Place {
    Place::new(&shared.config.app_origin)
}

/// What a passkey is to sign, whoever it is.
#[utoipa::path(post, path = "/api/session/passkey/question", operation_id = "ask_for_passkey", tag = "session",
    responses((status = 200, body = PasskeyQuestion)))]
pub(super) async fn question(State(shared): State<Shared>, _: Anybody) -> Json<PasskeyQuestion> {
    let site = place(&shared).id().to_owned();
    Json(PasskeyQuestion { challenge: shared.app.begin_passkey_sign_in(), site })
}

/// Signs in with a passkey alone; sets the session's cookie. Whatever is wrong, the answer is the same.
#[utoipa::path(post, path = "/api/session/passkey", operation_id = "sign_in_with_passkey", tag = "session",
    request_body = PasskeySignIn,
    responses((status = 200, body = SessionInfo), (status = 401, body = Problem), (status = 429, body = Problem)))]
pub(super) async fn sign_in(
    State(shared): State<Shared>,
    Visiting(visit): Visiting,
    Sent(body): Sent<PasskeySignIn>,
) -> Result<Response, Failure> {
    let used = UsedPasskey {
        id: body.id.0,
        user: body.user.0,
        client_data: body.client_data.0,
        authenticator_data: body.authenticator_data.0,
        signature: body.signature.0,
    };
    session::welcome(&shared, &shared.app.sign_in_with_passkey(&place(&shared), &used, &visit).await?).await
}

/// One's own passkeys, the oldest first.
#[utoipa::path(get, path = "/api/passkeys", operation_id = "list_passkeys", tag = "account",
    responses((status = 200, body = Vec<Passkey>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn list(
    State(shared): State<Shared>,
    AtBrowser(by): AtBrowser,
) -> Result<Json<Vec<Passkey>>, Failure> {
    Ok(Json(shared.app.passkeys(&by).await?.into_iter().map(info).collect()))
}

/// Begins to add a passkey: with one's password, and a code where the second factor is on. Nothing is in force yet.
#[utoipa::path(post, path = "/api/passkeys/draft", operation_id = "draft_passkey", tag = "account",
    request_body = PasskeyProof,
    responses((status = 200, body = PasskeyDraft), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub(super) async fn draft(
    State(shared): State<Shared>,
    AtBrowser(by): AtBrowser,
    Sent(body): Sent<PasskeyProof>,
) -> Result<Json<PasskeyDraft>, Failure> {
    let proof = Proof { password: Plaintext::new(body.password), code: body.code.map(Plaintext::new) };
    let draft = shared.app.draft_passkey(&by, &place(&shared), proof).await?;
    Ok(Json(PasskeyDraft {
        challenge: draft.challenge,
        site: draft.place,
        user: draft.user,
        email: draft.email,
        name: draft.display,
        known: draft.known,
        algorithms: ALGORITHMS.to_vec(),
    }))
}

/// Adds the passkey that a browser made. Sessions stay; one's other windows are told.
#[utoipa::path(post, path = "/api/passkeys", operation_id = "add_passkey", tag = "account", request_body = NewPasskey,
    responses((status = 201, body = Passkey), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn add(
    State(shared): State<Shared>,
    AtBrowser(by): AtBrowser,
    Sent(body): Sent<NewPasskey>,
) -> Result<(StatusCode, Json<Passkey>), Failure> {
    let new =
        app::team::NewPasskey { title: body.name, client_data: body.client_data.0, attestation: body.attestation.0 };
    Ok((StatusCode::CREATED, Json(info(shared.app.add_passkey(&by, &place(&shared), new).await?))))
}

/// Calls a passkey something else, or says whether it was oneself who added it.
#[utoipa::path(patch, path = "/api/passkeys/{id}", operation_id = "change_passkey", tag = "account",
    params(("id" = Id, Path)), request_body = PasskeyChange,
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn change(
    State(shared): State<Shared>,
    AtBrowser(by): AtBrowser,
    Named(id): Named,
    Sent(body): Sent<PasskeyChange>,
) -> Result<StatusCode, Failure> {
    if let Some(name) = body.name {
        shared.app.rename_passkey(&by, id.0, &name).await?;
    }
    match body.mine {
        Some(true) => shared.app.recognise_passkey(&by, id.0).await?,
        Some(false) => shared.app.remove_passkey(&by, id.0).await?,
        None => {}
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a passkey. Sessions stay, and so does the password.
#[utoipa::path(delete, path = "/api/passkeys/{id}", operation_id = "remove_passkey", tag = "account",
    params(("id" = Id, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub(super) async fn remove(
    State(shared): State<Shared>,
    AtBrowser(by): AtBrowser,
    Named(id): Named,
) -> Result<StatusCode, Failure> {
    shared.app.remove_passkey(&by, id.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn info(one: PasskeyInfo) -> Passkey {
    Passkey {
        id: one.name.into(),
        name: one.title,
        created_at: one.created_at.0,
        used_day: one.used_day.map(|day| day.0),
        copied: one.is_copied,
        new: one.is_new,
    }
}
