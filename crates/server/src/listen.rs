//! Listens, serves, and ends in order: no new connections, sockets told to come back, what was given to the store
//! waited for.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{ServiceExt as _, service_fn};

/// A request's head must come within (slowloris).
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// Largest head of a request, in bytes.
const HEAD_BYTES: usize = 16 * 1024;
/// Connections that are being served may take so long to end.
const END_WITHIN: Duration = Duration::from_secs(10);

/// Serves until `ending` is cancelled, then until everything is answered or the time for it is over.
pub async fn serve(listener: TcpListener, router: Router, ending: CancellationToken, sockets: TaskTracker) {
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = ending.cancelled() => break,
        };
        match accepted {
            Ok((stream, _)) => {
                // Small frames must not wait for each other.
                let _ = stream.set_nodelay(true);
                connections.spawn(connection(stream, router.clone(), ending.clone()));
            }
            // Out of file descriptors, or the client left at once: neither ends the server.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    connections.close();
    sockets.close();
    let all = async {
        sockets.wait().await;
        connections.wait().await;
    };
    if tokio::time::timeout(END_WITHIN, all).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
}

async fn connection(stream: TcpStream, router: Router, ending: CancellationToken) {
    let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let router = router.clone();
        async move { router.oneshot(request.map(Body::new)).await.map_err(|never: Infallible| never) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // A client that breaks off is nobody's fault and nothing to log.
        _ = connection.as_mut() => {}
        () = ending.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}
