//! Signs in with a passkey: something one has, unlocked by who one is or what one knows, so two factors at once. Unknown
//! passkeys and wrong signatures answer alike.

use data_encoding::BASE64URL_NOPAD;
use domain::audit::{Actor, Origin};
use privacy::digest;
use privacy::passkey::{self, Assertion, Place};
use store::operator::Operator;
use store::passkey::Used;
use store::session::Means;

use super::brake::Guesser;
use super::challenge::Purpose;
use super::passkeys::Content;
use super::sign_in::{SignedIn, Visit};
use crate::{App, Error, Result};

/// What a browser sends when a passkey was used.
pub struct UsedPasskey {
    /// Its number.
    pub id: Vec<u8>,
    /// By what the device knows its owner.
    pub user: Vec<u8>,
    /// What the browser says.
    pub client_data: Vec<u8>,
    /// What the device says.
    pub authenticator_data: Vec<u8>,
    /// Over both.
    pub signature: Vec<u8>,
}

/// Stands for whichever account a passkey claims to be of.
const ANY_PASSKEY: [u8; 32] = [0; 32];

impl App {
    /// What a passkey is to sign.
    pub fn begin_passkey_sign_in(&self) -> String {
        BASE64URL_NOPAD.encode(&self.make_challenge(&Purpose::SignIn))
    }

    /// Signs in with what a passkey signed.
    ///
    /// # Errors
    /// [`Error::Unauthorised`], whatever is wrong; [`Error::RateLimited`] after many wrong ones.
    pub async fn sign_in_with_passkey(&self, place: &Place, used: &UsedPasskey, visit: &Visit) -> Result<SignedIn> {
        let index = self.secrets.passkey_index(&used.id);
        let guessers = self.passkey_guessers(index, visit).await?;
        self.brake.begin(&guessers)?;
        let (operator, hash) = match self.check_passkey(place, index, used, visit.platform.into()).await {
            Err(Error::Unauthorised) => return Err(Error::Unauthorised),
            Err(error) => {
                self.brake.forgive(&guessers);
                return Err(error);
            }
            Ok(found) => found,
        };
        self.brake.right(&guessers);
        let known = self.known(operator.email_index, visit).await?;
        self.open_session(&operator, Means::Passkey(hash), visit, known.is_ours).await
    }

    /// A browser in which somebody has signed in before is counted for itself: whoever guesses beside it does not slow it down.
    /// Nobody guesses signatures, so there is no count for whoever tries the same passkey from elsewhere, which could.
    async fn passkey_guessers(&self, index: [u8; 32], visit: &Visit) -> Result<Vec<Guesser>> {
        let known = self.known(index, visit).await?;
        Ok(match visit.device.as_ref().filter(|_| known.is_ours) {
            // Whichever passkey it names: numbers are made up as easily as signatures.
            Some(device) => vec![Guesser::Device(device.hash(), ANY_PASSKEY)],
            None => {
                let near = [Guesser::Address(visit.from.address)];
                near.into_iter().chain(visit.from.network.map(Guesser::Network)).collect()
            }
        })
    }

    /// Whose passkey it is, where all is as it should be. The challenge is spent then.
    async fn check_passkey(
        &self,
        place: &Place,
        index: [u8; 32],
        used: &UsedPasskey,
        origin: Origin,
    ) -> Result<(Operator, [u8; 32])> {
        let challenge = passkey::challenge(&used.client_data).map_err(|_| Error::Unauthorised)?;
        let spent = self.read_challenge(&challenge, &Purpose::SignIn).ok_or(Error::Unauthorised)?;
        let found = match self.store.passkey(index).await {
            Err(store::Error::NotFound) => return Err(Error::Unauthorised),
            found => found?,
        };
        let operator = match self.store.operator(found.organisation, found.operator).await {
            Ok(operator) if operator.deactivated_at.is_none() => operator,
            Ok(_) | Err(store::Error::NotFound) => return Err(Error::Unauthorised),
            Err(error) => return Err(error.into()),
        };
        if !digest::equal(&used.user, &self.passkey_user(&operator)) {
            return Err(Error::Unauthorised);
        }
        let key = self.keyring.data_key(operator.organisation, operator.key).await?;
        let public_key = Content::open(&key, &found)?.public_key()?;
        let assertion = Assertion {
            client_data: &used.client_data,
            authenticator_data: &used.authenticator_data,
            signature: &used.signature,
        };
        let counter = place.verify(&challenge, &public_key, assertion).map_err(|why| {
            tracing::info!(operator = %operator.id, %why, "a passkey was refused");
            Error::Unauthorised
        })?;
        let at = (self.now(), self.now().day());
        // The signature fits, but it is not known which of the two made it.
        let store = self.store.audited(self.by_whom(Actor::Anybody, origin));
        match store.use_passkey(found.organisation, found.hash, i64::from(counter), at, spent).await {
            Ok(Used::Noted) => Ok((operator, found.hash)),
            Ok(Used::Copied) => {
                tracing::warn!(operator = %operator.id, "a passkey counts backwards: it was copied, and is taken no more");
                self.tell_own_windows(operator.id);
                Err(Error::Unauthorised)
            }
            Err(store::Error::NotFound) => Err(Error::Unauthorised),
            Err(error) => Err(error.into()),
        }
    }
}
