//! Organisations and the installation they stand on.

use domain::audit::Kind;
use domain::{OrganisationId, PublicId, Timestamp};

use crate::audit::{self, Audited, Fact};
use crate::engine::{Row, statements};
use crate::{Error, Result, Scope, Store, System};

/// The tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// Its number inside.
    pub id: OrganisationId,
    /// Its name outside.
    pub name: PublicId,
    /// What it is called.
    pub title: String,
}

/// What concerns the installation as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// The public half of the recovery key.
    pub recovery_public: [u8; 32],
    /// When somebody showed that they hold the private half.
    pub recovery_confirmed_at: Option<Timestamp>,
    /// What shows that this installation made that key.
    pub recovery_tag: Option<[u8; 32]>,
}

statements! {
    INSERT =
        "INSERT INTO organisation (public_id, name, created_at) VALUES ($1, $2, $3) RETURNING organisation_id";
    BY_ID = "SELECT organisation_id, public_id, name FROM organisation WHERE organisation_id = $1";
    ALL_OF_THEM = "SELECT organisation_id, public_id, name FROM organisation ORDER BY organisation_id";
    INSTALL =
        "INSERT INTO installation (id, recovery_public, recovery_confirmed_at, created_at, recovery_tag)
        VALUES (1, $1, NULL, $2, $3)
        ON CONFLICT (id) DO UPDATE SET recovery_public = excluded.recovery_public, recovery_confirmed_at = NULL,
            recovery_tag = excluded.recovery_tag";
    INSTALLATION = "SELECT recovery_public, recovery_confirmed_at, recovery_tag FROM installation WHERE id = 1";
    CONFIRM_RECOVERY =
        "UPDATE installation SET recovery_confirmed_at = $1, recovery_tag = $3 WHERE id = 1 AND recovery_public = $2";
    TAG_RECOVERY = "UPDATE installation SET recovery_tag = $2 WHERE id = 1 AND recovery_public = $1";
}

fn organisation(row: &Row) -> Result<Organisation> {
    Ok(Organisation { id: OrganisationId(row.int(0)?), name: row.public_id(1)?, title: row.text(2)? })
}

impl Store {
    /// Founds an organisation.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn insert_organisation(&self, name: PublicId, title: String, at: Timestamp) -> Result<Organisation> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let values = [name.into(), title.as_str().into(), at.into()];
                    let rows = connection.query(&INSERT, &values).await?;
                    let id =
                        rows.first().ok_or_else(|| Error::Broken("an insert gave no number".to_owned()))?.int(0)?;
                    audit::begin(connection, OrganisationId(id)).await?;
                    Ok(Organisation { id: OrganisationId(id), name, title })
                })
            })
            .await
    }

    /// An organisation.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn organisation(&self, id: OrganisationId) -> Result<Organisation> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query_in(id.into(), &BY_ID, &[id.into()]).await?;
                    organisation(rows.first().ok_or(Error::NotFound)?)
                })
            })
            .await
    }

    /// All organisations of the installation.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn organisations(&self) -> Result<Vec<Organisation>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query_in(Scope::System(System::SetUp), &ALL_OF_THEM, &[]).await?;
                    rows.iter().map(organisation).collect()
                })
            })
            .await
    }

    /// The installation, where it was set up.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn installation(&self) -> Result<Option<Installation>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query(&INSTALLATION, &[]).await?;
                    let Some(row) = rows.first() else { return Ok(None) };
                    let broken = |_| Error::Broken("the recovery key cannot be read".to_owned());
                    Ok(Some(Installation {
                        recovery_public: row.bytes(0)?.try_into().map_err(broken)?,
                        recovery_confirmed_at: row.int_or_null(1)?.map(Timestamp),
                        recovery_tag: row.bytes_or_null(2)?.map(|tag| tag.try_into().map_err(broken)).transpose()?,
                    }))
                })
            })
            .await
    }
}

impl Store {
    /// Notes what shows that this installation made this recovery key: for a restore, which opened something with it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn tag_recovery(&self, recovery_public: [u8; 32], tag: [u8; 32]) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    connection.execute_any(&TAG_RECOVERY, &[recovery_public.into(), tag.into()]).await.map(drop)
                })
            })
            .await
    }
}

impl Audited<'_> {
    /// Remembers the public half of the recovery key; a set-up that was broken off and begun again replaces it. Recorded in
    /// the logs of these organisations.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn install(
        self,
        recovery_public: [u8; 32],
        tag: [u8; 32],
        organisations: Vec<OrganisationId>,
    ) -> Result<()> {
        let at = self.by.at;
        self.write(move |connection| {
            Box::pin(async move {
                connection.execute(&INSTALL, &[recovery_public.into(), at.into(), tag.into()], 1).await?;
                Ok(((), in_each(organisations, Kind::RecoveryKeyRenewed)))
            })
        })
        .await
    }

    /// Notes that somebody holds the private half of this recovery key.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it is the half of another key.
    pub async fn confirm_recovery(
        self,
        recovery_public: [u8; 32],
        tag: [u8; 32],
        organisations: Vec<OrganisationId>,
    ) -> Result<()> {
        let at = self.by.at;
        self.write(move |connection| {
            Box::pin(async move {
                let values = [at.into(), recovery_public.into(), tag.into()];
                if connection.execute_any(&CONFIRM_RECOVERY, &values).await? != 1 {
                    return Err(Error::NotFound);
                }
                Ok(((), in_each(organisations, Kind::RecoveryKeyConfirmed)))
            })
        })
        .await
    }
}

fn in_each(organisations: Vec<OrganisationId>, kind: Kind) -> Vec<Fact> {
    organisations.into_iter().map(|organisation| Fact::new(organisation, kind, [])).collect()
}
