//! Backups, their places, and the epochs of keys.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::StatusCode;

use super::brought::Sent;
use super::guard::Caller;
use super::{Failure, Shared};
use crate::socket::entries;
use crate::wire::backups::{Backups, CopyInfo, EpochInfo, Freeze, Frozen, TurnStep};
use crate::wire::problem::Problem;

/// How backups stand, and where they lie.
#[utoipa::path(get, path = "/api/backups", operation_id = "list_backups", tag = "privacy",
    responses((status = 200, body = Backups), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn list(State(shared): State<Shared>, Caller(principal): Caller) -> Result<Json<Backups>, Failure> {
    let found = shared.app.backups(principal).await?;
    Ok(Json(Backups {
        data: found.data.into_iter().map(Into::into).collect(),
        keys: found.keys.into_iter().map(Into::into).collect(),
        late: found.is_late,
        places: found.places.into_iter().map(Into::into).collect(),
    }))
}

/// Has a backup of the data made at once.
#[utoipa::path(post, path = "/api/backups", operation_id = "make_backup", tag = "privacy",
    responses((status = 202), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem)))]
pub(super) async fn make(State(shared): State<Shared>, Caller(principal): Caller) -> Result<StatusCode, Failure> {
    shared.app.back_up_now(principal).await?;
    Ok(StatusCode::ACCEPTED)
}

/// How the epochs of keys stand.
#[utoipa::path(get, path = "/api/epoch", operation_id = "show_epoch", tag = "privacy",
    responses((status = 200, body = EpochInfo), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn epoch(State(shared): State<Shared>, Caller(principal): Caller) -> Result<Json<EpochInfo>, Failure> {
    let found = shared.app.epoch_status(principal).await?;
    let copy = |copy: store::epoch::Copy| {
        let holder = shared.app.holder_named(&copy.holder);
        CopyInfo { epoch: copy.epoch, holder, medium: copy.medium }
    };
    let frozen = shared.app.freeze_in_force(principal).await?.map(|freeze| Frozen {
        since: freeze.since.0,
        until: freeze.until.0,
        by: freeze.by.map(|person| entries::operator_ref(&person)),
        reason: freeze.reason,
    });
    Ok(Json(EpochInfo {
        current: found.current,
        settled: found.settled,
        step: TurnStep::of(found.turn.step),
        turned_at: (found.turn.to > 0).then_some(found.turn.begun_at.0),
        next_at: found.next_at.map(|at| at.0),
        late: found.is_late,
        frozen,
        may_freeze: shared.app.may_freeze().await?,
        pending: found.left.into_iter().map(copy).collect(),
    }))
}

/// Has the epoch turn at once; not again within ten minutes. Where organisations share the installation, only its command line
/// can.
#[utoipa::path(post, path = "/api/epoch/turn", operation_id = "turn_epoch", tag = "privacy",
    responses((status = 202), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem)))]
pub(super) async fn turn(State(shared): State<Shared>, Caller(principal): Caller) -> Result<StatusCode, Failure> {
    shared.app.turn_epoch_now(principal).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Puts the destruction of old keys off for some days, or ends that. Where organisations share the installation, only its
/// command line can.
#[utoipa::path(put, path = "/api/epoch/freeze", operation_id = "freeze_epoch", tag = "privacy", request_body = Freeze,
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn freeze(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Sent(body): Sent<Freeze>,
) -> Result<StatusCode, Failure> {
    let span = body.days.map(|days| Duration::from_secs(u64::from(days) * 24 * 3600));
    shared.app.freeze_epochs(principal, span, &body.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
