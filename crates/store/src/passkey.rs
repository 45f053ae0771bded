//! Passkeys of operators, and the challenges that were answered with them. Number, key and name are sealed: whoever can write
//! here and holds no key cannot plant one.

use domain::audit::Kind;
use domain::limits::PASSKEYS;
use domain::{OperatorId, OrganisationId, Timestamp};

use crate::audit::{Audited, Fact};
use crate::engine::{Connection, Row, Statement, Value, statements};
use crate::{Error, Result, Scope, Store, System};

/// A passkey as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// The tenant.
    pub organisation: OrganisationId,
    /// Whose.
    pub operator: OperatorId,
    /// Of its number: it is found by it.
    pub hash: [u8; 32],
    /// Number, key and name, sealed with the key of the operator's profile.
    pub content_sealed: Vec<u8>,
    /// How often it said it has signed.
    pub counter: i64,
    /// When it was added.
    pub created_at: Timestamp,
    /// The day it was last used.
    pub used_day: Option<Timestamp>,
    /// Since when there seem to be two of it: it is taken no more.
    pub copied_at: Option<Timestamp>,
    /// The session it was added in, until its operator has said elsewhere that it was them.
    pub new_in: Option<[u8; 32]>,
}

/// A challenge that is answered now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Of the challenge.
    pub hash: [u8; 32],
    /// Until when it must be remembered: it is refused afterwards anyway.
    pub until: Timestamp,
}

/// What became of the use of a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Used {
    /// It is noted.
    Noted,
    /// It has signed less often than it said before, so there are two of it: noted too, and it is taken no more.
    Copied,
}

statements! {
    INSERT =
        "INSERT INTO passkey (credential_hash, organisation_id, operator_id, content_sealed, counter, created_at, new_in)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (credential_hash) DO NOTHING";
    // Held until it stands: whoever changes the password meanwhile, or counts the passkeys, comes before or after.
    OWNER =
        "SELECT h.organisation_id FROM operator h
        WHERE h.organisation_id = $1 AND h.operator_id = $2 AND h.password_hash = $3 AND h.deactivated_at IS NULL
        {for_update}";
    OF_OPERATOR =
        "SELECT organisation_id, operator_id, credential_hash, content_sealed, counter, created_at, used_day, copied_at,
            new_in
        FROM passkey WHERE organisation_id = $1 AND operator_id = $2 ORDER BY created_at, credential_hash";
    BY_HASH =
        "SELECT organisation_id, operator_id, credential_hash, content_sealed, counter, created_at, used_day, copied_at,
            new_in
        FROM passkey WHERE credential_hash = $1";
    COUNTER =
        "SELECT h.organisation_id, h.counter, h.operator_id FROM passkey h
        WHERE h.organisation_id = $1 AND h.credential_hash = $2 AND h.copied_at IS NULL {for_update}";
    USE = "UPDATE passkey SET counter = $3, used_day = $4 WHERE organisation_id = $1 AND credential_hash = $2";
    DOUBT = "UPDATE passkey SET copied_at = $3 WHERE organisation_id = $1 AND credential_hash = $2";
    IS_THERE =
        "SELECT organisation_id FROM passkey
        WHERE organisation_id = $1 AND operator_id = $2 AND credential_hash = $3 AND copied_at IS NULL";
    CHANGE =
        "UPDATE passkey SET content_sealed = $4 WHERE organisation_id = $1 AND operator_id = $2 AND credential_hash = $3";
    RECOGNISE =
        "UPDATE passkey SET new_in = NULL
        WHERE organisation_id = $1 AND operator_id = $2 AND credential_hash = $3 AND new_in <> $4";
    DELETE = "DELETE FROM passkey WHERE organisation_id = $1 AND operator_id = $2 AND credential_hash = $3";
    DELETE_ALL = "DELETE FROM passkey WHERE organisation_id = $1 AND operator_id = $2";
    SPEND =
        "INSERT INTO spent_challenge (challenge_hash, expires_at) VALUES ($1, $2)
        ON CONFLICT (challenge_hash) DO NOTHING";
    DELETE_SPENT = "DELETE FROM spent_challenge WHERE expires_at <= $1";
}

fn passkey(row: &Row) -> Result<Passkey> {
    let broken = |_| Error::Broken("a passkey cannot be read".to_owned());
    Ok(Passkey {
        organisation: OrganisationId(row.int(0)?),
        operator: OperatorId(row.int(1)?),
        hash: row.bytes(2)?.try_into().map_err(broken)?,
        content_sealed: row.bytes(3)?,
        counter: row.int(4)?,
        created_at: Timestamp(row.int(5)?),
        used_day: row.int_or_null(6)?.map(Timestamp),
        copied_at: row.int_or_null(7)?.map(Timestamp),
        new_in: row.bytes_or_null(8)?.map(TryInto::try_into).transpose().map_err(broken)?,
    })
}

/// Of two who answer a challenge at once, one finds it spent.
async fn spend(connection: &mut Connection, spent: Spent) -> Result<()> {
    match connection.execute_any(&SPEND, &[spent.hash.into(), spent.until.into()]).await? {
        0 => Err(Error::NotFound),
        _ => Ok(()),
    }
}

/// Whether an operator has a passkey that is taken. For whoever holds that operator's lock.
pub(crate) async fn is_there(
    connection: &mut Connection,
    organisation: OrganisationId,
    operator: OperatorId,
    hash: [u8; 32],
) -> Result<bool> {
    let values = [organisation.into(), operator.into(), hash.into()];
    Ok(!connection.query_in(organisation.into(), &IS_THERE, &values).await?.is_empty())
}

impl Store {
    /// An operator's passkeys, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn passkeys(&self, organisation: OrganisationId, operator: OperatorId) -> Result<Vec<Passkey>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let who = [organisation.into(), operator.into()];
                    let rows = connection.query_in(organisation.into(), &OF_OPERATOR, &who).await?;
                    rows.iter().map(passkey).collect()
                })
            })
            .await
    }

    /// The passkey of a number, in whichever organisation.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn passkey(&self, hash: [u8; 32]) -> Result<Passkey> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query_in(Scope::System(System::SignIn), &BY_HASH, &[hash.into()]).await?;
                    passkey(rows.first().ok_or(Error::NotFound)?)
                })
            })
            .await
    }

    /// Changes what is sealed of a passkey: its name.
    ///
    /// # Errors
    /// [`Error::NotFound`] where they have no such passkey.
    pub async fn change_passkey(
        &self,
        organisation: OrganisationId,
        operator: OperatorId,
        hash: [u8; 32],
        content_sealed: Vec<u8>,
    ) -> Result<()> {
        let values = vec![organisation.into(), operator.into(), hash.into(), content_sealed.into()];
        self.touch_passkey(&CHANGE, values).await
    }

    /// Notes that somebody added a passkey themselves. Not in the session that it was added in.
    ///
    /// # Errors
    /// [`Error::NotFound`] where they have no such passkey that is new elsewhere.
    pub async fn recognise_passkey(
        &self,
        organisation: OrganisationId,
        operator: OperatorId,
        hash: [u8; 32],
        session: [u8; 32],
    ) -> Result<()> {
        let values = vec![organisation.into(), operator.into(), hash.into(), session.into()];
        self.touch_passkey(&RECOGNISE, values).await
    }

    async fn touch_passkey(&self, statement: &'static Statement, values: Vec<Value>) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    match connection.execute_any(statement, &values).await? {
                        0 => Err(Error::NotFound),
                        _ => Ok(()),
                    }
                })
            })
            .await
    }

    /// Forgets challenges that are refused by now anyway; says how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_spent_challenges(&self, now: Timestamp) -> Result<u64> {
        self.data
            .write(move |connection| {
                Box::pin(async move { connection.execute_any(&DELETE_SPENT, &[now.into()]).await })
            })
            .await
    }
}

impl Audited<'_> {
    /// Notes that a passkey answered a challenge, and how often it says it has signed. One that always says "never" is in a
    /// cloud and cannot count (WebAuthn, section 6.1.1). One that was copied is recorded; that somebody signed in is, with
    /// their session.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the challenge was answered before, or the passkey is gone or taken no more.
    pub async fn use_passkey(
        self,
        organisation: OrganisationId,
        hash: [u8; 32],
        counter: i64,
        at: (Timestamp, Timestamp),
        spent: Spent,
    ) -> Result<Used> {
        self.write(move |connection| {
            Box::pin(async move {
                let one = [organisation.into(), hash.into()];
                let rows = connection.query_in(organisation.into(), &COUNTER, &one).await?;
                let found = rows.first().ok_or(Error::NotFound)?;
                let (before, operator) = (found.int(1)?, OperatorId(found.int(2)?));
                spend(connection, spent).await?;
                let (now, day) = at;
                if counter <= before && (counter, before) != (0, 0) {
                    connection.execute(&DOUBT, &[organisation.into(), hash.into(), now.into()], 1).await?;
                    let fact = Fact::new(organisation, Kind::PasskeyCopied, []).about(operator);
                    return Ok((Used::Copied, vec![fact]));
                }
                let values = [organisation.into(), hash.into(), counter.into(), day.into()];
                connection.execute(&USE, &values, 1).await?;
                Ok((Used::Noted, Vec::new()))
            })
        })
        .await
    }

    /// Stores a new passkey of somebody whose password has this hash.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the challenge was answered before, the password is another one meanwhile or they have left;
    /// [`Error::Conflict`] where it is known already, whosever it is, and where they have as many as they may.
    pub async fn insert_passkey(self, passkey: Passkey, password_hash: String, spent: Spent) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                let (scope, who) =
                    (passkey.organisation.into(), [passkey.organisation.into(), passkey.operator.into()]);
                let owner = [passkey.organisation.into(), passkey.operator.into(), password_hash.into()];
                if connection.query_in(scope, &OWNER, &owner).await?.is_empty() {
                    return Err(Error::NotFound);
                }
                spend(connection, spent).await?;
                if connection.query_in(scope, &OF_OPERATOR, &who).await?.len() >= PASSKEYS {
                    return Err(Error::Conflict("there are as many passkeys as there can be"));
                }
                let values = [
                    passkey.hash.into(),
                    passkey.organisation.into(),
                    passkey.operator.into(),
                    passkey.content_sealed.into(),
                    passkey.counter.into(),
                    passkey.created_at.into(),
                    passkey.new_in.into(),
                ];
                if connection.execute_any(&INSERT, &values).await? == 0 {
                    return Err(Error::Conflict("this passkey is in use already"));
                }
                let fact = Fact::new(passkey.organisation, Kind::PasskeyAdded, []);
                Ok(((), vec![fact.about(passkey.operator)]))
            })
        })
        .await
    }

    /// Removes a passkey.
    ///
    /// # Errors
    /// [`Error::NotFound`] where they have no such passkey.
    pub async fn delete_passkey(
        self,
        organisation: OrganisationId,
        operator: OperatorId,
        hash: [u8; 32],
    ) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                let values = [organisation.into(), operator.into(), hash.into()];
                if connection.execute_any(&DELETE, &values).await? == 0 {
                    return Err(Error::NotFound);
                }
                Ok(((), vec![Fact::new(organisation, Kind::PasskeyRemoved, []).about(operator)]))
            })
        })
        .await
    }
}
