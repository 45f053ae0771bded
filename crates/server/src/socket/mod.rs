//! The sockets of visitors and operators.
//!
//! One task per socket. Nothing is buffered for a slow reader: what it misses stands in the store, and it resumes by
//! sequence. Buffers are small, because an idle connection must cost little.

mod connection;
pub(crate) mod entries;
mod hello;
mod operator;
mod problem;
mod visitor;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::response::{IntoResponse as _, Response};
use domain::limits::FRAME_BYTES;
use http::{HeaderMap, header};

use crate::http::{Failure, Shared, bearer, bearer_or_cookie};

/// Bytes read at once, and kept per connection: most frames are far smaller.
const READ_BUFFER: usize = 1024;
/// Bytes written at once when several frames wait; taken only while they do.
const WRITE_BUFFER: usize = 8 * 1024;
/// A reader for whom more than this waits is cut off.
const WRITE_MOST: usize = 512 * 1024;

fn tuned(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(WRITE_MOST)
        .max_message_size(FRAME_BYTES)
        .max_frame_size(FRAME_BYTES)
}

fn comes_from(headers: &HeaderMap, origin: &str) -> bool {
    headers.get(header::ORIGIN).is_some_and(|value| value.as_bytes() == origin.as_bytes())
}

/// A visitor connects: only from the messenger's own page (SI9).
pub(crate) async fn visitor_upgrade(
    State(shared): State<Shared>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    if !comes_from(&headers, &shared.config.widget_origin) {
        return Failure::foreign_origin().into_response();
    }
    match upgrade {
        Ok(upgrade) => {
            let tracker = shared.sockets.clone();
            tuned(upgrade).on_upgrade(move |socket| tracker.track_future(visitor::serve(socket, shared)))
        }
        Err(_) => Failure::no_upgrade().into_response(),
    }
}

/// An operator connects: a browser from the dashboard's own page with its cookie, a program with its token.
pub(crate) async fn operator_upgrade(
    State(shared): State<Shared>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    // Only a token makes a program: whatever else stands in the header, a cookie must come from our own page.
    let program = bearer(&headers).is_some() && !headers.contains_key(header::ORIGIN);
    if !program && !comes_from(&headers, &shared.config.app_origin) {
        return Failure::foreign_origin().into_response();
    }
    let principal = match bearer_or_cookie(&headers, &shared).await {
        Ok(principal) => principal,
        Err(error) => return Failure::from(error).into_response(),
    };
    match upgrade {
        Ok(upgrade) => {
            let tracker = shared.sockets.clone();
            tuned(upgrade)
                .on_upgrade(move |socket| tracker.track_future(operator::serve(socket, shared, principal, headers)))
        }
        Err(_) => Failure::no_upgrade().into_response(),
    }
}
