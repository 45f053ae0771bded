//! Snippets: texts for answering, shared or somebody's own. What they say is sealed, their names included.

use domain::audit::{Detail, Kind};
use domain::limits::{SNIPPET_BYTES, SNIPPETS};
use domain::{KeyId, OperatorId, OrganisationId, PublicId, Timestamp};

use crate::audit::{Audited, Fact};
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
    CHANGE =
        "UPDATE snippet SET content_sealed = $3 WHERE organisation_id = $1 AND public_id = $2
        RETURNING organisation_id, operator_id";
    DELETE =
        "DELETE FROM snippet WHERE organisation_id = $1 AND public_id = $2 RETURNING organisation_id, operator_id";
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
}

/// Which one: its title is sealed, and is no more once it was deleted.
fn named(name: PublicId, owner: Option<OperatorId>) -> [Detail; 2] {
    [Detail::is("snippet", name), Detail::is("shared", owner.is_none())]
}

impl Audited<'_> {
    /// Stores a new one.
    ///
    /// # Errors
    /// [`Error::Conflict`] where there are as many as there may be.
    pub async fn insert_snippet(self, snippet: Snippet, at: Timestamp) -> Result<()> {
        self.write(move |connection| {
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
                must_fit(connection, snippet.organisation, snippet.name).await?;
                let details = named(snippet.name, snippet.operator);
                Ok(((), vec![Fact::new(snippet.organisation, Kind::SnippetAdded, details)]))
            })
        })
        .await
    }

    /// Has a snippet say something else; `parts` are those that are different now.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it was deleted meanwhile; [`Error::Conflict`] where there is no room for so much.
    pub async fn change_snippet(
        self,
        organisation: OrganisationId,
        name: PublicId,
        content_sealed: Vec<u8>,
        parts: Vec<&'static str>,
    ) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                connection.query_in(organisation.into(), &LOCK, &[organisation.into()]).await?;
                let values = [organisation.into(), name.into(), content_sealed.as_slice().into()];
                let rows = connection.query_in(organisation.into(), &CHANGE, &values).await?;
                let owner = rows.first().ok_or(Error::NotFound)?.int_or_null(1)?.map(OperatorId);
                must_fit(connection, organisation, name).await?;
                let parts: Vec<Detail> = parts.into_iter().map(|part| Detail::is("changed", part)).collect();
                let fact = (!parts.is_empty()).then(|| {
                    Fact::new(organisation, Kind::SnippetChanged, named(name, owner).into_iter().chain(parts))
                });
                Ok(((), fact.into_iter().collect()))
            })
        })
        .await
    }

    /// Deletes a snippet.
    ///
    /// # Errors
    /// [`Error::NotFound`] where somebody else has done so meanwhile.
    pub async fn delete_snippet(self, organisation: OrganisationId, name: PublicId) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                let rows =
                    connection.query_in(organisation.into(), &DELETE, &[organisation.into(), name.into()]).await?;
                let owner = rows.first().ok_or(Error::NotFound)?.int_or_null(1)?.map(OperatorId);
                Ok(((), vec![Fact::new(organisation, Kind::SnippetRemoved, named(name, owner))]))
            })
        })
        .await
    }
}
