//! The way of a message into the store: load → decide → write, for everything that waits, in one transaction.
//!
//! Deciding is done by the pure rules of [`domain::conversation`]; both databases run the same code over the same
//! statements.

mod decide;
mod load;
mod write;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::Ordering;

use domain::conversation::{Change, Numbers, Progress};
use domain::{Access, ConversationId, KeyId, Language, OrganisationId, PublicId, SenderId, Timestamp, WidgetId};
use privacy::{Message, Sealed};
use tokio::sync::oneshot;

pub(crate) use self::write::{COUNT_SENDERS, INSERT_MESSAGES, event, message};
use crate::engine::{Batch, BoxFuture, Connection, Value};
use crate::mention::Named;
use crate::tally::{TALLY, Tally};
use crate::{Error, Listener, Result, Store};

/// The statements of all its files.
#[cfg(test)]
pub(crate) static EVERY: &[&[&crate::engine::Statement]] = &[decide::ALL, load::ALL, write::ALL];

/// A conversation that begins with this message.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// The chat surface it begins on.
    pub widget: WidgetId,
    /// Hash of the visitor's token: names the conversation to the visitor, and makes parallel first messages one.
    pub token_hash: [u8; 32],
    /// The visitor's language.
    pub language: Language,
}

/// Where a message goes.
#[derive(Clone, Debug)]
pub enum Target {
    /// Into a conversation that is there.
    Conversation(ConversationId),
    /// Into a new one.
    New(Beginning),
}

/// A message to be stored.
#[derive(Debug)]
pub struct Append {
    /// For whom (law L4).
    pub organisation: OrganisationId,
    /// Where it goes.
    pub target: Target,
    /// What is stored; who wrote it and how it is counted stand in its identity.
    pub message: Message<Sealed>,
    /// The key it is sealed with: the conversation's, or a pooled one that becomes a new conversation's.
    pub key: KeyId,
    /// An operator's access to conversations, judged against the assignee inside the transaction.
    pub access: Option<Access>,
    /// Whom a note names.
    pub named: Named,
    /// When it arrived.
    pub at: Timestamp,
    /// When the conversation ends by itself if nobody writes again.
    pub idle_at: Timestamp,
    /// When the visitor is asked whether they are still there, if nobody writes again: with an operator's message, where the
    /// chat surface wants that.
    pub ask_at: Option<Timestamp>,
}

/// What became of it.
#[expect(
    clippy::large_enum_variant,
    reason = "the largest is the common one: a box would cost each message an allocation"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Stored, on stable storage.
    Stored(Stored),
    /// Stored before: the sender did not hear of it.
    Retried {
        /// Its conversation.
        conversation: ConversationId,
        /// Its numbers.
        numbers: Numbers,
        /// When it was stored.
        at: Timestamp,
    },
    /// The sender's message before it is missing.
    Gap {
        /// The counter that must come first.
        expected: i64,
    },
    /// A conversation with this token is there already: seal with its key and send there.
    AlreadyBegun,
    /// No such conversation in this organisation.
    NotFound,
    /// The operator's role does not reach it.
    OutOfReach,
    /// The conversation has another key by now, because a part of it was deleted: seal with that and send again.
    Rekeyed,
}

/// A stored message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its numbers.
    pub numbers: Numbers,
    /// What changed about the conversation, to be told to others. Describes the state after the whole batch.
    pub change: Change,
}

/// An [`Append`] on its way through the writer.
pub(crate) struct Pending {
    append: Append,
    /// Where it goes, once that is known. Not kept in the target: a rollback takes a new conversation's number back.
    place: Option<ConversationId>,
    outcome: Option<Outcome>,
    /// Done when it is stored, before anybody is told.
    then: Box<dyn FnOnce(&Stored) + Send + Sync>,
    /// The last one of its conversation in the batch tells of the change for all.
    tells: bool,
    listener: Listener,
    /// Under which node's number it is counted, and what is not counted yet.
    node: i64,
    tally: Tally,
    reply: oneshot::Sender<Result<Outcome>>,
}

impl Store {
    /// Stores a message. Answers after the commit; messages given in order by one task are stored in order.
    ///
    /// # Errors
    /// [`Error::Busy`] at once where the queue is full; [`Error::Unavailable`] where nothing was stored;
    /// [`Error::Unknown`] where the commit was not confirmed (send it again under the same counter).
    pub fn append(&self, append: Append) -> BoxFuture<'static, Result<Outcome>> {
        self.append_then(append, |_| {})
    }

    /// The same, and does something right after the commit, before the listener is told of the change and even where the
    /// caller has gone meanwhile.
    pub fn append_then(
        &self,
        append: Append,
        then: impl FnOnce(&Stored) + Send + Sync + 'static,
    ) -> BoxFuture<'static, Result<Outcome>> {
        let (reply, answer) = oneshot::channel();
        let queued = self.data.enqueue(Pending {
            append,
            place: None,
            outcome: None,
            then: Box::new(then),
            tells: false,
            listener: self.listener.clone(),
            node: self.node.load(Ordering::Relaxed),
            tally: Tally::default(),
            reply,
        });
        Box::pin(async move {
            queued?;
            answer.await.unwrap_or_else(|_| Err(Error::Unavailable("the database is being closed".to_owned())))
        })
    }
}

impl Batch for Pending {
    fn run<'c>(connection: &'c mut Connection, items: &'c mut [Self], is_all: bool) -> BoxFuture<'c, Result<()>> {
        Box::pin(run(connection, items, is_all))
    }

    /// Counts. Every message of a chat surface meets the same row.
    fn close<'c>(connection: &'c mut Connection, items: &'c mut [Self]) -> BoxFuture<'c, Result<()>> {
        Box::pin(async move {
            let mut tally = Tally::default();
            items.iter_mut().for_each(|item| tally.take(&mut item.tally));
            let node = items.first().map_or(0, |item| item.node);
            connection.execute_each(&TALLY, &tally.rows(node)).await
        })
    }

    fn finish(self, result: Result<()>) {
        let outcome = result.and_then(|()| {
            self.outcome.ok_or_else(|| Error::Broken("a message was neither stored nor refused".to_owned()))
        });
        if let Ok(Outcome::Stored(stored)) = &outcome {
            (self.then)(stored);
            if self.tells {
                self.listener.tell(&stored.change);
            }
        }
        // The sender may have gone; what was stored stays stored, and it will ask again under the same counter.
        let _ = self.reply.send(outcome);
    }
}

/// What does not move with a conversation's head.
struct Known {
    name: PublicId,
    widget: WidgetId,
    key: KeyId,
}

/// A conversation while a batch works on it.
struct Loaded {
    known: Known,
    change: Change,
    /// How far it had come before.
    from: Progress,
    touched: bool,
}

impl Loaded {
    const fn new(
        organisation: OrganisationId,
        conversation: ConversationId,
        known: Known,
        progress: Progress,
        at: Timestamp,
        began: bool,
    ) -> Self {
        let (previous, from) = (progress.hands(), progress);
        let change = Change { organisation, conversation, progress, previous, began, at, position: 0, gone: None };
        Self { known, change, from, touched: false }
    }
}

/// Everything a batch works on.
#[derive(Default)]
struct Desk {
    conversations: BTreeMap<ConversationId, Loaded>,
    counters: HashMap<(ConversationId, i64, SenderId), i64>,
    /// Taken ahead; may be fewer than are needed.
    positions: Vec<i64>,
    messages: Vec<Vec<Value>>,
    named: Vec<Vec<Value>>,
    counted: BTreeMap<(ConversationId, i64, SenderId), (OrganisationId, i64)>,
    /// Conversations that begin or are taken up again: their end when nobody writes becomes a job.
    watched: BTreeMap<ConversationId, (OrganisationId, Timestamp, Timestamp)>,
    /// Conversations in which the visitor is to be asked: the same job has something to do sooner.
    asked: BTreeMap<ConversationId, (OrganisationId, Timestamp, Timestamp)>,
    tally: Tally,
}

async fn run(connection: &mut Connection, items: &mut [Pending], is_all: bool) -> Result<()> {
    for item in items.iter_mut() {
        item.outcome = None;
        item.tally = Tally::default();
        item.place = match item.append.target {
            Target::Conversation(id) => Some(id),
            Target::New(_) => None,
        };
    }
    let mut desk = Desk::default();
    load::begin(connection, items, &mut desk).await?;
    load::load(connection, items, &mut desk).await?;
    for item in items.iter_mut() {
        if item.outcome.is_none() {
            item.outcome = Some(decide::decide(connection, item.place, &item.append, &mut desk).await?);
        }
    }
    let mut tallied = Vec::new();
    if let Some(first) = items.first_mut() {
        // Together with all else where nothing comes behind: one wait for the database less.
        first.tally = std::mem::take(&mut desk.tally);
        if is_all {
            tallied = std::mem::take(&mut first.tally).rows(first.node);
        }
    }
    let changes = write::write(connection, desk, &tallied).await?;
    let mut told = HashSet::new();
    for item in items.iter_mut().rev() {
        item.tells = false;
        if let Some(Outcome::Stored(stored)) = &mut item.outcome {
            // After the batch, so that whoever is told asks for everything that is there.
            if let Some(change) = changes.get(&stored.change.conversation) {
                stored.change = change.clone();
            }
            item.tells = told.insert(stored.change.conversation);
        }
    }
    Ok(())
}
