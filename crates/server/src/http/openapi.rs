//! The operations and their description (OpenAPI 3.1), one list for both.

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::response::IntoResponse;
use http::header;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Shared, conversations, groups, operators, session, setup, snippets, widgets};
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

/// Every operation of the API.
pub fn api() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(setup::show, setup::set_up))
        .routes(routes!(setup::confirm_recovery))
        .routes(routes!(session::show, session::sign_in, session::change, session::sign_out))
        .routes(routes!(conversations::list))
        .routes(routes!(conversations::show))
        .routes(routes!(conversations::entries))
        .routes(routes!(conversations::assign))
        .routes(routes!(conversations::set_state))
        .routes(routes!(operators::list, operators::invite))
        .routes(routes!(operators::change))
        .routes(routes!(operators::renew_link))
        .routes(routes!(operators::use_link))
        .routes(routes!(groups::list, groups::add))
        .routes(routes!(groups::rename, groups::remove))
        .routes(routes!(snippets::list, snippets::add))
        .routes(routes!(snippets::change, snippets::remove))
        .routes(routes!(widgets::list))
        .routes(routes!(widgets::change))
}

/// The description, as served and as kept in `docs/api/openapi.json`.
pub fn description() -> utoipa::openapi::OpenApi {
    api().split_for_parts().1
}

/// Written once: anybody may ask for it, and putting it together takes far longer than sending it.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| serde_json::to_vec(&description()).unwrap_or_default().into());

pub(super) async fn document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.clone())
}
