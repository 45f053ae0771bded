//! Conversations, as they stand. `list` finds many, `happen` is what befalls them besides messages, `alter` changes
//! what was not seen yet, `ended` files what is over, `guest` asks colleagues in, `snooze` puts them off, `quiet` asks and ends where nobody
//! writes, `see` notes who has read what, and `head` writes how far they have come.

pub(crate) mod alter;
pub(crate) mod ended;
pub(crate) mod guest;
pub(crate) mod happen;
pub(crate) mod head;
mod list;
mod quiet;
mod see;
mod snooze;

use domain::conversation::{Progress, State};
use domain::{
    Access, ConversationId, GroupNumber, KeyId, Language, OperatorId, OrganisationId, PublicId, Timestamp, Topics,
    WidgetId,
};

pub use self::alter::Altered;
pub use self::ended::Class;
pub use self::guest::FULL;
pub use self::happen::To;
pub use self::list::List;
pub use self::quiet::Quiet;
pub(crate) use self::quiet::watch;
pub use self::see::Seen;
use crate::engine::{Connection, Row, Value, statements};
use crate::mention::Named;
use crate::{Error, Result, Store};
use privacy::{Message, Sealed};

/// The statements of all its files.
#[cfg(test)]
pub(crate) static EVERY: &[&[&crate::engine::Statement]] =
    &[ALL, alter::ALL, ended::ALL, happen::ALL, head::ALL, list::ALL, quiet::ALL, see::ALL];

/// A text that goes with what happens to a conversation.
#[derive(Debug)]
pub struct Written {
    /// The text, sealed.
    pub message: Message<Sealed>,
    /// The key it is sealed with: the conversation's, as far as whoever sealed it knew.
    pub key: KeyId,
    /// Whom a note names.
    pub named: Named,
}

/// Everything about a conversation but what was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// The tenant.
    pub organisation: OrganisationId,
    /// Its number inside.
    pub id: ConversationId,
    /// Its name outside.
    pub name: PublicId,
    /// The chat surface it began on.
    pub widget: WidgetId,
    /// The key it is sealed with.
    pub key: KeyId,
    /// The visitor's language.
    pub language: Language,
    /// How far it has come.
    pub progress: Progress,
    /// Up to which visible number the visitor has seen it.
    pub visitor_seen: i64,
    /// Up to which visible number the team has seen it.
    pub team_seen_visible: i64,
    /// When it began.
    pub started_at: Timestamp,
    /// When something was last said or done.
    pub last_at: Timestamp,
    /// Its last change, in the order of changes.
    pub position: i64,
}

/// What [`conversation`] reads, from `h` and `c`.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT h.organisation_id, h.conversation_id, c.public_id, c.widget_id, c.key_id, c.language, h.state,
            h.assignee, h.last_sequence, h.last_visible, h.last_message, h.unread, h.waiting_since, h.visitor_seen,
            h.team_seen_visible, c.started_at, h.last_at, h.position, h.group_number, h.topic_bits,
            h.snoozed_until, h.returned_at, h.guests
        FROM head h JOIN conversation c ON c.conversation_id = h.conversation_id ",
            $rest
        )
    };
}
pub(crate) use select;

statements! {
    BY_ID =
        select!("WHERE h.organisation_id = $1 AND h.conversation_id = $2 {for_update}");
    READ_BY_ID =
        select!("WHERE h.organisation_id = $1 AND h.conversation_id = $2");
    BY_NAME =
        select!("WHERE h.organisation_id = $1 AND c.public_id = $2");
    BY_TOKEN =
        select!("WHERE h.organisation_id = $1 AND c.token_hash = $2");
    // Begun behind the head's lock: whoever had to wait for that reads the key as it was before.
    KEY_OF =
        "SELECT organisation_id, key_id, old_key_id FROM conversation WHERE conversation_id = $1";
    NAMED(organisation_id int, public_id bytes) =
        "SELECT h.conversation_id FROM head h JOIN conversation c ON c.conversation_id = h.conversation_id {and_input}
        WHERE c.public_id = input.public_id AND h.organisation_id = input.organisation_id";
}

pub(crate) fn conversation(row: &Row) -> Result<Conversation> {
    let broken = || Error::Broken("a conversation cannot be read".to_owned());
    Ok(Conversation {
        organisation: OrganisationId(row.int(0)?),
        id: ConversationId(row.int(1)?),
        name: row.public_id(2)?,
        widget: WidgetId(row.int(3)?),
        key: KeyId(row.int(4)?),
        language: Language::from_code(&row.text(5)?).ok_or_else(broken)?,
        progress: Progress {
            state: State::from_code(row.int(6)?).ok_or_else(broken)?,
            assignee: row.int_or_null(7)?.map(OperatorId),
            last_sequence: row.int(8)?,
            last_visible: row.int(9)?,
            last_message: row.int(10)?,
            unread: row.int(11)?,
            waiting_since: row.int_or_null(12)?.map(Timestamp),
            group: row.int_or_null(18)?.and_then(GroupNumber::new),
            guests: guest::read(row, 22)?,
            topics: Topics::from_bits(row.int(19)?),
            snoozed_until: row.int_or_null(20)?.map(Timestamp),
            returned_at: row.int_or_null(21)?.map(Timestamp),
        },
        visitor_seen: row.int(13)?,
        team_seen_visible: row.int(14)?,
        started_at: Timestamp(row.int(15)?),
        last_at: Timestamp(row.int(16)?),
        position: row.int(17)?,
    })
}

pub(crate) async fn locked(
    connection: &mut Connection,
    organisation: OrganisationId,
    id: ConversationId,
    reach: Option<(OperatorId, Access)>,
) -> Result<Conversation> {
    let rows = connection.query_in(organisation.into(), &BY_ID, &[organisation.into(), id.into()]).await?;
    let found = conversation(rows.first().ok_or(Error::NotFound)?)?;
    match reach {
        Some((operator, access)) if !access.reaches(operator, found.progress.hands()) => Err(Error::OutOfReach),
        _ => Ok(found),
    }
}

/// Whether something is sealed with the key that a conversation, which is locked, has now.
pub(crate) async fn has_key(connection: &mut Connection, found: &Conversation, key: KeyId) -> Result<bool> {
    let rows = connection.query_in(found.organisation.into(), &KEY_OF, &[found.id.into()]).await?;
    rows.first().map_or(Ok(false), |row| Ok(KeyId(row.int(1)?) == key))
}

impl Store {
    /// A conversation by its number.
    ///
    /// # Errors
    /// [`Error::NotFound`] where this organisation has none.
    pub async fn conversation(&self, organisation: OrganisationId, id: ConversationId) -> Result<Conversation> {
        self.one(organisation, &READ_BY_ID, id.into()).await
    }

    /// A conversation by its name outside.
    ///
    /// # Errors
    /// [`Error::NotFound`] where this organisation has none: another's answers the same.
    pub async fn conversation_named(&self, organisation: OrganisationId, name: PublicId) -> Result<Conversation> {
        self.one(organisation, &BY_NAME, name.into()).await
    }

    /// The conversation of a visitor's token.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the visitor has not written yet.
    pub async fn conversation_of_token(&self, organisation: OrganisationId, hash: [u8; 32]) -> Result<Conversation> {
        self.one(organisation, &BY_TOKEN, hash.into()).await
    }

    /// The numbers of conversations that are named from outside.
    ///
    /// # Errors
    /// [`Error::NotFound`] where this organisation has not got one of them.
    pub async fn conversations_named(
        &self,
        organisation: OrganisationId,
        names: Vec<PublicId>,
    ) -> Result<Vec<ConversationId>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let inputs: Vec<_> = names.iter().map(|name| vec![organisation.into(), (*name).into()]).collect();
                    let rows = connection.query_each(&NAMED, &inputs).await?;
                    if rows.len() < names.len() {
                        return Err(Error::NotFound);
                    }
                    rows.iter().map(|row| row.int(0).map(ConversationId)).collect()
                })
            })
            .await
    }

    /// The key that a conversation is sealed with, and the one before while what was sealed with that is sealed anew.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn keys_of(&self, organisation: OrganisationId, id: ConversationId) -> Result<(KeyId, Option<KeyId>)> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query_in(organisation.into(), &KEY_OF, &[id.into()]).await?;
                    let row = rows.first().ok_or(Error::NotFound)?;
                    Ok((KeyId(row.int(1)?), row.int_or_null(2)?.map(KeyId)))
                })
            })
            .await
    }

    async fn one(
        &self,
        organisation: OrganisationId,
        statement: &'static crate::engine::Statement,
        key: Value,
    ) -> Result<Conversation> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query_in(organisation.into(), statement, &[organisation.into(), key]).await?;
                    conversation(rows.first().ok_or(Error::NotFound)?)
                })
            })
            .await
    }
}
