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

    /// What somebody was on who answers no more becomes nobody's, ended or not: a visitor may take it up again. Where they were
    /// asked in they are no longer. Called again it finishes what was broken off.
    async fn give_back_all(&self, principal: Principal, person: &Person) -> Result<()> {
        while self.give_back_some(principal, List::Assigned(person.id)).await? {}
        while self.give_back_some(principal, List::AskedInto(person.id)).await? {}
        Ok(())
    }

    /// The first of a list; whether there may be more.
    async fn give_back_some(&self, principal: Principal, list: List) -> Result<bool> {
        let organisation = principal.organisation;
        let by = (principal.operator, domain::Access::EVERYTHING);
        let theirs = self.store.conversations(organisation, list, true, i64::MAX, AT_ONCE).await?;
        for found in &theirs {
            let store = self.store.audited(self.by(principal));
            match list {
                List::AskedInto(guest) => store.leave(organisation, found.id, by, guest, self.now()).await?,
                _ => store.assign(organisation, found.id, by, None, self.now()).await?,
            };
        }
        Ok(theirs.len() as i64 >= AT_ONCE)
    }
}
