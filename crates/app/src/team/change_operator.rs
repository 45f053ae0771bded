//! Changes what a colleague may do, or whether they work here.

use std::sync::Arc;

use domain::{Capability, Level, Principal, PublicId, Role};
use store::conversation::List;

use super::Person;
use crate::{App, Error, Result};

/// Conversations given back at once when somebody leaves.
const AT_ONCE: i64 = 200;

/// What is to be changed; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct OperatorChange {
    /// What they may do.
    pub role: Option<Role>,
    /// The groups they are in.
    pub groups: Option<Vec<PublicId>>,
    /// Whether they work here.
    pub active: Option<bool>,
}

impl App {
    /// Changes a colleague. Acts on their open windows within seconds (SA5). Whoever leaves loses their sessions and tokens
    /// at once, and their conversations become nobody's.
    ///
    /// # Errors
    /// [`Error::Forbidden`] where the colleague has, or would get, rights that the caller lacks (SZ6); [`Error::NotFound`];
    /// [`Error::Conflict`] where nobody would be owner.
    pub async fn change_operator(
        &self,
        principal: Principal,
        name: PublicId,
        change: OperatorChange,
    ) -> Result<Arc<Person>> {
        principal.require(Capability::Team, Level::Write)?;
        let person = self.person_named(principal.organisation, name).await?;
        let groups = match &change.groups {
            Some(names) => Some(self.groups_named(principal, names).await?),
            None => None,
        };
        let to = store::operator::OperatorChange { role: change.role, groups, active: change.active };
        self.store.audited(self.by(principal)).change_operator(principal, person.id, to, self.now()).await.map_err(
            |error| match error {
                store::Error::Conflict(_) => {
                    Error::Conflict("somebody must own the organisation: name another owner first")
                }
                other => other.into(),
            },
        )?;
        self.team.forget(principal.organisation, person.id);
        let person = self.person(principal.organisation, person.id).await?;
        let answers = person.role.rights().of(Capability::Conversations).0 == Level::Write;
        if !answers || person.deactivated_at.is_some() {
            self.give_back_all(principal, &person).await?;
        }
        Ok(person)
    }

    /// What somebody was on who answers no more becomes nobody's, ended or not: a visitor may take it up again. Called again it
    /// finishes what was broken off.
    async fn give_back_all(&self, principal: Principal, person: &Person) -> Result<()> {
        let by = (principal.operator, domain::Access::EVERYTHING);
        loop {
            let list = List::Mine(person.id);
            let theirs = self.store.conversations(principal.organisation, list, true, i64::MAX, AT_ONCE).await?;
            for found in &theirs {
                self.store
                    .audited(self.by(principal))
                    .assign(principal.organisation, found.id, by, None, self.now())
                    .await?;
            }
            if (theirs.len() as i64) < AT_ONCE {
                return Ok(());
            }
        }
    }
}
