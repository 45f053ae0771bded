//! Snippets: texts for answering, shared or somebody's own. What they say is sealed, their names included.

use domain::limits::{SNIPPET_BYTES, SNIPPETS};
use domain::{KeyId, OperatorId, OrganisationId, PublicId, Timestamp};

use crate::engine::{Connection, Row, statements};
use crate::{Error, Result, Store};

/// A snippet as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// The tenant.
    pub organisation: OrganisationId,
    /// Its name outside.
    pub name: PublicId,
    /// Whose it is; everybody's where there is nobody.
    pub operator: Option<OperatorId>,
    /// The key of its content.
    pub key: KeyId,
    /// What it is called and what it says, sealed.
    pub content_sealed: Vec<u8>,
}

statements! {
    OF_OPERATOR =
        "SELECT organisation_id, public_id, operator_id, key_id, content_sealed FROM snippet
        WHERE organisation_id = $1 AND (operator_id IS NULL OR operator_id = $2) ORDER BY created_at, public_id";
    BY_NAME =
        "SELECT organisation_id, public_id, operator_id, key_id, content_sealed FROM snippet
        WHERE organisation_id = $1 AND public_id = $2 AND (operator_id IS NULL OR operator_id = $3)";
    // They are counted under this lock: two that are written at once must not both be the last.
    LOCK = "SELECT h.organisation_id FROM organisation h WHERE h.organisation_id = $1 {for_update}";
    COUNT =
        "SELECT s.organisation_id, COUNT(*), SUM(LENGTH(s.content_sealed))
        FROM snippet s JOIN snippet one ON COALESCE(s.operator_id, 0) = COALESCE(one.operator_id, 0)
        WHERE s.organisation_id = $1 AND one.organisation_id = $1 AND one.public_id = $2 GROUP BY s.organisation_id";
    INSERT =
        "INSERT INTO snippet (organisation_id, public_id, operator_id, key_id, content_sealed, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    CHANGE = "UPDATE snippet SET content_sealed = $3 WHERE organisation_id = $1 AND public_id = $2";
    DELETE = "DELETE FROM snippet WHERE organisation_id = $1 AND public_id = $2";
}

fn snippet(row: &Row) -> Result<Snippet> {
    Ok(Snippet {
        organisation: OrganisationId(row.int(0)?),
        name: row.public_id(1)?,
        operator: row.int_or_null(2)?.map(OperatorId),
        key: KeyId(row.int(3)?),
        content_sealed: row.bytes(4)?,
    })
}

/// Fails where a snippet is one too many, or too much, among those of whose it is.
async fn must_fit(connection: &mut Connection, organisation: OrganisationId, name: PublicId) -> Result<()> {
    let rows = connection.query_in(organisation.into(), &COUNT, &[organisation.into(), name.into()]).await?;
    let row = rows.first().ok_or(Error::NotFound)?;
    if row.int(1)? > SNIPPETS as i64 || row.int(2)? > SNIPPET_BYTES as i64 {
        return Err(Error::Conflict("there are as many snippets as there can be"));
    }
    Ok(())
}

impl Store {
    /// What an operator may use: the shared ones and their own, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn snippets(&self, organisation: OrganisationId, operator: OperatorId) -> Result<Vec<Snippet>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), operator.into()];
                    let rows = connection.query_in(organisation.into(), &OF_OPERATOR, &values).await?;
                    rows.iter().map(snippet).collect()
                })
            })
            .await
    }

    /// One of those.
    ///
    /// # Errors
    /// [`Error::NotFound`], for a colleague's own too.
    pub async fn snippet(&self, organisation: OrganisationId, operator: OperatorId, name: PublicId) -> Result<Snippet> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), name.into(), operator.into()];
                    let rows = connection.query_in(organisation.into(), &BY_NAME, &values).await?;
                    snippet(rows.first().ok_or(Error::NotFound)?)
                })
            })
            .await
    }

    /// Stores a new one.
    ///
    /// # Errors
    /// [`Error::Conflict`] where there are as many as there may be.
    pub async fn insert_snippet(&self, snippet: Snippet, at: Timestamp) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let scope = snippet.organisation.into();
                    connection.query_in(scope, &LOCK, &[snippet.organisation.into()]).await?;
                    let values = [
                        snippet.organisation.into(),
                        snippet.name.into(),
                        snippet.operator.into(),
                        snippet.key.into(),
                        snippet.content_sealed.as_slice().into(),
                        at.into(),
                    ];
                    connection.execute(&INSERT, &values, 1).await?;
                    must_fit(connection, snippet.organisation, snippet.name).await
                })
            })
            .await
    }

    /// Has a snippet say something else.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it was deleted meanwhile; [`Error::Conflict`] where there is no room for so much.
    pub async fn change_snippet(
        &self,
        organisation: OrganisationId,
        name: PublicId,
        content_sealed: Vec<u8>,
    ) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    connection.query_in(organisation.into(), &LOCK, &[organisation.into()]).await?;
                    let values = [organisation.into(), name.into(), content_sealed.as_slice().into()];
                    match connection.execute_any(&CHANGE, &values).await? {
                        0 => Err(Error::NotFound),
                        _ => must_fit(connection, organisation, name).await,
                    }
                })
            })
            .await
    }

    /// Deletes a snippet.
    ///
    /// # Errors
    /// [`Error::NotFound`] where somebody else has done so meanwhile.
    pub async fn delete_snippet(&self, organisation: OrganisationId, name: PublicId) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    match connection.execute_any(&DELETE, &[organisation.into(), name.into()]).await? {
                        0 => Err(Error::NotFound),
                        _ => Ok(()),
                    }
                })
            })
            .await
    }
}
