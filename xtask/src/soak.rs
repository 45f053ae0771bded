//! `cargo xtask soak …`: what `./test` does for a moment, for as long as one likes, with the program as it is shipped.

use anyhow::{Context, Result, bail};

use crate::shell;

/// The kill tests, each with its share of the rounds: crate, test binary, name.
const KILLS: &[(&str, &str, &str)] = &[
    (
        "diskret-faults",
        "kill_on_sqlite",
        "nothing_acknowledged_is_lost_when_the_program_is_killed_and_the_disk_forgets",
    ),
    (
        "diskret-server",
        "it",
        "kill_on_postgres::nothing_acknowledged_is_lost_when_the_program_or_the_database_is_killed",
    ),
    (
        "diskret-server",
        "it",
        "kill_on_postgres::nothing_acknowledged_is_lost_when_nodes_the_database_or_the_bus_are_killed",
    ),
];

/// Kills, or loads.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    match words {
        ["kill"] => kill("1000"),
        ["kill", "--rounds", rounds] => kill(rounds),
        ["load", rest @ ..] => {
            let bench = ["run", "--release", "--package", "diskret-bench", "--", "--only", "soak"];
            shell::run(shell::cargo(&bench).args(rest))
        }
        _ => bail!("soak kill [--rounds 1000] | soak load [--minutes 10] [--engine sqlite|postgres]"),
    }
}

/// Twenty seconds of load on each database, with the release build that is there: nothing may be lost.
pub(crate) fn for_a_moment() -> Result<()> {
    let bench = ["run", "--package", "diskret-bench", "--", "--only", "soak", "--minutes", "0.33", "--program"];
    shell::run(shell::cargo(&bench).arg(shell::root().join("target/release/diskret")))
}

/// So many rounds in all, shared among SQLite on a disk that forgets, PostgreSQL, and two nodes.
fn kill(rounds: &str) -> Result<()> {
    let rounds: usize = rounds.parse().context("--rounds takes a number")?;
    for (package, binary, test) in KILLS {
        let words = ["test", "--release", "--package", package, "--test", binary, "--", "--exact", test, "--nocapture"];
        shell::run(shell::cargo(&words).env("DISKRET_ROUNDS", rounds.div_ceil(KILLS.len()).to_string()))?;
    }
    Ok(())
}
