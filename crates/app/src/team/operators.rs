//! Who works here, and whether they are there.

use std::sync::Arc;

use domain::{Capability, Language, Level, Principal};

use super::Person;
use crate::{App, Result};

/// A colleague.
#[derive(Debug)]
pub struct Colleague {
    /// Who they are.
    pub person: Arc<Person>,
    /// Whether their dashboard is open.
    pub online: bool,
}

impl App {
    /// Everybody who works in the organisation.
    ///
    /// # Errors
    /// [`crate::Error::Forbidden`].
    pub async fn operators(&self, principal: Principal) -> Result<Vec<Colleague>> {
        principal.require(Capability::Team, Level::Read)?;
        let mut colleagues = Vec::new();
        for operator in self.store.operators(principal.organisation).await? {
            let person = self.introduce(&operator).await?;
            colleagues.push(Colleague { online: self.presence.is_operator_online(operator.id), person });
        }
        Ok(colleagues)
    }

    /// Whether somebody's dashboard is open.
    pub fn is_online(&self, person: &Person) -> bool {
        self.presence.is_operator_online(person.id)
    }

    /// Changes the language of one's own screens: everybody may.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn speak(&self, principal: Principal, language: Language) -> Result<()> {
        self.store.set_operator_language(principal.organisation, principal.operator, language).await?;
        self.team.forget(principal.organisation, principal.operator);
        Ok(())
    }
}
