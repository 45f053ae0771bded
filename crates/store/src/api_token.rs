//! Tokens of programs: random secrets stored as hashes. Each acts for an operator, with no more than it was given of what
//! that operator may at that moment.

use domain::audit::{Detail, Kind, Origin};
use domain::{Capability, Level, OperatorId, OrganisationId, Principal, Timestamp};

use crate::audit::{Audited, Fact};
use crate::engine::{Row, statements};
use crate::operator::lock_team;
use crate::session::principal;
use crate::{Error, Result, Scope, Store, System};

/// What a program was given; without it, what its operator may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given(pub Option<Vec<(Capability, Level)>>);

/// A program's token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Of its secret.
    pub hash: [u8; 32],
    /// For whom it acts.
    pub operator: OperatorId,
    /// What it is called.
    pub title: String,
    /// What it was given.
    pub given: Given,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The day it was last used.
    pub used_day: Option<Timestamp>,
}

statements! {
    INSERT =
        "INSERT INTO api_token (token_hash, organisation_id, operator_id, created_at, expires_at, name, level_bits)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    DELETE_EXPIRED = "DELETE FROM api_token WHERE expires_at <= $1";
    BY_HASH =
        "SELECT t.organisation_id, t.operator_id, o.role, o.group_bits, t.level_bits, t.used_day
        FROM api_token t JOIN operator o ON o.operator_id = t.operator_id AND o.organisation_id = t.organisation_id
        WHERE t.token_hash = $1 AND t.expires_at > $2 AND o.deactivated_at IS NULL";
    OF_ORGANISATION =
        "SELECT organisation_id, token_hash, operator_id, name, level_bits, created_at, expires_at, used_day
        FROM api_token WHERE organisation_id = $1 AND expires_at > $2 ORDER BY created_at DESC, token_hash";
    USE = "UPDATE api_token SET used_day = $2 WHERE token_hash = $1 AND (used_day IS NULL OR used_day < $2)";
    DELETE =
        "DELETE FROM api_token WHERE organisation_id = $1 AND token_hash = $2
        RETURNING organisation_id, operator_id, name";
}

impl Given {
    /// Two bits for each capability, the first one lowest.
    fn bits(&self) -> Option<i64> {
        let given = self.0.as_ref()?;
        Some(given.iter().fold(0, |bits, (capability, level)| bits | (*level as i64) << (2 * *capability as i64)))
    }

    fn from_bits(bits: Option<i64>) -> Self {
        let level = |bits: i64, capability: Capability| match bits >> (2 * capability as i64) & 3 {
            0 => Level::Off,
            1 => Level::Read,
            _ => Level::Write,
        };
        let named = |bits| Capability::ALL.into_iter().map(move |one| (one, level(bits, one)));
        Self(bits.map(|bits| named(bits).filter(|(_, level)| *level > Level::Off).collect()))
    }

    /// As recorded: one by one; nothing where it may all that its operator may.
    fn details(&self) -> impl Iterator<Item = Detail> {
        self.0.iter().flatten().map(|(capability, level)| Detail::is(capability.code(), level.code()))
    }

    /// What a program may: of what its operator may, what it was given.
    fn limit(&self, mut principal: Principal) -> Principal {
        if let Some(named) = &self.0 {
            principal.rights = principal.rights.only(named);
        }
        principal
    }
}

fn program(row: &Row) -> Result<Program> {
    Ok(Program {
        hash: row.bytes(1)?.try_into().map_err(|_| Error::Broken("a token cannot be read".to_owned()))?,
        operator: OperatorId(row.int(2)?),
        title: row.text(3)?,
        given: Given::from_bits(row.int_or_null(4)?),
        created_at: Timestamp(row.int(5)?),
        expires_at: Timestamp(row.int(6)?),
        used_day: row.int_or_null(7)?.map(Timestamp),
    })
}

impl Store {
    /// Deletes programs' tokens that have expired; says how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_expired_api_tokens(&self, now: Timestamp) -> Result<u64> {
        self.data
            .write(move |connection| {
                Box::pin(async move { connection.execute_any(&DELETE_EXPIRED, &[now.into()]).await })
            })
            .await
    }

    /// Who a program's token speaks for, and the day it was last used.
    ///
    /// # Errors
    /// [`Error::NotFound`], expired ones included.
    pub async fn api_token(&self, hash: [u8; 32], now: Timestamp) -> Result<(Principal, Option<Timestamp>)> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [hash.into(), now.into()];
                    let rows = connection.query_in(Scope::System(System::SignIn), &BY_HASH, &values).await?;
                    let row = rows.first().ok_or(Error::NotFound)?;
                    let given = Given::from_bits(row.int_or_null(4)?);
                    let principal = principal(row)?.from(Origin::Program);
                    Ok((given.limit(principal), row.int_or_null(5)?.map(Timestamp)))
                })
            })
            .await
    }

    /// Notes the day on which a token was used.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn use_api_token(&self, hash: [u8; 32], day: Timestamp) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move { connection.execute_any(&USE, &[hash.into(), day.into()]).await.map(drop) })
            })
            .await
    }

    /// All tokens of an organisation that are still good, the newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn api_tokens(&self, organisation: OrganisationId, now: Timestamp) -> Result<Vec<Program>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), now.into()];
                    let rows = connection.query_in(organisation.into(), &OF_ORGANISATION, &values).await?;
                    rows.iter().map(program).collect()
                })
            })
            .await
    }
}

impl Audited<'_> {
    /// Stores a program's token under the hash of its secret. Judged in the transaction: whoever was dismissed or demoted
    /// while their request was under way gets none, nor whoever's password was changed since they showed the one with the
    /// hash `proved`, and nobody one that may more than they.
    ///
    /// # Errors
    /// [`Error::OutOfReach`] where it is so.
    pub async fn insert_api_token(self, by: Principal, program: Program, proved: Option<String>) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                let organisation = by.organisation;
                let team = lock_team(connection, by).await?;
                let still = |hash| team.iter().any(|one| one.id == by.operator && one.password_hash == hash);
                let has = |(what, level): &(Capability, Level)| by.rights.of(*what).0 >= *level;
                let may = program.operator == by.operator && program.given.0.iter().flatten().all(has);
                if !may || !proved.is_none_or(still) {
                    return Err(Error::OutOfReach);
                }
                let values = [
                    program.hash.into(),
                    organisation.into(),
                    program.operator.into(),
                    program.created_at.into(),
                    program.expires_at.into(),
                    program.title.as_str().into(),
                    program.given.bits().into(),
                ];
                connection.execute(&INSERT, &values, 1).await?;
                let named = [Detail::is("program", &program.title)].into_iter().chain(program.given.details());
                let fact = Fact::new(organisation, Kind::ProgramMade, named).about(program.operator);
                Ok(((), vec![fact]))
            })
        })
        .await
    }

    /// Takes a token back.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn delete_api_token(self, organisation: OrganisationId, hash: [u8; 32]) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                let values = [organisation.into(), hash.into()];
                let rows = connection.query_in(organisation.into(), &DELETE, &values).await?;
                let row = rows.first().ok_or(Error::NotFound)?;
                let (operator, title) = (OperatorId(row.int(1)?), row.text(2)?);
                let named = Detail { what: "program".to_owned(), before: Some(title), after: None };
                Ok(((), vec![Fact::new(organisation, Kind::ProgramRemoved, [named]).about(operator)]))
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_was_given_is_read_as_it_was_written() {
        for given in [
            None,
            Some(vec![]),
            Some(vec![(Capability::Conversations, Level::Write), (Capability::Installation, Level::Read)]),
        ] {
            let given = Given(given);
            assert_eq!(Given::from_bits(given.bits()), given);
        }
        assert_eq!(Given(Some(vec![(Capability::Snippets, Level::Write)])).bits(), Some(8));
    }
}
