//! Programs and their tokens.

use app::team::Proof;
use axum::Json;
use axum::extract::State;
use domain::{OrganisationId, Principal};
use http::StatusCode;
use privacy::Plaintext;

use super::brought::{Named, Sent};
use super::guard::{AtBrowser, Caller};
use super::{Failure, Shared};
use crate::wire::Id;
use crate::wire::problem::Problem;
use crate::wire::programs::{NewProgram, ProgramInfo, ProgramMade};
use crate::wire::session::OperatorRef;

/// The programs of the organisation.
#[utoipa::path(get, path = "/api/programs", operation_id = "list_programs", tag = "programs",
    responses((status = 200, body = Vec<ProgramInfo>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn list(
    State(shared): State<Shared>,
    Caller(principal): Caller,
) -> Result<Json<Vec<ProgramInfo>>, Failure> {
    let mut programs = Vec::new();
    for program in shared.app.programs(principal).await? {
        programs.push(info(&shared, principal.organisation, program).await?);
    }
    Ok(Json(programs))
}

/// Makes a token with which a program acts for oneself. The token is shown this once.
#[utoipa::path(post, path = "/api/programs", operation_id = "add_program", tag = "programs", request_body = NewProgram,
    responses((status = 201, body = ProgramMade), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub(super) async fn add(
    State(shared): State<Shared>,
    AtBrowser(by): AtBrowser,
    Sent(body): Sent<NewProgram>,
) -> Result<(StatusCode, Json<ProgramMade>), Failure> {
    let given = body.rights.iter().map(|right| (right.capability.into(), right.level.into())).collect();
    let new = app::team::NewProgram { title: body.name, given, days: body.days };
    let proof = Proof { password: Plaintext::new(body.password), code: body.code.map(Plaintext::new) };
    let (program, secret) = shared.app.add_program(&by, new, proof).await?;
    let Principal { organisation, .. } = by.principal;
    let program = info(&shared, organisation, program).await?;
    Ok((StatusCode::CREATED, Json(ProgramMade { program, token: secret.expose().to_owned() })))
}

/// Takes a token back; it ends at once.
#[utoipa::path(delete, path = "/api/programs/{id}", operation_id = "remove_program", tag = "programs",
    params(("id" = Id, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub(super) async fn remove(
    State(shared): State<Shared>,
    AtBrowser(by): AtBrowser,
    Named(id): Named,
) -> Result<StatusCode, Failure> {
    shared.app.remove_program(&by, id.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn info(
    shared: &Shared,
    organisation: OrganisationId,
    program: app::team::ProgramInfo,
) -> Result<ProgramInfo, app::Error> {
    let person = shared.app.person(organisation, program.operator).await?;
    Ok(ProgramInfo {
        id: program.name.into(),
        name: program.title,
        operator: OperatorRef { id: person.name.into(), name: person.display.reveal().to_owned() },
        rights: program.given.map(|given| given.into_iter().map(Into::into).collect()),
        created_at: program.created_at.0,
        expires_at: program.expires_at.0,
        used_day: program.used_day.map(|day| day.0),
    })
}
