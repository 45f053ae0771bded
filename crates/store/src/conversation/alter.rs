//! An operator corrects or takes back what they wrote, while the visitor has not seen it. Its row holds the newest text or
//! none, nothing of what it was; an entry of its own says that it happened, so that whoever follows hears of it in order.

use domain::conversation::{Author, Change, Event, Kind, Of, Progress};
use domain::{Access, ConversationId, OperatorId, OrganisationId, Timestamp};

use super::happen::happen;
use super::{Written, has_key, locked};
use crate::engine::{Connection, Value, statements};
use crate::mention;
use crate::{Error, Result, Store};

statements! {
    ALTERED =
        "SELECT organisation_id, visible, kind, author, revision, text_sealed FROM message
        WHERE conversation_id = $1 AND sequence = $2";
    ALTER =
        "UPDATE message SET text_sealed = $3, revision = $4 WHERE conversation_id = $1 AND sequence = $2";
    // The house's own question is no answer.
    // What is left once a message is taken back: the last one, and since when the visitor waits for an answer.
    LEFT =
        "SELECT h.organisation_id,
            (SELECT MAX(m.sequence) FROM message m
                WHERE m.conversation_id = $1 AND m.kind = 0 AND m.text_sealed IS NOT NULL),
            (SELECT MIN(m.created_at) FROM message m WHERE m.conversation_id = $1 AND m.kind = 0 AND m.author = 0
                AND m.text_sealed IS NOT NULL
                AND m.sequence > COALESCE((SELECT MAX(a.sequence) FROM message a WHERE a.conversation_id = $1
                    AND a.kind = 0 AND a.author > 0 AND a.text_sealed IS NOT NULL), 0))
        FROM head h WHERE h.conversation_id = $1";
}

/// What became of it.
#[expect(clippy::large_enum_variant, reason = "one at a time, and mostly the largest")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Altered {
    /// Done.
    Done(Change),
    /// Somebody else wrote it.
    NotTheirs,
    /// The visitor has seen it.
    Seen,
    /// It was changed meanwhile: the seal names another revision than the next, or is made with another key than the
    /// conversation's.
    Overtaken,
}

impl Store {
    /// Replaces the text of an entry by one that is sealed for its next revision, or takes it back. Whether the visitor has
    /// seen it is judged here, behind the lock that noting it takes, too. Does something right after the commit, before
    /// anybody is told.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for what is no message or was taken back, and [`Error::OutOfReach`].
    pub async fn alter(
        &self,
        organisation: OrganisationId,
        (id, sequence): (ConversationId, i64),
        by: (OperatorId, Access),
        text: Option<Written>,
        at: Timestamp,
        then: impl FnOnce() + Send + 'static,
    ) -> Result<Altered> {
        let listener = self.listener.clone();
        self.data
            .write_then(
                move |connection| {
                    Box::pin(async move {
                        let found = locked(connection, organisation, id, Some(by)).await?;
                        let values = [id.into(), sequence.into()];
                        let rows = connection.query_in(organisation.into(), &ALTERED, &values).await?;
                        let row = rows.first().ok_or(Error::NotFound)?;
                        let note = match Kind::from_code(row.int(2)?, None) {
                            Some(Kind::Message) => false,
                            Some(Kind::Note) => true,
                            _ => return Err(Error::NotFound),
                        };
                        if row.bytes_or_null(5)?.is_none() {
                            return Err(Error::NotFound);
                        }
                        if Author::from_code(row.int(3)?) != Some(Author::Operator(by.0)) {
                            return Ok(Altered::NotTheirs);
                        }
                        if !note && row.int(1)? <= found.visitor_seen {
                            return Ok(Altered::Seen);
                        }
                        let revision = row.int(4)? + 1;
                        if let Some(text) = &text
                            && (text.message.identity().revision != revision
                                || !has_key(connection, &found, text.key).await?)
                        {
                            return Ok(Altered::Overtaken);
                        }
                        let sealed = text.as_ref().map_or(Value::Null, |text| text.message.sealed().into());
                        let values = [id.into(), sequence.into(), sealed, revision.into()];
                        connection.execute(&ALTER, &values, 1).await?;
                        if note {
                            let named = text.as_ref().map(|text| &text.named);
                            let hands = found.progress.hands();
                            let rows = named.map(|named| mention::rows(organisation, id, sequence, named, hands));
                            mention::rename(connection, id, sequence, &rows.unwrap_or_default()).await?;
                        }
                        let of = Of { sequence, note };
                        let what = if text.is_some() { Event::Edited(of) } else { Event::Recalled(of) };
                        let mut left = found.progress;
                        if text.is_none() && !note {
                            misses(connection, organisation, id, &mut left).await?;
                        }
                        happen(connection, left, found, Author::Operator(by.0), &[what], at).await.map(Altered::Done)
                    })
                },
                move |altered: &Altered| {
                    if let Altered::Done(change) = altered {
                        then();
                        listener.tell(change);
                    }
                },
            )
            .await
    }
}

/// What a conversation that lost a message, or got one back, previews and waits for.
pub(crate) async fn misses(
    connection: &mut Connection,
    organisation: OrganisationId,
    id: ConversationId,
    progress: &mut Progress,
) -> Result<()> {
    let rows = connection.query_in(organisation.into(), &LEFT, &[id.into()]).await?;
    let row = rows.first().ok_or(Error::NotFound)?;
    progress.misses(row.int_or_null(1)?.unwrap_or(0), row.int_or_null(2)?.map(Timestamp));
    Ok(())
}
