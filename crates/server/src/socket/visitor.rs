//! A visitor's socket.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::conversation::{Accepted, Answer, Incoming, ReceiveError, Reference, Standing, Visitor};
use app::rate::Whereabouts;
use app::team::Present;
use bus::{Mailbox, Signal, Subscription, Topic};
use domain::SenderId;
use domain::conversation::Author;
use domain::limits::IN_FLIGHT;
use privacy::Plaintext;

use super::connection::{Came, Connection, Gone};
use super::entries::{self, Reader};
use super::hello;
use super::in_flight::InFlight;
use super::problem::Problem;
use crate::http::Shared;
use crate::wire::Id;
use crate::wire::frames::{ClientFrame, Limits, PROTOCOL, ProblemCode, ServerFrame, Side, Viewer, VisitorConversation};

/// A client that is silent for so long has gone without saying so.
pub(super) const SILENT_FOR: Duration = Duration::from_secs(90);

/// Whoever comes back with request after request counts as present in between: a hidden window asks every 25 seconds.
const BACK_WITHIN: Duration = Duration::from_secs(35);

/// What a visitor's socket is about.
struct Chat {
    app: Arc<App>,
    connection: Connection,
    visitor: Visitor,
    sender: SenderId,
    mailbox: Arc<Mailbox>,
    listening: Option<Listening>,
    /// Until there is a conversation: it may begin in another window.
    waiting: Option<Subscription>,
    _team: Subscription,
    /// The last entry of the conversation that was sent or skipped, notes included.
    delivered: i64,
    /// The last number that the visitor holds.
    held: i64,
    /// The first counter that came through this socket: its entries are acknowledged, not sent back.
    first_counter: i64,
    /// The last counter of this page load that was acknowledged on this socket.
    acknowledged: i64,
}

/// Kept once there is a conversation.
struct Listening {
    _conversation: Subscription,
    _present: Present,
}

/// What a socket waits for.
enum Next {
    Ending,
    Receipt(Answer),
    Post,
    Came(Came),
}

/// Serves a visitor until one side ends it.
pub(super) fn serve(connection: Connection, shared: Shared, from: Whereabouts) -> impl Future<Output = ()> + Send {
    let ending = shared.ending.clone();
    // What happens once is boxed, and so is every later step: a socket that waits carries none of their state. Boxed out here,
    // because a future keeps room for what it was given.
    let greeting = Box::pin(greet(connection, shared, from));
    async move {
        let Some(mut chat) = greeting.await else { return };
        let _ = chat.converse(&ending).await;
    }
}

/// Everything up to the welcome.
async fn greet(mut connection: Connection, shared: Shared, from: Whereabouts) -> Option<Box<Chat>> {
    let hello = tokio::select! {
        biased;
        hello = tokio::time::timeout(hello::WITHIN, hello::of_visitor(&mut connection)) => hello,
        () = shared.ending.cancelled() => {
            let _ = connection.refuse(Problem::restarting()).await;
            return None;
        }
    };
    let hello = match hello {
        Ok(Ok(hello)) => hello,
        Ok(Err(problem)) => {
            let _ = connection.refuse(problem).await;
            return None;
        }
        Err(_) => return None,
    };
    let visit = shared.app.visit(hello.widget, hello.token.as_deref(), hello.language, from).await;
    let (visitor, standing) = match visit {
        Ok(visit) => visit,
        Err(error) => {
            let problem = match error {
                app::Error::Unauthorised => {
                    Problem::fatal(ProblemCode::TokenInvalid, "this token was not issued here: say hello without one")
                }
                app::Error::NotFound => Problem::fatal(ProblemCode::NotFound, "there is no such widget"),
                other => Problem { fatal: true, ..other.into() },
            };
            let _ = connection.refuse(problem).await;
            return None;
        }
    };
    let mailbox = Arc::default();
    let mut chat = Box::new(Chat {
        waiting: visitor.conversation.is_none().then(|| shared.app.bus().subscribe(visitor.topic(), &mailbox)),
        _team: shared.app.bus().subscribe(Topic::Team(visitor.widget.organisation), &mailbox),
        app: shared.app,
        connection,
        visitor,
        sender: hello.sender,
        mailbox,
        listening: None,
        delivered: hello.after,
        held: hello.after,
        first_counter: i64::MAX,
        acknowledged: 0,
    });
    chat.welcome(standing).await.ok()?;
    Some(chat)
}

impl Chat {
    async fn welcome(&mut self, standing: Option<Standing>) -> Result<(), Gone> {
        // Whoever holds more than there is would otherwise never hear anything again.
        let last_visible = standing.as_ref().map_or(0, |standing| standing.last_visible);
        self.held = self.held.min(last_visible);
        self.delivered = self.delivered.min(last_visible);
        let conversation = match &standing {
            Some(standing) => Some(self.standing(standing).await),
            None => None,
        };
        let organisation = self.visitor.widget.organisation;
        self.connection
            .feed(&ServerFrame::Welcome {
                protocol: PROTOCOL,
                at: self.app.now().0,
                limits: Limits::OURS,
                presence: self.app.is_team_online(organisation),
                position: 0,
                token: self.visitor.new_token.take(),
                conversation,
            })
            .await?;
        if let (Some(reference), Some(standing)) = (self.visitor.conversation.clone(), standing) {
            self.listen(&reference);
            // The visitor's numbers are never ahead of ours, so starting at theirs misses nothing.
            self.deliver(&reference, i64::MAX, false).await?;
            self.connection
                .feed(&ServerFrame::Current {
                    conversation: reference.name().into(),
                    last_sequence: self.held.max(standing.last_visible),
                })
                .await?;
        } else if self.visitor.is_known {
            // Another window may have begun between the look and the listening.
            self.join_begun().await?;
        }
        self.connection.flush().await
    }

    async fn standing(&mut self, standing: &Standing) -> VisitorConversation {
        let organisation = self.visitor.widget.organisation;
        let assignee = match standing.assignee {
            Some(id) => self.app.person(organisation, id).await.ok().map(|person| person.display.reveal().to_owned()),
            None => None,
        };
        VisitorConversation {
            state: standing.state.into(),
            last_sequence: standing.last_visible,
            team_seen: standing.team_seen,
            assignee,
        }
    }

    fn listen(&mut self, reference: &Reference) {
        if self.listening.is_none() {
            self.waiting = None;
            let mut present = self.app.visitor_comes(reference.id);
            if self.connection.comes_again() {
                present.stay_for(BACK_WITHIN);
            }
            self.listening = Some(Listening {
                _conversation: self.app.bus().subscribe(Topic::Conversation(reference.id), &self.mailbox),
                _present: present,
            });
        }
    }

    async fn converse(&mut self, ending: &tokio_util::sync::CancellationToken) -> Result<(), Gone> {
        let mut in_flight = InFlight::default();
        let mut silent = Box::pin(tokio::time::sleep(SILENT_FOR));
        loop {
            let next = tokio::select! {
                biased;
                // The end first: no flood of frames may hold it up.
                () = ending.cancelled() => Next::Ending,
                // Receipts before the rest: what was stored before something else is told before it.
                Some(receipt) = in_flight.next(), if !in_flight.is_empty() => Next::Receipt(receipt),
                () = self.mailbox.wait() => Next::Post,
                came = self.connection.next(), if in_flight.len() < IN_FLIGHT => {
                    silent.as_mut().reset(tokio::time::Instant::now() + SILENT_FOR);
                    Next::Came(came)
                }
                () = &mut silent => return Ok(()),
            };
            if Box::pin(self.go_on(next, &mut in_flight)).await?.is_break() {
                return Ok(());
            }
        }
    }

    async fn go_on(&mut self, next: Next, in_flight: &mut InFlight) -> Result<ControlFlow<()>, Gone> {
        match next {
            Next::Ending => {
                self.finish(in_flight).await?;
                self.connection.refuse(Problem::restarting()).await?;
            }
            Next::Receipt(receipt) => {
                self.acknowledge(receipt).await?;
                while let Some(receipt) = in_flight.next_now() {
                    self.acknowledge(receipt).await?;
                }
                self.connection.flush().await?;
            }
            Next::Post => self.read_post(in_flight).await?,
            Next::Came(Came::Frame(frame)) => self.take(frame, in_flight).await?,
            Next::Came(Came::Problem(problem)) => self.connection.refuse(problem).await?,
            Next::Came(Came::Nothing) => self.connection.flush().await?,
            Next::Came(Came::Done) => return self.finish(in_flight).await.map(ControlFlow::Break),
            Next::Came(Came::End) => return Ok(ControlFlow::Break(())),
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Answers what is under way; nothing more will come.
    async fn finish(&mut self, in_flight: &mut InFlight) -> Result<(), Gone> {
        while let Some(receipt) = in_flight.next().await {
            self.acknowledge(receipt).await?;
        }
        self.connection.flush().await
    }

    async fn take(&mut self, frame: ClientFrame, in_flight: &mut InFlight) -> Result<(), Gone> {
        match frame {
            ClientFrame::Message { counter, text, conversation: None, note: None | Some(false) } => {
                self.message(counter, Plaintext::new(text), in_flight).await
            }
            ClientFrame::Typing { on, conversation: None } => {
                if let Some(reference) = &self.visitor.conversation {
                    self.app.visitor_types(reference, on);
                }
                Ok(())
            }
            ClientFrame::Seen { sequence, conversation: None } => {
                if let Some(reference) = &self.visitor.conversation
                    && let Err(error) = self.app.visitor_sees(reference, sequence).await
                {
                    return self.connection.refuse(error.into()).await;
                }
                Ok(())
            }
            ClientFrame::Ping {} => {
                // That another window has begun may be lost on the way from its node.
                if self.visitor.is_known {
                    self.join_begun().await?;
                }
                self.connection.send(&ServerFrame::Pong {}).await
            }
            // A visitor names no conversation, writes no note and follows nothing: theirs is the only one (law L5).
            ClientFrame::Hello { .. }
            | ClientFrame::Message { .. }
            | ClientFrame::Typing { .. }
            | ClientFrame::Seen { .. }
            | ClientFrame::Follow { .. }
            | ClientFrame::Unfollow { .. }
            | ClientFrame::Watch { .. }
            | ClientFrame::Away { .. } => {
                let problem = Problem::new(ProblemCode::Forbidden, "visitors cannot do this");
                self.connection.refuse(problem).await
            }
        }
    }

    async fn message(&mut self, counter: i64, text: Plaintext, in_flight: &mut InFlight) -> Result<(), Gone> {
        if let Err(wait) = self.visitor.take_turn() {
            let wait = u64::try_from(wait.as_millis()).unwrap_or(1000).max(50);
            let problem = Problem::new(ProblemCode::RateLimited, "too many messages at once").retry_after(wait);
            return self.connection.refuse(problem.about(counter, None)).await;
        }
        self.first_counter = self.first_counter.min(counter);
        let incoming = Incoming { sender: self.sender, counter, text, note: false };
        match self.visitor.conversation.clone() {
            Some(reference) => match self.app.receive_from_visitor(&self.visitor, &reference, incoming).await {
                Ok(receipt) => in_flight.push(receipt),
                Err(error) => return self.refuse_message(error, counter).await,
            },
            // One at a time until there is a conversation, so that the second message finds it. Boxed: it happens once,
            // and an idle socket would carry its state for ever.
            None => match Box::pin(self.app.receive_first(&self.visitor, incoming)).await {
                Ok(accepted) => {
                    let reference = Arc::clone(&accepted.conversation);
                    self.visitor.conversation = Some(Arc::clone(&reference));
                    self.listen(&reference);
                    self.accept(&accepted).await?;
                    // What was said between the commit and the listening.
                    self.deliver(&reference, i64::MAX, false).await?;
                    self.connection.flush().await?;
                }
                Err(error) => return self.refuse_message(error, counter).await,
            },
        }
        Ok(())
    }

    async fn refuse_message(&mut self, error: ReceiveError, counter: i64) -> Result<(), Gone> {
        self.connection.refuse(Problem::from(error).about(counter, None)).await
    }

    async fn acknowledge(&mut self, answer: Answer) -> Result<(), Gone> {
        match answer.result {
            Ok(accepted) => self.accept(&accepted).await,
            Err(error) => {
                let problem = Problem::from(error).about(answer.counter, None);
                self.connection.feed(&problem.frame()).await
            }
        }
    }

    async fn accept(&mut self, accepted: &Accepted) -> Result<(), Gone> {
        let reference = Arc::clone(&accepted.conversation);
        // What others said before it goes first, so that numbers arrive in order.
        self.deliver(&reference, accepted.numbers.sequence - 1, false).await?;
        self.acknowledged = self.acknowledged.max(accepted.counter);
        self.delivered = self.delivered.max(accepted.numbers.sequence);
        self.held = self.held.max(accepted.numbers.visible);
        self.connection
            .feed(&ServerFrame::Accepted {
                counter: accepted.counter,
                sequence: accepted.numbers.visible,
                at: accepted.at.0,
                conversation: reference.name().into(),
                visible: None,
                text: accepted.masked.as_ref().map(|text| text.reveal().into()),
            })
            .await
    }

    /// Sends entries that were not sent yet, up to `last`. Where one of our own is met whose receipt is still to come and
    /// `waits` is set, nothing behind it goes first: the answer is `false` then.
    async fn deliver(&mut self, reference: &Reference, last: i64, waits: bool) -> Result<bool, Gone> {
        while self.delivered < last {
            let found = match self.app.entries_after(reference, self.delivered, last).await {
                Ok(found) => found,
                Err(error) => {
                    return self.connection.refuse(Problem { fatal: true, ..error.into() }).await.map(|()| true);
                }
            };
            if found.is_empty() {
                return Ok(true);
            }
            for entry in found {
                if entry.numbers.sequence > last {
                    return Ok(true);
                }
                let ours = entry.author == Author::Visitor
                    && entry.sender == self.sender
                    && entry.counter >= self.first_counter;
                let acknowledged = ours && entry.counter <= self.acknowledged;
                if ours && !acknowledged && waits {
                    return Ok(false);
                }
                self.delivered = entry.numbers.sequence;
                if acknowledged || entry.numbers.visible <= self.held {
                    continue;
                }
                let people = match entries::people(&self.app, reference, &entry).await {
                    Ok(people) => people,
                    Err(error) => {
                        return self.connection.refuse(Problem { fatal: true, ..error.into() }).await.map(|()| true);
                    }
                };
                if let Some(shown) = entries::entry(Reader::Visitor, None, reference.name(), &entry, &people) {
                    self.connection.feed(&entries::frame(shown)).await?;
                    self.held = entry.numbers.visible;
                }
            }
        }
        Ok(true)
    }

    async fn read_post(&mut self, in_flight: &mut InFlight) -> Result<(), Gone> {
        let post = self.mailbox.take();
        if let Some(reference) = self.visitor.conversation.clone()
            && let Some(change) = post.changes.get(&reference.id)
        {
            // What is stored has its receipt under way: it is told first, so that numbers arrive in order.
            while !self.deliver(&reference, change.progress.last_sequence, !in_flight.is_empty()).await? {
                if let Some(receipt) = in_flight.next().await {
                    self.acknowledge(receipt).await?;
                }
            }
        }
        if post.signals.contains(&Signal::Began) {
            self.join_begun().await?;
        }
        for signal in post.signals {
            if let Some(frame) = self.signal(signal).await {
                self.connection.feed(&frame).await?;
            }
        }
        self.connection.flush().await
    }

    /// Another window of this visitor may have begun the conversation.
    async fn join_begun(&mut self) -> Result<(), Gone> {
        if self.visitor.conversation.is_some() {
            return Ok(());
        }
        match self.app.begun_by(&self.visitor).await {
            Ok(Some(reference)) => {
                self.visitor.conversation = Some(Arc::clone(&reference));
                self.listen(&reference);
                self.deliver(&reference, i64::MAX, false).await?;
                let (conversation, last_sequence) = (reference.name().into(), self.held);
                self.connection.feed(&ServerFrame::Current { conversation, last_sequence }).await
            }
            Ok(None) => Ok(()),
            Err(error) => self.connection.refuse(Problem { fatal: true, ..error.into() }).await,
        }
    }

    async fn signal(&mut self, signal: Signal) -> Option<ServerFrame<'static>> {
        match signal {
            Signal::TeamPresence(online) => Some(ServerFrame::Presence { online, conversation: None }),
            Signal::OperatorTyping(_, operator, on) => {
                let person = self.app.person(self.visitor.widget.organisation, operator).await.ok()?;
                let name = Some(person.display.reveal().to_owned().into());
                Some(ServerFrame::Typing { conversation: self.name()?, who: Side::Operator, name, on })
            }
            Signal::TeamSeen(_, sequence) => {
                Some(ServerFrame::Seen { conversation: self.name()?, who: Viewer::Team, sequence })
            }
            Signal::VisitorTyping(..)
            | Signal::VisitorSeen(..)
            | Signal::VisitorPresence(..)
            | Signal::Began
            | Signal::SignedIn
            | Signal::Called(..) => None,
        }
    }

    fn name(&self) -> Option<Id> {
        self.visitor.conversation.as_ref().map(|reference| reference.name().into())
    }
}
