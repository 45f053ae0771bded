//! Changes what a colleague may do, or whether they work here.

use std::sync::Arc;

use domain::{Capability, Level, Principal, PublicId, Role};
use store::conversation::List;

use super::Person;
use super::invite::may_grant;
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
        let role = change.role.unwrap_or(person.role);
        may_grant(principal, role)?;
        let groups = match &change.groups {
            Some(names) => self.groups_named(principal, names).await?,
            None => person.groups,
        };
        let deactivated_at = match change.active {
            Some(true) => None,
            Some(false) => Some(person.deactivated_at.unwrap_or_else(|| self.now())),
            None => person.deactivated_at,
        };
        let may = move |has: Role| may_grant(principal, has).is_ok();
        let to = (role, groups, deactivated_at);
        self.store.change_operator(principal.organisation, person.id, may, to).await.map_err(|error| match error {
            store::Error::Conflict(_) => {
                Error::Conflict("somebody must own the organisation: name another owner first")
            }
            other => other.into(),
        })?;
        self.team.forget(principal.organisation, person.id);
        if deactivated_at.is_some() {
            self.give_back_all(principal, &person).await?;
        }
        self.person(principal.organisation, person.id).await
    }

    /// What somebody who has left was on becomes nobody's. Called again it finishes what was broken off.
    async fn give_back_all(&self, principal: Principal, person: &Person) -> Result<()> {
        let by = (principal.operator, domain::Access::EVERYTHING);
        loop {
            let list = List::Mine(person.id);
            let theirs = self.store.conversations(principal.organisation, list, false, i64::MAX, AT_ONCE).await?;
            for found in &theirs {
                self.store.assign(principal.organisation, found.id, by, None, self.now()).await?;
            }
            if (theirs.len() as i64) < AT_ONCE {
                return Ok(());
            }
        }
    }
}
