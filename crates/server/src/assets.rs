//! The dashboard's files, embedded in the program: packed, the plain ones are not in it.

use axum::body::Body;
use axum::response::Response;
use http::HeaderMap;
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../web/dashboard/dist/packed"]
#[allow_missing = true]
struct Files;

/// A file of the dashboard; its hashed files never change, its page always may.
pub(crate) fn dashboard(path: &str, request: &HeaderMap) -> Option<Response> {
    let path = path.trim_start_matches('/');
    let (path, caching) = match path {
        "" | "index.html" => ("index.html", "no-cache"),
        path if path.starts_with("assets/") => (path, "public, max-age=31536000, immutable"),
        path if path.contains('.') => (path, "no-cache"),
        // Every other path is a screen of the single page.
        _ => ("index.html", "no-cache"),
    };
    if path.ends_with(".br") || path.ends_with(".gz") {
        return None;
    }
    edge::file::<Files>(path, request, caching).map(|answer| answer.map(Body::from))
}
