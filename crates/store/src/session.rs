//! Sessions of people: random secrets stored as hashes, with what their owner needs to tell them apart.

use std::time::Duration;

use domain::audit::{Actor, Detail, Kind, Origin};
use domain::{Browser, Groups, OperatorId, OrganisationId, Platform, Principal, Role, Timestamp};

use crate::audit::{Audited, Fact};
use crate::engine::{Row, statements};
use crate::known_device::{HAS_ANY, IS_KNOWN, REMEMBER};
use crate::{Error, Result, Scope, Store, System, passkey};

/// A session that is still good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who it speaks for.
    pub principal: Principal,
    /// When it was last used.
    pub used_at: Timestamp,
}

/// What a session was opened with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Which family of browsers.
    pub browser: Browser,
    /// Which family of systems.
    pub platform: Platform,
    /// By which it is known again.
    pub device: Option<[u8; 32]>,
}

/// What somebody has proved who signs in. Proving takes a while: the session is opened only if it is still so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// The tenant.
    pub organisation: OrganisationId,
    /// Who.
    pub operator: OperatorId,
    /// By what.
    pub by: Means,
}

/// By what somebody has proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Means {
    /// A password.
    Password {
        /// Of the one that was right.
        hash: String,
        /// Whether a second factor was asked for.
        second_factor: bool,
    },
    /// A passkey, by the hash of its number.
    Passkey([u8; 32]),
}

/// One of an operator's sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Of its secret.
    pub hash: [u8; 32],
    /// What it was opened with.
    pub machine: Machine,
    /// When.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub used_at: Timestamp,
    /// Whether nobody had signed in there before, and its operator has not said that it was them.
    pub is_new: bool,
}

statements! {
    INSERT =
        "INSERT INTO session (token_hash, organisation_id, operator_id, created_at, used_at, browser, platform,
            device_hash, is_new)
        VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8)";
    // Held until the session stands, so that whoever changes the password meanwhile ends this session, too.
    PROVED =
        "SELECT h.organisation_id, h.password_hash, h.factor_sealed FROM operator h
        WHERE h.organisation_id = $1 AND h.operator_id = $2 AND h.deactivated_at IS NULL {for_update}";
    BY_HASH =
        "SELECT s.organisation_id, s.operator_id, o.role, o.group_bits, s.used_at, s.platform
        FROM session s JOIN operator o ON o.operator_id = s.operator_id AND o.organisation_id = s.organisation_id
        WHERE s.token_hash = $1 AND s.used_at > $2 AND s.created_at > $3 AND o.deactivated_at IS NULL";
    USE = "UPDATE session SET used_at = $2 WHERE token_hash = $1 AND used_at < $2";
    DELETE = "DELETE FROM session WHERE token_hash = $1 RETURNING organisation_id, operator_id, platform";
    DELETE_EXPIRED = "DELETE FROM session WHERE used_at <= $1 OR created_at <= $2";
    OF_OPERATOR =
        "SELECT organisation_id, token_hash, browser, platform, device_hash, created_at, used_at, is_new
        FROM session WHERE organisation_id = $1 AND operator_id = $2 AND used_at > $3 AND created_at > $4
        ORDER BY used_at DESC, created_at DESC, token_hash";
    DELETE_OWN = "DELETE FROM session WHERE organisation_id = $1 AND operator_id = $2 AND token_hash = $3";
    DELETE_OTHERS = "DELETE FROM session WHERE organisation_id = $1 AND operator_id = $2 AND token_hash <> $3";
    RECOGNISE =
        "UPDATE session SET is_new = 0 WHERE organisation_id = $1 AND operator_id = $2 AND token_hash = $3";
}

pub(crate) fn principal(row: &Row) -> Result<Principal> {
    let role = Role::from_code(&row.text(2)?).ok_or_else(|| Error::Broken("a role cannot be read".to_owned()))?;
    let (organisation, operator) = (OrganisationId(row.int(0)?), OperatorId(row.int(1)?));
    Ok(Principal::new(organisation, operator, role, Groups::from_bits(row.int(3)?)))
}

fn origin(row: &Row, column: usize) -> Result<Origin> {
    Ok(Platform::from_code(&row.text(column)?).into())
}

fn listed(row: &Row) -> Result<Listed> {
    let broken = |_| Error::Broken("a session cannot be read".to_owned());
    Ok(Listed {
        hash: row.bytes(1)?.try_into().map_err(broken)?,
        machine: Machine {
            browser: Browser::from_code(&row.text(2)?),
            platform: Platform::from_code(&row.text(3)?),
            device: row.bytes_or_null(4)?.map(TryInto::try_into).transpose().map_err(broken)?,
        },
        created_at: Timestamp(row.int(5)?),
        used_at: Timestamp(row.int(6)?),
        is_new: row.int(7)? != 0,
    })
}

impl Store {
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
                    let row = rows.first().ok_or(Error::NotFound)?;
                    let principal = principal(row)?.from(origin(row, 5)?);
                    Ok(Session { principal, used_at: Timestamp(row.int(4)?) })
                })
            })
            .await
    }

    /// All sessions of an operator that are still good, the last used first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sessions(
        &self,
        organisation: OrganisationId,
        operator: OperatorId,
        used_after: Timestamp,
        created_after: Timestamp,
    ) -> Result<Vec<Listed>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), operator.into(), used_after.into(), created_after.into()];
                    let rows = connection.query_in(organisation.into(), &OF_OPERATOR, &values).await?;
                    rows.iter().map(listed).collect()
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

    /// Notes that somebody opened a session in a new browser themselves.
    ///
    /// # Errors
    /// [`Error::NotFound`] where they have no such session.
    pub async fn recognise_session(
        &self,
        organisation: OrganisationId,
        operator: OperatorId,
        hash: [u8; 32],
    ) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), operator.into(), hash.into()];
                    match connection.execute_any(&RECOGNISE, &values).await? {
                        0 => Err(Error::NotFound),
                        _ => Ok(()),
                    }
                })
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
}

/// What is left is the one session, and the browser it was opened in. Says how many ended.
pub(crate) async fn end_others(
    connection: &mut crate::engine::Connection,
    organisation: OrganisationId,
    operator: OperatorId,
    hash: [u8; 32],
) -> Result<u64> {
    let values = [organisation.into(), operator.into(), hash.into()];
    let ended = connection.execute_any(&DELETE_OTHERS, &values).await?;
    connection.execute_any(&crate::known_device::FORGET_WITHOUT_SESSION, &values[..2]).await?;
    Ok(ended)
}

impl Audited<'_> {
    /// Opens a session under the hash of its secret, and remembers the browser. Says whether that was a new one to somebody
    /// who is known elsewhere.
    ///
    /// # Errors
    /// [`Error::NotFound`] where what was proved is so no more.
    pub async fn insert_session(self, hash: [u8; 32], proved: Proved, at: Timestamp, machine: Machine) -> Result<bool> {
        self.write(move |connection| {
            Box::pin(async move {
                let (organisation, operator) = (proved.organisation, proved.operator);
                let (who, scope) = ([organisation.into(), operator.into()], Scope::from(organisation));
                let rows = connection.query_in(scope, &PROVED, &who).await?;
                let row = rows.first().ok_or(Error::NotFound)?;
                let is_so = match proved.by {
                    Means::Password { hash, second_factor } => {
                        row.text(1)? == hash && row.bytes_or_null(2)?.is_some() == second_factor
                    }
                    Means::Passkey(hash) => passkey::is_there(connection, organisation, operator, hash).await?,
                };
                if !is_so {
                    return Err(Error::NotFound);
                }
                let is_new = match machine.device {
                    Some(device) => {
                        let known = [device.into(), organisation.into(), operator.into()];
                        !connection.query_in(scope, &HAS_ANY, &who).await?.is_empty()
                            && connection.query_in(scope, &IS_KNOWN, &known).await?.is_empty()
                    }
                    None => false,
                };
                let values = [
                    hash.into(),
                    organisation.into(),
                    operator.into(),
                    at.into(),
                    machine.browser.code().into(),
                    machine.platform.code().into(),
                    machine.device.into(),
                    is_new.into(),
                ];
                connection.execute(&INSERT, &values, 1).await?;
                if let Some(device) = machine.device {
                    let values = [device.into(), operator.into(), organisation.into(), at.into()];
                    connection.execute(&REMEMBER, &values, 1).await?;
                }
                let new = is_new.then(|| Detail::is("new", true));
                let details = [Detail::is("browser", machine.browser.code())].into_iter().chain(new);
                Ok((is_new, vec![Fact::new(organisation, Kind::SignedIn, details).about(operator)]))
            })
        })
        .await
    }

    /// Ends a session; ending one that is not there is no error.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_session(self, hash: [u8; 32]) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                let rows = connection.query_in(Scope::System(System::SignIn), &DELETE, &[hash.into()]).await?;
                let mut facts = Vec::new();
                for row in &rows {
                    let operator = OperatorId(row.int(1)?);
                    let fact = Fact::new(OrganisationId(row.int(0)?), Kind::SignedOut, []).about(operator);
                    facts.push(fact.by(Actor::Operator(operator), origin(row, 2)?));
                }
                Ok(((), facts))
            })
        })
        .await
    }

    /// Ends one of an operator's sessions, and forgets the browser it was opened in.
    ///
    /// # Errors
    /// [`Error::NotFound`] where they have no such session.
    pub async fn end_session(self, organisation: OrganisationId, operator: OperatorId, one: Listed) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                let values = [organisation.into(), operator.into(), one.hash.into()];
                if connection.execute_any(&DELETE_OWN, &values).await? == 0 {
                    return Err(Error::NotFound);
                }
                if let Some(device) = one.machine.device {
                    let values = [organisation.into(), operator.into(), device.into()];
                    connection.execute_any(&crate::known_device::FORGET, &values).await?;
                }
                let ended = [
                    Detail::is("browser", one.machine.browser.code()),
                    Detail::is("platform", one.machine.platform.code()),
                ];
                Ok(((), vec![Fact::new(organisation, Kind::SessionEnded, ended).about(operator)]))
            })
        })
        .await
    }

    /// Ends all of an operator's sessions but this one, and forgets all browsers but this one's.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn end_other_sessions(
        self,
        organisation: OrganisationId,
        operator: OperatorId,
        hash: [u8; 32],
    ) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                let ended = end_others(connection, organisation, operator, hash).await?;
                let fact = Fact::new(organisation, Kind::SessionEnded, [Detail::is("count", ended)]).about(operator);
                Ok(((), if ended == 0 { Vec::new() } else { vec![fact] }))
            })
        })
        .await
    }
}
