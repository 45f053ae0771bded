//! A connection within the process, for the simulation: what a WebSocket is between machines, without the machines.

use app::rate::{Source, Whereabouts};
use domain::Principal;
use http::HeaderMap;
use tokio::sync::mpsc;

use super::connection::{Came, Connection, Gone, WRITE_WITHIN, parse};
use super::{operator, visitor};
use crate::http::Shared;
use crate::wire::frames::ServerFrame;

/// Frames that may be on their way to a reader before the writer waits.
const ON_THE_WAY: usize = 16;

/// The server's end.
pub(super) struct Pipe {
    from: mpsc::UnboundedReceiver<String>,
    to: mpsc::Sender<String>,
    fed: Vec<String>,
}

/// The network's end. Dropping either half is a connection that ends.
pub(crate) struct Far {
    pub(crate) to: mpsc::UnboundedSender<String>,
    pub(crate) from: mpsc::Receiver<String>,
}

/// A visitor's connection: what serves it, and the other end.
pub(crate) fn visitor(shared: Shared, source: Source) -> (impl Future<Output = ()> + Send, Far) {
    let (pipe, far) = Pipe::new();
    let from = Whereabouts { address: source, network: None };
    (visitor::serve(Connection::pipe(pipe), shared, from), far)
}

/// An operator's.
pub(crate) fn operator(
    shared: Shared,
    principal: Principal,
    headers: HeaderMap,
) -> (impl Future<Output = ()> + Send, Far) {
    let (pipe, far) = Pipe::new();
    (operator::serve(Connection::pipe(pipe), shared, principal, headers), far)
}

impl Pipe {
    fn new() -> (Self, Far) {
        let (up, from) = mpsc::unbounded_channel();
        let (to, down) = mpsc::channel(ON_THE_WAY);
        (Self { from, to, fed: Vec::new() }, Far { to: up, from: down })
    }

    pub(super) async fn next(&mut self) -> Came {
        self.from.recv().await.map_or(Came::End, |text| parse(&text))
    }

    pub(super) fn feed(&mut self, frame: &ServerFrame<'_>) -> Result<(), Gone> {
        self.fed.push(serde_json::to_string(frame).map_err(|_| Gone)?);
        Ok(())
    }

    pub(super) async fn flush(&mut self) -> Result<(), Gone> {
        for text in std::mem::take(&mut self.fed) {
            match tokio::time::timeout(WRITE_WITHIN, self.to.send(text)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return Err(Gone),
            }
        }
        Ok(())
    }
}
