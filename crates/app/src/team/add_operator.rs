//! Adds somebody to the team.

use std::sync::Arc;

use domain::limits::NAME_CHARACTERS;
use domain::{Groups, Language, OrganisationId, Role, text};
use privacy::{Plaintext, random};
use store::audit::By;
use store::operator::Operator;

use super::directory::{PROFILE, Profile};
use super::{Person, Rules};
use crate::{App, Error, Result};

/// Somebody to be added.
pub struct NewOperator {
    /// What they are called.
    pub name: String,
    /// What they sign in with.
    pub email: String,
    /// Their first password.
    pub password: Plaintext,
    /// What they may do.
    pub role: Role,
    /// The language of their screens.
    pub language: Language,
}

/// What was checked of a new operator, before anything is stored.
pub(crate) struct Checked {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) password_hash: String,
    pub(super) role: Role,
    pub(super) language: Language,
    pub(super) groups: Groups,
}

impl NewOperator {
    /// `organisation` is its title.
    pub(crate) async fn check(self, rules: &Rules, organisation: &str) -> Result<Checked> {
        let (name, email) = Self::check_names(&self.name, &self.email)?;
        let password_hash = rules.hash(self.password, &[organisation, &name, &email]).await?;
        let groups = Groups::default();
        Ok(Checked { name, email, password_hash, role: self.role, language: self.language, groups })
    }

    /// A name and an address as they are stored.
    pub(super) fn check_names(name: &str, email: &str) -> Result<(String, String)> {
        let name = text::line(name, NAME_CHARACTERS)
            .map_err(|error| Error::Invalid { field: "name", detail: error.to_string() })?;
        let email = text::email(email).ok_or_else(|| Error::Invalid {
            field: "email",
            detail: "must be an e-mail address such as anna@example.de".to_owned(),
        })?;
        Ok((name, email))
    }
}

impl App {
    /// Adds an operator. Called from the command line, by whoever runs the machine.
    ///
    /// # Errors
    /// [`Error::Invalid`] by field, [`Error::Conflict`] where the address is taken.
    pub async fn add_operator(&self, organisation: OrganisationId, new: NewOperator) -> Result<Arc<Person>> {
        let (_, title) = self.organisation(organisation).await?;
        let checked = new.check(&self.passwords, &title).await?;
        self.store_operator(organisation, checked, self.by_command_line()).await
    }

    pub(crate) async fn store_operator(
        &self,
        organisation: OrganisationId,
        new: Checked,
        by: By,
    ) -> Result<Arc<Person>> {
        let name = random::public_id();
        let key = self.keyring.new_key(organisation).await?;
        let email_index = self.secrets.email_index(&new.email);
        let profile = Profile { name: new.name, email: new.email };
        let profile = zeroize::Zeroizing::new(serde_json::to_vec(&profile).map_err(|_| Error::Internal)?);
        let operator = Operator {
            organisation,
            id: domain::OperatorId(0),
            name,
            email_index,
            profile_sealed: key.seal_value(PROFILE, name, &profile),
            key: key.id(),
            password_hash: new.password_hash,
            role: new.role,
            language: new.language,
            groups: new.groups,
            deactivated_at: None,
        };
        let stored =
            self.store.audited(by).insert_operator(operator, self.now()).await.map_err(|error| match error {
                store::Error::Conflict(_) => Error::Conflict("somebody with this e-mail address works here already"),
                other => other.into(),
            })?;
        self.introduce(&stored).await
    }
}
