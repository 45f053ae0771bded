//! A request's body: of bounded size, and all of it within bounded time.

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use domain::limits::{BODY_BYTES, BODY_WITHIN};

use super::Failure;

/// Reads the body before anything is done with it.
pub(super) async fn whole(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    // What is announced too large is not waited for.
    if request.body().size_hint().lower() > BODY_BYTES as u64 {
        return Failure::too_large().into_response();
    }
    let (parts, body) = request.into_parts();
    match tokio::time::timeout(BODY_WITHIN, to_bytes(body, BODY_BYTES)).await {
        Ok(Ok(bytes)) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Ok(Err(_)) => Failure::too_large().into_response(),
        Err(_) => Failure::too_slow().into_response(),
    }
}
