//! When one conversation goes, and why then.

use std::time::Duration;

use domain::retention::{Kept, applies};
use domain::{Principal, PublicId, Timestamp};
use store::conversation::Conversation;

use super::{Named, Shown};
use crate::{App, Result};

/// When a conversation goes.
#[derive(Clone, Debug)]
pub struct Due {
    /// When, if nobody writes in it again; never where there is no rule for it.
    pub deletes_at: Option<Timestamp>,
    /// Because of which rule.
    pub rule: Option<Shown>,
    /// Until when it must not be deleted.
    pub held_until: Option<Timestamp>,
}

impl App {
    /// How long a conversation is kept after the last word; for ever where there is no rule for it.
    pub(crate) async fn kept_for(&self, found: &Conversation) -> Result<Option<Duration>> {
        let rules = self.rules_of(found.organisation).await?;
        let rule = applies(&rules, Kept::Content, found.widget, found.progress.topics);
        Ok(rule.map(|rule| rule.span()))
    }

    /// When a conversation goes, for an operator within whose reach it is.
    ///
    /// # Errors
    /// [`crate::Error::Forbidden`], [`crate::Error::NotFound`].
    pub async fn due(&self, principal: Principal, name: PublicId) -> Result<Due> {
        let (_, found) = self.find_in_reach(principal, name).await?;
        let organisation = principal.organisation;
        let spoken = self.store.spoken(organisation, found.id, self.now()).await?;
        let set = self.store.retention_rules(organisation).await?;
        let rules: Vec<_> = set.iter().map(|one| one.rule).collect();
        let rule = applies(&rules, Kept::Content, spoken.widget, spoken.topics);
        let shown = match rule {
            None => None,
            Some(rule) => Some(Shown {
                kept: rule.kept,
                of: self.named_rule(organisation, rule).await?.unwrap_or(Named::All),
                days: rule.days,
                set_at: set.iter().find(|one| one.rule == rule).map_or(Timestamp(0), |one| one.set_at),
            }),
        };
        // A hold puts it off; it brings nothing about.
        let due = rule.map(|rule| rule.due(spoken.said_at));
        let deletes_at = due.map(|due| spoken.held_until.map_or(due, |until| due.max(until)));
        Ok(Due { deletes_at, rule: shown, held_until: spoken.held_until })
    }
}
