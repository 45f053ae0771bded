//! Reads the log, for those who may, and for everybody what is recorded about themselves.

use std::sync::Arc;

use domain::audit::{Actor, Area, Detail, Kind, Origin};
use domain::limits::PAGE_MOST;
use domain::{Capability, Level, OperatorId, OrganisationId, Principal, PublicId, Timestamp};
use store::audit::{Entry, Filter};

use crate::team::Person;
use crate::{App, Error, Result};

/// Which entries are wanted.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// What this colleague did.
    pub actor: Option<PublicId>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// In this part of the product.
    pub area: Option<Area>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

/// An entry as it is shown.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its number.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// What happened, as a word.
    pub kind: String,
    /// In which part of the product, where this program knows the word.
    pub area: Option<Area>,
    /// Who acted, and who that is; nothing once it has expired.
    pub actor: Option<(Actor, Option<Arc<Person>>)>,
    /// Whom it is about.
    pub subject: Option<Arc<Person>>,
    /// From where.
    pub origin: Option<Origin>,
    /// Before and after.
    pub details: Vec<Detail>,
    /// Whether what it said has expired.
    pub expired: bool,
    /// What binds it to those before.
    pub hash: Vec<u8>,
}

/// Some entries, and where the next ones begin.
#[derive(Clone, Debug)]
pub struct Page {
    /// The entries.
    pub records: Vec<Record>,
    /// The number before which the next page is asked for; nothing where there are no more.
    pub next: Option<i64>,
}

/// As what a copy is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A line of JSON for each entry.
    Jsonl,
    /// A table for spreadsheets.
    Csv,
}

impl App {
    /// A page of the log before a number, the newest first. That somebody looked is recorded.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Invalid`] for a colleague who is not there.
    pub async fn audit(&self, principal: Principal, query: Query, before: i64, most: i64) -> Result<Page> {
        principal.require(Capability::Audit, Level::Read)?;
        let filter = self.filter(principal, query).await?;
        self.note_view(principal, filter.actor).await?;
        let most = most.clamp(1, PAGE_MOST);
        let found = self.store.audit_before(principal.organisation, before, filter, most).await?;
        let next = next(&found, most);
        Ok(Page { records: self.records(principal, found).await?, next })
    }

    /// How many entries there are.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn audit_length(&self, principal: Principal) -> Result<i64> {
        principal.require(Capability::Audit, Level::Read)?;
        Ok(self.store.audit_head(principal.organisation).await?.number)
    }

    /// What is recorded about the caller: what they did, what was done to them, and who looked. Everybody may.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn audit_of_mine(&self, principal: Principal, before: i64, most: i64) -> Result<Page> {
        let most = most.clamp(1, PAGE_MOST);
        let found = self.store.audit_about(principal.organisation, principal.operator, before, most).await?;
        let next = next(&found, most);
        Ok(Page { records: self.records(principal, found).await?, next })
    }

    /// Before a copy is taken: records that it is, and gives back which entries it holds.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Invalid`] for a colleague who is not there.
    pub async fn begin_audit_export(&self, principal: Principal, query: Query, format: Format) -> Result<Filter> {
        principal.require(Capability::Audit, Level::Read)?;
        let filter = self.filter(principal, query).await?;
        let format = match format {
            Format::Jsonl => "jsonl",
            Format::Csv => "csv",
        };
        let by = self.by(principal);
        let details = vec![Detail::is("format", format)];
        self.store.audited(by).note(principal.organisation, Kind::AuditExported, filter.actor, details).await?;
        Ok(filter)
    }

    /// A page of a copy, the oldest first.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn audit_export_page(&self, principal: Principal, filter: Filter, after: i64) -> Result<Vec<Record>> {
        principal.require(Capability::Audit, Level::Read)?;
        let found = self.store.audit_after(principal.organisation, after, filter, PAGE_MOST).await?;
        self.records(principal, found).await
    }

    async fn filter(&self, principal: Principal, query: Query) -> Result<Filter> {
        let actor = match query.actor {
            None => None,
            Some(name) => Some(self.person_named(principal.organisation, name).await.map_err(|error| match error {
                Error::NotFound => Error::Invalid {
                    field: "actor",
                    detail: "there is nobody of this name in your organisation".to_owned(),
                },
                other => other,
            })?),
        };
        let fits = |kind: &Kind| {
            query.kind.is_none_or(|wanted| wanted == *kind) && query.area.is_none_or(|wanted| wanted == kind.area())
        };
        let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(fits).collect();
        if kinds.is_empty() {
            let detail = "there is no such kind in this area".to_owned();
            return Err(Error::Invalid { field: "kind", detail });
        }
        // All of them: also those of a newer program.
        let kinds = if query.kind.is_none() && query.area.is_none() { Vec::new() } else { kinds };
        Ok(Filter { actor: actor.map(|person| person.id), kinds, from: query.from, to: query.to })
    }

    async fn records(&self, principal: Principal, found: Vec<Entry>) -> Result<Vec<Record>> {
        let organisation = principal.organisation;
        let mut records = Vec::with_capacity(found.len());
        for entry in found {
            let actor = entry.content.actor();
            let who = self.somebody(organisation, actor.and_then(Actor::operator)).await?;
            records.push(Record {
                number: entry.number,
                at: entry.at,
                area: entry.kind().map(Kind::area),
                actor: actor.map(|actor| (actor, who)),
                subject: self.somebody(organisation, entry.content.subject()).await?,
                origin: entry.content.origin(),
                details: self.titled(principal, entry.content.details()).await?,
                expired: entry.salt.is_none(),
                kind: entry.kind,
                hash: entry.hash,
            });
        }
        Ok(records)
    }

    /// Beside a snippet's name what it is called, which is sealed and stands in no log: for shared ones and one's own, as long
    /// as they are there.
    async fn titled(&self, principal: Principal, mut details: Vec<Detail>) -> Result<Vec<Detail>> {
        let name = details.iter().find(|detail| detail.what == "snippet").and_then(|detail| detail.after.as_deref());
        let Some(name) = name.and_then(|name| name.parse::<PublicId>().ok()) else { return Ok(details) };
        match self.store.snippet(principal.organisation, principal.operator, name).await {
            Ok(found) => match self.open_snippet(&found).await {
                Ok(opened) => details.push(Detail::is("title", &opened.content.title)),
                Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            },
            Err(store::Error::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(details)
    }

    /// Who that is, where they are still known.
    async fn somebody(
        &self,
        organisation: OrganisationId,
        operator: Option<OperatorId>,
    ) -> Result<Option<Arc<Person>>> {
        let Some(operator) = operator else { return Ok(None) };
        match self.person(organisation, operator).await {
            Ok(person) => Ok(Some(person)),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn next(found: &[Entry], most: i64) -> Option<i64> {
    if (found.len() as i64) < most { None } else { found.last().map(|entry| entry.number) }
}
