//! How long things are kept (requirement C2). Pure: which rule holds for a conversation, and when its time is over.

use std::time::Duration;

use crate::words::words;
use crate::{Timestamp, TopicNumber, Topics, WidgetId};

const DAY: Duration = Duration::from_secs(24 * 3600);

words! {
    /// What a rule is about.
    Kept {
        /// What was said: conversations with everything in them.
        Content = "content",
        /// Who somebody is, apart from what they said.
        Contacts = "contacts",
        /// What makes a connection work: counters of senders, the token a browser is known by.
        Technical = "technical",
    }
}

/// For what a rule holds: the more it names, the more it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum For {
    /// Whatever no other rule is for.
    All,
    /// The conversations that began on a chat surface.
    Widget(WidgetId),
    /// The conversations about a topic, wherever they began.
    Topic(TopicNumber),
}

/// How long something is kept after the last word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What.
    pub kept: Kept,
    /// Of which conversations.
    pub of: For,
    /// How many days.
    pub days: i64,
}

impl Rule {
    /// How long that is.
    pub fn span(&self) -> Duration {
        DAY.saturating_mul(u32::try_from(self.days).unwrap_or(u32::MAX))
    }

    /// When what was last spoken of at `said_at` has been kept long enough.
    pub fn due(&self, said_at: Timestamp) -> Timestamp {
        said_at.plus(self.span())
    }

    /// The latest that the last word may have been said, for its time to be over at `now`.
    pub fn before(&self, now: Timestamp) -> Timestamp {
        now.minus(self.span())
    }
}

/// The rule for a conversation that began on this chat surface and is about these topics. A topic's comes before a chat
/// surface's, that before the organisation's; of several topics the one that keeps longest, since what must be kept for one
/// of them must be kept. None: it is kept for ever.
pub fn applies(rules: &[Rule], kept: Kept, widget: WidgetId, topics: Topics) -> Option<Rule> {
    let ours = || rules.iter().filter(|rule| rule.kept == kept).copied();
    let about = ours().filter(|rule| matches!(rule.of, For::Topic(topic) if topics.contain(topic)));
    about
        .max_by_key(|rule| rule.days)
        .or_else(|| ours().find(|rule| rule.of == For::Widget(widget)))
        .or_else(|| ours().find(|rule| rule.of == For::All))
}

/// The shortest of the rules: what was said after its [`Rule::before`] need not be looked at.
pub fn shortest(rules: &[Rule], kept: Kept) -> Option<Rule> {
    rules.iter().filter(|rule| rule.kept == kept).min_by_key(|rule| rule.days).copied()
}

/// A rule set in the place of the one there was for the same, or taken away.
#[must_use]
pub fn with(rules: &[Rule], kept: Kept, of: For, days: Option<i64>) -> Vec<Rule> {
    let others = rules.iter().filter(|rule| (rule.kept, rule.of) != (kept, of)).copied();
    others.chain(days.map(|days| Rule { kept, of, days })).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SHOP: WidgetId = WidgetId(1);
    const BLOG: WidgetId = WidgetId(2);
    const SECOND: Duration = Duration::from_secs(1);

    fn topic(number: i64) -> TopicNumber {
        TopicNumber::new(number).unwrap()
    }

    fn rule(of: For, days: i64) -> Rule {
        Rule { kept: Kept::Content, of, days }
    }

    fn days(rules: &[Rule], widget: WidgetId, topics: &[i64]) -> Option<i64> {
        let topics = topics.iter().map(|number| topic(*number)).collect();
        applies(rules, Kept::Content, widget, topics).map(|rule| rule.days)
    }

    #[test]
    fn the_most_specific_rule_holds_and_of_topics_the_longest() {
        let rules = [
            rule(For::All, 180),
            rule(For::Widget(BLOG), 30),
            rule(For::Topic(topic(0)), 7),
            rule(For::Topic(topic(62)), 3650),
        ];
        assert_eq!(days(&rules, SHOP, &[]), Some(180));
        assert_eq!(days(&rules, BLOG, &[]), Some(30));
        assert_eq!(days(&rules, BLOG, &[5]), Some(30), "a topic without a rule changes nothing");
        assert_eq!(days(&rules, BLOG, &[0]), Some(7), "shorter, and yet more specific");
        assert_eq!(days(&rules, SHOP, &[0, 62, 5]), Some(3650));
        assert_eq!(days(&rules[1..], SHOP, &[]), None, "no rule, kept for ever");
        assert_eq!(applies(&rules, Kept::Contacts, SHOP, Topics::default()), None, "each kind has its own");
        assert_eq!(shortest(&rules, Kept::Content).map(|rule| rule.days), Some(7));
    }

    #[test]
    fn a_second_before_its_time_it_is_not_over_and_at_it_it_is() {
        let said = Timestamp(1_767_225_600_000_000);
        for days in [1, 180, 1_095, 3_650] {
            let rule = rule(For::All, days);
            let due = said.plus(DAY * days as u32);
            assert_eq!(rule.due(said), due);
            assert!(said > rule.before(due.minus(SECOND)), "{days} days, a second before");
            assert!(said <= rule.before(due), "{days} days, at the second");
        }
    }

    #[test]
    fn what_no_calendar_holds_is_never_over() {
        assert_eq!(rule(For::All, i64::MAX).due(Timestamp(i64::MAX)), Timestamp(i64::MAX));
        assert!(rule(For::All, i64::MAX).before(Timestamp(0)) < Timestamp(0));
        assert!(rule(For::All, -1).due(Timestamp(0)) > Timestamp(0), "a period below zero deletes nothing at once");
    }

    #[test]
    fn a_rule_takes_the_place_of_the_one_for_the_same() {
        let rules = [rule(For::All, 180), rule(For::Widget(SHOP), 30)];
        assert_eq!(with(&rules, Kept::Content, For::All, Some(90)), [rules[1], rule(For::All, 90)]);
        assert_eq!(with(&rules, Kept::Content, For::Widget(SHOP), None), [rules[0]]);
        assert_eq!(with(&rules, Kept::Technical, For::All, None), rules);
    }

    fn any_of() -> impl Strategy<Value = For> {
        prop_oneof![
            Just(For::All),
            (1_i64..4).prop_map(|widget| For::Widget(WidgetId(widget))),
            (0_i64..4).prop_map(|number| For::Topic(topic(number))),
        ]
    }

    proptest! {
        #[test]
        fn no_rule_makes_what_it_is_not_for_go_sooner(
            all in proptest::collection::vec((any_of(), 1_i64..3650), 0..8),
            widget in 1_i64..4,
            topics in 0_i64..16,
        ) {
            let rules: Vec<Rule> = all.into_iter().map(|(of, days)| rule(of, days)).collect();
            let topics = Topics::from_bits(topics);
            let found = applies(&rules, Kept::Content, WidgetId(widget), topics);
            if let Some(found) = found {
                let fits = match found.of {
                    For::All => true,
                    For::Widget(of) => of == WidgetId(widget),
                    For::Topic(of) => topics.contain(of),
                };
                prop_assert!(fits);
                prop_assert!(found.days >= shortest(&rules, Kept::Content).unwrap().days);
            }
            for rule in &rules {
                if matches!(rule.of, For::Topic(of) if topics.contain(of)) {
                    prop_assert!(found.unwrap().days >= rule.days, "what one of its topics needs is kept");
                }
            }
        }
    }
}
