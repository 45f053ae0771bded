//! What the operator is told of conversations: changes, and who types or looks.

use std::sync::Arc;

use bus::Signal;
use domain::ConversationId;
use domain::conversation::Change;

use super::Desk;
use crate::socket::connection::Gone;
use crate::socket::in_flight::InFlight;
use crate::socket::problem::Problem;
use crate::wire::Id;
use crate::wire::frames::{ProblemCode, ServerFrame, Side, Viewer};

/// Conversations of which it is remembered how far their changes were taken up.
const TAKEN: usize = 1024;

impl Desk {
    pub(super) async fn read_post(&mut self, in_flight: &mut InFlight) -> Result<(), Gone> {
        let post = self.mailbox.take();
        if post.overflowed {
            let problem =
                Problem::fatal(ProblemCode::Slow, "too much has changed meanwhile: reconnect and read the list anew");
            return self.connection.refuse(problem).await;
        }
        for (id, change) in post.changes {
            if !self.is_news(&change) {
                continue;
            }
            if change.gone.is_some() {
                self.followed.remove(&id);
            } else if let Some(reference) = self.followed.get(&id).map(|followed| Arc::clone(&followed.reference)) {
                // The right is asked again for each change (SZ5): it may have been given to somebody else.
                if self.app.may_read(self.principal, &change) {
                    // A colleague may be on it since.
                    if let Err(error) = self.app.note_reading(self.principal, &reference, &change.progress).await {
                        return self.connection.refuse(Problem { fatal: true, ..error.into() }).await;
                    }
                    // What is stored has its receipt under way: it is told first, so that numbers arrive in order.
                    while !self.deliver(id, change.progress.last_sequence, !in_flight.is_empty()).await? {
                        if let Some(answer) = in_flight.next().await {
                            self.acknowledge(answer).await?;
                        }
                    }
                } else {
                    self.followed.remove(&id);
                }
            }
            let previous = self.rows.get(&id).map(|known| known.previous);
            let mut change = change;
            if let Some(previous) = previous {
                change.previous = previous;
            }
            self.rows.insert(id, change);
        }
        for signal in post.signals {
            if let Signal::VisitorSeen(id, visible) = signal {
                self.visitor_saw(id, visible);
            }
            if let Signal::Called(id, by, why) = signal {
                self.called(id, by, why).await?;
            } else if let Some(frame) = self.signal(signal).await {
                self.connection.feed(&frame).await?;
            }
        }
        self.connection.flush().await
    }

    /// Whether nothing newer of this conversation was taken up. What was told before may be told once more.
    fn is_news(&mut self, change: &Change) -> bool {
        if self.taken.len() >= TAKEN {
            // Overtaking is a matter of moments.
            self.taken.clear();
        }
        let last = self.taken.entry(change.conversation).or_insert(change.position);
        *last = change.position.max(*last);
        *last == change.position
    }

    async fn signal(&mut self, signal: Signal) -> Option<ServerFrame<'static>> {
        let name = |id: ConversationId| self.followed.get(&id).map(|followed| Id::from(followed.reference.name()));
        match signal {
            Signal::VisitorTyping(id, on) => {
                Some(ServerFrame::Typing { conversation: name(id)?, who: Side::Visitor, name: None, on })
            }
            Signal::OperatorTyping(id, operator, on) if operator != self.principal.operator => {
                let person = self.app.person(self.principal.organisation, operator).await.ok()?;
                let who = Some(person.display.reveal().to_owned().into());
                Some(ServerFrame::Typing { conversation: name(id)?, who: Side::Operator, name: who, on })
            }
            Signal::VisitorSeen(id, sequence) => {
                Some(ServerFrame::Seen { conversation: name(id)?, who: Viewer::Visitor, sequence })
            }
            Signal::TeamSeen(id, sequence) => {
                Some(ServerFrame::Seen { conversation: name(id)?, who: Viewer::Team, sequence })
            }
            Signal::VisitorPresence(id, online) => {
                Some(ServerFrame::Presence { online, conversation: Some(name(id)?) })
            }
            Signal::SignedIn => Some(ServerFrame::SignedIn {}),
            Signal::OperatorTyping(..) | Signal::TeamPresence(_) | Signal::Began | Signal::Called(..) => None,
        }
    }
}
