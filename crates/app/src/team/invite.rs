//! Adds a colleague, who sets a password by a link that is shown once to whoever added them.

use std::sync::Arc;

use domain::audit::{Actor, Origin};
use domain::limits::LINK_LIFE;
use domain::{Capability, Language, Level, OperatorId, Principal, PublicId, Role, Timestamp};
use privacy::{Plaintext, digest, token};

use super::add_operator::Checked;
use super::{NewOperator, Person, Secret, SignedInBrowser, password};
use crate::{App, Error, Result};

/// A colleague to be.
pub struct Invitation {
    /// What they are called.
    pub name: String,
    /// What they will sign in with.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// The groups they are in.
    pub groups: Vec<PublicId>,
    /// The language of their screens.
    pub language: Language,
}

/// A way to set a password, to be handed over by whoever made it: once, within [`LINK_LIFE`].
#[derive(Debug)]
pub struct Link {
    /// What the link carries.
    pub secret: Secret,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// For whom a link is.
#[derive(Debug)]
pub struct LinkHolder {
    /// Where they work.
    pub organisation: Arc<str>,
    /// What they sign in with.
    pub email: Plaintext,
}

impl App {
    /// Adds a colleague who has no password yet.
    ///
    /// # Errors
    /// [`Error::Forbidden`], also for a role that allows what the caller may not; [`Error::Invalid`] by field;
    /// [`Error::Conflict`] where the address is taken.
    pub async fn invite(&self, principal: Principal, new: Invitation) -> Result<(Arc<Person>, Link)> {
        principal.require(Capability::Team, Level::Write)?;
        may_grant(principal, new.role)?;
        let groups = self.groups_named(principal, &new.groups).await?;
        let (name, email) = NewOperator::check_names(&new.name, &new.email)?;
        let checked = Checked {
            name,
            email,
            password_hash: password::NONE.to_owned(),
            role: new.role,
            language: new.language,
            groups,
        };
        let person = self.store_operator(principal.organisation, checked, self.by(principal)).await?;
        let link = self.make_link(principal, person.id).await?;
        Ok((person, link))
    }

    /// Makes a new link for a colleague: the one before is good no more. The password stays until it is used. Not for
    /// oneself, since whoever found a browser open could then keep it, and not by a program.
    ///
    /// # Errors
    /// [`Error::Forbidden`], also where the colleague may do what the caller may not; [`Error::NotFound`];
    /// [`Error::Conflict`] where it is oneself, or somebody who has left.
    pub async fn renew_link(&self, by: &SignedInBrowser, name: PublicId) -> Result<Link> {
        let principal = by.principal;
        principal.require(Capability::Team, Level::Write)?;
        let person = self.person_named(principal.organisation, name).await?;
        if person.id == principal.operator {
            return Err(Error::Conflict("change your own password in your account, with the one so far"));
        }
        self.make_link(principal, person.id).await
    }

    async fn make_link(&self, principal: Principal, operator: OperatorId) -> Result<Link> {
        let (secret, now) = (Secret::new(token::bearer()), self.now());
        let hash = digest::of_secret(secret.expose().as_bytes());
        let expires_at = now.plus(LINK_LIFE);
        self.store
            .audited(self.by(principal))
            .insert_sign_in_link(hash, principal, operator, now, expires_at)
            .await
            .map_err(|error| match error {
                store::Error::Conflict(_) => Error::Conflict("they do not work here any more: let them in first"),
                other => other.into(),
            })?;
        Ok(Link { secret, expires_at })
    }

    /// For whom a link is. Public: whoever holds the link may set their password. It is not used up by this.
    ///
    /// # Errors
    /// [`Error::NotFound`] alike for a link that was used, has expired or never was, and where they work here no more.
    pub async fn holder_of_link(&self, secret: &Secret) -> Result<LinkHolder> {
        let link = digest::of_secret(secret.expose().as_bytes());
        let (organisation, operator) = self.store.sign_in_link(link, self.now()).await?;
        let operator = self.store.operator(organisation, operator).await?;
        if operator.deactivated_at.is_some() {
            return Err(Error::NotFound);
        }
        let (_, title) = self.organisation(organisation).await?;
        let email = self.profile(&operator).await?.email.clone();
        Ok(LinkHolder { organisation: title, email: Plaintext::new(email) })
    }

    /// Sets a password by a link and ends every session of whose it is. Public: whoever holds the link may.
    ///
    /// # Errors
    /// [`Error::NotFound`] alike for a link that was used, has expired or never was; [`Error::Invalid`] for the password,
    /// with which the link is not used up.
    pub async fn use_link(&self, secret: &Secret, new: Plaintext, origin: Origin) -> Result<()> {
        let link = digest::of_secret(secret.expose().as_bytes());
        // Before anything is hashed: guessing links must not cost us 19 MiB each.
        let (organisation, operator) = self.store.sign_in_link(link, self.now()).await?;
        let operator = self.store.operator(organisation, operator).await?;
        let hash = self.hash_password(&operator, new).await?;
        let by = self.by_whom(Actor::Anybody, origin);
        self.store.audited(by).use_sign_in_link(link, hash, self.now()).await?;
        Ok(())
    }
}

/// The roles that somebody may give to others.
pub fn grantable(principal: Principal) -> impl Iterator<Item = Role> {
    let may = principal.require(Capability::Team, Level::Write).is_ok();
    Role::OPERATORS.into_iter().filter(move |role| may && may_grant(principal, *role).is_ok())
}

/// Nobody grants what they lack (SZ6).
pub(super) fn may_grant(principal: Principal, role: Role) -> Result<()> {
    if principal.rights.include(&role.rights()) { Ok(()) } else { Err(Error::Forbidden) }
}
