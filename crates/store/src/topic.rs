//! Topics: what conversations are about.

use domain::{OrganisationId, PublicId, Timestamp, TopicNumber, Topics};

use crate::engine::{Connection, Row, statements};
use crate::{Error, Result, Store};

/// A topic as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// The tenant.
    pub organisation: OrganisationId,
    /// Which bit stands for it.
    pub number: TopicNumber,
    /// Its name outside.
    pub name: PublicId,
    /// What it is called.
    pub title: String,
    /// Which of the palette's colours it has.
    pub colour: i64,
    /// Whether it is offered no more.
    pub is_archived: bool,
    /// Whether a conversation has ever been about it: its number is given to no other then.
    pub is_used: bool,
}

statements! {
    OF_ORGANISATION =
        "SELECT organisation_id, number, public_id, name, colour, archived, used FROM topic
        WHERE organisation_id = $1 ORDER BY number";
    // Numbers are given away under this lock: two topics that are added at once must not get the same.
    LOCK = "SELECT h.organisation_id FROM organisation h WHERE h.organisation_id = $1 {for_update}";
    INSERT =
        "INSERT INTO topic (organisation_id, number, public_id, name, colour, archived, used, created_at)
        VALUES ($1, $2, $3, $4, $5, 0, 0, $6)";
    CHANGE =
        "UPDATE topic SET name = $3, colour = $4, archived = $5 WHERE organisation_id = $1 AND number = $2";
    DELETE = "DELETE FROM topic WHERE organisation_id = $1 AND number = $2 AND used = 0";
    // Locked, so that none of them is deleted while a conversation comes to be about it.
    OFFERED =
        "SELECT h.organisation_id, h.number FROM topic h
        WHERE h.organisation_id = $1 AND h.archived = 0
            AND (CAST($2 AS BIGINT) >> CAST(h.number AS INTEGER)) & 1 = 1
        ORDER BY h.number {for_update}";
    USE =
        "UPDATE topic SET used = 1
        WHERE organisation_id = $1 AND used = 0 AND (CAST($2 AS BIGINT) >> CAST(number AS INTEGER)) & 1 = 1";
}

fn topic(row: &Row) -> Result<Topic> {
    Ok(Topic {
        organisation: OrganisationId(row.int(0)?),
        number: TopicNumber::new(row.int(1)?)
            .ok_or_else(|| Error::Broken("a topic's number cannot be read".to_owned()))?,
        name: row.public_id(2)?,
        title: row.text(3)?,
        colour: row.int(4)?,
        is_archived: row.int(5)? == 1,
        is_used: row.int(6)? == 1,
    })
}

/// Fails where one of these is not there or archived, and notes that they are used.
pub(crate) async fn must_be_offered(
    connection: &mut Connection,
    organisation: OrganisationId,
    topics: Topics,
) -> Result<()> {
    let values = [organisation.into(), topics.bits().into()];
    let rows = connection.query_in(organisation.into(), &OFFERED, &values).await?;
    if rows.len() != topics.count() {
        return Err(Error::NotFound);
    }
    connection.execute_any(&USE, &values).await.map(drop)
}

impl Store {
    /// The topics of an organisation, archived ones included, in the order of their numbers.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn topics(&self, organisation: OrganisationId) -> Result<Vec<Topic>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into()];
                    let rows = connection.query_in(organisation.into(), &OF_ORGANISATION, &values).await?;
                    rows.iter().map(topic).collect()
                })
            })
            .await
    }

    /// Adds a topic under the lowest number that is free.
    ///
    /// # Errors
    /// [`Error::Conflict`] where there are as many as there can be.
    pub async fn insert_topic(
        &self,
        organisation: OrganisationId,
        name: PublicId,
        title: String,
        colour: i64,
        at: Timestamp,
    ) -> Result<Topic> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let scope = organisation.into();
                    connection.query_in(scope, &LOCK, &[organisation.into()]).await?;
                    let rows = connection.query_in(scope, &OF_ORGANISATION, &[organisation.into()]).await?;
                    let taken: Topics = rows.iter().map(|row| Ok(topic(row)?.number)).collect::<Result<_>>()?;
                    let number = (0..Topics::MOST)
                        .filter_map(TopicNumber::new)
                        .find(|number| !taken.contain(*number))
                        .ok_or(Error::Conflict("there are as many topics as there can be"))?;
                    let values = [
                        organisation.into(),
                        number.number().into(),
                        name.into(),
                        title.as_str().into(),
                        colour.into(),
                        at.into(),
                    ];
                    connection.execute(&INSERT, &values, 1).await?;
                    Ok(Topic { organisation, number, name, title, colour, is_archived: false, is_used: false })
                })
            })
            .await
    }

    /// Writes a topic's name, its colour, and whether it is archived.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it was deleted meanwhile.
    pub async fn change_topic(&self, topic: Topic) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let values = [
                        topic.organisation.into(),
                        topic.number.number().into(),
                        topic.title.as_str().into(),
                        topic.colour.into(),
                        i64::from(topic.is_archived).into(),
                    ];
                    match connection.execute_any(&CHANGE, &values).await? {
                        0 => Err(Error::NotFound),
                        _ => Ok(()),
                    }
                })
            })
            .await
    }

    /// Deletes a topic that no conversation was ever about.
    ///
    /// # Errors
    /// [`Error::Conflict`] for every other: its number would give old conversations another topic.
    pub async fn delete_topic(&self, organisation: OrganisationId, number: TopicNumber) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    match connection.execute_any(&DELETE, &[organisation.into(), number.number().into()]).await? {
                        0 => Err(Error::Conflict("conversations are or were about this topic")),
                        _ => Ok(()),
                    }
                })
            })
            .await
    }
}
