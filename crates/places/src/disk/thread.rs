//! A thread for a folder alone. One on a network can hang in the system for as long as it likes, and nothing but the thread that
//! asked hangs with it.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::Instant;

/// How often somebody who waits looks whether it hangs.
const LOOK: Duration = Duration::from_millis(250);
const STACK: usize = 256 * 1024;

type Work = Box<dyn FnOnce() + Send>;

/// The thread, which begins with the first work.
pub(super) struct Thread {
    turn: Arc<Semaphore>,
    since: Arc<Mutex<Option<Instant>>>,
    works: Mutex<Option<Sender<Work>>>,
    stuck: Duration,
}

/// Whoever is at work. Ends with the work, also where nobody waits for it any more.
struct Busy {
    since: Arc<Mutex<Option<Instant>>>,
    _turn: OwnedSemaphorePermit,
}

impl Drop for Busy {
    fn drop(&mut self) {
        *held(&self.since) = None;
    }
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thread({:?})", self.stuck)
    }
}

impl Thread {
    /// Work that takes longer than `stuck` is waited for by nobody but by whoever asked for it.
    pub(super) fn new(stuck: Duration) -> Self {
        Self { turn: Arc::new(Semaphore::new(1)), since: Arc::default(), works: Mutex::default(), stuck }
    }

    /// Does work when it is its turn; says why where that does not come.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, &'static str> {
        let asked = Arc::clone(&self.turn).acquire_owned();
        tokio::pin!(asked);
        let turn = loop {
            if held(&self.since).is_some_and(|since| since.elapsed() >= self.stuck) {
                return Err("it hangs: what was asked before is not answered");
            }
            if let Ok(turn) = tokio::time::timeout(LOOK, &mut asked).await {
                break turn.map_err(|_| ENDED)?;
            }
        };
        *held(&self.since) = Some(Instant::now());
        let busy = Busy { since: Arc::clone(&self.since), _turn: turn };
        let (done, answer) = oneshot::channel();
        self.begin(Box::new(move || {
            let outcome = work();
            drop(busy);
            let _ = done.send(outcome);
        }))?;
        answer.await.map_err(|_| ENDED)
    }

    fn begin(&self, work: Work) -> Result<(), &'static str> {
        let mut works = held(&self.works);
        let sender = match &*works {
            Some(sender) => sender,
            None => {
                let (sender, all) = mpsc::channel::<Work>();
                let thread = std::thread::Builder::new().name("place".to_owned()).stack_size(STACK);
                // A panic is told to whoever asked, and to nobody else.
                let each = |work: Work| drop(catch_unwind(AssertUnwindSafe(work)));
                thread.spawn(move || all.into_iter().for_each(each)).map_err(|_| "no thread can be begun")?;
                works.insert(sender)
            }
        };
        sender.send(work).map_err(|_| ENDED)
    }
}

const ENDED: &str = "its work was not finished";

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
