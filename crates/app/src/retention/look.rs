//! Looks at what has ended and is over: class by class, since one rule holds for all of a class, so that what is kept longer
//! stands before nothing.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use domain::retention::{Kept, Rule, applies, shortest};
use domain::{OrganisationId, PublicId, Timestamp, WidgetId};
use store::conversation::Class;
use store::retention::Spoken;

use crate::{App, Result};

/// Conversations read at once.
const PAGE: i64 = 2_000;
/// A count goes no further than this many that go, and so many that are over anyway: whoever asks waits for it.
const COUNTED: i64 = 100_000;
const LOOKED_AT: i64 = 500_000;
/// The sweep comes every ten minutes: what is over for less long is not late.
const LATE: Duration = Duration::from_secs(15 * 60);

/// What goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// How many conversations.
    pub conversations: i64,
    /// When the last word was said in the one in which that is longest ago.
    pub oldest_at: Option<Timestamp>,
    /// Where they began: name outside, title, how many.
    pub by_widget: Vec<(PublicId, Arc<str>, i64)>,
    /// Whether there are more than were counted.
    pub capped: bool,
}

impl App {
    /// Shows whoever asks every conversation that is over at `until`, with the rule that holds for it, those of a class the
    /// longest ago first; says whether that was all.
    pub(super) async fn each_ended(
        &self,
        organisation: OrganisationId,
        rules: &[Rule],
        until: Timestamp,
        mut see: impl FnMut(Spoken, Rule) -> ControlFlow<()> + Send,
    ) -> Result<bool> {
        for (class, rule) in self.classes_over(organisation, rules, until).await? {
            let mut last = None;
            loop {
                let times = (rule.before(until), self.now());
                let page = self.store.ended(organisation, class, last, times, PAGE).await?;
                // A node of an older version files nothing, and a rule that does not hold deletes nothing.
                let is_filed = |spoken: &&Spoken| (spoken.widget, spoken.topics) == (class.widget, class.topics);
                let (filed, misfiled): (Vec<&Spoken>, Vec<&Spoken>) = page.iter().partition(is_filed);
                let is_through = filed.into_iter().try_for_each(|spoken| see(*spoken, rule)).is_break();
                self.store.file_again(misfiled.into_iter().map(|spoken| spoken.id).collect()).await?;
                if is_through {
                    return Ok(false);
                }
                if (page.len() as i64) < PAGE {
                    break;
                }
                last = page.last().copied();
            }
        }
        Ok(true)
    }

    /// The classes in which something is over at `until`, with the rule that holds for them, what is over longest first.
    async fn classes_over(
        &self,
        organisation: OrganisationId,
        rules: &[Rule],
        until: Timestamp,
    ) -> Result<Vec<(Class, Rule)>> {
        if shortest(rules, Kept::Content).is_none() {
            return Ok(Vec::new());
        }
        let mut over: Vec<(Class, Rule)> = Vec::new();
        for class in self.store.ended_classes(organisation).await? {
            let rule = applies(rules, Kept::Content, class.widget, class.topics);
            over.extend(rule.filter(|rule| rule.due(class.oldest_at) <= until).map(|rule| (class, rule)));
        }
        over.sort_by_key(|(class, rule)| rule.due(class.oldest_at));
        Ok(over)
    }

    /// For how long the one is over that should have been deleted first, where that is longer than a sweep takes to come.
    pub(super) async fn late(&self, organisation: OrganisationId, rules: &[Rule]) -> Result<Duration> {
        let (mut late, now) = (0, self.now());
        for (class, rule) in self.classes_over(organisation, rules, now).await? {
            if let Some(oldest) = self.store.oldest_ended(organisation, class, now).await? {
                late = late.max(now.0 - rule.due(oldest).0);
            }
        }
        let late = Duration::from_micros(late.unsigned_abs());
        Ok(if late < LATE { Duration::ZERO } else { late })
    }

    /// What goes until a moment under these rules and would not under `others`.
    pub(super) async fn look(
        &self,
        organisation: OrganisationId,
        rules: &[Rule],
        others: Option<&[Rule]>,
        until: Timestamp,
    ) -> Result<Look> {
        let (mut look, mut looked_at) = (Look::default(), 0);
        let mut by_widget: BTreeMap<WidgetId, i64> = BTreeMap::new();
        let through = self
            .each_ended(organisation, rules, until, |spoken, _| {
                looked_at += 1;
                let goes_anyway = others.is_some_and(|others| {
                    applies(others, Kept::Content, spoken.widget, spoken.topics)
                        .is_some_and(|rule| rule.due(spoken.said_at) <= until)
                });
                if !goes_anyway {
                    look.conversations += 1;
                    look.oldest_at = Some(look.oldest_at.map_or(spoken.said_at, |oldest| oldest.min(spoken.said_at)));
                    *by_widget.entry(spoken.widget).or_default() += 1;
                }
                let goes_on = look.conversations < COUNTED && looked_at < LOOKED_AT;
                if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })
            .await?;
        look.capped = !through;
        for (widget, count) in by_widget {
            let (name, title) = self.widget_title(organisation, widget).await?;
            look.by_widget.push((name, title, count));
        }
        Ok(look)
    }
}
