//! The writer: everything that waits goes into one transaction; answers are given after its commit.
//!
//! Two kinds of work. *Items* are of one type per database and run together (messages: one statement for many rows);
//! *calls* are closures that run one by one, each behind a savepoint, so that one that fails takes nobody with it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Mutex;

use futures_util::FutureExt as _;
use tokio::sync::{mpsc, oneshot};

use super::seat::Seats;
use super::{BoxFuture, Connection, Pace, Work, postgres, sqlite};
use crate::audit::{self, Note};
use crate::journal::{self, Journalled};
use crate::{Error, Result};

/// Most jobs in one transaction: bounds its length and the time the first one waits.
const MOST: usize = 1024;

/// Work of one type that runs together.
pub(crate) trait Batch: Send + Sized + 'static {
    /// Writes all items. May be run again after a rollback, so it must leave nothing behind in the items but outcomes. What
    /// [`Self::close`] is for may be written here only where nothing else of the transaction comes behind (`is_all`).
    fn run<'c>(connection: &'c mut Connection, items: &'c mut [Self], is_all: bool) -> BoxFuture<'c, Result<()>>;

    /// Writes what must be locked last, since others meet the same rows whatever they do: see [`Load::record`].
    fn close<'c>(connection: &'c mut Connection, items: &'c mut [Self]) -> BoxFuture<'c, Result<()>>;

    /// Answers: after the commit, or with why there was none.
    fn finish(self, result: Result<()>);
}

/// A database without such work.
pub(crate) enum NoBatch {}

impl Batch for NoBatch {
    fn run<'c>(_: &'c mut Connection, _: &'c mut [Self], _: bool) -> BoxFuture<'c, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn close<'c>(_: &'c mut Connection, _: &'c mut [Self]) -> BoxFuture<'c, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn finish(self, _: Result<()>) {
        match self {}
    }
}

/// What a call leaves to the end of its transaction.
pub(crate) enum Late {
    /// An entry of a log.
    Note(Note),
    /// An entry of the journal of deletions.
    Journal(Box<Journalled>),
}

/// A closure with its answer.
pub(super) trait Call: Send {
    fn run<'c>(&'c mut self, connection: &'c mut Connection) -> BoxFuture<'c, Result<()>>;
    /// What is to be recorded of what it did.
    fn late(&mut self) -> Vec<Late>;
    fn finish(self: Box<Self>, result: Result<()>);
}

/// What is done with an outcome right after its commit, whether or not somebody still waits for the answer.
pub(super) type Then<T> = Box<dyn FnOnce(&T) + Send>;

struct Pending<T> {
    work: Option<Work<T>>,
    late: fn(&mut T) -> Vec<Late>,
    then: Then<T>,
    outcome: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T: Send + 'static> Call for Pending<T> {
    fn run<'c>(&'c mut self, connection: &'c mut Connection) -> BoxFuture<'c, Result<()>> {
        Box::pin(async move {
            let Some(work) = self.work.take() else {
                return Ok(());
            };
            let outcome = caught(async { work(connection).await }).await;
            let result = outcome.as_ref().map(drop).map_err(Clone::clone);
            self.outcome = Some(outcome);
            result
        })
    }

    fn late(&mut self) -> Vec<Late> {
        match &mut self.outcome {
            Some(Ok(outcome)) => (self.late)(outcome),
            _ => Vec::new(),
        }
    }

    fn finish(self: Box<Self>, result: Result<()>) {
        let Self { then, outcome, reply, .. } = *self;
        let answer = match (outcome, result) {
            // An error of its own explains more than the transaction's.
            (Some(Err(own)), _) => Err(own),
            (_, Err(error)) => Err(error),
            (Some(outcome), Ok(())) => outcome,
            (None, Ok(())) => Err(Error::Broken("a call was never run".to_owned())),
        };
        if let Ok(outcome) = &answer {
            // What it told or did not tell others is no matter of the caller's, whose work is committed.
            let _ = survive("what follows a commit panicked", || then(outcome));
        }
        // The caller may have gone; what was stored stays stored.
        let _ = reply.send(answer);
    }
}

pub(super) enum Job<B> {
    Item(B),
    Call(Box<dyn Call>),
    Close(oneshot::Sender<()>),
}

/// Everything that goes into one transaction.
pub(super) struct Load<B> {
    pub(super) items: Vec<B>,
    pub(super) calls: Vec<Box<dyn Call>>,
    has_called: bool,
    closing: Vec<oneshot::Sender<()>>,
}

impl<B: Batch> Load<B> {
    fn gather(first: Job<B>, queue: &mut mpsc::Receiver<Job<B>>) -> Self {
        let mut load = Self { items: Vec::new(), calls: Vec::new(), has_called: false, closing: Vec::new() };
        load.add(first);
        while load.items.len() + load.calls.len() < MOST && load.closing.is_empty() {
            match queue.try_recv() {
                Ok(job) => load.add(job),
                Err(_) => break,
            }
        }
        load
    }

    fn add(&mut self, job: Job<B>) {
        match job {
            Job::Item(item) => self.items.push(item),
            Job::Call(call) => self.calls.push(call),
            Job::Close(done) => self.closing.push(done),
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.items.is_empty() && self.calls.is_empty()
    }

    /// Answers the items with an error: nothing of theirs is stored.
    pub(super) fn refuse_items(&mut self, error: &Error) {
        for item in std::mem::take(&mut self.items) {
            item.finish(Err(error.clone()));
        }
    }

    /// Whether a closure was used up: from then on the load cannot be run again.
    pub(super) const fn has_called(&self) -> bool {
        self.has_called
    }

    /// Runs items and calls inside an open transaction. What comes first needs no savepoint, which costs SQLite a copy of
    /// every page: where it fails, the transaction is begun anew. An error means that the transaction as a whole is lost.
    pub(super) async fn run(&mut self, connection: &mut Connection) -> Result<()> {
        let mut is_untouched = true;
        if !self.items.is_empty() {
            match caught(B::run(connection, &mut self.items, self.calls.is_empty())).await {
                Ok(()) => ensure_open(connection)?,
                Err(error) if error.is_passing() => return Err(error),
                Err(error) => {
                    ensure_open(connection)?;
                    connection.restart().await?;
                    tracing::error!(%error, "a batch failed; each of its items is run alone");
                    self.run_alone(connection).await?;
                }
            }
            is_untouched = false;
        }
        for call in &mut self.calls {
            self.has_called = true;
            if is_untouched {
                let outcome = call.run(connection).await;
                ensure_open(connection)?;
                if outcome.is_err() {
                    connection.restart().await?;
                }
                is_untouched = outcome.is_err();
            } else {
                connection.step("SAVEPOINT job").await?;
                let outcome = call.run(connection).await;
                settle(connection, outcome.is_ok()).await?;
            }
        }
        self.record(connection).await
    }

    /// Writes what whoever writes anything meets: counts, the end of the journal, the ends of the logs. Last, since these stay
    /// locked until the commit, and in this order: nobody who holds one of them waits for a conversation, so that two nodes
    /// cannot wait for each other. Where it cannot be recorded, nothing was done.
    async fn record(&mut self, connection: &mut Connection) -> Result<()> {
        let (mut notes, mut journalled) = (Vec::new(), Vec::new());
        for late in self.calls.iter_mut().flat_map(|call| call.late()) {
            match late {
                Late::Note(note) => notes.push(note),
                Late::Journal(entry) => journalled.push(entry),
            }
        }
        B::close(connection, &mut self.items).await?;
        for entry in journalled {
            journal::record(connection, &entry).await?;
        }
        audit::append(connection, notes).await?;
        ensure_open(connection)
    }

    /// One item is at fault: the others must not suffer for it.
    async fn run_alone(&mut self, connection: &mut Connection) -> Result<()> {
        let mut good = Vec::with_capacity(self.items.len());
        for mut item in std::mem::take(&mut self.items) {
            connection.step("SAVEPOINT job").await?;
            let outcome = caught(B::run(connection, std::slice::from_mut(&mut item), false)).await;
            settle(connection, outcome.is_ok()).await?;
            match outcome {
                Ok(()) => good.push(item),
                Err(error) => item.finish(Err(error)),
            }
        }
        self.items = good;
        Ok(())
    }

    fn finish(self, result: &Result<()>) -> bool {
        for item in self.items {
            let _ = survive("what follows a commit panicked", || item.finish(result.clone()));
        }
        for call in self.calls {
            call.finish(result.clone());
        }
        let closed = !self.closing.is_empty();
        for done in self.closing {
            let _ = done.send(());
        }
        closed
    }
}

/// Runs work whose panic is an error of its own, and nobody else's: it is taken back.
pub(super) async fn caught<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(Error::Broken("a store function panicked".to_owned())))
}

/// Runs what may panic without ending the writer, which everybody needs. The panic itself has been reported by its hook.
fn survive<T>(what: &'static str, work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).inspect_err(|_| tracing::error!("{what}")).ok()
}

/// Tells a transaction that is still there from one that the database rolled back by itself.
fn ensure_open(connection: &Connection) -> Result<()> {
    if connection.has_lost_transaction() {
        return Err(Error::Unavailable("the database rolled the transaction back by itself".to_owned()));
    }
    Ok(())
}

async fn settle(connection: &mut Connection, is_good: bool) -> Result<()> {
    ensure_open(connection)?;
    if !is_good {
        connection.step("ROLLBACK TO job").await?;
    }
    connection.step("RELEASE job").await
}

pub(super) struct Writer<B: Batch> {
    queue: mpsc::Sender<Job<B>>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl<B: Batch> Writer<B> {
    pub(super) fn sqlite(path: PathBuf, queue: usize, seats: Seats) -> Result<Self> {
        let (sender, mut jobs) = mpsc::channel(queue);
        let mut writer = sqlite::Writer::open(path, seats)?;
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || {
                while let Some(first) = jobs.blocking_recv() {
                    let mut load = Load::gather(first, &mut jobs);
                    let result = survive("a commit panicked", || writer.commit(&mut load));
                    let unknown = || Err(Error::Unknown("the commit panicked".to_owned()));
                    let result = result.unwrap_or_else(unknown);
                    if load.finish(&result) {
                        break;
                    }
                }
            })
            .map_err(|error| Error::Unavailable(error.to_string()))?;
        Ok(Self { queue: sender, thread: Mutex::new(Some(thread)) })
    }

    pub(super) fn inline(path: PathBuf, queue: usize, pace: &'static dyn Pace) -> Result<Self> {
        let (sender, mut jobs) = mpsc::channel(queue);
        let mut writer = sqlite::Writer::inline(path)?;
        tokio::spawn(async move {
            while let Some(first) = jobs.recv().await {
                pace.take().await;
                let mut load = Load::gather(first, &mut jobs);
                let result = writer.commit(&mut load);
                pace.take().await;
                if load.finish(&result) {
                    break;
                }
            }
        });
        Ok(Self { queue: sender, thread: Mutex::new(None) })
    }

    pub(super) fn postgres(pool: postgres::Pool, queue: usize) -> Self {
        let (sender, mut jobs) = mpsc::channel(queue);
        tokio::spawn(async move {
            let mut writer = postgres::Writer::new(pool);
            while let Some(first) = jobs.recv().await {
                let mut load = Load::gather(first, &mut jobs);
                let result = writer.commit(&mut load).await;
                if load.finish(&result) {
                    break;
                }
            }
        });
        Self { queue: sender, thread: Mutex::new(None) }
    }

    pub(super) async fn call<T: Send + 'static>(
        &self,
        work: Work<T>,
        late: fn(&mut T) -> Vec<Late>,
        then: Then<T>,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let call = Box::new(Pending { work: Some(work), late, then, outcome: None, reply });
        self.give(Job::Call(call))?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    pub(super) fn enqueue(&self, item: B) -> Result<()> {
        self.give(Job::Item(item))
    }

    fn give(&self, job: Job<B>) -> Result<()> {
        self.queue.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Busy,
            mpsc::error::TrySendError::Closed(_) => closed(),
        })
    }

    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.queue.send(Job::Close(done)).await.is_ok() {
            let _ = closed.await;
        }
        let thread = self.thread.lock().ok().and_then(|mut thread| thread.take());
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

fn closed() -> Error {
    Error::Unavailable("the database is being closed".to_owned())
}
