//! Links with which an operator sets a password: made by a colleague, used once, good for a while (SA3).

use domain::audit::Kind;
use domain::{OperatorId, OrganisationId, Principal, Timestamp};

use crate::audit::{Audited, Fact};
use crate::engine::statements;
use crate::known_device::FORGET_ALL;
use crate::operator::{END_SESSIONS, END_TOKENS, SET_PASSWORD, lock_team};
use crate::passkey::DELETE_ALL as END_PASSKEYS;
use crate::{Error, Result, Scope, Store, System};

statements! {
    FORGET = "DELETE FROM sign_in_link WHERE organisation_id = $1 AND operator_id = $2";
    INSERT =
        "INSERT INTO sign_in_link (token_hash, organisation_id, operator_id, created_by, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    // Whoever deletes it has used it: of two who come at once one finds nothing.
    USE =
        "DELETE FROM sign_in_link WHERE token_hash = $1 AND expires_at > $2
        RETURNING organisation_id, operator_id";
    SHOW = "SELECT organisation_id, operator_id FROM sign_in_link WHERE token_hash = $1 AND expires_at > $2";
    WORKS =
        "SELECT organisation_id, operator_id FROM operator
        WHERE organisation_id = $1 AND operator_id = $2 AND deactivated_at IS NULL";
    DELETE_EXPIRED = "DELETE FROM sign_in_link WHERE expires_at <= $1";
}

impl Store {
    /// For whom a link is: cheap to ask before anything costly is done for whoever shows it.
    ///
    /// # Errors
    /// [`Error::NotFound`] for one that was used, has expired or never was.
    pub async fn sign_in_link(&self, hash: [u8; 32], now: Timestamp) -> Result<(OrganisationId, OperatorId)> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let scope = Scope::System(System::SignIn);
                    let rows = connection.query_in(scope, &SHOW, &[hash.into(), now.into()]).await?;
                    let row = rows.first().ok_or(Error::NotFound)?;
                    Ok((OrganisationId(row.int(0)?), OperatorId(row.int(1)?)))
                })
            })
            .await
    }

    /// Deletes links that have expired; says how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_expired_sign_in_links(&self, now: Timestamp) -> Result<u64> {
        self.data
            .write(move |connection| {
                Box::pin(async move { connection.execute_any(&DELETE_EXPIRED, &[now.into()]).await })
            })
            .await
    }
}

impl Audited<'_> {
    /// Makes a link for an operator; an earlier one is good no more. Judged in the transaction: whoever sets somebody's
    /// password can be them.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::OutOfReach`] where `by` lacks a right that the operator has; [`Error::Conflict`] where
    /// they work here no more.
    pub async fn insert_sign_in_link(
        self,
        hash: [u8; 32],
        by: Principal,
        operator: OperatorId,
        at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                let team = lock_team(connection, by).await?;
                let found = team.iter().find(|one| one.id == operator).ok_or(Error::NotFound)?;
                if !by.rights.include(&found.role.rights()) {
                    return Err(Error::OutOfReach);
                }
                if found.deactivated_at.is_some() {
                    return Err(Error::Conflict("they do not work here any more"));
                }
                let organisation = by.organisation;
                connection.execute_any(&FORGET, &[organisation.into(), operator.into()]).await?;
                let values = [
                    hash.into(),
                    organisation.into(),
                    operator.into(),
                    by.operator.into(),
                    at.into(),
                    expires_at.into(),
                ];
                connection.execute(&INSERT, &values, 1).await?;
                Ok(((), vec![Fact::new(organisation, Kind::LinkMade, []).about(operator)]))
            })
        })
        .await
    }

    /// Uses a link: sets the password, ends every session and program of its operator and removes their passkeys, in one
    /// transaction: whoever had got in before is out.
    ///
    /// # Errors
    /// [`Error::NotFound`] for one that was used, has expired or never was, and where its operator works here no more.
    pub async fn use_sign_in_link(
        self,
        hash: [u8; 32],
        password_hash: String,
        now: Timestamp,
    ) -> Result<(OrganisationId, OperatorId)> {
        self.write(move |connection| {
            Box::pin(async move {
                let scope = Scope::System(System::SignIn);
                let rows = connection.query_in(scope, &USE, &[hash.into(), now.into()]).await?;
                let row = rows.first().ok_or(Error::NotFound)?;
                let (organisation, operator) = (OrganisationId(row.int(0)?), OperatorId(row.int(1)?));
                let who = [organisation.into(), operator.into()];
                if connection.query_in(organisation.into(), &WORKS, &who).await?.is_empty() {
                    return Err(Error::NotFound);
                }
                let values = [organisation.into(), operator.into(), password_hash.into()];
                connection.execute(&SET_PASSWORD, &values, 1).await?;
                connection.execute_any(&END_SESSIONS, &who).await?;
                connection.execute_any(&END_PASSKEYS, &who).await?;
                connection.execute_any(&END_TOKENS, &who).await?;
                connection.execute_any(&FORGET_ALL, &who).await?;
                Ok(((organisation, operator), vec![Fact::new(organisation, Kind::LinkUsed, []).about(operator)]))
            })
        })
        .await
    }
}
