//! Looks at what has ended, the longest ago first, and asks the rules about each.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use domain::retention::{Kept, Rule, applies, shortest};
use domain::{OrganisationId, PublicId, Timestamp, WidgetId};
use store::retention::Spoken;

use crate::{App, Result};

/// Conversations read at once.
const PAGE: i64 = 2_000;
/// A count goes no further than this many that go, and so many that were looked at: whoever asks waits for it.
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
    /// How long the one that is longest over is over, where that is longer than a sweep takes to come.
    pub late: Duration,
}

impl App {
    /// Shows whoever asks every conversation that may be over at `until`, with the rule that holds for it; says whether that
    /// was all.
    pub(super) async fn each_ended(
        &self,
        organisation: OrganisationId,
        rules: &[Rule],
        until: Timestamp,
        mut see: impl FnMut(Spoken, Rule) -> ControlFlow<()> + Send,
    ) -> Result<bool> {
        let Some(shortest) = shortest(rules, Kept::Content) else { return Ok(true) };
        let (before, now, mut last, mut looked_at) = (shortest.before(until), self.now(), None, 0);
        loop {
            let page = self.store.ended(organisation, last, before, now, PAGE).await?;
            for spoken in &page {
                let rule = applies(rules, Kept::Content, spoken.widget, spoken.topics);
                if let Some(rule) = rule.filter(|rule| rule.due(spoken.said_at) <= until)
                    && see(*spoken, rule).is_break()
                {
                    return Ok(false);
                }
            }
            looked_at += page.len() as i64;
            if (page.len() as i64) < PAGE {
                return Ok(true);
            }
            if looked_at >= LOOKED_AT {
                return Ok(false);
            }
            last = page.last().copied();
        }
    }

    /// What goes until a moment under these rules and would not under `others`.
    pub(super) async fn look(
        &self,
        organisation: OrganisationId,
        rules: &[Rule],
        others: Option<&[Rule]>,
        until: Timestamp,
    ) -> Result<Look> {
        let (mut look, now) = (Look::default(), self.now());
        let mut by_widget: BTreeMap<WidgetId, i64> = BTreeMap::new();
        let through = self
            .each_ended(organisation, rules, until, |spoken, rule| {
                // What must not be deleted yet only gets out of sight.
                let late = if spoken.held_until.is_some() { 0 } else { now.0 - rule.due(spoken.said_at).0 };
                look.late = look.late.max(Duration::from_micros(late.max(0).unsigned_abs()));
                let goes_anyway = others.is_some_and(|others| {
                    applies(others, Kept::Content, spoken.widget, spoken.topics)
                        .is_some_and(|rule| rule.due(spoken.said_at) <= until)
                });
                if !goes_anyway {
                    look.conversations += 1;
                    look.oldest_at.get_or_insert(spoken.said_at);
                    *by_widget.entry(spoken.widget).or_default() += 1;
                }
                if look.conversations < COUNTED { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })
            .await?;
        look.capped = !through;
        if look.late < LATE {
            look.late = Duration::ZERO;
        }
        for (widget, count) in by_widget {
            let (name, title) = self.widget_title(organisation, widget).await?;
            look.by_widget.push((name, title, count));
        }
        Ok(look)
    }
}
