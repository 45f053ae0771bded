//! Whether the program lives and can serve.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::StatusCode;

use super::Shared;

/// `/health`: the program runs. `/ready`: both databases answer and it is not ending.
pub(super) fn router(shared: Shared) -> Router {
    Router::new().route("/health", get(|| async { "ok" })).route("/ready", get(ready)).with_state(shared)
}

async fn ready(State(shared): State<Shared>) -> (StatusCode, &'static str) {
    if shared.ending.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "ending");
    }
    match shared.app.ready().await {
        Ok(()) => (StatusCode::OK, "ready"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "a database does not answer"),
    }
}
