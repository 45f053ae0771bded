//! Asks colleagues into a conversation that need not be in their reach, and lets them go.

use domain::audit::Kind as Did;
use domain::conversation::{Author, Change, Event};
use domain::{Access, ConversationId, Guests, OperatorId, OrganisationId, Reach, Timestamp};

use super::happen::{happen, recorded, works_here};
use super::locked;
use crate::audit::Audited;
use crate::engine::{Row, Value};
use crate::{Error, Result};

/// Why nobody else can be asked in.
pub const FULL: &str = "as many colleagues as can be were asked into this conversation";

/// From a column of a head: numbers of operators, with a comma before and after each.
pub(crate) fn read(row: &Row, column: usize) -> Result<Guests> {
    let broken = |_| Error::Broken("who was asked into a conversation cannot be read".to_owned());
    let text = row.text_or_null(column)?.unwrap_or_default();
    let numbers = text.split(',').filter(|number| !number.is_empty());
    numbers.map(|number| number.parse().map(OperatorId)).collect::<std::result::Result<_, _>>().map_err(broken)
}

/// As it stands in a head: findable by [`sought`], and nothing where nobody was asked.
pub(crate) fn written(guests: &Guests) -> Value {
    let text: String = guests.iter().map(|guest| format!(",{}", guest.0)).collect();
    (!guests.is_empty()).then(|| text + ",").into()
}

/// What a head's column is LIKE where an operator is among those who were asked.
pub(crate) fn sought(operator: OperatorId) -> Value {
    format!("%,{},%", operator.0).into()
}

impl Audited<'_> {
    /// Asks an operator into a conversation: it is in their reach from now on, whatever their role reaches. Nothing happens
    /// where it is theirs, or they were asked already. Nobody asks themselves, so that nobody keeps for good what they reach for
    /// a moment.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for an operator of another organisation, [`Error::OutOfReach`] where `by` may not touch it
    /// or is the guest, [`Error::Conflict`] where there is no room.
    pub async fn invite(
        self,
        organisation: OrganisationId,
        id: ConversationId,
        by: (OperatorId, Access),
        guest: OperatorId,
        at: Timestamp,
    ) -> Result<Option<Change>> {
        let listener = self.store().listener.clone();
        self.write_then(
            move |connection| {
                Box::pin(async move {
                    let found = locked(connection, organisation, id, Some(by)).await?;
                    if guest == by.0 && by.1.reach != Reach::All {
                        return Err(Error::OutOfReach);
                    }
                    works_here(connection, organisation, guest).await?;
                    let hands = found.progress.hands();
                    if hands.assignee == Some(guest) || hands.guests.contain(guest) {
                        return Ok((None, Vec::new()));
                    }
                    if hands.guests.are_full() {
                        return Err(Error::Conflict(FULL));
                    }
                    let fact = recorded(&found, Did::ConversationInvited, None).about(Some(guest));
                    let what = [Event::Invited(guest)];
                    let change = happen(connection, found.progress, found, Author::Operator(by.0), &what, at).await?;
                    Ok((Some(change), vec![fact]))
                })
            },
            move |change: &Option<Change>| change.iter().for_each(|change| listener.tell(change)),
        )
        .await
    }

    /// Lets somebody go who was asked in, or oneself; nothing happens where they are not there.
    ///
    /// # Errors
    /// [`Error::NotFound`], and [`Error::OutOfReach`] where `by` may not touch it.
    pub async fn leave(
        self,
        organisation: OrganisationId,
        id: ConversationId,
        by: (OperatorId, Access),
        guest: OperatorId,
        at: Timestamp,
    ) -> Result<Option<Change>> {
        let listener = self.store().listener.clone();
        self.write_then(
            move |connection| {
                Box::pin(async move {
                    let found = locked(connection, organisation, id, Some(by)).await?;
                    if !found.progress.guests.contain(guest) {
                        return Ok((None, Vec::new()));
                    }
                    let fact = recorded(&found, Did::ConversationLeft, None).about(Some(guest));
                    let what = [Event::Left(guest)];
                    let change = happen(connection, found.progress, found, Author::Operator(by.0), &what, at).await?;
                    Ok((Some(change), vec![fact]))
                })
            },
            move |change: &Option<Change>| change.iter().for_each(|change| listener.tell(change)),
        )
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_asked_is_read_as_it_was_written() {
        let guests: Guests = [OperatorId(12), OperatorId(3)].into_iter().collect();
        let row = Row(vec![written(&guests), written(&Guests::default()), Value::from(",x,")]);
        assert_eq!(row.0[0], Value::from(",12,3,"));
        assert_eq!((read(&row, 0), read(&row, 1)), (Ok(guests), Ok(Guests::default())));
        assert_eq!(row.0[1], Value::Null);
        assert!(matches!(read(&row, 2), Err(Error::Broken(_))));
    }
}
