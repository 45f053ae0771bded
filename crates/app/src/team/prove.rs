//! Shows once more that it is them: before what a stolen session must not do.

use domain::Principal;
use domain::audit::Kind;
use privacy::Plaintext;
use store::operator::Operator;

use super::brake::Guesser;
use super::password;
use crate::{App, Error, Result};

/// What somebody shows.
pub struct Proof {
    /// Their password.
    pub password: Plaintext,
    /// A code of their second factor, or a recovery code, where it is asked for.
    pub code: Option<Plaintext>,
}

impl App {
    /// The operator behind a session, where the proof is theirs.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is wrong; [`Error::RateLimited`] after many wrong ones.
    pub(super) async fn prove(&self, principal: Principal, proof: Proof) -> Result<Operator> {
        // Codes are counted for themselves: a proof that needs none must not clear the wrong ones.
        let codes = proof.code.as_ref().map(|_| Guesser::OwnCode(principal.operator));
        let guessers: Vec<_> = [Guesser::Own(principal.operator)].into_iter().chain(codes).collect();
        self.brake.begin(&guessers)?;
        let judged = self.judge(principal, proof).await;
        match judged {
            Ok(_) => self.brake.right(&guessers),
            Err(Error::Invalid { .. }) => {
                let whose = (principal.organisation, principal.operator);
                self.note_refusal(whose, Kind::ProofRefused, self.by(principal));
            }
            Err(_) => self.brake.forgive(&guessers),
        }
        judged
    }

    /// The same, with a code wherever the second factor is on: before what outlives the session.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is wrong or missing; [`Error::RateLimited`] after many wrong ones.
    pub(crate) async fn prove_fully(&self, principal: Principal, proof: Proof) -> Result<Operator> {
        let factor = self.store.factor(principal.organisation, principal.operator).await?;
        let code = match (factor.sealed, proof.code) {
            (Some(_), None) => return Err(wrong("code", "your second factor is on: type a code")),
            (Some(_), code) => code,
            (None, _) => None,
        };
        self.prove(principal, Proof { password: proof.password, code }).await
    }

    async fn judge(&self, principal: Principal, proof: Proof) -> Result<Operator> {
        let operator = self.store.operator(principal.organisation, principal.operator).await?;
        if !password::verify(proof.password, Some(operator.password_hash.clone())).await? {
            return Err(wrong("current", "this is not your password"));
        }
        match proof.code {
            Some(code) if !self.take_code(&operator, &code, self.by(principal)).await? => {
                Err(wrong("code", "this code is not right, or it was used: take the next one"))
            }
            _ => Ok(operator),
        }
    }
}

pub(super) fn wrong(field: &'static str, detail: &str) -> Error {
    Error::Invalid { field, detail: detail.to_owned() }
}
