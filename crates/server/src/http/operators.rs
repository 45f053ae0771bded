//! Who works here.

use app::team::{Colleague, Person, Secret, There};
use axum::Json;
use axum::extract::State;
use domain::{Principal, PublicId};
use http::StatusCode;
use privacy::Plaintext;

use super::brought::{Named, Sent};
use super::guard::{Anybody, AtBrowser, Caller, Visiting};
use super::{Failure, Shared};
use crate::wire::Id;
use crate::wire::problem::Problem;
use crate::wire::team::{Invitation, Invited, Link, LinkHolder, LinkSecret, LinkUse, OperatorChange, OperatorInfo};

/// Everybody who works in the organisation, and who has left it.
#[utoipa::path(get, path = "/api/operators", operation_id = "list_operators", tag = "team",
    responses((status = 200, body = Vec<OperatorInfo>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn list(
    State(shared): State<Shared>,
    Caller(principal): Caller,
) -> Result<Json<Vec<OperatorInfo>>, Failure> {
    let groups = group_names(&shared, principal).await?;
    let colleagues = shared.app.operators(principal).await?;
    Ok(Json(colleagues.iter().map(|Colleague { person, there }| info(person, *there, &groups)).collect()))
}

/// Adds a colleague. The link with which they set their password is shown this once.
#[utoipa::path(post, path = "/api/operators", operation_id = "invite_operator", tag = "team", request_body = Invitation,
    responses((status = 201, body = Invited), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn invite(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Sent(body): Sent<Invitation>,
) -> Result<(StatusCode, Json<Invited>), Failure> {
    let invitation = app::team::Invitation {
        name: body.name,
        email: body.email,
        role: body.role.into(),
        groups: body.groups.into_iter().map(|id| id.0).collect(),
        language: body.language.into(),
    };
    let (person, made) = shared.app.invite(principal, invitation).await?;
    let groups = group_names(&shared, principal).await?;
    let invited = Invited { operator: info(&person, There::Offline, &groups), link: link(&shared, &made) };
    Ok((StatusCode::CREATED, Json(invited)))
}

/// Changes a colleague's role or groups, or whether they work here.
#[utoipa::path(patch, path = "/api/operators/{id}", operation_id = "change_operator", tag = "team", params(("id" = Id, Path)),
    request_body = OperatorChange,
    responses((status = 200, body = OperatorInfo), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn change(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named(id): Named,
    Sent(body): Sent<OperatorChange>,
) -> Result<Json<OperatorInfo>, Failure> {
    let change = app::team::OperatorChange {
        role: body.role.map(Into::into),
        groups: body.groups.map(|groups| groups.into_iter().map(|id| id.0).collect()),
        active: body.active,
    };
    let person = shared.app.change_operator(principal, id.0, change).await?;
    let groups = group_names(&shared, principal).await?;
    Ok(Json(info(&person, shared.app.is_there(&person), &groups)))
}

/// Makes a link with which a colleague sets a new password. The one before is good no more.
#[utoipa::path(post, path = "/api/operators/{id}/link", operation_id = "renew_link", tag = "team", params(("id" = Id, Path)),
    responses((status = 200, body = Link), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn renew_link(
    State(shared): State<Shared>,
    AtBrowser(by): AtBrowser,
    Named(id): Named,
) -> Result<Json<Link>, Failure> {
    let made = shared.app.renew_link(&by, id.0).await?;
    Ok(Json(link(&shared, &made)))
}

/// Sets a password by a link; every session of whose it is ends. Then they sign in as always.
#[utoipa::path(post, path = "/api/link", operation_id = "use_link", tag = "session", request_body = LinkUse,
    responses((status = 204), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn use_link(
    State(shared): State<Shared>,
    Visiting(visit): Visiting,
    Sent(body): Sent<LinkUse>,
) -> Result<StatusCode, Failure> {
    shared.app.use_link(&Secret::new(body.secret), Plaintext::new(body.password), visit.platform.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tells for whom a link is, so that they know where they set a password. It is not used up; one that is not good any more
/// tells nothing.
#[utoipa::path(post, path = "/api/link/holder", operation_id = "show_link_holder", tag = "session",
    request_body = LinkSecret,
    responses((status = 200, body = LinkHolder), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn link_holder(
    State(shared): State<Shared>,
    _: Anybody,
    Sent(body): Sent<LinkSecret>,
) -> Result<Json<LinkHolder>, Failure> {
    let holder = shared.app.holder_of_link(&Secret::new(body.secret)).await?;
    let organisation = holder.organisation.to_string();
    Ok(Json(LinkHolder { organisation, email: holder.email.reveal().to_owned() }))
}

/// Groups' names outside by number.
pub(super) type GroupNames = Vec<(domain::GroupNumber, PublicId)>;

pub(super) async fn group_names(shared: &Shared, principal: Principal) -> Result<GroupNames, Failure> {
    Ok(shared.app.groups(principal).await?.into_iter().map(|group| (group.number, group.name)).collect())
}

pub(super) fn info(person: &Person, there: There, groups: &GroupNames) -> OperatorInfo {
    OperatorInfo {
        id: person.name.into(),
        name: person.display.reveal().to_owned(),
        role: person.role.into(),
        groups: groups
            .iter()
            .filter(|(number, _)| person.groups.contain(*number))
            .map(|(_, id)| (*id).into())
            .collect(),
        invited: person.invited,
        active: person.deactivated_at.is_none(),
        online: there == There::Online,
        away: there == There::Away,
    }
}

fn link(shared: &Shared, made: &app::team::Link) -> Link {
    Link {
        url: format!("{}/link#secret={}", shared.config.app_origin, made.secret.expose()),
        expires_at: made.expires_at.0,
    }
}
