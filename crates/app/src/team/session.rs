//! Who a secret speaks for: a session's cookie or a program's token.

use std::time::Duration;

use domain::audit::{Actor, Origin};
use domain::limits::{SESSION_IDLE, SESSION_LONGEST};
use domain::{Principal, Timestamp};
use privacy::{digest, token};
use store::api_token::{Given, Program};
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

    pub(super) fn hash(&self) -> [u8; 32] {
        digest::of_secret(self.0.as_bytes())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Somebody at a browser of their own, where a program will not do: with its session, and no token.
#[derive(Clone, Copy, Debug)]
pub struct SignedInBrowser {
    /// Who they are.
    pub principal: Principal,
    pub(super) hash: [u8; 32],
}

impl App {
    /// Who sits at a browser, by its session's secret.
    ///
    /// # Errors
    /// [`Error::Unauthorised`].
    pub async fn browser(&self, secret: &Secret) -> Result<SignedInBrowser> {
        Ok(SignedInBrowser { principal: self.session(secret).await?, hash: secret.hash() })
    }

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

    /// Who a program's token speaks for, and notes the day.
    ///
    /// # Errors
    /// [`Error::Unauthorised`].
    pub async fn api_token(&self, secret: &Secret) -> Result<Principal> {
        let today = self.now().day();
        match self.store.api_token(secret.hash(), self.now()).await {
            Ok((principal, used_day)) => {
                if used_day.is_none_or(|day| day < today) {
                    self.store.use_api_token(secret.hash(), today).await?;
                }
                Ok(principal)
            }
            Err(store::Error::NotFound) => Err(Error::Unauthorised),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends a session.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn sign_out(&self, secret: &Secret) -> Result<()> {
        // Who that is and where they sit, the session says.
        let by = self.by_whom(Actor::Anybody, Origin::Browser);
        Ok(self.store.audited(by).delete_session(secret.hash()).await?)
    }

    /// Makes a token for a program that may do all that an operator may. Called from the command line.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn issue_api_token(&self, principal: Principal, good_for: Duration) -> Result<Secret> {
        let (secret, now) = (Secret::new(token::bearer()), self.now());
        let program = Program {
            hash: secret.hash(),
            operator: principal.operator,
            title: "diskret setup".to_owned(),
            given: Given::default(),
            created_at: now,
            expires_at: now.plus(good_for),
            used_day: None,
        };
        self.store.audited(self.by(principal)).insert_api_token(principal, program, None).await?;
        Ok(secret)
    }
}
