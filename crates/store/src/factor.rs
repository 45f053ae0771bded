//! The second factor of an operator: a sealed secret, the last step whose code was taken, and codes for when it is lost.

use domain::audit::{Detail, Kind};
use domain::{OperatorId, OrganisationId, Principal, Timestamp};

use crate::audit::{Audited, Fact};
use crate::engine::{Connection, statements};
use crate::operator::lock_team;
use crate::passkey::DELETE_ALL;
use crate::session::end_others;
use crate::{Error, Result, Store};

statements! {
    SHOW =
        "SELECT organisation_id, factor_sealed, factor_reset_at FROM operator
        WHERE organisation_id = $1 AND operator_id = $2";
    SET =
        "UPDATE operator SET factor_sealed = $3, factor_step = $4, factor_reset_at = NULL
        WHERE organisation_id = $1 AND operator_id = $2 AND deactivated_at IS NULL AND password_hash = $5
            AND factor_sealed IS NULL";
    // Whoever raises it has used the code: of two who come at once one touches nothing.
    TAKE_STEP =
        "UPDATE operator SET factor_step = $3
        WHERE organisation_id = $1 AND operator_id = $2 AND factor_step < $3 AND factor_sealed IS NOT NULL";
    CLEAR =
        "UPDATE operator SET factor_sealed = NULL, factor_step = 0, factor_reset_at = $3
        WHERE organisation_id = $1 AND operator_id = $2";
    LOCK =
        "SELECT h.organisation_id, h.factor_sealed FROM operator h
        WHERE h.organisation_id = $1 AND h.operator_id = $2 {for_update}";
    INSERT_CODE = "INSERT INTO recovery_code (code_hash, organisation_id, operator_id) VALUES ($1, $2, $3)";
    TAKE_CODE = "DELETE FROM recovery_code WHERE organisation_id = $1 AND operator_id = $2 AND code_hash = $3";
    DELETE_CODES = "DELETE FROM recovery_code WHERE organisation_id = $1 AND operator_id = $2";
    COUNT_CODES =
        "SELECT CAST($1 AS BIGINT), COUNT(*) FROM recovery_code WHERE organisation_id = $1 AND operator_id = $2";
}

/// What there is of a second factor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Factor {
    /// The secret, sealed; none where it is off.
    pub sealed: Option<Vec<u8>>,
    /// Since when it is off because a colleague turned it off.
    pub reset_at: Option<Timestamp>,
    /// Recovery codes that are left.
    pub codes: i64,
}

impl Store {
    /// The second factor of an operator.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn factor(&self, organisation: OrganisationId, operator: OperatorId) -> Result<Factor> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let who = [organisation.into(), operator.into()];
                    let rows = connection.query_in(organisation.into(), &SHOW, &who).await?;
                    let row = rows.first().ok_or(Error::NotFound)?;
                    let counted = connection.query_in(organisation.into(), &COUNT_CODES, &who).await?;
                    Ok(Factor {
                        sealed: row.bytes_or_null(1)?,
                        reset_at: row.int_or_null(2)?.map(Timestamp),
                        codes: counted.first().map_or(Ok(0), |row| row.int(1))?,
                    })
                })
            })
            .await
    }

    /// Takes the code of a step: works once for each step, and never backwards.
    ///
    /// # Errors
    /// [`Error::NotFound`] where this code or a later one was taken, or there is no second factor.
    pub async fn take_step(&self, organisation: OrganisationId, operator: OperatorId, step: i64) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), operator.into(), step.into()];
                    match connection.execute_any(&TAKE_STEP, &values).await? {
                        0 => Err(Error::NotFound),
                        _ => Ok(()),
                    }
                })
            })
            .await
    }
}

async fn replace_codes(
    connection: &mut Connection,
    organisation: OrganisationId,
    operator: OperatorId,
    codes: &[[u8; 32]],
) -> Result<()> {
    connection.execute_any(&DELETE_CODES, &[organisation.into(), operator.into()]).await?;
    for code in codes {
        connection.execute(&INSERT_CODE, &[(*code).into(), organisation.into(), operator.into()], 1).await?;
    }
    Ok(())
}

impl Audited<'_> {
    /// Turns the second factor on, with new recovery codes, and ends every other session: whoever was there without it stays
    /// no longer. `password_hash` is of the password that was shown for it.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it is another one meanwhile, or the second factor is on.
    pub async fn set_factor(
        self,
        organisation: OrganisationId,
        operator: OperatorId,
        password_hash: String,
        (sealed, step): (Vec<u8>, i64),
        codes: Vec<[u8; 32]>,
        but: [u8; 32],
    ) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                let values = [organisation.into(), operator.into(), sealed.into(), step.into(), password_hash.into()];
                if connection.execute_any(&SET, &values).await? == 0 {
                    return Err(Error::NotFound);
                }
                replace_codes(connection, organisation, operator, &codes).await?;
                end_others(connection, organisation, operator, but).await?;
                Ok(((), vec![Fact::new(organisation, Kind::SecondFactorOn, []).about(operator)]))
            })
        })
        .await
    }

    /// Takes a recovery code, which is good no more.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no such code.
    pub async fn take_recovery_code(
        self,
        organisation: OrganisationId,
        operator: OperatorId,
        hash: [u8; 32],
    ) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                let values = [organisation.into(), operator.into(), hash.into()];
                if connection.execute_any(&TAKE_CODE, &values).await? == 0 {
                    return Err(Error::NotFound);
                }
                let counted = connection.query_in(organisation.into(), &COUNT_CODES, &values[..2]).await?;
                let left = counted.first().map_or(Ok(0), |row| row.int(1))?;
                let fact = Fact::new(organisation, Kind::RecoveryCodeUsed, [Detail::is("left", left)]);
                Ok(((), vec![fact.about(operator)]))
            })
        })
        .await
    }

    /// Makes recovery codes in the place of those that are left.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn renew_recovery_codes(
        self,
        organisation: OrganisationId,
        operator: OperatorId,
        codes: Vec<[u8; 32]>,
    ) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                replace_codes(connection, organisation, operator, &codes).await?;
                Ok(((), vec![Fact::new(organisation, Kind::RecoveryCodesRenewed, []).about(operator)]))
            })
        })
        .await
    }

    /// Turns the second factor off, for somebody who has proved to be them, or runs the machine. Where another did it,
    /// `reset_at` is kept for them, and their passkeys go with it: they may lie in the phone that was lost.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn clear_factor(
        self,
        organisation: OrganisationId,
        operator: OperatorId,
        reset_at: Option<Timestamp>,
    ) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move { Ok(((), clear(connection, organisation, operator, reset_at).await?)) })
        })
        .await
    }

    /// The same for a colleague's. Judged in the transaction, by what both may do at that moment: whoever was dismissed or
    /// demoted while their request was under way turns nobody's off any more.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::OutOfReach`] where `by` lacks a right that the operator has.
    pub async fn reset_factor(self, by: Principal, operator: OperatorId, at: Timestamp) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                let team = lock_team(connection, by).await?;
                let found = team.iter().find(|one| one.id == operator).ok_or(Error::NotFound)?;
                if !by.rights.include(&found.role.rights()) {
                    return Err(Error::OutOfReach);
                }
                Ok(((), clear(connection, by.organisation, operator, Some(at)).await?))
            })
        })
        .await
    }
}

async fn clear(
    connection: &mut Connection,
    organisation: OrganisationId,
    operator: OperatorId,
    reset_at: Option<Timestamp>,
) -> Result<Vec<Fact>> {
    let who = [organisation.into(), operator.into()];
    let rows = connection.query_in(organisation.into(), &LOCK, &who).await?;
    let was_on = rows.first().ok_or(Error::NotFound)?.bytes_or_null(1)?.is_some();
    connection.execute(&CLEAR, &[organisation.into(), operator.into(), reset_at.into()], 1).await?;
    let passkeys = match reset_at {
        Some(_) => connection.execute_any(&DELETE_ALL, &who).await?,
        None => 0,
    };
    connection.execute_any(&DELETE_CODES, &who).await?;
    let kind = if reset_at.is_some() { Kind::SecondFactorReset } else { Kind::SecondFactorOff };
    let details = (passkeys > 0).then(|| Detail::is("passkeys", passkeys));
    let fact = (was_on || passkeys > 0).then(|| Fact::new(organisation, kind, details).about(operator));
    Ok(fact.into_iter().collect())
}
