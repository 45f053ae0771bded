//! The demonstration shop: a page of a customer's, with the first widget on it.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../web/shop"]
#[allow_missing = true]
struct Files;

/// A page or file of the shop, with the widget's place filled in.
pub(crate) fn shop(path: &str, widget_origin: &str, widget: Option<String>) -> Option<Response> {
    let path = match path.trim_start_matches('/') {
        "" => "index.html",
        path => path,
    };
    let mut answer = edge::file::<Files>(path, &HeaderMap::new(), "no-cache")?;
    if path.ends_with(".html") {
        let page = String::from_utf8_lossy(answer.body());
        let page =
            page.replace("{{WIDGET_ORIGIN}}", widget_origin).replace("{{WIDGET_ID}}", &widget.unwrap_or_default());
        *answer.body_mut() = Bytes::from(page);
        // As strict as a careful customer's: the widget must work under it (A13).
        let policy = format!(
            "default-src 'self'; script-src 'self' {widget_origin}; connect-src 'self' {widget_origin}; \
             frame-src {widget_origin}; style-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
             frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
        );
        answer.headers_mut().remove(header::ETAG);
        answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_str(&policy).ok()?);
    }
    Some(answer.map(Body::from))
}

/// What the shop says before the installation was set up.
pub(crate) fn not_found() -> Response {
    let mut response = Response::new(Body::from("There is no such page in this shop."));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
