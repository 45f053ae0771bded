//! Signs an operator in with address and password. Known and unknown addresses answer alike (SA1).

use std::sync::Arc;

use domain::{Principal, text};
use privacy::{Plaintext, digest, token};

use super::{Person, Secret, password};
use crate::{App, Error, Result};

/// A new session.
pub struct SignedIn {
    /// The secret, to be sent as a cookie once.
    pub secret: Secret,
    /// Who it speaks for.
    pub principal: Principal,
    /// Who they are.
    pub person: Arc<Person>,
}

impl App {
    /// Signs in. Each sign-in gets a session of its own, so that nobody can plant one (SA4).
    ///
    /// # Errors
    /// [`Error::Unauthorised`] whether the address or the password is wrong.
    pub async fn sign_in(&self, email: &str, password: Plaintext) -> Result<SignedIn> {
        let index = self.secrets.email_index(&text::email(email).unwrap_or_default());
        let operator = match self.store.operator_by_email(index).await {
            // Whoever has left is as unknown as whoever never came (SA2).
            Ok(operator) => Some(operator).filter(|operator| operator.deactivated_at.is_none()),
            Err(store::Error::NotFound) => None,
            Err(error) => return Err(error.into()),
        };
        let hash = operator.as_ref().map(|operator| operator.password_hash.clone());
        if !password::verify(password, hash).await? {
            return Err(Error::Unauthorised);
        }
        let operator = operator.ok_or(Error::Unauthorised)?;
        let secret = Secret::new(token::bearer());
        let hash = digest::of_secret(secret.expose().as_bytes());
        self.store.insert_session(hash, operator.organisation, operator.id, self.now()).await?;
        let principal = Principal::new(operator.organisation, operator.id, operator.role, operator.groups);
        Ok(SignedIn { secret, principal, person: self.introduce(&operator).await? })
    }
}
