//! Sessions of people and tokens of programs. Both are random secrets stored as hashes; both lead to an operator.

use std::time::Duration;

use domain::{Groups, OperatorId, OrganisationId, Principal, Role, Timestamp};

use crate::engine::{Row, statements};
use crate::{Error, Result, Scope, Store, System};

/// A session that is still good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who it speaks for.
    pub principal: Principal,
    /// When it was last used.
    pub used_at: Timestamp,
}

statements! {
    INSERT =
        "INSERT INTO session (token_hash, organisation_id, operator_id, created_at, used_at)
        VALUES ($1, $2, $3, $4, $4)";
    BY_HASH =
        "SELECT s.organisation_id, s.operator_id, o.role, o.group_bits, s.used_at
        FROM session s JOIN operator o ON o.operator_id = s.operator_id AND o.organisation_id = s.organisation_id
        WHERE s.token_hash = $1 AND s.used_at > $2 AND s.created_at > $3 AND o.deactivated_at IS NULL";
    USE = "UPDATE session SET used_at = $2 WHERE token_hash = $1 AND used_at < $2";
    DELETE = "DELETE FROM session WHERE token_hash = $1";
    DELETE_EXPIRED = "DELETE FROM session WHERE used_at <= $1 OR created_at <= $2";
    INSERT_TOKEN =
        "INSERT INTO api_token (token_hash, organisation_id, operator_id, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5)";
    DELETE_EXPIRED_TOKENS = "DELETE FROM api_token WHERE expires_at <= $1";
    TOKEN_BY_HASH =
        "SELECT t.organisation_id, t.operator_id, o.role, o.group_bits, t.created_at
        FROM api_token t JOIN operator o ON o.operator_id = t.operator_id AND o.organisation_id = t.organisation_id
        WHERE t.token_hash = $1 AND t.expires_at > $2 AND o.deactivated_at IS NULL";
}

fn session(row: &Row) -> Result<Session> {
    let role = Role::from_code(&row.text(2)?).ok_or_else(|| Error::Broken("a role cannot be read".to_owned()))?;
    let (organisation, operator) = (OrganisationId(row.int(0)?), OperatorId(row.int(1)?));
    let principal = Principal::new(organisation, operator, role, Groups::from_bits(row.int(3)?));
    Ok(Session { principal, used_at: Timestamp(row.int(4)?) })
}

impl Store {
    /// Opens a session under the hash of its secret.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn insert_session(
        &self,
        hash: [u8; 32],
        organisation: OrganisationId,
        operator: OperatorId,
        at: Timestamp,
    ) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let values = [hash.into(), organisation.into(), operator.into(), at.into()];
                    connection.execute(&INSERT, &values, 1).await
                })
            })
            .await
    }

    /// The session of a secret, unless it was idle or open for too long.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn session(&self, hash: [u8; 32], used_after: Timestamp, created_after: Timestamp) -> Result<Session> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [hash.into(), used_after.into(), created_after.into()];
                    let rows = connection.query_in(Scope::System(System::SignIn), &BY_HASH, &values).await?;
                    session(rows.first().ok_or(Error::NotFound)?)
                })
            })
            .await
    }

    /// Notes that a session was used.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn use_session(&self, hash: [u8; 32], at: Timestamp) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move { connection.execute_any(&USE, &[hash.into(), at.into()]).await.map(drop) })
            })
            .await
    }

    /// Ends a session; ending one that is not there is no error.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_session(&self, hash: [u8; 32]) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move { connection.execute_any(&DELETE, &[hash.into()]).await.map(drop) })
            })
            .await
    }

    /// Deletes sessions that nobody can use any more; says how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_expired_sessions(&self, now: Timestamp, idle: Duration, longest: Duration) -> Result<u64> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let values = [now.minus(idle).into(), now.minus(longest).into()];
                    connection.execute_any(&DELETE_EXPIRED, &values).await
                })
            })
            .await
    }

    /// Stores a program's token under the hash of its secret.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn insert_api_token(
        &self,
        hash: [u8; 32],
        organisation: OrganisationId,
        operator: OperatorId,
        at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let values = [hash.into(), organisation.into(), operator.into(), at.into(), expires_at.into()];
                    connection.execute(&INSERT_TOKEN, &values, 1).await
                })
            })
            .await
    }

    /// Deletes programs' tokens that have expired; says how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_expired_api_tokens(&self, now: Timestamp) -> Result<u64> {
        self.data
            .write(move |connection| {
                Box::pin(async move { connection.execute_any(&DELETE_EXPIRED_TOKENS, &[now.into()]).await })
            })
            .await
    }

    /// Who a program's token speaks for.
    ///
    /// # Errors
    /// [`Error::NotFound`], expired ones included.
    pub async fn api_token(&self, hash: [u8; 32], now: Timestamp) -> Result<Principal> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [hash.into(), now.into()];
                    let rows = connection.query_in(Scope::System(System::SignIn), &TOKEN_BY_HASH, &values).await?;
                    session(rows.first().ok_or(Error::NotFound)?).map(|session| session.principal)
                })
            })
            .await
    }
}
