//! The way of a message: capture → redact → seal → store → tell. Nothing here but the ordered steps.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use bus::Signal;
use domain::conversation::{Author, Change, Numbers};
use domain::limits::TEXT_CHARACTERS;
use domain::{Access, Capability, Level, Principal, PublicId, SenderId, Timestamp};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use privacy::message::Identity;
use privacy::{Message, Plaintext, Redacted, random};
use store::append::{Append, Beginning, Outcome, Stored, Target};
use store::mention::Named;
use store::message::Names;
use tokio::sync::OwnedSemaphorePermit;

use super::keys::Keys;
use super::{Reference, Visitor};
use crate::opened::OpenedEntry;
use crate::{App, Error};

/// A message as it came from a socket.
#[derive(Debug)]
pub struct Incoming {
    /// From which page load.
    pub sender: SenderId,
    /// The how-manieth of that sender in this conversation.
    pub counter: i64,
    /// What was written.
    pub text: Plaintext,
    /// For operators only.
    pub note: bool,
}

/// A stored message, to be acknowledged.
#[derive(Debug)]
pub struct Accepted {
    /// Its conversation.
    pub conversation: Arc<Reference>,
    /// The sender's counter.
    pub counter: i64,
    /// Its numbers.
    pub numbers: Numbers,
    /// When it was stored.
    pub at: Timestamp,
    /// What is stored, where the house masked more than the sender did.
    pub masked: Option<Plaintext>,
}

/// Why a message was not stored.
#[derive(Debug)]
pub enum ReceiveError {
    /// Nothing but white space.
    Empty,
    /// More than [`TEXT_CHARACTERS`].
    TooLong,
    /// The counter is below 1.
    NotACounter,
    /// The sender's message before it is missing.
    Gap {
        /// The counter that must come first.
        expected: i64,
    },
    /// The organisation is being closed, and begins no conversation any more.
    Closes,
    /// Everything else.
    Other(Error),
}

impl<E: Into<Error>> From<E> for ReceiveError {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

impl ReceiveError {
    /// The same about a text that came with a request and not as a message.
    pub(super) fn of_request(self) -> Error {
        let invalid = |detail: String| Error::Invalid { field: "text", detail };
        match self {
            Self::Empty => invalid("write something".to_owned()),
            Self::TooLong => invalid(format!("at most {TEXT_CHARACTERS} characters")),
            Self::NotACounter | Self::Gap { .. } | Self::Closes => Error::Internal,
            Self::Other(error) => error,
        }
    }
}

/// The answer to a message, once its commit is through.
#[derive(Debug)]
pub struct Answer {
    /// The sender's counter.
    pub counter: i64,
    /// The conversation's name outside.
    pub conversation: PublicId,
    /// What became of it.
    pub result: std::result::Result<Accepted, ReceiveError>,
}

/// When a message was given to the store, and its text where the house masked more than the sender did.
type Stamp = (Timestamp, Option<Plaintext>);

/// The answer to come. The others are told whether or not it is awaited.
pub type Receipt = BoxFuture<'static, Answer>;

impl App {
    /// Takes a visitor's message into a conversation that is there. Messages given one after the other are stored in
    /// that order; the receipt comes after the commit.
    ///
    /// # Errors
    /// [`ReceiveError`], where nothing was given to the store.
    pub async fn receive_from_visitor(
        self: &Arc<Self>,
        visitor: &Visitor,
        conversation: &Arc<Reference>,
        incoming: Incoming,
    ) -> std::result::Result<Receipt, ReceiveError> {
        check_counter(incoming.counter)?;
        let redacted = redact(
            capture(incoming.text)?,
            &conversation.names,
            Author::Visitor,
            incoming.sender,
            incoming.counter,
            false,
        );
        let place = self.flood.write(visitor.from, conversation.organisation).await?;
        self.seal_and_store(conversation, redacted, None, place).await
    }

    /// Takes a visitor's first message: begins the conversation with it, in one commit. A second first message of the
    /// same visitor (another tab, a retry) goes into the conversation that the first one began.
    ///
    /// # Errors
    /// [`ReceiveError`].
    pub async fn receive_first(
        self: &Arc<Self>,
        visitor: &Visitor,
        incoming: Incoming,
    ) -> std::result::Result<Accepted, ReceiveError> {
        let counter = incoming.counter;
        check_counter(counter)?;
        if counter > 1 {
            return self.receive_later(visitor, incoming).await;
        }
        // Before anything is counted: what is no message takes nobody's turn.
        let text = capture(incoming.text)?;
        self.flood.begin(visitor.from, visitor.widget.organisation)?;
        let place = self.flood.write(visitor.from, visitor.widget.organisation).await?;
        let names = Names { organisation: visitor.organisation, conversation: random::public_id() };
        let redacted = redact(text, &names, Author::Visitor, incoming.sender, counter, false);
        let again = redacted.duplicate();
        let key = self.keyring.pooled_key(visitor.widget.organisation).await?;
        let masked = redacted.masked() > 0;
        let (sealed, text) = redacted.seal(&key);
        let (at, sender) = (self.now(), incoming.sender);
        let masked = masked.then(|| text.clone());
        let append = Append {
            organisation: visitor.widget.organisation,
            target: Target::New(Beginning {
                widget: visitor.widget.id,
                token_hash: visitor.token_hash,
                language: visitor.language,
            }),
            message: sealed,
            key: key.id(),
            access: None,
            named: Named::new(),
            at,
            idle_at: at.plus(self.quiet(&visitor.widget).end),
            ask_at: None,
        };
        let (app, topic) = (Arc::clone(self), visitor.topic());
        let keep = move |stored: &Stored| {
            // Held until here, or until the store drops this unused.
            drop(place);
            app.bus.signal(topic, Signal::Began);
            app.keep(stored, entry(Author::Visitor, sender, counter, false, stored.numbers, at, text));
        };
        match self.store.append_then(append, keep).await? {
            Outcome::Stored(stored) => {
                let conversation = self.refer_to_new(Reference {
                    organisation: visitor.widget.organisation,
                    id: stored.change.conversation,
                    names,
                    keys: Mutex::new(Keys::only(key.id())),
                    widget: visitor.widget.id,
                    language: visitor.language,
                    started_at: at,
                    visitor_seen: AtomicI64::new(0),
                });
                Ok(accepted(&conversation, counter, stored.numbers, at, masked))
            }
            Outcome::AlreadyBegun => {
                let found = self.store.conversation_of_token(visitor.widget.organisation, visitor.token_hash).await;
                let found = match found {
                    Err(store::Error::NotFound) => return Err(ReceiveError::Closes),
                    found => found?,
                };
                let conversation = self.refer(&found).await?;
                let identity = Identity { conversation: conversation.name(), ..*again.identity() };
                let place = self.flood.write(visitor.from, visitor.widget.organisation).await?;
                self.seal_and_store(&conversation, again.renamed(identity), None, place).await?.await.result
            }
            other => Err(refused(&other)),
        }
    }

    /// A message that cannot be a sender's first begins nothing: without a conversation one before it is missing.
    async fn receive_later(
        self: &Arc<Self>,
        visitor: &Visitor,
        incoming: Incoming,
    ) -> std::result::Result<Accepted, ReceiveError> {
        let found = self.store.conversation_of_token(visitor.widget.organisation, visitor.token_hash).await;
        match found {
            Ok(found) => {
                let conversation = self.refer(&found).await?;
                self.receive_from_visitor(visitor, &conversation, incoming).await?.await.result
            }
            Err(store::Error::NotFound) => {
                capture(incoming.text)?;
                Err(ReceiveError::Gap { expected: 1 })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Takes an operator's message or note.
    ///
    /// # Errors
    /// [`ReceiveError`], where nothing was given to the store.
    pub async fn receive_from_operator(
        self: &Arc<Self>,
        principal: Principal,
        name: PublicId,
        incoming: Incoming,
    ) -> std::result::Result<Receipt, ReceiveError> {
        let access = principal.require(Capability::Conversations, Level::Write)?;
        let (conversation, _) = self.find(principal, name).await?;
        let author = Author::Operator(principal.operator);
        check_counter(incoming.counter)?;
        let text = capture(incoming.text)?;
        let named = if incoming.note { self.named(principal, &text).await? } else { Named::new() };
        let redacted = redact(text, &conversation.names, author, incoming.sender, incoming.counter, incoming.note);
        let place = self.flood.answer(conversation.organisation).await?;
        self.seal_and_store(&conversation, redacted, Some((access, named)), place).await
    }

    async fn seal_and_store(
        self: &Arc<Self>,
        conversation: &Arc<Reference>,
        redacted: Message<Redacted>,
        operator: Option<(Access, Named)>,
        place: OwnedSemaphorePermit,
    ) -> std::result::Result<Receipt, ReceiveError> {
        let again = (redacted.duplicate(), operator.clone());
        let (answer, outcome) = self.seal_and_enqueue(conversation, redacted, operator, Some(place)).await?;
        let (app, conversation) = (Arc::clone(self), Arc::clone(conversation));
        Ok(Box::pin(async move {
            let (counter, name) = (again.0.identity().counter, again.0.identity().conversation);
            let result = match outcome.await {
                Ok(Outcome::Rekeyed) => app.seal_again(&conversation, again).await,
                outcome => app.answered(&conversation, counter, answer, outcome).await,
            };
            Answer { counter, conversation: name, result }
        }))
    }

    /// A part of the conversation was deleted since this message was sealed: once more, with the key that it has now.
    async fn seal_again(
        self: &Arc<Self>,
        conversation: &Arc<Reference>,
        (redacted, operator): (Message<Redacted>, Option<(Access, Named)>),
    ) -> std::result::Result<Accepted, ReceiveError> {
        self.renew_keys(conversation).await?;
        let counter = redacted.identity().counter;
        let (answer, outcome) = self.seal_and_enqueue(conversation, redacted, operator, None).await?;
        self.answered(conversation, counter, answer, outcome.await).await
    }

    async fn answered(
        &self,
        conversation: &Arc<Reference>,
        counter: i64,
        (at, masked): Stamp,
        outcome: store::Result<Outcome>,
    ) -> std::result::Result<Accepted, ReceiveError> {
        match outcome? {
            Outcome::Stored(stored) => Ok(accepted(conversation, counter, stored.numbers, at, masked)),
            Outcome::Retried { numbers, at, .. } => {
                self.tell_again(conversation).await;
                Ok(accepted(conversation, counter, numbers, at, masked))
            }
            other => Err(refused(&other)),
        }
    }

    /// Gives a message to the store; what was masked, and when, is for the answer.
    async fn seal_and_enqueue(
        self: &Arc<Self>,
        conversation: &Arc<Reference>,
        redacted: Message<Redacted>,
        operator: Option<(Access, Named)>,
        place: Option<OwnedSemaphorePermit>,
    ) -> std::result::Result<(Stamp, BoxFuture<'static, store::Result<Outcome>>), ReceiveError> {
        let (access, named) = operator.map_or((None, Named::new()), |(access, named)| (Some(access), named));
        let key = self.sealing_key(conversation).await?;
        let identity = *redacted.identity();
        let masked = redacted.masked() > 0;
        let (sealed, text) = redacted.seal(&key);
        let quiet = self.quiet_of(conversation.organisation, conversation.widget).await?;
        let at = self.now();
        let masked = masked.then(|| text.clone());
        let append = Append {
            organisation: conversation.organisation,
            target: Target::Conversation(conversation.id),
            message: sealed,
            key: key.id(),
            access,
            named: named.clone(),
            at,
            idle_at: at.plus(quiet.end),
            ask_at: quiet.ask.filter(|_| identity.author != Author::Visitor).map(|ask| at.plus(ask)),
        };
        let app = Arc::clone(self);
        let keep = move |stored: &Stored| {
            drop(place);
            let Identity { author, sender, counter, note, .. } = identity;
            app.keep(stored, entry(author, sender, counter, note, stored.numbers, at, text));
            if let Author::Operator(by) = author {
                app.call(stored.change.conversation, by, &named, stored.change.progress.hands());
            }
        };
        // Enqueued here, so that the order of calls is the order in the store; only the answer is waited for later.
        Ok(((at, masked), self.store.append_then(append, keep)))
    }

    /// Keeps an opened message at hand for those who are told next. Runs on the store's writer, right after the commit.
    fn keep(&self, stored: &Stored, entry: OpenedEntry) {
        self.opened.insert(stored.change.conversation, Arc::new(entry), self.opened.now());
    }

    /// Tells where a conversation stands, without a change of its own: after a message that was stored but not
    /// acknowledged, and so perhaps not told of either, and when the team has read what was unread. What goes wrong here
    /// is mended by the next message.
    pub(super) async fn tell_again(&self, conversation: &Reference) {
        if let Ok(found) = self.store.conversation(conversation.organisation, conversation.id).await {
            self.bus.publish(&Change {
                organisation: found.organisation,
                conversation: found.id,
                progress: found.progress,
                previous: found.progress.hands(),
                began: false,
                at: found.last_at,
                position: found.position,
                gone: None,
            });
        }
    }
}

/// Senders count from 1; what is below was never sent before, so that looking for it would find the store at fault.
const fn check_counter(counter: i64) -> std::result::Result<(), ReceiveError> {
    if counter >= 1 { Ok(()) } else { Err(ReceiveError::NotACounter) }
}

/// The capture policy of messages: a text of sane length, nothing else.
pub(super) fn capture(text: Plaintext) -> std::result::Result<Plaintext, ReceiveError> {
    if text.reveal().trim().is_empty() {
        return Err(ReceiveError::Empty);
    }
    // Bytes first: most texts are far shorter than the limit even if each byte were a character.
    if text.len() > TEXT_CHARACTERS && text.reveal().chars().count() > TEXT_CHARACTERS {
        return Err(ReceiveError::TooLong);
    }
    Ok(text)
}

pub(super) fn redact(
    text: Plaintext,
    names: &Names,
    author: Author,
    sender: SenderId,
    counter: i64,
    note: bool,
) -> Message<Redacted> {
    let identity = Identity {
        organisation: names.organisation,
        conversation: names.conversation,
        author,
        sender,
        counter,
        note,
        revision: 0,
    };
    Message::receive(identity, text).redact()
}

fn entry(
    author: Author,
    sender: SenderId,
    counter: i64,
    note: bool,
    numbers: Numbers,
    at: Timestamp,
    text: Plaintext,
) -> OpenedEntry {
    let kind = if note { domain::conversation::Kind::Note } else { domain::conversation::Kind::Message };
    OpenedEntry { numbers, author, kind, sender, counter, at, revision: 0, text: Some(text) }
}

fn accepted(
    conversation: &Arc<Reference>,
    counter: i64,
    numbers: Numbers,
    at: Timestamp,
    masked: Option<Plaintext>,
) -> Accepted {
    Accepted { conversation: Arc::clone(conversation), counter, numbers, at, masked }
}

fn refused(outcome: &Outcome) -> ReceiveError {
    match outcome {
        Outcome::Gap { expected } => ReceiveError::Gap { expected: *expected },
        Outcome::OutOfReach => ReceiveError::Other(Error::Forbidden),
        // Twice within a moment: the sender tries again.
        Outcome::Rekeyed => ReceiveError::Other(Error::Busy),
        Outcome::NotFound | Outcome::AlreadyBegun | Outcome::Stored(_) | Outcome::Retried { .. } => {
            ReceiveError::Other(Error::NotFound)
        }
    }
}
