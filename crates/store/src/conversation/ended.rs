//! Conversations that have ended and are in sight, filed by what decides how long they are kept: chat surface, topics and when
//! the last word was said. Written wherever a head moves, and looked through by the house now and then: a node of an older
//! version files nothing.

use domain::{ConversationId, OrganisationId, Timestamp, Topics, WidgetId};

use crate::engine::{Connection, Value, statements};
use crate::{Result, Store};

/// When the last word of a conversation was said, as everybody who asks is told: when its last message was written, or else
/// when it began. `c` is the conversation.
macro_rules! said_at {
    ($last:literal) => {
        concat!(
            "COALESCE((SELECT m.created_at FROM message m
                WHERE m.conversation_id = c.conversation_id AND m.sequence = ",
            $last,
            "), c.started_at)"
        )
    };
}
pub(crate) use said_at;

statements! {
    FILE(conversation_id int, last_message int, topic_bits int) =
        concat!("INSERT INTO ended (conversation_id, organisation_id, widget_id, topic_bits, said_at)
        SELECT c.conversation_id, c.organisation_id, c.widget_id, input.topic_bits, ", said_at!("input.last_message"), "
        FROM conversation c {and_input} WHERE c.conversation_id = input.conversation_id
        ON CONFLICT (conversation_id) DO UPDATE SET widget_id = excluded.widget_id, topic_bits = excluded.topic_bits,
            said_at = excluded.said_at");
    // No matter whether it is there: a node of an older version ends a conversation without it.
    UNFILE(conversation_id int) =
        "DELETE FROM ended WHERE conversation_id IN (SELECT input.conversation_id {from_input})";
    FILE_HIDDEN(hidden int) =
        concat!("INSERT INTO ended (conversation_id, organisation_id, widget_id, topic_bits, said_at)
        SELECT c.conversation_id, c.organisation_id, c.widget_id, h.topic_bits, ", said_at!("h.last_message"), "
        FROM hidden_head h JOIN conversation c ON c.conversation_id = h.conversation_id {and_input}
        WHERE h.conversation_id = input.hidden AND h.state = 3
        ON CONFLICT (conversation_id) DO UPDATE SET said_at = excluded.said_at");
    FILE_AGAIN(found int) =
        concat!("INSERT INTO ended (conversation_id, organisation_id, widget_id, topic_bits, said_at)
        SELECT c.conversation_id, c.organisation_id, c.widget_id, h.topic_bits, ", said_at!("h.last_message"), "
        FROM head h JOIN conversation c ON c.conversation_id = h.conversation_id {and_input}
        WHERE h.conversation_id = input.found AND h.state = 3
        ON CONFLICT (conversation_id) DO UPDATE SET said_at = excluded.said_at");
    LOCK_THEM(found int) =
        "SELECT h.conversation_id FROM head h {and_input} WHERE h.conversation_id = input.found
        ORDER BY h.conversation_id {for_update}";
    WRONG =
        concat!("SELECT h.conversation_id,
            CASE WHEN h.state <> 3 AND e.conversation_id IS NULL THEN 0
                WHEN h.state = 3 AND e.widget_id = c.widget_id AND e.topic_bits = h.topic_bits AND e.said_at = ",
                    said_at!("h.last_message"), " THEN 0
                ELSE 1 END
        FROM head h JOIN conversation c ON c.conversation_id = h.conversation_id
            LEFT JOIN ended e ON e.conversation_id = h.conversation_id
        WHERE h.conversation_id > $1 ORDER BY h.conversation_id LIMIT $2");
    NEXT_CLASS =
        "SELECT organisation_id, widget_id, topic_bits, said_at FROM ended
        WHERE organisation_id = $1 AND (widget_id, topic_bits) > ($2, $3)
        ORDER BY widget_id, topic_bits, said_at LIMIT 1";
}

/// What decides how long a conversation is kept: one rule holds for all of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// Where they began.
    pub widget: WidgetId,
    /// What they are about.
    pub topics: Topics,
    /// When the last word was said in the one in which that is longest ago.
    pub oldest_at: Timestamp,
}

/// Those that are out of sight are not over: they are in somebody's hands already.
pub(crate) async fn out_of_sight(connection: &mut Connection, ids: &[Vec<Value>]) -> Result<()> {
    connection.execute_many(&UNFILE, ids).await.map(drop)
}

/// They are back; their heads are still where they were hidden.
pub(crate) async fn in_sight(connection: &mut Connection, ids: &[Vec<Value>]) -> Result<()> {
    connection.execute_many(&FILE_HIDDEN, ids).await.map(drop)
}

impl Store {
    /// The classes that an organisation's ended conversations are in.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn ended_classes(&self, organisation: OrganisationId) -> Result<Vec<Class>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let (mut classes, mut last) = (Vec::new(), (i64::MIN, i64::MIN));
                    loop {
                        let values = [organisation.into(), last.0.into(), last.1.into()];
                        let rows = connection.query_in(organisation.into(), &NEXT_CLASS, &values).await?;
                        let Some(row) = rows.first() else { return Ok(classes) };
                        last = (row.int(1)?, row.int(2)?);
                        classes.push(Class {
                            widget: WidgetId(last.0),
                            topics: Topics::from_bits(last.1),
                            oldest_at: Timestamp(row.int(3)?),
                        });
                    }
                })
            })
            .await
    }

    /// Looks through `most` conversations behind one, and files those that are filed wrongly or not at all. Says how many those
    /// were, and which one was the last; none where that was all.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn file_ended(&self, after: ConversationId, most: i64) -> Result<(usize, Option<ConversationId>)> {
        let (wrong, last) = self
            .data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query(&WRONG, &[after.into(), most.into()]).await?;
                    let (mut wrong, mut last) = (Vec::new(), None);
                    for row in &rows {
                        let id = ConversationId(row.int(0)?);
                        last = Some(id);
                        if row.int(1)? == 1 {
                            wrong.push(id);
                        }
                    }
                    Ok((wrong, last.filter(|_| rows.len() as i64 == most)))
                })
            })
            .await?;
        let count = wrong.len();
        self.file_again(wrong).await?;
        Ok((count, last))
    }

    /// Files conversations as they stand.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn file_again(&self, conversations: Vec<ConversationId>) -> Result<()> {
        if conversations.is_empty() {
            return Ok(());
        }
        let ids: Vec<Vec<Value>> = conversations.into_iter().map(|id| vec![id.into()]).collect();
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    connection.query_each(&LOCK_THEM, &ids).await?;
                    connection.execute_many(&UNFILE, &ids).await?;
                    connection.execute_many(&FILE_AGAIN, &ids).await.map(drop)
                })
            })
            .await
    }
}
