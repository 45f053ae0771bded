//! Groups of operators.

use domain::audit::{Detail, Kind};
use domain::{GroupNumber, Groups, OrganisationId, PublicId, Timestamp};

use crate::audit::{Audited, Fact};
use crate::engine::{Connection, Row, statements};
use crate::{Error, Result, Store};

/// A group as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The tenant.
    pub organisation: OrganisationId,
    /// Which bit stands for it.
    pub number: GroupNumber,
    /// Its name outside.
    pub name: PublicId,
    /// What it is called.
    pub title: String,
}

/// Another group is called so.
pub const TITLE_TAKEN: Error = Error::Conflict("there is a group of this name");
/// Conversations are for it, ended ones included.
pub const IN_USE_STILL: Error = Error::Conflict("conversations are for this group");

statements! {
    OF_ORGANISATION =
        "SELECT organisation_id, number, public_id, name FROM team_group
        WHERE organisation_id = $1 ORDER BY number";
    // Held until whatever is for it stands: a group is not removed under it.
    BY_NUMBER =
        "SELECT h.organisation_id, h.number FROM team_group h WHERE h.organisation_id = $1 AND h.number = $2 {for_share}";
    // Numbers and names are given away under this lock: two groups that are made at once must not get the same.
    LOCK = "SELECT h.organisation_id FROM organisation h WHERE h.organisation_id = $1 {for_update}";
    INSERT =
        "INSERT INTO team_group (organisation_id, number, public_id, name, created_at) VALUES ($1, $2, $3, $4, $5)";
    RENAME = "UPDATE team_group SET name = $3 WHERE organisation_id = $1 AND number = $2";
    DELETE = "DELETE FROM team_group WHERE organisation_id = $1 AND number = $2";
    LEAVE =
        "UPDATE operator SET group_bits = group_bits & ~(CAST(1 AS BIGINT) << CAST(CAST($2 AS BIGINT) AS INTEGER))
        WHERE organisation_id = $1";
    LEAVE_WIDGETS = "UPDATE widget SET group_number = NULL WHERE organisation_id = $1 AND group_number = $2";
    // Hidden ones included: their deletion may be taken back.
    IN_USE =
        "SELECT organisation_id FROM head WHERE organisation_id = $1 AND group_number = $2
        UNION ALL SELECT organisation_id FROM hidden_head WHERE organisation_id = $1 AND group_number = $2 LIMIT 1";
}

fn group(row: &Row) -> Result<Group> {
    Ok(Group {
        organisation: OrganisationId(row.int(0)?),
        number: GroupNumber::new(row.int(1)?)
            .ok_or_else(|| Error::Broken("a group's number cannot be read".to_owned()))?,
        name: row.public_id(2)?,
        title: row.text(3)?,
    })
}

/// Fails where one of them is not there. After the rows that are to name them are locked: a removal goes the same way.
pub(crate) async fn must_be_there(
    connection: &mut Connection,
    organisation: OrganisationId,
    groups: Groups,
) -> Result<()> {
    for number in groups.iter() {
        let values = [organisation.into(), number.number().into()];
        if connection.query_in(organisation.into(), &BY_NUMBER, &values).await?.is_empty() {
            return Err(Error::NotFound);
        }
    }
    Ok(())
}

/// A group as it is, not locked: who removes it locks what names it first.
async fn numbered(connection: &mut Connection, organisation: OrganisationId, number: GroupNumber) -> Result<Group> {
    let rows = connection.query_in(organisation.into(), &OF_ORGANISATION, &[organisation.into()]).await?;
    let all: Vec<Group> = rows.iter().map(group).collect::<Result<_>>()?;
    all.into_iter().find(|group| group.number == number).ok_or(Error::NotFound)
}

/// The groups there are, locked; fails where one but `except` is called so, however written.
async fn check_title(
    connection: &mut Connection,
    organisation: OrganisationId,
    except: Option<GroupNumber>,
    title: &str,
) -> Result<Groups> {
    let scope = organisation.into();
    connection.query_in(scope, &LOCK, &[organisation.into()]).await?;
    let rows = connection.query_in(scope, &OF_ORGANISATION, &[organisation.into()]).await?;
    let groups: Vec<Group> = rows.iter().map(group).collect::<Result<_>>()?;
    let same = |group: &Group| Some(group.number) != except && group.title.to_lowercase() == title.to_lowercase();
    if groups.iter().any(same) { Err(TITLE_TAKEN) } else { Ok(groups.iter().map(|group| group.number).collect()) }
}

impl Store {
    /// The groups of an organisation.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn groups(&self, organisation: OrganisationId) -> Result<Vec<Group>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows =
                        connection.query_in(organisation.into(), &OF_ORGANISATION, &[organisation.into()]).await?;
                    rows.iter().map(group).collect()
                })
            })
            .await
    }
}

/// What groups are called, in the order of their numbers; nothing for none.
pub(crate) async fn titles(
    connection: &mut Connection,
    organisation: OrganisationId,
    groups: impl IntoIterator<Item = GroupNumber>,
) -> Result<Option<String>> {
    let wanted: Groups = groups.into_iter().collect();
    if wanted == Groups::default() {
        return Ok(None);
    }
    let rows = connection.query_in(organisation.into(), &OF_ORGANISATION, &[organisation.into()]).await?;
    let all: Vec<Group> = rows.iter().map(group).collect::<Result<_>>()?;
    let titles = all.into_iter().filter(|group| wanted.contain(group.number)).map(|group| group.title);
    Ok(Some(titles.collect::<Vec<_>>().join(", ")))
}

impl Audited<'_> {
    /// Makes a group under the lowest number that is free.
    ///
    /// # Errors
    /// [`Error::Conflict`] where there are as many as there can be, or one is called so.
    pub async fn insert_group(
        self,
        organisation: OrganisationId,
        name: PublicId,
        title: String,
        at: Timestamp,
    ) -> Result<Group> {
        self.write(move |connection| {
            Box::pin(async move {
                let taken = check_title(connection, organisation, None, &title).await?;
                let number = (0..Groups::MOST)
                    .filter_map(GroupNumber::new)
                    .find(|number| !taken.contain(*number))
                    .ok_or(Error::Conflict("there are as many groups as there can be"))?;
                let values =
                    [organisation.into(), number.number().into(), name.into(), title.as_str().into(), at.into()];
                connection.execute(&INSERT, &values, 1).await?;
                let details = [Detail::is("group", name), Detail::is("name", &title)];
                let fact = Fact::new(organisation, Kind::GroupAdded, details);
                Ok((Group { organisation, number, name, title }, vec![fact]))
            })
        })
        .await
    }

    /// Gives a group another title.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] where another one is called so.
    pub async fn rename_group(self, organisation: OrganisationId, number: GroupNumber, title: String) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                check_title(connection, organisation, Some(number), &title).await?;
                let before = numbered(connection, organisation, number).await?;
                let values = [organisation.into(), number.number().into(), title.as_str().into()];
                connection.execute(&RENAME, &values, 1).await?;
                let renamed = Detail::became("name", Some(before.title), Some(title));
                let named = |renamed| [Detail::is("group", before.name), renamed];
                Ok((
                    (),
                    renamed
                        .map(named)
                        .map(|all| Fact::new(organisation, Kind::GroupRenamed, all))
                        .into_iter()
                        .collect(),
                ))
            })
        })
        .await
    }

    /// Removes a group: its operators and widgets are in it no more.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] while conversations are for it, ended ones included: the next group to get
    /// its number would find them.
    pub async fn delete_group(self, organisation: OrganisationId, number: GroupNumber) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                let scope = organisation.into();
                let values = [organisation.into(), number.number().into()];
                connection.query_in(scope, &LOCK, &[organisation.into()]).await?;
                let before = numbered(connection, organisation, number).await?;
                connection.execute_any(&LEAVE, &values).await?;
                connection.execute_any(&LEAVE_WIDGETS, &values).await?;
                connection.execute(&DELETE, &values, 1).await?;
                // Only now nobody can give it another conversation.
                if !connection.query_in(scope, &IN_USE, &values).await?.is_empty() {
                    return Err(IN_USE_STILL);
                }
                let named = Detail { what: "name".to_owned(), before: Some(before.title), after: None };
                let details = [Detail::is("group", before.name), named];
                Ok(((), vec![Fact::new(organisation, Kind::GroupRemoved, details)]))
            })
        })
        .await
    }
}
