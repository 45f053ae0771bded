//! HTTP: routes by origin, and what holds for every answer.

mod account;
mod audit;
mod audit_copy;
mod backups;
mod body;
mod brought;
mod closing;
mod conversations;
mod counters;
mod countries;
mod csv;
mod described;
mod edge_routes;
mod erasures;
mod exports;
mod factor;
mod groups;
mod guard;
mod guests;
mod headers;
mod health;
mod holds;
pub mod openapi;
mod operators;
mod passkeys;
mod problem;
mod programs;
mod retention;
mod roles;
mod session;
mod setup;
mod snippets;
mod topics;
mod widgets;

use std::sync::Arc;

use app::App;
use app::rate::Source;
use app::share::Place;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::config::Config;
use crate::door::{Client, Door};
use crate::hosts::{self, Host, Misdirected};
use crate::{assets, demo, socket};

pub(crate) use guard::{bearer, bearer_or_cookie, peek};
pub use health::Readiness;
pub(crate) use problem::{Failure, turned_away};

/// What handlers share.
#[derive(Clone)]
pub struct Shared {
    /// The application.
    pub app: Arc<App>,
    /// The configuration.
    pub config: Arc<Config>,
    /// Who may come in, and how often.
    pub door: Arc<Door>,
    /// Whether the databases answer.
    pub readiness: Arc<Readiness>,
    /// Cancelled when the program is asked to end.
    pub ending: CancellationToken,
    /// Sockets that are still being served.
    pub sockets: TaskTracker,
}

/// Everything, by origin.
pub fn router(shared: Shared) -> Router {
    let routers = Routers { app: app_router(shared.clone()), widget: edge_routes::router(shared.clone()), shared };
    Router::new().fallback(by_host).with_state(routers)
}

#[derive(Clone)]
struct Routers {
    app: Router,
    widget: Router,
    shared: Shared,
}

async fn by_host(State(routers): State<Routers>, request: Request) -> Response {
    let last = is_last(&request);
    let mut response = match come_in(&routers.shared.door, request) {
        Ok((client, place, request)) => {
            let response = route(routers, request).await;
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                client.keep(place);
            }
            response
        }
        Err(failure) => failure.into_response(),
    };
    if last && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    headers::everywhere(response.headers_mut());
    response
}

/// Two that read a connection one after the other, a proxy and we, may see different ends of a request in pieces, of one
/// whose length stands under a name that is almost the right one, or of one that should have no body at all; and they may
/// differ on whether a tunnel was dug. What follows could be anybody's, so nothing follows (RFC 9112, section 11.2).
fn is_last(request: &Request) -> bool {
    let headers = request.headers();
    let has_body = headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0");
    headers.contains_key(header::TRANSFER_ENCODING)
        || headers.contains_key(header::UPGRADE)
        || request.method() == Method::CONNECT
        || has_body && request.method().is_safe()
        || headers.keys().any(is_almost_framing)
}

/// Names that some programs take for Content-Length or Transfer-Encoding, because they read `_` as `-` or skip what they
/// don't know.
fn is_almost_framing(name: &HeaderName) -> bool {
    [header::CONTENT_LENGTH, header::TRANSFER_ENCODING]
        .iter()
        .any(|framing| name != framing && letters(name).eq(letters(framing)))
}

fn letters(name: &HeaderName) -> impl Iterator<Item = u8> {
    name.as_str().bytes().filter(u8::is_ascii_alphabetic)
}

/// Nobody asks more often than an address may. Checks are not counted: a proxy's own come from the address that everybody
/// behind it seems to have where it does not say who they are, and who fails a check is taken out of service.
fn come_in(door: &Door, request: Request) -> Result<(Client, Option<Place<Source>>, Request), Failure> {
    let client = request.extensions().get::<Client>().cloned().ok_or(app::Error::Internal)?;
    if health::is_check(request.uri().path()) {
        return Ok((client, None, request));
    }
    door.request(&client).map_err(Failure::too_often)?;
    let place = match request.headers().contains_key(header::UPGRADE) {
        true => door.socket(&client).map_err(Failure::too_often)?,
        false => None,
    };
    Ok((client, place, request))
}

async fn route(routers: Routers, request: Request) -> Response {
    // A health check comes from a machine that knows no name.
    if health::is_check(request.uri().path()) {
        return health::router(routers.shared).oneshot(request).await.into_response();
    }
    let config = Arc::clone(&routers.shared.config);
    match hosts::of(&request, &config) {
        Ok(Host::App) => routers.app.oneshot(request).await.into_response(),
        Ok(Host::Widget) => routers.widget.oneshot(request).await.into_response(),
        Ok(Host::Shop) => shop(&routers.shared, request.uri().path().to_owned()).await,
        Err(Misdirected::Unknown) => Failure::misdirected().into_response(),
        Err(Misdirected::Unclear) => Failure::which_host().into_response(),
    }
}

fn app_router(shared: Shared) -> Router {
    Router::new()
        .merge(openapi::router())
        .route("/api/openapi.json", get(openapi::document))
        .route("/api/docs", get(openapi::page))
        .route("/api/docs.css", get(openapi::styles))
        .route("/api/{*unknown}", get(problem::not_found))
        .route("/socket", get(socket::operator_upgrade))
        .route("/frames", post(socket::operator_request))
        .fallback(dashboard)
        .layer(middleware::from_fn(body::whole))
        .layer(DefaultBodyLimit::max(domain::limits::BODY_BYTES))
        .layer(middleware::from_fn_with_state(shared.clone(), headers::app))
        .with_state(shared)
}

async fn dashboard(request: Request) -> Response {
    if request.method() != http::Method::GET && request.method() != http::Method::HEAD {
        return Failure::method_not_allowed().into_response();
    }
    assets::dashboard(request.uri().path(), request.headers())
        .unwrap_or_else(|| Failure::from(app::Error::NotFound).into_response())
}

async fn shop(shared: &Shared, path: String) -> Response {
    let found = shared.app.first_widget().await;
    let around = demo::Around {
        widget_origin: &shared.config.widget_origin,
        app_origin: &shared.config.app_origin,
        is_new: matches!(found, Ok(None)),
        widget: found.ok().flatten().map(|id| id.to_string()),
    };
    demo::shop(&path, &around).unwrap_or_else(demo::not_found)
}
