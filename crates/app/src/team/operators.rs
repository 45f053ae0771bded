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
    /// Whether they are there.
    pub there: There,
}

/// Whether somebody is there to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum There {
    /// Their dashboard is open, and they are at it.
    Online,
    /// Their dashboard is open, and they are not at it.
    Away,
    /// It is not open.
    Offline,
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
            colleagues.push(Colleague { there: self.is_there(&person), person });
        }
        Ok(colleagues)
    }

    /// Whether somebody is there.
    pub fn is_there(&self, person: &Person) -> There {
        if self.presence.is_operator_online(person.id) {
            There::Online
        } else if self.presence.is_operator_away(person.id) {
            There::Away
        } else {
            There::Offline
        }
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
