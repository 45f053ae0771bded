//! The sockets of visitors and operators.
//!
//! One task per socket. Where a network lets no WebSocket through, the same frames travel in requests (`request`).
//! Nothing is buffered for a slow reader: what it misses stands in the store, and it resumes by sequence. Buffers are
//! small, because an idle connection must cost little.

mod connection;
#[cfg(test)]
pub(crate) mod echo;
pub(crate) mod entries;
mod hello;
mod in_flight;
mod line;
mod operator;
#[cfg(test)]
pub(crate) mod pipe;
mod problem;
mod request;
mod visitor;

use app::rate::Source;
use app::share::Place;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::extract::{Query as FromQuery, State};
use axum::response::{IntoResponse as _, Response};
use domain::Principal;
use domain::limits::FRAME_BYTES;
use http::{HeaderMap, header};
use tokio_util::task::TaskTracker;

use self::connection::Connection;
use self::request::{Mode, Query, Request};
use crate::door::Client;
use crate::http::{Failure, Shared, bearer, bearer_or_cookie, peek};

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

/// Answers an upgrade, and serves the socket when it is there. In a task of its own: the one that waits for the upgrade has
/// room for all that an upgrade needs, and would carry it for as long as the socket lives.
fn served<F>(
    upgrade: WebSocketUpgrade,
    tracker: TaskTracker,
    serve: impl FnOnce(WebSocket) -> F + Send + 'static,
) -> Response
where
    F: Future<Output = ()> + Send + 'static,
{
    tuned(upgrade).on_upgrade(move |socket| {
        tracker.spawn(serve(socket));
        std::future::ready(())
    })
}

fn comes_from(headers: &HeaderMap, origin: &str) -> bool {
    headers.get(header::ORIGIN).is_some_and(|value| value.as_bytes() == origin.as_bytes())
}

/// A visitor connects: only from the messenger's own page (SI9).
pub(crate) async fn visitor_upgrade(
    State(shared): State<Shared>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    if !comes_from(&headers, &shared.config.widget_origin) {
        return Failure::foreign_origin().into_response();
    }
    match upgrade {
        Ok(upgrade) => {
            let tracker = shared.sockets.clone();
            served(upgrade, tracker, move |socket| visitor::serve(Connection::socket(socket), shared, client.from))
        }
        Err(_) => Failure::no_upgrade().into_response(),
    }
}

/// A visitor whose network lets no WebSocket through: the same frames in a request, only from the messenger's own page.
pub(crate) async fn visitor_request(
    State(shared): State<Shared>,
    Extension(client): Extension<Client>,
    query: Result<FromQuery<Query>, QueryRejection>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    if !comes_from(&headers, &shared.config.widget_origin) {
        return Err(Failure::foreign_origin());
    }
    let (request, response) = Request::accept(query?.mode, &headers, &body)?;
    let place = stay(&shared, &client, &request)?;
    let tracker = shared.sockets.clone();
    tracker.spawn(async move {
        visitor::serve(Connection::request(request), shared, client.from).await;
        drop(place);
    });
    Ok(response)
}

/// The same for an operator.
pub(crate) async fn operator_request(
    State(shared): State<Shared>,
    Extension(client): Extension<Client>,
    query: Result<FromQuery<Query>, QueryRejection>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    let mode = query?.mode;
    // Listening is no use of a session, or an open window that nobody looks at would keep it alive for ever.
    let principal = operator_behind(&headers, &shared, mode == Mode::Send).await?;
    let (request, response) = Request::accept(mode, &headers, &body)?;
    let place = stay(&shared, &client, &request)?;
    let tracker = shared.sockets.clone();
    tracker.spawn(async move {
        operator::serve(Connection::request(request), shared, principal, headers).await;
        drop(place);
    });
    Ok(response)
}

/// A request that stays open counts like the socket that it stands for.
fn stay(shared: &Shared, client: &Client, request: &Request) -> Result<Option<Place<Source>>, Failure> {
    if request.mode() == Mode::Send {
        return Ok(None);
    }
    shared.door.socket(client).map_err(Failure::too_often)
}

/// Who an operator's connection speaks for: a browser from the dashboard's own page with its cookie, a program with its
/// token.
async fn operator_behind(headers: &HeaderMap, shared: &Shared, is_use: bool) -> Result<Principal, Failure> {
    // Only a token makes a program: whatever else stands in the header, a cookie must come from our own page.
    let program = bearer(headers).is_some() && !headers.contains_key(header::ORIGIN);
    if !program && !comes_from(headers, &shared.config.app_origin) {
        return Err(Failure::foreign_origin());
    }
    Ok(if is_use { bearer_or_cookie(headers, shared).await? } else { peek(headers, shared).await? })
}

/// An operator connects.
pub(crate) async fn operator_upgrade(
    State(shared): State<Shared>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let principal = match operator_behind(&headers, &shared, true).await {
        Ok(principal) => principal,
        Err(failure) => return failure.into_response(),
    };
    match upgrade {
        Ok(upgrade) => {
            let tracker = shared.sockets.clone();
            served(upgrade, tracker, move |socket| {
                operator::serve(Connection::socket(socket), shared, principal, headers)
            })
        }
        Err(_) => Failure::no_upgrade().into_response(),
    }
}
