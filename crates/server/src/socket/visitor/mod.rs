//! A visitor's socket: what comes and what goes. `greet` brings it to the welcome and to its conversation, `messages` takes
//! what the visitor writes, `post` tells what others did.

mod greet;
mod messages;
mod post;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::conversation::{Answer, Visitor};
use app::rate::Whereabouts;
use app::team::Present;
use bus::{Mailbox, Subscription};
use domain::SenderId;
use domain::limits::IN_FLIGHT;
use privacy::Plaintext;

use self::greet::greet;
use super::connection::{Came, Connection, Gone};
use super::in_flight::InFlight;
use super::problem::Problem;
use crate::http::Shared;
use crate::wire::frames::{ClientFrame, ProblemCode, ServerFrame};

/// A client that is silent for so long has gone without saying so.
pub(super) const SILENT_FOR: Duration = Duration::from_secs(90);

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

impl Chat {
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

    /// Deletes the conversation. That it is gone is told to every window of theirs, this one included, behind the receipt.
    async fn erase(&mut self) -> Result<(), Gone> {
        let receipt = match self.app.erase_own(&self.visitor).await {
            Ok(erasure) => self.app.receipt_for_visitor(&erasure).await,
            Err(error) => Err(error),
        };
        match receipt {
            Ok(receipt) => self.connection.send(&ServerFrame::Erased { receipt }).await,
            Err(error) => self.connection.refuse(error.into()).await,
        }
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
            ClientFrame::Erase {} => Box::pin(self.erase()).await,
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
}
