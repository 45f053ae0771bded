//! What a deletion's receipts are made of, besides what it says itself.

use domain::{ErasureId, OrganisationId, PublicId, Timestamp};

use super::{Item, items};
use crate::engine::{Row, statements};
use crate::{Error, Result, Store};

/// What a receipt is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Makes a commitment say nothing by itself; gone once what it binds was shown and the keys are destroyed.
    pub salt: Option<[u8; 32]>,
    /// Binds the numbers of the keys, once these are destroyed.
    pub commitment: Option<[u8; 32]>,
    /// What the acknowledgement bound: a part of a conversation goes with another key than it had then, and of many one may go
    /// by itself.
    pub acknowledged: Option<[u8; 32]>,
    /// The final receipt.
    pub receipt: Option<String>,
    /// Whose it is, where the organisation itself goes.
    pub organisation: Option<PublicId>,
    /// What of it must not be deleted yet.
    pub held: Option<Held>,
    /// The single things that go, as long as they are known.
    pub items: Vec<Item>,
}

/// What must not be deleted yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// How many conversations, or the one of which a part is to go.
    pub conversations: i64,
    /// Until when the last of them.
    pub until: Timestamp,
}

statements! {
    EVIDENCE =
        "SELECT organisation_id, salt, commitment, acknowledged, receipt, organisation_name FROM erasure
        WHERE organisation_id = $1 AND erasure_id = $2";
    HELD =
        "SELECT i.organisation_id, COUNT(DISTINCT i.subject), MAX(d.until) FROM erasure_item i
            JOIN hold d ON d.conversation_id = i.subject AND d.until > $2
        WHERE i.erasure_id = $1 GROUP BY i.organisation_id";
    OPEN =
        "UPDATE erasure SET opened_at = $3, salt = CASE WHEN commitment IS NULL THEN salt ELSE NULL END
        WHERE organisation_id = $1 AND erasure_id = $2 AND opened_at IS NULL";
}

fn hash(row: &Row, column: usize) -> Result<Option<[u8; 32]>> {
    let broken = |_| Error::Broken("a deletion's evidence cannot be read".to_owned());
    row.bytes_or_null(column)?.map(|bytes| bytes.try_into().map_err(broken)).transpose()
}

impl Store {
    /// What a deletion's receipt is made of.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn erasure_evidence(
        &self,
        organisation: OrganisationId,
        id: ErasureId,
        now: Timestamp,
    ) -> Result<Evidence> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), id.into()];
                    let rows = connection.query_in(organisation.into(), &EVIDENCE, &values).await?;
                    let row = rows.first().ok_or(Error::NotFound)?;
                    let held = connection.query_in(organisation.into(), &HELD, &[id.into(), now.into()]).await?;
                    let held = held
                        .first()
                        .map(|row| Ok::<_, Error>(Held { conversations: row.int(1)?, until: Timestamp(row.int(2)?) }));
                    Ok(Evidence {
                        salt: hash(row, 1)?,
                        commitment: hash(row, 2)?,
                        acknowledged: hash(row, 3)?,
                        receipt: row.text_or_null(4)?,
                        organisation: row.bytes_or_null(5)?.map(|_| row.public_id(5)).transpose()?,
                        held: held.transpose()?,
                        items: items(connection, organisation, id).await?,
                    })
                })
            })
            .await
    }

    /// Whether whoever asks is the first, and may be shown what the commitment binds: it is shown once.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn open_evidence(&self, organisation: OrganisationId, id: ErasureId, at: Timestamp) -> Result<bool> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), id.into(), at.into()];
                    Ok(connection.execute_any(&OPEN, &values).await? == 1)
                })
            })
            .await
    }
}
