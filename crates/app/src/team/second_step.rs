//! The second step of a sign-in: a code of the second factor, or a recovery code. Between the steps nothing is stored: the
//! client holds a token that says whose password was right and until when, with a tag that only this installation can make.

use data_encoding::BASE64URL_NOPAD;
use domain::audit::{Actor, Kind};
use domain::limits::STEP_LIFE;
use domain::{OperatorId, OrganisationId, PublicId, Timestamp};
use privacy::totp::TotpSecret;
use privacy::{Plaintext, digest, random};
use store::audit::By;
use store::operator::Operator;

use super::Secret;
use super::brake::Guesser;
use super::factor::FACTOR;
use super::sign_in::{Pending, SignedIn, Visit, by_password};
use crate::{App, Error, Result};

const NUMBER: usize = 8;
const NONCE: usize = 16;
const PAYLOAD: usize = 3 * NUMBER + NONCE;

/// What a token says.
struct Claim {
    organisation: OrganisationId,
    operator: OperatorId,
    expires_at: Timestamp,
    nonce: [u8; NONCE],
}

impl Claim {
    fn payload(&self) -> Vec<u8> {
        let numbers = [self.organisation.0, self.operator.0, self.expires_at.0].map(i64::to_be_bytes);
        [numbers.as_flattened(), &self.nonce].concat()
    }

    /// Reads it and gives back what remains: the tag.
    fn read(token: &[u8]) -> Option<(Self, &[u8])> {
        let (payload, tag) = token.split_at_checked(PAYLOAD)?;
        let number = |at: usize| payload.get(at * NUMBER..(at + 1) * NUMBER)?.try_into().ok().map(i64::from_be_bytes);
        let claim = Self {
            organisation: OrganisationId(number(0)?),
            operator: OperatorId(number(1)?),
            expires_at: Timestamp(number(2)?),
            nonce: payload.get(3 * NUMBER..)?.try_into().ok()?,
        };
        Some((claim, tag))
    }
}

impl App {
    pub(super) fn begin_second_step(&self, operator: &Operator) -> Pending {
        let claim = Claim {
            organisation: operator.organisation,
            operator: operator.id,
            expires_at: self.now().plus(STEP_LIFE),
            nonce: random::bytes(),
        };
        let token = [claim.payload(), self.tag(&claim, operator).to_vec()].concat();
        Pending { token: Secret::new(BASE64URL_NOPAD.encode(&token)) }
    }

    /// Over the password's hash, too: with another password the first step is to be done again.
    fn tag(&self, claim: &Claim, operator: &Operator) -> [u8; 32] {
        self.secrets.step_tag(&[claim.payload().as_slice(), operator.password_hash.as_bytes()].concat())
    }

    /// Signs in with the token of the first step and a code.
    ///
    /// # Errors
    /// [`Error::Unauthorised`] for a wrong code, one that was used, and a token that is not ours or too old;
    /// [`Error::RateLimited`] after many wrong codes.
    pub async fn second_step(&self, token: &Secret, code: &Plaintext, visit: &Visit) -> Result<SignedIn> {
        let token = BASE64URL_NOPAD.decode(token.expose().as_bytes()).map_err(|_| Error::Unauthorised)?;
        let (claim, tag) = Claim::read(&token).ok_or(Error::Unauthorised)?;
        let operator = match self.store.operator(claim.organisation, claim.operator).await {
            Ok(operator) if operator.deactivated_at.is_none() => operator,
            Ok(_) | Err(store::Error::NotFound) => return Err(Error::Unauthorised),
            Err(error) => return Err(error.into()),
        };
        if !digest::equal(tag, &self.tag(&claim, &operator)) || claim.expires_at <= self.now() {
            return Err(Error::Unauthorised);
        }
        let known = self.known(operator.email_index, visit).await?;
        let slow = match visit.device.as_ref().filter(|_| known.is_theirs) {
            Some(device) => Guesser::DeviceCode(device.hash(), operator.email_index),
            None => Guesser::Code(operator.id),
        };
        let guessers = [slow, Guesser::Step(claim.nonce)];
        self.brake.begin(&guessers)?;
        let origin = visit.platform.into();
        match self.take_code(&operator, code, self.by_whom(Actor::Operator(operator.id), origin)).await {
            Ok(true) => {}
            Ok(false) => {
                let by = self.by_whom(Actor::Anybody, origin);
                self.note_refusal((operator.organisation, operator.id), Kind::CodeRefused, by);
                return Err(Error::Unauthorised);
            }
            Err(error) => {
                self.brake.forgive(&guessers);
                return Err(error);
            }
        }
        self.brake.right(&guessers);
        self.open_session(&operator, by_password(&operator, true), visit, known.is_ours).await
    }

    /// Whether a code is one of the second factor's or a recovery code; it is used up then.
    pub(super) async fn take_code(&self, operator: &Operator, code: &Plaintext, by: By) -> Result<bool> {
        let (organisation, id) = (operator.organisation, operator.id);
        let Some(sealed) = self.store.factor(organisation, id).await?.sealed else { return Ok(false) };
        let key = self.keyring.data_key(organisation, operator.key).await?;
        let secret = key.open_value(FACTOR, operator.name, &sealed)?;
        let secret = TotpSecret::from_bytes(&secret).ok_or(Error::Internal)?;
        let taken = match secret.step_of(code.reveal(), self.now()) {
            Some(step) => self.store.take_step(organisation, id, step).await,
            None => {
                let hash = self.secrets.recovery_code(operator.name, &plain_code(code.reveal()));
                self.store.audited(by).take_recovery_code(organisation, id, hash).await
            }
        };
        match taken {
            Ok(()) => Ok(true),
            Err(store::Error::NotFound) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Recovery codes as they are stored.
    pub(super) fn hash_codes(&self, operator: PublicId, codes: &[String]) -> Vec<[u8; 32]> {
        codes.iter().map(|code| self.secrets.recovery_code(operator, &plain_code(code))).collect()
    }
}

/// A recovery code without what makes it readable, however somebody typed it.
fn plain_code(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}
