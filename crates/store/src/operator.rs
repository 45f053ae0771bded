//! Operators: who signs in. Name and address are sealed; the address is found by a blind index.

use domain::audit::{Detail, Kind};
use domain::{Groups, KeyId, Language, OperatorId, OrganisationId, Principal, PublicId, Role, Timestamp};

use crate::audit::{Audited, Fact};
use crate::engine::{Connection, Row, statements};
use crate::known_device::FORGET_ALL;
use crate::passkey::DELETE_ALL as END_PASSKEYS;
use crate::session::end_others;
use crate::{Error, Result, Scope, Store, System, group};

/// An operator as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The tenant.
    pub organisation: OrganisationId,
    /// Their number inside.
    pub id: OperatorId,
    /// Their name outside.
    pub name: PublicId,
    /// Blind index of the lower-cased address.
    pub email_index: [u8; 32],
    /// Name and address, sealed.
    pub profile_sealed: Vec<u8>,
    /// The key of the profile.
    pub key: KeyId,
    /// argon2id, in PHC format.
    pub password_hash: String,
    /// What they may do.
    pub role: Role,
    /// The language of their screens.
    pub language: Language,
    /// The groups they are in.
    pub groups: Groups,
    /// Since when they sign in no more.
    pub deactivated_at: Option<Timestamp>,
}

statements! {
    INSERT =
        "INSERT INTO operator (organisation_id, public_id, email_index, profile_sealed, key_id, password_hash, role,
            language, created_at, group_bits)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING operator_id";
    BY_EMAIL =
        "SELECT organisation_id, operator_id, public_id, email_index, profile_sealed, key_id, password_hash, role,
            language, group_bits, deactivated_at
        FROM operator WHERE email_index = $1";
    BY_ID =
        "SELECT organisation_id, operator_id, public_id, email_index, profile_sealed, key_id, password_hash, role,
            language, group_bits, deactivated_at
        FROM operator WHERE organisation_id = $1 AND operator_id = $2";
    OF_ORGANISATION =
        "SELECT organisation_id, operator_id, public_id, email_index, profile_sealed, key_id, password_hash, role,
            language, group_bits, deactivated_at
        FROM operator WHERE organisation_id = $1 ORDER BY operator_id";
    ANYBODY = "SELECT organisation_id FROM operator ORDER BY operator_id LIMIT 1";
    SET_PASSWORD = "UPDATE operator SET password_hash = $3 WHERE organisation_id = $1 AND operator_id = $2";
    END_SESSIONS = "DELETE FROM session WHERE organisation_id = $1 AND operator_id = $2";
    SPEAK = "UPDATE operator SET language = $3 WHERE organisation_id = $1 AND operator_id = $2";
    // All are locked, and in one order: who may change whom, and whether an owner is left, is judged by what is so now.
    LOCK_TEAM =
        "SELECT h.organisation_id, h.operator_id, h.public_id, h.email_index, h.profile_sealed, h.key_id,
            h.password_hash, h.role, h.language, h.group_bits, h.deactivated_at
        FROM operator h WHERE h.organisation_id = $1 ORDER BY h.operator_id {for_update}";
    CHANGE =
        "UPDATE operator SET role = $3, group_bits = $4, deactivated_at = $5
        WHERE organisation_id = $1 AND operator_id = $2";
    // Those that were made for somebody, and those that they made for others.
    END_LINKS = "DELETE FROM sign_in_link WHERE organisation_id = $1 AND (operator_id = $2 OR created_by = $2)";
    SET_OWN_PASSWORD =
        "UPDATE operator SET password_hash = $3
        WHERE organisation_id = $1 AND operator_id = $2 AND password_hash = $4";
    END_TOKENS = "DELETE FROM api_token WHERE organisation_id = $1 AND operator_id = $2";
}

fn operator(row: &Row) -> Result<Operator> {
    let broken = || Error::Broken("an operator cannot be read".to_owned());
    Ok(Operator {
        organisation: OrganisationId(row.int(0)?),
        id: OperatorId(row.int(1)?),
        name: row.public_id(2)?,
        email_index: row.bytes(3)?.try_into().map_err(|_| broken())?,
        profile_sealed: row.bytes(4)?,
        key: KeyId(row.int(5)?),
        password_hash: row.text(6)?,
        role: Role::from_code(&row.text(7)?).ok_or_else(broken)?,
        language: Language::from_code(&row.text(8)?).ok_or_else(broken)?,
        groups: Groups::from_bits(row.int(9)?),
        deactivated_at: row.int_or_null(10)?.map(Timestamp),
    })
}

/// What is to be changed of an operator; what is `None` stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct OperatorChange {
    /// What they may do.
    pub role: Option<Role>,
    /// The groups they are in.
    pub groups: Option<Groups>,
    /// Whether they work here.
    pub active: Option<bool>,
}

/// Everybody in the organisation, locked; fails where the one who asks has left or has another role by now.
pub(crate) async fn lock_team(connection: &mut Connection, by: Principal) -> Result<Vec<Operator>> {
    let rows = connection.query_in(by.organisation.into(), &LOCK_TEAM, &[by.organisation.into()]).await?;
    let team: Vec<Operator> = rows.iter().map(operator).collect::<Result<_>>()?;
    let still = |one: &Operator| one.id == by.operator && one.role == by.role && one.deactivated_at.is_none();
    if team.iter().any(still) { Ok(team) } else { Err(Error::OutOfReach) }
}

impl Store {
    /// The operator of an address, in whichever organisation.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn operator_by_email(&self, index: [u8; 32]) -> Result<Operator> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let scope = Scope::System(System::SignIn);
                    let rows = connection.query_in(scope, &BY_EMAIL, &[index.into()]).await?;
                    operator(rows.first().ok_or(Error::NotFound)?)
                })
            })
            .await
    }

    /// An operator by number.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn operator(&self, organisation: OrganisationId, id: OperatorId) -> Result<Operator> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), id.into()];
                    let rows = connection.query_in(organisation.into(), &BY_ID, &values).await?;
                    operator(rows.first().ok_or(Error::NotFound)?)
                })
            })
            .await
    }

    /// Everybody who works in an organisation.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn operators(&self, organisation: OrganisationId) -> Result<Vec<Operator>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows =
                        connection.query_in(organisation.into(), &OF_ORGANISATION, &[organisation.into()]).await?;
                    rows.iter().map(operator).collect()
                })
            })
            .await
    }

    /// Whether anybody works anywhere in this installation.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn has_operators(&self) -> Result<bool> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    Ok(!connection.query_in(Scope::System(System::SetUp), &ANYBODY, &[]).await?.is_empty())
                })
            })
            .await
    }

    /// Changes the language of an operator's screens.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_operator_language(
        &self,
        organisation: OrganisationId,
        id: OperatorId,
        language: Language,
    ) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), id.into(), language.code().into()];
                    connection.execute(&SPEAK, &values, 1).await
                })
            })
            .await
    }
}

/// What became of somebody's role, groups and place here.
async fn changes(
    connection: &mut Connection,
    before: &Operator,
    role: Role,
    groups: Groups,
    deactivated_at: Option<Timestamp>,
) -> Result<Vec<Detail>> {
    let titles = (
        group::titles(connection, before.organisation, before.groups.iter()).await?,
        group::titles(connection, before.organisation, groups.iter()).await?,
    );
    let word = |word: &str| Some(word.to_owned());
    let works = |left: Option<Timestamp>| word(if left.is_none() { "true" } else { "false" });
    let changed = [
        Detail::became("role", word(before.role.code()), word(role.code())),
        Detail::became("groups", titles.0, titles.1),
        Detail::became("active", works(before.deactivated_at), works(deactivated_at)),
    ];
    Ok(changed.into_iter().flatten().collect())
}

impl Audited<'_> {
    /// Stores an operator; its `id` is given by the database.
    ///
    /// # Errors
    /// [`Error::Conflict`] where the address is taken; [`Error::NotFound`] where a group was removed meanwhile.
    pub async fn insert_operator(self, operator: Operator, at: Timestamp) -> Result<Operator> {
        self.write(move |connection| {
            Box::pin(async move {
                let values = [
                    operator.organisation.into(),
                    operator.name.into(),
                    operator.email_index.into(),
                    operator.profile_sealed.as_slice().into(),
                    operator.key.into(),
                    operator.password_hash.as_str().into(),
                    operator.role.code().into(),
                    operator.language.code().into(),
                    at.into(),
                    operator.groups.bits().into(),
                ];
                let rows = connection.query(&INSERT, &values).await?;
                group::must_be_there(connection, operator.organisation, operator.groups).await?;
                let id = rows.first().ok_or_else(|| Error::Broken("an insert gave no number".to_owned()))?.int(0)?;
                let operator = Operator { id: OperatorId(id), ..operator };
                let groups = group::titles(connection, operator.organisation, operator.groups.iter()).await?;
                let role = Detail::is("role", operator.role.code());
                let details = [role].into_iter().chain(Detail::became("groups", None, groups));
                let fact = Fact::new(operator.organisation, Kind::OperatorAdded, details).about(operator.id);
                Ok((operator, vec![fact]))
            })
        })
        .await
    }

    /// Sets an operator's password, ends their sessions and programs, removes their passkeys and forgets their browsers, in one
    /// transaction: whoever had got in before is out.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_password(self, organisation: OrganisationId, id: OperatorId, hash: String) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                let values = [organisation.into(), id.into(), hash.into()];
                connection.execute(&SET_PASSWORD, &values, 1).await?;
                let who = [organisation.into(), id.into()];
                connection.execute_any(&END_LINKS, &who).await?;
                connection.execute_any(&FORGET_ALL, &who).await?;
                connection.execute_any(&END_PASSKEYS, &who).await?;
                connection.execute_any(&END_TOKENS, &who).await?;
                connection.execute_any(&END_SESSIONS, &who).await?;
                Ok(((), vec![Fact::new(organisation, Kind::PasswordSet, []).about(id)]))
            })
        })
        .await
    }

    /// Sets an operator's own password in the place of `old`, and ends their links and their sessions but this one, in one
    /// transaction.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it is another one meanwhile.
    pub async fn set_own_password(
        self,
        organisation: OrganisationId,
        id: OperatorId,
        (old, new): (String, String),
        but: [u8; 32],
    ) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                let values = [organisation.into(), id.into(), new.into(), old.into()];
                if connection.execute_any(&SET_OWN_PASSWORD, &values).await? == 0 {
                    return Err(Error::NotFound);
                }
                connection.execute_any(&END_LINKS, &[organisation.into(), id.into()]).await?;
                end_others(connection, organisation, id, but).await?;
                Ok(((), vec![Fact::new(organisation, Kind::PasswordChanged, []).about(id)]))
            })
        })
        .await
    }

    /// Changes an operator. Judged in the transaction, by what both may do at that moment: whoever was dismissed or demoted
    /// while their request was under way changes nothing any more.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::OutOfReach`] where `by` lacks a right that the operator has or would get;
    /// [`Error::Conflict`] where nobody would be owner.
    pub async fn change_operator(
        self,
        by: Principal,
        id: OperatorId,
        change: OperatorChange,
        at: Timestamp,
    ) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                let organisation = by.organisation;
                let team = lock_team(connection, by).await?;
                let now = team.iter().find(|operator| operator.id == id).ok_or(Error::NotFound)?;
                let role = change.role.unwrap_or(now.role);
                if ![now.role, role].iter().all(|role| by.rights.include(&role.rights())) {
                    return Err(Error::OutOfReach);
                }
                let groups = change.groups.unwrap_or(now.groups);
                let deactivated_at = match change.active {
                    Some(true) => None,
                    Some(false) => Some(now.deactivated_at.unwrap_or(at)),
                    None => now.deactivated_at,
                };
                let owns = |role: Role, left: Option<Timestamp>| role == Role::Owner && left.is_none();
                let others = team.iter().filter(|one| one.id != id && owns(one.role, one.deactivated_at)).count();
                if others == 0 && !owns(role, deactivated_at) {
                    return Err(Error::Conflict("there must be an owner"));
                }
                let values =
                    [organisation.into(), id.into(), role.code().into(), groups.bits().into(), deactivated_at.into()];
                connection.execute(&CHANGE, &values, 1).await?;
                group::must_be_there(connection, organisation, groups).await?;
                let who = [organisation.into(), id.into()];
                if (role, deactivated_at) != (now.role, now.deactivated_at) {
                    connection.execute_any(&END_LINKS, &who).await?;
                }
                if deactivated_at.is_some() {
                    connection.execute_any(&END_SESSIONS, &who).await?;
                    connection.execute_any(&END_TOKENS, &who).await?;
                    connection.execute_any(&END_PASSKEYS, &who).await?;
                    connection.execute_any(&FORGET_ALL, &who).await?;
                }
                let changed = changes(connection, now, role, groups, deactivated_at).await?;
                let fact = Fact::new(organisation, Kind::OperatorChanged, changed).about(id);
                Ok(((), if fact.details.is_empty() { Vec::new() } else { vec![fact] }))
            })
        })
        .await
    }
}
