//! What a passkey is to sign: random bytes that say what for and until when, with a tag that only this installation can make.
//! Nothing is stored when one is made; one that was answered is, until it is over.

use domain::Timestamp;
use domain::limits::STEP_LIFE;
use privacy::{digest, random};
use store::passkey::Spent;

use crate::App;

const NONCE: usize = 16;
const PAYLOAD: usize = 1 + 8 + NONCE;

/// What a challenge is good for.
pub(super) enum Purpose {
    /// Signing in, whoever it is.
    SignIn,
    /// Adding a passkey: in this session, while the password has this hash.
    Add([u8; 32], String),
}

impl Purpose {
    const fn mark(&self) -> u8 {
        match self {
            Self::SignIn => 1,
            Self::Add(..) => 2,
        }
    }

    fn bound_to(&self) -> Vec<u8> {
        match self {
            Self::SignIn => Vec::new(),
            Self::Add(session, password) => [session.as_slice(), password.as_bytes()].concat(),
        }
    }
}

impl App {
    /// A new one.
    pub(super) fn make_challenge(&self, purpose: &Purpose) -> Vec<u8> {
        let ends: [u8; 8] = self.now().plus(STEP_LIFE).0.to_be_bytes();
        let payload = [&[purpose.mark()], ends.as_slice(), &random::bytes::<NONCE>()].concat();
        let tag = self.challenge_tag(&payload, purpose);
        [payload.as_slice(), &tag].concat()
    }

    /// What to remember of one that is answered, where it is one of ours, for this and not over.
    pub(super) fn read_challenge(&self, challenge: &[u8], purpose: &Purpose) -> Option<Spent> {
        let (payload, tag) = challenge.split_at_checked(PAYLOAD)?;
        let until = Timestamp(i64::from_be_bytes(payload.get(1..9)?.try_into().ok()?));
        let is_ours = digest::equal(tag, &self.challenge_tag(payload, purpose));
        (is_ours && payload.first() == Some(&purpose.mark()) && until > self.now())
            .then(|| Spent { hash: digest::of_secret(challenge), until })
    }

    fn challenge_tag(&self, payload: &[u8], purpose: &Purpose) -> [u8; 32] {
        self.secrets.challenge_tag(&[payload, &purpose.bound_to()].concat())
    }
}
