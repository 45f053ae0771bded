//! Listens, serves, and ends in order: no new connections, sockets told to come back, what was given to the store
//! waited for.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use domain::limits::{HEAD_BYTES, HEAD_WITHIN};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{ServiceExt as _, service_fn};

use crate::door::{Door, Full, Held, Paced, Peer};
use crate::http::turned_away;

/// Connections that are being served may take so long to end.
const END_WITHIN: Duration = Duration::from_secs(10);
/// Whoever is turned away is listened to for so long, or the answer would be lost with what they still send.
const LINGER: Duration = Duration::from_secs(1);

/// Connections that may wait to be taken: when a server with thousands of clients is started again, they come back within
/// half a second, and whoever finds the queue full is not heard for a second. The system's own limit holds as well.
const WAITING: u32 = 16_384;

/// Listens, with room for a storm.
pub fn on(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(WAITING)
}

/// Serves until `ending` is cancelled, then until everything is answered or the time for it is over.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    door: Arc<Door>,
    ending: CancellationToken,
    sockets: TaskTracker,
) {
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = ending.cancelled() => break,
        };
        match accepted {
            Ok((stream, from)) => {
                // Small frames must not wait for each other.
                let _ = stream.set_nodelay(true);
                match door.connection(from.ip()) {
                    Ok((peer, held)) => {
                        let door = Arc::clone(&door);
                        connections.spawn(connection(stream, (door, peer, held), router.clone(), ending.clone()));
                    }
                    Err(full) => {
                        if let Some(place) = door.turn_away() {
                            tokio::spawn(async move {
                                refuse(stream, full).await;
                                drop(place);
                            });
                        }
                    }
                }
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

async fn connection(
    stream: TcpStream,
    (door, peer, held): (Arc<Door>, Peer, Held),
    router: Router,
    ending: CancellationToken,
) {
    let service = service_fn(move |mut request: http::Request<hyper::body::Incoming>| {
        let router = router.clone();
        let client = door.client(&peer, request.headers());
        request.extensions_mut().insert(client);
        async move { router.oneshot(request.map(Body::new)).await.map_err(|never: Infallible| never) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(Paced::new(stream, held)), TowerToHyperService::new(service))
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

/// Answers before anything is read, and lets go.
async fn refuse(mut stream: TcpStream, full: Full) {
    let answered = async {
        stream.write_all(&turned_away(full)).await?;
        stream.shutdown().await?;
        // What is on its way would otherwise reset the connection before the answer is read.
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    let _ = tokio::time::timeout(LINGER, answered).await;
}
