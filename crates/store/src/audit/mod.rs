//! The audit log (law L9). Whoever writes something that is audited does so through [`Store::audited`]: those functions are
//! there only, and what they write says what it was, so that no verb can forget its entry. The entries of a transaction are
//! added at its end, by `engine`: effect and entry are committed together or not at all.

mod chain;
mod once;
mod read;
mod verify;

use domain::audit::{Actor, Detail, Kind, Origin};
use domain::{OperatorId, OrganisationId, Timestamp};

pub use self::chain::{Content, Entry, Head};
pub(crate) use self::chain::{append, begin};
pub use self::once::Occasion;
pub use self::read::{EXPIRE_AT_ONCE, Filter, Signed};
pub use self::verify::{Broken, Claim, Fault, Verified};

use crate::engine::{BoxFuture, Connection, Late};
use crate::{Result, Store};

/// The statements of the log.
#[cfg(test)]
pub(crate) static EVERY: &[&[&crate::engine::Statement]] = &[chain::ALL, once::ALL, read::ALL];

/// Who acts, from where and when. Made by `app::audit` only, which knows who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct By {
    pub(crate) actor: Actor,
    pub(crate) origin: Origin,
    pub(crate) at: Timestamp,
}

impl By {
    /// Clippy has this called in one place.
    pub const fn new(actor: Actor, origin: Origin, at: Timestamp) -> Self {
        Self { actor, origin, at }
    }
}

/// What happened, as the transaction that did it found it.
#[derive(Debug)]
pub(crate) struct Fact {
    pub(crate) organisation: OrganisationId,
    pub(crate) kind: Kind,
    /// Who acted and from where, if only the transaction knows.
    pub(crate) actor: Option<(Actor, Origin)>,
    /// The operator whom it is about.
    pub(crate) subject: Option<OperatorId>,
    pub(crate) details: Vec<Detail>,
}

impl Fact {
    pub(crate) fn new(organisation: OrganisationId, kind: Kind, details: impl IntoIterator<Item = Detail>) -> Self {
        Self { organisation, kind, actor: None, subject: None, details: details.into_iter().collect() }
    }

    pub(crate) fn about(self, subject: impl Into<Option<OperatorId>>) -> Self {
        Self { subject: subject.into(), ..self }
    }

    pub(crate) fn by(self, actor: Actor, origin: Origin) -> Self {
        Self { actor: Some((actor, origin)), ..self }
    }
}

/// An entry to be.
#[derive(Debug)]
pub(crate) struct Note {
    pub(crate) by: By,
    pub(crate) fact: Fact,
}

/// What a piece of work did, and what is to be recorded of it.
pub(crate) struct Noted<T> {
    value: T,
    late: Vec<Late>,
}

/// A store whose writing is recorded.
#[must_use]
pub struct Audited<'s> {
    store: &'s Store,
    pub(crate) by: By,
}

impl Store {
    /// For what is audited: there is no other way to write it.
    pub const fn audited(&self, by: By) -> Audited<'_> {
        Audited { store: self, by }
    }
}

impl Audited<'_> {
    /// Records what has no effect of its own in this database: a copy that is taken, a check that was made.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn note(
        self,
        organisation: OrganisationId,
        kind: Kind,
        about: Option<OperatorId>,
        details: Vec<Detail>,
    ) -> Result<()> {
        self.write(move |_| {
            Box::pin(async move { Ok(((), vec![Fact::new(organisation, kind, details).about(about)])) })
        })
        .await
    }

    pub(crate) const fn store(&self) -> &Store {
        self.store
    }

    /// Runs `work` in a transaction that its entries are part of. No facts: nothing happened.
    pub(crate) async fn write<T, W>(self, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<(T, Vec<Fact>)>> + Send + 'static,
    {
        self.write_then(work, |_| {}).await
    }

    /// The same, and does something with the outcome right after the commit.
    pub(crate) async fn write_then<T, W>(self, work: W, then: impl FnOnce(&T) + Send + 'static) -> Result<T>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<(T, Vec<Fact>)>> + Send + 'static,
    {
        let by = self.by;
        let noted = self.store.data.write_late(
            move |connection| {
                Box::pin(async move {
                    let (value, facts) = work(connection).await?;
                    Ok(Noted { value, late: facts.into_iter().map(|fact| Late::Note(Note { by, fact })).collect() })
                })
            },
            |noted: &mut Noted<T>| std::mem::take(&mut noted.late),
            move |noted: &Noted<T>| then(&noted.value),
        );
        Ok(noted.await?.value)
    }
}
