//! Attacks on the doors, by who attacks (SA, SI, SO). What one tenant tries on another stands in `access`.

mod greedy_client;
mod guesser;
mod hostile_client;
mod hostile_page;
mod operating;
mod thief;

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::harness::{Answer, Caller, House};

async fn session(house: &House, caller: &Caller) -> Answer {
    house.ask("GET", "/api/session").by(caller).send().await
}

/// Sends a request head by hand and tells the status of what comes back, 0 where nothing does.
async fn by_hand(house: &House, head: &str) -> u16 {
    let mut stream = testkit::connect(house.address()).await;
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = [0; 64];
    match tokio::time::timeout(Duration::from_secs(15), stream.read(&mut answer)).await.expect("an answer in time") {
        Ok(count) if count > 12 => String::from_utf8_lossy(&answer[9..12]).parse().unwrap_or(0),
        _ => 0,
    }
}
