//! The second factor: turned on with a code of the phone, off with password and code, reset by a colleague who may.

use std::sync::Arc;

use data_encoding::BASE32_NOPAD;
use domain::limits::RECOVERY_CODES;
use domain::{Capability, Level, PublicId, Timestamp, text};
use privacy::totp::TotpSecret;
use privacy::{Plaintext, random};
use zeroize::Zeroizing;

use super::invite::may_grant;
use super::prove::wrong;
use super::{Person, Proof, SignedInBrowser};
use crate::{App, Error, Result};

/// What binds a sealed secret to its purpose.
pub(super) const FACTOR: &str = "second factor";
/// What phones call the account's house.
const ISSUER: &str = "Diskret";
/// Bytes of a recovery code: 80 bits, 16 letters.
const CODE: usize = 10;

/// Whether there is a second factor.
#[derive(Clone, Copy, Debug)]
pub struct FactorState {
    /// Whether it is on.
    pub is_on: bool,
    /// Recovery codes that are left.
    pub codes: i64,
    /// Since when it is off because a colleague turned it off.
    pub reset_at: Option<Timestamp>,
}

/// A secret that is not in force yet: whoever made it brings it back with a code.
pub struct Draft {
    /// To be typed into a phone.
    pub secret: Zeroizing<String>,
    /// The same for a phone's camera.
    pub uri: Zeroizing<String>,
}

/// Ways past a lost phone: shown once, each works once.
pub struct RecoveryCodes(pub Vec<String>);

impl RecoveryCodes {
    fn make() -> Self {
        let code = || {
            let letters = BASE32_NOPAD.encode(&random::bytes::<CODE>());
            let parts: Vec<&str> = (0..4).filter_map(|part| letters.get(4 * part..4 * part + 4)).collect();
            parts.join("-")
        };
        Self((0..RECOVERY_CODES).map(|_| code()).collect())
    }
}

impl App {
    /// Whether one has a second factor.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn second_factor(&self, by: &SignedInBrowser) -> Result<FactorState> {
        let found = self.store.factor(by.principal.organisation, by.principal.operator).await?;
        Ok(FactorState { is_on: found.sealed.is_some(), codes: found.codes, reset_at: found.reset_at })
    }

    /// Makes a secret for a phone. Nothing is stored.
    ///
    /// # Errors
    /// [`Error::Conflict`] where the second factor is on.
    pub async fn draft_second_factor(&self, by: &SignedInBrowser) -> Result<Draft> {
        self.require_off(by).await?;
        let (_, organisation) = self.organisation(by.principal.organisation).await?;
        let person = self.person(by.principal.organisation, by.principal.operator).await?;
        let secret = TotpSecret::generate();
        let account = format!("{} ({organisation})", person.display.reveal());
        Ok(Draft { uri: Zeroizing::new(secret.uri(ISSUER, &account)), secret: Zeroizing::new(secret.text()) })
    }

    /// Turns the second factor on: with the password, or a stolen session could shut its owner out, and with a code, or the
    /// phone could. One's other sessions end.
    ///
    /// # Errors
    /// [`Error::Invalid`] by field; [`Error::Conflict`] where it is on; [`Error::RateLimited`].
    pub async fn turn_second_factor_on(
        &self,
        by: &SignedInBrowser,
        password: Plaintext,
        secret: &Plaintext,
        code: &Plaintext,
    ) -> Result<RecoveryCodes> {
        self.require_off(by).await?;
        let operator = self.prove(by.principal, Proof { password, code: None }).await?;
        let secret = TotpSecret::from_text(secret.reveal())
            .ok_or_else(|| wrong("secret", "this is no secret of ours: begin anew"))?;
        let step = secret
            .step_of(code.reveal(), self.now())
            .ok_or_else(|| wrong("code", "this code does not fit: take the next one, and check the phone's clock"))?;
        let key = self.keyring.data_key(operator.organisation, operator.key).await?;
        let sealed = key.seal_value(FACTOR, operator.name, secret.expose());
        let codes = RecoveryCodes::make();
        let hashes = self.hash_codes(operator.name, &codes.0);
        let store = self.store.audited(self.by(by.principal));
        let whose = (operator.organisation, operator.id);
        match store.set_factor(whose.0, whose.1, operator.password_hash, (sealed, step), hashes, by.hash).await {
            Err(store::Error::NotFound) => {
                Err(Error::Conflict("your password or second factor was changed: begin anew"))
            }
            set => Ok(set.map(|()| codes)?),
        }
    }

    /// Turns it off.
    ///
    /// # Errors
    /// [`Error::Invalid`] by field; [`Error::RateLimited`].
    pub async fn turn_second_factor_off(
        &self,
        by: &SignedInBrowser,
        password: Plaintext,
        code: Plaintext,
    ) -> Result<()> {
        let operator = self.prove(by.principal, Proof { password, code: Some(code) }).await?;
        let store = self.store.audited(self.by(by.principal));
        Ok(store.clear_factor(operator.organisation, operator.id, None).await?)
    }

    /// Makes new recovery codes; the ones before are good no more.
    ///
    /// # Errors
    /// [`Error::Invalid`] by field; [`Error::RateLimited`].
    pub async fn renew_recovery_codes(
        &self,
        by: &SignedInBrowser,
        password: Plaintext,
        code: Plaintext,
    ) -> Result<RecoveryCodes> {
        let operator = self.prove(by.principal, Proof { password, code: Some(code) }).await?;
        let codes = RecoveryCodes::make();
        let hashes = self.hash_codes(operator.name, &codes.0);
        let store = self.store.audited(self.by(by.principal));
        store.renew_recovery_codes(operator.organisation, operator.id, hashes).await?;
        Ok(codes)
    }

    /// Turns a colleague's off, who has lost their phone, and removes their passkeys, which may lie in it: they are
    /// told so at their next sign-in. For whoever could give that colleague their role (SZ6), since with a new link
    /// they could be them then. Not one's own: that takes a code.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] where it is one's own.
    pub async fn reset_second_factor(&self, by: &SignedInBrowser, name: PublicId) -> Result<Arc<Person>> {
        let principal = by.principal;
        principal.require(Capability::Team, Level::Write)?;
        let person = self.person_named(principal.organisation, name).await?;
        may_grant(principal, person.role)?;
        if person.id == principal.operator {
            return Err(Error::Conflict("turn your own off in your account, with a code"));
        }
        let factor = self.store.factor(principal.organisation, person.id).await?;
        let passkeys = self.store.passkeys(principal.organisation, person.id).await?;
        if factor.sealed.is_none() && passkeys.is_empty() {
            // Nothing to turn off, and nothing to tell them.
            return Ok(person);
        }
        self.store.audited(self.by(principal)).reset_factor(principal, person.id, self.now()).await?;
        Ok(person)
    }

    /// The same for whoever runs the machine, by address. Called from the command line.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown address.
    pub async fn clear_second_factor(&self, email: &str) -> Result<()> {
        let index = self.secrets.email_index(&text::email(email).ok_or(Error::NotFound)?);
        let operator = self.store.operator_by_email(index).await?;
        let store = self.store.audited(self.by_command_line());
        Ok(store.clear_factor(operator.organisation, operator.id, Some(self.now())).await?)
    }

    async fn require_off(&self, by: &SignedInBrowser) -> Result<()> {
        match self.second_factor(by).await?.is_on {
            true => Err(Error::Conflict("you have a second factor already: turn it off first")),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn recovery_codes_hold_eighty_bits_each_and_are_all_different() {
        let codes = RecoveryCodes::make().0;
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), RECOVERY_CODES);
        for code in codes {
            assert_eq!(code.split('-').map(str::len).collect::<Vec<_>>(), [4; 4], "16 letters of 5 bits");
        }
    }
}
