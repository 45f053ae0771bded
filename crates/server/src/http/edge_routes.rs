//! The widget's origin: static files, published configurations, the visitors' socket. No cookie, ever.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use domain::PublicId;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{Shared, body, headers};
use crate::socket;
use crate::wire::widgets::WidgetConfig;

pub(super) fn router(shared: Shared) -> Router {
    let routes = Router::new()
        .route("/config/{file}", get(configuration))
        .route("/messenger/{widget}", get(messenger))
        .route("/socket", get(socket::visitor_upgrade))
        .route("/frames", post(socket::visitor_request));
    #[cfg(test)]
    let routes = routes.route("/echo/{plant}", get(socket::echo::upgrade));
    routes
        .fallback(asset)
        .layer(middleware::from_fn(body::whole))
        .layer(middleware::from_fn_with_state(shared.clone(), common))
        .with_state(shared)
}

async fn common(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let origin = &shared.config.widget_origin;
    headers::common(response.headers_mut(), origin);
    if !response.headers().contains_key(header::CONTENT_SECURITY_POLICY)
        && let Ok(policy) = HeaderValue::from_str(&edge::policy("'none'", origin))
    {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

async fn asset(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    edge::asset(path, request.headers()).map_or_else(nothing, |answer| answer.map(Body::from))
}

async fn configuration(State(shared): State<Shared>, Path(file): Path<String>) -> Response {
    // Readable from any page, so that a wrong id shows as "not found" there and not as a riddle about origins.
    let unknown = || ([(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], nothing()).into_response();
    let Some(id) = file.strip_suffix(".json").and_then(|id| id.parse::<PublicId>().ok()) else {
        return unknown();
    };
    let Ok(published) = shared.app.published(id).await else {
        return unknown();
    };
    let config = WidgetConfig {
        id: published.id.into(),
        organisation: published.organisation.to_string(),
        language: published.language.into(),
        greeting: published.greeting,
        colour: published.colour,
        online: published.online,
    };
    let json = serde_json::to_vec(&config).unwrap_or_default();
    edge::configuration(json).map_or_else(nothing, |answer| answer.map(Body::from))
}

async fn messenger(State(shared): State<Shared>, Path(widget): Path<String>, request: HeaderMap) -> Response {
    let Ok(id) = widget.parse::<PublicId>() else {
        return nothing();
    };
    let Ok(published) = shared.app.published(id).await else {
        return nothing();
    };
    let mut sites = published.sites;
    // The demonstration shop shows the first widget whatever sites it is for; none named means any.
    if let (Some(shop), false) = (&shared.config.shop_origin, sites.is_empty()) {
        sites.push(shop.clone());
    }
    edge::messenger(&sites, &shared.config.widget_origin, &request)
        .map_or_else(nothing, |answer| answer.map(Body::from))
}

fn nothing() -> Response {
    StatusCode::NOT_FOUND.into_response()
}
