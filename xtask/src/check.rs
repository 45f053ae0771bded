//! `cargo xtask check`: what is looked at without running the product.

use anyhow::{Result, bail};

use crate::{shell, walls};

/// A name and what to do.
pub(crate) type Check = (&'static str, fn() -> Result<()>);

/// All of them, quickest first.
pub(crate) const CHECKS: &[Check] =
    &[("formatting", formatting), ("walls", walls::check), ("front-end checks", web), ("Clippy", clippy)];

/// Looks at everything, also after something was found.
pub(crate) fn all() -> Result<()> {
    let mut failed = Vec::new();
    for (name, check) in CHECKS {
        println!("── {name}");
        if let Err(error) = check() {
            println!("{error:#}");
            failed.push(*name);
        }
    }
    if !failed.is_empty() {
        bail!("\nNot in order: {}.", failed.join(", "));
    }
    println!("\nAll in order.");
    Ok(())
}

fn formatting() -> Result<()> {
    shell::run(&mut shell::cargo(&["fmt", "--all", "--check"]))
}

fn web() -> Result<()> {
    crate::web::install()?;
    shell::run(&mut shell::npm(&["run", "--silent", "check"]))
}

/// Warnings are errors with the Rust version the workspace names. Newer ones know further lints, and a machine that has
/// such a one must not fail for it: there they are shown.
fn clippy() -> Result<()> {
    let wanted = declared(&std::fs::read_to_string(shell::root().join("Cargo.toml"))?);
    let here = shell::ask(&mut shell::cargo(&["--version"]))?;
    let strict = wanted.is_some_and(|wanted| here.starts_with(&format!("cargo {wanted}.")));
    let mut clippy = shell::cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--quiet"]);
    if strict {
        clippy.args(["--", "--deny", "warnings"]);
    } else {
        println!("This is {}: warnings of its newer lints are shown and not counted.", here.trim());
    }
    shell::run(&mut clippy)
}

/// The Rust version in the workspace's manifest.
fn declared(manifest: &str) -> Option<String> {
    let line = manifest.lines().find_map(|line| line.strip_prefix("rust-version"))?;
    Some(line.trim_start_matches([' ', '=']).trim().trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn reads_the_declared_version() {
        let manifest = "[workspace.package]\nrust-version = \"1.95\"\n";
        assert_eq!(super::declared(manifest).as_deref(), Some("1.95"));
        assert_eq!(super::declared("[workspace]\n"), None);
    }
}
