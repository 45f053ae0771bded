//! Gives a conversation to an operator, to nobody, or to a group.

use domain::{Capability, Level, Principal, PublicId};

use crate::{App, Error, Result};

/// To whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// An operator, or nobody; its group stays.
    Operator(Option<PublicId>),
    /// A group, or everybody; nobody is on it then.
    Group(Option<PublicId>),
}

impl App {
    /// Assigns; the operator must work in the same organisation and be able to read what they are given.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`] for somebody who cannot take it.
    pub async fn assign(&self, principal: Principal, name: PublicId, to: To) -> Result<()> {
        let access = principal.require(Capability::Conversations, Level::Write)?;
        let (organisation, by) = (principal.organisation, (principal.operator, access));
        match to {
            To::Operator(to) => {
                let to = match to {
                    None => None,
                    Some(to) => Some(self.who_can_answer(principal, to).await?),
                };
                let found = self.store.conversation_named(organisation, name).await?;
                let store = self.store.audited(self.by(principal));
                store.assign(organisation, found.id, by, to, self.now()).await?;
            }
            To::Group(to) => {
                let to = match to {
                    None => None,
                    Some(to) => Some(self.group_named(principal, to).await?),
                };
                let found = self.store.conversation_named(organisation, name).await?;
                let store = self.store.audited(self.by(principal));
                store.hand_to_group(organisation, found.id, by, to, self.now()).await?;
            }
        }
        Ok(())
    }

    async fn who_can_answer(&self, principal: Principal, name: PublicId) -> Result<domain::OperatorId> {
        let nobody = || cannot("there is nobody of this name in your organisation");
        let everybody = self.store.operators(principal.organisation).await?;
        let operator = everybody
            .iter()
            .find(|operator| operator.name == name && operator.deactivated_at.is_none())
            .ok_or_else(nobody)?;
        if operator.role.rights().of(Capability::Conversations).0 < Level::Write {
            return Err(cannot("their role does not allow them to answer conversations"));
        }
        Ok(operator.id)
    }
}

fn cannot(why: &str) -> Error {
    Error::Invalid { field: "operator", detail: why.to_owned() }
}
