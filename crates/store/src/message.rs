//! Entries of conversations: reading them. They are written by [`crate::append`] and with the events of
//! [`crate::conversation`].

use domain::conversation::{Author, Kind, Numbers};
use domain::{ConversationId, OrganisationId, PublicId, SenderId, Timestamp};
use privacy::message::Identity;
use privacy::{Message, Sealed};

use crate::engine::{Row, Value, statements};
use crate::{Error, Result, Scope, Store};

/// An entry as it is stored.
#[derive(Debug)]
pub struct Entry {
    /// Its numbers.
    pub numbers: Numbers,
    /// Who wrote or did it.
    pub author: Author,
    /// What it is.
    pub kind: Kind,
    /// From which page load.
    pub sender: SenderId,
    /// The how-manieth of that sender.
    pub counter: i64,
    /// When it was stored.
    pub at: Timestamp,
    /// How often its text was changed.
    pub revision: i64,
    /// What was said; an event and what was taken back have none.
    pub message: Option<Message<Sealed>>,
}

/// Whose conversation is read: names that the seals are bound to.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    /// The organisation's name outside.
    pub organisation: PublicId,
    /// The conversation's name outside.
    pub conversation: PublicId,
}

statements! {
    // Of what has no head nothing is read: it is hidden, and these go by its number alone.
    AFTER =
        "SELECT organisation_id, sequence, visible, kind, author, subject, sender, counter, revision, text_sealed,
            created_at
        FROM message WHERE conversation_id = $1 AND sequence > $2
            AND EXISTS (SELECT 1 FROM head h WHERE h.conversation_id = $1)
        ORDER BY sequence LIMIT $3";
    BEFORE =
        "SELECT organisation_id, sequence, visible, kind, author, subject, sender, counter, revision, text_sealed,
            created_at
        FROM message WHERE conversation_id = $1 AND sequence < $2
            AND EXISTS (SELECT 1 FROM head h WHERE h.conversation_id = $1)
        ORDER BY sequence DESC LIMIT $3";
    LAST_OF(conversation_id int, sequence int) =
        "SELECT m.organisation_id, m.sequence, m.visible, m.kind, m.author, m.subject, m.sender, m.counter, m.revision,
            m.text_sealed, m.created_at, m.conversation_id
        FROM message m {and_input} WHERE m.conversation_id = input.conversation_id AND m.sequence = input.sequence
            AND EXISTS (SELECT 1 FROM head h WHERE h.conversation_id = m.conversation_id)";
}

fn entry(row: &Row, names: Names) -> Result<Entry> {
    let broken = || Error::Broken("an entry cannot be read".to_owned());
    let subject = row.int_or_null(5)?;
    let author = Author::from_code(row.int(4)?).ok_or_else(broken)?;
    let kind = Kind::from_code(row.int(3)?, subject).ok_or_else(broken)?;
    let (sender, counter, revision) = (SenderId(row.int(6)?), row.int(7)?, row.int(8)?);
    let identity = Identity {
        organisation: names.organisation,
        conversation: names.conversation,
        author,
        sender,
        counter,
        note: kind == Kind::Note,
        revision,
    };
    Ok(Entry {
        numbers: Numbers { sequence: row.int(1)?, visible: row.int(2)? },
        author,
        kind,
        sender,
        counter,
        at: Timestamp(row.int(10)?),
        revision,
        message: row.bytes_or_null(9)?.map(|sealed| Message::from_store(identity, sealed)),
    })
}

impl Store {
    /// Up to `most` entries after a sequence, ascending.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn entries_after(
        &self,
        organisation: OrganisationId,
        id: ConversationId,
        names: Names,
        after: i64,
        most: i64,
    ) -> Result<Vec<Entry>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [id.into(), after.into(), most.into()];
                    let rows = connection.query_in(organisation.into(), &AFTER, &values).await?;
                    rows.iter().map(|row| entry(row, names)).collect()
                })
            })
            .await
    }

    /// Up to `most` entries before a sequence, ascending.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn entries_before(
        &self,
        organisation: OrganisationId,
        id: ConversationId,
        names: Names,
        before: i64,
        most: i64,
    ) -> Result<Vec<Entry>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [id.into(), before.into(), most.into()];
                    let rows = connection.query_in(organisation.into(), &BEFORE, &values).await?;
                    rows.iter().rev().map(|row| entry(row, names)).collect()
                })
            })
            .await
    }

    /// Single entries of several conversations, such as the last message of each in a list. What is not there is left
    /// out.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn entries_at(
        &self,
        organisation: OrganisationId,
        wanted: Vec<(ConversationId, Names, i64)>,
    ) -> Result<Vec<(ConversationId, Entry)>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let inputs: Vec<Vec<Value>> =
                        wanted.iter().map(|(id, _, sequence)| vec![(*id).into(), (*sequence).into()]).collect();
                    let rows = connection.query_each(&LAST_OF, &inputs).await?;
                    let mut entries = Vec::with_capacity(rows.len());
                    for row in &rows {
                        if !Scope::Organisation(organisation).covers(OrganisationId(row.int(0)?)) {
                            return Err(Error::Broken("LAST_OF returned a row of another organisation".to_owned()));
                        }
                        let id = ConversationId(row.int(11)?);
                        if let Some((_, names, _)) = wanted.iter().find(|(wanted, _, _)| *wanted == id) {
                            entries.push((id, entry(row, *names)?));
                        }
                    }
                    Ok(entries)
                })
            })
            .await
    }
}
