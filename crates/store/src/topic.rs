//! Topics: what conversations are about.

use domain::audit::{Detail, Kind};
use domain::{OrganisationId, PublicId, Timestamp, TopicNumber, Topics};

use crate::audit::{Audited, Fact};
use crate::engine::{Connection, Row, statements};
use crate::{Error, Result, Store, retention};

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
}

/// A topic, and nobody changes topics until it is done.
async fn numbered(connection: &mut Connection, organisation: OrganisationId, number: TopicNumber) -> Result<Topic> {
    let scope = organisation.into();
    connection.query_in(scope, &LOCK, &[organisation.into()]).await?;
    let rows = connection.query_in(scope, &OF_ORGANISATION, &[organisation.into()]).await?;
    let all: Vec<Topic> = rows.iter().map(topic).collect::<Result<_>>()?;
    all.into_iter().find(|topic| topic.number == number).ok_or(Error::NotFound)
}

/// What topics are called, in the order of their numbers; nothing for none.
pub(crate) async fn titles(
    connection: &mut Connection,
    organisation: OrganisationId,
    wanted: Topics,
) -> Result<Option<String>> {
    if wanted.is_empty() {
        return Ok(None);
    }
    let rows = connection.query_in(organisation.into(), &OF_ORGANISATION, &[organisation.into()]).await?;
    let all: Vec<Topic> = rows.iter().map(topic).collect::<Result<_>>()?;
    let titles = all.into_iter().filter(|topic| wanted.contain(topic.number)).map(|topic| topic.title);
    Ok(Some(titles.collect::<Vec<_>>().join(", ")))
}

impl Audited<'_> {
    /// Adds a topic under the lowest number that is free.
    ///
    /// # Errors
    /// [`Error::Conflict`] where there are as many as there can be.
    pub async fn insert_topic(
        self,
        organisation: OrganisationId,
        name: PublicId,
        title: String,
        colour: i64,
        at: Timestamp,
    ) -> Result<Topic> {
        self.write(move |connection| {
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
                let details = [Detail::is("topic", name), Detail::is("name", &title)];
                let fact = Fact::new(organisation, Kind::TopicAdded, details);
                let topic = Topic { organisation, number, name, title, colour, is_archived: false, is_used: false };
                Ok((topic, vec![fact]))
            })
        })
        .await
    }

    /// Writes a topic's name, its colour, and whether it is archived.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it was deleted meanwhile.
    pub async fn change_topic(self, topic: Topic) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                let before = numbered(connection, topic.organisation, topic.number).await?;
                let values = [
                    topic.organisation.into(),
                    topic.number.number().into(),
                    topic.title.as_str().into(),
                    topic.colour.into(),
                    i64::from(topic.is_archived).into(),
                ];
                connection.execute(&CHANGE, &values, 1).await?;
                let text = |topic: &Topic| {
                    [topic.title.clone(), topic.colour.to_string(), topic.is_archived.to_string()].map(Some)
                };
                let both = text(&before).into_iter().zip(text(&topic));
                let changed = ["name", "colour", "archived"].into_iter().zip(both);
                let changed: Vec<Detail> =
                    changed.filter_map(|(what, (before, after))| Detail::became(what, before, after)).collect();
                if changed.is_empty() {
                    return Ok(((), Vec::new()));
                }
                let details = [Detail::is("topic", before.name)].into_iter().chain(changed);
                Ok(((), vec![Fact::new(topic.organisation, Kind::TopicChanged, details)]))
            })
        })
        .await
    }

    /// Deletes a topic that no conversation was ever about.
    ///
    /// # Errors
    /// [`Error::Conflict`] for every other: its number would give old conversations another topic.
    pub async fn delete_topic(self, organisation: OrganisationId, number: TopicNumber) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                let before = numbered(connection, organisation, number).await;
                if connection.execute_any(&DELETE, &[organisation.into(), number.number().into()]).await? == 0 {
                    return Err(Error::Conflict("conversations are or were about this topic"));
                }
                let before = before?;
                retention::forget_topic(connection, organisation, number).await?;
                let named = Detail { what: "name".to_owned(), before: Some(before.title), after: None };
                let details = [Detail::is("topic", before.name), named];
                Ok(((), vec![Fact::new(organisation, Kind::TopicRemoved, details)]))
            })
        })
        .await
    }
}
