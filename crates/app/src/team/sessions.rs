//! One's own sessions: seen, and ended from elsewhere. Their windows notice within seconds (SA5).

use domain::limits::{SESSION_IDLE, SESSION_LONGEST};
use domain::{Browser, Platform, PublicId, Timestamp};
use privacy::digest;
use store::session::Listed;

use super::SignedInBrowser;
use crate::{App, Error, Result};

/// One of one's sessions.
#[derive(Clone, Copy, Debug)]
pub struct SessionListed {
    /// Its name outside.
    pub name: PublicId,
    /// Which family of browsers.
    pub browser: Browser,
    /// Which family of systems.
    pub platform: Platform,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub used_at: Timestamp,
    /// Whether it is the one that asks.
    pub is_current: bool,
    /// Whether the browser was new, and nobody has said since that it was them.
    pub is_new: bool,
}

/// A hash's name outside: from it nobody finds the hash, far less the secret.
pub(super) fn name_of(hash: &[u8; 32]) -> PublicId {
    let mut name = [0; 16];
    name.copy_from_slice(&digest::sha256(hash)[..16]);
    PublicId::from_bytes(name)
}

impl App {
    /// One's own sessions, the one that asks first, then the last used.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn sessions(&self, by: &SignedInBrowser) -> Result<Vec<SessionListed>> {
        let mut listed: Vec<SessionListed> = self
            .own_sessions(by)
            .await?
            .iter()
            .map(|one| SessionListed {
                name: name_of(&one.hash),
                browser: one.machine.browser,
                platform: one.machine.platform,
                created_at: one.created_at,
                used_at: one.used_at,
                is_current: one.hash == by.hash,
                is_new: one.is_new,
            })
            .collect();
        listed.sort_by_key(|one| !one.is_current);
        Ok(listed)
    }

    async fn own_sessions(&self, by: &SignedInBrowser) -> Result<Vec<Listed>> {
        let (who, now) = (by.principal, self.now());
        let (used_after, created_after) = (now.minus(SESSION_IDLE), now.minus(SESSION_LONGEST));
        Ok(self.store.sessions(who.organisation, who.operator, used_after, created_after).await?)
    }

    async fn own_session(&self, by: &SignedInBrowser, name: PublicId) -> Result<Listed> {
        let all = self.own_sessions(by).await?;
        all.into_iter().find(|one| name_of(&one.hash) == name).ok_or(Error::NotFound)
    }

    /// Ends one of one's sessions; its browser is known no more.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn end_session(&self, by: &SignedInBrowser, name: PublicId) -> Result<()> {
        let one = self.own_session(by, name).await?;
        let store = self.store.audited(self.by(by.principal));
        Ok(store.end_session(by.principal.organisation, by.principal.operator, one).await?)
    }

    /// Ends all of one's sessions but the one that asks.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn end_other_sessions(&self, by: &SignedInBrowser) -> Result<()> {
        let store = self.store.audited(self.by(by.principal));
        Ok(store.end_other_sessions(by.principal.organisation, by.principal.operator, by.hash).await?)
    }

    /// Says that it was oneself who signed in with a new browser. Not from that browser: whoever sits there may be anybody.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] from a session that nobody has recognised.
    pub async fn recognise_session(&self, by: &SignedInBrowser, name: PublicId) -> Result<()> {
        let one = self.own_session(by, name).await?;
        let asks = self.own_session(by, name_of(&by.hash)).await?;
        if asks.is_new {
            return Err(Error::Conflict("this browser is new itself: say so in one that you have used before"));
        }
        Ok(self.store.recognise_session(by.principal.organisation, by.principal.operator, one.hash).await?)
    }
}
