//! Several nodes over core NATS: one subject per installation, notices together in a message. No stream, no store: what is
//! lost is found by the sweep.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use crate::{Bus, Notice, Wire};

/// Notices that may wait for the connection; more are dropped, and found by the sweep.
const WAITING: usize = 16_384;
/// Notices taken together at most.
const TOGETHER: usize = 1024;
/// Bytes of one message from which the next is begun: well under the server's limit of 1 MiB.
const MESSAGE: usize = 128 * 1024;
/// A server that does not answer two of these in a row has gone.
const PING_EVERY: Duration = Duration::from_secs(2);
/// A connection is tried again within.
const BACK_AT_MOST: Duration = Duration::from_secs(2);
/// Last words are given so long to leave.
const LEAVE_WITHIN: Duration = Duration::from_secs(1);
/// The vocabulary's version stands in the subject: programs that speak another one do not hear each other.
const VERSION: &str = "v1";

/// What is wrong with the bus's address.
#[derive(Debug, thiserror::Error)]
#[error("the address of NATS cannot be read: {0}")]
pub struct BadAddress(String);

/// What waits for the connection.
enum Item {
    Notice(Notice),
    /// To be answered when everything before it has left.
    Flush(oneshot::Sender<()>),
}

/// A bus over NATS.
pub struct Nats {
    waiting: mpsc::Sender<Item>,
    is_up: Arc<AtomicBool>,
    /// Connected is not enough: a node that has not subscribed yet is deaf.
    is_subscribed: Arc<AtomicBool>,
}

impl Wire for Nats {
    fn tell(&self, notice: &Notice) {
        // Full: the bus is away or slow, and the sweep does its work.
        let _ = self.waiting.try_send(Item::Notice(notice.clone()));
    }

    fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Relaxed) && self.is_subscribed.load(Ordering::Relaxed)
    }

    fn flush(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let (left, has_left) = oneshot::channel();
            if self.is_up() && self.waiting.try_send(Item::Flush(left)).is_ok() {
                let _ = tokio::time::timeout(LEAVE_WITHIN, has_left).await;
            }
        })
    }
}

/// Checks addresses without connecting.
///
/// # Errors
/// [`BadAddress`].
pub fn check(addresses: &str) -> Result<(), BadAddress> {
    servers(addresses).map(drop)
}

fn servers(addresses: &str) -> Result<Vec<async_nats::ServerAddr>, BadAddress> {
    addresses
        .split(',')
        .map(|address| address.trim().parse().map_err(|error: std::io::Error| BadAddress(error.to_string())))
        .collect()
}

/// Joins a node to the others over these servers (comma-separated), under a subject of the installation's own. Does not wait
/// for a connection and never gives up on it: without the bus the sweep does the work.
///
/// # Errors
/// [`BadAddress`].
pub fn join(bus: &Arc<Bus>, addresses: &str, subject: &str) -> Result<(), BadAddress> {
    let servers = servers(addresses)?;
    let (waiting, queue) = mpsc::channel(WAITING);
    let is_up = Arc::new(AtomicBool::new(false));
    let is_subscribed = Arc::new(AtomicBool::new(false));
    let (node, up) = (Arc::downgrade(bus), Arc::clone(&is_up));
    let options = ConnectOptions::new()
        .name("diskret")
        // What a node tells, it knows.
        .no_echo()
        // No connection goes anywhere but where the configuration says (law L6).
        .ignore_discovered_servers()
        .retry_on_initial_connect()
        .max_reconnects(None)
        .ping_interval(PING_EVERY)
        .reconnect_delay_callback(|attempt| BACK_AT_MOST.min(Duration::from_millis(50 * attempt as u64)))
        .event_callback(move |event| {
            let (node, up) = (Weak::clone(&node), Arc::clone(&up));
            async move { heard(&event, &node, &up) }
        });
    let subject = format!("{subject}.{VERSION}");
    let subscribed = Arc::clone(&is_subscribed);
    tokio::spawn(serve(Arc::downgrade(bus), options, servers, subject, queue, subscribed));
    bus.join(Nats { waiting, is_up, is_subscribed });
    Ok(())
}

fn heard(event: &Event, node: &Weak<Bus>, up: &AtomicBool) {
    match event {
        Event::Connected => {
            up.store(true, Ordering::Relaxed);
            tracing::info!("the bus is there");
            if let Some(bus) = node.upgrade() {
                bus.is_back();
            }
        }
        Event::Disconnected | Event::Closed => {
            up.store(false, Ordering::Relaxed);
            tracing::warn!("the bus is away: other nodes' news come by the sweep");
        }
        other => tracing::warn!(event = %other, "the bus"),
    }
}

async fn serve(
    node: Weak<Bus>,
    options: ConnectOptions,
    servers: Vec<async_nats::ServerAddr>,
    subject: String,
    mut queue: mpsc::Receiver<Item>,
    subscribed: Arc<AtomicBool>,
) {
    // With `retry_on_initial_connect` this fails only where an address leads nowhere at all.
    let client = loop {
        match options.clone().connect(servers.as_slice()).await {
            Ok(client) => break client,
            Err(error) => tracing::warn!(%error, "the bus cannot be reached; it is tried again"),
        }
        tokio::time::sleep(BACK_AT_MOST).await;
    };
    let listening = tokio::spawn(listen(node, client.clone(), subject.clone(), subscribed));
    let mut together = Vec::new();
    while queue.recv_many(&mut together, TOGETHER).await > 0 {
        for payload in messages(&together) {
            if let Err(error) = client.publish(subject.clone(), payload.into()).await {
                tracing::debug!(%error, "the bus took nothing");
            }
        }
        for item in together.drain(..) {
            if let Item::Flush(left) = item {
                let _ = client.flush().await;
                let _ = left.send(());
            }
        }
    }
    listening.abort();
}

/// Notices as messages: JSON arrays of bounded size.
fn messages(items: &[Item]) -> Vec<Vec<u8>> {
    let mut messages: Vec<Vec<u8>> = Vec::new();
    for item in items {
        let Item::Notice(notice) = item else { continue };
        let Ok(notice) = serde_json::to_vec(notice) else { continue };
        match messages.last_mut() {
            Some(last) if last.len() < MESSAGE => last.push(b','),
            _ => messages.push(vec![b'[']),
        }
        if let Some(last) = messages.last_mut() {
            last.extend(notice);
        }
    }
    messages.iter_mut().for_each(|message| message.push(b']'));
    messages
}

async fn listen(node: Weak<Bus>, client: Client, subject: String, subscribed: Arc<AtomicBool>) {
    loop {
        match client.subscribe(subject.clone()).await {
            Ok(mut messages) => {
                // The subscription has left before anybody is told that the bus is there.
                let _ = client.flush().await;
                subscribed.store(true, Ordering::Relaxed);
                if let Some(bus) = node.upgrade() {
                    bus.is_back();
                }
                while let Some(message) = messages.next().await {
                    let Some(bus) = node.upgrade() else { return };
                    match serde_json::from_slice::<Vec<Notice>>(&message.payload) {
                        Ok(notices) => notices.into_iter().for_each(|notice| bus.receive(notice)),
                        Err(_) => tracing::warn!("something on the bus is no notice of ours; is the subject shared?"),
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "the bus cannot be listened to; it is tried again"),
        }
        subscribed.store(false, Ordering::Relaxed);
        if node.strong_count() == 0 {
            return;
        }
        // A subscription that ends without a reason must not leave a node deaf.
        tokio::time::sleep(BACK_AT_MOST).await;
    }
}
