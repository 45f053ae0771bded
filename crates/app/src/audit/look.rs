//! Looking is recorded too: once an hour, before anything is shown. What could not be recorded is not shown.

use std::num::NonZeroUsize;

use domain::Principal;
use domain::audit::{Detail, Kind, ONCE_IN};
use domain::conversation::{Progress, State};
use domain::{OperatorId, OrganisationId};
use lru::LruCache;
use parking_lot::Mutex;
use store::audit::{By, Occasion};

use crate::conversation::Reference;
use crate::{App, Result};

/// Looks that are known to be recorded; more are asked of the store again.
const KNOWN: usize = 4096;

type Look = (OrganisationId, OperatorId, Kind, i64);

/// What this node knows to be recorded in this hour, so that a second page costs no commit.
pub(crate) struct Looks(Mutex<LruCache<Look, i64>>);

impl Default for Looks {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(NonZeroUsize::new(KNOWN).unwrap_or(NonZeroUsize::MIN))))
    }
}

impl App {
    /// Before somebody sees what was said in a conversation that has ended, or that they are not on: what comes in one that
    /// is theirs they see because it is theirs.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn note_reading(&self, principal: Principal, read: &Reference, progress: &Progress) -> Result<()> {
        if progress.state != State::Ended && progress.assignee == Some(principal.operator) {
            return Ok(());
        }
        let details = || vec![Detail::is("conversation", read.name())];
        self.note_look(principal, Kind::ConversationOpened, read.id.0, None, details).await
    }

    /// Before somebody sees entries of this log: about one colleague, or about everybody.
    pub(super) async fn note_view(&self, principal: Principal, about: Option<OperatorId>) -> Result<()> {
        let subject = about.map_or(0, |about| about.0);
        self.note_look(principal, Kind::AuditViewed, subject, about, Vec::new).await
    }

    async fn note_look(
        &self,
        principal: Principal,
        kind: Kind,
        subject: i64,
        about: Option<OperatorId>,
        details: impl FnOnce() -> Vec<Detail> + Send,
    ) -> Result<()> {
        let look = (principal.organisation, principal.operator, kind, subject);
        let hour = self.now().0 / ONCE_IN.as_micros() as i64;
        if self.looks.0.lock().get(&look) == Some(&hour) {
            return Ok(());
        }
        let (organisation, operator) = (principal.organisation, principal.operator);
        let occasion = Occasion { organisation, operator, kind, subject, about, details: details() };
        self.store.audited(self.by(principal)).once(occasion).await?;
        self.looks.0.lock().put(look, hour);
        Ok(())
    }

    /// Records that a proof of who somebody is was refused, not waiting for it: that an account is known must not be told by
    /// how long the answer takes (SA1). Once an hour, and the others are counted.
    pub(crate) fn note_refusal(&self, (organisation, operator): (OrganisationId, OperatorId), kind: Kind, by: By) {
        let store = self.store.clone();
        let occasion =
            Occasion { organisation, operator, kind, subject: 0, about: Some(operator), details: Vec::new() };
        tokio::spawn(async move {
            if let Err(error) = store.audited(by).once(occasion).await {
                tracing::warn!(%error, "that a proof was refused could not be recorded");
            }
        });
    }
}
