//! Entries and their chain: added at the end of a transaction, numbered without a gap.

use std::collections::BTreeMap;

use domain::audit::{Actor, Detail, Kind, Origin};
use domain::{OperatorId, OrganisationId, Timestamp};
use privacy::chain::{Link, Salt, commitment};
use privacy::random;

use super::Note;
use crate::engine::{Connection, Row, statements};
use crate::{Error, Result};

/// An entry as stored: raw, so that whoever verifies it sees what is there and not what should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose log.
    pub organisation: OrganisationId,
    /// Its number, from 1 without a gap.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// What happened, as a word.
    pub kind: String,
    /// What binds the content.
    pub commitment: Vec<u8>,
    /// What binds it to those before.
    pub hash: Vec<u8>,
    /// What hides the content from guessing; gone with it.
    pub salt: Option<Vec<u8>>,
    /// What it says; empty once it has expired.
    pub content: Content,
}

/// What an entry says, as stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    actor_kind: Option<String>,
    actor: Option<i64>,
    subject: Option<i64>,
    origin: Option<String>,
    details: Option<String>,
}

impl Content {
    fn new(actor: Actor, origin: Origin, subject: Option<OperatorId>, details: &[Detail]) -> Result<Self> {
        let (kind, operator) = actor.parts();
        let details = serde_json::to_string(details).map_err(|error| Error::Broken(error.to_string()))?;
        Ok(Self {
            actor_kind: Some(kind.to_owned()),
            actor: operator.map(|operator| operator.0),
            subject: subject.map(|operator| operator.0),
            origin: Some(origin.code().to_owned()),
            details: Some(details),
        })
    }

    /// What binds it.
    pub fn commitment(&self, salt: &Salt) -> [u8; 32] {
        let (actor, subject) = (self.actor.map(i64::to_be_bytes), self.subject.map(i64::to_be_bytes));
        let text = |text: &'_ Option<String>| text.as_ref().map(|text| text.as_bytes().to_vec());
        let (kind, origin, details) = (text(&self.actor_kind), text(&self.origin), text(&self.details));
        let parts = [
            kind.as_deref(),
            actor.as_ref().map(<[u8; 8]>::as_slice),
            subject.as_ref().map(<[u8; 8]>::as_slice),
            origin.as_deref(),
            details.as_deref(),
        ];
        commitment(salt, &parts)
    }

    /// Whether nothing is left of it.
    pub fn is_gone(&self) -> bool {
        *self == Self::default()
    }

    /// Who acted.
    pub fn actor(&self) -> Option<Actor> {
        Actor::from_parts(self.actor_kind.as_deref()?, self.actor.map(OperatorId))
    }

    /// The operator whom it is about.
    pub fn subject(&self) -> Option<OperatorId> {
        self.subject.map(OperatorId)
    }

    /// From where.
    pub fn origin(&self) -> Option<Origin> {
        Origin::from_code(self.origin.as_deref()?)
    }

    /// Before and after.
    pub fn details(&self) -> Vec<Detail> {
        self.details.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }
}

/// How far a log has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its last entry.
    pub number: i64,
    /// The hash of that.
    pub hash: [u8; 32],
}

impl Entry {
    /// What its hash covers; nothing where that cannot be.
    pub fn link<'e>(&'e self, commitment: &'e [u8; 32]) -> Link<'e> {
        Link { organisation: self.organisation, number: self.number, at: self.at, kind: &self.kind, commitment }
    }

    /// What happened, where this program knows it.
    pub fn kind(&self) -> Option<Kind> {
        Kind::from_code(&self.kind)
    }
}

statements! {
    ENDS =
        "SELECT organisation_id FROM erasure
        WHERE organisation_id = $1 AND what = 'organisation' AND state IN ('working', 'destroyed', 'done') LIMIT 1";
    INSERT_HEAD = "INSERT INTO audit_head (organisation_id, number, hash) VALUES ($1, 0, $2)";
    LOCK_HEAD =
        "SELECT h.organisation_id, h.number, h.hash FROM audit_head h WHERE h.organisation_id = $1 {for_update}";
    MOVE_HEAD = "UPDATE audit_head SET number = $2, hash = $3 WHERE organisation_id = $1";
    INSERT =
        "INSERT INTO audit_entry (organisation_id, number, at, kind, commitment, hash, salt, actor_kind, actor, subject,
            origin, details)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
}

pub(crate) async fn begin(connection: &mut Connection, organisation: OrganisationId) -> Result<()> {
    connection.execute(&INSERT_HEAD, &[organisation.into(), privacy::chain::BEGINNING.into()], 1).await
}

pub(super) fn head(row: &Row) -> Result<Head> {
    let hash = row.bytes(2)?.try_into().map_err(|_| Error::Broken("the end of a log cannot be read".to_owned()))?;
    Ok(Head { number: row.int(1)?, hash })
}

/// Adds entries to the logs they belong to, as the last thing of a transaction: nobody who holds the end of a log waits for
/// anything but another log further on, in one order, so that no two can wait for each other.
pub(crate) async fn append(connection: &mut Connection, notes: Vec<Note>) -> Result<()> {
    let mut logs: BTreeMap<OrganisationId, Vec<Note>> = BTreeMap::new();
    for note in notes {
        logs.entry(note.fact.organisation).or_default().push(note);
    }
    for (organisation, notes) in logs {
        let rows = connection.query_in(organisation.into(), &LOCK_HEAD, &[organisation.into()]).await?;
        let Some(found) = rows.first() else {
            // Of one that is going its log may have gone before its name: what others record must not fail for that.
            if connection.query_in(organisation.into(), &ENDS, &[organisation.into()]).await?.is_empty() {
                return Err(Error::Broken("an organisation has no log".to_owned()));
            }
            continue;
        };
        let mut last = head(found)?;
        for Note { by, fact } in notes {
            let salt: Salt = random::bytes();
            let (actor, origin) = fact.actor.unwrap_or((by.actor, by.origin));
            let content = Content::new(actor, origin, fact.subject, &fact.details)?;
            let bound = content.commitment(&salt);
            let (number, kind) = (last.number + 1, fact.kind.code());
            let link = Link { organisation, number, at: by.at, kind, commitment: &bound };
            last = Head { number, hash: link.hash(&last.hash) };
            let values = [
                organisation.into(),
                number.into(),
                by.at.into(),
                kind.into(),
                bound.into(),
                last.hash.into(),
                salt.into(),
                content.actor_kind.into(),
                content.actor.into(),
                content.subject.into(),
                content.origin.into(),
                content.details.into(),
            ];
            connection.execute(&INSERT, &values, 1).await?;
        }
        connection.execute(&MOVE_HEAD, &[organisation.into(), last.number.into(), last.hash.into()], 1).await?;
    }
    Ok(())
}

/// An entry from a row. What has the wrong form is read as something that fits nothing: the verifier names it.
pub(super) fn entry(row: &Row) -> Result<Entry> {
    let text = |index| row.text_or_null(index).unwrap_or(None);
    let number = |index| row.int_or_null(index).unwrap_or(Some(i64::MIN));
    Ok(Entry {
        organisation: OrganisationId(row.int(0)?),
        number: row.int(1)?,
        at: Timestamp(number(2).unwrap_or(i64::MIN)),
        kind: text(3).unwrap_or_default(),
        commitment: row.bytes(4).unwrap_or_default(),
        hash: row.bytes(5).unwrap_or_default(),
        salt: row.bytes_or_null(6).unwrap_or(Some(Vec::new())),
        content: Content {
            actor_kind: text(7),
            actor: number(8),
            subject: number(9),
            origin: text(10),
            details: text(11),
        },
    })
}
