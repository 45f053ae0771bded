//! Waiting for what happens a little later, with an end to the patience.

use std::thread;
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(10);

/// Asks `check` again and again until it says yes.
///
/// # Panics
/// Where it still says no after `patience`; the text names `what` was waited for.
#[track_caller]
pub fn wait_until(patience: Duration, what: &str, mut check: impl FnMut() -> bool) {
    let start = Instant::now();
    while !check() {
        assert!(start.elapsed() < patience, "waited {patience:?} in vain: {what}");
        thread::sleep(PAUSE);
    }
}

/// The same among asynchronous tasks.
///
/// # Panics
/// Where it still says no after `patience`; the text names `what` was waited for.
pub async fn eventually(patience: Duration, what: &str, mut check: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !check().await {
        assert!(start.elapsed() < patience, "waited {patience:?} in vain: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{eventually, wait_until};

    #[test]
    fn waits_as_long_as_needed() {
        let mut left = 3;
        wait_until(Duration::from_secs(10), "three tries", || {
            left -= 1;
            left == 0
        });
        assert_eq!(left, 0);
    }

    #[test]
    #[should_panic(expected = "in vain: a miracle")]
    fn gives_up() {
        wait_until(Duration::from_millis(30), "a miracle", || false);
    }

    #[tokio::test]
    async fn waits_among_tasks() {
        let mut left = 3;
        eventually(Duration::from_secs(10), "three tries", async || {
            left -= 1;
            left == 0
        })
        .await;
        assert_eq!(left, 0);
    }
}
