//! `cargo xtask test`: the list behind `./test`. Goes on after a failure, so that one run tells everything, and ends with
//! `N passed, N failed`.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::shell::{self, root};
use crate::{budgets, check, regenerate, soak, web};

/// How much is tested.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Everything.
    Everything,
    /// Without release build, budgets and browser.
    Fast,
}

/// How many passed and how many failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// Told at the end, so that nothing is left out in silence.
    pub(crate) ignored: u64,
}

impl Count {
    const PASSED: Self = Self { passed: 1, failed: 0, ignored: 0 };
    const FAILED: Self = Self { passed: 0, failed: 1, ignored: 0 };

    fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            ignored: self.ignored + other.ignored,
        }
    }

    /// A program that counts its tests and ends badly without a failed one has failed by itself: it didn't compile, or
    /// crashed. One that has run nothing has shown nothing.
    fn judged(self, ended_well: bool) -> Self {
        let in_vain = self.passed + self.failed == 0;
        if (!ended_well || in_vain) && self.failed == 0 { self.plus(Self::FAILED) } else { self }
    }
}

struct Report {
    name: String,
    count: Count,
    time: Duration,
}

/// Runs the list.
pub(crate) fn run(extent: Extent) -> Result<()> {
    let start = Instant::now();
    let mut reports = Vec::new();
    let mut step = |name: &str, work: &dyn Fn() -> Result<Count>| {
        println!("\n━━ {name}");
        let start = Instant::now();
        let count = work().unwrap_or_else(|error| {
            println!("{error:#}");
            Count::FAILED
        });
        let time = start.elapsed();
        println!("── {name}: {} ({})", verdict(count), shown(time));
        reports.push(Report { name: name.to_owned(), count, time });
    };

    step("front ends: install and build", &|| done(web::build()));
    for (name, check) in check::CHECKS {
        step(name, &|| done(check()));
    }
    step("Rust tests", &rust_tests);
    step("front-end tests", &web_tests);
    step("generated files", &|| done(regenerate::check()));
    if extent == Extent::Everything {
        step("release build", &|| {
            done(shell::run(&mut shell::cargo(&["build", "--release", "--locked", "--package", "diskret-server"])))
        });
        step("budgets", &|| done(budgets::check()));
        step("a busy day, for a moment", &|| done(soak::for_a_moment()));
        if root().join("web/e2e/run.mjs").exists() {
            step("browser tests", &browser_tests);
        } else {
            println!("\nThere are no browser tests yet (web/e2e/run.mjs).");
        }
    }
    conclude(&reports, start.elapsed())
}

fn conclude(reports: &[Report], time: Duration) -> Result<()> {
    println!("\n━━ All in all ({})", shown(time));
    let mut total = Count::default();
    for Report { name, count, time } in reports {
        println!("{:10} {name:32} {}", shown(*time), verdict(*count));
        total = total.plus(*count);
    }
    let last = format!("{} passed, {} failed", total.passed, total.failed);
    if total.failed > 0 || total.passed == 0 {
        // The last line of all: main prints it.
        bail!("{last}");
    }
    println!("{last}");
    Ok(())
}

fn verdict(count: Count) -> String {
    let ignored = if count.ignored > 0 { format!(", {} ignored", count.ignored) } else { String::new() };
    format!("{} passed, {} failed{ignored}", count.passed, count.failed)
}

fn shown(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{:.0} min {:02.0} s", (seconds / 60.0).floor(), (seconds % 60.0).floor())
    }
}

/// A check counts as one.
fn done(result: Result<()>) -> Result<Count> {
    result.map(|()| Count::PASSED)
}

fn rust_tests() -> Result<Count> {
    let mut count = Count::default();
    let ended_well =
        shell::listen(&mut shell::cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]), |line| {
            count = count.plus(rust(line).unwrap_or_default());
        })?;
    Ok(count.judged(ended_well))
}

fn web_tests() -> Result<Count> {
    let report = root().join("target/vitest.json");
    if report.exists() {
        fs::remove_file(&report)?;
    }
    let to = format!("--outputFile.json={}", report.display());
    let words = ["run", "--silent", "test", "--", "--reporter=default", "--reporter=json", &to];
    let ended_well = shell::listen(&mut shell::npm(&words), |_| ())?;
    let report = fs::read_to_string(&report).context("vitest left no report")?;
    Ok(vitest(&serde_json::from_str(&report)?)?.judged(ended_well))
}

/// What runs is the program that would be shipped.
fn browser_tests() -> Result<Count> {
    shell::run(&mut shell::cargo(&["build", "--locked", "--package", "diskret-testkit", "--bins"]))?;
    let mut count = None;
    let program = root().join("target/release/diskret");
    let ended_well = shell::listen(shell::npm(&["run", "--silent", "e2e"]).env("DISKRET_PROGRAM", program), |line| {
        count = browser(line).or(count);
    })?;
    let count = count.context("the browser tests ended without `e2e: N passed, N failed`")?;
    Ok(count.judged(ended_well))
}

/// Reads `test result: ok. 17 passed; 0 failed; 0 ignored; …`.
pub(crate) fn rust(line: &str) -> Option<Count> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let number = |what: &str| {
        let part = counts.split(';').find_map(|part| part.trim().strip_suffix(what))?;
        part.trim().parse().ok()
    };
    Some(Count { passed: number("passed")?, failed: number("failed")?, ignored: number("ignored")? })
}

/// Reads vitest's report. A file that can't be loaded has no tests in it, so it is counted itself.
fn vitest(report: &Value) -> Result<Count> {
    let number = |name: &str| report[name].as_u64().with_context(|| format!("vitest's report has no {name}"));
    let files = report["testResults"].as_array().context("vitest's report has no testResults")?;
    let broken = files.iter().filter(|file| {
        let no_test_failed =
            file["assertionResults"].as_array().is_none_or(|tests| tests.iter().all(|test| test["status"] != "failed"));
        file["status"] == "failed" && no_test_failed
    });
    Ok(Count {
        passed: number("numPassedTests")?,
        failed: number("numFailedTests")? + broken.count() as u64,
        ignored: number("numPendingTests")? + number("numTodoTests")?,
    })
}

/// Reads `e2e: 12 passed, 0 failed`.
fn browser(line: &str) -> Option<Count> {
    let (passed, failed) = line.trim().strip_prefix("e2e: ")?.strip_suffix(" failed")?.split_once(" passed, ")?;
    Some(Count { passed: passed.parse().ok()?, failed: failed.parse().ok()?, ignored: 0 })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::{Count, Report, browser, conclude, rust, vitest};

    const fn count(passed: u64, failed: u64, ignored: u64) -> Count {
        Count { passed, failed, ignored }
    }

    #[test]
    fn reads_the_summaries_of_all_three() {
        let line =
            "test result: FAILED. 16 passed; 1 failed; 2 ignored; 0 measured; 3 filtered out; finished in 1.94s\n";
        assert_eq!(rust(line), Some(count(16, 1, 2)));
        assert_eq!(rust("test result_is_kept ... ok"), None);
        assert_eq!(browser("e2e: 12 passed, 3 failed\n"), Some(count(12, 3, 0)));
        assert_eq!(browser("12 passed, 3 failed"), None);
        let report = json!({
            "numPassedTests": 5, "numFailedTests": 1, "numPendingTests": 1, "numTodoTests": 1,
            "testResults": [
                { "status": "failed", "assertionResults": [{ "status": "failed" }, { "status": "passed" }] },
                { "status": "failed", "assertionResults": [] },
                { "status": "passed", "assertionResults": [{ "status": "passed" }] },
            ],
        });
        assert_eq!(vitest(&report).unwrap(), count(5, 2, 2));
        vitest(&json!({})).unwrap_err();
    }

    #[test]
    fn ending_badly_or_in_vain_is_a_failure() {
        assert_eq!(count(3, 0, 0).judged(true), count(3, 0, 0));
        assert_eq!(count(3, 0, 0).judged(false), count(3, 1, 0));
        assert_eq!(count(3, 2, 0).judged(false), count(3, 2, 0));
        assert_eq!(count(0, 0, 4).judged(true), count(0, 1, 4));
    }

    #[test]
    fn the_total_decides() {
        let report = |count| Report { name: "a step".to_owned(), count, time: Duration::ZERO };
        let total = |counts: &[Count]| {
            conclude(&counts.iter().copied().map(report).collect::<Vec<_>>(), Duration::ZERO)
                .map_err(|error| error.to_string())
        };
        assert_eq!(total(&[count(2, 0, 0), count(1, 0, 9)]), Ok(()));
        assert_eq!(total(&[count(2, 0, 0), count(1, 3, 0)]), Err("3 passed, 3 failed".to_owned()));
        assert_eq!(total(&[]), Err("0 passed, 0 failed".to_owned()));
    }
}
