//! Signs an operator in: address and password, and where they have a second factor a code. Known and unknown addresses
//! answer alike (SA1); there is no session before both steps are done (SA2).

use std::sync::Arc;

use bus::{Signal, Topic};
use domain::audit::{Actor, Kind, Origin};
use domain::limits::DEVICE_LIFE;
use domain::{Browser, Platform, Principal, text};
use privacy::{Plaintext, token};
use store::operator::Operator;
use store::session::{Machine, Means, Proved};

use super::brake::Guesser;
use super::{Person, Secret, password};
use crate::rate::Whereabouts;
use crate::{App, Error, Result};

/// Where somebody signs in.
pub struct Visit {
    /// From where, for counting.
    pub from: Whereabouts,
    /// The cookie by which the browser is known again.
    pub device: Option<Secret>,
    /// Which family of browsers.
    pub browser: Browser,
    /// Which family of systems.
    pub platform: Platform,
}

/// A new session.
pub struct SignedIn {
    /// The secret, to be sent as a cookie once.
    pub secret: Secret,
    /// By which the browser is known again, to be sent as a cookie.
    pub device: Secret,
    /// Who it speaks for.
    pub principal: Principal,
    /// Who they are.
    pub person: Arc<Person>,
}

/// A sign-in whose password was right and that needs a code.
pub struct Pending {
    /// To be sent back with the code; opens nothing by itself.
    pub token: Secret,
}

/// How far a sign-in has come.
pub enum Step {
    /// All the way.
    Done(SignedIn),
    /// A code is needed.
    Code(Pending),
}

/// Whose guesses count, and whether the browser's cookie is one of ours.
pub(super) struct Known {
    pub(super) guessers: Vec<Guesser>,
    pub(super) is_theirs: bool,
    pub(super) is_ours: bool,
}

/// What somebody has proved whose password was right.
pub(super) fn by_password(operator: &Operator, second_factor: bool) -> Means {
    Means::Password { hash: operator.password_hash.clone(), second_factor }
}

impl App {
    /// Signs in. Each sign-in gets a session of its own, so that nobody can plant one (SA4).
    ///
    /// # Errors
    /// [`Error::Unauthorised`] whether the address or the password is wrong; [`Error::RateLimited`] after many wrong ones.
    pub async fn sign_in(&self, email: &str, password: Plaintext, visit: &Visit) -> Result<Step> {
        let index = self.secrets.email_index(&text::email(email).unwrap_or_default());
        let known = self.known(index, visit).await?;
        self.brake.begin(&known.guessers)?;
        let operator = match self.check_password(index, password, visit.platform.into()).await {
            Ok(Some(operator)) => operator,
            Ok(None) => return Err(Error::Unauthorised),
            Err(error) => {
                self.brake.forgive(&known.guessers);
                return Err(error);
            }
        };
        self.brake.right(&known.guessers);
        let factor = self.store.factor(operator.organisation, operator.id).await?;
        if factor.sealed.is_some() {
            return Ok(Step::Code(self.begin_second_step(&operator)));
        }
        Ok(Step::Done(self.open_session(&operator, by_password(&operator, false), visit, known.is_ours).await?))
    }

    /// Whether somebody has signed in with this browser before: asked alike for known and unknown addresses.
    pub(super) async fn known(&self, index: [u8; 32], visit: &Visit) -> Result<Known> {
        let (is_theirs, is_ours) = match visit.device.as_ref().map(Secret::hash) {
            Some(device) => self.store.is_known_device(device, index, self.now().minus(DEVICE_LIFE)).await?,
            None => (false, false),
        };
        let guessers = match visit.device.as_ref().filter(|_| is_theirs) {
            Some(device) => vec![Guesser::Device(device.hash(), index)],
            None => Guesser::at(index, visit.from),
        };
        Ok(Known { guessers, is_theirs, is_ours })
    }

    /// The operator of an address, where the password is theirs.
    async fn check_password(&self, index: [u8; 32], password: Plaintext, origin: Origin) -> Result<Option<Operator>> {
        let operator = match self.store.operator_by_email(index).await {
            // Whoever has left is as unknown as whoever never came (SA2).
            Ok(operator) => Some(operator).filter(|operator| operator.deactivated_at.is_none()),
            Err(store::Error::NotFound) => None,
            Err(error) => return Err(error.into()),
        };
        let hash = operator.as_ref().map(|operator| operator.password_hash.clone());
        let is_right = password::verify(password, hash).await?;
        if let Some(operator) = operator.as_ref().filter(|_| !is_right) {
            let by = self.by_whom(Actor::Anybody, origin);
            self.note_refusal((operator.organisation, operator.id), Kind::SignInFailed, by);
        }
        Ok(operator.filter(|_| is_right))
    }

    /// Opens a session and remembers the browser. Their other windows are told of one that is new to them.
    ///
    /// # Errors
    /// [`Error::Unauthorised`] where password, second factor, passkey or their place here changed meanwhile.
    pub(super) async fn open_session(
        &self,
        operator: &Operator,
        by: Means,
        visit: &Visit,
        is_ours: bool,
    ) -> Result<SignedIn> {
        let secret = Secret::new(token::bearer());
        let device = match visit.device.as_ref().filter(|_| is_ours) {
            // One cookie for all who share the browser.
            Some(device) => Secret::new(device.expose().to_owned()),
            None => Secret::new(token::bearer()),
        };
        let machine = Machine { browser: visit.browser, platform: visit.platform, device: Some(device.hash()) };
        let (organisation, id) = (operator.organisation, operator.id);
        let proved = Proved { organisation, operator: id, by };
        let origin = visit.platform.into();
        let store = self.store.audited(self.by_whom(Actor::Operator(id), origin));
        let is_new = match store.insert_session(secret.hash(), proved, self.now(), machine).await {
            Err(store::Error::NotFound) => return Err(Error::Unauthorised),
            opened => opened?,
        };
        if is_new {
            self.bus.signal(Topic::Operator(id), Signal::SignedIn);
        }
        let principal = Principal::new(organisation, id, operator.role, operator.groups).from(origin);
        Ok(SignedIn { secret, device, principal, person: self.introduce(operator).await? })
    }
}
