//! Counts without anybody's identity, written when things happen: they do not change when what was said is deleted (C7).

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use domain::conversation::{Author, Progress, State};
use domain::{OrganisationId, Timestamp, WidgetId};

use crate::engine::{Value, statements};
use crate::{Result, Store};

const DAY: i64 = 24 * 3600 * 1_000_000;

/// Up to how many seconds a first answer counts into each bucket; what takes longer counts into one more.
pub const BUCKETS: [i64; 5] = [30, 60, 300, 900, 3_600];

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Conversations that began.
    Begun,
    /// Messages of visitors.
    Visitors,
    /// Messages of the team.
    Teams,
    /// Conversations that were answered for the first time.
    Answered,
    /// How many seconds that took, together.
    Seconds,
    /// How many of them were answered within [`BUCKETS`], the last one for the rest.
    Within(usize),
}

impl What {
    const fn code(self) -> i64 {
        match self {
            Self::Begun => 1,
            Self::Visitors => 2,
            Self::Teams => 3,
            Self::Answered => 4,
            Self::Seconds => 5,
            Self::Within(bucket) => 6 + bucket as i64,
        }
    }

    const fn from_code(code: i64) -> Option<Self> {
        Some(match code {
            1 => Self::Begun,
            2 => Self::Visitors,
            3 => Self::Teams,
            4 => Self::Answered,
            5 => Self::Seconds,
            6..=11 => Self::Within((code - 6) as usize),
            _ => return None,
        })
    }
}

/// What a day brought to a chat surface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// Which day of UTC, counted from 1970.
    pub day: i64,
    /// Which chat surface.
    pub widget: i64,
    /// Conversations that began.
    pub begun: i64,
    /// Messages of visitors.
    pub visitors: i64,
    /// Messages of the team.
    pub teams: i64,
    /// Conversations that were answered for the first time.
    pub answered: i64,
    /// How many seconds that took, together.
    pub seconds: i64,
    /// How many of them were answered within [`BUCKETS`], the last one for the rest.
    pub within: [i64; BUCKETS.len() + 1],
}

impl Day {
    fn count(&mut self, what: What, value: i64) {
        let counted = match what {
            What::Begun => &mut self.begun,
            What::Visitors => &mut self.visitors,
            What::Teams => &mut self.teams,
            What::Answered => &mut self.answered,
            What::Seconds => &mut self.seconds,
            What::Within(bucket) => match self.within.get_mut(bucket) {
                Some(within) => within,
                None => return,
            },
        };
        *counted += value;
    }
}

statements! {
    // In the order of the key, and at the end of the transaction: where two nodes count under one number after all, they wait
    // for each other's commit, and neither for the other's conversations.
    TALLY(organisation_id int, day int, widget_id int, what int, node int, value int) =
        "INSERT INTO tally (organisation_id, day, widget_id, what, node, value) {rows}
        ON CONFLICT (organisation_id, day, widget_id, what, node) DO UPDATE SET value = tally.value + excluded.value";
    OF_ORGANISATION =
        "SELECT organisation_id, day, widget_id, what, CAST(SUM(value) AS BIGINT) FROM tally
        WHERE organisation_id = $1 AND day >= $2 AND day < $3
        GROUP BY organisation_id, day, widget_id, what ORDER BY day, widget_id, what";
    DAYS =
        "SELECT organisation_id, MIN(day), MAX(day) FROM tally WHERE organisation_id = $1 GROUP BY organisation_id";
}

/// What a batch of messages counts.
#[derive(Default)]
pub(crate) struct Tally(BTreeMap<(OrganisationId, i64, WidgetId, i64), i64>);

impl Tally {
    fn add(&mut self, to: (OrganisationId, WidgetId, Timestamp), what: What, value: i64) {
        let (organisation, widget, at) = to;
        *self.0.entry((organisation, at.0.div_euclid(DAY), widget, what.code())).or_default() += value;
    }

    /// A message that is stored in a conversation which stood at `before`.
    pub(crate) fn message(&mut self, to: (OrganisationId, WidgetId, Timestamp), author: Author, before: &Progress) {
        match author {
            Author::Visitor => {
                if before.last_sequence == 0 {
                    self.add(to, What::Begun, 1);
                }
                self.add(to, What::Visitors, 1);
            }
            Author::Operator(_) => {
                self.add(to, What::Teams, 1);
                if before.state == State::New {
                    let waited = before.waiting_since.map_or(0, |since| (to.2.0 - since.0).max(0) / 1_000_000);
                    let bucket = BUCKETS.iter().position(|most| waited <= *most).unwrap_or(BUCKETS.len());
                    self.add(to, What::Answered, 1);
                    self.add(to, What::Seconds, waited);
                    self.add(to, What::Within(bucket), 1);
                }
            }
            Author::System => {}
        }
    }

    /// Adds what another counts, and leaves nothing there.
    pub(crate) fn take(&mut self, other: &mut Self) {
        for (of, value) in std::mem::take(&mut other.0) {
            *self.0.entry(of).or_default() += value;
        }
    }

    /// As [`TALLY`] takes them.
    pub(crate) fn rows(self, node: i64) -> Vec<Vec<Value>> {
        let row = |((organisation, day, widget, what), value): ((OrganisationId, i64, WidgetId, i64), i64)| {
            vec![organisation.into(), day.into(), widget.into(), what.into(), node.into(), value.into()]
        };
        self.0.into_iter().filter(|(_, value)| *value != 0).map(row).collect()
    }
}

impl Store {
    /// Counts under this node's number from now on: rows of its own, so that it waits for no other node's.
    pub fn counts_as(&self, node: i64) {
        self.node.store(node, Ordering::Relaxed);
    }

    /// What the days from `from` to before `to` brought, by day and chat surface.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn tallies(&self, organisation: OrganisationId, from: i64, to: i64) -> Result<Vec<Day>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), from.into(), to.into()];
                    let rows = connection.query_in(organisation.into(), &OF_ORGANISATION, &values).await?;
                    let mut days: Vec<Day> = Vec::new();
                    for row in rows {
                        let (day, widget) = (row.int(1)?, row.int(2)?);
                        if days.last().is_none_or(|last| (last.day, last.widget) != (day, widget)) {
                            days.push(Day { day, widget, ..Day::default() });
                        }
                        // What a newer program counts is not this one's to tell.
                        if let (Some(last), Some(what)) = (days.last_mut(), What::from_code(row.int(3)?)) {
                            last.count(what, row.int(4)?);
                        }
                    }
                    Ok(days)
                })
            })
            .await
    }

    /// The first and the last day of which there are counts.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn tallied_days(&self, organisation: OrganisationId) -> Result<Option<(i64, i64)>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query_in(organisation.into(), &DAYS, &[organisation.into()]).await?;
                    rows.first().map(|row| Ok((row.int(1)?, row.int(2)?))).transpose()
                })
            })
            .await
    }
}
