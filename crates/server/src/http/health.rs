//! Whether the program lives and can serve.

use std::time::Instant;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use domain::limits::READY_HOLDS;
use http::StatusCode;
use tokio::sync::Mutex;

use super::Shared;

/// What the databases answered last. Anybody may ask, as often as they like: the databases are asked once in
/// [`READY_HOLDS`] (SB1).
#[derive(Default)]
pub struct Readiness(Mutex<Option<(Instant, bool)>>);

impl Readiness {
    /// The last answer while it holds; otherwise one asks anew, and whoever comes meanwhile waits for that answer.
    async fn holds(&self, ask: impl AsyncFnOnce() -> bool) -> bool {
        let mut last = self.0.lock().await;
        if let Some((at, answer)) = *last
            && at.elapsed() < READY_HOLDS
        {
            return answer;
        }
        let answer = ask().await;
        *last = Some((Instant::now(), answer));
        answer
    }
}

/// Whether a path is asked by machines that see to it that the program runs.
pub(super) fn is_check(path: &str) -> bool {
    matches!(path, "/health" | "/ready")
}

/// `/health`: the program runs. `/ready`: both databases answer and it is not ending.
pub(super) fn router(shared: Shared) -> Router {
    Router::new().route("/health", get(|| async { "ok" })).route("/ready", get(ready)).with_state(shared)
}

async fn ready(State(shared): State<Shared>) -> (StatusCode, &'static str) {
    if shared.ending.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "ending");
    }
    match shared.readiness.holds(async || shared.app.ready().await.is_ok()).await {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "a database does not answer"),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn however_many_ask_the_databases_are_asked_once_in_a_while() {
        let (readiness, asked) = (Readiness::default(), Cell::new(0));
        let (readiness, asked) = (&readiness, &asked);
        let ask = |answer| {
            readiness.holds(async move || {
                asked.set(asked.get() + 1);
                tokio::task::yield_now().await;
                answer
            })
        };
        let crowd = (0..1000).map(|_| ask(true));
        assert!(futures_util::future::join_all(crowd).await.into_iter().all(|answer| answer));
        assert_eq!(asked.get(), 1);
        assert!(ask(false).await, "it still holds");
        tokio::time::sleep(READY_HOLDS).await;
        assert!(!ask(false).await, "it no longer does");
    }
}
