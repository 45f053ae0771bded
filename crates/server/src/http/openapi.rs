//! The operations and their description (OpenAPI 3.1), one list for both.

use std::sync::LazyLock;

use axum::Router;
use axum::body::Bytes;
use axum::response::IntoResponse;
use http::header;
use utoipa::{Modify as _, OpenApi};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use super::described::Everywhere;
use super::{
    Shared, account, audit, audit_copy, conversations, factor, groups, operators, passkeys, programs, roles, session,
    setup, snippets, topics, widgets,
};
use crate::wire::frames::{ClientFrame, ServerFrame};
use crate::wire::widgets::WidgetConfig;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Diskret",
        description = "The operators' API. Errors are problem details (RFC 9457). Browsers sign in with a cookie, \
                       programs with `Authorization: Bearer`. The socket's frames are described in docs/protocol.md.",
        license(name = "EUPL-1.2", identifier = "EUPL-1.2")
    ),
    components(schemas(ClientFrame, ServerFrame, WidgetConfig))
)]
struct Description;

/// Every operation of the API: made one by one, because each brings its part of the description along.
const OPERATIONS: &[fn() -> UtoipaMethodRouter<Shared>] = &[
    || routes!(setup::show, setup::set_up),
    || routes!(setup::confirm_recovery),
    || routes!(session::show, session::sign_in, session::change, session::sign_out),
    || routes!(session::second_step),
    || routes!(passkeys::question),
    || routes!(passkeys::sign_in),
    || routes!(account::sessions, account::end_others),
    || routes!(account::end_session, account::recognise),
    || routes!(account::change_password),
    || routes!(factor::show, factor::turn_on),
    || routes!(factor::draft),
    || routes!(factor::turn_off),
    || routes!(factor::renew_codes),
    || routes!(factor::reset),
    || routes!(passkeys::list, passkeys::add),
    || routes!(passkeys::draft),
    || routes!(passkeys::change, passkeys::remove),
    || routes!(programs::list, programs::add),
    || routes!(programs::remove),
    || routes!(conversations::list),
    || routes!(conversations::show),
    || routes!(conversations::entries),
    || routes!(conversations::correct, conversations::recall),
    || routes!(conversations::assign),
    || routes!(conversations::set_state),
    || routes!(conversations::snooze),
    || routes!(operators::list, operators::invite),
    || routes!(operators::change),
    || routes!(operators::renew_link),
    || routes!(operators::use_link),
    || routes!(groups::list, groups::add),
    || routes!(groups::rename, groups::remove),
    || routes!(widgets::list),
    || routes!(widgets::change),
    || routes!(roles::list),
    || routes!(snippets::list, snippets::add),
    || routes!(snippets::change, snippets::remove),
    || routes!(audit::list),
    || routes!(audit_copy::export),
    || routes!(audit::verify),
    || routes!(audit::checkpoints),
    || routes!(audit::mine),
    || routes!(topics::list, topics::add),
    || routes!(topics::change, topics::remove),
    || routes!(topics::set),
];

/// The operations alone. A whole description made on the way and thrown away was measured to leave 0.7 MiB behind.
pub(super) fn router() -> Router<Shared> {
    OPERATIONS.iter().fold(Router::new(), |router, operation| router.merge(OpenApiRouter::new().routes(operation())))
}

/// The description, as served and as kept in `docs/api/openapi.json`.
pub fn description() -> utoipa::openapi::OpenApi {
    let bare = OpenApiRouter::with_openapi(Description::openapi());
    let mut description = OPERATIONS.iter().fold(bare, |router, operation| router.routes(operation())).into_openapi();
    Everywhere.modify(&mut description);
    description
}

/// Written once: anybody may ask for it, and putting it together takes far longer than sending it.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| serde_json::to_vec(&description()).unwrap_or_default().into());

pub(super) async fn document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.clone())
}

/// The same for people, made by `cargo xtask regenerate`.
pub(super) async fn page() -> impl IntoResponse {
    let page = include_str!("../../../../docs/api/index.html");
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], page)
}

pub(super) async fn styles() -> impl IntoResponse {
    let styles = include_str!("../../../../docs/api/docs.css");
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], styles)
}
