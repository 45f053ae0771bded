//! What the operator writes, and the receipts for it.

use app::conversation::{Answer, Incoming};
use privacy::Plaintext;

use super::Desk;
use crate::socket::connection::Gone;
use crate::socket::in_flight::InFlight;
use crate::socket::problem::Problem;
use crate::wire::Id;
use crate::wire::frames::ServerFrame;

impl Desk {
    pub(super) async fn message(
        &mut self,
        counter: i64,
        text: Plaintext,
        id: Id,
        note: bool,
        in_flight: &mut InFlight,
    ) -> Result<(), Gone> {
        if let Some(followed) = self.followed.values_mut().find(|followed| followed.reference.name() == id.0) {
            followed.first_counter = followed.first_counter.min(counter);
        }
        let incoming = Incoming { sender: self.sender, counter, text, note };
        match self.app.receive_from_operator(self.principal, id.0, incoming).await {
            Ok(receipt) => {
                in_flight.push(receipt);
                Ok(())
            }
            Err(error) => self.connection.refuse(Problem::from(error).about(counter, Some(id))).await,
        }
    }

    pub(super) async fn acknowledge(&mut self, answer: Answer) -> Result<(), Gone> {
        let accepted = match answer.result {
            Ok(accepted) => accepted,
            Err(error) => {
                let problem = Problem::from(error).about(answer.counter, Some(answer.conversation.into()));
                return self.connection.feed(&problem.frame()).await;
            }
        };
        let (id, sequence) = (accepted.conversation.id, accepted.numbers.sequence);
        self.deliver(id, sequence - 1, false).await?;
        if let Some(followed) = self.followed.get_mut(&id) {
            followed.delivered = followed.delivered.max(sequence);
            followed.acknowledged = followed.acknowledged.max(accepted.counter);
        }
        self.connection
            .feed(&ServerFrame::Accepted {
                counter: accepted.counter,
                sequence,
                at: accepted.at.0,
                conversation: answer.conversation.into(),
                visible: Some(accepted.numbers.visible),
                text: accepted.masked.as_ref().map(|text| text.reveal().into()),
            })
            .await
    }
}
