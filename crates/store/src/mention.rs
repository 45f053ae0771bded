//! Whom notes name, until they have looked. Written with the note ([`crate::append`], or a hand-over's) and with its
//! correction.

use std::collections::BTreeSet;

use domain::{Access, ConversationId, Hands, OperatorId, OrganisationId};

use crate::engine::{Connection, Value, statements};
use crate::{Result, Store};

statements! {
    NAME_THEM(conversation_id int, operator_id int, sequence int, organisation_id int) =
        "INSERT INTO mention (conversation_id, operator_id, sequence, organisation_id) {rows}";
    UNNAME =
        "DELETE FROM mention WHERE conversation_id = $1 AND sequence = $2";
    LOOKED =
        "DELETE FROM mention WHERE organisation_id = $1 AND conversation_id = $2 AND operator_id = $3 AND sequence <= $4";
    NAMED_IN =
        "SELECT organisation_id, conversation_id FROM mention WHERE organisation_id = $1 AND operator_id = $2";
}

/// Whom a note names, with what they may read.
pub type Named = Vec<(OperatorId, Access)>;

/// The rows of those who may read it where it is now.
pub(crate) fn rows(
    organisation: OrganisationId,
    id: ConversationId,
    sequence: i64,
    named: &Named,
    hands: Hands,
) -> Vec<Vec<Value>> {
    let reading = named.iter().filter(|(operator, access)| access.reaches(*operator, hands));
    let each: BTreeSet<OperatorId> = reading.map(|(operator, _)| *operator).collect();
    each.into_iter().map(|who| vec![id.into(), who.into(), sequence.into(), organisation.into()]).collect()
}

/// Names them: what has gone with a note that is new.
pub(crate) async fn name(connection: &mut Connection, rows: &[Vec<Value>]) -> Result<()> {
    connection.execute_all(&[(&NAME_THEM, rows)]).await
}

/// A note says something else now, or nothing.
pub(crate) async fn rename(
    connection: &mut Connection,
    id: ConversationId,
    sequence: i64,
    rows: &[Vec<Value>],
) -> Result<()> {
    connection.execute_any(&UNNAME, &[id.into(), sequence.into()]).await?;
    name(connection, rows).await
}

impl Store {
    /// The conversations in which a note names an operator who has not looked since.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn named_in(
        &self,
        organisation: OrganisationId,
        operator: OperatorId,
    ) -> Result<BTreeSet<ConversationId>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), operator.into()];
                    let rows = connection.query_in(organisation.into(), &NAMED_IN, &values).await?;
                    rows.iter().map(|row| row.int(1).map(ConversationId)).collect()
                })
            })
            .await
    }

    /// An operator has looked at a conversation up to a sequence.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn looked(
        &self,
        organisation: OrganisationId,
        id: ConversationId,
        operator: OperatorId,
        sequence: i64,
    ) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), id.into(), operator.into(), sequence.into()];
                    connection.execute_any(&LOOKED, &values).await.map(drop)
                })
            })
            .await
    }
}
