//! The audit log: reading, checking, and what is recorded about oneself.

use app::App;
use app::audit::{Broken, Fault, Query as Wanted, Record};
use axum::Json;
use axum::extract::State;
use data_encoding::HEXLOWER;
use domain::audit::Detail;
use domain::limits::{PAGE, PAGE_MOST};
use domain::{OperatorId, OrganisationId, PublicId, Timestamp};
use serde::Deserialize;
use utoipa::IntoParams;

use super::brought::{Asked, Sent};
use super::guard::Caller;
use super::{Failure, Shared};
use crate::wire::audit::{
    AreaName, AuditActor, AuditBreak, AuditCheck, AuditDetail, AuditEntry, AuditPage, AuditVerification, Checkpoint,
    FaultName, KindName,
};
use crate::wire::problem::Problem;
use crate::wire::session::OperatorRef;

/// Which entries, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditQuery {
    /// Only what this colleague did.
    actor: Option<String>,
    /// Only this kind.
    #[param(inline)]
    kind: Option<KindName>,
    /// Only this part of the product.
    area: Option<AreaName>,
    /// Not before, in microseconds of UTC.
    from: Option<i64>,
    /// Before, in microseconds of UTC.
    to: Option<i64>,
    /// Only entries before this number.
    before: Option<i64>,
    /// At most so many, 1 to 200.
    limit: Option<i64>,
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// Only entries before this number.
    before: Option<i64>,
    /// At most so many, 1 to 200.
    limit: Option<i64>,
}

/// A page of the log, the newest first. That somebody looked is recorded, once an hour.
#[utoipa::path(get, path = "/api/audit", operation_id = "list_audit", tag = "audit", params(AuditQuery),
    responses((status = 200, body = AuditPage), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn list(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Asked(query): Asked<AuditQuery>,
) -> Result<Json<AuditPage>, Failure> {
    let limit = query.limit.unwrap_or(PAGE).clamp(1, PAGE_MOST);
    let before = query.before.unwrap_or(i64::MAX);
    let wanted = wanted(query.actor.as_deref(), query.kind, query.area, query.from, query.to)?;
    let page = shared.app.audit(principal, wanted, before, limit).await?;
    shown(&shared, principal.organisation, page).await
}

/// What is recorded about the caller, and who looked at it. Everybody may.
#[utoipa::path(get, path = "/api/audit/mine", operation_id = "list_own_audit", tag = "audit", params(PageQuery),
    responses((status = 200, body = AuditPage), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub(super) async fn mine(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Asked(query): Asked<PageQuery>,
) -> Result<Json<AuditPage>, Failure> {
    let limit = query.limit.unwrap_or(PAGE).clamp(1, PAGE_MOST);
    let page = shared.app.audit_of_mine(principal, query.before.unwrap_or(i64::MAX), limit).await?;
    shown(&shared, principal.organisation, page).await
}

/// Checks the log from its first entry to its last, and against checkpoints. Where all is well, its state is signed.
#[utoipa::path(post, path = "/api/audit/verify", operation_id = "verify_audit", tag = "audit", request_body = AuditCheck,
    responses((status = 200, body = AuditVerification), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn verify(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Sent(body): Sent<AuditCheck>,
) -> Result<Json<AuditVerification>, Failure> {
    let others: Vec<app::audit::Checkpoint> = body.checkpoints.into_iter().map(Into::into).collect();
    let (verified, checkpoint) = shared.app.verify_audit(principal, &others).await?;
    Ok(Json(AuditVerification {
        entries: verified.entries,
        checkpoints: verified.checkpoints as i64,
        broken: verified.broken.map(broken),
        checkpoint: checkpoint.map(Into::into),
    }))
}

/// The signed states of the log, the oldest first.
#[utoipa::path(get, path = "/api/audit/checkpoints", operation_id = "list_audit_checkpoints", tag = "audit",
    responses((status = 200, body = Vec<Checkpoint>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn checkpoints(
    State(shared): State<Shared>,
    Caller(principal): Caller,
) -> Result<Json<Vec<Checkpoint>>, Failure> {
    Ok(Json(shared.app.checkpoints(principal).await?.into_iter().map(Into::into).collect()))
}

pub(super) fn wanted(
    actor: Option<&str>,
    kind: Option<KindName>,
    area: Option<AreaName>,
    from: Option<i64>,
    to: Option<i64>,
) -> Result<Wanted, app::Error> {
    let none = |_| app::Error::Invalid { field: "actor", detail: "there is nobody of this name here".to_owned() };
    Ok(Wanted {
        actor: actor.map(str::parse::<PublicId>).transpose().map_err(none)?,
        kind: kind.map(Into::into),
        area: area.map(Into::into),
        from: from.map(Timestamp),
        to: to.map(Timestamp),
    })
}

async fn shown(
    shared: &Shared,
    organisation: OrganisationId,
    page: app::audit::Page,
) -> Result<Json<AuditPage>, Failure> {
    let mut items = Vec::with_capacity(page.records.len());
    for record in page.records {
        items.push(entry(&shared.app, organisation, record).await?);
    }
    Ok(Json(AuditPage { items, next: page.next }))
}

/// An entry as it is sent.
pub(super) async fn entry(app: &App, organisation: OrganisationId, record: Record) -> Result<AuditEntry, app::Error> {
    let named =
        |person: &app::team::Person| OperatorRef { id: person.name.into(), name: person.display.reveal().to_owned() };
    let mut details = Vec::with_capacity(record.details.len());
    for Detail { what, before, after } in record.details {
        let (before, after) = match what.as_str() {
            "assignee" => (name(app, organisation, before).await?, name(app, organisation, after).await?),
            _ => (before, after),
        };
        details.push(AuditDetail { what, before, after });
    }
    Ok(AuditEntry {
        number: record.number,
        at: record.at.0,
        kind: record.kind,
        area: record.area.map(Into::into),
        actor: record
            .actor
            .map(|(actor, person)| AuditActor { kind: actor.into(), operator: person.as_deref().map(named) }),
        subject: record.subject.as_deref().map(named),
        origin: record.origin.map(Into::into),
        details,
        expired: record.expired,
        hash: HEXLOWER.encode(&record.hash),
    })
}

/// What somebody is called whose number an entry holds: no name stands in the log.
async fn name(app: &App, organisation: OrganisationId, number: Option<String>) -> Result<Option<String>, app::Error> {
    let Some(number) = number else { return Ok(None) };
    let Ok(operator) = number.parse().map(OperatorId) else { return Ok(Some(number)) };
    match app.person(organisation, operator).await {
        Ok(person) => Ok(Some(person.display.reveal().to_owned())),
        Err(app::Error::NotFound) => Ok(Some(number)),
        Err(error) => Err(error),
    }
}

fn broken(broken: Broken) -> AuditBreak {
    let fault = match broken.fault {
        Fault::Altered => FaultName::Altered,
        Fault::Missing => FaultName::Missing,
        Fault::Moved(_) => FaultName::Moved,
        Fault::Emptied => FaultName::Emptied,
        Fault::Truncated => FaultName::Truncated,
        Fault::RolledBack => FaultName::RolledBack,
        Fault::End => FaultName::End,
        Fault::Checkpoint => FaultName::Checkpoint,
    };
    AuditBreak { number: broken.number, fault }
}
