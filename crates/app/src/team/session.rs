//! Who a secret speaks for: a session's cookie or a program's token.

use std::time::Duration;

use domain::limits::{SESSION_IDLE, SESSION_LONGEST};
use domain::{Principal, Timestamp};
use privacy::{digest, token};
use zeroize::Zeroizing;

use crate::{App, Error, Result};

/// How often the last use of a session is written down.
const USE_NOTED_EVERY: Duration = Duration::from_secs(60);

/// A bearer secret; never printed, wiped on drop.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes one over.
    pub fn new(secret: String) -> Self {
        Self(Zeroizing::new(secret))
    }

    /// Shows it, to be sent once to its owner or to be hashed.
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn hash(&self) -> [u8; 32] {
        digest::of_secret(self.0.as_bytes())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl App {
    /// Who a session's secret speaks for. The role is read anew each time, so that a change acts at once.
    ///
    /// # Errors
    /// [`Error::Unauthorised`].
    pub async fn session(&self, secret: &Secret) -> Result<Principal> {
        let (principal, used_at) = self.find_session(secret).await?;
        if used_at < self.now().minus(USE_NOTED_EVERY) {
            self.store.use_session(secret.hash(), self.now()).await?;
        }
        Ok(principal)
    }

    /// The same without counting as a use: an open window that nobody looks at must not keep a session alive.
    ///
    /// # Errors
    /// [`Error::Unauthorised`].
    pub async fn peek_session(&self, secret: &Secret) -> Result<Principal> {
        Ok(self.find_session(secret).await?.0)
    }

    async fn find_session(&self, secret: &Secret) -> Result<(Principal, Timestamp)> {
        let (hash, now) = (secret.hash(), self.now());
        let session = match self.store.session(hash, now.minus(SESSION_IDLE), now.minus(SESSION_LONGEST)).await {
            Ok(session) => session,
            Err(store::Error::NotFound) => return Err(Error::Unauthorised),
            Err(error) => return Err(error.into()),
        };
        Ok((session.principal, session.used_at))
    }

    /// Who a program's token speaks for.
    ///
    /// # Errors
    /// [`Error::Unauthorised`].
    pub async fn api_token(&self, secret: &Secret) -> Result<Principal> {
        match self.store.api_token(secret.hash(), self.now()).await {
            Ok(principal) => Ok(principal),
            Err(store::Error::NotFound) => Err(Error::Unauthorised),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends a session.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn sign_out(&self, secret: &Secret) -> Result<()> {
        Ok(self.store.delete_session(secret.hash()).await?)
    }

    /// Makes a token for a program that acts for an operator.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn issue_api_token(&self, principal: Principal, good_for: Duration) -> Result<Secret> {
        let (secret, now) = (Secret::new(token::bearer()), self.now());
        let (organisation, operator) = (principal.organisation, principal.operator);
        self.store.insert_api_token(secret.hash(), organisation, operator, now, now.plus(good_for)).await?;
        Ok(secret)
    }
}
