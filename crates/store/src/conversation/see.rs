//! Who has read what.

use domain::{ConversationId, OrganisationId};

use super::locked;
use crate::engine::statements;
use crate::{Error, Result, Scope, Store};

/// Who has seen what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The visitor, up to a visible number.
    Visitor(i64),
    /// The team, up to a sequence.
    Team(i64),
}

statements! {
    SEE_VISITOR =
        "UPDATE head SET visitor_seen = $3
        WHERE organisation_id = $1 AND conversation_id = $2 AND visitor_seen < $3 AND last_visible >= $3";
    SEE_TEAM =
        "UPDATE head SET team_seen = $3, team_seen_visible = $4,
            unread = (SELECT COUNT(*) FROM message m WHERE m.conversation_id = $2 AND m.sequence > $3
                AND m.author = 0 AND m.kind = 0)
        WHERE organisation_id = $1 AND conversation_id = $2 AND team_seen < $3 AND last_sequence >= $3";
    VISIBLE_AT =
        "SELECT organisation_id, visible FROM message
        WHERE conversation_id = $1 AND sequence <= $2 ORDER BY sequence DESC LIMIT 1";
}

impl Store {
    /// Notes what was seen. `None` where that is known already or ahead of what is there. For the team the answer is the
    /// visible number that the visitor may be told.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn see(&self, organisation: OrganisationId, id: ConversationId, seen: Seen) -> Result<Option<i64>> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    match seen {
                        Seen::Visitor(visible) => {
                            let values = [organisation.into(), id.into(), visible.into()];
                            let touched = connection.execute_any(&SEE_VISITOR, &values).await?;
                            Ok((touched == 1).then_some(visible))
                        }
                        Seen::Team(sequence) => {
                            // Locked first: the messages that are still unread are counted by a statement that must
                            // see what was stored while it waited.
                            match locked(connection, organisation, id, None).await {
                                Err(Error::NotFound) => return Ok(None),
                                found => found?,
                            };
                            let scope = Scope::Organisation(organisation);
                            let rows = connection.query_in(scope, &VISIBLE_AT, &[id.into(), sequence.into()]).await?;
                            let Some(row) = rows.first() else { return Ok(None) };
                            let visible = row.int(1)?;
                            let values = [organisation.into(), id.into(), sequence.into(), visible.into()];
                            let touched = connection.execute_any(&SEE_TEAM, &values).await?;
                            Ok((touched == 1).then_some(visible))
                        }
                    }
                })
            })
            .await
    }
}
