//! Gives a conversation to an operator, or to nobody.

use domain::{Capability, Level, Principal, PublicId};

use crate::{App, Error, Result};

impl App {
    /// Assigns; the operator must work in the same organisation and be able to read what they are given.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`] for somebody who cannot take it.
    pub async fn assign(&self, principal: Principal, name: PublicId, to: Option<PublicId>) -> Result<()> {
        let access = principal.require(Capability::Conversations, Level::Write)?;
        let to = match to {
            None => None,
            Some(to) => {
                let person = self.person_named(principal.organisation, to).await.map_err(|error| match error {
                    Error::NotFound => cannot("there is nobody of this name in your organisation"),
                    other => other,
                })?;
                if person.role.grants(Capability::Conversations).level < Level::Write {
                    return Err(cannot("their role does not allow them to answer conversations"));
                }
                Some(person.id)
            }
        };
        let found = self.store.conversation_named(principal.organisation, name).await?;
        let by = (principal.operator, access);
        self.store.assign(principal.organisation, found.id, by, to, self.now()).await?;
        Ok(())
    }
}

fn cannot(why: &str) -> Error {
    Error::Invalid { field: "operator", detail: why.to_owned() }
}
