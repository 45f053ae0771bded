//! Lists of conversations, newest change first, and how many there are.

use domain::conversation::State;
use domain::{ConversationId, GroupNumber, Groups, Hands, OperatorId, OrganisationId};

use super::{Conversation, conversation, guest, select};
use crate::engine::{Row, Value, statements};
use crate::{Result, Scope, Store};

/// Which conversations a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// Those of one operator, and those that they were asked into.
    Mine(OperatorId),
    /// Those that one operator is on, and no others.
    Assigned(OperatorId),
    /// Those that one operator was asked into.
    AskedInto(OperatorId),
    /// Those in which a note names an operator who has not looked since.
    Mentioned(OperatorId),
    /// Those that nobody has taken, of everybody's and of these groups, and those that an operator was asked into.
    Unassigned(OperatorId, Groups),
    /// Those within the reach of an operator of these groups.
    Groups(OperatorId, Groups),
    /// All.
    All,
}

statements! {
    LIST_ASSIGNED =
        select!("WHERE h.organisation_id = $1 AND h.assignee = $2 AND h.state IN (0, 1, 2, CAST($3 AS BIGINT))
            AND h.position < $4 ORDER BY h.position DESC LIMIT $5");
    // By an index of its own: either condition has one, and both in one statement would use none.
    LIST_ASKED_INTO =
        select!("WHERE h.organisation_id = $1 AND h.guests IS NOT NULL AND h.guests LIKE $2
            AND h.state IN (0, 1, 2, CAST($3 AS BIGINT)) AND h.position < $4 ORDER BY h.position DESC LIMIT $5");
    LIST_MENTIONED =
        select!("WHERE h.organisation_id = $1 AND h.state IN (0, 1, 2, CAST($3 AS BIGINT)) AND h.position < $4
            AND h.conversation_id IN (SELECT m.conversation_id FROM mention m WHERE m.operator_id = $2)
        ORDER BY h.position DESC LIMIT $5");
    LIST_UNASSIGNED =
        select!("WHERE h.organisation_id = $1 AND h.assignee IS NULL AND h.state IN (0, 1, 2, CAST($2 AS BIGINT))
            AND (h.group_number IS NULL OR (CAST($5 AS BIGINT) >> CAST(h.group_number AS INTEGER)) & 1 = 1
                OR h.guests LIKE $6)
            AND h.position < $3 ORDER BY h.position DESC LIMIT $4");
    LIST_GROUPS =
        select!("WHERE h.organisation_id = $1 AND h.state IN (0, 1, 2, CAST($2 AS BIGINT)) AND h.position < $3
            AND (h.assignee = $6 OR h.guests LIKE $7 OR (h.assignee IS NULL AND h.group_number IS NULL)
                OR (CAST($5 AS BIGINT) >> CAST(h.group_number AS INTEGER)) & 1 = 1)
        ORDER BY h.position DESC LIMIT $4");
    LIST_ALL =
        select!("WHERE h.organisation_id = $1 AND h.state IN (0, 1, 2, CAST($2 AS BIGINT)) AND h.position < $3
        ORDER BY h.position DESC LIMIT $4");
    // As they began, for whoever wants all of them.
    AFTER =
        select!("WHERE h.organisation_id = $1 AND h.conversation_id > $2 ORDER BY h.conversation_id LIMIT $3");
    COUNT =
        "SELECT organisation_id, assignee, group_number, COUNT(*), guests FROM head
        WHERE organisation_id = $1 AND state IN (0, 1, 2) AND snoozed_until IS NULL
        GROUP BY organisation_id, assignee, group_number, guests";
    LAST_POSITION =
        "SELECT organisation_id, position FROM head WHERE organisation_id = $1
        ORDER BY position DESC LIMIT 1";
}

/// A page of what two statements found, each newest change first; what both found once.
fn newest(rows: &[Row], most: i64) -> Result<Vec<Conversation>> {
    let mut found = rows.iter().map(conversation).collect::<Result<Vec<_>>>()?;
    found.sort_by_key(|found| std::cmp::Reverse(found.position));
    found.dedup_by_key(|found| found.id);
    found.truncate(usize::try_from(most).unwrap_or(0));
    Ok(found)
}

impl Store {
    /// A page of a list, newest change first, of changes before `before`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn conversations(
        &self,
        organisation: OrganisationId,
        list: List,
        with_ended: bool,
        before: i64,
        most: i64,
    ) -> Result<Vec<Conversation>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let scope = Scope::Organisation(organisation);
                    // The state of ended ones, or one that is asked for anyway.
                    let ended = Value::from(if with_ended { State::Ended } else { State::New }.code());
                    let rows = match list {
                        List::Mine(operator) => {
                            let mut values = [organisation.into(), operator.into(), ended, before.into(), most.into()];
                            let mut rows = connection.query_in(scope, &LIST_ASSIGNED, &values).await?;
                            values[1] = guest::sought(operator);
                            rows.extend(connection.query_in(scope, &LIST_ASKED_INTO, &values).await?);
                            return newest(&rows, most);
                        }
                        List::Mentioned(operator) => {
                            let values = [organisation.into(), operator.into(), ended, before.into(), most.into()];
                            connection.query_in(scope, &LIST_MENTIONED, &values).await?
                        }
                        List::Assigned(operator) => {
                            let values = [organisation.into(), operator.into(), ended, before.into(), most.into()];
                            connection.query_in(scope, &LIST_ASSIGNED, &values).await?
                        }
                        List::AskedInto(operator) => {
                            let sought = guest::sought(operator);
                            let values = [organisation.into(), sought, ended, before.into(), most.into()];
                            connection.query_in(scope, &LIST_ASKED_INTO, &values).await?
                        }
                        List::Unassigned(operator, groups) => {
                            let values = [
                                organisation.into(),
                                ended,
                                before.into(),
                                most.into(),
                                groups.bits().into(),
                                guest::sought(operator),
                            ];
                            connection.query_in(scope, &LIST_UNASSIGNED, &values).await?
                        }
                        List::Groups(operator, groups) => {
                            let values = [
                                organisation.into(),
                                ended,
                                before.into(),
                                most.into(),
                                groups.bits().into(),
                                operator.into(),
                                guest::sought(operator),
                            ];
                            connection.query_in(scope, &LIST_GROUPS, &values).await?
                        }
                        List::All => {
                            let values = [organisation.into(), ended, before.into(), most.into()];
                            connection.query_in(scope, &LIST_ALL, &values).await?
                        }
                    };
                    rows.iter().map(conversation).collect()
                })
            })
            .await
    }

    /// Up to `most` conversations behind one, in the order in which they began.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn conversations_after(
        &self,
        organisation: OrganisationId,
        after: ConversationId,
        most: i64,
    ) -> Result<Vec<Conversation>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), after.into(), most.into()];
                    let rows = connection.query_in(organisation.into(), &AFTER, &values).await?;
                    rows.iter().map(conversation).collect()
                })
            })
            .await
    }

    /// How many conversations are neither ended nor put off, by whose they are.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn counts(&self, organisation: OrganisationId) -> Result<Vec<(Hands, i64)>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query_in(organisation.into(), &COUNT, &[organisation.into()]).await?;
                    rows.iter()
                        .map(|row| {
                            let hands = Hands {
                                assignee: row.int_or_null(1)?.map(OperatorId),
                                group: row.int_or_null(2)?.and_then(GroupNumber::new),
                                guests: guest::read(row, 4)?,
                            };
                            Ok((hands, row.int(3)?))
                        })
                        .collect()
                })
            })
            .await
    }

    /// The last change of an organisation, 0 where there is none.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn last_position(&self, organisation: OrganisationId) -> Result<i64> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query_in(organisation.into(), &LAST_POSITION, &[organisation.into()]).await?;
                    rows.first().map_or(Ok(0), |row| row.int(1))
                })
            })
            .await
    }
}
