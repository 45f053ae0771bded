//! What the visitor writes, and the receipts for it.

use std::sync::Arc;

use app::conversation::{Accepted, Answer, Incoming, ReceiveError};
use privacy::Plaintext;

use super::Chat;
use crate::socket::connection::Gone;
use crate::socket::in_flight::InFlight;
use crate::socket::problem::Problem;
use crate::wire::frames::{ProblemCode, ServerFrame};

impl Chat {
    pub(super) async fn message(
        &mut self,
        counter: i64,
        text: Plaintext,
        in_flight: &mut InFlight,
    ) -> Result<(), Gone> {
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

    pub(super) async fn acknowledge(&mut self, answer: Answer) -> Result<(), Gone> {
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
}
