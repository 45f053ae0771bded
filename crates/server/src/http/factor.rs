//! The second factor: one's own, and a colleague's who has lost their phone.

use app::team::FactorState;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use privacy::Plaintext;
use qrcodegen::{QrCode, QrCodeEcc};

use super::brought::{Named, Sent};
use super::guard::AtBrowser;
use super::{Failure, Shared};
use crate::wire::Id;
use crate::wire::account::{OwnProof, RecoveryCodes, SecondFactor, SecondFactorDraft, SecondFactorOn};
use crate::wire::problem::Problem;

/// Whether one has a second factor.
#[utoipa::path(get, path = "/api/second-factor", operation_id = "show_second_factor", tag = "account",
    responses((status = 200, body = SecondFactor), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn show(
    State(shared): State<Shared>,
    AtBrowser(by): AtBrowser,
) -> Result<Json<SecondFactor>, Failure> {
    let FactorState { is_on, codes, reset_at } = shared.app.second_factor(&by).await?;
    Ok(Json(SecondFactor { on: is_on, recovery_codes: codes, reset_at: reset_at.map(|at| at.0) }))
}

/// Makes a secret for a phone. Nothing is in force yet.
#[utoipa::path(post, path = "/api/second-factor/draft", operation_id = "draft_second_factor", tag = "account",
    responses((status = 200, body = SecondFactorDraft), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem)))]
pub(super) async fn draft(
    State(shared): State<Shared>,
    AtBrowser(by): AtBrowser,
) -> Result<Json<SecondFactorDraft>, Failure> {
    let draft = shared.app.draft_second_factor(&by).await?;
    let code = QrCode::encode_text(&draft.uri, QrCodeEcc::Medium).map_err(|_| app::Error::Internal)?;
    Ok(Json(SecondFactorDraft {
        secret: draft.secret.to_string(),
        uri: draft.uri.to_string(),
        qr_size: code.size(),
        qr_path: path_of(&code),
    }))
}

/// Turns the second factor on; one's other sessions end. The recovery codes are shown this once.
#[utoipa::path(put, path = "/api/second-factor", operation_id = "turn_second_factor_on", tag = "account",
    request_body = SecondFactorOn,
    responses((status = 200, body = RecoveryCodes), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub(super) async fn turn_on(
    State(shared): State<Shared>,
    AtBrowser(by): AtBrowser,
    Sent(body): Sent<SecondFactorOn>,
) -> Result<Json<RecoveryCodes>, Failure> {
    let (password, code) = (Plaintext::new(body.password), Plaintext::new(body.code));
    let codes = shared.app.turn_second_factor_on(&by, password, &Plaintext::new(body.secret), &code).await?;
    Ok(Json(RecoveryCodes { codes: codes.0 }))
}

/// Turns it off.
#[utoipa::path(post, path = "/api/second-factor/removal", operation_id = "turn_second_factor_off", tag = "account",
    request_body = OwnProof,
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem), (status = 429, body = Problem)))]
pub(super) async fn turn_off(
    State(shared): State<Shared>,
    AtBrowser(by): AtBrowser,
    Sent(body): Sent<OwnProof>,
) -> Result<StatusCode, Failure> {
    shared.app.turn_second_factor_off(&by, Plaintext::new(body.password), Plaintext::new(body.code)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes new recovery codes; those before are good no more.
#[utoipa::path(post, path = "/api/second-factor/recovery-codes", operation_id = "renew_recovery_codes", tag = "account",
    request_body = OwnProof,
    responses((status = 200, body = RecoveryCodes), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem), (status = 429, body = Problem)))]
pub(super) async fn renew_codes(
    State(shared): State<Shared>,
    AtBrowser(by): AtBrowser,
    Sent(body): Sent<OwnProof>,
) -> Result<Json<RecoveryCodes>, Failure> {
    let (password, code) = (Plaintext::new(body.password), Plaintext::new(body.code));
    Ok(Json(RecoveryCodes { codes: shared.app.renew_recovery_codes(&by, password, code).await?.0 }))
}

/// Turns a colleague's second factor off and removes their passkeys, who has lost their phone; they are told so at their next
/// sign-in.
#[utoipa::path(delete, path = "/api/operators/{id}/second-factor", operation_id = "reset_second_factor", tag = "team",
    params(("id" = Id, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn reset(
    State(shared): State<Shared>,
    AtBrowser(by): AtBrowser,
    Named(id): Named,
) -> Result<StatusCode, Failure> {
    shared.app.reset_second_factor(&by, id.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The dark modules, row by row, as a path that a page draws itself: nothing of it is markup.
fn path_of(code: &QrCode) -> String {
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let dark = (x..code.size()).take_while(|x| code.get_module(*x, y)).count();
            if dark > 0 {
                path.push_str(&format!("M{x} {y}h{dark}v1h-{dark}z"));
            }
            x += i32::try_from(dark).unwrap_or(0) + 1;
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_covers_the_dark_modules_and_no_other() {
        let code = QrCode::encode_text("otpauth://totp/x", QrCodeEcc::Medium).unwrap();
        let size = usize::try_from(code.size()).unwrap();
        let mut drawn = vec![vec![false; size]; size];
        for run in path_of(&code).split('M').skip(1) {
            let (x, rest) = run.split_once(' ').unwrap();
            let (y, rest) = rest.split_once('h').unwrap();
            let dark: usize = rest.split_once('v').unwrap().0.parse().unwrap();
            let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
            drawn[y][x..x + dark].fill(true);
        }
        for (y, row) in drawn.iter().enumerate() {
            for (x, dark) in row.iter().enumerate() {
                assert_eq!(*dark, code.get_module(x as i32, y as i32), "{x} {y}");
            }
        }
    }
}
