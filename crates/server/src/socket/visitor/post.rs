//! What the visitor is told: entries of their conversation, who types, who is there.

use app::conversation::Reference;
use bus::Signal;
use domain::conversation::Author;

use super::Chat;
use crate::socket::connection::Gone;
use crate::socket::entries::{self, Reader};
use crate::socket::in_flight::InFlight;
use crate::socket::problem::Problem;
use crate::wire::Id;
use crate::wire::frames::{ServerFrame, Side, Viewer};

impl Chat {
    /// Sends entries that were not sent yet, up to `last`. Where one of our own is met whose receipt is still to come and
    /// `waits` is set, nothing behind it goes first: the answer is `false` then.
    pub(super) async fn deliver(&mut self, reference: &Reference, last: i64, waits: bool) -> Result<bool, Gone> {
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

    pub(super) async fn read_post(&mut self, in_flight: &mut InFlight) -> Result<(), Gone> {
        let post = self.mailbox.take();
        if let Some(reference) = self.visitor.conversation.clone()
            && let Some(change) = post.changes.get(&reference.id)
        {
            if change.gone.is_some() {
                return self.connection.refuse(Problem::conversation_gone()).await;
            }
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
