//! `cargo xtask bench …`

use anyhow::Result;

use crate::shell;

/// Hands everything on to the benchmarks, which are measured as they are shipped.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    shell::run(shell::cargo(&["run", "--release", "--package", "diskret-bench", "--"]).args(words))
}
