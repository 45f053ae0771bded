//! Sets and shows the rules, and says before what a change would delete.

use std::time::Duration;

use domain::audit::Origin;
use domain::limits::{RETENTION_DAYS, RETENTION_WARNS};
use domain::retention::{For, Kept, Rule, with};
use domain::{Capability, Level, OrganisationId, Principal, PublicId, Timestamp, Topics};
use store::retention::SetRule;

use super::{Look, Lying};
use crate::{App, Error, Result};

/// What is over within this time goes tonight.
const TONIGHT: Duration = Duration::from_secs(24 * 3600);

/// For what a rule is wished, by names outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// Whatever no other rule is for.
    All,
    /// A chat surface.
    Widget(PublicId),
    /// A topic.
    Topic(PublicId),
}

/// A rule as it is wished.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// What is kept.
    pub kept: Kept,
    /// Of which conversations.
    pub of: Named,
    /// How many days; no longer by a rule of its own where there are none.
    pub days: Option<i64>,
}

/// A rule as it is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// What is kept.
    pub kept: Kept,
    /// Of which conversations.
    pub of: Named,
    /// How many days.
    pub days: i64,
    /// Since when.
    pub set_at: Timestamp,
}

/// How things stand.
#[derive(Debug)]
pub struct Overview {
    /// The rules.
    pub rules: Vec<Shown>,
    /// Conversations that must not be deleted yet.
    pub held: i64,
    /// What goes within a day.
    pub tonight: Look,
    /// For how long the one is over that should have been deleted first and is still there, where that is longer than a sweep
    /// takes to come.
    pub late: Duration,
    /// How the deletions stand that are under way.
    pub lying: Lying,
}

impl App {
    /// The rules, and what they delete within a day.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::RateLimited`] where somebody asks without end.
    pub async fn retention(&self, principal: Principal) -> Result<Overview> {
        principal.require(Capability::Privacy, Level::Read)?;
        self.flood.count(principal.operator)?;
        let (organisation, now) = (principal.organisation, self.now());
        let rules = self.store.retention_rules(organisation).await?;
        let mut shown = Vec::with_capacity(rules.len());
        for SetRule { rule, set_at, .. } in &rules {
            if let Some(of) = self.named_rule(organisation, *rule).await? {
                shown.push(Shown { kept: rule.kept, of, days: rule.days, set_at: *set_at });
            }
        }
        let rules: Vec<Rule> = rules.into_iter().map(|one| one.rule).collect();
        Ok(Overview {
            rules: shown,
            held: self.store.count_held(organisation, now).await?,
            tonight: self.look(organisation, &rules, None, now.plus(TONIGHT)).await?,
            late: self.late(organisation, &rules).await?,
            lying: self.lying(organisation).await?,
        })
    }

    /// What a rule would delete within a day that stays without it.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Invalid`] by field; [`Error::RateLimited`] where somebody asks without end.
    pub async fn preview_retention(&self, principal: Principal, wanted: Wanted) -> Result<Look> {
        principal.require(Capability::Privacy, Level::Read)?;
        self.flood.count(principal.operator)?;
        let (of, _) = self.check_rule(principal, wanted).await?;
        let rules = self.rules_of(principal.organisation).await?;
        let changed = with(&rules, wanted.kept, of, wanted.days);
        let until = self.now().plus(TONIGHT);
        self.look(principal.organisation, &changed, Some(&rules), until).await
    }

    /// Sets a rule, or takes it away. Says what goes within a day because of it. No program does: what a rule deletes cannot be
    /// had back.
    ///
    /// # Errors
    /// As [`Self::preview_retention`].
    pub async fn set_retention(&self, principal: Principal, wanted: Wanted) -> Result<Look> {
        principal.require(Capability::Privacy, Level::Write)?;
        if principal.origin == Origin::Program {
            return Err(Error::Forbidden);
        }
        let look = self.preview_retention(principal, wanted).await?;
        let (of, named) = self.check_rule(principal, wanted).await?;
        let Wanted { kept, days, .. } = wanted;
        let by = self.by(principal);
        self.store.audited(by).set_retention(principal.organisation, (kept, of, days), named).await?;
        Ok(look)
    }

    /// Whether somebody who keeps something for so long is to be warned.
    pub const fn is_long(days: Option<i64>) -> bool {
        matches!(days, Some(days) if days > RETENTION_WARNS)
    }

    pub(super) async fn rules_of(&self, organisation: OrganisationId) -> Result<Vec<Rule>> {
        Ok(self.store.retention_rules(organisation).await?.into_iter().map(|one| one.rule).collect())
    }

    async fn check_rule(&self, principal: Principal, wanted: Wanted) -> Result<(For, Option<PublicId>)> {
        // A rule that nothing follows would be a promise that nobody keeps.
        if wanted.kept != Kept::Content {
            let detail = "nothing of this kind is kept apart from conversations yet".to_owned();
            return Err(Error::Invalid { field: "kind", detail });
        }
        if wanted.days.is_some_and(|days| !RETENTION_DAYS.contains(&days)) {
            let detail = format!("must be from {} to {} days", RETENTION_DAYS.start(), RETENTION_DAYS.end());
            return Err(Error::Invalid { field: "days", detail });
        }
        match wanted.of {
            Named::All => Ok((For::All, None)),
            Named::Widget(name) => {
                let all = self.store.widgets(principal.organisation).await?;
                let found = all.into_iter().find(|widget| widget.name == name).ok_or_else(|| Error::Invalid {
                    field: "widget",
                    detail: "there is no such chat surface in your organisation".to_owned(),
                })?;
                Ok((For::Widget(found.id), Some(name)))
            }
            Named::Topic(name) => {
                let found = self.topics_named(principal.organisation, "topic", &[name]).await?;
                Ok((found.iter().next().map_or(For::All, For::Topic), Some(name)))
            }
        }
    }

    /// A rule's name outside; nothing for one whose topic is gone since.
    pub(super) async fn named_rule(&self, organisation: OrganisationId, rule: Rule) -> Result<Option<Named>> {
        Ok(match rule.of {
            For::All => Some(Named::All),
            For::Widget(widget) => Some(Named::Widget(self.widget_title(organisation, widget).await?.0)),
            For::Topic(topic) => {
                let found = self.topics_of(organisation, Topics::default().with(topic)).await?;
                found.first().map(|topic| Named::Topic(topic.name))
            }
        })
    }
}
