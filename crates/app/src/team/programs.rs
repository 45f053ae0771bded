//! Programs: tokens with which they act for whoever made them, with no more than that person may.

use std::time::Duration;

use domain::limits::NAME_CHARACTERS;
use domain::{Capability, Level, OperatorId, Principal, PublicId, Timestamp, text};
use privacy::token;
use store::api_token::{Given, Program};

use super::sessions::name_of;
use super::{Proof, Secret, SignedInBrowser};
use crate::{App, Error, Result};

/// A token to be made.
pub struct NewProgram {
    /// What the program is called.
    pub title: String,
    /// What it may do.
    pub given: Vec<(Capability, Level)>,
    /// For how many days.
    pub days: i64,
}

/// A token, without its secret.
#[derive(Clone, Debug)]
pub struct ProgramInfo {
    /// Its name outside.
    pub name: PublicId,
    /// What the program is called.
    pub title: String,
    /// For whom it acts.
    pub operator: OperatorId,
    /// What it was given; none: what its operator may.
    pub given: Option<Vec<(Capability, Level)>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The day it was last used.
    pub used_day: Option<Timestamp>,
}

const DAY: Duration = Duration::from_secs(24 * 3600);
/// A token is good for a year at most.
const DAYS: i64 = 365;
/// Tokens of one organisation.
const MOST: usize = 100;

fn info(program: Program) -> ProgramInfo {
    ProgramInfo {
        name: name_of(&program.hash),
        title: program.title,
        operator: program.operator,
        given: program.given.0,
        created_at: program.created_at,
        expires_at: program.expires_at,
        used_day: program.used_day,
    }
}

impl App {
    /// The programs of the organisation, the newest first.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn programs(&self, principal: Principal) -> Result<Vec<ProgramInfo>> {
        principal.require(Capability::Programs, Level::Read)?;
        let found = self.store.api_tokens(principal.organisation, self.now()).await?;
        Ok(found.into_iter().map(info).collect())
    }

    /// Makes a token that acts for whoever makes it. From a browser only: a token that makes tokens would outlive its end. With
    /// a proof: a token outlives the session that it was made in, and a stolen session must not.
    ///
    /// # Errors
    /// [`Error::Forbidden`], also for what the caller may not do; [`Error::Invalid`] by field; [`Error::Conflict`] where there
    /// are too many; [`Error::RateLimited`] after many wrong proofs.
    pub async fn add_program(
        &self,
        by: &SignedInBrowser,
        new: NewProgram,
        proof: Proof,
    ) -> Result<(ProgramInfo, Secret)> {
        let principal = by.principal;
        principal.require(Capability::Programs, Level::Write)?;
        let title = text::line(&new.title, NAME_CHARACTERS)
            .map_err(|error| Error::Invalid { field: "name", detail: error.to_string() })?;
        if !(1..=DAYS).contains(&new.days) {
            return Err(Error::Invalid { field: "days", detail: format!("must be 1 to {DAYS}") });
        }
        let given: Vec<_> = new.given.into_iter().filter(|(_, level)| *level > Level::Off).collect();
        if given.is_empty() {
            return Err(Error::Invalid { field: "rights", detail: "must name something it may do".to_owned() });
        }
        for (capability, level) in &given {
            principal.require(*capability, *level)?;
        }
        if self.store.api_tokens(principal.organisation, self.now()).await?.len() >= MOST {
            return Err(Error::Conflict("there are 100 programs: take one's token back first"));
        }
        let proved = self.prove_fully(principal, proof).await?.password_hash;
        let (secret, now) = (Secret::new(token::bearer()), self.now());
        let expires_at = now.plus(DAY.saturating_mul(u32::try_from(new.days).unwrap_or(1)));
        let program = Program {
            hash: secret.hash(),
            operator: principal.operator,
            title,
            given: Given(Some(given)),
            created_at: now,
            expires_at,
            used_day: None,
        };
        self.store.audited(self.by(principal)).insert_api_token(principal, program.clone(), Some(proved)).await?;
        Ok((info(program), secret))
    }

    /// Takes a token back; it ends at once.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn remove_program(&self, by: &SignedInBrowser, name: PublicId) -> Result<()> {
        let principal = by.principal;
        principal.require(Capability::Programs, Level::Write)?;
        let all = self.store.api_tokens(principal.organisation, self.now()).await?;
        let found = all.into_iter().find(|one| name_of(&one.hash) == name).ok_or(Error::NotFound)?;
        Ok(self.store.audited(self.by(principal)).delete_api_token(principal.organisation, found.hash).await?)
    }
}
