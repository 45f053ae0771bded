//! What was measured, beside what was wanted.

use std::fmt::Write as _;

/// What is wanted of a figure.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    AtMost(f64),
    AtLeast(f64),
    /// Measured for the sake of the others.
    None,
}

/// One line of the table.
pub(crate) struct Figure {
    what: String,
    unit: &'static str,
    goal: Goal,
    values: Vec<f64>,
    /// Why there are no values.
    failed: Option<String>,
}

/// The table.
#[derive(Default)]
pub(crate) struct Report(Vec<Figure>);

impl Report {
    /// Adds a figure with the value of each run.
    pub(crate) fn add(&mut self, what: impl Into<String>, unit: &'static str, goal: Goal, mut values: Vec<f64>) {
        values.sort_unstable_by(f64::total_cmp);
        self.0.push(Figure { what: what.into(), unit, goal, values, failed: None });
    }

    /// Says in place of a figure why it could not be measured.
    pub(crate) fn fail(&mut self, what: impl Into<String>, why: String) {
        self.0.push(Figure { what: what.into(), unit: "", goal: Goal::None, values: Vec::new(), failed: Some(why) });
    }

    /// Whether everything could be measured.
    pub(crate) fn is_whole(&self) -> bool {
        self.0.iter().all(|figure| figure.failed.is_none())
    }

    /// The table in Markdown.
    pub(crate) fn table(&self) -> String {
        let mut table = String::from("| what | median | min–max | goal | verdict |\n| --- | --: | --: | --: | --- |\n");
        for Figure { what, unit, goal, values, failed } in &self.0 {
            if let Some(why) = failed {
                let _ = writeln!(table, "| {what} | **not measured** |  |  | {why} |");
            }
            let (Some(least), Some(most)) = (values.first(), values.last()) else { continue };
            let median = values[values.len() / 2];
            let span = if values.len() > 1 { format!("{}–{}", show(*least), show(*most)) } else { String::new() };
            let (wanted, verdict) = match *goal {
                Goal::AtMost(goal) => (format!("≤ {}", show(goal)), verdict(median <= goal)),
                Goal::AtLeast(goal) => (format!("≥ {}", show(goal)), verdict(median >= goal)),
                Goal::None => (String::new(), ""),
            };
            // A string takes every write.
            let _ = writeln!(table, "| {what} | {} {unit} | {span} | {wanted} | {verdict} |", show(median));
        }
        table
    }
}

const fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "**missed**" }
}

/// Three digits that matter, thousands apart.
fn show(value: f64) -> String {
    let digits = match value.abs() {
        value if value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut shown = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_with_what_matters() {
        assert_eq!([0.123, 12.34, 123.4, 12_345_678.0].map(show), ["0.12", "12.3", "123", "12,345,678"]);
    }

    #[test]
    fn what_could_not_be_measured_is_told() {
        let mut report = Report::default();
        report.add("rate", "/s", Goal::None, vec![29.0]);
        assert!(report.is_whole());
        report.fail("delivery", "the generator is too slow".to_owned());
        assert!(!report.is_whole());
        assert!(report.table().ends_with("| delivery | **not measured** |  |  | the generator is too slow |\n"));
    }

    #[test]
    fn the_median_is_judged() {
        let mut report = Report::default();
        report.add("cost", "µs", Goal::AtMost(30.0), vec![29.0, 40.0, 20.0]);
        report.add("rate", "/s", Goal::AtLeast(30.0), vec![29.0]);
        let table = report.table();
        assert!(table.contains("| cost | 29.0 µs | 20.0–40.0 | ≤ 30.0 | met |"), "{table}");
        assert!(table.contains("| rate | 29.0 /s |  | ≥ 30.0 | **missed** |"), "{table}");
    }
}
