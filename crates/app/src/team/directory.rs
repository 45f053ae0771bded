//! Who an operator is: their names, opened under a lease.

use std::sync::Arc;

use domain::{GroupNumber, Groups, Language, OperatorId, OrganisationId, PublicId, Role, Timestamp};
use privacy::Plaintext;
use serde::{Deserialize, Serialize};
use store::operator::Operator;

use super::password;
use crate::leased::Leased;
use crate::{App, Error, Result};

const PEOPLE: usize = 1024;
/// What binds an operator's sealed profile to its purpose.
pub(super) const PROFILE: &str = "operator profile";

/// An operator as colleagues and visitors know them.
#[derive(Debug)]
pub struct Person {
    /// Their number inside.
    pub id: OperatorId,
    /// Their name outside.
    pub name: PublicId,
    /// What they are called.
    pub display: Plaintext,
    /// What they may do.
    pub role: Role,
    /// The language of their screens.
    pub language: Language,
    /// The groups they are in.
    pub groups: Groups,
    /// Whether they were invited and have set no password yet.
    pub invited: bool,
    /// Since when they sign in no more.
    pub deactivated_at: Option<Timestamp>,
}

/// What is sealed of an operator.
#[derive(Serialize, Deserialize)]
pub(super) struct Profile {
    pub(super) name: String,
    pub(super) email: String,
}

impl Drop for Profile {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.name);
        zeroize::Zeroize::zeroize(&mut self.email);
    }
}

/// People by number, and the names of organisations.
pub(crate) struct Directory {
    people: Leased<(OrganisationId, OperatorId), Arc<Person>>,
    organisations: Leased<OrganisationId, (PublicId, Arc<str>)>,
    groups: Leased<(OrganisationId, GroupNumber), (PublicId, Arc<str>)>,
}

impl Default for Directory {
    fn default() -> Self {
        Self { people: Leased::new(PEOPLE), organisations: Leased::new(PEOPLE), groups: Leased::new(PEOPLE) }
    }
}

impl Directory {
    pub(crate) fn wipe_expired(&self) {
        self.people.wipe_expired();
        self.organisations.wipe_expired();
        self.groups.wipe_expired();
    }

    pub(super) fn forget_group(&self, organisation: OrganisationId, number: GroupNumber) {
        self.groups.remove(&(organisation, number));
    }

    pub(super) fn forget(&self, organisation: OrganisationId, operator: OperatorId) {
        self.people.remove(&(organisation, operator));
    }
}

impl App {
    /// An operator of an organisation.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn person(&self, organisation: OrganisationId, id: OperatorId) -> Result<Arc<Person>> {
        if let Some(known) = self.team.people.get(&(organisation, id)) {
            return Ok(known);
        }
        let operator = self.store.operator(organisation, id).await?;
        self.introduce(&operator).await
    }

    /// An operator of an organisation by their name outside.
    pub(crate) async fn person_named(&self, organisation: OrganisationId, name: PublicId) -> Result<Arc<Person>> {
        let everybody = self.store.operators(organisation).await?;
        let operator = everybody.iter().find(|operator| operator.name == name).ok_or(Error::NotFound)?;
        self.introduce(operator).await
    }

    /// Checks a new password of an operator and hashes it.
    pub(super) async fn hash_password(&self, operator: &Operator, password: Plaintext) -> Result<String> {
        let profile = self.profile(operator).await?;
        let (_, title) = self.organisation(operator.organisation).await?;
        self.passwords.hash(password, &[&title, &profile.name, &profile.email]).await
    }

    pub(super) async fn profile(&self, operator: &Operator) -> Result<Profile> {
        let key = self.keyring.data_key(operator.organisation, operator.key).await?;
        let profile = key.open_value(PROFILE, operator.name, &operator.profile_sealed)?;
        serde_json::from_slice(&profile).map_err(|_| Error::Internal)
    }

    pub(super) async fn introduce(&self, operator: &Operator) -> Result<Arc<Person>> {
        let profile = self.profile(operator).await?;
        let person = Arc::new(Person {
            id: operator.id,
            name: operator.name,
            display: Plaintext::new(profile.name.clone()),
            role: operator.role,
            language: operator.language,
            groups: operator.groups,
            invited: operator.password_hash == password::NONE,
            deactivated_at: operator.deactivated_at,
        });
        self.team.people.insert((operator.organisation, operator.id), Arc::clone(&person));
        Ok(person)
    }

    /// A group's name outside and its title; none where it is gone.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn group_title(
        &self,
        organisation: OrganisationId,
        number: GroupNumber,
    ) -> Result<Option<(PublicId, Arc<str>)>> {
        if let Some(known) = self.team.groups.get(&(organisation, number)) {
            return Ok(Some(known));
        }
        let groups = self.store.groups(organisation).await?;
        let Some(group) = groups.into_iter().find(|group| group.number == number) else { return Ok(None) };
        let known: (PublicId, Arc<str>) = (group.name, Arc::from(group.title));
        self.team.groups.insert((organisation, number), known.clone());
        Ok(Some(known))
    }

    /// An organisation's name outside: what its seals are bound to.
    pub(crate) async fn organisation_name(&self, id: OrganisationId) -> Result<PublicId> {
        Ok(self.organisation(id).await?.0)
    }

    /// An organisation's name outside and its title.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn organisation(&self, id: OrganisationId) -> Result<(PublicId, Arc<str>)> {
        if let Some(known) = self.team.organisations.get(&id) {
            return Ok(known);
        }
        let found = self.store.organisation(id).await?;
        let known = (found.name, Arc::from(found.title));
        self.team.organisations.insert(id, known.clone());
        Ok(known)
    }
}
