//! What all who come back share: where they connect, how they behave, and what the others may know of them.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::house::{Door, House};
use crate::net::Place;

/// How visitors behave.
pub(crate) struct Habits {
    /// The first time they come within.
    pub(crate) come_within: Duration,
    /// One writes this often, from a random moment on.
    pub(crate) write_every: Duration,
    /// Whoever loses the connection and has nothing waiting writes at that very moment.
    pub(crate) write_when_lost: bool,
}

/// Something that happened to a visitor.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) visitor: usize,
    pub(crate) at: Instant,
}

/// A message that an operator heard.
pub(crate) struct Arrival {
    pub(crate) operator: usize,
    pub(crate) conversation: String,
    pub(crate) written: Instant,
    pub(crate) at: Instant,
}

/// What all clients of one play share.
pub(crate) struct Play {
    pub(crate) visitors: Door,
    pub(crate) operators: Place,
    pub(crate) habits: Habits,
    pub(crate) epoch: Instant,
    /// Whether nobody shall write any more.
    ending: watch::Sender<bool>,
    /// Visitors whose first message was acknowledged.
    pub(crate) begun: AtomicUsize,
    /// Visitors who are connected and welcome.
    pub(crate) here: AtomicUsize,
    /// How often a visitor lost a connection on which they had been welcome.
    pub(crate) lost: AtomicUsize,
    /// Welcomes after a loss.
    pub(crate) returns: Mutex<Vec<Moment>>,
    /// The first acknowledgements after a loss.
    pub(crate) spoken: Mutex<Vec<Moment>>,
    pub(crate) arrivals: Mutex<Vec<Arrival>>,
    /// Operators who lost a connection.
    pub(crate) moved: Mutex<HashSet<usize>>,
    /// The last entry that the operator of a conversation heard.
    pub(crate) heard: Mutex<HashMap<String, i64>>,
}

impl Play {
    pub(crate) fn new(house: &House<'_>, habits: Habits) -> Self {
        Self {
            visitors: house.visitors(),
            operators: house.operators(),
            habits,
            epoch: Instant::now(),
            ending: watch::Sender::new(false),
            begun: AtomicUsize::new(0),
            here: AtomicUsize::new(0),
            lost: AtomicUsize::new(0),
            returns: Mutex::default(),
            spoken: Mutex::default(),
            arrivals: Mutex::default(),
            moved: Mutex::default(),
            heard: Mutex::default(),
        }
    }

    /// Says that nobody shall write any more. Visitors leave once all of theirs is acknowledged.
    pub(crate) fn end(&self) {
        self.ending.send_replace(true);
    }

    pub(crate) fn is_ending(&self) -> bool {
        *self.ending.borrow()
    }

    /// Waits for [`Self::end`].
    pub(crate) async fn ended(&self) {
        // The sender is this very value, so there is no other way to end.
        let _ = self.ending.subscribe().wait_for(|ending| *ending).await;
    }

    /// What a visitor writes: when, and as their how-manieth message.
    pub(crate) fn text(&self, written: Instant, counter: usize) -> String {
        format!("{:012} {counter} My parcel has not arrived yet", (written - self.epoch).as_micros())
    }

    /// When a text was written.
    pub(crate) fn written(&self, text: &str) -> Option<Instant> {
        let micros = text.split(' ').next()?.parse().ok()?;
        Some(self.epoch + Duration::from_micros(micros))
    }
}

/// Which message a [`Play::text`] is.
pub(crate) fn counter_of(text: &str) -> Option<usize> {
    text.split(' ').nth(1)?.parse().ok()
}

/// Whoever held it before may have failed; what it holds is as good as it was.
pub(crate) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
