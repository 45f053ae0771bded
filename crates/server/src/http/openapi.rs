//! The operations and their description (OpenAPI 3.1), one list for both. What is served of the description was made before, and
//! a test holds it to what is described here.

use axum::Router;
use axum::body::Body;
use axum::handler::Handler;
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use http::{HeaderMap, header};
use utoipa::openapi::HttpMethod;
use utoipa::{Modify as _, OpenApi, Path as _};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::{PathItemExt, routes};

use super::described::Everywhere;
use super::problem::Failure;
use super::{
    Shared, account, audit, audit_copy, backups, closing, conversations, counters, countries, erasures, exports,
    factor, groups, guests, holds, operators, passkeys, programs, retention, roles, session, setup, snippets, topics,
    widgets,
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

/// Every operation of the API, once: for the router, and for its description. Only the second needs the words, the schemas and
/// the code that puts them together, and no program that serves does: it sends the file that was made of it.
macro_rules! operations {
    ($($($module:ident::$handler:ident),+;)+) => {
        pub(super) fn router() -> Router<Shared> {
            let mut router = Router::new();
            utoipa_axum::paste! {
                $($(
                    let path = $module::[<__path_ $handler>]::path();
                    let methods = $module::[<__path_ $handler>]::methods();
                    router = router.route(&path, on(methods, $module::$handler));
                )+)+
            }
            router
        }

        fn described(mut router: OpenApiRouter<Shared>) -> OpenApiRouter<Shared> {
            $(router = router.routes(routes!($($module::$handler),+));)+
            router
        }
    };
}

operations! {
    setup::show, setup::set_up;
    setup::confirm_recovery;
    session::show, session::sign_in, session::change, session::sign_out;
    session::second_step;
    passkeys::question;
    passkeys::sign_in;
    account::sessions, account::end_others;
    account::end_session, account::recognise;
    account::change_password;
    factor::show, factor::turn_on;
    factor::draft;
    factor::turn_off;
    factor::renew_codes;
    factor::reset;
    passkeys::list, passkeys::add;
    passkeys::draft;
    passkeys::change, passkeys::remove;
    programs::list, programs::add;
    programs::remove;
    conversations::list;
    conversations::show;
    conversations::entries;
    conversations::readers;
    conversations::correct, conversations::recall;
    conversations::assign;
    conversations::set_state;
    conversations::snooze;
    guests::invite;
    guests::leave;
    operators::list, operators::invite;
    operators::change;
    operators::renew_link;
    operators::use_link;
    operators::link_holder;
    groups::list, groups::add;
    groups::rename, groups::remove;
    widgets::list;
    widgets::change;
    roles::list;
    snippets::list, snippets::add;
    snippets::change, snippets::remove;
    audit::list;
    audit_copy::export;
    audit::verify;
    audit::checkpoints;
    audit::mine;
    topics::list, topics::add;
    topics::change, topics::remove;
    topics::set;
    backups::list, backups::make;
    backups::epoch;
    backups::turn;
    backups::freeze;
    countries::show, countries::set;
    retention::show;
    retention::set;
    retention::preview;
    retention::of_conversation;
    erasures::list, erasures::add;
    erasures::show;
    erasures::undo;
    erasures::release;
    erasures::now;
    erasures::receipt;
    erasures::stubs;
    holds::list, holds::add;
    holds::end;
    exports::conversation;
    exports::organisation;
    closing::show, closing::close, closing::keep;
    closing::receipt;
    counters::table;
}

/// A handler for the methods that its description names.
fn on<H, T>(methods: Vec<HttpMethod>, handler: H) -> MethodRouter<Shared>
where
    H: Handler<T, Shared>,
    T: 'static,
{
    let filters = methods.iter().map(PathItemExt::to_method_filter);
    filters.fold(MethodRouter::new(), |router, filter| router.on(filter, handler.clone()))
}

/// The description, of which `cargo xtask regenerate` makes `docs/api/openapi.json`.
pub fn description() -> utoipa::openapi::OpenApi {
    let mut description = described(OpenApiRouter::with_openapi(Description::openapi())).into_openapi();
    Everywhere.modify(&mut description);
    description
}

pub(super) async fn document(request: HeaderMap) -> Response {
    packed("openapi.json", include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.gz")), &request)
}

/// The same for people, made by `cargo xtask regenerate`.
pub(super) async fn page(request: HeaderMap) -> Response {
    packed("index.html", include_bytes!(concat!(env!("OUT_DIR"), "/index.html.gz")), &request)
}

/// What the build packed (build.rs).
fn packed(name: &str, gzip: &'static [u8], request: &HeaderMap) -> Response {
    edge::packed(name, gzip, request)
        .map_or_else(|| Failure::from(app::Error::NotFound).into_response(), |answer| answer.map(Body::from))
}

pub(super) async fn styles() -> impl IntoResponse {
    let styles = include_str!("../../../../docs/api/docs.css");
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], styles)
}
